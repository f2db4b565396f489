//! Values: built-in types of XML Schema and their facets.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::pattern::Pattern;
use crate::value::is_space;
use crate::{Base64, Date, DateTime, FromText, Text, Time};

/// A type of text.
#[derive(Debug)]
pub(super) struct Simple {
    base: Base,
    enumeration: Vec<Box<str>>,
    patterns: Vec<Pattern>,
    /// One of the patterns could not be read: then nothing can be said by any of them.
    unreadable: bool,
    lengths: Vec<(Length, usize)>,
    bounds: Vec<(Bound, Box<str>)>,
}

#[derive(Debug)]
enum Base {
    Builtin(Box<str>),
    Simple(usize),
    List(usize),
    Union(Vec<usize>),
}

#[derive(Debug, Clone, Copy)]
enum Length {
    Exactly,
    Least,
    Most,
    /// Digits of a number.
    Digits,
    /// Those behind the point.
    Fraction,
}

#[derive(Debug, Clone, Copy)]
enum Bound {
    MinInclusive,
    MaxInclusive,
    MinExclusive,
    MaxExclusive,
}

impl Simple {
    pub(super) fn new(
        base: &str,
        simple: impl Fn(&str) -> Result<usize, &'static str>,
    ) -> Result<Self, &'static str> {
        let base = if let Some(name) = base.strip_prefix("xs:") {
            Base::Builtin(name.into())
        } else if let Some(item) = base.strip_prefix('*') {
            Base::List(simple(item)?)
        } else if let Some(members) = base.strip_prefix('|') {
            Base::Union(
                members
                    .split_whitespace()
                    .map(simple)
                    .collect::<Result<_, _>>()?,
            )
        } else {
            Base::Simple(simple(base)?)
        };
        Ok(Self {
            base,
            enumeration: Vec::new(),
            patterns: Vec::new(),
            unreadable: false,
            lengths: Vec::new(),
            bounds: Vec::new(),
        })
    }

    pub(super) fn facet(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        let mut length = |length| {
            let number = value.trim().parse().map_err(|_| "a length is a number")?;
            self.lengths.push((length, number));
            Ok(())
        };
        match name {
            "length" => return length(Length::Exactly),
            "minLength" => return length(Length::Least),
            "maxLength" => return length(Length::Most),
            "totalDigits" => return length(Length::Digits),
            "fractionDigits" => return length(Length::Fraction),
            "enumeration" => self.enumeration.push(value.into()),
            // Refusing what cannot be judged would be worse than letting it pass.
            "pattern" => match Pattern::read(value) {
                Some(pattern) => self.patterns.push(pattern),
                None => self.unreadable = true,
            },
            "minInclusive" => self.bounds.push((Bound::MinInclusive, value.trim().into())),
            "maxInclusive" => self.bounds.push((Bound::MaxInclusive, value.trim().into())),
            "minExclusive" => self.bounds.push((Bound::MinExclusive, value.trim().into())),
            "maxExclusive" => self.bounds.push((Bound::MaxExclusive, value.trim().into())),
            _ => return Err("an unknown facet"),
        }
        Ok(())
    }
}

/// How deep types are derived from each other at most.
const DEPTH: usize = 64;

/// Checks a value; the error says why not, so that "`value` …" is a sentence.
pub(super) fn check(all: &[Simple], at: usize, value: &str) -> Result<(), String> {
    within(all, at, value, DEPTH)
}

fn within(all: &[Simple], at: usize, value: &str, depth: usize) -> Result<(), String> {
    let (Some(simple), Some(depth)) = (all.get(at), depth.checked_sub(1)) else {
        return Ok(());
    };
    match &simple.base {
        Base::Builtin(name) => builtin(name, value)?,
        Base::Simple(base) => within(all, *base, value, depth)?,
        Base::List(item) => {
            for part in value.split_whitespace() {
                within(all, *item, part, depth)?;
            }
        }
        Base::Union(members) => {
            let mut first = None;
            for member in members {
                match within(all, *member, value, depth) {
                    Ok(()) => {
                        first = None;
                        break;
                    }
                    Err(why) => first = first.or(Some(why)),
                }
            }
            if let Some(why) = first {
                return Err(why);
            }
        }
    }
    facets(all, simple, value)
}

