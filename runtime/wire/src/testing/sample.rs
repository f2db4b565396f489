//! Values out of bytes.

use crate::{
    AnyElement, BareJid, Base64, Date, DateTime, Decimal, Extra, ExtraAttribute, FromText, FullJid,
    Hex, Jid, List, Text, Time, Timestamp,
};

/// Bytes that choices are made by. When they are used up every choice is the smallest one, so that all values end.
#[derive(Debug)]
pub struct Source<'a> {
    bytes: &'a [u8],
    depth: usize,
    version: Option<u8>,
}

/// How deep values nest before only what must be there is made.
const DEPTH: usize = 6;

/// The namespace of what no type knows.
const UNKNOWN: &str = "urn:example:unknown";

impl<'a> Source<'a> {
    /// Choices by these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            depth: 0,
            version: None,
        }
    }

    /// The next byte; zero when there is none.
    pub fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((first, rest)) => {
                self.bytes = rest;
                *first
            }
            None => 0,
        }
    }

    /// The next eight bytes as a number.
    pub fn number(&mut self) -> u64 {
        (0..8).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    /// A number below `limit`; zero for a limit of zero.
    pub fn below(&mut self, limit: usize) -> usize {
        let wide = usize::from(self.byte()) << 8 | usize::from(self.byte());
        wide.checked_rem(limit).unwrap_or(0)
    }

    /// One of several.
    pub fn one_of<T: Copy + Default>(&mut self, all: &[T]) -> T {
        let at = self.below(all.len());
        all.get(at).copied().unwrap_or_default()
    }

    /// The number of an arm of a choice between so many; the first one, which must end soonest, when all is deep.
    pub fn arm(&mut self, arms: usize) -> usize {
        if self.is_deep() { 0 } else { self.below(arms) }
    }

    /// One of the versions of a namespace: the same for all elements of a value, as what is inside an element
    /// follows it.
    pub fn version(&mut self, count: usize) -> usize {
        let version = match self.version {
            Some(version) => version,
            None => self.byte(),
        };
        self.version = Some(version);
        usize::from(version).checked_rem(count).unwrap_or(0)
    }

    /// Whether something that need not be there is.
    pub fn there(&mut self) -> bool {
        !self.is_deep() && self.byte() & 1 == 1
    }

    fn is_deep(&self) -> bool {
        self.depth > DEPTH || self.bytes.is_empty()
    }

    /// Makes what is inside an element.
    pub fn inside<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += 1;
        let made = make(self);
        self.depth -= 1;
        made
    }

    /// What no type knows: attributes, and children too where nothing else of the type takes them.
    pub fn extra(&mut self, children: bool) -> Extra {
        let mut extra = Extra::new();
        if self.there() {
            extra.push_attribute(ExtraAttribute {
                name: Text::from_static("x-unknown"),
                ns: self.one_of(&["", UNKNOWN]).into(),
                value: Text::sample(self),
            });
        }
        if children && self.there() {
            extra.push_child(AnyElement::sample(self));
        }
        extra
    }

    /// A word of an open enumeration that none of its own words is.
    pub fn other_word(&mut self) -> Text {
        format!("x-{}", self.byte()).into()
    }
}

/// A type of which values can be made.
pub trait Sample: Sized {
    /// Makes a value.
    fn sample(source: &mut Source<'_>) -> Self;
}

impl<T: Sample> Sample for Option<T> {
    fn sample(source: &mut Source<'_>) -> Self {
        source.there().then(|| T::sample(source))
    }
}

impl<T: Sample> Sample for Box<T> {
    fn sample(source: &mut Source<'_>) -> Self {
        Self::new(T::sample(source))
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(source: &mut Source<'_>) -> Self {
        let mut all = Self::new();
        while all.len() < 3 && source.there() {
            all.push(T::sample(source));
        }
        all
    }
}

impl<T: Sample> Sample for List<T> {
    fn sample(source: &mut Source<'_>) -> Self {
        Vec::sample(source).into_iter().collect()
    }
}

impl Sample for bool {
    fn sample(source: &mut Source<'_>) -> Self {
        source.byte() & 1 == 1
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Sample for $number {
            fn sample(source: &mut Source<'_>) -> Self {
                match source.byte() % 4 {
                    0 => Self::MIN,
                    1 => Self::MAX,
                    _ => source.number() as Self,
                }
            }
        }
    )*};
}

numbers! { u8 u16 u32 u64 i8 i16 i32 i64 }

impl Sample for f32 {
    fn sample(source: &mut Source<'_>) -> Self {
        f32::from(i16::sample(source)) / 8.0
    }
}

impl Sample for f64 {
    fn sample(source: &mut Source<'_>) -> Self {
        f64::from(i32::sample(source)) / 8.0
    }
}

impl Sample for Text {
    /// Letters of one to four bytes, all that has to be escaped, and white space of every kind.
    fn sample(source: &mut Source<'_>) -> Self {
        const PIECES: &[&str] = &[
            "a", "Z", "7", " ", "<", ">", "&", "'", "\"", "]]>", "\t", "\n", "\r", "é", "漢", "🎭",
            "&amp;", "<!--", "=", "/", "{", "}", "\u{a0}", "\u{7f}", "xmlns",
        ];
        let length = source.below(9);
        (0..length)
            .map(|_| source.one_of(PIECES))
            .collect::<String>()
            .into()
    }
}

/// A value read from one of these.
fn read<T: FromText + Default>(source: &mut Source<'_>, texts: &[&'static str]) -> T {
    T::from_text(source.one_of(texts).into()).unwrap_or_default()
}

