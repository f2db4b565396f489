//! Immutable UTF-8 text over a shared buffer.

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use bytes::Bytes;
use bytestring::ByteString;

/// Immutable UTF-8 text.
///
/// A `Text` read from a stanza is a slice of that stanza's buffer wherever nothing had to be unescaped, so
/// a clone costs one reference count and no copy. The price is that it keeps the whole buffer alive:
/// [`Text::detach`] copies it out where a value is kept for long.
#[derive(Clone, Default)]
pub struct Text(ByteString);

impl Text {
    /// The empty text; allocates nothing.
    pub const fn new() -> Self {
        Self(ByteString::new())
    }

    /// Text over a literal; allocates nothing.
    pub const fn from_static(text: &'static str) -> Self {
        Self(ByteString::from_static(text))
    }

    /// The text as a string slice.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A part of this text that shares its buffer.
    ///
    /// `part` has to be a slice of this very text (the address counts, not the contents); anything else is copied.
    pub fn share(&self, part: &str) -> Self {
        let whole = self.0.as_bytes().as_ptr_range();
        let inner = part.as_bytes().as_ptr_range();
        if part.is_empty() {
            Self::new()
        } else if whole.start <= inner.start && inner.end <= whole.end {
            Self(self.0.slice_ref(part))
        } else {
            Self::from(part)
        }
    }

    /// The same text in an allocation of exactly its size, so that it pins no larger buffer.
    #[must_use]
    pub fn detach(&self) -> Self {
        if self.is_empty() {
            Self::new()
        } else {
            Self::from(self.as_str())
        }
    }

    /// The bytes beneath.
    pub fn into_bytes(self) -> Bytes {
        self.0.into_bytes()
    }

    pub(crate) fn from_byte_string(inner: ByteString) -> Self {
        Self(inner)
    }

    /// This text within `new`, where it is a part of `old`, of which `new` is a copy; on its own where `new` is none.
    /// A text that is no part of `old` stays as it is.
    pub(crate) fn moved(&self, old: &Text, new: &Text) -> Self {
        let whole = old.as_bytes().as_ptr_range();
        let part = self.as_bytes().as_ptr_range();
        if self.is_empty() || part.start < whole.start || whole.end < part.end {
            return self.clone();
        }
        let start = part.start as usize - whole.start as usize;
        match new.get(start..start + self.len()) {
            Some(same) if same == self.as_str() => new.share(same),
            _ => self.detach(),
        }
    }
}

impl Deref for Text {
    type Target = str;
    #[inline]
    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}
impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}
impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}
impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other.as_str()
    }
}
impl PartialEq<Text> for str {
    fn eq(&self, other: &Text) -> bool {
        self == other.as_str()
    }
}
impl PartialEq<Text> for &str {
    fn eq(&self, other: &Text) -> bool {
        *self == other.as_str()
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        if text.is_empty() {
            Self::new()
        } else {
            Self(ByteString::from(text))
        }
    }
}
impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(ByteString::from(text))
    }
}
impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}
impl From<Box<str>> for Text {
    fn from(text: Box<str>) -> Self {
        Self(ByteString::from(String::from(text)))
    }
}
impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self::from(text),
            Cow::Owned(text) => Self::from(text),
        }
    }
}
impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_share_the_buffer_and_copies_do_not() {
        let whole = Text::from("juliet@example.com");
        let part = whole.share(&whole[7..]);
        assert_eq!(part, "example.com");
        assert_eq!(part.as_ptr(), whole[7..].as_ptr());
        assert_ne!(part.detach().as_ptr(), part.as_ptr());
        let foreign = String::from("example.com");
        assert_ne!(whole.share(&foreign).as_ptr(), foreign.as_ptr());
        assert_eq!(whole.share(&foreign), foreign);
        assert_eq!(whole.share(""), "");
    }

    #[test]
    fn a_part_moves_with_its_copy() {
        let old = Text::from("abc def");
        let part = old.share(&old[4..]);
        let new = old.detach();
        let moved = part.moved(&old, &new);
        assert_eq!((moved.as_str(), moved.as_ptr()), ("def", new[4..].as_ptr()));
        let other = Text::from("def");
        assert_eq!(other.moved(&old, &new).as_ptr(), other.as_ptr());
        let unlike = Text::from("ABC DEF");
        assert_eq!(part.moved(&old, &unlike), "def");
    }
}
