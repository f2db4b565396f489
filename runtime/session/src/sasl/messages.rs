//! A look at messages before rsasl sees them.
//!
//! rsasl asks for keys in a callback that may not wait, so the name has to be known before. It takes things that must be
//! refused: a foreign identity to act as, and channel binding on a mechanism that has none. And it panics on an attribute
//! of fewer than two bytes, so nothing of another form than RFC 5802 §7 gives reaches it.

use sestina_wire::{BareJid, Jid, Text};

use crate::sasl::{Mechanism, SaslCondition};

/// Who wants to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The name as it stands in the message, unescaped.
    pub name: String,
    /// The account, unless the name can be no account's.
    pub account: Option<BareJid>,
}

/// Reads the first message of a client.
///
/// # Errors
/// `malformed-request`, or `invalid-authzid` when the client wants to act as somebody else.
pub(super) fn identity(
    mechanism: Mechanism,
    message: &[u8],
    domain: &str,
) -> Result<Identity, SaslCondition> {
    let message = std::str::from_utf8(message).map_err(|_| SaslCondition::MalformedRequest)?;
    let (authzid, name) = match mechanism {
        Mechanism::Plain => plain(message)?,
        Mechanism::ScramSha1 | Mechanism::ScramSha256 => scram(message)?,
    };
    if name.is_empty() {
        return Err(SaslCondition::MalformedRequest);
    }
    let account = BareJid::new(Some(&name), domain).ok();
    if let Some(authzid) = authzid.filter(|authzid| !authzid.is_empty()) {
        // An identity to act as is a bare address (RFC 6120 §6.3.8); some clients repeat the name instead.
        let own = authzid == name
            || matches!((&account, Jid::parse(&authzid)), (Some(account), Ok(wanted)) if wanted.as_bare().as_ref() == Some(account));
        if !own {
            return Err(SaslCondition::InvalidAuthzid);
        }
    }
    Ok(Identity { name, account })
}

/// `[authzid] NUL authcid NUL password` (RFC 4616 §2).
fn plain(message: &str) -> Result<(Option<String>, String), SaslCondition> {
    let mut parts = message.split('\0');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(authzid), Some(authcid), Some(password), None) if !password.is_empty() => {
            Ok((Some(authzid.to_owned()), authcid.to_owned()))
        }
        _ => Err(SaslCondition::MalformedRequest),
    }
}

/// `n,[a=authzid],n=name,r=nonce[,extensions]` (RFC 5802 §7).
fn scram(message: &str) -> Result<(Option<String>, String), SaslCondition> {
    let malformed = SaslCondition::MalformedRequest;
    let mut parts = message.split(',');
    match parts.next() {
        Some("n" | "y") => {}
        // Channel binding needs a mechanism with -PLUS; rsasl would not notice that this is none.
        _ => return Err(malformed),
    }
    let authzid = match parts.next() {
        Some("") => None,
        Some(part) => Some(unescape(part.strip_prefix("a=").ok_or(malformed)?)?),
        None => return Err(malformed),
    };
    // In place of the name a mandatory extension may stand (`m=`); none is known, so it ends the exchange.
    let name = unescape(
        parts
            .next()
            .and_then(|part| part.strip_prefix("n="))
            .ok_or(malformed)?,
    )?;
    match parts.next().and_then(|part| part.strip_prefix("r=")) {
        Some(nonce) if !nonce.is_empty() => Ok((authzid, name)),
        _ => Err(malformed),
    }
}

/// Undoes the escaping of names: `=2C` is a comma, `=3D` an equals sign, any other `=` an error (RFC 5802 §5.1).
fn unescape(name: &str) -> Result<String, SaslCondition> {
    let mut parts = name.split('=');
    let mut unescaped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (character, rest) = if let Some(rest) = part.strip_prefix("2C") {
            (',', rest)
        } else if let Some(rest) = part.strip_prefix("3D") {
            ('=', rest)
        } else {
            return Err(SaslCondition::MalformedRequest);
        };
        unescaped.push(character);
        unescaped.push_str(rest);
    }
    Ok(unescaped)
}

/// Whether every part of a SCRAM message is an attribute, `x=…`, and the first ones are these.
fn attributes(message: &[u8], first: &[u8]) -> bool {
    let parts = || message.split(|&byte| byte == b',');
    parts().all(|part| matches!(part, [b'a'..=b'z' | b'A'..=b'Z', b'=', ..]))
        && parts().count() >= first.len()
        && parts()
            .zip(first)
            .all(|(part, name)| part.first() == Some(name))
}

/// Whether this has the form of a client's last message: `c=…,r=…,[extensions,]p=…`.
pub(super) fn is_client_final(message: &[u8]) -> bool {
    let last = message.rsplit(|&byte| byte == b',').next();
    attributes(message, b"cr") && last.is_some_and(|part| part.starts_with(b"p="))
}

