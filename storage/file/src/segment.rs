//! One file of lines with the index of its rows.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufRead as _, BufReader, BufWriter, Write as _},
    ops::Bound,
    path::PathBuf,
};

use sestina_storage::{QueryDescriptor, Selection, StorageError, TableDescriptor, Value, ordered};

use crate::{
    disk,
    line::{self, Line},
};

/// From where to where, over encoded keys.
type Bounds = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// Below this size a segment is not worth writing anew.
const SMALL: u64 = 64 << 10;

/// Where a line is, its end not counted.
#[derive(Debug, Clone, Copy)]
struct Place {
    offset: u64,
    len: u32,
}

/// Rows in the order of some columns. The octets are those of [`ordered`].
type Index = BTreeMap<Box<[u8]>, Place>;

/// An index by other columns than the key's, made when a query first asks for it.
struct Secondary {
    columns: Vec<usize>,
    index: Index,
}

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
    table: &'static TableDescriptor,
    /// Whose it is: the value of the key's first column in all rows; `None` in a table of one segment.
    owner: Option<Value>,
    path: PathBuf,
    file: Option<File>,
    /// How much is in the file.
    flushed: u64,
    /// What comes after it and is only in the journal yet.
    tail: Vec<u8>,
    primary: Index,
    secondary: Vec<Secondary>,
    /// Octets of the lines that count.
    live: u64,
}

impl Segment {
    /// Reads the file, or begins an empty segment where there is none.
    pub(crate) fn load(
        table: &'static TableDescriptor,
        owner: Option<Value>,
        path: PathBuf,
    ) -> Result<Self, StorageError> {
        let mut segment = Self {
            table,
            owner,
            path,
            file: None,
            flushed: 0,
            tail: Vec::new(),
            primary: Index::new(),
            secondary: Vec::new(),
            live: 0,
        };
        if segment.path.exists() {
            segment.flushed = fs::metadata(&segment.path)
                .map_err(|error| disk::said(&segment.path, &error))?
                .len();
        }
        segment.index_all()?;
        Ok(segment)
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.primary.len()
    }

    /// How many entries the indexes hold.
    pub(crate) fn entries(&self) -> usize {
        let more = self.secondary.iter().map(|one| one.index.len());
        self.primary.len() + more.sum::<usize>()
    }

    /// How much of it is not in the file yet.
    pub(crate) fn unflushed(&self) -> usize {
        self.tail.len()
    }

    fn len(&self) -> u64 {
        self.flushed + self.tail.len() as u64
    }

