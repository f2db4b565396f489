//! The journal: what is durable and not yet so in the segments.
//!
//! A line is a list of changes, an array of `[table, segment, length before, lines]`. The lines of
//! one sync are answered together, so whatever follows a line that cannot be read was never
//! answered.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
};

use serde_json::Value as Json;
use sestina_storage::StorageError;

use crate::{catalog, disk, run, segment::Appended};

/// The journal, open to append.
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    len: u64,
}

/// What became of an attempt to make something durable.
pub(crate) enum Failed {
    /// Nothing of it is there.
    Undone(StorageError),
    /// It is unknown what of it is there.
    Unknown(StorageError),
}

/// The entry of a change.
pub(crate) fn entry(table: &str, segment: &str, appended: &Appended) -> Json {
    Json::Array(vec![
        table.into(),
        segment.into(),
        appended.at.into(),
        appended.text.as_str().into(),
    ])
}

impl Journal {
    /// Brings what the journal holds into the segments of this folder, makes that durable, and
    /// begins anew.
    pub(crate) fn open(root: &Path) -> Result<Self, StorageError> {
        let path = root.join("journal.jsonl");
        let said = |error: io::Error| disk::said(&path, &error);
        let file = disk::open(&path).map_err(said)?;
        let touched = replay(root, &path)?;
        for segment in &touched {
            let synced = File::open(segment).and_then(|file| file.sync_all());
            synced.map_err(|error| disk::said(segment, &error))?;
        }
        let folders: HashSet<&Path> = touched.iter().filter_map(|path| path.parent()).collect();
        for folder in folders {
            stamp(folder, &touched);
            disk::sync_folder(folder).map_err(|error| disk::said(folder, &error))?;
        }
        let mut journal = Self {
            path: path.clone(),
            file,
            len: 0,
        };
        journal.reset()?;
        disk::sync_folder(root).map_err(said)?;
        Ok(journal)
    }

    /// How long it is.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Appends lines and makes them durable.
    pub(crate) fn append(&mut self, lines: &str) -> Result<(), Failed> {
        if let Err(error) = disk::append_at(&self.file, lines.as_bytes(), self.len) {
            let told = disk::said(&self.path, &error);
            let len = self.file.metadata().map(|about| about.len());
            return Err(match len {
                Ok(len) if len == self.len => Failed::Undone(told),
                _ => Failed::Unknown(told),
            });
        }
        if let Err(error) = self.file.sync_data() {
            return Err(Failed::Unknown(disk::said(&self.path, &error)));
        }
        self.len += lines.len() as u64;
        Ok(())
    }

    /// Empties it: everything it holds is durable elsewhere.
    pub(crate) fn reset(&mut self) -> Result<(), StorageError> {
        let reset = self.file.set_len(0).and_then(|()| self.file.sync_all());
        reset.map_err(|error| disk::said(&self.path, &error))?;
        self.len = 0;
        Ok(())
    }
}

/// Notes that the runs of the segments that were touched are those of their files: they were before the
/// journal, whose lines come after what they cover. Where that fails they are made again.
fn stamp(folder: &Path, touched: &HashSet<PathBuf>) {
    let mut runs: HashMap<String, Vec<run::Part>> = HashMap::new();
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if let Some((segment, part)) = run::named(&path) {
            runs.entry(segment.to_owned()).or_default().push(part);
        }
    }
    for (segment, parts) in runs {
        let data = catalog::file(folder, &segment);
        if touched.contains(&data) {
            let _ = run::stamp(folder, &segment, &run::chain(&parts), &data);
        }
    }
}

/// Brings every segment to what the journal says; which those were.
fn replay(root: &Path, path: &Path) -> Result<HashSet<PathBuf>, StorageError> {
    let said = |error: io::Error| disk::said(path, &error);
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path).map_err(said)?);
    let mut touched = HashSet::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(said)? == 0 {
            return Ok(touched);
        }
        let whole = line.ends_with(b"\n");
        let entries = serde_json::from_slice::<Vec<(String, String, u64, String)>>(&line);
        let Some(entries) = entries.ok().filter(|_| whole) else {
            tracing::info!(path = %path.display(), "its last lines were never finished and go");
            return Ok(touched);
        };
        for (table, segment, at, text) in entries {
            let file = catalog::file(&catalog::folder(root, &table), &segment);
            bring(&file, at, &text, touched.insert(file.clone()))
                .map_err(|error| disk::said(&file, &error))?;
        }
    }
}

/// Appends to a segment. What it got since the last checkpoint goes before the first entry: it may
/// be torn, or never have been answered.
fn bring(path: &Path, at: u64, text: &str, first: bool) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        disk::make_folder(folder)?;
    }
    let file = disk::open(path)?;
    let len = file.metadata()?.len();
    if len < at || (!first && len != at) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it has {len} octets where the journal goes on at {at}"),
        ));
    }
    if first {
        file.set_len(at)?;
    }
    disk::append_at(&file, text.as_bytes(), at)
}
