//! Values and rows as SQLite has them.

use std::sync::Arc;

use sestina_storage::{ColumnType, StorageError, TableDescriptor, Value};
use sqlx::{
    AssertSqlSafe, Row, Sqlite,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::errors;

/// A statement, ready for its values. The text is made from descriptors, whose names are checked,
/// and never from values.
pub(super) fn statement(text: Arc<str>) -> Query<'static, Sqlite, SqliteArguments> {
    sqlx::query(AssertSqlSafe(text))
}

/// Binds the next value.
pub(super) fn bind(
    query: Query<'static, Sqlite, SqliteArguments>,
    value: Value,
) -> Query<'static, Sqlite, SqliteArguments> {
    match value {
        Value::Null => query.bind(None::<i64>),
        Value::Text(text) => query.bind(text),
        Value::Integer(number) | Value::Timestamp(number) => query.bind(number),
        Value::Boolean(flag) => query.bind(i64::from(flag)),
        Value::Bytes(bytes) => query.bind(bytes),
    }
}

/// The values of a row that was read with all columns of its table, in their order.
pub(super) fn row(table: &TableDescriptor, row: &SqliteRow) -> Result<Vec<Value>, StorageError> {
    let columns = table.columns.iter().enumerate();
    let values = columns.map(|(place, column)| {
        let value = value(column.ty, row, place).map_err(errors::map)?;
        value
            .or_else(|| column.optional.then_some(Value::Null))
            .ok_or_else(|| {
                StorageError::Corrupt(format!(
                    "table {}: a row without a value in {}",
                    table.name, column.name
                ))
            })
    });
    values.collect()
}

fn value(ty: ColumnType, row: &SqliteRow, place: usize) -> Result<Option<Value>, sqlx::Error> {
    Ok(match ty {
        ColumnType::Text => row.try_get::<Option<_>, _>(place)?.map(Value::Text),
        ColumnType::Integer => row.try_get::<Option<_>, _>(place)?.map(Value::Integer),
        ColumnType::Boolean => row
            .try_get::<Option<i64>, _>(place)?
            .map(|flag| Value::Boolean(flag != 0)),
        ColumnType::Bytes => row.try_get::<Option<_>, _>(place)?.map(Value::Bytes),
        ColumnType::Timestamp => row.try_get::<Option<_>, _>(place)?.map(Value::Timestamp),
    })
}
