//! Walking the entries of runs, in order or against it, of several as if they were one.

use std::{io, ops::Bound, sync::Arc};

use super::{Bounds, Entry, Run, borrowed, decode, torn, within};

impl Run {
    /// Its entries between bounds, in order or against it.
    pub(crate) fn range(self: &Arc<Self>, index: usize, bounds: Bounds, reverse: bool) -> Cursor {
        let mut cursor = Cursor {
            run: self.clone(),
            index,
            next: None,
            entries: Vec::new(),
            bounds,
            reverse,
        };
        if let Some(sorted) = self.indexes.get(index) {
            let blocks = &sorted.blocks;
            let (lower, upper) = borrowed(&cursor.bounds);
            let block = if reverse {
                blocks.partition_point(|(first, _)| within((Bound::Unbounded, upper), first))
            } else {
                blocks.partition_point(|(first, _)| match lower {
                    Bound::Included(key) | Bound::Excluded(key) => &**first <= key,
                    Bound::Unbounded => false,
                })
            };
            cursor.next = match (block.checked_sub(1), reverse) {
                (None, false) => Some(0),
                (block, _) => block,
            };
        }
        cursor
    }
}

/// The entries of one index in a run, some of them.
pub(crate) struct Cursor {
    run: Arc<Run>,
    index: usize,
    /// The block to read next.
    next: Option<usize>,
    /// Those of the last block, the next at the end.
    entries: Vec<Entry>,
    bounds: Bounds,
    reverse: bool,
}

impl Cursor {
    fn load(&mut self, block: usize) -> io::Result<()> {
        let Some(sorted) = self.run.indexes.get(self.index) else {
            self.next = None;
            return Ok(());
        };
        let octets = self.run.block(sorted, block)?;
        let bounds = borrowed(&self.bounds);
        let mut rest = &octets[..];
        let mut passed = false;
        while !rest.is_empty() {
            let (entry, more) = decode(rest).ok_or_else(torn)?;
            if within(bounds, &entry.0) {
                self.entries.push(entry);
            } else {
                // Beyond the end in the direction of walking: nothing more comes after this block.
                let below = !within((bounds.0, Bound::Unbounded), &entry.0);
                passed |= below == self.reverse;
            }
            rest = more;
        }
        if self.reverse {
            self.next = block.checked_sub(1);
        } else {
            self.entries.reverse();
            self.next = Some(block + 1).filter(|next| *next < sorted.blocks.len());
        }
        if passed {
            self.next = None;
        }
        Ok(())
    }
}

impl Iterator for Cursor {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.entries.pop() {
                return Some(Ok(entry));
            }
            let block = self.next?;
            if let Err(error) = self.load(block) {
                self.next = None;
                return Some(Err(error));
            }
        }
    }
}

/// One of several lists of entries in the same order.
struct Source<'a> {
    head: Option<Entry>,
    rest: Box<dyn Iterator<Item = io::Result<Entry>> + 'a>,
}

/// The entries of several lists as one: of those for the same octets that of the first list.
pub(crate) struct Merged<'a> {
    sources: Vec<Source<'a>>,
    reverse: bool,
    failed: Option<io::Error>,
}

impl<'a> Merged<'a> {
    pub(crate) fn new(reverse: bool) -> Self {
        Self {
            sources: Vec::new(),
            reverse,
            failed: None,
        }
    }

    /// Adds a list that counts less than those before.
    pub(crate) fn add(&mut self, list: impl Iterator<Item = io::Result<Entry>> + 'a) {
        let mut source = Source {
            head: None,
            rest: Box::new(list),
        };
        self.failed = self.failed.take().or(source.step().err());
        self.sources.push(source);
    }
}

impl Source<'_> {
    fn step(&mut self) -> io::Result<()> {
        self.head = self.rest.next().transpose()?;
        Ok(())
    }
}

impl Iterator for Merged<'_> {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.failed.take() {
            self.sources.clear();
            return Some(Err(error));
        }
        let mut first: Option<usize> = None;
        for (place, source) in self.sources.iter().enumerate() {
            let Some((key, _)) = &source.head else {
                continue;
            };
            let best = first.and_then(|first| self.sources.get(first)?.head.as_ref());
            let before = best.is_none_or(
                |(best, _)| {
                    if self.reverse { key > best } else { key < best }
                },
            );
            if before {
                first = Some(place);
            }
        }
        let entry = self.sources.get_mut(first?)?.head.take()?;
        for source in &mut self.sources {
            let same = source.head.as_ref().is_none_or(|(key, _)| *key == entry.0);
            if same && let Err(error) = source.step() {
                self.failed = Some(error);
            }
        }
        Some(Ok(entry))
    }
}
