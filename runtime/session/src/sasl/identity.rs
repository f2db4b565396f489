//! Who a client says it is, and what the mechanisms without cryptography of their own carry.

use sestina_storage::Secret;
use sestina_wire::{BareJid, Jid};
use zeroize::Zeroizing;

use crate::sasl::SaslCondition;

/// Who wants to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The name as it stands in the message, unescaped.
    pub name: String,
    /// The account, unless the name can be no account's.
    pub account: Option<BareJid>,
}

impl Identity {
    /// The localpart by which the account is known; the name itself where it can be no account's.
    pub(super) fn key(&self) -> &str {
        self.account
            .as_ref()
            .and_then(|account| account.local())
            .unwrap_or(&self.name)
    }
}

/// Who has this name at this domain.
///
/// # Errors
/// `invalid-authzid` when it wants to act as somebody else.
pub(super) fn identity(
    name: String,
    authzid: Option<&str>,
    domain: &str,
) -> Result<Identity, SaslCondition> {
    let account = BareJid::new(Some(&name), domain).ok();
    if let Some(authzid) = authzid.filter(|authzid| !authzid.is_empty()) {
        // An identity to act as is a bare address (RFC 6120 §6.3.8); some clients repeat the name instead.
        let own = authzid == name
            || matches!((&account, Jid::parse(authzid)), (Some(account), Ok(wanted)) if wanted.as_bare().as_ref() == Some(account));
        if !own {
            return Err(SaslCondition::InvalidAuthzid);
        }
    }
    Ok(Identity { name, account })
}

/// Text of a message.
///
/// # Errors
/// `malformed-request` when it is no UTF-8.
pub(super) fn text(message: &[u8]) -> Result<&str, SaslCondition> {
    std::str::from_utf8(message).map_err(|_| SaslCondition::MalformedRequest)
}

/// `[authzid] NUL authcid NUL password` (RFC 4616 §2).
///
/// # Errors
/// `malformed-request`, `invalid-authzid`.
pub(super) fn plain(
    message: &str,
    domain: &str,
) -> Result<(Identity, Secret<String>), SaslCondition> {
    let mut parts = message.split('\0');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(authzid), Some(name), Some(password), None)
            if !password.is_empty() && !name.is_empty() =>
        {
            let identity = identity(name.to_owned(), Some(authzid), domain)?;
            Ok((identity, Secret::new(password.to_owned())))
        }
        _ => Err(SaslCondition::MalformedRequest),
    }
}

/// `n,[a=authzid],^Akey=value^A...^A` with the token in `auth` (RFC 7628 §3.1): whom the client wants to be, and the
/// token.
///
/// # Errors
/// `malformed-request`.
pub(super) fn bearer(message: &str) -> Result<(Option<BareJid>, Secret<String>), SaslCondition> {
    let malformed = SaslCondition::MalformedRequest;
    let mut parts = message.split('\u{1}');
    let mut header = parts.next().unwrap_or_default().split(',');
    let (flag, authzid, end) = (header.next(), header.next(), header.next());
    if !matches!(flag, Some("n" | "y")) || end != Some("") || header.next().is_some() {
        return Err(malformed);
    }
    let wanted = match authzid {
        Some("") => None,
        Some(authzid) => {
            let authzid = authzid.strip_prefix("a=").ok_or(malformed)?;
            Some(BareJid::parse(authzid).map_err(|_| SaslCondition::InvalidAuthzid)?)
        }
        None => return Err(malformed),
    };
    let mut token = None;
    for part in parts {
        if let Some(value) = part.strip_prefix("auth=") {
            let (scheme, value) = value.split_once(' ').ok_or(malformed)?;
            let fits = scheme.eq_ignore_ascii_case("bearer") && token.is_none();
            let value = Zeroizing::new(value.trim().to_owned());
            if !fits || value.is_empty() || value.bytes().any(|byte| !byte.is_ascii_graphic()) {
                return Err(malformed);
            }
            token = Some(Secret::new((*value).clone()));
        }
    }
    match token {
        Some(token) if message.ends_with("\u{1}\u{1}") => Ok((wanted, token)),
        _ => Err(malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_acts_as_somebody_else() {
        let is = |authzid| identity("romeo".to_owned(), Some(authzid), "example.org");
        assert!(is("").is_ok() && is("romeo@example.org").is_ok() && is("romeo").is_ok());
        for foreign in [
            "juliet@example.org",
            "romeo@example.com",
            "juliet",
            "example.org",
            "romeo@example.org/x",
        ] {
            assert_eq!(is(foreign), Err(SaslCondition::InvalidAuthzid), "{foreign}");
            let message = format!("{foreign}\0romeo\0secret");
            assert_eq!(
                plain(&message, "example.org").map(drop),
                Err(SaslCondition::InvalidAuthzid),
                "{foreign}"
            );
        }
        let identity = identity("Romeo".to_owned(), None, "example.org").unwrap();
        assert_eq!(identity.key(), "romeo");
        assert_eq!(identity.account.unwrap().as_str(), "romeo@example.org");
    }

    #[test]
    fn plain_has_its_form() {
        assert!(plain("romeo@example.org\0romeo\0secret", "example.org").is_ok());
        for message in [
            "",
            "\0",
            "romeo\0secret",
            "\0\0secret",
            "\0romeo\0",
            "\0romeo\0secret\0",
        ] {
            assert_eq!(
                plain(message, "example.org").map(drop),
                Err(SaslCondition::MalformedRequest),
                "{message:?}"
            );
        }
    }

    #[test]
    fn bearer_tokens_have_their_form() {
        let read = |message: &str| {
            bearer(message).map(|(who, token)| (who, token.expose_secret().clone()))
        };
        let romeo = BareJid::parse("romeo@example.org").unwrap();
        assert_eq!(
            read("n,a=romeo@example.org,\u{1}host=example.org\u{1}auth=Bearer abc.def=\u{1}\u{1}"),
            Ok((Some(romeo), "abc.def=".to_owned()))
        );
        assert_eq!(
            read("n,,\u{1}auth=bearer abc\u{1}\u{1}"),
            Ok((None, "abc".to_owned()))
        );
        for message in [
            "",
            "n,,",
            "n,,\u{1}\u{1}",
            "n,,\u{1}auth=Bearer \u{1}\u{1}",
            "n,,\u{1}auth=Basic abc\u{1}\u{1}",
            "n,,\u{1}auth=Bearer abc",
            "n,,\u{1}auth=Bearer abc\u{1}auth=Bearer abc\u{1}\u{1}",
            "n,,\u{1}auth=Bearer a b\u{1}\u{1}",
            "p=tls-exporter,,\u{1}auth=Bearer abc\u{1}\u{1}",
            "n,romeo,\u{1}auth=Bearer abc\u{1}\u{1}",
        ] {
            assert!(read(message).is_err(), "{message:?}");
        }
    }
}
