//! What one database does, for the layer that all share.

use std::sync::Arc;

use sestina_storage::{Column, Search, StorageError, Value};
use sqlx::Database;

use crate::{Dialect, statements::Bound};

/// A connection of an engine's.
pub type Connection<E> = <<E as Engine>::Db as Database>::Connection;

/// What an error in a transaction means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The statement is at fault, whoever does it.
    Statement,
    /// Other transactions are in the way: done again, this one may come through.
    Again,
    /// The connection is lost, and with it the transaction.
    Lost,
    /// The database cannot at present.
    Unable,
}

/// What is read: rows of these columns, at most so many, those that a search finds.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The columns, in the order of the statement.
    pub columns: &'a [Column],
    /// The most rows.
    pub limit: usize,
    /// The search, with the place of its column.
    pub search: Option<(&'a Search, usize)>,
}

impl Wanted<'_> {
    /// Whether a row is wanted.
    pub fn takes(&self, row: &[Value]) -> bool {
        self.search
            .is_none_or(|(search, place)| row.get(place).is_some_and(|v| search.matches_value(v)))
    }
}

/// One database: its connections, and how statements and values travel over them.
pub trait Engine: Send + Sync + Sized + 'static {
    /// Its driver.
    type Db: Database;

    /// How it writes statements.
    const DIALECT: &'static dyn Dialect;
    /// Begins a transaction that writes.
    const BEGIN: &'static str;
    /// Whether a transaction goes on after a statement in it has failed.
    const GOES_ON: bool;
    /// Whether definitions are undone with the transaction they stand in.
    const UNDOES_DEFINITIONS: bool;
    /// Lists the columns of a table; the parameter is its name.
    const COLUMNS: &'static str;

    /// Opens a connection that writes.
    fn connect(&self) -> impl Future<Output = Result<Connection<Self>, StorageError>> + Send;

    /// Does statements without parameters.
    fn command(
        connection: &mut Connection<Self>,
        sql: &str,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Does a statement; how many rows it touched.
    fn execute(
        connection: &mut Connection<Self>,
        statement: &Bound<'_>,
    ) -> impl Future<Output = Result<u64, sqlx::Error>> + Send;

    /// Reads rows.
    fn fetch(
        connection: &mut Connection<Self>,
        statement: &Bound<'_>,
        wanted: Wanted<'_>,
    ) -> impl Future<Output = Result<Vec<Vec<Value>>, sqlx::Error>> + Send;

    /// The most octets of values that one statement takes.
    fn largest(&self) -> usize {
        usize::MAX
    }

    /// Lets no other node migrate until [`unlock`](Self::unlock); begins a transaction where
    /// definitions are undone with it.
    fn lock(
        connection: &mut Connection<Self>,
    ) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Ends what [`lock`](Self::lock) has begun: with what was done, or without it.
    fn unlock(
        connection: &mut Connection<Self>,
        keep: bool,
    ) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Whether an error of a definition says that it was done before.
    fn was_done(_error: &sqlx::Error) -> bool {
        false
    }

    /// The storage error for one of the database's.
    fn map(error: sqlx::Error) -> StorageError;

    /// What an error means for the transaction it came up in.
    fn verdict(error: &sqlx::Error) -> Verdict;
}

/// Errors of the driver that no database has a say in.
pub(crate) fn map_common(error: &sqlx::Error) -> Option<StorageError> {
    match error {
        sqlx::Error::Database(inner) if inner.is_unique_violation() => Some(StorageError::Conflict),
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::ColumnNotFound(_) => Some(StorageError::corrupt(error)),
        sqlx::Error::PoolTimedOut => Some(StorageError::Unavailable(
            "no connection to the database could be had in time".into(),
        )),
        sqlx::Error::PoolClosed => Some(StorageError::Unavailable("the database is closed".into())),
        sqlx::Error::Configuration(_) => Some(StorageError::Unsupported(error.to_string())),
        sqlx::Error::Database(_) => None,
        _ => Some(StorageError::unavailable(error)),
    }
}

/// The error of a row that lacks a value.
pub(crate) fn lacks(column: &Column) -> sqlx::Error {
    sqlx::Error::Decode(format!("a row without a value in {}", column.name).into())
}

/// A statement without parameters.
pub(crate) fn plain(text: impl Into<Arc<str>>) -> Bound<'static> {
    Bound {
        text: text.into(),
        parameters: Vec::new(),
    }
}

/// The calls that read the same for every driver and can not be written once: the drivers' types share no
/// trait that says all that is needed of them. Takes the driver and a function that binds a parameter and one that
/// reads a value.
macro_rules! calls {
    ($db:ty, $bind:path, $value:path) => {
        async fn command(
            connection: &mut $crate::engine::Connection<Self>,
            sql: &str,
        ) -> Result<(), sqlx::Error> {
            let sql = sqlx::AssertSqlSafe(sql.to_owned());
            let done = sqlx::raw_sql(sql).execute(connection).await;
            done.map(drop)
        }

        async fn execute(
            connection: &mut $crate::engine::Connection<Self>,
            statement: &$crate::statements::Bound<'_>,
        ) -> Result<u64, sqlx::Error> {
            // The text is made from descriptors, whose names are checked, and never from values.
            let mut query = sqlx::query::<$db>(sqlx::AssertSqlSafe(statement.text.clone()));
            for parameter in &statement.parameters {
                query = $bind(query, parameter);
            }
            let done = query.execute(connection).await?;
            Ok(done.rows_affected())
        }

        async fn fetch(
            connection: &mut $crate::engine::Connection<Self>,
            statement: &$crate::statements::Bound<'_>,
            wanted: $crate::engine::Wanted<'_>,
        ) -> Result<Vec<Vec<sestina_storage::Value>>, sqlx::Error> {
            use futures_util::TryStreamExt as _;
            let mut query = sqlx::query::<$db>(sqlx::AssertSqlSafe(statement.text.clone()));
            for parameter in &statement.parameters {
                query = $bind(query, parameter);
            }
            let mut found = Vec::new();
            let mut rows = query.fetch(connection);
            while found.len() < wanted.limit {
                let Some(row) = rows.try_next().await? else {
                    break;
                };
                let columns = wanted.columns.iter().enumerate();
                let values = columns.map(|(place, column)| match $value(column.ty, &row, place)? {
                    Some(value) => Ok(value),
                    None if column.optional => Ok(sestina_storage::Value::Null),
                    None => Err($crate::engine::lacks(column)),
                });
                let values = values.collect::<Result<Vec<_>, sqlx::Error>>()?;
                if wanted.takes(&values) {
                    found.push(values);
                }
            }
            Ok(found)
        }
    };
}
pub(crate) use calls;
