//! Types for settings: how a person writes a length of time or an amount of bytes.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sestina_storage::Secret;

/// A length of time, written with its unit: `500ms`, `30s`, `5m`, `2h`, `7d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(pub Duration);

/// An amount of bytes, written with its unit: `512B`, `64KiB`, `10MiB`, `1GiB`. A bare number is
/// bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

/// A text that is never shown: a password, or a key that others have too.
#[derive(Clone, Default)]
pub struct SecretText(Secret<String>);

/// A setting's text that does not name a time or an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {wanted}")]
pub struct SettingError {
    found: String,
    wanted: &'static str,
}

const INTERVAL: &str = "a length of time such as \"500ms\", \"30s\", \"5m\", \"2h\" or \"7d\"";
const BYTES: &str = "an amount of bytes such as \"512B\", \"64KiB\", \"10MiB\" or \"1GiB\"";

impl Interval {
    /// So many seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Interval(Duration::from_secs(seconds))
    }

    /// As the standard library's duration.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl SecretText {
    /// Takes the text in.
    pub fn new(text: impl Into<String>) -> Self {
        SecretText(Secret::new(text.into()))
    }

    /// The text. The name is long enough to be noticed in a review.
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether nothing was set.
    pub fn is_empty(&self) -> bool {
        self.0.expose_secret().is_empty()
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "\"\"" } else { "\"…\"" })
    }
}

/// In a time that says nothing of where the difference is.
impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        use subtle::ConstantTimeEq as _;
        let (ours, theirs) = (self.expose_secret(), other.expose_secret());
        ours.as_bytes().ct_eq(theirs.as_bytes()).into()
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(SecretText::new)
    }
}

impl ByteSize {
    /// As a number of bytes in memory.
    pub fn bytes(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// Reads a number and refuses one out of bounds, for generated settings.
///
/// # Errors
///
/// What the deserializer says, or which numbers are allowed.
pub fn within<'de, D: Deserializer<'de>>(
    deserializer: D,
    min: i64,
    max: i64,
) -> Result<i64, D::Error> {
    let number = i64::deserialize(deserializer)?;
    if (min..=max).contains(&number) {
        return Ok(number);
    }
    let allowed = match (min, max) {
        (_, i64::MAX) => format!("at least {min}"),
        (i64::MIN, _) => format!("at most {max}"),
        _ => format!("from {min} to {max}"),
    };
    Err(serde::de::Error::custom(format_args!(
        "{number} is out of bounds: write a number {allowed}"
    )))
}

/// Splits `30s` into number and unit.
fn split(text: &str) -> Option<(u64, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim()))
}

impl FromStr for Interval {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let interval = split(text.trim()).and_then(|(number, unit)| {
            let milliseconds: u64 = match unit {
                "ms" => 1,
                "s" => 1_000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                _ => return None,
            };
            Some(Interval(Duration::from_millis(
                number.checked_mul(milliseconds)?,
            )))
        });
        interval.ok_or_else(|| SettingError {
            found: text.to_owned(),
            wanted: INTERVAL,
        })
    }
}

impl FromStr for ByteSize {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let size = split(text.trim()).and_then(|(number, unit)| {
            let shift = match unit {
                "" | "B" => 0,
                "KiB" => 10,
                "MiB" => 20,
                "GiB" => 30,
                _ => return None,
            };
            Some(ByteSize(number.checked_mul(1 << shift)?))
        });
        size.ok_or_else(|| SettingError {
            found: text.to_owned(),
            wanted: BYTES,
        })
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        for (unit, length) in [
            ("d", 86_400_000),
            ("h", 3_600_000),
            ("m", 60_000),
            ("s", 1_000),
        ] {
            if milliseconds != 0 && milliseconds.is_multiple_of(length) {
                return write!(f, "{}{unit}", milliseconds / length);
            }
        }
        write!(f, "{milliseconds}ms")
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] {
            let length = 1_u64 << shift;
            if self.0 != 0 && self.0.is_multiple_of(length) {
                return write!(f, "{}{unit}", self.0 / length);
            }
        }
        write!(f, "{}B", self.0)
    }
}

/// A text or a bare number, as TOML may hold either.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u64),
    Text(String),
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Number(bytes) => Ok(ByteSize(bytes)),
            Written::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_read_and_print_back() {
        for text in ["500ms", "30s", "5m", "2h", "7d", "0ms"] {
            assert_eq!(text.parse::<Interval>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "30",
            "s",
            "-1s",
            "1w",
            "99999999999999999999s",
            "213503982334601d",
        ] {
            assert!(text.parse::<Interval>().is_err(), "{text}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let secret = SecretText::new("hunter2");
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert_eq!(secret.expose_secret(), "hunter2");
        assert_ne!(secret, SecretText::default());
    }

    #[test]
    fn sizes_read_and_print_back() {
        for text in ["0B", "512B", "64KiB", "10MiB", "1GiB"] {
            assert_eq!(text.parse::<ByteSize>().unwrap().to_string(), text);
        }
        assert_eq!("4096".parse::<ByteSize>().unwrap().to_string(), "4KiB");
        for text in ["", "KiB", "1kb", "99999999999GiB"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }
}
