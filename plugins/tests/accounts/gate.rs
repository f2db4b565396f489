//! Memory in which what goes into archives waits until it is let through.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sestina_storage::memory::Memory;
use sestina_storage::{
    Backend, Migration, Outcome, Selection, Storage, StorageError, TableDescriptor, Value, Write,
    async_trait,
};
use tokio::sync::Semaphore;

/// Memory in which what goes into archives waits until it is let through. It does not search.
pub(super) struct Gate {
    memory: Memory,
    waiting: AtomicUsize,
    pub(super) through: Semaphore,
    pub(super) fails: AtomicBool,
    /// Which of them, counted from 1, waits longer than those after it.
    pub(super) late: AtomicUsize,
    pub(super) at_last: Semaphore,
}

impl Gate {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            memory: Memory::new(),
            waiting: AtomicUsize::new(0),
            through: Semaphore::new(0),
            fails: AtomicBool::new(false),
            late: AtomicUsize::new(0),
            at_last: Semaphore::new(0),
        })
    }

    /// A storage with it.
    pub(super) fn storage(self: &Arc<Self>) -> Storage {
        Storage::new(Arc::new(Shared(Arc::clone(self))))
    }

    /// Waits until so many have come to be let through.
    pub(super) async fn until_wait(&self, number: usize) {
        while self.waiting.load(Ordering::SeqCst) < number {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// A storage keeps its backend; the test keeps a part in it.
struct Shared(Arc<Gate>);

#[async_trait]
impl Backend for Shared {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn supports(&self, table: &TableDescriptor) -> bool {
        self.0.memory.supports(table)
    }

    async fn prepare(
        &self,
        tables: &[&'static TableDescriptor],
        migrations: &[Migration],
    ) -> Result<(), StorageError> {
        self.0.memory.prepare(tables, migrations).await
    }

    async fn get(
        &self,
        table: &'static TableDescriptor,
        key: &[Value],
    ) -> Result<Option<Vec<Value>>, StorageError> {
        self.0.memory.get(table, key).await
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<Vec<Value>>, StorageError> {
        self.0.memory.select(selection).await
    }

    async fn scan(
        &self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        self.0.memory.scan(table, after, limit).await
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, StorageError> {
        if writes.iter().any(|write| write.table().name == "archive") {
            let number = self.0.waiting.fetch_add(1, Ordering::SeqCst) + 1;
            if number == self.0.late.load(Ordering::SeqCst) {
                self.0.at_last.acquire().await.unwrap().forget();
            }
            self.0.through.acquire().await.unwrap().forget();
            if self.0.fails.load(Ordering::SeqCst) {
                return Err(StorageError::Unavailable("as ordered".into()));
            }
        }
        self.0.memory.write(writes).await
    }

    async fn health(&self) -> Result<(), StorageError> {
        self.0.memory.health().await
    }

    async fn close(&self) {
        self.0.memory.close().await;
    }
}
