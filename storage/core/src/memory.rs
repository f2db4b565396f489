//! The memory backend: sorted maps that die with the process.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Bound,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;

use crate::{
    Backend, Migration, Outcome, QueryDescriptor, Selection, StorageError, TableDescriptor, Value,
    Write, index, ordered,
};

/// A row, shared by the indexes.
type Row = Arc<Vec<Value>>;

/// Rows in the order of some columns, by their [entries](index::entry).
struct Index {
    columns: Vec<usize>,
    rows: BTreeMap<Box<[u8]>, Row>,
}

/// The rows of a table: the first index is that of the key.
struct Rows {
    indexes: Vec<Index>,
}

impl Rows {
    fn new(table: &TableDescriptor) -> Self {
        let all = index::all(table).into_iter();
        Self {
            indexes: all
                .map(|columns| Index {
                    columns,
                    rows: BTreeMap::new(),
                })
                .collect(),
        }
    }

    fn by_key(&self) -> Option<&BTreeMap<Box<[u8]>, Row>> {
        self.indexes.first().map(|index| &index.rows)
    }

    fn get(&self, key: &[Value]) -> Option<&Row> {
        self.by_key()?.get(&ordered::encode(key)[..])
    }

    /// Stores a row; the one it replaces.
    fn insert(&mut self, table: &TableDescriptor, row: Row) -> Option<Row> {
        let old = self.remove(&table.key_of(&row));
        for index in &mut self.indexes {
            let entry = index::entry(&row, &index.columns);
            index.rows.insert(entry, row.clone());
        }
        old
    }

    /// Removes the row with this key.
    fn remove(&mut self, key: &[Value]) -> Option<Row> {
        let row = self.get(key)?.clone();
        for index in &mut self.indexes {
            index.rows.remove(&index::entry(&row, &index.columns));
        }
        Some(row)
    }

    /// Makes the index that a query needs, if it is none that the table declares.
    fn index(&mut self, columns: Vec<usize>) -> &Index {
        let known = self.indexes.iter().position(|one| one.columns == columns);
        let place = known.unwrap_or_else(|| {
            let rows = self.by_key().into_iter().flat_map(BTreeMap::values);
            let rows = rows.map(|row| (index::entry(row, &columns), row.clone()));
            let rows = rows.collect();
            self.indexes.push(Index { columns, rows });
            self.indexes.len() - 1
        });
        &self.indexes[place]
    }

    /// The rows of a selection, in its order, its limit aside.
    fn select<'a>(
        &'a mut self,
        selection: &'a Selection,
    ) -> Box<dyn Iterator<Item = &'a Row> + 'a> {
        let columns = index::columns(selection.table, selection.query);
        let index = self.index(columns);
        let Some((lower, upper)) = index::bounds(selection, &index.columns) else {
            return Box::new(std::iter::empty());
        };
        let found = index.rows.range::<[u8], _>((
            lower.as_ref().map(|octets| &octets[..]),
            upper.as_ref().map(|octets| &octets[..]),
        ));
        let rows = found.map(|(_, row)| row);
        if selection.descending() {
            Box::new(rows.rev().filter(|row| selection.matches(row)))
        } else {
            Box::new(rows.filter(|row| selection.matches(row)))
        }
    }
}

/// Keeps all rows in memory.
#[derive(Default)]
pub struct Memory {
    tables: Mutex<HashMap<&'static str, Rows>>,
    without: HashSet<String>,
    closed: AtomicBool,
    unavailable: AtomicBool,
}

impl Memory {
    /// An empty memory backend with every table.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty memory backend that lacks the named tables, to try out what plugins do then.
    pub fn without(tables: &[&str]) -> Self {
        Self {
            without: tables.iter().map(|&name| name.to_owned()).collect(),
            ..Self::default()
        }
    }

