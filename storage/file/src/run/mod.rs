//! Sorted entries of a segment's indexes on the disk: what lets a large segment be used without being read.
//!
//! A *run* covers a part of the segment, from one octet to another, and says for each index what the lines in it
//! have come to: where a row is, or that it is gone. Later runs count. Of each index only the first entry of every
//! block is in memory. Runs hold nothing that is not in the segment: they can be removed while nobody uses the folder, and are
//! made again.

mod walk;
mod write;

use std::{
    cmp::Ordering,
    fs::{self, File},
    io,
    ops::{Bound, RangeBounds},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

pub(crate) use self::{
    walk::Merged,
    write::{Builder, merge, to_merge},
};
use crate::disk;

/// The last octets of a run.
const MAGIC: [u8; 8] = *b"sestidx1";
/// A block ends after this many octets.
const BLOCK: u64 = 4096;
/// The offset of a row that is gone.
const GONE: u64 = u64::MAX;

/// Where a line is, its end not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) len: u32,
}

/// What an index says of some octets; no place where there is a row no longer.
pub(crate) type Entry = (Box<[u8]>, Option<Place>);

/// From where to where in an index.
pub(crate) type Bounds = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// The part of a segment that a run covers.
pub(crate) type Part = (u64, u64);

fn borrowed(bounds: &Bounds) -> (Bound<&[u8]>, Bound<&[u8]>) {
    let (lower, upper) = bounds;
    (
        lower.as_ref().map(|octets| &octets[..]),
        upper.as_ref().map(|octets| &octets[..]),
    )
}

fn within(bounds: (Bound<&[u8]>, Bound<&[u8]>), key: &[u8]) -> bool {
    RangeBounds::<[u8]>::contains(&bounds, key)
}

/// What a run says at its end.
#[derive(Debug, Serialize, Deserialize)]
struct About {
    from: u64,
    to: u64,
    rows: u64,
    live: u64,
    indexes: Vec<AboutIndex>,
}

#[derive(Debug, Serialize, Deserialize)]
struct AboutIndex {
    columns: Vec<String>,
    entries: u64,
    /// Where the list of its blocks begins, which is where the last block ends.
    blocks: u64,
    /// The octets of the list.
    length: u64,
}

/// One index in a run.
#[derive(Debug)]
struct Sorted {
    entries: u64,
    /// The first entry of each block and where it begins.
    blocks: Vec<(Box<[u8]>, u64)>,
    end: u64,
    last: Box<[u8]>,
}

/// A run, open to read.
#[derive(Debug)]
pub(crate) struct Run {
    path: PathBuf,
    file: File,
    /// The part of the segment it covers.
    pub(crate) part: Part,
    /// How many rows the segment has where it ends, and the octets of their lines.
    pub(crate) rows: u64,
    pub(crate) live: u64,
    indexes: Vec<Sorted>,
}

/// The file of a run.
pub(crate) fn file(folder: &Path, segment: &str, (from, to): Part) -> PathBuf {
    folder.join(format!("{segment}.{from}-{to}.idx"))
}

/// The segment and the part of a run, from its file.
pub(crate) fn named(path: &Path) -> Option<(&str, Part)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".idx")?;
    let (segment, part) = name.rsplit_once('.')?;
    let (from, to) = part.split_once('-')?;
    Some((segment, (from.parse().ok()?, to.parse().ok()?)))
}

/// Which of these runs of a segment count: one after another from its beginning, of several the longest. The
/// others were left by a merger.
pub(crate) fn chain(parts: &[Part]) -> Vec<Part> {
    let mut chain = Vec::new();
    let mut at = 0;
    loop {
        let next = parts.iter().filter(|(from, to)| *from == at && to > from);
        let Some(longest) = next.max_by_key(|(_, to)| *to) else {
            return chain;
        };
        chain.push(*longest);
        at = longest.1;
    }
}

/// Notes with the last run of a segment that it was made for the segment as it is now.
pub(crate) fn stamp(folder: &Path, segment: &str, parts: &[Part], data: &Path) -> io::Result<()> {
    let Some(last) = parts.last() else {
        return Ok(());
    };
    let modified = fs::metadata(data)?.modified()?;
    let path = file(folder, segment, *last);
    File::options()
        .write(true)
        .open(path)?
        .set_modified(modified)
}

/// Whether the last run of a segment was made for it as it is: nobody has changed it since.
pub(crate) fn is_stamped(folder: &Path, segment: &str, parts: &[Part], data: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|about| about.modified()).ok();
    let last = parts.last().map(|last| file(folder, segment, *last));
    last.is_some_and(|last| {
        let last = modified(&last);
        last.is_some() && last == modified(data)
    })
}

