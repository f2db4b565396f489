//! How much was checked, for people who compare backends.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

/// What a run has checked: for each table how many answers of the backend were compared with what
/// they have to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The backend, as [`Backend::name`](crate::Backend::name) says it.
    pub backend: &'static str,
    /// The tables, by name, with the number of their answers.
    pub tables: Vec<(&'static str, u64)>,
}

impl Report {
    /// Adds a line for each table, `backend TAB table TAB answers`, to a file in the folder that the
    /// environment variable `SESTINA_CONFORMANCE` names, if it names one: the files of several
    /// backends together are the table of what was checked where.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self) -> io::Result<()> {
        let Some(folder) = std::env::var_os("SESTINA_CONFORMANCE") else {
            return Ok(());
        };
        fs::create_dir_all(&folder)?;
        let mut options = fs::OpenOptions::new();
        let path = Path::new(&folder).join(format!("{}.tsv", self.backend));
        let mut file = options.create(true).append(true).open(path)?;
        io::Write::write_all(&mut file, self.to_string().as_bytes())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (table, answers) in &self.tables {
            writeln!(f, "{}\t{table}\t{answers}", self.backend)?;
        }
        Ok(())
    }
}

/// The files in a folder that [`Report::save`] has written, as one table for people in Markdown: a line for each table, a
/// column for each backend, and the number of answers that were compared. Of a table that was checked several times the
/// last counts.
///
/// # Errors
/// When the folder or a file cannot be read.
pub fn markdown(folder: &Path) -> io::Result<String> {
    let mut backends = Vec::new();
    let mut tables: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "tsv") {
            paths.push(path);
        }
    }
    paths.sort();
    for path in paths {
        for line in fs::read_to_string(path)?.lines() {
            let mut parts = line.split('\t').map(str::to_owned);
            let (Some(backend), Some(table), Some(answers)) =
                (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            if !backends.contains(&backend) {
                backends.push(backend.clone());
            }
            tables.entry(table).or_default().insert(backend, answers);
        }
    }
    let mut text = format!("| table | {} |\n|---|", backends.join(" | "));
    text.push_str(&"---:|".repeat(backends.len()));
    text.push('\n');
    for (table, answers) in &tables {
        text.push_str(&format!("| `{table}` |"));
        for backend in &backends {
            let answers = answers.get(backend).map_or("–", String::as_str);
            text.push_str(&format!(" {answers} |"));
        }
        text.push('\n');
    }
    Ok(text)
}

/// Counts answers.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, answers: usize) {
        self.0.fetch_add(answers as u64, Ordering::Relaxed);
    }

    pub(super) fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
