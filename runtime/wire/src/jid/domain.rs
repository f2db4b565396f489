//! The domain of an address (RFC 7622 §3.2).

use std::borrow::Cow;
use std::net::Ipv6Addr;

use super::JidError;

const LONGEST: usize = 1023;
/// Bytes of a domain name in ASCII (RFC 1035 §2.3.4).
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Whether the domain is normal at first sight: labels of lower-case letters, digits and single hyphens inside. A label
/// with two hyphens in a row may be an encoded one (RFC 5890 §2.3.1) and is left to the slow path.
pub(super) fn is_plain(domain: &[u8]) -> bool {
    if domain.len() > LONGEST_NAME {
        return false;
    }
    let (mut label, mut before) = (0, b'.');
    for &byte in domain {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => label += 1,
            b'-' if before != b'.' && before != b'-' => label += 1,
            b'.' if before != b'.' && before != b'-' && label <= LONGEST_LABEL => label = 0,
            _ => return false,
        }
        before = byte;
    }
    before != b'.' && before != b'-' && label <= LONGEST_LABEL
}

/// The domain in its normal form: a domain name in Unicode, or an IP address.
pub(super) fn normalise(domain: &str) -> Result<Cow<'_, str>, JidError> {
    if is_plain(domain.as_bytes()) {
        return Ok(Cow::Borrowed(domain));
    }
    slowly(domain)
}

#[cold]
fn slowly(domain: &str) -> Result<Cow<'_, str>, JidError> {
    if let Some(address) = domain.strip_prefix('[') {
        let address = address.strip_suffix(']').ok_or(JidError::InvalidDomain)?;
        let address: Ipv6Addr = address.parse().map_err(|_| JidError::InvalidDomain)?;
        return Ok(Cow::Owned(format!("[{address}]")));
    }
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    if domain.is_empty() {
        return Err(JidError::EmptyDomain);
    }
    if domain.len() > LONGEST {
        return Err(JidError::LongDomain);
    }
    // By way of the ASCII form, which has the limits on length and is the same for everything that looks up alike.
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| JidError::InvalidDomain)?;
    let (unicode, result) = idna::domain_to_unicode(&ascii);
    result.map_err(|_| JidError::InvalidDomain)?;
    match unicode.len() {
        0 => Err(JidError::EmptyDomain),
        1..=LONGEST => Ok(Cow::Owned(unicode)),
        _ => Err(JidError::LongDomain),
    }
}
