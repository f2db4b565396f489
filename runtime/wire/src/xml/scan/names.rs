//! Names of elements and attributes.

use super::super::chars;
use super::Kind;
use crate::xml::ReadError;

/// Checks a qualified name whose bytes are of these classes; tells how many bytes its prefix has, with the colon.
#[inline]
pub(super) fn check_name(name: &[u8], classes: u8) -> Result<u8, ReadError> {
    if classes & chars::ODD != 0 {
        return check_odd_name(name);
    }
    match name.first() {
        Some(&first) if chars::is(first, chars::START) => Ok(0),
        _ => Err(Kind::Syntax.into()),
    }
}

/// The same for a name with a colon or bytes past ASCII.
fn check_odd_name(name: &[u8]) -> Result<u8, ReadError> {
    let mut colon = None;
    let mut ascii = true;
    for (at, &byte) in name.iter().enumerate() {
        if byte == b':' {
            if colon.is_some() {
                return Err(Kind::Syntax.into());
            }
            colon = Some(at);
        }
        ascii &= byte < 0x80;
    }
    let (prefix, local) = match colon {
        Some(at) => (
            name.get(..at).unwrap_or_default(),
            name.get(at + 1..).unwrap_or_default(),
        ),
        None => (&b""[..], name),
    };
    let starts = |part: &[u8]| {
        part.first()
            .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_' || *byte >= 0x80)
    };
    if !starts(local) || (colon.is_some() && !starts(prefix)) {
        return Err(Kind::Syntax.into());
    }
    if !ascii {
        let valid = |part: &[u8]| {
            std::str::from_utf8(part)
                .map_err(|_| Kind::Encoding)
                .map(chars::is_ncname)
        };
        if !valid(local)? || (colon.is_some() && !valid(prefix)?) {
            return Err(Kind::Syntax.into());
        }
    }
    colon.map_or(Ok(0), |at| {
        u8::try_from(at + 1).map_err(|_| Kind::Name.into())
    })
}
