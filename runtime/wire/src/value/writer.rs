//! Where values write their text to.

use std::fmt;

use crate::escape;

/// Takes the text of a value and escapes it for the place it goes to.
#[derive(Debug)]
pub struct TextWriter<'a> {
    out: &'a mut Vec<u8>,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Attribute,
    Element,
    Plain,
}

impl<'a> TextWriter<'a> {
    /// Writes inside an attribute value in single quotes.
    pub fn attribute(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            place: Place::Attribute,
        }
    }

    /// Writes between tags.
    pub fn element(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            place: Place::Element,
        }
    }

    /// Writes as it is, outside XML.
    pub fn plain(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            place: Place::Plain,
        }
    }

    /// Adds text; escapes it as its place requires.
    pub fn push(&mut self, text: &str) {
        match self.place {
            Place::Attribute => escape::attribute(self.out, text),
            Place::Element => escape::text(self.out, text),
            Place::Plain => self.out.extend_from_slice(text.as_bytes()),
        }
    }

    /// Adds text that is known to hold nothing to escape, such as digits or base64. A debug build asserts that;
    /// in doubt use [`TextWriter::push`].
    pub fn push_plain(&mut self, text: &str) {
        debug_assert!(
            text.bytes().all(
                |b| matches!(b, b' '..=b'~') && !matches!(b, b'<' | b'>' | b'&' | b'\'' | b'"')
            ),
            "text to escape: {text:?}"
        );
        self.out.extend_from_slice(text.as_bytes());
    }
}

impl fmt::Write for TextWriter<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}
