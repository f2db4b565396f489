//! From text as it stands in XML to what it means.

use std::cell::Cell;

use super::chars;
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
    let mut rest = raw;
    loop {
        let special = rest.bytes().position(|byte| match byte {
            b'\r' => true,
            b'&' => place != Place::Cdata,
            b'<' => place == Place::Text,
            b']' => place == Place::Cdata,
            b'\t' | b'\n' => place == Place::Attribute,
            _ => false,
        });
        let Some(at) = special else {
            into.push_str(rest);
            return;
        };
        let (before, from) = rest.split_at(at);
        into.push_str(before);
        let line_end = if place == Place::Attribute { ' ' } else { '\n' };
        if let Some(after) = from
            .strip_prefix("\r\n")
            .or_else(|| from.strip_prefix('\r'))
        {
            into.push(line_end);
            rest = after;
        } else if let Some(after) = from.strip_prefix("<![CDATA[") {
            place = Place::Cdata;
            rest = after;
        } else if let Some(after) = from.strip_prefix("]]>").filter(|_| place == Place::Cdata) {
            place = Place::Text;
            rest = after;
        } else if let Some((c, after)) = reference(from).filter(|_| place != Place::Cdata) {
            into.push(c);
            rest = after;
        } else {
            // A TAB or LF in an attribute, or a single bracket in CDATA.
            let mut chars = from.chars();
            let c = chars.next().unwrap_or_default();
            into.push(if place == Place::Attribute && matches!(c, '\t' | '\n') {
                ' '
            } else {
                c
            });
            rest = chars.as_str();
        }
    }
}

fn reference(from: &str) -> Option<(char, &str)> {
    let (inner, after) = from.strip_prefix('&')?.split_once(';')?;
    Some((chars::reference(inner.as_bytes()).ok()?, after))
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
