//! What is wrong with a configuration, and where.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One mistake.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    place: Option<(PathBuf, usize, usize, String)>,
    text: String,
}

/// All mistakes of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Complaints(Vec<Complaint>);

impl Complaint {
    /// Without a place in a file.
    pub(crate) fn new(text: impl Into<String>) -> Complaint {
        Complaint {
            place: None,
            text: text.into(),
        }
    }

    /// At a byte range of the file's text. Lines and columns count from one, columns in characters.
    pub(crate) fn at(
        path: Option<&Path>,
        source: &str,
        span: Option<Range<usize>>,
        text: impl Into<String>,
    ) -> Complaint {
        let text = text.into().replace('\n', "; ");
        let (Some(path), Some(span)) = (path, span) else {
            return Complaint::new(text);
        };
        let before = source.get(..span.start.min(source.len())).unwrap_or(source);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |index| index + 1);
        let column = before.get(start..).map_or(0, |rest| rest.chars().count()) + 1;
        let shown = source.lines().nth(line - 1).unwrap_or_default().to_owned();
        Complaint {
            place: Some((path.to_owned(), line, column, shown)),
            text,
        }
    }
}

impl Complaint {
    /// The same without what was written from its place on: it may hold a secret.
    pub(crate) fn hiding(mut self) -> Complaint {
        if let Some((_, _, column, shown)) = &mut self.place {
            let before: String = shown.chars().take(column.saturating_sub(1)).collect();
            *shown = format!("{before}…");
        }
        self
    }
}

impl Complaints {
    /// None yet.
    pub(crate) fn none() -> Complaints {
        Complaints(Vec::new())
    }

    /// One more.
    pub(crate) fn push(&mut self, complaint: Complaint) {
        self.0.push(complaint);
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Complaint> for Complaints {
    fn from(complaint: Complaint) -> Complaints {
        Complaints(vec![complaint])
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            None => f.write_str(&self.text),
            Some((path, line, column, shown)) => {
                writeln!(f, "{}:{line}:{column}: {}", path.display(), self.text)?;
                writeln!(f, "  {shown}")?;
                write!(f, "  {:>column$}", "^")
            }
        }
    }
}

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, complaint) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{complaint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Complaints {}
