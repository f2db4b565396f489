//! The MongoDB backend.
//!
//! A table is a collection, a row a document with a field for each column. `_id` is the key of the
//! row, encoded by [`ordered`] and written in hexadecimal digits, so that MongoDB's order of `_id`
//! is the order of the keys. Lists of changes go through a journal of our own (see `journal.rs`):
//! they need neither MongoDB's transactions, which a single server does not have, nor TTL indexes
//! nor change streams.
//!
//! Every write is acknowledged by a majority, with its journal on the disk, before it is answered.

mod apply;
mod document;
mod errors;
mod filter;
mod journal;
mod schema;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use mongodb::{
    Client, Collection, Database,
    bson::{Document, doc},
    options::{Acknowledgment, ClientOptions, WriteConcern},
};
use sestina_storage::{
    Backend, Migration, Outcome, Selection, StorageError, TableDescriptor, Value, Write, ordered,
};

/// How long to look for a server, and for a connection to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How often the driver looks after the server.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// The database where the URL names none.
const DATABASE: &str = "sestina";

/// One database of a MongoDB deployment.
pub struct MongoDb {
    shared: Arc<Shared>,
}

/// What the backend and its tasks share.
struct Shared {
    client: Client,
    database: Database,
    tables: RwLock<HashMap<&'static str, &'static TableDescriptor>>,
    /// True when closed. Held for reading while something is under way.
    closed: Arc<tokio::sync::RwLock<bool>>,
    /// Held by whoever writes where the server does not compare and change in one step: FerretDB 1
    /// reads a document and writes it back.
    alone: Option<tokio::sync::Mutex<()>>,
    /// Whether the task that completes what others left half done has been started.
    sweeping: std::sync::atomic::AtomicBool,
}

impl MongoDb {
    /// Connects to a deployment, `mongodb://127.0.0.1:27017/sestina`; the path is the database.
    ///
    /// # Errors
    /// [`StorageError::Unsupported`] for what is no URL of MongoDB, [`StorageError::Unavailable`]
    /// when no server can be reached.
    pub async fn open(url: &str) -> Result<Self, StorageError> {
        let open = async {
            let options = ClientOptions::parse(url).await;
            let mut options = options.map_err(|error| match errors::map(&error) {
                StorageError::Unavailable(text) => StorageError::Unavailable(text),
                // The text of the driver may hold the password of the URL.
                _ => StorageError::Unsupported("this is no URL of MongoDB".into()),
            })?;
            options.app_name.get_or_insert_with(|| "sestina".to_owned());
            options.server_selection_timeout = Some(CONNECT);
            options.connect_timeout = Some(CONNECT);
            options.heartbeat_freq = Some(HEARTBEAT);
            options.write_concern = Some(
                WriteConcern::builder()
                    .w(Acknowledgment::Majority)
                    .journal(true)
                    .build(),
            );
            // Rows are read where they are written.
            options.selection_criteria = None;
            let name = options.default_database.clone();
            let client = Client::with_options(options).map_err(|error| errors::map(&error))?;
            let database = client.database(name.as_deref().unwrap_or(DATABASE));
            let info = database.run_command(doc! { "buildInfo": 1 }).await;
            let info = info.map_err(|error| errors::map(&error))?;
            let atomic = !info.contains_key("ferretdbVersion");
            Ok(Self {
                shared: Arc::new(Shared {
                    client,
                    database,
                    tables: RwLock::default(),
                    closed: Arc::default(),
                    alone: (!atomic).then(tokio::sync::Mutex::default),
                    sweeping: false.into(),
                }),
            })
        };
        patiently(open).await
    }
}

impl Shared {
    fn collection(&self, name: &str) -> Collection<Document> {
        self.database.collection(name)
    }

