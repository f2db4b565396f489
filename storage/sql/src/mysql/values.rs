//! Values and rows as MySQL has them: text as its octets, which it compares as they are.

use sestina_storage::{ColumnType, Value};
use sqlx::{
    MySql, Row as _,
    mysql::{MySqlArguments, MySqlRow},
    query::Query,
};

use crate::statements::Parameter;

/// Binds the next value.
pub(super) fn bind<'q>(
    query: Query<'q, MySql, MySqlArguments>,
    parameter: &Parameter<'_>,
) -> Query<'q, MySql, MySqlArguments> {
    match &*parameter.value {
        Value::Null => query.bind(None::<i64>),
        Value::Text(text) => query.bind(text.as_bytes()),
        Value::Integer(number) | Value::Timestamp(number) => query.bind(*number),
        Value::Boolean(flag) => query.bind(*flag),
        Value::Bytes(bytes) => query.bind(bytes.as_slice()),
    }
}

/// What a row has in a column.
pub(super) fn value(
    ty: ColumnType,
    row: &MySqlRow,
    place: usize,
) -> Result<Option<Value>, sqlx::Error> {
    Ok(match ty {
        ColumnType::Text => match row.try_get::<Option<Vec<u8>>, _>(place)? {
            None => None,
            Some(octets) => {
                let text = String::from_utf8(octets);
                Some(Value::Text(
                    text.map_err(|error| sqlx::Error::Decode(error.into()))?,
                ))
            }
        },
        ColumnType::Integer => row.try_get::<Option<_>, _>(place)?.map(Value::Integer),
        ColumnType::Boolean => row.try_get::<Option<_>, _>(place)?.map(Value::Boolean),
        ColumnType::Bytes => row.try_get::<Option<_>, _>(place)?.map(Value::Bytes),
        ColumnType::Timestamp => row.try_get::<Option<_>, _>(place)?.map(Value::Timestamp),
    })
}
