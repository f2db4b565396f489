//! Escaping text for XML.

use crate::xml::skip;

/// Escapes for an attribute in single quotes. White space other than the blank becomes a character
/// reference, because a parser would turn it into blanks (XML §3.3.3).
pub(crate) fn attribute(out: &mut Vec<u8>, text: &str) {
    escape::<true>(out, text);
}

/// Escapes for text between tags. CR becomes a character reference, because a parser would turn it into LF (XML §2.11).
pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    escape::<false>(out, text);
}

fn escape<const ATTRIBUTE: bool>(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    // Bytes before `written` are in the output; bytes before `at` need nothing.
    let (mut written, mut at) = (0, 0);
    loop {
        at = skip::unescaped::<ATTRIBUTE>(bytes, at);
        let rest = bytes.get(at..).unwrap_or_default();
        let plain = bytes.get(written..at).unwrap_or_default();
        // An arm for each replacement: its length is known where it is copied.
        macro_rules! replace {
            ($length:literal, $with:expr) => {{
                out.extend_from_slice(plain);
                out.extend_from_slice($with);
                at += $length;
                written = at;
            }};
        }
        match rest {
            [] => break,
            [b'&', ..] => replace!(1, b"&amp;"),
            [b'<', ..] => replace!(1, b"&lt;"),
            [b'>', ..] => replace!(1, b"&gt;"),
            [b'\'', ..] => replace!(1, b"&apos;"),
            [b'\r', ..] => replace!(1, b"&#13;"),
            [b'\n', ..] if ATTRIBUTE => replace!(1, b"&#10;"),
            [b'\t', ..] if ATTRIBUTE => replace!(1, b"&#9;"),
            // XML has no way at all to say these (XML §2.2).
            [0..0x20, ..] => replace!(1, REPLACEMENT),
            [0xEF, 0xBF, 0xBE | 0xBF, ..] => replace!(3, REPLACEMENT),
            // Another character that begins with the same byte.
            _ => at += 1,
        }
    }
    out.extend_from_slice(bytes.get(written..).unwrap_or_default());
}

/// U+FFFD.
const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str, in_attribute: bool) -> String {
        let mut out = Vec::new();
        if in_attribute {
            attribute(&mut out, text);
        } else {
            super::text(&mut out, text);
        }
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
