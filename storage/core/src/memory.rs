//! The memory backend: sorted maps that die with the process.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;

use crate::{
    Backend, Migration, Outcome, QueryDescriptor, Selection, StorageError, TableDescriptor, Value,
    Write,
};

/// Rows of a table by key.
type Rows = BTreeMap<Vec<Value>, Vec<Value>>;

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
type Undo = (&'static str, Vec<Value>, Option<Vec<Value>>);

fn apply(
    tables: &mut HashMap<&'static str, Rows>,
    write: Write,
    undo: &mut Vec<Undo>,
) -> Result<Outcome, StorageError> {
    let table = write.table();
    let rows = tables.entry(table.name).or_default();
    match write {
        Write::Put { row, .. } => {
            let key = table.key_of(&row);
            undo.push((table.name, key.clone(), rows.insert(key, row)));
            Ok(Outcome::Stored)
        }
        Write::Insert { row, .. } => {
            let key = table.key_of(&row);
            if rows.contains_key(&key) {
                return Err(StorageError::Conflict);
            }
            undo.push((table.name, key.clone(), rows.insert(key, row)));
            Ok(Outcome::Stored)
        }
        Write::Delete { key, .. } => {
            let old = rows.remove(&key);
            let removed = u64::from(old.is_some());
            undo.push((table.name, key, old));
            Ok(Outcome::Removed(removed))
        }
        Write::DeleteWhere(selection) => {
            let matcher = Matcher::new(&selection);
            Ok(remove(table, rows, undo, |row| matcher.matches(row)))
        }
        Write::Erase { account, .. } => {
            let column = table.personal.and_then(|name| table.column(name));
            let account = Value::Text(account);
            Ok(remove(table, rows, undo, |row| {
                column.is_some_and(|(place, _)| row.get(place) == Some(&account))
            }))
        }
    }
}

/// Removes the rows that match.
fn remove(
    table: &TableDescriptor,
    rows: &mut Rows,
    undo: &mut Vec<Undo>,
    matches: impl Fn(&[Value]) -> bool,
) -> Outcome {
    let mut removed = 0;
    for (key, row) in rows.extract_if(.., |_, row| matches(row)) {
        undo.push((table.name, key, Some(row)));
        removed += 1;
    }
    Outcome::Removed(removed)
}

/// A selection with its columns' places looked up.
struct Matcher<'a> {
    equals: Vec<(usize, &'a Value)>,
    range: Option<usize>,
    search: Option<usize>,
    selection: &'a Selection,
}

impl<'a> Matcher<'a> {
    fn new(selection: &'a Selection) -> Self {
        let place = |name: &str| selection.table.column(name).map(|(place, _)| place);
        let names = selection.query.equals.iter();
        Self {
            equals: names
                .zip(&selection.equals)
                .filter_map(|(name, value)| place(name).map(|place| (place, value)))
                .collect(),
            range: selection.query.range.and_then(place),
            search: selection.query.search.and_then(place),
            selection,
        }
    }

    fn matches(&self, row: &[Value]) -> bool {
        self.equals
            .iter()
            .all(|&(place, value)| row.get(place) == Some(value))
            && self.range.is_none_or(|place| {
                row.get(place)
                    .is_some_and(|value| self.selection.range.contains(value))
            })
            && self.selection.search.as_ref().is_none_or(|search| {
                let value = self.search.and_then(|place| row.get(place));
                value.is_some_and(|value| search.matches_value(value))
            })
    }
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
        Ok(tables
            .get(table.name)
            .and_then(|rows| rows.get(key))
            .cloned())
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<Vec<Value>>, StorageError> {
        self.check()?;
        let table = selection.table;
        let tables = self.lock();
        let Some(rows) = tables.get(table.name) else {
            return Ok(Vec::new());
        };
        let matcher = Matcher::new(selection);
        let order: Vec<usize> = table
            .order_of(selection.query)
            .iter()
            .filter_map(|name| table.column(name).map(|(place, _)| place))
            .collect();
        // Where all values of the key's first columns are given, only that part of the map is
        // walked.
        let prefix: Vec<Value> = table
            .key_places()
            .map_while(|place| {
                let mut given = matcher.equals.iter();
                given
                    .find(|(column, _)| *column == place)
                    .map(|(_, value)| (*value).clone())
            })
            .collect();
        let mut found: Vec<&Vec<Value>> = rows
            .range(prefix.clone()..)
            .take_while(|(key, _)| key.starts_with(&prefix))
            .map(|(_, row)| row)
            .filter(|row| matcher.matches(row))
            .collect();
        found.sort_by(|left, right| {
            let left = order.iter().map(|&place| left.get(place));
            left.cmp(order.iter().map(|&place| right.get(place)))
        });
        if selection.descending() {
            found.reverse();
        }
        let limit = usize::try_from(selection.limit).unwrap_or(usize::MAX);
        Ok(found.into_iter().take(limit).cloned().collect())
    }

    async fn scan(
        &self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        self.check()?;
        let tables = self.lock();
        let Some(rows) = tables.get(table.name) else {
            return Ok(Vec::new());
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let all = rows.range(after.unwrap_or_default().to_vec()..);
        Ok(all
            .filter(|(key, _)| after != Some(key.as_slice()))
            .take(limit)
            .map(|(_, row)| row.clone())
            .collect())
    }

    async fn count(&self, table: &'static TableDescriptor) -> Result<u64, StorageError> {
        self.check()?;
        let tables = self.lock();
        Ok(tables.get(table.name).map_or(0, BTreeMap::len) as u64)
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
                    for (name, key, row) in undo.into_iter().rev() {
                        let rows = tables.entry(name).or_default();
                        match row {
                            Some(row) => rows.insert(key, row),
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