    /// The columns of the key that differ between rows.
    fn own_key<'a>(&self, key: &'a [Value]) -> &'a [Value] {
        key.get(usize::from(self.owner.is_some())..)
            .unwrap_or_default()
    }

    fn key_bytes(&self, key: &[Value]) -> Box<[u8]> {
        ordered::encode(self.own_key(key)).into()
    }

    fn open(&mut self) -> Result<(), StorageError> {
        if self.file.is_none() && self.flushed > 0 {
            let file = disk::open(&self.path).map_err(|error| disk::said(&self.path, &error))?;
            self.file = Some(file);
        }
        Ok(())
    }

    /// Makes the index of keys from the lines, those of the file and those that follow.
    fn index_all(&mut self) -> Result<(), StorageError> {
        self.primary.clear();
        self.secondary.clear();
        self.live = 0;
        let tail = std::mem::take(&mut self.tail);
        let done = self.index_file().and_then(|()| {
            let mut offset = self.flushed;
            for line in tail.split_inclusive(|&byte| byte == b'\n') {
                self.index_line(line.strip_suffix(b"\n").unwrap_or(line), offset)?;
                offset += line.len() as u64;
            }
            Ok(())
        });
        self.tail = tail;
        done
    }

    fn index_file(&mut self) -> Result<(), StorageError> {
        if self.flushed == 0 {
            return Ok(());
        }
        self.open()?;
        let said = |error: io::Error| disk::said(&self.path, &error);
        let mut reader = BufReader::with_capacity(1 << 16, File::open(&self.path).map_err(said)?);
        let (mut line, mut offset) = (Vec::new(), 0);
        loop {
            line.clear();
            let read = reader
                .read_until(b'\n', &mut line)
                .map_err(|error| disk::said(&self.path, &error))?;
            if read == 0 {
                return Ok(());
            }
            let Some(content) = line.strip_suffix(b"\n") else {
                // Nothing that was answered ends so: the journal would have written it anew.
                tracing::warn!(path = %self.path.display(), "its last line is torn and goes");
                let cut = disk::open(&self.path).and_then(|file| file.set_len(offset));
                cut.map_err(|error| disk::said(&self.path, &error))?;
                self.flushed = offset;
                return Ok(());
            };
            self.index_line(content, offset)?;
            offset += read as u64;
        }
    }

    fn index_line(&mut self, line: &[u8], offset: u64) -> Result<(), StorageError> {
        if offset == 0 {
            return Ok(());
        }
        let said = |_| {
            StorageError::Corrupt(format!(
                "{}: the line at octet {offset} is no row of {}",
                self.path.display(),
                self.table.name
            ))
        };
        let text = std::str::from_utf8(line).map_err(StorageError::corrupt);
        let read = text
            .and_then(|text| line::read(self.table, text))
            .map_err(said)?;
        let place = Place {
            offset,
            len: u32::try_from(line.len()).map_err(StorageError::corrupt)?,
        };
        let old = match read {
            Line::Row(row) => {
                self.live += u64::from(place.len) + 1;
                let key = self.key_bytes(&self.table.key_of(&row));
                self.primary.insert(key, place)
            }
            Line::Removed(key) => self.primary.remove(&self.key_bytes(&key)),
        };
        if let Some(old) = old {
            self.live = self.live.saturating_sub(u64::from(old.len) + 1);
        }
        Ok(())
    }

    fn read(&self, place: Place) -> Result<Vec<Value>, StorageError> {
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
            disk::read_at(file, &mut from_file, place.offset)
                .map_err(|error| disk::said(&self.path, &error))?;
            &from_file
        };
        let text = std::str::from_utf8(text).map_err(StorageError::corrupt)?;
        match line::read(self.table, text) {
            Ok(Line::Row(row)) => Ok(row),
            _ => Err(StorageError::Corrupt(format!(
                "{}: the line at octet {} is no row of {}",
                self.path.display(),
                place.offset,
                self.table.name
            ))),
        }
    }

    /// Whether there is a row with this key.
    pub(crate) fn contains(&self, key: &[Value]) -> bool {
        self.primary.contains_key(&self.key_bytes(key))
    }

    /// The row with this key.
    pub(crate) fn get(&mut self, key: &[Value]) -> Result<Option<Vec<Value>>, StorageError> {
        let Some(place) = self.primary.get(&self.key_bytes(key)).copied() else {
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
            Some(key) => Bound::Excluded(self.key_bytes(key)),
            None => Bound::Unbounded,
        };
        let places = self.primary.range((lower, Bound::Unbounded)).take(limit);
        places.map(|(_, place)| self.read(*place)).collect()
    }

    /// The columns whose order gives the rows of a query in theirs, those it compares first.
    fn columns(&self, query: &QueryDescriptor) -> Vec<usize> {
        let first = self.owner.as_ref().and_then(|_| self.table.key.first());
        let order = self.table.order_of(query);
        let mut columns = Vec::new();
        for name in query.equals.iter().chain(&order) {
            if let Some((place, _)) = self.table.column(name)
                && Some(name) != first
                && !columns.contains(&place)
            {
                columns.push(place);
            }
        }
        columns
    }

    /// Gives the rows a selection matches, in its order, until it is told that it is enough.
    pub(crate) fn select(
        &mut self,
        selection: &Selection,
        mut take: impl FnMut(Vec<Value>) -> bool,
    ) -> Result<(), StorageError> {
        self.open()?;
        let columns = self.columns(selection.query);
        let key: Vec<usize> = self
            .table
            .key_places()
            .skip(usize::from(self.owner.is_some()))
            .collect();
        let index = if columns == key {
            &self.primary
        } else {
            let place = self.secondary(&columns)?;
            match self.secondary.get(place) {
                Some(secondary) => &secondary.index,
                None => return Ok(()),
            }
        };
        let Some((lower, upper)) = self.bounds(selection, &columns) else {
            return Ok(());
        };
        let found = index.range::<[u8], _>((
            lower.as_ref().map(|b| &b[..]),
            upper.as_ref().map(|b| &b[..]),
        ));
        let places: Box<dyn Iterator<Item = &Place>> = if selection.descending() {
            Box::new(found.rev().map(|(_, place)| place))
        } else {
            Box::new(found.map(|(_, place)| place))
        };
        for place in places {
            let row = self.read(*place)?;
            if selection.matches(&row) && !take(row) {
                break;
            }
        }
        Ok(())
    }

    /// Where in the index the rows of a selection are; `None` where there can be none.
    fn bounds(&self, selection: &Selection, columns: &[usize]) -> Option<Bounds> {
        let query = selection.query;
        let mut prefix = Vec::new();
        let mut compared = 0;
        for &column in columns {
            let name = self.table.columns.get(column)?.name;
            let Some(place) = query.equals.iter().position(|equal| *equal == name) else {
                break;
            };
            ordered::encode_one(selection.equals.get(place)?, &mut prefix);
            compared += 1;
        }
        let with = |value: &Value| {
            let mut bytes = prefix.clone();
            ordered::encode_one(value, &mut bytes);
            bytes
        };
        let next = columns
            .get(compared)
            .and_then(|&column| self.table.columns.get(column));
        let ranged = next.is_some_and(|column| query.range == Some(column.name));
        let (mut lower, mut upper) = (Bound::Included(prefix.clone()), end_of(&prefix));
        if ranged {
            lower = match &selection.range.lower {
                Bound::Unbounded => lower,
                Bound::Included(value) => Bound::Included(with(value)),
                Bound::Excluded(value) => match end_of(&with(value)) {
                    Bound::Excluded(bytes) => Bound::Included(bytes),
                    _ => return None,
                },
            };
            upper = match &selection.range.upper {
                Bound::Unbounded => upper,
                Bound::Included(value) => end_of(&with(value)),
                Bound::Excluded(value) => Bound::Excluded(with(value)),
            };
        }
        if let (Bound::Included(lower), Bound::Excluded(upper)) = (&lower, &upper)
            && lower >= upper
        {
            return None;
        }
        Some((lower, upper))
    }

    /// Which of the indexes has these columns; it is made if none has.
    fn secondary(&mut self, columns: &[usize]) -> Result<usize, StorageError> {
        let known = self.secondary.iter().position(|one| one.columns == columns);
        if let Some(place) = known {
            return Ok(place);
        }
        let mut index = Index::new();
        for place in self.primary.values() {
            let row = self.read(*place)?;
            index.insert(bytes_of(&row, columns), *place);
        }
        self.secondary.push(Secondary {
            columns: columns.to_vec(),
            index,
        });
        Ok(self.secondary.len() - 1)
    }

    /// Stores a row. Where it says what was appended, that has yet to become durable.
    pub(crate) fn put(&mut self, row: &[Value]) -> Result<Appended, StorageError> {
        let line = line::row(self.table, row);
        let key = self.key_bytes(&self.table.key_of(row));
        self.forget(&key)?;
        let (appended, place) = self.append(&line)?;
        self.live += u64::from(place.len) + 1;
        for secondary in &mut self.secondary {
            let bytes = bytes_of(row, &secondary.columns);
            secondary.index.insert(bytes, place);
        }
        self.primary.insert(key, place);
        Ok(appended)
    }

    /// Removes the row with this key.
    pub(crate) fn delete(&mut self, key: &[Value]) -> Result<Appended, StorageError> {
        let bytes = self.key_bytes(key);
        self.forget(&bytes)?;
        let (appended, _) = self.append(&line::removed(key))?;
        Ok(appended)
    }

    /// Takes a row out of the indexes.
    fn forget(&mut self, key: &[u8]) -> Result<(), StorageError> {
        let Some(place) = self.primary.get(key).copied() else {
            return Ok(());
        };
        if !self.secondary.is_empty() {
            self.open()?;
            let row = self.read(place)?;
            for secondary in &mut self.secondary {
                secondary.index.remove(&bytes_of(&row, &secondary.columns));
            }
        }
        self.primary.remove(key);
        self.live = self.live.saturating_sub(u64::from(place.len) + 1);
        Ok(())
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
            let file = disk::open(&self.path).map_err(|error| disk::said(&self.path, &error))?;
            self.file = Some(file);
        }
        let file = self
            .file
            .as_ref()
            .ok_or_else(|| StorageError::unavailable("no file"))?;
        disk::append_at(file, &self.tail, self.flushed)
            .map_err(|error| disk::said(&self.path, &error))?;
        self.flushed += self.tail.len() as u64;
        self.tail = Vec::new();
        Ok(())
    }

    /// Whether more than half of it counts no longer.
    pub(crate) fn wasteful(&self) -> bool {
        self.len() > SMALL && self.live < self.len() / 2
    }

    /// Writes the file anew with the lines that count, in the order of the key, and puts it in place
    /// of the old one; without rows the file goes. Everything has to be in the file, and durable.
    pub(crate) fn compact(&mut self) -> Result<(), StorageError> {
        if !self.tail.is_empty() || self.flushed == 0 {
            return Ok(());
        }
        let said = |error: &io::Error| disk::said(&self.path, error);
        if self.primary.is_empty() {
            self.file = None;
            fs::remove_file(&self.path).map_err(|error| said(&error))?;
            let folder = self.path.parent().map_or(Ok(()), disk::sync_folder);
            folder.map_err(|error| said(&error))?;
            self.flushed = 0;
            self.live = 0;
            return Ok(());
        }
        self.open()?;
        let header = line::header(self.table, self.owner.as_ref());
        let mut offset = header.len() as u64 + 1;
        let mut places = Vec::with_capacity(self.primary.len());
        let old = self
            .file
            .as_ref()
            .ok_or_else(|| StorageError::unavailable("no file"))?;
        let written = disk::replace(&self.path, |file| {
            let mut out = BufWriter::with_capacity(1 << 16, file);
            writeln!(out, "{header}")?;
            let mut line = Vec::new();
            for place in self.primary.values() {
                line.resize(place.len as usize, 0);
                disk::read_at(old, &mut line, place.offset)?;
                line.push(b'\n');
                out.write_all(&line)?;
                places.push(Place {
                    offset,
                    len: place.len,
                });
                offset += line.len() as u64;
            }
            out.flush()
        });
        written.map_err(|error| disk::said(&self.path, &error))?;
        for (place, new) in self.primary.values_mut().zip(places) {
            *place = new;
        }
        self.secondary.clear();
        self.flushed = offset;
        self.live = offset;
        self.file = None;
        self.open()
    }
}

fn bytes_of(row: &[Value], columns: &[usize]) -> Box<[u8]> {
    let mut bytes = Vec::new();
    for &column in columns {
        ordered::encode_one(row.get(column).unwrap_or(&Value::Null), &mut bytes);
    }
    bytes.into()
}

/// The end of everything that begins with these octets.
fn end_of(prefix: &[u8]) -> Bound<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < 0xff {
            end.push(last + 1);
            return Bound::Excluded(end);
        }
    }
    Bound::Unbounded
}
