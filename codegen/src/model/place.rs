//! Where an item stands in its file, and the files themselves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A place in a file: what a message points at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, as it was named to the reader.
    pub file: Arc<Path>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// How many characters of the line the item takes; at least 1.
    pub length: u32,
}

impl Place {
    /// A place of `length` characters.
    #[must_use]
    pub fn new(file: &Arc<Path>, line: u32, column: u32, length: u32) -> Self {
        Self {
            file: Arc::clone(file),
            line,
            column,
            length: length.max(1),
        }
    }

    /// The start of a file: for what a file lacks.
    #[must_use]
    pub fn start(file: &Arc<Path>) -> Self {
        Self::new(file, 1, 1, 1)
    }

    /// No place: for what is filled in before it is read.
    pub(crate) fn nowhere() -> Self {
        Self::start(&Arc::from(Path::new("")))
    }

    /// The place of a byte range in the text of a file; a range over several lines is cut at the first.
    #[must_use]
    pub fn of_span(file: &Arc<Path>, text: &str, span: std::ops::Range<usize>) -> Self {
        let start = floor_boundary(text, span.start);
        let end = floor_boundary(text, span.end.max(start));
        let before = text.get(..start).unwrap_or("");
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
        let inside = text.get(start..end).unwrap_or("");
        let length = inside.lines().next().unwrap_or("").chars().count();
        Self::new(file, narrow(line), narrow(column), narrow(length))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The text of every file that was read.
#[derive(Debug, Clone, Default)]
pub struct Sources(BTreeMap<PathBuf, Arc<str>>);

impl Sources {
    /// Remembers a file's text.
    pub fn insert(&mut self, file: &Path, text: Arc<str>) {
        self.0.insert(file.to_owned(), text);
    }

    /// A line of a file, without its line break.
    #[must_use]
    pub fn line(&self, file: &Path, line: u32) -> Option<&str> {
        let number = usize::try_from(line).ok()?.checked_sub(1)?;
        self.0.get(file)?.lines().nth(number)
    }

    /// All files read, for `cargo::rerun-if-changed`.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// Takes over all files of another set.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}
