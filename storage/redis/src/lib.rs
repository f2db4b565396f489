//! The Redis backend.
//!
//! A table is three things under one hash tag, so that a cluster keeps them together: a hash of
//! its rows by their encoded key, a sorted set of the keys, and a sorted set for each index. All
//! members have the score 0 and are encoded by [`ordered`](sestina_storage::ordered), so that the
//! order of their octets, which is how such a set sorts, is the order of the values. Every list of
//! changes is one script, which Redis runs, and appends to its file, as a whole.
//!
//! Redis answers before data are on the disk unless its append-only file is synced always:
//! [`Redis::durability`] tells.

mod durability;
mod layout;
mod plan;
mod schema;
mod scripts;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use redis::{
    ErrorKind, FromRedisValue, RedisError, ScriptInvocation,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use sestina_storage::{
    Backend, Migration, Outcome, Selection, StorageError, TableDescriptor, Value, Write, ordered,
};

pub use durability::Durability;
use layout::Layout;
use plan::{Lex, Plan};
use scripts::Scripts;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(3);
/// How long one command may take.
const RESPONSE: Duration = Duration::from_secs(10);
/// How long a caller waits for an answer, attempts to connect included.
const PATIENCE: Duration = Duration::from_secs(15);
/// Attempts to connect for one command, with growing pauses.
const ATTEMPTS: usize = 2;

/// One database of a Redis server.
pub struct Redis {
    /// None when closed. Held for reading while a command is under way.
    connection: tokio::sync::RwLock<Option<ConnectionManager>>,
    scripts: Scripts,
    tables: RwLock<HashMap<&'static str, Arc<Layout>>>,
    durability: Durability,
}

/// What is asked of the server.
#[derive(Clone, Copy)]
enum Call<'a> {
    Command(&'a redis::Cmd),
    Script(&'a ScriptInvocation<'a>),
}

impl Call<'_> {
    async fn on<T: FromRedisValue>(
        self,
        mut connection: ConnectionManager,
    ) -> Result<T, RedisError> {
        match self {
            Self::Command(command) => command.query_async(&mut connection).await,
            Self::Script(script) => script.invoke_async(&mut connection).await,
        }
    }
}

impl Redis {
    /// Connects to the server of a URL, `redis://127.0.0.1/0` or, with TLS, `rediss://…`; the path
    /// is the number of the database. Logs a warning where answered writes may be lost.
    ///
    /// # Errors
    /// [`StorageError::Unsupported`] for what is no URL of Redis, [`StorageError::Unavailable`] when
    /// the server cannot be reached.
    pub async fn open(url: &str) -> Result<Self, StorageError> {
        let client = redis::Client::open(url).map_err(map)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(RESPONSE))
            .set_number_of_retries(ATTEMPTS)
            .set_max_delay(Duration::from_millis(500));
        let connection = patiently(async {
            let connection = ConnectionManager::new_with_config(client, config).await;
            connection.map_err(map)
        })
        .await?;
        let durability = patiently(durability::ask(connection.clone())).await?;
        if let Some(warning) = durability.warning() {
            tracing::warn!("redis: {warning}");
        }
        Ok(Self {
            connection: tokio::sync::RwLock::new(Some(connection)),
            scripts: Scripts::new(),
            tables: RwLock::default(),
            durability,
        })
    }

    /// What the server's settings promised when it was asked at the start.
    pub fn durability(&self) -> &Durability {
        &self.durability
    }

    fn layout(&self, table: &TableDescriptor) -> Result<Arc<Layout>, StorageError> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        tables.get(table.name).cloned().ok_or_else(|| {
            StorageError::Unsupported(format!("table {} has not been prepared", table.name))
        })
    }

    /// Runs a command or a script on the connection. One that may be done twice is tried again when
    /// the connection broke, which is how the end of a server that was started anew is noticed.
    async fn run<T: FromRedisValue + Send>(
        &self,
        repeatable: bool,
        call: Call<'_>,
    ) -> Result<T, StorageError> {
        patiently(async {
            let guard = self.connection.read().await;
            let Some(connection) = guard.as_ref() else {
                return Err(StorageError::Unavailable("the database is closed".into()));
            };
            match call.on(connection.clone()).await {
                Err(error) if repeatable && error.is_connection_dropped() => {
                    call.on(connection.clone()).await.map_err(map)
                }
                answer => answer.map_err(map),
            }
        })
        .await
    }

    /// The rows in a part of one of the table's sets.
    async fn rows(
        &self,
        layout: &Layout,
        index: usize,
        part: &Lex,
        descending: bool,
        limit: Option<u32>,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        let mut script = self.scripts.select.prepare_invoke();
        script.key(&layout.base);
        script.arg(&layout.rows);
        let (set, skipped) = layout.set(index)?;
        script.arg(set).arg(skipped);
        script.arg(u8::from(descending));
        script.arg(&part.lower).arg(&part.upper);
        script.arg(limit.map_or(-1, i64::from));
        let rows: Vec<Vec<u8>> = self.run(true, Call::Script(&script)).await?;
        rows.iter().map(|row| layout.row(row)).collect()
    }
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

