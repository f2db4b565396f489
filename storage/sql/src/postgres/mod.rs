//! PostgreSQL.

mod dialect;
mod errors;
mod values;

use std::{fmt, str::FromStr as _};

use sestina_storage::{Column, ColumnType, StorageError, Value};
use sqlx::{
    ConnectOptions as _, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub use dialect::PostgresDialect;

use crate::{
    Dialect, Engine, Sql, Verdict, Wanted,
    backend::{CONNECTING, PREPARED},
    engine::{calls, plain},
};

/// Connections that read.
const READERS: u32 = 8;
/// What every connection is told at its beginning: a statement that takes longer is given up, a lock is not
/// waited for longer, and a transaction that its client has forgotten ends.
const SESSION: &str = "SET statement_timeout = '12s'; SET lock_timeout = '5s'; \
                       SET idle_in_transaction_session_timeout = '60s'; \
                       SET client_min_messages = 'warning'";
/// The number of the lock that migrations hold, "sestina" in ASCII.
const LOCK: i64 = 0x0073_6573_7469_6e61;

/// A PostgreSQL database.
pub type Postgres = Sql<Server>;

/// Where the database is, and how it is reached.
#[derive(Clone)]
pub struct Server {
    options: PgConnectOptions,
}

impl Postgres {
    /// Opens a database that is there, `postgres://user:password@host:5432/name`. What else may stand
    /// in the URL (`sslmode`, `sslrootcert`, …) is what `libpq` knows. Warns in the log where the server is
    /// set to lose what it has acknowledged.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when it cannot be reached, [`StorageError::Unsupported`] for an URL
    /// that is none.
    pub async fn open(url: &str) -> Result<Self, StorageError> {
        let options = PgConnectOptions::from_str(url).map_err(|error| {
            // The error is about the URL's form and does not show it: it holds a password.
            StorageError::Unsupported(format!("the URL of the PostgreSQL database: {error}"))
        })?;
        let options = options
            .application_name("sestina")
            .statement_cache_capacity(PREPARED)
            .disable_statement_logging();
        let readers = PgPoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(CONNECTING)
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move { Server::command(connection, SESSION).await })
            })
            .connect_lazy_with(options.clone());
        let server = Server { options };
        let backend = Self::new(server.clone(), readers).await;
        let backend = backend.map_err(|error| match error {
            StorageError::Unavailable(text) => {
                StorageError::Unavailable(format!("{server}: {text}"))
            }
            other => other,
        })?;
        for risk in backend.risks().await? {
            tracing::warn!("{server}: {risk}");
        }
        Ok(backend)
    }

    /// What of the server's settings says that an acknowledged write may be lost, a line each.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when it does not answer.
    pub async fn risks(&self) -> Result<Vec<String>, StorageError> {
        let mut risks = Vec::new();
        let mut connection = self.engine().connect().await?;
        let settings = [
            (
                "synchronous_commit",
                "the last writes are lost when the server crashes",
            ),
            ("fsync", "the database may be lost when the machine crashes"),
            (
                "full_page_writes",
                "pages may be torn when the machine crashes",
            ),
        ];
        for (setting, loss) in settings {
            let statement = plain(format!("SELECT current_setting('{setting}')"));
            let rows = Server::fetch(&mut connection, &statement, SETTING).await;
            let rows = rows.map_err(errors::map)?;
            if rows.concat().first() == Some(&Value::from("off")) {
                risks.push(format!("{setting} is off: {loss}"));
            }
        }
        Ok(risks)
    }
}

const SETTING: Wanted<'static> = Wanted {
    columns: &[Column {
        name: "setting",
        ty: ColumnType::Text,
        optional: false,
        secret: false,
        default: None,
    }],
    limit: 1,
    search: None,
};

impl Engine for Server {
    type Db = sqlx::Postgres;

    const DIALECT: &'static dyn Dialect = &PostgresDialect;
    const BEGIN: &'static str = "BEGIN";
    const GOES_ON: bool = false;
    const UNDOES_DEFINITIONS: bool = true;
    const COLUMNS: &'static str = "SELECT column_name::text FROM information_schema.columns WHERE \
                                   table_schema = current_schema() AND table_name = $1";

    async fn connect(&self) -> Result<PgConnection, StorageError> {
        let opened = tokio::time::timeout(CONNECTING, async {
            let mut connection = self.options.connect().await?;
            Self::command(&mut connection, SESSION).await?;
            Ok(connection)
        });
        let late = |_| StorageError::Unavailable("no connection in time".into());
        opened.await.map_err(late)?.map_err(errors::map)
    }

    calls!(sqlx::Postgres, values::bind, values::value);

    async fn lock(connection: &mut PgConnection) -> Result<(), StorageError> {
        // Definitions may take long, and so may another node's.
        let sql = format!(
            "SET statement_timeout = 0; SET lock_timeout = 0; BEGIN; \
             SELECT pg_advisory_xact_lock({LOCK})"
        );
        Self::command(connection, &sql).await.map_err(errors::map)
    }

    async fn unlock(connection: &mut PgConnection, keep: bool) -> Result<(), StorageError> {
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

/// Its address without the password.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, port) = (self.options.get_host(), self.options.get_port());
        let name = self.options.get_database().unwrap_or_default();
        write!(f, "PostgreSQL at {host}:{port}/{name}")
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}