impl Run {
    /// Opens a run with these indexes, by the names of their columns.
    pub(crate) fn open(path: PathBuf, indexes: &[Vec<&str>]) -> io::Result<Self> {
        let bad = || io::Error::new(io::ErrorKind::InvalidData, "no index of this segment");
        let file = File::open(&path)?;
        let len = file.metadata()?.len();
        let end = len.checked_sub(16).ok_or_else(bad)?;
        let mut ending = [0; 16];
        disk::read_at(&file, &mut ending, end)?;
        let (start, magic) = ending.split_first_chunk::<8>().ok_or_else(bad)?;
        let start = u64::from_le_bytes(*start);
        if magic != MAGIC || start > end {
            return Err(bad());
        }
        let about = read(&file, start, end)?;
        let about: About = serde_json::from_slice(&about).map_err(|_| bad())?;
        let same = about.indexes.iter().map(|index| &index.columns).eq(indexes);
        if !same || named(&path).is_none_or(|(_, part)| part != (about.from, about.to)) {
            return Err(bad());
        }
        let mut sorted = Vec::new();
        for index in about.indexes {
            let list_end = index.blocks.checked_add(index.length).ok_or_else(bad)?;
            if list_end > start {
                return Err(bad());
            }
            let list = read(&file, index.blocks, list_end)?;
            let mut rest = &list[..];
            let mut blocks = Vec::new();
            let mut last = None;
            while !rest.is_empty() {
                let ((key, place), more) = decode(rest).ok_or_else(bad)?;
                match place {
                    Some(place) => blocks.push((key, place.offset)),
                    // The last entry ends the list.
                    None => last = Some(key),
                }
                rest = more;
            }
            sorted.push(Sorted {
                entries: index.entries,
                blocks,
                end: index.blocks,
                last: last.unwrap_or_default(),
            });
        }
        Ok(Self {
            path,
            file,
            part: (about.from, about.to),
            rows: about.rows,
            live: about.live,
            indexes: sorted,
        })
    }

    /// Its file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How many entries its index of keys has.
    pub(crate) fn entries(&self) -> u64 {
        self.indexes.first().map_or(0, |index| index.entries)
    }

    /// How many entries it holds in memory.
    pub(crate) fn held(&self) -> usize {
        self.indexes.iter().map(|index| index.blocks.len()).sum()
    }

    fn block(&self, index: &Sorted, block: usize) -> io::Result<Vec<u8>> {
        let start = index.blocks.get(block).map_or(index.end, |(_, at)| *at);
        let end = index.blocks.get(block + 1).map_or(index.end, |(_, at)| *at);
        read(&self.file, start, end)
    }

    /// What it says of an entry; `None` where it says nothing.
    pub(crate) fn find(&self, index: usize, key: &[u8]) -> io::Result<Option<Option<Place>>> {
        let Some(index) = self.indexes.get(index) else {
            return Ok(None);
        };
        let after = index.blocks.partition_point(|(first, _)| &**first <= key);
        let Some(block) = after.checked_sub(1) else {
            return Ok(None);
        };
        if key > &*index.last {
            return Ok(None);
        }
        let octets = self.block(index, block)?;
        let mut rest = &octets[..];
        while !rest.is_empty() {
            let (found, place, more) = decode_borrowed(rest).ok_or_else(torn)?;
            match found.cmp(key) {
                Ordering::Less => rest = more,
                Ordering::Equal => return Ok(Some(place)),
                Ordering::Greater => break,
            }
        }
        Ok(None)
    }
}

fn torn() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an index with a torn entry")
}

fn read(file: &File, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let len = end
        .checked_sub(start)
        .and_then(|len| usize::try_from(len).ok());
    let mut octets = vec![0; len.ok_or_else(torn)?];
    disk::read_at(file, &mut octets, start)?;
    Ok(octets)
}

/// The first entry of these octets, and what follows it.
fn decode(octets: &[u8]) -> Option<(Entry, &[u8])> {
    let (key, place, rest) = decode_borrowed(octets)?;
    Some(((key.into(), place), rest))
}

/// The same, not copied.
fn decode_borrowed(octets: &[u8]) -> Option<(&[u8], Option<Place>, &[u8])> {
    let (len, rest) = octets.split_first_chunk::<4>()?;
    let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
    let (key, rest) = rest.split_at_checked(len)?;
    let (offset, rest) = rest.split_first_chunk::<8>()?;
    let (len, rest) = rest.split_first_chunk::<4>()?;
    let offset = u64::from_le_bytes(*offset);
    let place = (offset != GONE).then(|| Place {
        offset,
        len: u32::from_le_bytes(*len),
    });
    Some((key, place, rest))
}

