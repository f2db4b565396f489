//! What keeps a segment in shape: its indexes are read and made when it comes into use, become [runs](crate::run)
//! as it grows, and its file is written anew when most of it counts no longer.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufRead as _, BufReader, BufWriter, Seek as _, SeekFrom, Write as _},
    ops::Bound,
    path::{Path, PathBuf},
    sync::Arc,
};

use sestina_storage::{StorageError, TableDescriptor, Value};

use crate::{
    disk, line,
    run::{self, Builder, Part, Place, Run},
    segment::{Index, Segment},
};

/// Below this size a segment is not worth writing anew.
const SMALL: u64 = 64 << 10;
/// How much of a segment may be without runs: so much is read, at most, when it comes into use, besides what
/// came since the last checkpoint.
pub(crate) const PART: u64 = 4 << 20;
/// How many entries are in memory, at most, while a segment is read.
const SPILL: usize = 150_000;

/// Runs to merge.
pub(crate) struct Job {
    pub(crate) table: &'static TableDescriptor,
    /// The owner, as octets.
    pub(crate) owner: Vec<u8>,
    runs: Vec<Arc<Run>>,
    columns: Vec<Vec<&'static str>>,
    /// Where the run belongs that they become.
    path: PathBuf,
}

impl Job {
    /// Writes what they become, beside where it belongs.
    pub(crate) fn run(&self) -> io::Result<PathBuf> {
        run::merge(&self.runs, &self.columns, &self.path)
    }
}

impl Segment {
    /// Brings a segment into use, or begins an empty one where there is no file. `parts` are the runs there
    /// are of it. Where they are not those of the file as it is, they go and are made again: this reads the
    /// whole file.
    pub(crate) fn load(
        table: &'static TableDescriptor,
        owner: Option<Value>,
        path: PathBuf,
        parts: &[Part],
    ) -> Result<Self, StorageError> {
        let mut segment = Self {
            table,
            owner,
            path,
            file: None,
            flushed: 0,
            tail: Vec::new(),
            indexes: Vec::new(),
            runs: Vec::new(),
            complete: false,
            merging: false,
            rows: 0,
            live: 0,
        };
        if segment.path.exists() {
            let about = fs::metadata(&segment.path).map_err(|error| segment.said(&error))?;
            segment.flushed = about.len();
        }
        if !parts.is_empty() && !segment.open_runs(parts) {
            tracing::info!(path = %segment.path.display(), "its indexes are not those of the file and are made again");
            let (folder, name) = segment.names();
            for part in parts {
                let gone = fs::remove_file(run::file(&folder, &name, *part));
                gone.map_err(|error| segment.said(&error))?;
            }
        }
        segment.index_all()?;
        if segment.uncovered() > PART {
            segment.persist();
        }
        Ok(segment)
    }

    /// The folder and the name of its file.
    fn names(&self) -> (PathBuf, String) {
        let folder = self.path.parent().map(Path::to_path_buf);
        let name = self.path.file_stem().map(|name| name.to_string_lossy());
        (
            folder.unwrap_or_default(),
            name.unwrap_or_default().into_owned(),
        )
    }