fn facets(all: &[Simple], simple: &Simple, value: &str) -> Result<(), String> {
    let kind = kind(all, simple, DEPTH);
    let value = &*match kind {
        Kind::Text(false) => Cow::Borrowed(value),
        _ => collapsed(value),
    };
    if !simple.enumeration.is_empty() && !simple.enumeration.iter().any(|word| **word == *value) {
        let words: Vec<&str> = simple.enumeration.iter().map(|word| &**word).collect();
        return Err(format!("is none of `{}`", words.join("`, `")));
    }
    let judged = !simple.patterns.is_empty() && !simple.unreadable;
    if judged && !simple.patterns.iter().any(|one| one.matches(value)) {
        let patterns: Vec<&str> = simple.patterns.iter().map(Pattern::as_str).collect();
        return Err(format!("does not match `{}`", patterns.join("` or `")));
    }
    for (what, limit) in &simple.lengths {
        length(kind, *what, *limit, value)?;
    }
    for (what, bound) in &simple.bounds {
        let Some(order) = compare(value, bound) else {
            continue;
        };
        let (holds, words) = match what {
            Bound::MinInclusive => (order != Ordering::Less, "is less than"),
            Bound::MaxInclusive => (order != Ordering::Greater, "is more than"),
            Bound::MinExclusive => (order == Ordering::Greater, "is not more than"),
            Bound::MaxExclusive => (order == Ordering::Less, "is not less than"),
        };
        if !holds {
            return Err(format!("{words} {bound}"));
        }
    }
    Ok(())
}

fn length(kind: Kind, what: Length, limit: usize, value: &str) -> Result<(), String> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let fraction = fraction.trim_end_matches('0');
    let (length, unit) = match (what, kind) {
        (Length::Digits, _) => {
            let whole = whole.trim_start_matches(['+', '-']).trim_start_matches('0');
            (digits(whole) + digits(fraction), "digits")
        }
        (Length::Fraction, _) => (digits(fraction), "digits behind the point"),
        (_, Kind::List) => (value.split_whitespace().count(), "items"),
        (_, Kind::Hex) => (value.len() / 2, "bytes"),
        (_, Kind::Base64) => {
            let bytes = Base64::from_text(value.into());
            (bytes.map_or(0, |bytes| bytes.0.len()), "bytes")
        }
        (_, Kind::Text(_)) => (value.chars().count(), "characters"),
    };
    match what {
        Length::Exactly if length != limit => Err(format!("has not {limit} {unit}")),
        Length::Least if length < limit => Err(format!("has fewer than {limit} {unit}")),
        Length::Most | Length::Digits | Length::Fraction if length > limit => {
            Err(format!("has more than {limit} {unit}"))
        }
        _ => Ok(()),
    }
}

/// What the length of a value counts, and whether white space around it is part of it.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Characters; `true` where white space is collapsed.
    Text(bool),
    Hex,
    Base64,
    List,
}

fn kind(all: &[Simple], simple: &Simple, depth: usize) -> Kind {
    match &simple.base {
        Base::Builtin(name) => match &**name {
            "string" | "normalizedString" | "anySimpleType" | "anyAtomicType" => Kind::Text(false),
            "hexBinary" => Kind::Hex,
            "base64Binary" => Kind::Base64,
            "NMTOKENS" | "IDREFS" | "ENTITIES" => Kind::List,
            _ => Kind::Text(true),
        },
        Base::List(_) => Kind::List,
        Base::Union(_) => Kind::Text(true),
        Base::Simple(base) => match (all.get(*base), depth.checked_sub(1)) {
            (Some(base), Some(depth)) => kind(all, base, depth),
            _ => Kind::Text(false),
        },
    }
}

/// Each run of white space as one space, none at the ends.
fn collapsed(value: &str) -> Cow<'_, str> {
    if !value.contains(is_space) {
        return Cow::Borrowed(value);
    }
    let parts: Vec<&str> = value
        .split(is_space)
        .filter(|part| !part.is_empty())
        .collect();
    Cow::Owned(parts.join(" "))
}

/// Numbers by value, instants by time; `None` for what has no order here.
fn compare(value: &str, bound: &str) -> Option<Ordering> {
    if let (Ok(value), Ok(bound)) = (value.parse::<i128>(), bound.parse::<i128>()) {
        return Some(value.cmp(&bound));
    }
    if let (Ok(value), Ok(bound)) = (value.parse::<f64>(), bound.parse::<f64>()) {
        return value.partial_cmp(&bound);
    }
    let instant = |text: &str| DateTime::from_text(text.into()).ok();
    Some(instant(value)?.cmp(&instant(bound)?))
}

