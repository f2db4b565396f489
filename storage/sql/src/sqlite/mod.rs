//! SQLite: the backend of a server that needs nothing but a folder.
//!
//! With `synchronous=FULL` each answered write is on the disk.

mod dialect;
mod errors;
mod values;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use sestina_storage::StorageError;
use sqlx::{
    ConnectOptions as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub use dialect::SqliteDialect;

use crate::{Dialect, Engine, Sql, Verdict, backend::PREPARED, engine::calls};

/// How long SQLite itself waits for another process that holds the database.
const BUSY: Duration = Duration::from_secs(5);
/// Connections that read.
const READERS: u32 = 4;
/// After how many pages in the log they are carried over into the file. Pages of indexes are written again and again, and
/// are carried over once: SQLite's own 1,000 pages cost a third more for archives of many accounts.
const CHECKPOINT: &str = "4096";
/// What the connection that writes keeps in memory, in KiB: the pages that a group of changes touches.
const CACHE: &str = "-8192";

/// SQLite in one file.
pub type Sqlite = Sql<File>;

/// The file of a database, and how it is opened.
#[derive(Clone)]
pub struct File {
    path: PathBuf,
    options: SqliteConnectOptions,
}

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
        make_private(&path).map_err(|error| said(&path, &error))?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .statement_cache_capacity(PREPARED)
            .pragma("journal_size_limit", "67108864")
            .disable_statement_logging();
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(BUSY)
            .test_before_acquire(false)
            .connect_lazy_with(options.clone().pragma("query_only", "ON"));
        let file = File { path, options };
        let opened = Self::new(file.clone(), readers).await;
        opened.map_err(|error| match error {
            StorageError::Unavailable(text) => said(&file.path, &text),
            StorageError::Corrupt(text) => {
                StorageError::Corrupt(format!("{}: {text}", file.path.display()))
            }
            other => other,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.engine().path
    }
}

fn said(path: &Path, error: &dyn fmt::Display) -> StorageError {
    StorageError::Unavailable(format!("{}: {error}", path.display()))
}

impl Engine for File {
    type Db = sqlx::Sqlite;

    const DIALECT: &'static dyn Dialect = &SqliteDialect;
    const BEGIN: &'static str = "BEGIN IMMEDIATE";
    const GOES_ON: bool = true;
    const UNDOES_DEFINITIONS: bool = true;
    const COLUMNS: &'static str = "SELECT name FROM pragma_table_info(?1)";

    /// Switching a new file to its write-ahead log takes a lock that SQLite does not wait for, so that
    /// a second process that starts at the same moment has to try again.
    async fn connect(&self) -> Result<SqliteConnection, StorageError> {
        let writer = self.options.clone();
        let writer = writer
            .pragma("wal_autocheckpoint", CHECKPOINT)
            .pragma("cache_size", CACHE);
        let mut tries = 0;
        loop {
            match writer.connect().await {
                Err(error) if errors::is_busy(&error) && tries < 100 => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                done => return done.map_err(errors::map),
            }
        }
    }

    calls!(sqlx::Sqlite, values::bind, values::value);

    /// Holds the write lock from its beginning.
    async fn lock(connection: &mut SqliteConnection) -> Result<(), StorageError> {
        Self::command(connection, Self::BEGIN)
            .await
            .map_err(errors::map)
    }

    async fn unlock(connection: &mut SqliteConnection, keep: bool) -> Result<(), StorageError> {
        let sql = if keep { "COMMIT" } else { "ROLLBACK" };
        Self::command(connection, sql).await.map_err(errors::map)
    }

    fn map(error: sqlx::Error) -> StorageError {
        errors::map(error)
    }

    fn verdict(error: &sqlx::Error) -> Verdict {
        errors::verdict(error)
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("File").field(&self.path).finish()
    }
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
