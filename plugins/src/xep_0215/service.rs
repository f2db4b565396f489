//! How a service is written in the settings: as RFC 7064 and RFC 7065 write STUN and TURN servers, and others alike.

/// A service that is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) type_: String,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) transport: Option<String>,
}

impl Known {
    /// Whether users have to log in there.
    pub(super) fn is_restricted(&self) -> bool {
        matches!(self.type_.as_str(), "turn" | "turns")
    }
}

/// Reads `turn:turn.example.org:3478?transport=udp`, or with an address `[2001:db8::1]`.
pub(super) fn read(written: &str) -> Option<Known> {
    let (type_, rest) = written.split_once(':')?;
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (rest, None),
    };
    let (host, port) = match place.strip_prefix('[') {
        Some(place) => {
            let (host, port) = place.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (
                host,
                port.strip_prefix(':').or(port.is_empty().then_some("")),
            )
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, Some("")),
        },
    };
    let port = match port? {
        "" => None,
        port => Some(port.parse().ok().filter(|port| *port != 0)?),
    };
    let transport = match query {
        None => None,
        Some(query) => Some(query.strip_prefix("transport=")?),
    };
    let is_word = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))
    };
    let is_host = |octet: u8| octet.is_ascii_alphanumeric() || b"-.:".contains(&octet);
    let fits = is_word(type_)
        && !host.is_empty()
        && host.bytes().all(is_host)
        && transport.is_none_or(is_word);
    fits.then(|| Known {
        type_: type_.to_ascii_lowercase(),
        host: host.to_owned(),
        port,
        transport: transport.map(str::to_ascii_lowercase),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_read_as_the_rfcs_write_them() {
        let known = |type_: &str, host: &str, port, transport: Option<&str>| {
            Some(Known {
                type_: type_.to_owned(),
                host: host.to_owned(),
                port,
                transport: transport.map(str::to_owned),
            })
        };
        for (written, service) in [
            ("stun:a.example", known("stun", "a.example", None, None)),
            (
                "stun:a.example:3478",
                known("stun", "a.example", Some(3478), None),
            ),
            (
                "turns:a.example:5349?transport=TCP",
                known("turns", "a.example", Some(5349), Some("tcp")),
            ),
            (
                "turn:[2001:db8::1]:3478?transport=udp",
                known("turn", "2001:db8::1", Some(3478), Some("udp")),
            ),
            (
                "stun:[2001:db8::1]",
                known("stun", "2001:db8::1", None, None),
            ),
            (
                "stun:192.0.2.1:1",
                known("stun", "192.0.2.1", Some(1), None),
            ),
            ("", None),
            ("stun", None),
            ("stun:", None),
            ("stun:a.example:0", None),
            ("stun:a.example:port", None),
            ("stun:a.example:99999", None),
            ("turn://a.example", None),
            ("turn:a.example?user=x", None),
            ("turn:user:secret@a.example", None),
            ("turn:[nonsense]:1", None),
            ("turn:[::1]1", None),
        ] {
            assert_eq!(read(written), service, "{written}");
        }
    }
}
