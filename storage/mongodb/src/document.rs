//! Rows as documents.

use mongodb::bson::{Binary, Bson, Document, doc, spec::BinarySubtype};
use sestina_storage::{ColumnType, StorageError, TableDescriptor, Value, ordered};

use crate::{encoded, filter, hexadecimal, journal};

/// The `_id` of the row with this key.
pub(crate) fn id(key: &[Value]) -> String {
    encoded(key)
}

/// The key of the row with this `_id`.
pub(crate) fn key(id: &str) -> Result<Vec<Value>, StorageError> {
    let octets = octets(id).ok_or_else(|| StorageError::corrupt("an _id that is no key"))?;
    ordered::decode(&octets)
}

/// Finds the rows that come after a key, or all.
pub(crate) fn after(key: Option<&[Value]>) -> Document {
    let mut filter = doc! { journal::ABSENT: null };
    if let Some(key) = key {
        filter.insert("_id", doc! { "$gt": id(key) });
    }
    filter
}

/// The document of a row. A column without value has no field, which MongoDB treats as null.
pub(crate) fn from_row(table: &TableDescriptor, row: &[Value]) -> Document {
    let mut document = Document::new();
    document.insert("_id", id(&table.key_of(row)));
    for (column, value) in table.columns.iter().zip(row) {
        if !value.is_null() {
            document.insert(column.name, to_bson(table, column.name, value));
        }
    }
    document
}

/// A value as the field of its column holds it. MongoDB sorts octets by their number first: where
/// their order counts they are hexadecimal digits.
pub(crate) fn to_bson(table: &TableDescriptor, column: &str, value: &Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Text(text) => Bson::String(text.clone()),
        // Microseconds: MongoDB's own dates know milliseconds.
        Value::Integer(number) | Value::Timestamp(number) => Bson::Int64(*number),
        Value::Boolean(flag) => Bson::Boolean(*flag),
        Value::Bytes(bytes) if is_ordered(table, column) => Bson::String(hexadecimal(bytes)),
        Value::Bytes(bytes) => Bson::Binary(Binary {
            subtype: BinarySubtype::Generic,
            bytes: bytes.clone(),
        }),
    }
}

/// Whether rows are looked up or ordered by a column.
pub(crate) fn is_ordered(table: &TableDescriptor, column: &str) -> bool {
    table.key.contains(&column)
        || filter::indexes(table)
            .iter()
            .any(|index| index.contains(&column))
}

/// The row of a document.
pub(crate) fn to_row(
    table: &TableDescriptor,
    document: &Document,
) -> Result<Vec<Value>, StorageError> {
    let columns = table.columns.iter();
    columns
        .map(|column| {
            let value = match (column.ty, document.get(column.name)) {
                (_, None | Some(Bson::Null)) => Some(column.of_older_rows()),
                (ColumnType::Text, Some(Bson::String(text))) => Some(Value::Text(text.clone())),
                (ColumnType::Boolean, Some(Bson::Boolean(flag))) => Some(Value::Boolean(*flag)),
                (ColumnType::Integer, Some(number)) => integer(number).map(Value::Integer),
                (ColumnType::Timestamp, Some(number)) => integer(number).map(Value::Timestamp),
                (ColumnType::Bytes, Some(Bson::Binary(binary))) => {
                    Some(Value::Bytes(binary.bytes.clone()))
                }
                (ColumnType::Bytes, Some(Bson::String(digits))) => octets(digits).map(Value::Bytes),
                _ => None,
            };
            value.ok_or_else(|| {
                StorageError::Corrupt(format!(
                    "table {}: a field does not fit column {}",
                    table.name, column.name
                ))
            })
        })
        .collect()
}

fn integer(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int64(number) => Some(*number),
        // Whoever edits by hand writes small numbers so.
        Bson::Int32(number) => Some(i64::from(*number)),
        _ => None,
    }
}

/// The octets of hexadecimal digits.
pub(crate) fn octets(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|n| u8::try_from(n).ok())
    };
    pairs
        .iter()
        .map(|&[high, low]| Some((digit(high)? << 4) | digit(low)?))
        .collect()
}
