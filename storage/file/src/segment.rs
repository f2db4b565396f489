//! One file of lines with the indexes of its rows.

use std::{collections::BTreeMap, fs::File, io, ops::Bound, path::PathBuf, sync::Arc};

use sestina_storage::{QueryDescriptor, Selection, StorageError, TableDescriptor, Value, index};

use crate::{
    disk,
    line::{self, Line},
    run::{Bounds, Entry, Merged, Place, Run},
};

/// Rows in the order of some columns.
pub(crate) struct Index {
    /// Their places in a row, without that of the owner.
    pub(crate) columns: Vec<usize>,
    /// What lines say that no run covers, by the [entries](index::entry) of their rows; no place where a run
    /// knows a row that is gone.
    pub(crate) recent: BTreeMap<Box<[u8]>, Option<Place>>,
}

/// From this length on a segment has all its indexes: so that it need not be read when they become runs.
const EARLY: u64 = 1 << 20;

/// What was appended to a segment: its journal entry.
#[derive(Debug)]
pub(crate) struct Appended {
    /// The length of the segment before.
    pub(crate) at: u64,
    /// The lines.
    pub(crate) text: String,
}

/// A segment in use.
pub(crate) struct Segment {
    pub(crate) table: &'static TableDescriptor,
    /// Whose it is: the value of the key's first column in all rows; `None` in a table of one segment.
    pub(crate) owner: Option<Value>,
    pub(crate) path: PathBuf,
    pub(crate) file: Option<File>,
    /// How much is in the file.
    pub(crate) flushed: u64,
    /// What comes after it and is only in the journal yet.
    pub(crate) tail: Vec<u8>,
    /// That of the key, and those that queries need: where there are no runs each is made when a query first asks
    /// for it.
    pub(crate) indexes: Vec<Index>,
    /// The indexes of what is in the file, but for its end; the later count. They have those that the
    /// table declares, in the order of [`declared`](Self::declared).
    pub(crate) runs: Vec<Arc<Run>>,
    /// Whether it has all indexes that the table declares.
    pub(crate) complete: bool,
    /// Whether some of them are being merged.
    pub(crate) merging: bool,
    /// How many rows there are.
    pub(crate) rows: u64,
    /// Octets of the lines that count.
    pub(crate) live: u64,
}

impl Segment {
    /// How many rows there are.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// How many entries are in memory.
    pub(crate) fn entries(&self) -> usize {
        let recent = self.indexes.iter().map(|index| index.recent.len());
        let held = self.runs.iter().map(|run| run.held());
        recent.chain(held).sum()
    }

    /// How many files are open.
    pub(crate) fn files(&self) -> usize {
        1 + self.runs.len()
    }

    /// How much of it is not in the file yet.
    pub(crate) fn unflushed(&self) -> usize {
        self.tail.len()
    }

    pub(crate) fn len(&self) -> u64 {
        self.flushed + self.tail.len() as u64
    }

    /// The columns of the indexes that the queries of the table need, that of the key first.
    pub(crate) fn declared(table: &TableDescriptor, owned: bool) -> Vec<Vec<usize>> {
        let mut declared: Vec<Vec<usize>> = Vec::new();
        for columns in index::all(table) {
            let columns = without_owner(table, owned, columns);
            if !declared.contains(&columns) {
                declared.push(columns);
            }
        }
        declared
    }

    /// The octets of a key in the index of keys: without what is the same in all rows.
    pub(crate) fn key_bytes(&self, key: &[Value]) -> Box<[u8]> {
        let own = key.get(usize::from(self.owner.is_some())..);
        sestina_storage::ordered::encode(own.unwrap_or_default()).into()
    }

    pub(crate) fn said(&self, error: &io::Error) -> StorageError {
        disk::said(&self.path, error)
    }

    pub(crate) fn open(&mut self) -> Result<(), StorageError> {
        if self.file.is_none() && self.flushed > 0 {
            let file = disk::open(&self.path).map_err(|error| self.said(&error))?;
            self.file = Some(file);
        }
        Ok(())
    }

