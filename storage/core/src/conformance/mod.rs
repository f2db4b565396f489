//! The test suite that every backend has to pass.
//!
//! It makes its rows from descriptors, so that it runs over any table: over its own ([`TABLES`]),
//! which have every kind of column, key and query, and over all that are generated from the
//! specifications. Besides cases written out one by one, a long random sequence of operations is
//! done on the backend and on a simple model of a table, and both have to agree.
//!
//! The checks panic, as tests do.

// A test suite tells its findings by panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;
mod concurrent;
pub mod crash;
mod data;
mod model;
mod report;
mod search;
mod tables;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{Backend, Migration, Range, Selection, StorageError, TableDescriptor, Value, Write};

pub use report::{Report, markdown};
pub use tables::TABLES;

use report::Counter;

/// Makes backends for the suite.
#[async_trait]
pub trait Factory: Send + Sync {
    /// Opens the backend. A persistent one finds the data of the call before; the others begin
    /// empty.
    async fn open(&self) -> Arc<dyn Backend>;

    /// Whether data outlive the backend.
    fn persistent(&self) -> bool;

    /// Whether a second handle may be opened beside the first, as another node of a server does.
    fn shared(&self) -> bool {
        false
    }
}

/// Runs the whole suite over the tables, and says how much was checked. The backend has to be
/// empty, and is so afterwards.
///
/// # Panics
/// When the backend does not conform.
pub async fn run(
    factory: &dyn Factory,
    tables: &[&'static TableDescriptor],
    migrations: &[Migration],
) -> Report {
    let backend = open(factory, tables, migrations).await;
    let mut report = Report {
        backend: backend.name(),
        tables: Vec::new(),
    };
    for &table in tables {
        let subject = Subject::new(&backend, table);
        cases::basics(&subject).await;
        cases::conflicts(&subject).await;
        cases::awkward_values(&subject).await;
        cases::long_keys(&subject).await;
        cases::large_values(&subject).await;
        cases::isolation(&subject).await;
        cases::paging(&subject).await;
        cases::atomicity(&subject).await;
        search::search(&subject).await;
        concurrent::one_key(&subject).await;
        concurrent::some_order(&subject).await;
        concurrent::many_keys(&subject).await;
        model::agree(&subject).await;
        report.tables.push((table.name, subject.counter.total()));
    }
    cases::several_tables(&backend, tables).await;
    cases::reopening(factory, backend, tables, migrations).await;
    report.save().expect("the report can be written");
    report
}

async fn open(
    factory: &dyn Factory,
    tables: &[&'static TableDescriptor],
    migrations: &[Migration],
) -> Arc<dyn Backend> {
    for table in tables {
        table.check().expect("the description is sound");
    }
    let backend = factory.open().await;
    // Two at once, from two handles where there may be two, and once more: preparing what is
    // prepared changes nothing.
    let other = if factory.shared() {
        factory.open().await
    } else {
        backend.clone()
    };
    let prepare = async |backend: &Arc<dyn Backend>| {
        let prepared = backend.prepare(tables, migrations).await;
        prepared.expect("the tables can be made ready");
    };
    futures_util::future::join(prepare(&backend), prepare(&other)).await;
    prepare(&backend).await;
    if factory.shared() {
        other.close().await;
    }
    for table in tables {
        assert!(backend.supports(table), "{} is supported", table.name);
    }
    backend
}

/// One table on a backend, with shorter ways to the operations.
pub(crate) struct Subject {
    backend: Arc<dyn Backend>,
    table: &'static TableDescriptor,
    counter: Counter,
}

impl Subject {
    fn new(backend: &Arc<dyn Backend>, table: &'static TableDescriptor) -> Self {
        Self {
            backend: backend.clone(),
            table,
            counter: Counter::default(),
        }
    }

    /// Does all of these changes, none of which may fail.
    async fn write_all(&self, writes: Vec<Write>) {
        self.counter.add(writes.len());
        let wanted = writes.len();
        let outcomes = self.backend.write(writes).await.expect("a list of changes");
        assert_eq!(outcomes.len(), wanted, "one outcome for each write");
    }

    async fn write(&self, write: Write) -> Result<u64, StorageError> {
        self.counter.add(1);
        let outcomes = self.backend.write(vec![write]).await?;
        assert_eq!(outcomes.len(), 1, "one outcome for one write");
        Ok(outcomes[0].removed())
    }

    fn putting(&self, row: &[Value]) -> Write {
        Write::Put {
            table: self.table,
            row: row.to_vec(),
        }
    }

    fn inserting(&self, row: &[Value]) -> Write {
        Write::Insert {
            table: self.table,
            row: row.to_vec(),
        }
    }

    fn deleting(&self, row: &[Value]) -> Write {
        Write::Delete {
            table: self.table,
            key: self.table.key_of(row),
        }
    }

    async fn put(&self, row: &[Value]) {
        self.write(self.putting(row)).await.expect("put");
    }

    async fn insert(&self, row: &[Value]) -> Result<(), StorageError> {
        self.write(self.inserting(row)).await.map(drop)
    }

    async fn delete(&self, row: &[Value]) -> u64 {
        self.write(self.deleting(row)).await.expect("delete")
    }

    /// The stored row with the same key.
    async fn get(&self, row: &[Value]) -> Option<Vec<Value>> {
        self.counter.add(1);
        let key = self.table.key_of(row);
        self.backend.get(self.table, &key).await.expect("get")
    }

    async fn select(&self, selection: &Selection) -> Vec<Vec<Value>> {
        self.table
            .check_selection(selection)
            .expect("a sound selection");
        self.counter.add(1);
        self.backend.select(selection).await.expect("select")
    }

    /// All rows, in the order of the key, read in steps.
    async fn all(&self) -> Vec<Vec<Value>> {
        let mut rows: Vec<Vec<Value>> = Vec::new();
        loop {
            let after = rows.last().map(|row| self.table.key_of(row));
            let step = self.backend.scan(self.table, after.as_deref(), 7).await;
            let step = step.expect("scan");
            assert!(step.len() <= 7, "no more rows than asked for");
            self.counter.add(1);
            if step.is_empty() {
                let count = self.backend.count(self.table).await;
                assert_eq!(count, Ok(rows.len() as u64), "{}: count", self.table.name);
                return rows;
            }
            rows.extend(step);
        }
    }

    async fn clear(&self) {
        let rows = self.all().await;
        let removals = rows.iter().map(|row| self.deleting(row)).collect();
        let outcomes = self.backend.write(removals).await.expect("removals");
        assert!(outcomes.iter().all(|outcome| outcome.removed() == 1));
        assert!(self.all().await.is_empty());
    }
}

/// Compares rows without showing a wall of values where they differ.
#[track_caller]
fn same_rows(what: &str, table: &TableDescriptor, left: &[Vec<Value>], right: &[Vec<Value>]) {
    if left == right {
        return;
    }
    let place = left
        .iter()
        .zip(right)
        .position(|(left, right)| left != right);
    panic!(
        "{}: {what}: {} rows against {} expected, the first difference at {place:?}:\n{:?}\n{:?}",
        table.name,
        left.len(),
        right.len(),
        place.and_then(|place| left.get(place)),
        place.and_then(|place| right.get(place)),
    );
}

/// A query over everything that equals these values.
fn selection(
    table: &'static TableDescriptor,
    query: &'static crate::QueryDescriptor,
    equals: Vec<Value>,
) -> Selection {
    Selection {
        table,
        query,
        equals,
        range: Range::all(),
        search: None,
        limit: u32::MAX,
        reverse: false,
    }
}
