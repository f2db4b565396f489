//! Everything that is open: the tables, the journal and the lock on the folder.

use std::{
    collections::HashMap,
    fs::{File, TryLockError},
    io::Write as _,
    path::{Path, PathBuf},
    sync::mpsc,
};

use serde_json::{Map, Value as Json};
use sestina_storage::{Selection, StorageError, TableDescriptor, Value};

use crate::{
    catalog::{Catalog, Slot, octets},
    disk,
    journal::{Failed, Journal},
    segment::Segment,
    upkeep::{Job, PART},
};

/// How many entries all indexes in memory may have before those least in use go: at about 100
/// octets an entry.
const ENTRIES: usize = 4_000_000;
/// How many files the segments in use may have open.
const FILES: usize = 400;
/// How much may wait for a segment's file.
const TAIL: usize = 64 << 10;
/// The length of the journal at which a checkpoint is made.
const JOURNAL: u64 = 16 << 20;
/// How many files are synced at once.
const SYNCS: usize = 8;
/// The version of the layout of folders and files.
const FORMAT: u64 = 1;

/// Entries and files of a segment in memory.
type Size = (usize, usize);

/// Everything that is open.
pub(crate) struct State {
    root: PathBuf,
    /// Held as long as the folder is in use.
    _lock: File,
    journal: Journal,
    tables: HashMap<&'static str, Catalog>,
    tick: u64,
    /// The way to the thread that merges runs.
    merger: Option<mpsc::Sender<Job>>,
    /// The tails of the segments that the batch under way has changed, as they were before it.
    batch: HashMap<(&'static str, Vec<u8>), usize>,
}

fn unprepared(table: &TableDescriptor) -> StorageError {
    StorageError::Unsupported(format!("table {} has not been prepared", table.name))
}

impl State {
    /// Opens a folder.
    pub(crate) fn open(root: &Path) -> Result<Self, StorageError> {
        let said = |error: std::io::Error| StorageError::unavailable(error);
        disk::make_folder(root).map_err(said)?;
        let lock = disk::open(&root.join("lock")).map_err(said)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                StorageError::Unavailable("another process uses this folder".into())
            }
            TryLockError::Error(error) => StorageError::unavailable(error),
        })?;
        read_format(root)?;
        let journal = Journal::open(root)?;
        Ok(Self {
            root: root.to_owned(),
            _lock: lock,
            journal,
            tables: HashMap::new(),
            tick: 0,
            merger: None,
            batch: HashMap::new(),
        })
    }

    /// Says where runs are merged.
    pub(crate) fn set_merger(&mut self, merger: mpsc::Sender<Job>) {
        self.merger = Some(merger);
    }

    /// Puts a run in place of those it was made from.
    pub(crate) fn merged(&mut self, job: &Job, new: &Path) -> Result<(), StorageError> {
        let catalog = self.tables.get_mut(job.table.name);
        let slot = catalog.and_then(|catalog| catalog.known(&job.owner));
        match slot.and_then(Slot::loaded_mut) {
            Some(segment) => segment.merged(job, new),
            None => {
                // It is not in use any more: later again.
                let _ = std::fs::remove_file(new);
                Ok(())
            }
        }
    }

    /// Whether a table has been prepared.
    pub(crate) fn knows(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    /// Makes tables ready.
    pub(crate) fn prepare(
        &mut self,
        tables: &[&'static TableDescriptor],
    ) -> Result<(), StorageError> {
        let mut known = read_format(&self.root)?;
        let before = known.clone();
        for table in tables {
            let key: Vec<Json> = table.key.iter().map(|name| (*name).into()).collect();
            if let Some(about) = known.get(table.name) {
                let version = about.get("version").and_then(Json::as_u64);
                if version.is_none_or(|version| version > u64::from(table.version)) {
                    return Err(StorageError::Unsupported(format!(
                        "the table {} was written by a newer version of the program",
                        table.name
                    )));
                }
                if about.get("key").and_then(Json::as_array) != Some(&key) {
                    return Err(StorageError::Unsupported(format!(
                        "the table {} was written with another key",
                        table.name
                    )));
                }
            }
            let mut about = Map::new();
            about.insert("version".into(), table.version.into());
            about.insert("key".into(), key.into());
            known.insert(table.name.into(), about.into());
            if !self.tables.contains_key(table.name) {
                let catalog = Catalog::open(&self.root, table)?;
                let large = catalog.without_runs();
                self.tables.insert(table.name, catalog);
                for owner in large {
                    tracing::info!(table = table.name, "making the indexes of a large file");
                    self.segment(table, &owner)?;
                }
            }
        }
        if known == before {
            return Ok(());
        }
        write_format(&self.root, known)
    }

    fn catalog(&mut self, table: &TableDescriptor) -> Result<&mut Catalog, StorageError> {
        self.tables
            .get_mut(table.name)
            .ok_or_else(|| unprepared(table))
    }

    /// The segment of an owner, if there is one.
    pub(crate) fn segment(
        &mut self,
        table: &TableDescriptor,
        owner: &[u8],
    ) -> Result<Option<&mut Segment>, StorageError> {
        self.tick += 1;
        let tick = self.tick;
        let loaded = match self.catalog(table)?.segment(owner, tick)? {
            None => return Ok(None),
            Some((_, loaded)) => loaded,
        };
        if loaded {
            self.trim()?;
        }
        let segment = self.catalog(table)?.segment(owner, tick)?;
        Ok(segment.map(|(segment, _)| segment))
    }

    /// Lets go of the segments least in use while there are too many. Those that hold what is not in
    /// their file yet are flushed first; those of a batch under way stay.
    fn trim(&mut self) -> Result<(), StorageError> {
        let mut loaded: Vec<(u64, Size, &'static str, Vec<u8>)> = Vec::new();
        let (mut entries, mut files) = (0, 0);
        for catalog in self.tables.values() {
            for (owner, slot) in catalog.slots() {
                if let Some(segment) = slot.loaded() {
                    entries += segment.entries();
                    files += segment.files();
                    loaded.push((
                        slot.used,
                        (segment.entries(), segment.files()),
                        catalog.table.name,
                        owner.clone(),
                    ));
                }
            }
        }
        loaded.sort_unstable();
        for (used, size, name, owner) in loaded {
            if (entries <= ENTRIES && files <= FILES) || used == self.tick {
                break;
            }
            let key = (name, owner);
            if self.batch.contains_key(&key) {
                continue;
            }
            let slot = self.tables.get_mut(name).and_then(|one| one.known(&key.1));
            if let Some(slot) = slot {
                if let Some(segment) = slot.loaded_mut() {
                    segment.flush()?;
                }
                slot.unload();
            }
            entries -= size.0;
            files -= size.1;
        }
        Ok(())
    }

    /// The owners whose segments can hold what a selection matches.
    fn owners(&mut self, selection: &Selection) -> Result<Vec<Vec<u8>>, StorageError> {
        let catalog = self.catalog(selection.table)?;
        let first = selection.table.key.first();
        let mut equals = selection.query.equals.iter().zip(&selection.equals);
        let owner = equals.find(|(name, _)| Some(*name) == first);
        Ok(match owner {
            Some((_, owner)) if catalog.partitioned() => vec![octets(Some(owner))],
            _ => catalog.owners(None),
        })
    }

    /// The row with this key.
    pub(crate) fn get(
        &mut self,
        table: &'static TableDescriptor,
        key: &[Value],
    ) -> Result<Option<Vec<Value>>, StorageError> {
        let owner = octets(self.catalog(table)?.owner_of(key).as_ref());
        match self.segment(table, &owner)? {
            Some(segment) => segment.get(key),
            None => Ok(None),
        }
    }

    /// Whether there is a row with this key.
    pub(crate) fn contains(
        &mut self,
        table: &'static TableDescriptor,
        key: &[Value],
    ) -> Result<bool, StorageError> {
        let owner = octets(self.catalog(table)?.owner_of(key).as_ref());
        let segment = self.segment(table, &owner)?;
        segment.map_or(Ok(false), |segment| segment.contains(key))
    }

    /// The rows of a selection.
    pub(crate) fn select(
        &mut self,
        selection: &Selection,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        let limit = usize::try_from(selection.limit).unwrap_or(usize::MAX);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let owners = self.owners(selection)?;
        let several = owners.len() > 1;
        let mut rows = Vec::new();
        for owner in owners {
            let Some(segment) = self.segment(selection.table, &owner)? else {
                continue;
            };
            let mut taken = 0;
            segment.select(selection, |row| {
                rows.push(row);
                taken += 1;
                taken < limit
            })?;
            // No more than twice what is wanted is held at a time.
            if several && rows.len() >= limit.saturating_mul(2) {
                sort(selection, &mut rows);
                rows.truncate(limit);
            }
        }
        if several {
            sort(selection, &mut rows);
            rows.truncate(limit);
        }
        Ok(rows)
    }

    /// The keys of the rows that are right.
    pub(crate) fn keys(&mut self, selection: &Selection) -> Result<Vec<Vec<Value>>, StorageError> {
        let table = selection.table;
        let mut keys = Vec::new();
        for owner in self.owners(selection)? {
            if let Some(segment) = self.segment(table, &owner)? {
                segment.select(selection, |row| {
                    keys.push(table.key_of(&row));
                    true
                })?;
            }
        }
        Ok(keys)
    }

    /// The keys of the rows that belong to an account by a column.
    pub(crate) fn keys_of(
        &mut self,
        table: &'static TableDescriptor,
        column: &'static str,
        account: &Value,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        let Some((place, _)) = table.column(column) else {
            return Ok(Vec::new());
        };
        let catalog = self.catalog(table)?;
        let own = catalog.partitioned() && table.key.first() == Some(&column);
        let owners = if own {
            vec![octets(Some(account))]
        } else {
            catalog.owners(None)
        };
        let mut keys = Vec::new();
        for owner in owners {
            let Some(segment) = self.segment(table, &owner)? else {
                continue;
            };
            let mut after: Option<Vec<Value>> = None;
            loop {
                let rows = segment.scan(after.as_deref(), 1000)?;
                let Some(last) = rows.last() else { break };
                after = Some(table.key_of(last));
                let of_account = rows.iter().filter(|row| row.get(place) == Some(account));
                keys.extend(of_account.map(|row| table.key_of(row)));
            }
        }
        Ok(keys)
    }

    /// Rows in the order of the key.
    pub(crate) fn scan(
        &mut self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let catalog = self.catalog(table)?;
        let first = after.and_then(|key| catalog.owner_of(key));
        let first_octets = octets(first.as_ref());
        let mut rows = Vec::new();
        for owner in catalog.owners(first.as_ref()) {
            if rows.len() >= limit {
                break;
            }
            let wanted = limit - rows.len();
            let after = after.filter(|_| owner == first_octets);
            if let Some(segment) = self.segment(table, &owner)? {
                rows.extend(segment.scan(after, wanted)?);
            }
        }
        Ok(rows)
    }

    /// How many rows a table has.
    pub(crate) fn count(&mut self, table: &'static TableDescriptor) -> Result<u64, StorageError> {
        let mut rows = 0;
        for owner in self.catalog(table)?.owners(None) {
            if let Some(segment) = self.segment(table, &owner)? {
                rows += segment.rows();
            }
        }
        Ok(rows)
    }

    /// Changes the row with a key in memory: nothing is durable before [`commit`](Self::commit).
    /// The entry for the journal; `None` where there is nothing to change.
    pub(crate) fn change(
        &mut self,
        table: &'static TableDescriptor,
        key: &[Value],
        row: Option<&[Value]>,
        scrub: bool,
    ) -> Result<Option<Json>, StorageError> {
        let catalog = self.catalog(table)?;
        let owner = catalog.owner_of(key);
        let octets = octets(owner.as_ref());
        if row.is_some() {
            catalog.slot(owner);
        }
        let Some(segment) = self.segment(table, &octets)? else {
            return Ok(None);
        };
        if row.is_none() && !segment.contains(key)? {
            return Ok(None);
        }
        let tail = segment.unflushed();
        self.batch
            .entry((table.name, octets.clone()))
            .or_insert(tail);
        let Some(segment) = self.segment(table, &octets)? else {
            return Ok(None);
        };
        let appended = match row {
            Some(row) => segment.put(row)?,
            None => segment.delete(key)?,
        };
        let Some(slot) = self.catalog(table)?.known(&octets) else {
            return Ok(None);
        };
        slot.changed = true;
        slot.scrub |= scrub;
        Ok(Some(crate::journal::entry(
            table.name, &slot.name, &appended,
        )))
    }

    /// Makes the changes since the last commit durable; their lines are those of the journal. When it
    /// fails the changes are taken back.
    pub(crate) fn commit(&mut self, lines: &str) -> Result<(), Failed> {
        if lines.is_empty() {
            self.batch.clear();
            return Ok(());
        }
        let done = self.journal.append(lines);
        if done.is_err() {
            self.take_back();
        }
        self.batch.clear();
        done
    }

    /// Takes back the changes since the last commit.
    pub(crate) fn take_back(&mut self) {
        for ((name, owner), tail) in std::mem::take(&mut self.batch) {
            let slot = self.tables.get_mut(name).and_then(|one| one.known(&owner));
            let Some(slot) = slot else { continue };
            let Some(segment) = slot.loaded_mut() else {
                continue;
            };
            if let Err(error) = segment.take_back(tail) {
                // What is in the file and in the journal is right; the index in memory is not.
                tracing::error!(%error, "a segment cannot be read again");
                slot.unload();
            }
        }
    }

    /// What is to be done after a commit: files get what waits for them, and a long journal ends in
    /// a checkpoint. An error here loses nothing: the journal has it all.
    pub(crate) fn tidy(&mut self) -> Result<(), StorageError> {
        let mut scrub = false;
        for catalog in self.tables.values_mut() {
            let owners: Vec<Vec<u8>> = catalog
                .slots()
                .filter(|(_, slot)| {
                    slot.scrub || slot.loaded().is_some_and(|one| one.unflushed() > TAIL)
                })
                .map(|(owner, _)| owner.clone())
                .collect();
            for owner in owners {
                if let Some(slot) = catalog.known(&owner) {
                    scrub |= slot.scrub;
                    if let Some(segment) = slot.loaded_mut() {
                        segment.flush()?;
                    }
                }
            }
        }
        if scrub || self.journal.len() > JOURNAL {
            self.checkpoint()?;
        }
        Ok(())
    }

    /// Makes the segments durable, begins the journal anew, and writes segments anew that are mostly
    /// of what counts no longer.
    pub(crate) fn checkpoint(&mut self) -> Result<(), StorageError> {
        let mut changed: Vec<(&'static str, Vec<u8>)> = Vec::new();
        let mut paths = Vec::new();
        for catalog in self.tables.values_mut() {
            let name = catalog.table.name;
            let owners: Vec<Vec<u8>> = catalog
                .slots()
                .filter(|(_, slot)| slot.changed)
                .map(|(owner, _)| owner.clone())
                .collect();
            for owner in owners {
                if let Some(slot) = catalog.known(&owner) {
                    if let Some(segment) = slot.loaded_mut() {
                        segment.flush()?;
                    }
                    let folder = crate::catalog::folder(&self.root, name);
                    paths.push(crate::catalog::file(&folder, &slot.name));
                    changed.push((name, owner));
                }
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        sync_all(&paths)?;
        for (name, owner) in &changed {
            let folder = crate::catalog::folder(&self.root, name);
            let catalog = self.tables.get_mut(name);
            if let Some(slot) = catalog.and_then(|catalog| catalog.known(owner)) {
                slot.stamp(&folder);
            }
        }
        self.journal.reset()?;
        for (name, owner) in changed {
            let Some(catalog) = self.tables.get_mut(name) else {
                continue;
            };
            let Some(slot) = catalog.known(&owner) else {
                continue;
            };
            slot.changed = false;
            let scrub = std::mem::take(&mut slot.scrub);
            let Some(segment) = slot.loaded_mut() else {
                continue;
            };
            let empty = segment.rows() == 0;
            if empty || scrub || segment.wasteful() {
                segment.compact()?;
            } else if segment.uncovered() > PART {
                segment.persist();
                if let (Some(job), Some(merger)) = (segment.merge(), &self.merger) {
                    // It ends with the state only.
                    let _ = merger.send(job);
                }
            }
            if empty {
                catalog.forget(&owner);
            }
        }
        Ok(())
    }
}

/// Makes files durable, several at a time, and the folders they are in.
fn sync_all(paths: &[PathBuf]) -> Result<(), StorageError> {
    let sync = |path: &PathBuf| {
        let synced = File::open(path).and_then(|file| file.sync_all());
        synced.map_err(|error| disk::said(path, &error))
    };
    let share = paths.len().div_ceil(SYNCS).max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = paths
            .chunks(share)
            .map(|paths| scope.spawn(move || paths.iter().try_for_each(sync)))
            .collect();
        let mut done = Ok(());
        for worker in workers {
            let answer = worker.join();
            done = done.and(answer.unwrap_or_else(|_| {
                Err(StorageError::Unavailable(
                    "a thread of the storage ended".into(),
                ))
            }));
        }
        done
    })?;
    let mut folders: Vec<&Path> = paths.iter().filter_map(|path| path.parent()).collect();
    folders.sort_unstable();
    folders.dedup();
    folders.into_iter().try_for_each(|folder| {
        disk::sync_folder(folder).map_err(|error| disk::said(folder, &error))
    })
}

/// Rows of several segments in the order of the query.
fn sort(selection: &Selection, rows: &mut [Vec<Value>]) {
    let table = selection.table;
    let order: Vec<usize> = table
        .order_of(selection.query)
        .iter()
        .filter_map(|name| table.column(name).map(|(place, _)| place))
        .collect();
    rows.sort_by(|left, right| {
        let of = |row: &[Value], place: usize| row.get(place).cloned();
        let columns = order.iter();
        let difference = columns
            .map(|&place| of(left, place).cmp(&of(right, place)))
            .find(|difference| difference.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal);
        if selection.descending() {
            difference.reverse()
        } else {
            difference
        }
    });
}

/// What the folder says of the tables it holds.
fn read_format(root: &Path) -> Result<Map<String, Json>, StorageError> {
    let path = root.join("format.json");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Map::new()),
        Err(error) => return Err(disk::said(&path, &error)),
    };
    let bad = || StorageError::Corrupt(format!("{} is not as it was written", path.display()));
    let mut format: Map<String, Json> = serde_json::from_str(&text).map_err(|_| bad())?;
    let version = format
        .get("format")
        .and_then(Json::as_u64)
        .ok_or_else(bad)?;
    if version > FORMAT {
        return Err(StorageError::Unsupported(
            "it was written by a newer version of the program".into(),
        ));
    }
    match format.remove("tables") {
        Some(Json::Object(tables)) => Ok(tables),
        _ => Err(bad()),
    }
}

fn write_format(root: &Path, tables: Map<String, Json>) -> Result<(), StorageError> {
    let mut format = Map::new();
    format.insert("format".into(), FORMAT.into());
    format.insert("tables".into(), tables.into());
    let path = root.join("format.json");
    disk::replace(&path, |file| writeln!(file, "{:#}", Json::Object(format)))
        .map_err(|error| disk::said(&path, &error))
}