/// The storage error for one of Redis.
fn map(error: RedisError) -> StorageError {
    match error.kind() {
        ErrorKind::InvalidClientConfig => StorageError::Unsupported(error.to_string()),
        ErrorKind::UnexpectedReturnType | ErrorKind::Parse => StorageError::corrupt(error),
        _ => StorageError::unavailable(error),
    }
}

#[async_trait]
impl Backend for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn supports(&self, table: &TableDescriptor) -> bool {
        self.layout(table).is_ok()
    }

    async fn prepare(
        &self,
        tables: &[&'static TableDescriptor],
        _migrations: &[Migration],
    ) -> Result<(), StorageError> {
        let layouts: Vec<Layout> = tables.iter().map(|table| Layout::new(table)).collect();
        let script = schema::invocation(&self.scripts.prepare, &layouts);
        let answer: Vec<String> = self.run(true, Call::Script(&script)).await?;
        schema::check(&answer)?;
        let mut known = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        for layout in layouts {
            known.insert(layout.table.name, Arc::new(layout));
        }
        Ok(())
    }

    async fn get(
        &self,
        table: &'static TableDescriptor,
        key: &[Value],
    ) -> Result<Option<Vec<Value>>, StorageError> {
        let layout = self.layout(table)?;
        let mut get = redis::cmd("HGET");
        get.arg(&layout.rows).arg(ordered::encode(key));
        let row: Option<Vec<u8>> = self.run(true, Call::Command(&get)).await?;
        row.map(|row| layout.row(&row)).transpose()
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<Vec<Value>>, StorageError> {
        if selection.search.is_some() {
            return Err(StorageError::Unsupported("a search on Redis".into()));
        }
        let layout = self.layout(selection.table)?;
        let descending = selection.descending();
        match Plan::new(selection)? {
            Plan::Nothing => Ok(Vec::new()),
            Plan::Set {
                index,
                part,
                in_order: true,
            } => {
                let limit = Some(selection.limit);
                self.rows(&layout, index, &part, descending, limit).await
            }
            Plan::Set { index, part, .. } => {
                let mut rows = self.rows(&layout, index, &part, false, None).await?;
                plan::sort(selection, &mut rows);
                Ok(rows)
            }
        }
    }

    async fn scan(
        &self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        let layout = self.layout(table)?;
        let part = Lex::after(after);
        self.rows(&layout, 0, &part, false, Some(limit)).await
    }

    async fn keys(
        &self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        let layout = self.layout(table)?;
        let part = Lex::after(after);
        let mut range = redis::cmd("ZRANGEBYLEX");
        range.arg(&layout.keys).arg(&part.lower).arg(&part.upper);
        range.arg("LIMIT").arg(0).arg(limit);
        let keys: Vec<Vec<u8>> = self.run(true, Call::Command(&range)).await?;
        keys.iter().map(|key| ordered::decode(key)).collect()
    }

    async fn count(&self, table: &'static TableDescriptor) -> Result<u64, StorageError> {
        let layout = self.layout(table)?;
        let mut count = redis::cmd("HLEN");
        count.arg(&layout.rows);
        self.run(true, Call::Command(&count)).await
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, StorageError> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        // To store once more what was stored a moment ago changes nothing that some order of the
        // writers would not explain. An insert would find itself, a removal nothing.
        let repeatable = writes
            .iter()
            .all(|write| matches!(write, Write::Put { .. }));
        let mut layouts = Vec::new();
        for write in &writes {
            layouts.push(self.layout(write.table())?);
        }
        let script = scripts::write(&self.scripts.write, &writes, &layouts)?;
        let answer: Vec<i64> = self.run(repeatable, Call::Script(&script)).await?;
        scripts::outcomes(&answer, writes.len())
    }

    async fn health(&self) -> Result<(), StorageError> {
        let ping = redis::cmd("PING");
        let pong = self.run(true, Call::Command(&ping)).await;
        pong.map(|_: redis::Value| ())
    }

    async fn close(&self) {
        // Waits for the commands that are under way: each ends within its time.
        self.connection.write().await.take();
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}