    /// Where the row with an entry in an index is.
    fn find(&self, place: usize, key: &[u8]) -> Result<Option<Place>, StorageError> {
        let index = self.indexes.get(place);
        if let Some(found) = index.and_then(|index| index.recent.get(key)) {
            return Ok(*found);
        }
        for run in self.runs.iter().rev() {
            let found = run.find(place, key);
            let found = found.map_err(|error| disk::said(run.path(), &error))?;
            if let Some(found) = found {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The entries of an index between bounds, in order or against it.
    pub(crate) fn range(&self, place: usize, bounds: Bounds, reverse: bool) -> Merged<'_> {
        let mut merged = Merged::new(reverse);
        if let Some(index) = self.indexes.get(place) {
            let (lower, upper) = &bounds;
            let recent = index.recent.range::<[u8], _>((
                lower.as_ref().map(|octets| &octets[..]),
                upper.as_ref().map(|octets| &octets[..]),
            ));
            let recent = recent.map(|(key, place)| Ok((key.clone(), *place)));
            if reverse {
                merged.add(recent.rev());
            } else {
                merged.add(recent);
            }
        }
        for run in self.runs.iter().rev() {
            merged.add(run.range(place, bounds.clone(), reverse));
        }
        merged
    }

    /// Where rows are, from the entries of an index.
    pub(crate) fn place(&self, entry: io::Result<Entry>) -> Option<Result<Place, StorageError>> {
        match entry {
            Ok((_, place)) => place.map(Ok),
            Err(error) => Some(Err(self.said(&error))),
        }
    }

    /// Does to the indexes what a line says.
    pub(crate) fn apply(&mut self, line: &Line, place: Place) -> Result<(), StorageError> {
        let key = match line {
            Line::Row(row) => self.key_bytes(&self.table.key_of(row)),
            Line::Removed(key) => self.key_bytes(key),
        };
        if let Some(old) = self.find(0, &key)? {
            self.forget(&key, old)?;
        }
        if let Line::Row(row) = line {
            self.rows += 1;
            self.live += u64::from(place.len) + 1;
            for index in &mut self.indexes {
                let entry = index::entry(row, &index.columns);
                index.recent.insert(entry, Some(place));
            }
        }
        Ok(())
    }

    /// Takes a row out of the indexes.
    fn forget(&mut self, key: &[u8], place: Place) -> Result<(), StorageError> {
        self.rows = self.rows.saturating_sub(1);
        self.live = self.live.saturating_sub(u64::from(place.len) + 1);
        if self.indexes.len() == 1 && self.runs.is_empty() {
            let by_key = self.indexes.first_mut();
            by_key.and_then(|index| index.recent.remove(key));
            return Ok(());
        }
        self.open()?;
        let row = self.read(place)?;
        for index in &mut self.indexes {
            let entry = index::entry(&row, &index.columns);
            if self.runs.is_empty() {
                index.recent.remove(&entry);
            } else {
                index.recent.insert(entry, None);
            }
        }
        Ok(())
    }

    /// The row at a place.
    pub(crate) fn read(&self, place: Place) -> Result<Vec<Value>, StorageError> {
        let len = usize::try_from(place.len).map_err(StorageError::corrupt)?;
        let mut from_file = Vec::new();
        let text = if let Some(start) = place.offset.checked_sub(self.flushed) {
            let start = usize::try_from(start).map_err(StorageError::corrupt)?;
            self.tail.get(start..start + len).unwrap_or_default()
        } else {
            from_file.resize(len, 0);
            let file = self
                .file
                .as_ref()
                .ok_or_else(|| StorageError::unavailable("no file"))?;
            disk::read_at(file, &mut from_file, place.offset).map_err(|error| self.said(&error))?;
            &from_file
        };
        let text = std::str::from_utf8(text).map_err(StorageError::corrupt)?;
        match line::read(self.table, text) {
            Ok(Line::Row(row)) => Ok(row),
            _ => Err(self.no_row(place.offset)),
        }
    }

    pub(crate) fn no_row(&self, offset: u64) -> StorageError {
        StorageError::Corrupt(format!(
            "{}: the line at octet {offset} is no row of {}",
            self.path.display(),
            self.table.name
        ))
    }

    /// Whether there is a row with this key.
    pub(crate) fn contains(&self, key: &[Value]) -> Result<bool, StorageError> {
        Ok(self.find(0, &self.key_bytes(key))?.is_some())
    }

    /// The row with this key.
    pub(crate) fn get(&mut self, key: &[Value]) -> Result<Option<Vec<Value>>, StorageError> {
        let Some(place) = self.find(0, &self.key_bytes(key))? else {
            return Ok(None);
        };
        self.open()?;
        self.read(place).map(Some)
    }

    /// Rows in the order of the key, those after a key.
    pub(crate) fn scan(
        &mut self,
        after: Option<&[Value]>,
        limit: usize,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        self.open()?;
        let lower = match after {
            Some(key) => Bound::Excluded(self.key_bytes(key).into()),
            None => Bound::Unbounded,
        };
        let found = self.range(0, (lower, Bound::Unbounded), false);
        let places = found.filter_map(|entry| self.place(entry)).take(limit);
        places.map(|place| self.read(place?)).collect()
    }

    /// Gives the rows a selection matches, in its order, until it is told that it is enough.
    pub(crate) fn select(
        &mut self,
        selection: &Selection,
        mut take: impl FnMut(Vec<Value>) -> bool,
    ) -> Result<(), StorageError> {
        self.open()?;
        let index = self.index(selection.query)?;
        let columns = self.indexes.get(index).map(|index| &index.columns);
        let bounds = columns.and_then(|columns| index::bounds(selection, columns));
        let Some(bounds) = bounds else {
            return Ok(());
        };
        for entry in self.range(index, bounds, selection.descending()) {
            let Some(place) = self.place(entry) else {
                continue;
            };
            let row = self.read(place?)?;
            if selection.matches(&row) && !take(row) {
                break;
            }
        }
        Ok(())
    }

    /// Which of the indexes answers a query; it is made if none does.
    fn index(&mut self, query: &QueryDescriptor) -> Result<usize, StorageError> {
        let columns = index::columns(self.table, query);
        let columns = without_owner(self.table, self.owner.is_some(), columns);
        let known = self.indexes.iter().position(|one| one.columns == columns);
        match known {
            Some(place) => Ok(place),
            None => {
                self.make(vec![columns])?;
                Ok(self.indexes.len() - 1)
            }
        }
    }

    /// Makes indexes of what is there, in memory.
    pub(crate) fn make(&mut self, wanted: Vec<Vec<usize>>) -> Result<(), StorageError> {
        self.open()?;
        let wanted = wanted.into_iter().map(|columns| Index {
            columns,
            recent: BTreeMap::new(),
        });
        let mut made: Vec<Index> = wanted.collect();
        for entry in self.range(0, (Bound::Unbounded, Bound::Unbounded), false) {
            let Some(place) = self.place(entry) else {
                continue;
            };
            let place = place?;
            let row = self.read(place)?;
            for index in &mut made {
                let entry = index::entry(&row, &index.columns);
                index.recent.insert(entry, Some(place));
            }
        }
        self.indexes.extend(made);
        Ok(())
    }

    /// Stores a row. Where it says what was appended, that has yet to become durable.
    pub(crate) fn put(&mut self, row: &[Value]) -> Result<Appended, StorageError> {
        let (appended, place) = self.append(&line::row(self.table, row))?;
        self.apply(&Line::Row(row.to_vec()), place)?;
        if !self.complete && self.len() > EARLY {
            self.make_declared()?;
        }
        Ok(appended)
    }

    /// Removes the row with this key.
    pub(crate) fn delete(&mut self, key: &[Value]) -> Result<Appended, StorageError> {
        let (appended, place) = self.append(&line::removed(key))?;
        self.apply(&Line::Removed(key.to_vec()), place)?;
        Ok(appended)
    }

    fn append(&mut self, line: &str) -> Result<(Appended, Place), StorageError> {
        let at = self.len();
        let mut text = String::new();
        if at == 0 {
            text.push_str(&line::header(self.table, self.owner.as_ref()));
            text.push('\n');
        }
        let place = Place {
            offset: at + text.len() as u64,
            len: u32::try_from(line.len())
                .map_err(|_| StorageError::Unsupported("a row of more than 4 GiB".into()))?,
        };
        text.push_str(line);
        text.push('\n');
        self.tail.extend_from_slice(text.as_bytes());
        Ok((Appended { at, text }, place))
    }

    /// Takes back everything that was appended after the tail had this length.
    pub(crate) fn take_back(&mut self, tail: usize) -> Result<(), StorageError> {
        self.tail.truncate(tail);
        self.index_all()
    }

    /// Puts what follows the file into it.
    pub(crate) fn flush(&mut self) -> Result<(), StorageError> {
        if self.tail.is_empty() {
            return Ok(());
        }
        if self.file.is_none() {
            let file = disk::open(&self.path).map_err(|error| self.said(&error))?;
            self.file = Some(file);
        }
        let file = self
            .file
            .as_ref()
            .ok_or_else(|| StorageError::unavailable("no file"))?;
        disk::append_at(file, &self.tail, self.flushed).map_err(|error| self.said(&error))?;
        self.flushed += self.tail.len() as u64;
        self.tail = Vec::new();
        Ok(())
    }
}

/// Columns without that of the owner, which is the same in all rows of a segment that has one.
fn without_owner(table: &TableDescriptor, owned: bool, mut columns: Vec<usize>) -> Vec<usize> {
    let owner = table.key_places().next().filter(|_| owned);
    columns.retain(|place| Some(*place) != owner);
    columns
}
