//! Splitting an address and normalising its parts.

use std::borrow::Cow;

use precis_profiles::precis_core::profile::Profile;
use precis_profiles::{OpaqueString, UsernameCaseMapped};

use super::{Jid, JidError, domain};
use crate::Text;

/// Bytes in one part (RFC 7622 §3.1).
const LONGEST: usize = 1023;

/// Bytes of a local part that is normal already: printable ASCII without capitals and what RFC 7622 §3.3.1 bans.
const PLAIN_LOCAL: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x21;
    while byte < 0x7F {
        plain[byte] = !is_banned(byte as u8) && !(byte as u8).is_ascii_uppercase();
        byte += 1;
    }
    plain
};

/// Bytes that a local part must not hold though PRECIS allows them (RFC 7622 §3.3.1).
const fn is_banned(byte: u8) -> bool {
    matches!(byte, b'"' | b'&' | b'\'' | b'/' | b':' | b'<' | b'>' | b'@')
}

/// Reads an address; keeps the text if it is normal.
pub(super) fn parse(text: Text) -> Result<Jid, JidError> {
    match plain(text.as_bytes()) {
        Some((local, domain_end)) => Ok(Jid {
            text,
            local,
            domain_end,
        }),
        None => parse_slowly(text),
    }
}

/// Bytes of the local part and where the domain ends, for an address that is normal at first sight: all of ASCII,
/// nothing to map, and no label that needs a closer look. Anything else is left to the slow path.
fn plain(bytes: &[u8]) -> Option<(u16, u16)> {
    let stop = bytes
        .iter()
        .position(|&byte| !PLAIN_LOCAL[usize::from(byte)])
        .unwrap_or(bytes.len());
    let (local, start) = match bytes.get(stop) {
        Some(b'@') if (1..=LONGEST).contains(&stop) => (stop, stop + 1),
        None | Some(b'/') => (0, 0),
        _ => return None,
    };
    let rest = bytes.get(start..)?;
    let length = domain::plain(rest)?;
    if let Some(resource) = rest.get(length + 1..) {
        let printable = resource.iter().all(|byte| matches!(byte, b' '..=b'~'));
        if !printable || resource.is_empty() || resource.len() > LONGEST {
            return None;
        }
    }
    Some((local as u16, (start + length) as u16))
}

#[cold]
fn parse_slowly(text: Text) -> Result<Jid, JidError> {
    let whole = text.as_str();
    // The first slash ends the domain, whatever comes after it (RFC 7622 §3.1).
    let (bare, resource) = match memchr::memchr(b'/', whole.as_bytes()) {
        Some(at) => (whole.get(..at).unwrap_or_default(), whole.get(at + 1..)),
        None => (whole, None),
    };
    let (local, domain) = match memchr::memchr(b'@', bare.as_bytes()) {
        Some(at) => (bare.get(..at), bare.get(at + 1..).unwrap_or_default()),
        None => (None, bare),
    };
    let parts = Parts::normalise(local, domain, resource)?;
    match parts {
        Parts {
            local: None | Some(Cow::Borrowed(_)),
            domain: Cow::Borrowed(_),
            resource: None | Some(Cow::Borrowed(_)),
        } => {
            let (local, domain_end) = parts.offsets();
            Ok(Jid {
                text,
                local,
                domain_end,
            })
        }
        parts => Ok(parts.assemble()),
    }
}

/// Builds an address from parts.
pub(super) fn assemble(
    local: Option<&str>,
    domain: &str,
    resource: Option<&str>,
) -> Result<Jid, JidError> {
    Ok(Parts::normalise(local, domain, resource)?.assemble())
}

/// Adds a resource to a bare address.
pub(super) fn with_resource(bare: &Jid, resource: &str) -> Result<Jid, JidError> {
    let resource = normalise_resource(resource)?;
    let mut text = String::with_capacity(bare.text.len() + 1 + resource.len());
    text.push_str(&bare.text);
    text.push('/');
    text.push_str(&resource);
    Ok(Jid {
        text: Text::from(text),
        local: bare.local,
        domain_end: bare.domain_end,
    })
}

/// Parts in their normal form, each at most 1,023 bytes.
struct Parts<'a> {
    local: Option<Cow<'a, str>>,
    domain: Cow<'a, str>,
    resource: Option<Cow<'a, str>>,
}

