//! Rows as lines of JSON: an object with the names of the columns, or `{"-":[…]}` with the key of a
//! row that is gone. Octets are base64, times are microseconds since 1970.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use serde_json::{Map, Value as Json};
use sestina_storage::{ColumnType, StorageError, TableDescriptor, Value};

/// The member that marks a removal. No column can have this name.
const REMOVED: &str = "-";
/// The member that marks the first line of a segment.
const OWNER: &str = "=";

/// What a line says.
pub(crate) enum Line {
    /// A row is stored.
    Row(Vec<Value>),
    /// The row with this key is gone.
    Removed(Vec<Value>),
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Text(text) => Json::String(text.clone()),
        Value::Integer(number) | Value::Timestamp(number) => Json::from(*number),
        Value::Boolean(flag) => Json::Bool(*flag),
        Value::Bytes(bytes) => Json::String(STANDARD_NO_PAD.encode(bytes)),
    }
}

fn from_json(ty: ColumnType, json: Json) -> Option<Value> {
    Some(match (ty, json) {
        (_, Json::Null) => Value::Null,
        (ColumnType::Text, Json::String(text)) => Value::Text(text),
        (ColumnType::Integer, Json::Number(number)) => Value::Integer(number.as_i64()?),
        (ColumnType::Timestamp, Json::Number(number)) => Value::Timestamp(number.as_i64()?),
        (ColumnType::Boolean, Json::Bool(flag)) => Value::Boolean(flag),
        (ColumnType::Bytes, Json::String(text)) => Value::Bytes(STANDARD_NO_PAD.decode(text).ok()?),
        _ => return None,
    })
}

/// The line of a row. A column without a value is left out.
pub(crate) fn row(table: &TableDescriptor, row: &[Value]) -> String {
    let mut object = Map::new();
    for (column, value) in table.columns.iter().zip(row) {
        if !value.is_null() {
            object.insert(column.name.to_owned(), to_json(value));
        }
    }
    Json::Object(object).to_string()
}

/// The line that says a row is gone.
pub(crate) fn removed(key: &[Value]) -> String {
    let mut object = Map::new();
    let key = key.iter().map(to_json).collect();
    object.insert(REMOVED.to_owned(), Json::Array(key));
    Json::Object(object).to_string()
}

/// The first line of a segment: whose it is.
pub(crate) fn header(table: &TableDescriptor, owner: Option<&Value>) -> String {
    let mut object = Map::new();
    object.insert("table".to_owned(), Json::from(table.name));
    object.insert(OWNER.to_owned(), owner.map_or(Json::Null, to_json));
    Json::Object(object).to_string()
}

/// Whose segment it is, from its first line.
pub(crate) fn read_header(table: &TableDescriptor, line: &str) -> Option<Option<Value>> {
    let mut object: Map<String, Json> = serde_json::from_str(line).ok()?;
    let owner = object.remove(OWNER)?;
    if owner.is_null() {
        return Some(None);
    }
    let (_, column) = table.column(table.key.first()?)?;
    from_json(column.ty, owner).map(Some)
}

/// What a line says.
///
/// # Errors
/// [`StorageError::Corrupt`] when it is none of this table.
pub(crate) fn read(table: &TableDescriptor, line: &str) -> Result<Line, StorageError> {
    let bad = || StorageError::corrupt("a line that is no row of its table");
    let mut object: Map<String, Json> = serde_json::from_str(line).map_err(|_| bad())?;
    if let Some(Json::Array(values)) = object.remove(REMOVED) {
        let columns = table.key.iter().filter_map(|name| table.column(name));
        let key: Option<Vec<Value>> = columns
            .zip(values)
            .map(|((_, column), json)| from_json(column.ty, json))
            .collect();
        return key
            .filter(|key| table.check_key(key).is_ok())
            .map(Line::Removed)
            .ok_or_else(bad);
    }
    let row: Option<Vec<Value>> = table
        .columns
        .iter()
        .map(|column| match object.remove(column.name) {
            // The line is older than the column.
            None if column.default.is_some() => Some(column.of_older_rows()),
            None => Some(Value::Null),
            Some(json) => from_json(column.ty, json),
        })
        .collect();
    let row = row.ok_or_else(bad)?;
    table.check_row(&row)?;
    Ok(Line::Row(row))
}