const BARE: &[&str] = &[
    "example.org",
    "juliet@capulet.example",
    "ñandú@例え.example",
    "a@[::1]",
];
const FULL: &[&str] = &[
    "juliet@capulet.example/balcony",
    "example.org/a 'b' <c>",
    "r@b.example/&",
];

impl Sample for BareJid {
    fn sample(source: &mut Source<'_>) -> Self {
        let text = source.one_of(BARE);
        Self::from_text(text.into()).unwrap_or_else(|_| fallback("example.org"))
    }
}

impl Sample for FullJid {
    fn sample(source: &mut Source<'_>) -> Self {
        let text = source.one_of(FULL);
        Self::from_text(text.into()).unwrap_or_else(|_| fallback("example.org/a"))
    }
}

impl Sample for Jid {
    fn sample(source: &mut Source<'_>) -> Self {
        let texts = if source.there() { FULL } else { BARE };
        let text = source.one_of(texts);
        Self::from_text(text.into()).unwrap_or_else(|_| fallback("example.org"))
    }
}

#[expect(clippy::expect_used, reason = "the texts are ours")]
fn fallback<T: FromText>(text: &'static str) -> T {
    T::from_text(Text::from_static(text)).expect("an address")
}

impl Sample for DateTime {
    fn sample(source: &mut Source<'_>) -> Self {
        if source.there() {
            return read(
                source,
                &["2026-01-31T12:00:00Z", "1969-07-21T02:56:15.123+02:00"],
            );
        }
        let seconds = i64::from(u32::sample(source));
        Timestamp::from_second(seconds)
            .map(Self::from_timestamp)
            .unwrap_or_default()
    }
}

impl Sample for Date {
    fn sample(source: &mut Source<'_>) -> Self {
        let texts = ["1776-07-04", "2026-02-28"];
        let text = source.one_of(&texts);
        Self::from_text(text.into()).unwrap_or_else(|_| fallback("1776-07-04"))
    }
}

impl Sample for Time {
    fn sample(source: &mut Source<'_>) -> Self {
        let texts = ["16:00:00Z", "12:30:01.5+02:00"];
        let text = source.one_of(&texts);
        Self::from_text(text.into()).unwrap_or_else(|_| fallback("16:00:00Z"))
    }
}

fn some_bytes(source: &mut Source<'_>) -> Vec<u8> {
    let length = source.below(7);
    (0..length).map(|_| source.byte()).collect()
}

impl Sample for Base64 {
    fn sample(source: &mut Source<'_>) -> Self {
        Self(some_bytes(source).into())
    }
}

impl Sample for Decimal {
    fn sample(source: &mut Source<'_>) -> Self {
        let texts = ["0", "-1.5", "327.255249", "18446744073709551616"];
        let text = source.one_of(&texts);
        Self::from_text(text.into()).unwrap_or_default()
    }
}

impl Sample for Hex {
    fn sample(source: &mut Source<'_>) -> Self {
        Self(some_bytes(source).into())
    }
}

impl Sample for AnyElement {
    fn sample(source: &mut Source<'_>) -> Self {
        let (value, text) = (Text::sample(source), Text::sample(source));
        let nested = source.there();
        Self::build(|w| {
            w.start("x-any", UNKNOWN);
            w.attr("a", value);
            if nested {
                w.empty_element("x-in", "urn:example:other");
            }
            w.text(text);
            w.end("x-any");
        })
    }
}
