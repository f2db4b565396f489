//! Which characters XML allows where.

/// Whether XML allows the character at all (XML §2.2, `Char`).
pub(crate) const fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// Whether a name may begin with it; the colon is left to Namespaces in XML (XML §2.3, `NameStartChar`).
const fn starts_name(c: char) -> bool {
    matches!(c,
        'A'..='Z' | 'a'..='z' | '_'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// Whether a name may go on with it (XML §2.3, `NameChar`, without the colon).
const fn continues_name(c: char) -> bool {
    starts_name(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Whether the text is a name without a colon (Namespaces in XML §3, `NCName`).
pub(crate) fn is_ncname(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(starts_name) && chars.all(continues_name)
}

/// A byte that may stand in a qualified name; those past ASCII are looked at once the name is complete.
pub(crate) const NAME: u8 = 1;
/// White space (XML §2.3).
pub(crate) const SPACE: u8 = 2;
/// A byte of ASCII that may begin a name.
pub(crate) const START: u8 = 4;
/// A byte that makes a name need a closer look: a colon, or one past ASCII.
pub(crate) const ODD: u8 = 8;

/// What a byte may be part of.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let ascii = byte < 0x80;
        if !ascii || byte == b':' as usize {
            classes[byte] = NAME | ODD;
        } else if continues_name(byte as u8 as char) {
            classes[byte] = if starts_name(byte as u8 as char) {
                NAME | START
            } else {
                NAME
            };
        } else if matches!(byte as u8, b' ' | b'\t' | b'\n' | b'\r') {
            classes[byte] = SPACE;
        }
        byte += 1;
    }
    classes
};

/// The classes of a byte.
#[inline]
pub(crate) fn class(byte: u8) -> u8 {
    CLASSES[usize::from(byte)]
}

/// Whether the byte is of the class.
#[inline]
pub(crate) fn is(byte: u8, class: u8) -> bool {
    self::class(byte) & class != 0
}

/// Why a reference is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadReference {
    /// An entity that a DTD would have to declare (RFC 6120 §11.1).
    Entity,
    /// Not a reference, or to a character that XML does not allow.
    Malformed,
}

/// The character that the text behind a `&` begins with, if that is a whole reference to a predefined entity (XML §4.6),
/// and how many bytes it takes with its `;`.
#[inline]
pub(crate) fn predefined(behind: &[u8]) -> Option<(char, usize)> {
    match behind {
        [b'a', b'm', b'p', b';', ..] => Some(('&', 4)),
        [b'l', b't', b';', ..] => Some(('<', 3)),
        [b'g', b't', b';', ..] => Some(('>', 3)),
        [b'q', b'u', b'o', b't', b';', ..] => Some(('"', 5)),
        [b'a', b'p', b'o', b's', b';', ..] => Some(('\'', 5)),
        _ => None,
    }
}

/// The character a reference stands for; `inner` is what is between `&` and `;`.
pub(crate) fn reference(inner: &[u8]) -> Result<char, BadReference> {
    match inner {
        b"amp" => Ok('&'),
        b"lt" => Ok('<'),
        b"gt" => Ok('>'),
        b"quot" => Ok('"'),
        b"apos" => Ok('\''),
        [b'#', b'x', digits @ ..] => character(digits, 16),
        [b'#', digits @ ..] => character(digits, 10),
        _ => match std::str::from_utf8(inner) {
            Ok(name) if is_ncname(name) => Err(BadReference::Entity),
            _ => Err(BadReference::Malformed),
        },
    }
}

fn character(digits: &[u8], radix: u32) -> Result<char, BadReference> {
    if digits.is_empty() {
        return Err(BadReference::Malformed);
    }
    let mut code: u32 = 0;
    for &byte in digits {
        let digit = char::from(byte)
            .to_digit(radix)
            .ok_or(BadReference::Malformed)?;
        code = code.saturating_mul(radix).saturating_add(digit);
    }
    char::from_u32(code)
        .filter(|c| is_char(*c))
        .ok_or(BadReference::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a", "_", "iq", "x-1.2", "é", "名前"] {
            assert!(is_ncname(good), "{good}");
        }
        for bad in ["", "1", "-a", "a:b", "a b", "\u{B7}", "a\u{D7}"] {
            assert!(!is_ncname(bad), "{bad}");
        }
    }

    #[test]
    fn references() {
        assert_eq!(reference(b"#x41"), Ok('A'));
        assert_eq!(reference(b"#00065"), Ok('A'));
        assert_eq!(reference(b"nbsp"), Err(BadReference::Entity));
        for bad in [
            &b"#0"[..],
            b"#xD800",
            b"#x110000",
            b"#",
            b"#x",
            b"#xFFFF",
            b"",
            b"#-1",
            b"#99999999999999999999",
            b"a b",
        ] {
            assert_eq!(reference(bad), Err(BadReference::Malformed), "{bad:?}");
        }
    }
}
