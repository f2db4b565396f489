//! Rows of any table, made from its description, and backends by the URLs that operators write.

use std::sync::Arc;

use sestina_storage::{Backend, ColumnType, TableDescriptor, Value, Write};

/// The owner of the first row.
pub(crate) const ROMEO: &str = "romeo@example.org";
/// Rows of each table.
pub(crate) const ROWS: i64 = 5;

/// An address beyond what an index of PostgreSQL or MySQL holds: that of the second row's owner.
pub(crate) fn long() -> String {
    format!("{}@example.org", "n".repeat(300))
}

/// A row unlike those of other numbers, of which there are [`ROWS`].
pub(crate) fn row(table: &TableDescriptor, number: i64) -> Vec<Value> {
    let others = ["juliet@example.org", "tybalt@example.org", "example.org"];
    let owner = match usize::try_from(number).unwrap() {
        0 => ROMEO.to_owned(),
        1 => long(),
        number => others[number - 2].to_owned(),
    };
    let columns = table.columns.iter();
    columns
        .map(|column| match column.ty {
            _ if table.personal.contains(&column.name) => owner.as_str().into(),
            ColumnType::Text => Value::Text(format!("text {number}")),
            ColumnType::Integer => Value::Integer(number),
            ColumnType::Boolean => Value::Boolean(true),
            ColumnType::Bytes => Value::Bytes(vec![7; 3]),
            ColumnType::Timestamp => Value::Timestamp(1_790_000_000_000_000 + number),
        })
        .collect()
}

/// Puts such rows into tables that are ready; how many there are then.
pub(crate) async fn fill(backend: &dyn Backend, tables: &[&'static TableDescriptor]) -> u64 {
    let mut total = 0;
    for &table in tables {
        let rows = (0..ROWS).map(|number| Write::Put {
            table,
            row: row(table, number),
        });
        backend.write(rows.collect()).await.unwrap();
        total += backend.count(table).await.unwrap();
    }
    total
}

/// The backend of a URL; its tables are not ready.
pub(crate) async fn open(url: &str) -> Arc<dyn Backend> {
    let (scheme, rest) = url.split_once(':').unwrap();
    match scheme {
        "sqlite" => Arc::new(
            sestina_storage_sql::sqlite::Sqlite::open(rest)
                .await
                .unwrap(),
        ),
        "file" => Arc::new(sestina_storage_file::Files::open(rest).await.unwrap()),
        "postgres" => Arc::new(
            sestina_storage_sql::postgres::Postgres::open(url)
                .await
                .unwrap(),
        ),
        "mysql" => Arc::new(sestina_storage_sql::mysql::MySql::open(url).await.unwrap()),
        "mongodb" => Arc::new(sestina_storage_mongodb::MongoDb::open(url).await.unwrap()),
        _ => Arc::new(sestina_storage_redis::Redis::open(url).await.unwrap()),
    }
}