/// The rounds that a server's first message asks for, `r=…,s=…,i=…[,extensions]`; `None` when it is none.
pub(super) fn iterations(message: &[u8]) -> Option<u32> {
    if !attributes(message, b"rsi") {
        return None;
    }
    let part = message.split(|&byte| byte == b',').nth(2)?.get(2..)?;
    std::str::from_utf8(part).ok()?.parse().ok()
}

/// Whether this has the form of a server's last message: `v=…` or `e=…`.
pub(super) fn is_server_final(message: &[u8]) -> bool {
    attributes(message, b"v") || attributes(message, b"e")
}

/// The localpart of an account for the one who knows the keys.
pub(super) fn localpart(account: &BareJid) -> Option<Text> {
    account.local().map(Text::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRAM: Mechanism = Mechanism::ScramSha256;

    fn name(mechanism: Mechanism, message: &str) -> Result<String, SaslCondition> {
        identity(mechanism, message.as_bytes(), "example.org").map(|identity| identity.name)
    }

    #[test]
    fn names_are_unescaped_and_normalised() {
        assert_eq!(name(SCRAM, "n,,n=romeo,r=abc"), Ok("romeo".to_owned()));
        assert_eq!(
            name(SCRAM, "y,,n=a=2Cb=3Dc,r=abc,x=ignored"),
            Ok("a,b=c".to_owned())
        );
        assert_eq!(
            name(SCRAM, "n,,n=a=2cb,r=abc"),
            Err(SaslCondition::MalformedRequest)
        );
        let identity = super::identity(SCRAM, b"n,,n=Romeo,r=abc", "example.org").unwrap();
        assert_eq!(identity.account.unwrap().as_str(), "romeo@example.org");
    }

    #[test]
    fn nobody_acts_as_somebody_else() {
        assert!(name(SCRAM, "n,a=romeo@example.org,n=romeo,r=abc").is_ok());
        assert!(name(SCRAM, "n,a=romeo,n=romeo,r=abc").is_ok());
        for foreign in [
            "juliet@example.org",
            "romeo@example.com",
            "juliet",
            "example.org",
            "romeo@example.org/x",
        ] {
            let message = format!("n,a={foreign},n=romeo,r=abc");
            assert_eq!(
                name(SCRAM, &message),
                Err(SaslCondition::InvalidAuthzid),
                "{foreign}"
            );
            let message = format!("{foreign}\0romeo\0secret");
            assert_eq!(
                name(Mechanism::Plain, &message),
                Err(SaslCondition::InvalidAuthzid),
                "{foreign}"
            );
        }
        assert!(name(Mechanism::Plain, "romeo@example.org\0romeo\0secret").is_ok());
    }

    #[test]
    fn later_messages_must_have_their_form() {
        assert!(is_client_final(b"c=biws,r=abc,p=xyz="));
        assert!(is_client_final(b"c=biws,r=abc,x=y,p="));
        for message in [
            "",
            ",",
            "c",
            "c=biws",
            "c=biws,r=abc",
            "c=biws,r=abc,p",
            "c=biws,r=abc,p=x,",
            "c=biws,r=abc,,p=x",
            "r=abc,c=biws,p=x",
            "c=biws,p=x",
            "c=biws,r=abc,p=x,y=z",
        ] {
            assert!(!is_client_final(message.as_bytes()), "{message}");
        }
        assert_eq!(iterations(b"r=abc,s=c2FsdA==,i=4096"), Some(4096));
        assert_eq!(iterations(b"r=abc,s=c2FsdA==,i=4096,x=y"), Some(4096));
        for message in [
            "",
            "r=abc",
            "r=abc,s,i=4096",
            "r=abc,i=4096,s=x",
            "m=x,r=abc,s=x,i=1",
            "r=a,s=b,i=x",
            "r=a,s=b,i=1,",
        ] {
            assert_eq!(iterations(message.as_bytes()), None, "{message}");
        }
        assert!(is_server_final(b"v=abc") && is_server_final(b"e=no,x=y"));
        assert!(!is_server_final(b"") && !is_server_final(b"v") && !is_server_final(b"v=a,"));
    }

    #[test]
    fn malformed_first_messages_are_refused() {
        for message in [
            "",
            "n",
            "n,",
            "n,,",
            "n,,n=,r=abc",
            "n,,n=romeo",
            "n,,n=romeo,r=",
            "n,,m=x,n=romeo,r=abc",
            "p=tls-exporter,,n=romeo,r=abc",
            "x,,n=romeo,r=abc",
            "n,b,n=romeo,r=abc",
        ] {
            assert_eq!(
                name(SCRAM, message),
                Err(SaslCondition::MalformedRequest),
                "{message}"
            );
        }
        for message in [
            "",
            "\0",
            "romeo\0secret",
            "\0\0secret",
            "\0romeo\0",
            "\0romeo\0secret\0",
        ] {
            assert_eq!(
                name(Mechanism::Plain, message),
                Err(SaslCondition::MalformedRequest),
                "{message:?}"
            );
        }
        assert!(identity(SCRAM, b"n,,n=\xff,r=abc", "example.org").is_err());
    }
}
