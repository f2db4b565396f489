//! Dates and times (XEP-0082).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil;

use super::{FromText, TextWriter, ToText, ValueError, is_space};
use crate::Text;

/// An instant (XEP-0082 §3.2).
///
/// It keeps the text it was read from, so that passing it on changes nothing: neither the number of
/// fraction digits nor the offset. Comparing looks at the instant only.
#[derive(Clone)]
pub struct DateTime {
    text: Text,
    timestamp: Timestamp,
}

impl DateTime {
    /// The instant in UTC, to the microsecond, with as many fraction digits as it needs. XEP-0082 §3.2 allows any number of them, and there
    /// are clients that read six at most (aioxmpp drops the stanza).
    pub fn from_timestamp(timestamp: Timestamp) -> Self {
        let cut = Timestamp::from_microsecond(timestamp.as_microsecond());
        let timestamp = cut.unwrap_or(timestamp);
        Self {
            text: Text::from(timestamp.to_string()),
            timestamp,
        }
    }

    /// The instant.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The text as it was read or will be written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromText for DateTime {
    fn from_text(text: Text) -> Result<Self, ValueError> {
        let trimmed = text.trim_matches(is_space);
        let timestamp = trimmed
            .parse()
            .map_err(|_| ValueError::new("a date and time such as `2026-01-31T12:00:00Z`"))?;
        let text = if trimmed.len() == text.len() {
            text
        } else {
            text.share(trimmed)
        };
        Ok(Self { text, timestamp })
    }
}

impl ToText for DateTime {
    fn to_text(&self, out: &mut TextWriter<'_>) {
        out.push(&self.text);
    }
}

impl Default for DateTime {
    /// The beginning of 1970.
    fn default() -> Self {
        Self {
            text: Text::from_static("1970-01-01T00:00:00Z"),
            timestamp: Timestamp::UNIX_EPOCH,
        }
    }
}

impl From<Timestamp> for DateTime {
    fn from(timestamp: Timestamp) -> Self {
        Self::from_timestamp(timestamp)
    }
}

impl FromStr for DateTime {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::from_text(Text::from(text))
    }
}

impl PartialEq for DateTime {
    fn eq(&self, other: &Self) -> bool {
        self.timestamp == other.timestamp
    }
}
impl Eq for DateTime {}
impl PartialOrd for DateTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for DateTime {
    fn cmp(&self, other: &Self) -> Ordering {
        self.timestamp.cmp(&other.timestamp)
    }
}
impl Hash for DateTime {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.timestamp.hash(state);
    }
}

macro_rules! shown_as_text {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.text, f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.text, f)
            }
        }
    )*};
}
shown_as_text!(DateTime Date Time);

/// A date without a time (XEP-0082 §3.1). Keeps its text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Date {
    text: Text,
    date: civil::Date,
}

impl Date {
    /// The day as a text of the usual form.
    pub fn from_date(date: civil::Date) -> Self {
        Self {
            text: Text::from(date.to_string()),
            date,
        }
    }

    /// The day.
    pub fn date(&self) -> civil::Date {
        self.date
    }
}

impl Default for Date {
    /// The first day of 1970.
    fn default() -> Self {
        Self::from_date(civil::Date::constant(1970, 1, 1))
    }
}

impl FromText for Date {
    fn from_text(text: Text) -> Result<Self, ValueError> {
        let date = text
            .trim_matches(is_space)
            .parse()
            .map_err(|_| ValueError::new("a date such as `2026-01-31`"))?;
        Ok(Self { text, date })
    }
}

impl ToText for Date {
    fn to_text(&self, out: &mut TextWriter<'_>) {
        out.push(&self.text);
    }
}

/// A time of day, with an offset from UTC where one is given (XEP-0082 §3.3). Keeps its text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Time {
    text: Text,
    time: civil::Time,
    offset_minutes: Option<i16>,
}

impl Time {
    /// The time on the clock, before the offset is applied.
    pub fn time(&self) -> civil::Time {
        self.time
    }

    /// Minutes east of UTC; none for a local time.
    pub fn offset_minutes(&self) -> Option<i16> {
        self.offset_minutes
    }
}

impl FromText for Time {
    fn from_text(text: Text) -> Result<Self, ValueError> {
        let error = || ValueError::new("a time such as `12:00:00Z`");
        let whole = text.trim_matches(is_space);
        let (clock, offset) = match whole.find(['Z', '+', '-']) {
            Some(at) => whole.split_at(at),
            None => (whole, ""),
        };
        let time = clock.parse().map_err(|_| error())?;
        let offset_minutes = match offset {
            "" => None,
            "Z" => Some(0),
            _ => {
                let (sign, rest) = offset.split_at(1);
                let (hours, minutes) = rest.split_once(':').ok_or_else(error)?;
                let hours: u8 = hours.parse().map_err(|_| error())?;
                let minutes: u8 = minutes.parse().map_err(|_| error())?;
                if hours > 23 || minutes > 59 {
                    return Err(error());
                }
                let east = i16::from(hours) * 60 + i16::from(minutes);
                Some(if sign == "-" { -east } else { east })
            }
        };
        Ok(Self {
            text,
            time,
            offset_minutes,
        })
    }
}

impl ToText for Time {
    fn to_text(&self, out: &mut TextWriter<'_>) {
        out.push(&self.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_keep_their_text() {
        for text in [
            "2026-11-23T13:00:00Z",
            "2026-11-23T13:00:00.120Z",
            "2026-11-23T13:00:00+01:00",
            "2026-11-23T13:00:00.0-00:30",
        ] {
            let read: DateTime = text.parse().unwrap();
            assert_eq!(read.to_text_value(), text);
        }
        let a: DateTime = "2026-11-23T13:00:00+01:00".parse().unwrap();
        let b: DateTime = "2026-11-23T12:00:00Z".parse().unwrap();
        assert_eq!(a, b);
        assert!("2026-11-23".parse::<DateTime>().is_err());
        assert!("yesterday".parse::<DateTime>().is_err());
        assert_eq!(
            DateTime::from_timestamp(b.timestamp()).as_str(),
            "2026-11-23T12:00:00Z"
        );
        assert_eq!(
            DateTime::default(),
            DateTime::from_timestamp(Timestamp::UNIX_EPOCH)
        );
        let exact = Timestamp::new(1_795_435_200, 237_419_138).unwrap();
        assert_eq!(
            DateTime::from_timestamp(exact).as_str(),
            "2026-11-23T12:00:00.237419Z"
        );
    }

    #[test]
    fn days_and_times_of_day() {
        assert_eq!(
            Date::from_text("2026-02-28".into()).unwrap().date(),
            civil::date(2026, 2, 28)
        );
        assert!(Date::from_text("2026-02-30".into()).is_err());
        assert_eq!(
            Time::from_text("12:30:00-07:30".into())
                .unwrap()
                .offset_minutes(),
            Some(-450)
        );
        assert_eq!(
            Time::from_text("12:30:00".into()).unwrap().offset_minutes(),
            None
        );
        assert!(Time::from_text("12:30:00+99:00".into()).is_err());
    }
}