    fn columns(&self) -> Vec<Vec<&'static str>> {
        let declared = Self::declared(self.table, self.owner.is_some()).into_iter();
        let names = declared.map(|columns| {
            let columns = columns.into_iter();
            columns
                .filter_map(|place| self.table.columns.get(place).map(|column| column.name))
                .collect()
        });
        names.collect()
    }

    /// Opens its runs; whether they are right.
    fn open_runs(&mut self, parts: &[Part]) -> bool {
        let (folder, name) = self.names();
        let covered = parts.last().map_or(0, |(_, to)| *to);
        if covered > self.flushed || !run::is_stamped(&folder, &name, parts, &self.path) {
            return false;
        }
        let columns = self.columns();
        let opened = parts.iter().map(|part| {
            let run = Run::open(run::file(&folder, &name, *part), &columns);
            run.map(Arc::new)
        });
        match opened.collect::<io::Result<Vec<_>>>() {
            Ok(runs) => {
                self.runs = runs;
                true
            }
            Err(_) => false,
        }
    }

    /// The runs there are of it.
    pub(crate) fn parts(&self) -> Vec<Part> {
        self.runs.iter().map(|run| run.part).collect()
    }

    fn covered(&self) -> u64 {
        self.runs.last().map_or(0, |run| run.part.1)
    }

    /// How much is in the file that no run covers.
    pub(crate) fn uncovered(&self) -> u64 {
        self.flushed.saturating_sub(self.covered())
    }

    /// Makes the indexes of the lines that no run covers, those of the file and those that follow.
    pub(crate) fn index_all(&mut self) -> Result<(), StorageError> {
        let last = self.runs.last();
        (self.rows, self.live) = last.map_or((0, 0), |run| (run.rows, run.live));
        let mut declared = Self::declared(self.table, self.owner.is_some());
        self.complete = !self.runs.is_empty() || self.flushed > PART;
        if !self.complete {
            declared.truncate(1);
        }
        let indexes = declared.into_iter().map(|columns| Index {
            columns,
            recent: BTreeMap::new(),
        });
        self.indexes = indexes.collect();
        self.index_file()?;
        let tail = std::mem::take(&mut self.tail);
        let mut done = Ok(());
        let mut offset = self.flushed;
        // The lines are looked at where they belong: one may replace another.
        for line in tail.split_inclusive(|&byte| byte == b'\n') {
            self.tail.extend_from_slice(line);
            let content = line.strip_suffix(b"\n").unwrap_or(line);
            done = done.and_then(|()| self.index_line(content, offset));
            offset += line.len() as u64;
        }
        done
    }

    fn index_file(&mut self) -> Result<(), StorageError> {
        let mut offset = self.covered();
        if self.flushed <= offset {
            return Ok(());
        }
        self.open()?;
        let mut file = File::open(&self.path).map_err(|error| self.said(&error))?;
        let sought = file.seek(SeekFrom::Start(offset));
        sought.map_err(|error| self.said(&error))?;
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line);
            let read = read.map_err(|error| self.said(&error))?;
            if read == 0 {
                return Ok(());
            }
            let Some(content) = line.strip_suffix(b"\n") else {
                // Nothing that was answered ends so: the journal would have written it anew.
                tracing::warn!(path = %self.path.display(), "its last line is torn and goes");
                let cut = disk::open(&self.path).and_then(|file| file.set_len(offset));
                cut.map_err(|error| self.said(&error))?;
                self.flushed = offset;
                return Ok(());
            };
            self.index_line(content, offset)?;
            offset += read as u64;
            if self.entries() > SPILL && self.complete && self.spill(offset) {
                while let Some(job) = self.merge() {
                    let merged = job.run().map_err(|error| self.said(&error));
                    merged.and_then(|new| self.merged(&job, &new))?;
                }
            }
        }
    }

    fn index_line(&mut self, line: &[u8], offset: u64) -> Result<(), StorageError> {
        if offset == 0 {
            return Ok(());
        }
        let text = std::str::from_utf8(line).map_err(|_| self.no_row(offset))?;
        let read = line::read(self.table, text).map_err(|_| self.no_row(offset))?;
        let place = Place {
            offset,
            len: u32::try_from(line.len()).map_err(StorageError::corrupt)?,
        };
        self.apply(&read, place)
    }

    /// Makes the indexes that the table declares and no query has asked for yet.
    pub(crate) fn make_declared(&mut self) -> Result<(), StorageError> {
        if self.complete {
            return Ok(());
        }
        let mut missing = Self::declared(self.table, self.owner.is_some());
        missing.retain(|columns| !self.indexes.iter().any(|one| one.columns == *columns));
        self.make(missing)?;
        self.complete = true;
        Ok(())
    }

    /// Makes a run of what no run covers. All of it has to be in the file. Where that fails, it is said and
    /// all stays as it is: runs only save time.
    pub(crate) fn persist(&mut self) {
        if self.tail.is_empty() && self.uncovered() > 0 && self.spill(self.flushed) {
            self.stamp();
        }
    }

    fn spill(&mut self, to: u64) -> bool {
        let done = self.write_run(to);
        if let Err(error) = &done {
            tracing::warn!(path = %self.path.display(), %error, "its indexes stay in memory");
        }
        done.is_ok()
    }

    fn write_run(&mut self, to: u64) -> Result<(), StorageError> {
        self.make_declared()?;
        if self.runs.is_empty() {
            let declared = Self::declared(self.table, self.owner.is_some());
            let mut made = std::mem::take(&mut self.indexes);
            // Others are made again when they are asked for.
            made.retain(|index| declared.contains(&index.columns));
            made.sort_by_key(|index| declared.iter().position(|one| *one == index.columns));
            self.indexes = made;
        }
        let columns = self.columns();
        let (folder, name) = self.names();
        let part = (self.covered(), to);
        let path = run::file(&folder, &name, part);
        let new = disk::write_new(&path, |file| {
            let mut builder = Builder::new(file, part, self.rows, self.live);
            for (index, columns) in self.indexes.iter().zip(&columns) {
                let columns = columns.iter().map(|&name| name.to_owned()).collect();
                let entries = index.recent.iter();
                builder.index(
                    columns,
                    entries.map(|(key, place)| Ok((key.clone(), *place))),
                )?;
            }
            builder.finish()
        });
        let opened = new
            .and_then(|new| disk::put(&new, &path))
            .and_then(|()| Run::open(path, &columns));
        let run = opened.map_err(|error| self.said(&error))?;
        self.runs.push(Arc::new(run));
        // Indexes of queries that are not the table's are whole in memory.
        for index in self.indexes.iter_mut().take(columns.len()) {
            index.recent.clear();
        }
        Ok(())
    }

    /// Notes that its runs are those of its file as it is.
    pub(crate) fn stamp(&self) {
        let (folder, name) = self.names();
        if let Err(error) = run::stamp(&folder, &name, &self.parts(), &self.path) {
            tracing::warn!(path = %self.path.display(), %error, "its indexes will be made again at the next start");
        }
    }

    /// What of its runs should become one, in a while.
    pub(crate) fn merge(&mut self) -> Option<Job> {
        if self.merging {
            return None;
        }
        let range = run::to_merge(&self.runs)?;
        let runs = self.runs.get(range)?.to_vec();
        let part = (runs.first()?.part.0, runs.last()?.part.1);
        let (folder, name) = self.names();
        let owner = crate::catalog::octets(self.owner.as_ref());
        self.merging = true;
        Some(Job {
            table: self.table,
            owner,
            runs,
            columns: self.columns(),
            path: run::file(&folder, &name, part),
        })
    }

    /// Puts a run in place of those it was made from.
    pub(crate) fn merged(&mut self, job: &Job, new: &Path) -> Result<(), StorageError> {
        self.merging = false;
        let first = job.runs.first();
        let start = self
            .runs
            .iter()
            .position(|run| first.is_some_and(|first| Arc::ptr_eq(run, first)));
        let Some(start) = start else {
            // It was written anew meanwhile.
            let _ = fs::remove_file(new);
            return Ok(());
        };
        let opened =
            disk::put(new, &job.path).and_then(|()| Run::open(job.path.clone(), &job.columns));
        let run = opened.map_err(|error| self.said(&error))?;
        let old: Vec<_> = self
            .runs
            .splice(start..start + job.runs.len(), [Arc::new(run)])
            .collect();
        self.stamp();
        for run in old {
            let gone = fs::remove_file(run.path());
            gone.map_err(|error| self.said(&error))?;
        }
        Ok(())
    }

    /// Whether more than half of it counts no longer.
    pub(crate) fn wasteful(&self) -> bool {
        self.len() > SMALL && self.live < self.len() / 2
    }

    /// Removes its runs from the disk.
    fn remove_runs(&self) -> io::Result<()> {
        if self.runs.is_empty() {
            return Ok(());
        }
        self.runs
            .iter()
            .try_for_each(|run| fs::remove_file(run.path()))?;
        self.path.parent().map_or(Ok(()), disk::sync_folder)
    }

    /// Writes the file anew with the lines that count, in the order of the key, and puts it in place
    /// of the old one; without rows the file goes. Everything has to be in the file, and durable.
    pub(crate) fn compact(&mut self) -> Result<(), StorageError> {
        if !self.tail.is_empty() || self.flushed == 0 {
            return Ok(());
        }
        if self.rows == 0 {
            self.file = None;
            let removed = self
                .remove_runs()
                .and_then(|()| fs::remove_file(&self.path))
                .and_then(|()| self.path.parent().map_or(Ok(()), disk::sync_folder));
            removed.map_err(|error| self.said(&error))?;
            self.runs.clear();
            self.flushed = 0;
            return self.index_all();
        }
        self.open()?;
        let header = line::header(self.table, self.owner.as_ref());
        let mut offset = header.len() as u64 + 1;
        let old = self
            .file
            .as_ref()
            .ok_or_else(|| StorageError::unavailable("no file"))?;
        // Where each line was and where it is.
        let mut moved: Vec<(u64, Place)> = Vec::new();
        let written = disk::write_new(&self.path, |file| {
            let mut out = BufWriter::with_capacity(1 << 16, file);
            writeln!(out, "{header}")?;
            let mut line = Vec::new();
            for entry in self.range(0, (Bound::Unbounded, Bound::Unbounded), false) {
                let (_, Some(place)) = entry? else {
                    continue;
                };
                line.resize(place.len as usize, 0);
                disk::read_at(old, &mut line, place.offset)?;
                line.push(b'\n');
                out.write_all(&line)?;
                let len = place.len;
                moved.push((place.offset, Place { offset, len }));
                offset += line.len() as u64;
            }
            out.flush()
        });
        moved.sort_unstable_by_key(|(before, _)| *before);
        let run = if offset > PART && self.complete {
            self.write_moved(offset, offset - header.len() as u64 - 1, &moved)
        } else {
            None
        };
        let put = written.and_then(|new| {
            // Before the file: what is left of them must never be taken for those of the new one.
            self.remove_runs()?;
            disk::put(&new, &self.path)
        });
        put.map_err(|error| self.said(&error))?;
        self.runs.clear();
        self.merging = false;
        self.flushed = offset;
        self.file = None;
        if let Some((new, path)) = run {
            let opened = disk::put(&new, &path).and_then(|()| Run::open(path, &self.columns()));
            self.runs.extend(opened.ok().map(Arc::new));
            self.stamp();
        }
        self.index_all()?;
        if self.uncovered() > PART {
            self.persist();
        }
        Ok(())
    }

    /// Writes a run of the file written anew, beside where it belongs; none where that fails. It is made from
    /// the indexes there are, so that the file need not be read again.
    fn write_moved(
        &self,
        to: u64,
        live: u64,
        moved: &[(u64, Place)],
    ) -> Option<(PathBuf, PathBuf)> {
        let (folder, name) = self.names();
        let path = run::file(&folder, &name, (0, to));
        let new = disk::write_new(&path, |file| {
            let mut builder = Builder::new(file, (0, to), self.rows, live);
            for (index, columns) in self.columns().into_iter().enumerate() {
                let columns = columns.into_iter().map(str::to_owned).collect();
                let entries = self.range(index, (Bound::Unbounded, Bound::Unbounded), false);
                let entries = entries.filter_map(|entry| match entry {
                    Ok((key, place)) => {
                        let before = place?.offset;
                        let found = moved.binary_search_by_key(&before, |(before, _)| *before);
                        let (_, place) = moved.get(found.ok()?)?;
                        Some(Ok((key, Some(*place))))
                    }
                    Err(error) => Some(Err(error)),
                });
                builder.index(columns, entries)?;
            }
            builder.finish()
        });
        match new {
            Ok(new) => Some((new, path)),
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "its indexes are made again");
                None
            }
        }
    }
}