    /// Makes every call give [`StorageError::Unavailable`] from now on, or ends that: for tests of
    /// what happens when the storage is gone for a while.
    pub fn set_unavailable(&self, unavailable: bool) {
        self.unavailable.store(unavailable, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), StorageError> {
        if self.closed.load(Ordering::SeqCst) {
            Err(StorageError::Unavailable("the storage is closed".into()))
        } else if self.unavailable.load(Ordering::SeqCst) {
            Err(StorageError::Unavailable("made so for a test".into()))
        } else {
            Ok(())
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Rows>> {
        // A panic elsewhere cannot leave the maps half changed: a failed batch is undone below
        // without calling foreign code.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What undoes one change: the row that was under this key before.
type Undo = (&'static TableDescriptor, Vec<Value>, Option<Row>);

fn apply(
    tables: &mut HashMap<&'static str, Rows>,
    write: Write,
    undo: &mut Vec<Undo>,
) -> Result<Outcome, StorageError> {
    let table = write.table();
    let rows = tables.entry(table.name).or_insert_with(|| Rows::new(table));
    match write {
        Write::Put { row, .. } => {
            let key = table.key_of(&row);
            undo.push((table, key, rows.insert(table, row.into())));
            Ok(Outcome::Stored)
        }
        Write::Insert { row, .. } => {
            let key = table.key_of(&row);
            if rows.get(&key).is_some() {
                return Err(StorageError::Conflict);
            }
            undo.push((table, key, rows.insert(table, row.into())));
            Ok(Outcome::Stored)
        }
        Write::Delete { key, .. } => {
            let old = rows.remove(&key);
            let removed = u64::from(old.is_some());
            undo.push((table, key, old));
            Ok(Outcome::Removed(removed))
        }
        Write::DeleteWhere(selection) => {
            let found: Vec<Row> = rows.select(&selection).cloned().collect();
            Ok(remove(table, rows, undo, found))
        }
        Write::Erase {
            account, column, ..
        } => {
            let column = table.column(column);
            let account = Value::Text(account);
            let all = rows.by_key().into_iter().flat_map(BTreeMap::values);
            let found =
                all.filter(|row| column.is_some_and(|(place, _)| row.get(place) == Some(&account)));
            let found = found.cloned().collect();
            Ok(remove(table, rows, undo, found))
        }
    }
}

/// Removes these rows.
fn remove(
    table: &'static TableDescriptor,
    rows: &mut Rows,
    undo: &mut Vec<Undo>,
    found: Vec<Row>,
) -> Outcome {
    let removed = found.len() as u64;
    for row in found {
        let key = table.key_of(&row);
        rows.remove(&key);
        undo.push((table, key, Some(row)));
    }
    Outcome::Removed(removed)
}

#[async_trait]
impl Backend for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn supports(&self, table: &TableDescriptor) -> bool {
        !self.without.contains(table.name)
    }

    fn supports_search(&self, _table: &TableDescriptor, _query: &QueryDescriptor) -> bool {
        true
    }

    async fn prepare(
        &self,
        _tables: &[&'static TableDescriptor],
        _migrations: &[Migration],
    ) -> Result<(), StorageError> {
        self.check()
    }

    async fn get(
        &self,
        table: &'static TableDescriptor,
        key: &[Value],
    ) -> Result<Option<Vec<Value>>, StorageError> {
        self.check()?;
        let tables = self.lock();
        let row = tables.get(table.name).and_then(|rows| rows.get(key));
        Ok(row.map(|row| row.to_vec()))
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<Vec<Value>>, StorageError> {
        self.check()?;
        let limit = usize::try_from(selection.limit).unwrap_or(usize::MAX);
        let mut tables = self.lock();
        let Some(rows) = tables.get_mut(selection.table.name) else {
            return Ok(Vec::new());
        };
        Ok(rows
            .select(selection)
            .take(limit)
            .map(|row| row.to_vec())
            .collect())
    }

    async fn scan(
        &self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        self.check()?;
        let tables = self.lock();
        let Some(rows) = tables.get(table.name).and_then(Rows::by_key) else {
            return Ok(Vec::new());
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let after = after.map(ordered::encode);
        let lower = match &after {
            Some(key) => Bound::Excluded(&key[..]),
            None => Bound::Unbounded,
        };
        let rest = rows.range::<[u8], _>((lower, Bound::Unbounded));
        Ok(rest.take(limit).map(|(_, row)| row.to_vec()).collect())
    }

    async fn count(&self, table: &'static TableDescriptor) -> Result<u64, StorageError> {
        self.check()?;
        let tables = self.lock();
        let rows = tables.get(table.name).and_then(Rows::by_key);
        Ok(rows.map_or(0, BTreeMap::len) as u64)
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, StorageError> {
        self.check()?;
        let mut tables = self.lock();
        let mut undo = Vec::new();
        let mut outcomes = Vec::with_capacity(writes.len());
        for write in writes {
            match apply(&mut tables, write, &mut undo) {
                Ok(outcome) => outcomes.push(outcome),
                Err(error) => {
                    for (table, key, row) in undo.into_iter().rev() {
                        let Some(rows) = tables.get_mut(table.name) else {
                            continue;
                        };
                        match row {
                            Some(row) => rows.insert(table, row),
                            None => rows.remove(&key),
                        };
                    }
                    return Err(error);
                }
            }
        }
        Ok(outcomes)
    }

    async fn health(&self) -> Result<(), StorageError> {
        self.check()
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }
}
