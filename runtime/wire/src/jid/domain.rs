//! The domain of an address (RFC 7622 §3.2).

use std::borrow::Cow;
use std::net::Ipv6Addr;

use super::JidError;

const LONGEST: usize = 1023;
/// Bytes of a domain name in ASCII (RFC 1035 §2.3.4).
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Bytes of a domain up to a slash or the end, if it is normal at first sight: labels of lower-case letters, digits and
/// single hyphens inside. A label with two hyphens in a row may be an encoded one (RFC 5890 §2.3.1) and is left to the slow path.
#[inline]
pub(super) fn plain(bytes: &[u8]) -> Option<usize> {
    const ALPHANUMERIC: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = matches!(byte as u8, b'a'..=b'z' | b'0'..=b'9');
            byte += 1;
        }
        table
    };
    // Where the label begins, and whether a letter or digit was before.
    let (mut label, mut inside) = (0, false);
    let mut end = bytes.len();
    for (at, &byte) in bytes.iter().enumerate() {
        if ALPHANUMERIC[usize::from(byte)] {
            inside = true;
            continue;
        }
        if byte == b'/' {
            end = at;
            break;
        }
        let label_ends = byte == b'.' && at - label <= LONGEST_LABEL;
        if !inside || !(label_ends || byte == b'-') {
            return None;
        }
        inside = false;
        if label_ends {
            label = at + 1;
        }
    }
    (inside && end - label <= LONGEST_LABEL && end <= LONGEST_NAME).then_some(end)
}

/// The domain in its normal form: a domain name in Unicode, or an IP address.
pub(super) fn normalise(domain: &str) -> Result<Cow<'_, str>, JidError> {
    if plain(domain.as_bytes()) == Some(domain.len()) {
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
