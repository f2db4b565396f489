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

fn escape(out: &mut Vec<u8>, text: &str, in_attribute: bool) {
    out.reserve(text.len());
    let bytes = text.as_bytes();
    let mut clean = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let replacement: &[u8] = match byte {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'\'' if in_attribute => b"&apos;",
            b'\r' => b"&#13;",
            b'\n' if in_attribute => b"&#10;",
            b'\t' if in_attribute => b"&#9;",
            b'\t' | b'\n' | b' '..=0xEE | 0xF0..=0xFF => {
                at += 1;
                continue;
            }
            // XML has no way at all to say these (XML §2.2).
            0..0x20 => "\u{FFFD}".as_bytes(),
            0xEF => {
                if matches!(bytes.get(at + 1..at + 3), Some([0xBF, 0xBE | 0xBF])) {
                    out.extend_from_slice(bytes.get(clean..at).unwrap_or_default());
                    out.extend_from_slice("\u{FFFD}".as_bytes());
                    at += 3;
                    clean = at;
                } else {
                    at += 1;
                }
                continue;
            }
        };
        out.extend_from_slice(bytes.get(clean..at).unwrap_or_default());
        out.extend_from_slice(replacement);
        at += 1;
        clean = at;
    }
    out.extend_from_slice(bytes.get(clean..).unwrap_or_default());
}

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