fn encode(key: &[u8], place: Option<Place>, out: &mut Vec<u8>) -> io::Result<()> {
    let len = u32::try_from(key.len()).map_err(|_| torn())?;
    out.extend(len.to_le_bytes());
    out.extend(key);
    out.extend(place.map_or(GONE, |place| place.offset).to_le_bytes());
    out.extend(place.map_or(0, |place| place.len).to_le_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn entry(number: u64, offset: Option<u64>) -> Entry {
        let key = format!("key {number:06}").into_bytes();
        let place = offset.map(|offset| Place { offset, len: 7 });
        (key.into(), place)
    }

    fn write(folder: &Path, part: Part, entries: Vec<Entry>) -> Arc<Run> {
        let path = file(folder, "o-a", part);
        let columns = vec![vec!["id"], vec!["at", "id"]];
        let new = disk::write_new(&path, |file| {
            let mut builder = Builder::new(file, part, 1, 2);
            for names in &columns {
                let names = names.iter().map(|name| (*name).to_owned()).collect();
                builder.index(names, entries.iter().cloned().map(Ok))?;
            }
            builder.finish()
        });
        disk::put(&new.unwrap(), &path).unwrap();
        Arc::new(Run::open(path, &columns).unwrap())
    }

    fn all(list: impl Iterator<Item = io::Result<Entry>>) -> Vec<Entry> {
        list.map(Result::unwrap).collect()
    }

    #[test]
    fn what_was_written_is_found_and_walked_both_ways() {
        let folder = tempfile::tempdir().unwrap();
        let entries: Vec<Entry> = (0..5000)
            .map(|number| entry(number * 2, (number % 3 > 0).then_some(number)))
            .collect();
        let run = write(folder.path(), (0, 100), entries.clone());
        for number in [0, 1, 2, 4999, 5000, 9998, 9999, 20_000] {
            let (key, _) = entry(number, None);
            let known = entries.iter().find(|(other, _)| *other == key);
            assert_eq!(run.find(1, &key).unwrap(), known.map(|(_, place)| *place));
        }
        for (low, high) in [
            (0, 10_000),
            (77, 78),
            (77, 177),
            (78, 5000),
            (9000, 30_000),
            (5, 5),
        ] {
            for lower in [Bound::Unbounded, Bound::Included(low), Bound::Excluded(low)] {
                for upper in [
                    Bound::Unbounded,
                    Bound::Included(high),
                    Bound::Excluded(high),
                ] {
                    let key = |number| entry(number, None).0.into_vec();
                    let bounds = (lower.map(key), upper.map(key));
                    let mut expected = entries.clone();
                    expected.retain(|(key, _)| within(borrowed(&bounds), key));
                    assert!(all(run.range(0, bounds.clone(), false)) == expected);
                    expected.reverse();
                    assert!(all(run.range(0, bounds, true)) == expected);
                }
            }
        }
        assert!(Run::open(run.path().to_owned(), &[vec!["id"]]).is_err());
    }

    #[test]
    fn later_runs_count() {
        let folder = tempfile::tempdir().unwrap();
        let old = write(
            folder.path(),
            (0, 100),
            (0..1000).map(|n| entry(n, Some(n))).collect(),
        );
        let new = (0..1000).step_by(10);
        let new = new.map(|n| entry(n, (n % 20 == 0).then_some(n + 5000)));
        let new = write(folder.path(), (100, 300), new.collect());
        let runs = [old, new];
        let path = file(folder.path(), "o-a", (0, 300));
        let columns = vec![vec!["id"], vec!["at", "id"]];
        let merged = merge(&runs, &columns, &path).unwrap();
        disk::put(&merged, &path).unwrap();
        let merged = Arc::new(Run::open(path, &columns).unwrap());
        let expected: Vec<Entry> = (0..1000)
            .filter(|n| n % 20 != 10)
            .map(|n| entry(n, Some(if n % 20 == 0 { n + 5000 } else { n })))
            .collect();
        let everything = (Bound::Unbounded, Bound::Unbounded);
        assert!(all(merged.range(1, everything, false)) == expected);
        let name = named(merged.path());
        assert_eq!(name, Some(("o-a", (0, 300))));
        assert_eq!(chain(&[(100, 300), (0, 100), (0, 300), (7, 9)]), [(0, 300)]);
        assert_eq!(chain(&[(100, 300), (0, 100)]), [(0, 100), (100, 300)]);
        assert_eq!(chain(&[(100, 300)]), []);
    }
}
