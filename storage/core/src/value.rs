//! One value in a row.

use std::fmt;

use crate::ColumnType;

/// One value in a row or a key.
///
/// Values order as the backends order them: [`Null`](Self::Null) first, numbers and timestamps by
/// size, `false` before `true`, text and bytes by their octets (no collation). Values of different
/// types never meet in one column; their order is that of the variants.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// No value: only in columns that are optional.
    Null,
    /// UTF-8 text.
    Text(String),
    /// A signed 64-bit number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// Octets.
    Bytes(Vec<u8>),
    /// A point in time, in microseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
}

impl Value {
    /// The type of column this value fits, `None` for [`Null`](Self::Null), which fits every
    /// optional column.
    pub fn column_type(&self) -> Option<ColumnType> {
        match self {
            Self::Null => None,
            Self::Text(_) => Some(ColumnType::Text),
            Self::Integer(_) => Some(ColumnType::Integer),
            Self::Boolean(_) => Some(ColumnType::Boolean),
            Self::Bytes(_) => Some(ColumnType::Bytes),
            Self::Timestamp(_) => Some(ColumnType::Timestamp),
        }
    }

    /// Whether this is [`Null`](Self::Null).
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// Text and octets are shown by their length only: a value may be a secret, and whoever prints it
/// does not know its column.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Text(text) => write!(f, "Text({} octets)", text.len()),
            Self::Integer(number) => write!(f, "Integer({number})"),
            Self::Boolean(flag) => write!(f, "Boolean({flag})"),
            Self::Bytes(bytes) => write!(f, "Bytes({} octets)", bytes.len()),
            Self::Timestamp(micros) => write!(f, "Timestamp({micros})"),
        }
    }
}