    fn known(&self, table: &TableDescriptor) -> Result<(), StorageError> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        if tables.contains_key(table.name) {
            return Ok(());
        }
        Err(StorageError::Unsupported(format!(
            "table {} has not been prepared",
            table.name
        )))
    }

    /// The permission to do something, for as long as it is held.
    async fn enter(&self) -> Result<tokio::sync::OwnedRwLockReadGuard<bool>, StorageError> {
        let guard = self.closed.clone().read_owned().await;
        if *guard {
            return Err(StorageError::Unavailable("the database is closed".into()));
        }
        Ok(guard)
    }

    /// The permission to write, where writers have to be alone.
    async fn alone(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        match &self.alone {
            Some(alone) => Some(alone.lock().await),
            None => None,
        }
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

#[async_trait]
impl Backend for MongoDb {
    fn name(&self) -> &'static str {
        "mongodb"
    }

    fn supports(&self, table: &TableDescriptor) -> bool {
        self.shared.known(table).is_ok()
    }

    async fn prepare(
        &self,
        tables: &[&'static TableDescriptor],
        _migrations: &[Migration],
    ) -> Result<(), StorageError> {
        let shared = &self.shared;
        let _guard = shared.enter().await?;
        // Each step is bounded; all of them together take longer where rows are brought up to date.
        schema::prepare(shared, tables).await?;
        {
            let mut known = shared
                .tables
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            known.extend(tables.iter().map(|table| (table.name, *table)));
        }
        patiently(shared.complete_committed()).await?;
        journal::start_sweeping(shared);
        Ok(())
    }

    async fn get(
        &self,
        table: &'static TableDescriptor,
        key: &[Value],
    ) -> Result<Option<Vec<Value>>, StorageError> {
        let _guard = self.shared.enter().await?;
        self.shared.known(table)?;
        let filter = doc! { "_id": document::id(key) };
        let rows = patiently(self.shared.rows(table, filter, doc! {}, 1)).await?;
        Ok(rows.into_iter().next())
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<Vec<Value>>, StorageError> {
        if selection.search.is_some() {
            return Err(StorageError::Unsupported("a search on MongoDB".into()));
        }
        let _guard = self.shared.enter().await?;
        self.shared.known(selection.table)?;
        let Some((filter, sort)) = filter::select(selection) else {
            return Ok(Vec::new());
        };
        let rows = self
            .shared
            .rows(selection.table, filter, sort, selection.limit);
        patiently(rows).await
    }

    async fn scan(
        &self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        let _guard = self.shared.enter().await?;
        self.shared.known(table)?;
        let filter = document::after(after);
        patiently(self.shared.rows(table, filter, doc! { "_id": 1 }, limit)).await
    }

    async fn keys(
        &self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        let _guard = self.shared.enter().await?;
        self.shared.known(table)?;
        patiently(self.shared.keys(table, document::after(after), limit)).await
    }

    async fn count(&self, table: &'static TableDescriptor) -> Result<u64, StorageError> {
        let _guard = self.shared.enter().await?;
        self.shared.known(table)?;
        let collection = self.shared.collection(table.name);
        let count = async {
            let count = collection.count_documents(doc! { journal::ABSENT: null });
            count.await.map_err(|error| errors::map(&error))
        };
        patiently(count).await
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, StorageError> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let guard = self.shared.enter().await?;
        for write in &writes {
            self.shared.known(write.table())?;
        }
        // A task of its own: whoever stops waiting does not leave a list half done.
        let shared = self.shared.clone();
        let task = tokio::spawn(async move {
            let _guard = guard;
            patiently(shared.write(writes)).await
        });
        task.await.unwrap_or_else(|error| {
            Err(StorageError::Unavailable(format!(
                "the writing task ended: {error}"
            )))
        })
    }

    async fn health(&self) -> Result<(), StorageError> {
        let _guard = self.shared.enter().await?;
        let ping = async {
            let answer = self.shared.database.run_command(doc! { "ping": 1 }).await;
            answer.map(drop).map_err(|error| errors::map(&error))
        };
        patiently(ping).await
    }

    async fn close(&self) {
        // Waits for what is under way: each ends within its time.
        let mut closed = self.shared.closed.write().await;
        if !*closed {
            *closed = true;
            self.shared.client.clone().shutdown().immediate(true).await;
        }
    }
}

impl fmt::Debug for MongoDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoDb")
            .field("database", &self.shared.database.name())
            .finish_non_exhaustive()
    }
}

/// The octets of values that sort as the values do, as text.
fn hexadecimal(octets: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(octets.len() * 2);
    for octet in octets {
        // Writing to a string does not fail.
        let _ = write!(text, "{octet:02x}");
    }
    text
}

/// The encoding of values as text.
fn encoded(values: &[Value]) -> String {
    hexadecimal(&ordered::encode(values))
}
