//! Rust types as values of columns.

use bytes::Bytes;
use jiff::Timestamp;
use sestina_wire::{BareJid, DateTime, FullJid, Jid, Text};
use zeroize::Zeroize;

use crate::{Secret, StorageError, Value};

/// A Rust type that a column can hold.
pub trait ColumnValue: Sized {
    /// The value to store.
    fn to_value(&self) -> Value;

    /// The stored value, read back.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] when it is not one of this type.
    fn from_value(value: Value) -> Result<Self, StorageError>;
}

fn misfit<T>(wanted: &str) -> Result<T, StorageError> {
    Err(StorageError::Corrupt(format!(
        "a column holds something else than {wanted}"
    )))
}

macro_rules! plain {
    ($($type:ty => $variant:ident, $wanted:literal;)*) => {$(
        impl ColumnValue for $type {
            fn to_value(&self) -> Value {
                Value::$variant(self.clone())
            }
            fn from_value(value: Value) -> Result<Self, StorageError> {
                match value {
                    Value::$variant(inner) => Ok(inner),
                    _ => misfit($wanted),
                }
            }
        }
        impl From<$type> for Value {
            fn from(inner: $type) -> Self {
                Self::$variant(inner)
            }
        }
    )*};
}

plain! {
    String => Text, "text";
    i64 => Integer, "a number";
    bool => Boolean, "true or false";
    Vec<u8> => Bytes, "octets";
}

macro_rules! small_numbers {
    ($($type:ty)*) => {$(
        impl ColumnValue for $type {
            fn to_value(&self) -> Value {
                Value::Integer(i64::from(*self))
            }
            fn from_value(value: Value) -> Result<Self, StorageError> {
                match value {
                    Value::Integer(number) => Self::try_from(number)
                        .or_else(|_| misfit(concat!("a ", stringify!($type)))),
                    _ => misfit("a number"),
                }
            }
        }
        impl From<$type> for Value {
            fn from(number: $type) -> Self {
                Self::Integer(i64::from(number))
            }
        }
    )*};
}

small_numbers!(u8 i8 u16 i16 u32 i32);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl ColumnValue for Bytes {
    fn to_value(&self) -> Value {
        Value::Bytes(self.to_vec())
    }

    fn from_value(value: Value) -> Result<Self, StorageError> {
        Vec::<u8>::from_value(value).map(Self::from)
    }
}

impl From<Bytes> for Value {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes.into())
    }
}

/// Kept to the microsecond; what is finer is cut off.
impl ColumnValue for Timestamp {
    fn to_value(&self) -> Value {
        Value::Timestamp(self.as_microsecond())
    }

    fn from_value(value: Value) -> Result<Self, StorageError> {
        match value {
            Value::Timestamp(micros) => {
                Self::from_microsecond(micros).map_err(StorageError::corrupt)
            }
            _ => misfit("a time"),
        }
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        time.to_value()
    }
}

/// Kept as a point in time, to the microsecond; the text it was written with is not.
impl ColumnValue for DateTime {
    fn to_value(&self) -> Value {
        self.timestamp().to_value()
    }

    fn from_value(value: Value) -> Result<Self, StorageError> {
        Timestamp::from_value(value).map(Self::from_timestamp)
    }
}

impl ColumnValue for Text {
    fn to_value(&self) -> Value {
        Value::Text(self.as_str().to_owned())
    }

    fn from_value(value: Value) -> Result<Self, StorageError> {
        String::from_value(value).map(Self::from)
    }
}

macro_rules! addresses {
    ($($type:ident)*) => {$(
        impl ColumnValue for $type {
            fn to_value(&self) -> Value {
                Value::Text(self.as_str().to_owned())
            }
            fn from_value(value: Value) -> Result<Self, StorageError> {
                let jid = Jid::parse_text(Text::from_value(value)?);
                let jid = jid.map_err(StorageError::corrupt)?;
                Self::try_from(jid).or_else(|_| misfit("a JID of its kind"))
            }
        }
        impl From<&$type> for Value {
            fn from(jid: &$type) -> Self {
                jid.to_value()
            }
        }
    )*};
}

addresses!(Jid BareJid FullJid);

impl<T: ColumnValue> ColumnValue for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }

    fn from_value(value: Value) -> Result<Self, StorageError> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl<T: ColumnValue + Zeroize> ColumnValue for Secret<T> {
    fn to_value(&self) -> Value {
        self.expose_secret().to_value()
    }

    fn from_value(value: Value) -> Result<Self, StorageError> {
        T::from_value(value).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        assert!(u8::from_value(Value::Integer(256)).is_err());
        assert!(u32::from_value(Value::Integer(-1)).is_err());
        assert_eq!(u8::from_value(Value::Integer(255)), Ok(255));
    }

    #[test]
    fn addresses_keep_their_kind() {
        let bare = BareJid::from_value("romeo@example.org".into()).unwrap();
        assert_eq!(bare.as_str(), "romeo@example.org");
        assert!(BareJid::from_value("romeo@example.org/orchard".into()).is_err());
        assert!(FullJid::from_value("romeo@example.org".into()).is_err());
        assert!(Jid::from_value("@".into()).is_err());
    }

    #[test]
    fn options_and_secrets_go_there_and_back() {
        assert_eq!(None::<String>.to_value(), Value::Null);
        assert_eq!(Option::<i64>::from_value(Value::Integer(3)), Ok(Some(3)));
        let secret = Secret::<Vec<u8>>::from_value(Value::Bytes(vec![1])).unwrap();
        assert_eq!(secret.to_value(), Value::Bytes(vec![1]));
        assert!(String::from_value(Value::Null).is_err());
    }
}
