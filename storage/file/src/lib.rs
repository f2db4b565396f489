//! The file backend: JSON lines that a person can read, in a folder that needs nothing else.
//!
//! Rows of a table lie in *segments*, one for each value of the first column of its key, which is
//! the owner in most tables; a table whose key is one column is one segment. A segment is a file of
//! lines: a row as it is stored, or the key of a row that was removed. Later lines count. What has
//! been overwritten goes when the segment is *compacted*: written anew beside the old one, which it
//! then replaces at once.
//!
//! What is written goes into the *journal* first, one line for a whole list of changes. All that
//! arrived together is made durable with one sync, and only then answered. Segments follow behind:
//! they are appended to at leisure and synced at a *checkpoint*, after which the journal begins
//! anew. After a crash the journal says where each segment was at the last checkpoint and what came
//! since.
//!
//! Of a small segment in use the indexes are in memory, about 100 octets a row and index; those of a large one are
//! beside it on the disk, but for its newest part, so that it is never read whole. Segments least in use
//! are dropped when there are many. One process may use a folder at a time.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod catalog;
mod disk;
mod journal;
mod line;
mod names;
mod run;
mod segment;
mod state;
mod transaction;
mod upkeep;
mod writer;

use std::{
    collections::HashSet,
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sestina_storage::{
    Backend, Migration, Outcome, QueryDescriptor, Selection, StorageError, TableDescriptor, Value,
    Write, async_trait,
};

use state::State;

/// How long a caller waits for an answer, the time in the queue included.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tables in a folder of files.
///
/// It works on threads of its own and gives up by tokio's clock: a test that pauses that clock would
/// see time run out at once, and takes the memory backend.
pub struct Files {
    path: PathBuf,
    shared: Arc<Shared>,
    writer: writer::Writer,
}

/// What the writer and the readers share.
struct Shared {
    /// `None` once it is closed.
    state: Mutex<Option<State>>,
    /// The tables that have been prepared: asked for where nobody may wait for the disk.
    known: RwLock<HashSet<&'static str>>,
    /// Set when an answer of the disk leaves it unknown what is durable.
    broken: AtomicBool,
}

impl Shared {
    /// Does something with the state. It is not for the threads of the runtime: it waits for the disk.
    fn with<T>(
        &self,
        work: impl FnOnce(&mut State) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.as_mut() {
            Some(state) => work(state),
            None => Err(StorageError::Unavailable("the storage is closed".into())),
        }
    }
}

impl Files {
    /// Opens the folder, which is made if it is not there, for its owner only, and brings what the
    /// journal holds into the segments. Takes a path or an URL, `file:data/store`.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when the folder cannot be used or another process uses it,
    /// [`StorageError::Corrupt`] when it holds something else, [`StorageError::Unsupported`] when a
    /// newer version of the program has written it.
    pub async fn open(location: &str) -> Result<Self, StorageError> {
        let path = location.strip_prefix("file:").unwrap_or(location);
        let path = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
        if path.as_os_str().is_empty() {
            return Err(StorageError::Unsupported("storage without a folder".into()));
        }
        let opening = path.clone();
        let state =
            blocking(move || State::open(&opening).map_err(|error| named(&opening, error))).await?;
        let shared = Arc::new(Shared {
            state: Mutex::new(Some(state)),
            known: RwLock::default(),
            broken: AtomicBool::new(false),
        });
        let merges = writer::merger(shared.clone()).map_err(StorageError::unavailable)?;
        shared.with(|state| {
            state.set_merger(merges);
            Ok(())
        })?;
        let writer = writer::Writer::start(shared.clone()).map_err(StorageError::unavailable)?;
        Ok(Self {
            path,
            shared,
            writer,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut State) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let shared = self.shared.clone();
        blocking(move || shared.with(work)).await
    }
}

/// Says which folder it is about.
fn named(path: &Path, error: StorageError) -> StorageError {
    let path = path.display();
    match error {
        StorageError::Unavailable(text) => StorageError::Unavailable(format!("{path}: {text}")),
        StorageError::Corrupt(text) => StorageError::Corrupt(format!("{path}: {text}")),
        StorageError::Unsupported(text) => StorageError::Unsupported(format!("{path}: {text}")),
        other => other,
    }
}

/// Does something that waits for the disk, on a thread for that.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> Result<T, StorageError> {
    patiently(async {
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|_| {
            Err(StorageError::Unavailable(
                "a thread of the storage ended".into(),
            ))
        })
    })
    .await
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
impl Backend for Files {
    fn name(&self) -> &'static str {
        "file"
    }

    fn supports(&self, table: &TableDescriptor) -> bool {
        let known = &self.shared.known;
        let known = known.read().unwrap_or_else(PoisonError::into_inner);
        known.contains(table.name)
    }

    fn supports_search(&self, _table: &TableDescriptor, _query: &QueryDescriptor) -> bool {
        true
    }

    async fn prepare(
        &self,
        tables: &[&'static TableDescriptor],
        _migrations: &[Migration],
    ) -> Result<(), StorageError> {
        let preparing = tables.to_vec();
        let shared = self.shared.clone();
        // Large files that were brought here, or were changed, are read whole: as long as that takes.
        let prepared =
            tokio::task::spawn_blocking(move || shared.with(|state| state.prepare(&preparing)));
        prepared.await.map_err(StorageError::unavailable)??;
        let known = &self.shared.known;
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(tables.iter().map(|table| table.name));
        Ok(())
    }

    async fn get(
        &self,
        table: &'static TableDescriptor,
        key: &[Value],
    ) -> Result<Option<Vec<Value>>, StorageError> {
        let key = key.to_vec();
        self.read(move |state| state.get(table, &key)).await
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<Vec<Value>>, StorageError> {
        let selection = selection.clone();
        self.read(move |state| state.select(&selection)).await
    }

    async fn scan(
        &self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        let after = after.map(<[Value]>::to_vec);
        self.read(move |state| state.scan(table, after.as_deref(), limit))
            .await
    }

    async fn count(&self, table: &'static TableDescriptor) -> Result<u64, StorageError> {
        self.read(move |state| state.count(table)).await
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, StorageError> {
        patiently(self.writer.write(writes)).await
    }

    async fn health(&self) -> Result<(), StorageError> {
        if self.shared.broken.load(Ordering::SeqCst) {
            return Err(writer::broken());
        }
        self.read(|_| Ok(())).await
    }

    async fn close(&self) {
        self.writer.close().await;
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
