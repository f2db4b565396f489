//! From text as it stands in XML to what it means.

use std::cell::Cell;

use super::{chars, skip};
use crate::Text;

thread_local! {
    /// Where text is unescaped, so that what is kept of it is one allocation of exactly its size.
    static SCRATCH: Cell<String> = const { Cell::new(String::new()) };
}

/// How large a scratch buffer is kept.
const MOST_IDLE: usize = 64 * 1024;

/// Decodes into a text of its own.
pub(crate) fn owned(raw: &str, decode: fn(&str, &mut String)) -> Text {
    SCRATCH.with(|scratch| {
        let mut buffer = scratch.take();
        buffer.clear();
        decode(raw, &mut buffer);
        let text = Text::from(buffer.as_str());
        if buffer.capacity() <= MOST_IDLE {
            scratch.set(buffer);
        }
        text
    })
}

/// Decodes an attribute value: references, and white space, which all becomes blanks (XML §3.3.3). References are
/// valid wherever the scanner has passed; anything else that looks like one is left as it is.
pub(crate) fn attribute(raw: &str, into: &mut String) {
    into.reserve(raw.len());
    decode(raw, into, Place::Attribute);
}

/// Decodes text between tags: references, CDATA sections, line ends (XML §2.11).
pub(crate) fn text(raw: &str, into: &mut String) {
    into.reserve(raw.len());
    decode(raw, into, Place::Text);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Attribute,
    Text,
    Cdata,
}

fn decode(raw: &str, into: &mut String, mut place: Place) {
    let bytes = raw.as_bytes();
    // What lies between `from` and `at` stands as it is.
    let (mut from, mut at) = (0, 0);
    loop {
        at = match place {
            Place::Attribute | Place::Text => skip::text(bytes, at),
            Place::Cdata => {
                let rest = bytes.get(at..).unwrap_or_default();
                at + memchr::memchr2(b']', b'\r', rest).unwrap_or(rest.len())
            }
        };
        let Some((&byte, behind)) = bytes.get(at..).and_then(<[u8]>::split_first) else {
            break;
        };
        let (means, length) = match byte {
            b'&' if place != Place::Cdata => match reference(behind) {
                Some((c, length)) => (Some(c), 1 + length),
                None => (Some('&'), 1),
            },
            b'\r' => {
                let line_end = if place == Place::Attribute { ' ' } else { '\n' };
                (
                    Some(line_end),
                    if behind.first() == Some(&b'\n') { 2 } else { 1 },
                )
            }
            b'\n' | b'\t' if place == Place::Attribute => (Some(' '), 1),
            b'<' if place == Place::Text && behind.starts_with(b"![CDATA[") => {
                place = Place::Cdata;
                (None, 9)
            }
            b']' if place == Place::Cdata && behind.starts_with(b"]>") => {
                place = Place::Text;
                (None, 3)
            }
            // Anything else stands for itself, a single bracket in CDATA for one.
            _ => {
                at += 1;
                continue;
            }
        };
        into.push_str(raw.get(from..at).unwrap_or_default());
        if let Some(c) = means {
            into.push(c);
        }
        at += length;
        from = at;
    }
    into.push_str(raw.get(from..).unwrap_or_default());
}

/// The character that the reference stands for whose `&` the bytes follow, and how many of them belong to it.
fn reference(behind: &[u8]) -> Option<(char, usize)> {
    chars::predefined(behind).or_else(|| {
        let length = memchr::memchr(b';', behind)?;
        let c = chars::reference(behind.get(..length)?).ok()?;
        Some((c, length + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_reference() {
        let mut out = String::new();
        text("&lt;&#65;&#x1F600;&amp;amp;&apos;&quot;&gt;x", &mut out);
        assert_eq!(out, "<A\u{1F600}&amp;'\">x");
    }

    #[test]
    fn line_ends_and_cdata_in_text() {
        let mut out = String::new();
        text(
            "a\r\nb\rc\td<![CDATA[<&amp;]]]]><![CDATA[>\r]]>&#13;",
            &mut out,
        );
        assert_eq!(out, "a\nb\nc\td<&amp;]]>\n\r");
    }

    #[test]
    fn white_space_in_attributes() {
        let mut out = String::new();
        attribute("a\r\nb\rc\td\n&#10;&#9;e", &mut out);
        assert_eq!(out, "a b c d \n\te");
    }
}
