//! Values in attributes and text: reading them from text and writing them into the output without allocating.

mod base64;
mod datetime;
mod decimal;
mod writer;

use std::borrow::Cow;
use std::fmt::{self, Write as _};

pub use self::base64::{Base64, Hex};
pub use self::datetime::{Date, DateTime, Time};
pub use self::decimal::Decimal;
pub use self::writer::TextWriter;
use crate::Text;

/// Text that is not what its place requires.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct ValueError {
    expected: Cow<'static, str>,
}

impl ValueError {
    /// `expected` completes the sentence "expected …", e.g. `"a whole number"`.
    pub fn new(expected: impl Into<Cow<'static, str>>) -> Self {
        Self {
            expected: expected.into(),
        }
    }

    /// What was expected.
    pub fn expected(&self) -> &str {
        &self.expected
    }
}

/// A value that is read from the text of an attribute or element.
pub trait FromText: Sized {
    /// Whether every value is written back letter by letter as it was read.
    const VERBATIM: bool = false;

    /// Reads the value; `text` is already unescaped.
    ///
    /// # Errors
    /// When the text is not such a value.
    fn from_text(text: Text) -> Result<Self, ValueError>;
}

/// A value that is written as the text of an attribute or element.
pub trait ToText {
    /// Writes the value; `out` escapes what has to be.
    fn to_text(&self, out: &mut TextWriter<'_>);

    /// The written value, unescaped.
    fn to_text_value(&self) -> Text {
        let mut bytes = Vec::new();
        self.to_text(&mut TextWriter::plain(&mut bytes));
        // A TextWriter takes strings only, so this is UTF-8.
        Text::from(String::from_utf8(bytes).unwrap_or_default())
    }
}

impl<T: ToText + ?Sized> ToText for &T {
    fn to_text(&self, out: &mut TextWriter<'_>) {
        (**self).to_text(out);
    }
}

impl<T: ToText + ?Sized> ToText for Box<T> {
    fn to_text(&self, out: &mut TextWriter<'_>) {
        (**self).to_text(out);
    }
}

impl<T: FromText> FromText for Box<T> {
    const VERBATIM: bool = T::VERBATIM;

    fn from_text(text: Text) -> Result<Self, ValueError> {
        T::from_text(text).map(Box::new)
    }
}

impl FromText for Text {
    const VERBATIM: bool = true;

    fn from_text(text: Text) -> Result<Self, ValueError> {
        Ok(text)
    }
}
impl ToText for Text {
    fn to_text(&self, out: &mut TextWriter<'_>) {
        out.push(self);
    }
}
impl FromText for String {
    const VERBATIM: bool = true;

    fn from_text(text: Text) -> Result<Self, ValueError> {
        Ok(text.into())
    }
}
impl ToText for String {
    fn to_text(&self, out: &mut TextWriter<'_>) {
        out.push(self);
    }
}
impl ToText for str {
    fn to_text(&self, out: &mut TextWriter<'_>) {
        out.push(self);
    }
}
impl ToText for Cow<'_, str> {
    fn to_text(&self, out: &mut TextWriter<'_>) {
        out.push(self);
    }
}
impl ToText for fmt::Arguments<'_> {
    fn to_text(&self, out: &mut TextWriter<'_>) {
        // Writing into memory does not fail.
        let _ = out.write_fmt(*self);
    }
}

impl FromText for bool {
    fn from_text(text: Text) -> Result<Self, ValueError> {
        match text.trim_matches(is_space) {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(ValueError::new("`true` or `false`")),
        }
    }
}
impl ToText for bool {
    fn to_text(&self, out: &mut TextWriter<'_>) {
        out.push_plain(if *self { "true" } else { "false" });
    }
}

macro_rules! numbers {
    ($($number:ty => $expected:literal,)*) => {$(
        impl FromText for $number {
            fn from_text(text: Text) -> Result<Self, ValueError> {
                text.trim_matches(is_space).parse().map_err(|_| ValueError::new($expected))
            }
        }
        impl ToText for $number {
            fn to_text(&self, out: &mut TextWriter<'_>) {
                // Writing into memory does not fail.
                let _ = write!(out, "{self}");
            }
        }
    )*};
}

numbers! {
    u8 => "a whole number from 0 to 255",
    u16 => "a whole number from 0 to 65535",
    u32 => "a whole number from 0 to 4294967295",
    u64 => "a whole number from 0 to 18446744073709551615",
    usize => "a whole number",
    i8 => "a whole number from -128 to 127",
    i16 => "a whole number from -32768 to 32767",
    i32 => "a whole number from -2147483648 to 2147483647",
    i64 => "a whole number",
    f32 => "a number",
    f64 => "a number",
}

/// What XML counts as white space (XML §2.3).
pub(crate) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: FromText>(text: &str) -> Option<T> {
        T::from_text(Text::from(text)).ok()
    }

    #[test]
    fn numbers_allow_space_around_and_a_sign() {
        assert_eq!(read::<u8>(" 7\n"), Some(7));
        assert_eq!(read::<i8>("-128"), Some(-128));
        assert_eq!(read::<i64>("+5"), Some(5));
        assert_eq!(read::<u8>("256"), None);
        assert_eq!(read::<u32>(""), None);
    }

    #[test]
    fn booleans_have_four_spellings() {
        assert_eq!(read::<bool>("1"), Some(true));
        assert_eq!(read::<bool>("false"), Some(false));
        assert_eq!(read::<bool>("yes"), None);
    }

    #[test]
    fn written_values() {
        assert_eq!((-3i32).to_text_value(), "-3");
        assert_eq!(1.5f64.to_text_value(), "1.5");
        assert_eq!(true.to_text_value(), "true");
        assert_eq!("a<b".to_text_value(), "a<b");
    }
}