/// Whether a value is of a built-in type.
fn builtin(name: &str, value: &str) -> Result<(), String> {
    let value = &*collapsed(value);
    let integer = |least: i128, most: i128, what: &str| {
        // What does not fit is larger than any bound there is: only a type without a bound allows it.
        let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let fits = match value.parse::<i128>() {
            Ok(number) => least <= number && number <= most,
            Err(_) if value.starts_with('-') => least == i128::MIN,
            Err(_) => most == i128::MAX,
        };
        said(plain && fits, what)
    };
    let text = || Text::from(value);
    match name {
        "boolean" => said(
            matches!(value, "true" | "false" | "0" | "1"),
            "`true` or `false`",
        ),
        "decimal" => said(is_decimal(value), "a decimal number"),
        "float" | "double" => {
            let special = matches!(value, "INF" | "-INF" | "NaN");
            let plain = value.bytes().all(|byte| {
                byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E')
            });
            said(special || plain && value.parse::<f64>().is_ok(), "a number")
        }
        "integer" => integer(i128::MIN, i128::MAX, "a whole number"),
        "nonNegativeInteger" => integer(0, i128::MAX, "a whole number from 0"),
        "positiveInteger" => integer(1, i128::MAX, "a whole number from 1"),
        "nonPositiveInteger" => integer(i128::MIN, 0, "a whole number up to 0"),
        "negativeInteger" => integer(i128::MIN, -1, "a whole number up to -1"),
        "long" => integer(
            i64::MIN.into(),
            i64::MAX.into(),
            "a whole number of 64 bits",
        ),
        "int" => integer(
            i32::MIN.into(),
            i32::MAX.into(),
            "a whole number of 32 bits",
        ),
        "short" => integer(
            i16::MIN.into(),
            i16::MAX.into(),
            "a whole number of 16 bits",
        ),
        "byte" => integer(
            i8::MIN.into(),
            i8::MAX.into(),
            "a whole number from -128 to 127",
        ),
        "unsignedLong" => integer(0, u64::MAX.into(), "a whole number of 64 bits from 0"),
        "unsignedInt" => integer(0, u32::MAX.into(), "a whole number of 32 bits from 0"),
        "unsignedShort" => integer(0, u16::MAX.into(), "a whole number from 0 to 65535"),
        "unsignedByte" => integer(0, u8::MAX.into(), "a whole number from 0 to 255"),
        "dateTime" => said(DateTime::from_text(text()).is_ok(), "a date and time"),
        "date" => said(Date::from_text(text()).is_ok(), "a date"),
        "time" => said(Time::from_text(text()).is_ok(), "a time"),
        "duration" => said(is_duration(value), "a duration"),
        "base64Binary" => said(Base64::from_text(text()).is_ok(), "base64"),
        "hexBinary" => {
            let digits = value.bytes().all(|byte| byte.is_ascii_hexdigit());
            said(
                digits && value.len().is_multiple_of(2),
                "hexadecimal digits in pairs",
            )
        }
        "language" => said(is_language(value), "a language tag"),
        "NMTOKEN" => said(is_token(value), "a name token"),
        "Name" => said(is_name(value, true), "a name"),
        "NCName" | "ID" | "IDREF" | "ENTITY" => said(is_name(value, false), "a name without colon"),
        "NMTOKENS" => said(value.split(' ').all(is_token), "name tokens"),
        "IDREFS" | "ENTITIES" => {
            let names = value.split(' ').all(|name| is_name(name, false));
            said(names, "names without colon")
        }
        "QName" => {
            let (prefix, local) = value.split_once(':').unwrap_or(("q", value));
            said(
                is_name(prefix, false) && is_name(local, false),
                "a qualified name",
            )
        }
        // Texts, anyURI (which allows nearly all of them), and dates without a day that nobody uses.
        _ => Ok(()),
    }
}

fn said(holds: bool, what: &str) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(format!("is not {what}"))
    }
}

fn is_decimal(value: &str) -> bool {
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    all(whole) && all(fraction) && !(whole.is_empty() && fraction.is_empty())
}

/// `P1Y2M3DT4H5M6.7S` with any part left out, but not all of them.
fn is_duration(value: &str) -> bool {
    let Some(rest) = value.strip_prefix('-').unwrap_or(value).strip_prefix('P') else {
        return false;
    };
    let (date, time) = match rest.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (rest, None),
    };
    parts(date, "YMD")
        && time.is_none_or(|time| !time.is_empty() && parts(time, "HMS"))
        && !rest.is_empty()
}

/// Numbers, each with the next of these letters behind it.
fn parts(mut text: &str, mut units: &str) -> bool {
    while !text.is_empty() {
        let Some((number, rest)) = text
            .find(|c: char| c.is_ascii_alphabetic())
            .map(|at| text.split_at(at))
        else {
            return false;
        };
        let mut letters = rest.chars();
        let unit = letters.next().unwrap_or(' ');
        let Some((_, later)) = units.split_once(unit) else {
            return false;
        };
        let fits = if unit == 'S' {
            is_decimal(number) && !number.starts_with(['+', '-'])
        } else {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !fits {
            return false;
        }
        units = later;
        text = letters.as_str();
    }
    true
}

fn is_language(value: &str) -> bool {
    value.split('-').enumerate().all(|(at, part)| {
        (1..=8).contains(&part.len())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphabetic() || at > 0 && byte.is_ascii_digit())
    })
}

pub(super) fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

pub(super) fn is_name_char(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '_' | '-' | '.' | ':' | '\u{B7}')
        || ('\u{300}'..='\u{36F}').contains(&c)
}

fn is_token(value: &str) -> bool {
    !value.is_empty() && value.chars().all(is_name_char)
}

fn is_name(value: &str, colon: bool) -> bool {
    value.starts_with(|c| is_name_start(c) || colon && c == ':')
        && value
            .chars()
            .all(|c| is_name_char(c) && (colon || c != ':'))
}
