//! Pages of which origins may speak to the server (RFC 6454).

/// The origins whose pages may open sessions. Clients that are no pages name no origin and may always.
///
/// Nothing here goes by cookies, so a page can do no more than its reader's password allows it; but it could try passwords, or
/// reach a server that only its reader's network can.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    anyone: bool,
    listed: Vec<String>,
}

impl Origins {
    /// Pages from the same host only, whatever their port.
    pub fn same_host() -> Origins {
        Origins::default()
    }

    /// All pages.
    pub fn anyone() -> Origins {
        Origins {
            anyone: true,
            listed: Vec::new(),
        }
    }

    /// These as well, such as `https://chat.example.org`; `*` stands for all.
    #[must_use]
    pub fn and(mut self, origin: &str) -> Origins {
        if origin == "*" {
            self.anyone = true;
        } else {
            self.listed
                .push(origin.trim_end_matches('/').to_ascii_lowercase());
        }
        self
    }

    /// Whether pages of this origin may, on a server that was called by this host.
    pub(super) fn allow(&self, origin: &str, host: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        if self.anyone || self.listed.contains(&origin) {
            return true;
        }
        let Some((_, authority)) = origin.split_once("://") else {
            // What pages without an origin say: `null`.
            return false;
        };
        !host.is_empty() && without_port(authority).eq_ignore_ascii_case(without_port(host))
    }
}

/// A host without its port.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_pages_are_let_in_when_listed() {
        let origins = Origins::same_host().and("https://chat.example.org/");
        for (origin, allowed) in [
            ("https://chat.example.org", true),
            ("https://CHAT.example.org", true),
            ("http://chat.example.org", false),
            ("https://example.org", true),
            ("https://example.org:8443", true),
            ("https://example.org.evil.example", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(
                origins.allow(origin, "example.org:5281"),
                allowed,
                "{origin}"
            );
        }
        assert!(Origins::anyone().allow("null", ""));
        assert!(!Origins::same_host().allow("https://", ""));
        assert!(Origins::same_host().allow("http://[::1]:8000", "[::1]:5280"));
    }
}
