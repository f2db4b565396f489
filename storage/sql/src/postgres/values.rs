//! Values and rows as PostgreSQL has them.

use sestina_storage::{ColumnType, Value};
use sqlx::{
    Postgres, Row as _,
    postgres::{PgArguments, PgRow},
    query::Query,
};

use crate::statements::Parameter;

/// Binds the next value. The type of each is told to the server, also of no value.
pub(super) fn bind<'q>(
    query: Query<'q, Postgres, PgArguments>,
    parameter: &Parameter<'_>,
) -> Query<'q, Postgres, PgArguments> {
    match (&*parameter.value, parameter.ty) {
        (Value::Null, ColumnType::Text) => query.bind(None::<String>),
        (Value::Null, ColumnType::Integer | ColumnType::Timestamp) => query.bind(None::<i64>),
        (Value::Null, ColumnType::Boolean) => query.bind(None::<bool>),
        (Value::Null, ColumnType::Bytes) => query.bind(None::<Vec<u8>>),
        (Value::Text(text), _) => query.bind(text.as_str()),
        (Value::Integer(number) | Value::Timestamp(number), _) => query.bind(*number),
        (Value::Boolean(flag), _) => query.bind(*flag),
        (Value::Bytes(bytes), _) => query.bind(bytes.as_slice()),
    }
}

/// What a row has in a column.
pub(super) fn value(
    ty: ColumnType,
    row: &PgRow,
    place: usize,
) -> Result<Option<Value>, sqlx::Error> {
    Ok(match ty {
        ColumnType::Text => row.try_get::<Option<_>, _>(place)?.map(Value::Text),
        ColumnType::Integer => row.try_get::<Option<_>, _>(place)?.map(Value::Integer),
        ColumnType::Boolean => row.try_get::<Option<_>, _>(place)?.map(Value::Boolean),
        ColumnType::Bytes => row.try_get::<Option<_>, _>(place)?.map(Value::Bytes),
        ColumnType::Timestamp => row.try_get::<Option<_>, _>(place)?.map(Value::Timestamp),
    })
}