impl<'a> Parts<'a> {
    fn normalise(
        local: Option<&'a str>,
        domain: &'a str,
        resource: Option<&'a str>,
    ) -> Result<Self, JidError> {
        if domain.is_empty() {
            return Err(JidError::EmptyDomain);
        }
        Ok(Self {
            local: local.map(normalise_local).transpose()?,
            domain: domain::normalise(domain)?,
            resource: resource.map(normalise_resource).transpose()?,
        })
    }

    /// Bytes of the local part, and where the domain ends.
    fn offsets(&self) -> (u16, u16) {
        let local = self.local.as_ref().map_or(0, |local| local.len());
        let start = if local == 0 { 0 } else { local + 1 };
        (local as u16, (start + self.domain.len()) as u16)
    }

    fn assemble(self) -> Jid {
        let (local, domain_end) = self.offsets();
        let resource = self
            .resource
            .as_ref()
            .map_or(0, |resource| resource.len() + 1);
        let mut text = String::with_capacity(usize::from(domain_end) + resource);
        if let Some(local) = &self.local {
            text.push_str(local);
            text.push('@');
        }
        text.push_str(&self.domain);
        if let Some(resource) = &self.resource {
            text.push('/');
            text.push_str(resource);
        }
        Jid {
            text: Text::from(text),
            local,
            domain_end,
        }
    }
}

/// The local part: the profile UsernameCaseMapped, and some more banned (RFC 7622 §3.3).
fn normalise_local(local: &str) -> Result<Cow<'_, str>, JidError> {
    if local.is_empty() {
        return Err(JidError::EmptyLocal);
    }
    if local.bytes().all(|byte| PLAIN_LOCAL[usize::from(byte)]) {
        return if local.len() > LONGEST {
            Err(JidError::LongLocal)
        } else {
            Ok(Cow::Borrowed(local))
        };
    }
    // Mapping may shorten a text, but no text this long shortens to one that is allowed.
    if local.len() > 4 * LONGEST {
        return Err(JidError::LongLocal);
    }
    let normal = if local.bytes().all(|byte| {
        byte == byte.to_ascii_lowercase() && PLAIN_LOCAL[usize::from(byte)]
            || byte.is_ascii_uppercase()
    }) {
        Cow::Owned(local.to_ascii_lowercase())
    } else {
        stable(local, |text| {
            UsernameCaseMapped::new()
                .enforce(text)
                .ok()
                .map(Cow::into_owned)
        })
        .ok_or(JidError::InvalidLocal)?
    };
    if normal.bytes().any(is_banned) {
        return Err(JidError::InvalidLocal);
    }
    match normal.len() {
        0 => Err(JidError::EmptyLocal),
        1..=LONGEST => Ok(normal),
        _ => Err(JidError::LongLocal),
    }
}

/// The resource: the profile OpaqueString (RFC 7622 §3.4).
fn normalise_resource(resource: &str) -> Result<Cow<'_, str>, JidError> {
    if resource.is_empty() {
        return Err(JidError::EmptyResource);
    }
    if resource.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return if resource.len() > LONGEST {
            Err(JidError::LongResource)
        } else {
            Ok(Cow::Borrowed(resource))
        };
    }
    if resource.len() > 4 * LONGEST {
        return Err(JidError::LongResource);
    }
    let normal = stable(resource, |text| {
        OpaqueString::new().enforce(text).ok().map(Cow::into_owned)
    })
    .ok_or(JidError::InvalidResource)?;
    match normal.len() {
        0 => Err(JidError::EmptyResource),
        1..=LONGEST => Ok(normal),
        _ => Err(JidError::LongResource),
    }
}

/// Applies a profile until nothing changes any more: not all are idempotent (RFC 8264 §7). A text that never settles is refused.
fn stable(text: &str, enforce: impl Fn(&str) -> Option<String>) -> Option<Cow<'_, str>> {
    let mut current = enforce(text)?;
    if current == text {
        return Some(Cow::Borrowed(text));
    }
    for _ in 0..3 {
        let next = enforce(&current)?;
        if next == current {
            return Some(Cow::Owned(current));
        }
        current = next;
    }
    None
}
