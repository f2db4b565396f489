//! SQLite: the backend of a server that needs nothing but a folder.
//!
//! One task writes, others read from a pool of connections. Whatever is to be written while a
//! commit is under way is committed together next, so that the cost of making data durable is
//! shared by all who wait for it: with `synchronous=FULL` each answered write is on the disk.

mod dialect;
mod errors;
mod migrate;
mod values;
mod writer;

use std::{
    collections::HashMap,
    fmt, fs,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use sestina_storage::{
    Backend, Migration, Outcome, Selection, StorageError, TableDescriptor, Value, Write,
};
use sqlx::{
    ConnectOptions, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub use dialect::SqliteDialect;

use crate::statements::{Statements, parameters};

/// How long SQLite itself waits for another process that holds the database.
const BUSY: Duration = Duration::from_secs(5);
/// How long a caller waits for an answer, the time in the queue included.
const PATIENCE: Duration = Duration::from_secs(15);
/// Connections that read.
const READERS: u32 = 4;
/// Statements kept prepared on each connection.
const PREPARED: usize = 512;

/// SQLite in one file.
///
/// It works on threads of its own and gives up by tokio's clock: a test that pauses that clock would
/// see time run out at once, and takes the memory backend.
pub struct Sqlite {
    path: PathBuf,
    options: SqliteConnectOptions,
    readers: SqlitePool,
    writer: writer::Writer,
    tables: Tables,
}

/// The statements of the tables that have been prepared, by the tables' names.
type Tables = Arc<RwLock<HashMap<&'static str, Arc<Statements>>>>;

impl Sqlite {
    /// Opens the database in this file, which is made if it is not there, readable by its owner
    /// only. Takes a path or an URL, `sqlite:data/sestina.db` or `sqlite:///var/lib/sestina.db`.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when the file cannot be opened or made,
    /// [`StorageError::Corrupt`] when it is no SQLite database, [`StorageError::Unsupported`] for
    /// an URL with parameters or a database in memory.
    pub async fn open(location: &str) -> Result<Self, StorageError> {
        let path = parse(location)?;
        let said = |error: &dyn fmt::Display| {
            StorageError::Unavailable(format!("{}: {error}", path.display()))
        };
        make_private(&path).map_err(|error| said(&error))?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .statement_cache_capacity(PREPARED)
            .pragma("journal_size_limit", "67108864")
            .disable_statement_logging();
        let connection =
            migrate::connect(&options)
                .await
                .map_err(|error| match errors::map(error) {
                    StorageError::Unavailable(text) => said(&text),
                    StorageError::Corrupt(text) => {
                        StorageError::Corrupt(format!("{}: {text}", path.display()))
                    }
                    other => other,
                })?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(BUSY)
            .test_before_acquire(false)
            .connect_lazy_with(options.clone().pragma("query_only", "ON"));
        let tables = Tables::default();
        Ok(Self {
            path,
            writer: writer::Writer::start(connection, options.clone(), tables.clone()),
            options,
            readers,
            tables,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn statements(&self, table: &TableDescriptor) -> Result<Arc<Statements>, StorageError> {
        lookup(&self.tables, table)
    }
}

fn lookup(tables: &Tables, table: &TableDescriptor) -> Result<Arc<Statements>, StorageError> {
    let tables = tables.read().unwrap_or_else(PoisonError::into_inner);
    tables.get(table.name).cloned().ok_or_else(|| {
        StorageError::Unsupported(format!("table {} has not been prepared", table.name))
    })
}

/// The path in a location, which is a path or an URL.
fn parse(location: &str) -> Result<PathBuf, StorageError> {
    let path = match location.strip_prefix("sqlite:") {
        Some(rest) if rest.contains('?') => {
            return Err(StorageError::Unsupported(
                "parameters in the URL of an SQLite database".into(),
            ));
        }
        Some(rest) => rest.strip_prefix("//").unwrap_or(rest),
        None => location,
    };
    if path.is_empty() || path == ":memory:" {
        return Err(StorageError::Unsupported(
            "an SQLite database without a file; use the memory backend".into(),
        ));
    }
    Ok(path.into())
}

/// Makes the file if it is not there. It holds keys and private messages: nobody but its owner may
/// read it. SQLite gives its companion files the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}

/// Ends what takes too long.
async fn patiently<T>(
    work: impl Future<Output = Result<T, StorageError>>,
) -> Result<T, StorageError> {
    tokio::time::timeout(PATIENCE, work)
        .await
        .unwrap_or_else(|_| {
            Err(StorageError::Unavailable(format!(
                "no answer within {} s",
                PATIENCE.as_secs()
            )))
        })
}

#[async_trait]
impl Backend for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn supports(&self, table: &TableDescriptor) -> bool {
        self.statements(table).is_ok()
    }

    async fn prepare(
        &self,
        tables: &[&'static TableDescriptor],
        migrations: &[Migration],
    ) -> Result<(), StorageError> {
        patiently(migrate::run(&self.options, tables, migrations)).await?;
        let mut known = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        for table in tables {
            known.insert(table.name, Arc::new(Statements::new(&SqliteDialect, table)));
        }
        Ok(())
    }

    async fn get(
        &self,
        table: &'static TableDescriptor,
        key: &[Value],
    ) -> Result<Option<Vec<Value>>, StorageError> {
        let statements = self.statements(table)?;
        let query = values::statement(statements.get.clone());
        let query = key.iter().cloned().fold(query, values::bind);
        patiently(async {
            let row = query.fetch_optional(&self.readers).await;
            let row = row.map_err(errors::map)?;
            row.map(|row| values::row(table, &row)).transpose()
        })
        .await
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<Vec<Value>>, StorageError> {
        let statements = self.statements(selection.table)?;
        let query = values::statement(statements.select(selection));
        let query = parameters(selection).cloned().fold(query, values::bind);
        self.rows(selection.table, query.bind(i64::from(selection.limit)))
            .await
    }

    async fn scan(
        &self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        let statements = self.statements(table)?;
        let query = match after {
            None => values::statement(statements.scan.clone()),
            Some(after) => {
                let query = values::statement(statements.scan_after.clone());
                after.iter().cloned().fold(query, values::bind)
            }
        };
        self.rows(table, query.bind(i64::from(limit))).await
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, StorageError> {
        patiently(self.writer.write(writes)).await
    }

    async fn health(&self) -> Result<(), StorageError> {
        self.writer.health()?;
        patiently(async {
            let answer = sqlx::query("SELECT 1").execute(&self.readers).await;
            answer.map(drop).map_err(errors::map)
        })
        .await
    }

    async fn close(&self) {
        // The readers first: the last connection to close folds the log into the file.
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl Sqlite {
    async fn rows(
        &self,
        table: &'static TableDescriptor,
        query: sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        patiently(async {
            let rows = query.fetch_all(&self.readers).await;
            let rows = rows.map_err(errors::map)?;
            rows.iter().map(|row| values::row(table, row)).collect()
        })
        .await
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
