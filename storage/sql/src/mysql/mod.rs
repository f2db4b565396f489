//! MySQL and MariaDB.

mod dialect;
mod errors;
mod values;

use std::{
    fmt,
    str::FromStr as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use sestina_storage::{Column, ColumnType, StorageError, Value};
use sqlx::{
    ConnectOptions as _, MySqlConnection,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
};

pub use dialect::MySqlDialect;

use crate::{
    Dialect, Engine, Sql, Verdict, Wanted,
    backend::{CONNECTING, PREPARED},
    engine::{calls, plain},
};

/// Connections that read.
const READERS: u32 = 8;
/// What every connection is told at its beginning: values that do not fit are an error, transactions lock only
/// what they change, a lock is not waited for for long, and a long value is sorted by more than its first octets.
const SESSION: &str = "SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES'), \
                       SESSION innodb_lock_wait_timeout = 5, SESSION max_sort_length = 16384; \
                       SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
/// How long another node's migrations are waited for, in seconds.
const LOCK_WAIT: u32 = 3500;

/// A MySQL or MariaDB database.
pub type MySql = Sql<Server>;

/// Where the database is, and how it is reached.
#[derive(Clone)]
pub struct Server {
    options: MySqlConnectOptions,
    /// The server's `max_allowed_packet`: it cuts the connection where a statement is longer.
    packet: Arc<AtomicUsize>,
}

impl MySql {
    /// Opens a database that is there, `mysql://user:password@host:3306/name` (or `mariadb://…`). What else
    /// may stand in the URL (`ssl-mode`, `ssl-ca`, …) is what MySQL's clients know. Warns in the log where the
    /// server is set to lose what it has acknowledged. A row is no larger than the server's `max_allowed_packet`.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when it cannot be reached, [`StorageError::Unsupported`] for an URL
    /// that is none or names no database.
    pub async fn open(url: &str) -> Result<Self, StorageError> {
        let options = MySqlConnectOptions::from_str(url).map_err(|error| {
            // The error is about the URL's form and does not show it: it holds a password.
            StorageError::Unsupported(format!("the URL of the MySQL database: {error}"))
        })?;
        if options.get_database().is_none_or(str::is_empty) {
            return Err(StorageError::Unsupported(
                "the URL of the MySQL database names none: add /name".into(),
            ));
        }
        let options = options
            .statement_cache_capacity(PREPARED)
            .disable_statement_logging();
        let readers = MySqlPoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(CONNECTING)
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move { Server::command(connection, SESSION).await })
            })
            .connect_lazy_with(options.clone());
        let server = Server {
            options,
            packet: Arc::new(AtomicUsize::new(usize::MAX)),
        };
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
        let statement = plain(
            "SELECT CAST(@@GLOBAL.innodb_flush_log_at_trx_commit AS SIGNED), \
             CAST(@@GLOBAL.innodb_doublewrite AS CHAR) IN ('0', 'OFF'), \
             CAST(@@GLOBAL.log_bin AND @@GLOBAL.sync_binlog <> 1 AS SIGNED)",
        );
        let rows = Server::fetch(&mut connection, &statement, SETTINGS).await;
        let rows = rows.map_err(errors::map)?.concat();
        let [flush, single, binlog] = rows.as_slice() else {
            return Ok(risks);
        };
        if let Value::Integer(flush @ (0 | 2 | 3)) = flush
            && *flush != 3
        {
            risks.push(format!(
                "innodb_flush_log_at_trx_commit is {flush}: the last writes are lost when the {} \
                 crashes",
                if *flush == 0 { "server" } else { "machine" }
            ));
        }
        if *single == Value::Integer(1) {
            let text = "innodb_doublewrite is off: pages may be torn when the machine crashes";
            risks.push(text.into());
        }
        if *binlog == Value::Integer(1) {
            let text = "sync_binlog is not 1: the last writes may be missing in the replicas when \
                        the machine crashes";
            risks.push(text.into());
        }
        Ok(risks)
    }
}

const fn number(name: &'static str) -> Column {
    Column {
        name,
        ty: ColumnType::Integer,
        optional: true,
        secret: false,
        default: None,
    }
}

const SETTINGS: Wanted<'static> = Wanted {
    columns: &[number("flush"), number("single"), number("binlog")],
    limit: 1,
    search: None,
};

impl Engine for Server {
    type Db = sqlx::MySql;

    const DIALECT: &'static dyn Dialect = &MySqlDialect;
    const BEGIN: &'static str = "START TRANSACTION";
    const GOES_ON: bool = true;
    const UNDOES_DEFINITIONS: bool = false;
    const COLUMNS: &'static str = "SELECT CAST(column_name AS CHAR) FROM \
                                   information_schema.columns WHERE table_schema = DATABASE() AND \
                                   table_name = CONVERT(? USING utf8mb4)";

    async fn connect(&self) -> Result<MySqlConnection, StorageError> {
        let opened = tokio::time::timeout(CONNECTING, async {
            let mut connection = self.options.connect().await?;
            Self::command(&mut connection, SESSION).await?;
            let statement = plain("SELECT CAST(@@GLOBAL.max_allowed_packet AS SIGNED), NULL, NULL");
            let rows = Self::fetch(&mut connection, &statement, SETTINGS).await?;
            if let Some([Value::Integer(octets), ..]) = rows.first().map(Vec::as_slice) {
                let octets = usize::try_from(*octets).unwrap_or(usize::MAX);
                self.packet.store(octets, Ordering::Relaxed);
            }
            Ok(connection)
        });
        let late = |_| StorageError::Unavailable("no connection in time".into());
        opened.await.map_err(late)?.map_err(errors::map)
    }

    calls!(sqlx::MySql, values::bind, values::value);

    fn largest(&self) -> usize {
        // Less what stands around the values.
        let packet = self.packet.load(Ordering::Relaxed);
        packet.saturating_sub(64 * 1024)
    }

    async fn lock(connection: &mut MySqlConnection) -> Result<(), StorageError> {
        // The name is the server's, not the database's.
        let name = "CONCAT('sestina ', LEFT(SHA2(DATABASE(), 256), 40))";
        let statement = plain(format!(
            "SELECT CAST(GET_LOCK({name}, {LOCK_WAIT}) AS SIGNED), NULL, NULL"
        ));
        let rows = Self::fetch(connection, &statement, SETTINGS).await;
        let rows = rows.map_err(errors::map)?.concat();
        if rows.first() == Some(&Value::Integer(1)) {
            return Ok(());
        }
        let text = "another program has been migrating the database for too long";
        Err(StorageError::Unavailable(text.into()))
    }

    /// The lock goes with the connection, which is closed next.
    async fn unlock(connection: &mut MySqlConnection, _keep: bool) -> Result<(), StorageError> {
        let done = Self::command(connection, "DO RELEASE_ALL_LOCKS()").await;
        // MySQL 5.6 and MariaDB before 10.0 do not know it.
        done.or_else(|error| match errors::number(&error) {
            Some(_) => Ok(()),
            None => Err(errors::map(error)),
        })
    }

    fn was_done(error: &sqlx::Error) -> bool {
        errors::was_done(error)
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
        write!(f, "MySQL at {host}:{port}/{name}")
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}
