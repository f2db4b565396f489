//! Writing runs: from entries in order, or from runs that follow each other.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    ops::Bound,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{About, AboutIndex, BLOCK, Entry, MAGIC, Merged, Part, Place, Run, encode, torn};
use crate::disk;

/// Writes a run.
pub(crate) struct Builder<'f> {
    out: BufWriter<&'f mut File>,
    offset: u64,
    about: About,
}

impl<'f> Builder<'f> {
    /// Begins a run of a part, after which the segment has so many rows with so many octets.
    pub(crate) fn new(file: &'f mut File, (from, to): Part, rows: u64, live: u64) -> Self {
        Self {
            out: BufWriter::with_capacity(1 << 18, file),
            offset: 0,
            about: About {
                from,
                to,
                rows,
                live,
                indexes: Vec::new(),
            },
        }
    }

    /// Adds the entries of the next index, which are in order.
    pub(crate) fn index(
        &mut self,
        columns: Vec<String>,
        entries: impl Iterator<Item = io::Result<Entry>>,
    ) -> io::Result<()> {
        let (mut list, mut octets) = (Vec::new(), Vec::new());
        let mut last: Option<Box<[u8]>> = None;
        let (mut count, mut end_of_block) = (0, self.offset);
        for entry in entries {
            let (key, place) = entry?;
            if self.offset >= end_of_block {
                let begin = Place {
                    offset: self.offset,
                    len: 0,
                };
                encode(&key, Some(begin), &mut list)?;
                end_of_block = self.offset + BLOCK;
            }
            octets.clear();
            encode(&key, place, &mut octets)?;
            self.out.write_all(&octets)?;
            self.offset += octets.len() as u64;
            count += 1;
            last = Some(key);
        }
        encode(&last.unwrap_or_default(), None, &mut list)?;
        self.about.indexes.push(AboutIndex {
            columns,
            entries: count,
            blocks: self.offset,
            length: list.len() as u64,
        });
        self.out.write_all(&list)?;
        self.offset += list.len() as u64;
        Ok(())
    }

    /// Ends it.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let about = serde_json::to_vec(&self.about)?;
        self.out.write_all(&about)?;
        self.out.write_all(&self.offset.to_le_bytes())?;
        self.out.write_all(&MAGIC)?;
        self.out.flush()
    }
}

/// Writes what these runs say, which follow each other, as one, beside the place where it belongs. What is
/// gone is left out where they begin with the segment.
pub(crate) fn merge(runs: &[Arc<Run>], indexes: &[Vec<&str>], path: &Path) -> io::Result<PathBuf> {
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else {
        return Err(torn());
    };
    let part = (first.part.0, last.part.1);
    disk::write_new(path, |file| {
        let mut builder = Builder::new(file, part, last.rows, last.live);
        for (place, columns) in indexes.iter().enumerate() {
            let mut merged = Merged::new(false);
            for run in runs.iter().rev() {
                merged.add(run.range(place, (Bound::Unbounded, Bound::Unbounded), false));
            }
            let kept = merged.filter(|entry| part.0 > 0 || !matches!(entry, Ok((_, None))));
            let columns = columns.iter().map(|&name| name.to_owned()).collect();
            builder.index(columns, kept)?;
        }
        builder.finish()
    })
}

/// Which of the runs of a segment, which follow each other, are to become one: the newest that are about as
/// large as those after them, once there are several.
pub(crate) fn to_merge(runs: &[Arc<Run>]) -> Option<std::ops::Range<usize>> {
    let mut start = runs.len().checked_sub(1)?;
    let mut total = runs.get(start)?.entries();
    while let Some(before) = start.checked_sub(1).and_then(|place| runs.get(place)) {
        if before.entries() > total * 2 {
            break;
        }
        total += before.entries();
        start -= 1;
    }
    (runs.len() - start >= 4).then_some(start..runs.len())
}
