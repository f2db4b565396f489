//! Values and rows as SQLite has them.

use sestina_storage::{ColumnType, Value};
use sqlx::{
    Row as _, Sqlite,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::statements::Parameter;

/// Binds the next value.
pub(super) fn bind<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    parameter: &Parameter<'_>,
) -> Query<'q, Sqlite, SqliteArguments> {
    match &*parameter.value {
        Value::Null => query.bind(None::<i64>),
        Value::Text(text) => query.bind(text.clone()),
        Value::Integer(number) | Value::Timestamp(number) => query.bind(*number),
        Value::Boolean(flag) => query.bind(i64::from(*flag)),
        Value::Bytes(bytes) => query.bind(bytes.clone()),
    }
}

/// What a row has in a column.
pub(super) fn value(
    ty: ColumnType,
    row: &SqliteRow,
    place: usize,
) -> Result<Option<Value>, sqlx::Error> {
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
