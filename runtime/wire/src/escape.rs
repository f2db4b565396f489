//! Escaping text for XML.

/// Escapes for an attribute in single quotes. White space other than the blank becomes a character
/// reference, because a parser would turn it into blanks (XML §3.3.3).
pub(crate) fn attribute(out: &mut Vec<u8>, text: &str) {
    escape(out, text, true);
}

/// Escapes for text between tags. CR becomes a character reference, because a parser would turn it into LF (XML §2.11).
pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    escape(out, text, false);
}

/// The byte means something in both places, or XML has no way to say it.
const ANYWHERE: u8 = 1;
/// The byte means something in attributes.
const ATTRIBUTE: u8 = 2;

/// Where a byte cannot stand as it is. The first byte of U+FFFE and U+FFFF is among them.
static SPECIAL: [u8; 256] = {
    let mut special = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        special[byte] = ANYWHERE;
        byte += 1;
    }
    special[b'\t' as usize] = ATTRIBUTE;
    special[b'\n' as usize] = ATTRIBUTE;
    special[b'\'' as usize] = ATTRIBUTE;
    special[b'&' as usize] = ANYWHERE;
    special[b'<' as usize] = ANYWHERE;
    special[b'>' as usize] = ANYWHERE;
    special[0xEF] = ANYWHERE;
    special
};

fn escape(out: &mut Vec<u8>, text: &str, in_attribute: bool) {
    let mask = if in_attribute {
        ANYWHERE | ATTRIBUTE
    } else {
        ANYWHERE
    };
    let is_special = |&byte: &u8| SPECIAL[usize::from(byte)] & mask != 0;
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(is_special) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let (replacement, length): (&[u8], usize) = match special {
            [b'&', ..] => (b"&amp;", 1),
            [b'<', ..] => (b"&lt;", 1),
            [b'>', ..] => (b"&gt;", 1),
            [b'\'', ..] => (b"&apos;", 1),
            [b'\r', ..] => (b"&#13;", 1),
            [b'\n', ..] => (b"&#10;", 1),
            [b'\t', ..] => (b"&#9;", 1),
            // XML has no way at all to say these (XML §2.2).
            [0..0x20, ..] => (REPLACEMENT, 1),
            [0xEF, 0xBF, 0xBE | 0xBF, ..] => (REPLACEMENT, 3),
            other => (other.get(..1).unwrap_or_default(), 1),
        };
        out.extend_from_slice(replacement);
        rest = special.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// U+FFFD.
const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str, in_attribute: bool) -> String {
        let mut out = Vec::new();
        escape(&mut out, text, in_attribute);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn escapes_what_each_place_needs() {
        assert_eq!(
            escaped("a<b&c>'\"\t\r\n", false),
            "a&lt;b&amp;c&gt;'\"\t&#13;\n"
        );
        assert_eq!(
            escaped("a<b&c>'\"\t\r\n", true),
            "a&lt;b&amp;c&gt;&apos;\"&#9;&#13;&#10;"
        );
    }

    #[test]
    fn replaces_what_xml_cannot_say() {
        assert_eq!(
            escaped("a\0b\u{FFFE}c\u{FFFF}\u{FEFF}", false),
            "a\u{FFFD}b\u{FFFD}c\u{FFFD}\u{FEFF}"
        );
    }
}
