//! Numbers in decimal digits, exact and of any size.

use std::cmp::Ordering;
use std::fmt;

use super::{FromText, TextWriter, ToText, ValueError, is_space};
use crate::Text;

/// A decimal number (`xs:decimal`) with all its digits: what a `f64` would round stays as it is.
///
/// Two that differ in leading or trailing zeros alone are equal, and are written the same.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Decimal(Text);

impl Decimal {
    /// The digits, with a `-` before and a point among them where there has to be one.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest binary floating point number.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }

    /// Whether it is below zero, its digits before the point, and those after it.
    fn parts(&self) -> (bool, &str, &str) {
        let digits = self.0.strip_prefix('-');
        let negative = digits.is_some();
        let (whole, fraction) = halves(digits.unwrap_or(&self.0));
        (negative, whole, fraction)
    }
}

fn halves(digits: &str) -> (&str, &str) {
    digits.split_once('.').unwrap_or((digits, ""))
}

impl FromText for Decimal {
    fn from_text(text: Text) -> Result<Self, ValueError> {
        let trimmed = text.trim_matches(is_space);
        let negative = trimmed.starts_with('-');
        let digits = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
        let (whole, fraction) = halves(digits);
        let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(fraction) || whole.len() + fraction.len() == 0 {
            return Err(ValueError::new("a decimal number"));
        }
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        let fraction = fraction.trim_end_matches('0');
        let sign = if negative && (whole != "0" || !fraction.is_empty()) {
            "-"
        } else {
            ""
        };
        let point = if fraction.is_empty() { "" } else { "." };
        let length = sign.len() + whole.len() + point.len() + fraction.len();
        if length == text.len() && text.starts_with(sign) && !text.starts_with('+') {
            // As it would be written: no copy.
            return Ok(Self(text));
        }
        Ok(Self(Text::from([sign, whole, point, fraction].concat())))
    }
}

impl ToText for Decimal {
    fn to_text(&self, out: &mut TextWriter<'_>) {
        out.push_plain(&self.0);
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((negative, whole, fraction), (other_negative, other_whole, other_fraction)) =
            (self.parts(), other.parts());
        let size = whole
            .len()
            .cmp(&other_whole.len())
            .then_with(|| whole.cmp(other_whole))
            .then_with(|| fraction.cmp(other_fraction));
        match (negative, other_negative) {
            (false, false) => size,
            (true, true) => size.reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Default for Decimal {
    fn default() -> Self {
        Self(Text::from("0"))
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Decimal {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::from_text(text.into())
    }
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Self {
        Self(Text::from(number.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn equal_numbers_are_written_the_same() {
        for (text, written) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("+1", "1"),
            ("-01.50", "-1.5"),
            (".5", "0.5"),
            ("5.", "5"),
            (" 10 ", "10"),
            ("1.5", "1.5"),
            ("+.5", "0.5"),
            (
                "123456789012345678901234567890.000000000000000000001",
                "123456789012345678901234567890.000000000000000000001",
            ),
        ] {
            assert_eq!(read(text).to_text_value(), written, "{text}");
            assert_eq!(read(text), read(written));
        }
        for wrong in ["", ".", "-", "1e3", "1,5", "1 5", "--1", "NaN", "1.2.3"] {
            assert!(Decimal::from_text(wrong.into()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn they_are_ordered_as_numbers() {
        let sorted = [
            "-10", "-9.5", "-0.1", "0", "0.09", "0.1", "2", "10", "10.01",
        ];
        for pair in sorted.windows(2) {
            assert!(read(pair[0]) < read(pair[1]), "{pair:?}");
        }
        assert!((read("-1.25").to_f64() + 1.25).abs() < f64::EPSILON);
    }
}
