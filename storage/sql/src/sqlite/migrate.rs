//! Bringing the database up to date.

use std::{collections::HashMap, time::Duration};

use sestina_storage::{Migration, StorageError, TableDescriptor};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};

use super::{SqliteDialect, errors};
use crate::migrations::{self, RECORD};

/// Opens a connection. Switching a new file to its write-ahead log takes a lock that SQLite does
/// not wait for, so that a second process that starts at the same moment has to try again.
pub(super) async fn connect(
    options: &SqliteConnectOptions,
) -> Result<SqliteConnection, sqlx::Error> {
    let mut tries = 0;
    loop {
        match options.connect().await {
            Err(error) if errors::is_busy(&error) && tries < 100 => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            done => return done,
        }
    }
}

/// Applies the missing migrations and checks that the tables have come out as described, in one
/// transaction that holds the write lock from its beginning: of two processes that start together,
/// the second waits and then finds nothing to do.
pub(super) async fn run(
    options: &SqliteConnectOptions,
    tables: &[&'static TableDescriptor],
    history: &[Migration],
) -> Result<(), StorageError> {
    let mut connection = connect(options).await.map_err(errors::map)?;
    execute(&mut connection, "BEGIN IMMEDIATE").await?;
    let result = apply(&mut connection, tables, history).await;
    match result {
        Ok(()) => execute(&mut connection, "COMMIT").await?,
        Err(error) => {
            // Dropping the connection would do the same; the first error is the one to tell.
            let _ = execute(&mut connection, "ROLLBACK").await;
            let _ = connection.close().await;
            return Err(error);
        }
    }
    connection.close().await.map_err(errors::map)
}

async fn apply(
    connection: &mut SqliteConnection,
    tables: &[&'static TableDescriptor],
    history: &[Migration],
) -> Result<(), StorageError> {
    let make = format!(
        "CREATE TABLE IF NOT EXISTS {RECORD} (spec TEXT NOT NULL, version INTEGER NOT NULL, \
         applied_at INTEGER NOT NULL, PRIMARY KEY (spec, version)) STRICT"
    );
    execute(connection, &make).await?;
    let read = format!("SELECT spec, max(version) FROM {RECORD} GROUP BY spec");
    let rows = sqlx::query(AssertSqlSafe(read))
        .fetch_all(&mut *connection)
        .await
        .map_err(errors::map)?;
    let mut recorded = HashMap::new();
    for row in rows {
        let spec: String = row.try_get(0).map_err(errors::map)?;
        let version: i64 = row.try_get(1).map_err(errors::map)?;
        // A version beyond 32 bits is surely newer.
        recorded.insert(spec, u32::try_from(version).unwrap_or(u32::MAX));
    }
    let record = format!(
        "INSERT INTO {RECORD} (spec, version, applied_at) VALUES (?1, ?2, unixepoch() * 1000000)"
    );
    for step in migrations::plan(&SqliteDialect, tables, history, &recorded)? {
        tracing::info!(
            spec = step.spec,
            version = step.version,
            "migrating the database"
        );
        execute(connection, &step.sql).await.map_err(|error| {
            let text = format!("migration {} of {}: {error}", step.version, step.spec);
            match error {
                StorageError::Unavailable(_) => StorageError::Unavailable(text),
                _ => StorageError::Corrupt(text),
            }
        })?;
        sqlx::query(AssertSqlSafe(record.as_str()))
            .bind(step.spec)
            .bind(i64::from(step.version))
            .execute(&mut *connection)
            .await
            .map_err(errors::map)?;
    }
    for table in tables {
        check(connection, table).await?;
    }
    Ok(())
}

/// Checks that a table has the columns of its description and no others.
async fn check(
    connection: &mut SqliteConnection,
    table: &TableDescriptor,
) -> Result<(), StorageError> {
    let rows = sqlx::query("SELECT name FROM pragma_table_info(?1)")
        .bind(table.name)
        .fetch_all(connection)
        .await
        .map_err(errors::map)?;
    let mut there = Vec::with_capacity(rows.len());
    for row in rows {
        there.push(row.try_get::<String, _>(0).map_err(errors::map)?);
    }
    let bad = |what: String| {
        Err(StorageError::Corrupt(format!(
            "the database's table {} {what}",
            table.name
        )))
    };
    if there.is_empty() {
        return bad("is missing, though its migrations have been applied".into());
    }
    for column in table.columns {
        if !there.iter().any(|name| name == column.name) {
            return bad(format!("lacks the column {}", column.name));
        }
    }
    for name in &there {
        if table.column(name).is_none() {
            return bad(format!("has a column {name} that nobody knows"));
        }
    }
    Ok(())
}

async fn execute(connection: &mut SqliteConnection, sql: &str) -> Result<(), StorageError> {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .map(drop)
        .map_err(errors::map)
}
