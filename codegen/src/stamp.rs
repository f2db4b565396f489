//! Whether what is generated is already there: a digest over all that it depends on.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::hash::{Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::model::Paths;
use crate::output::Output;

/// What the generator reads below a folder of specifications: the folders themselves, in which files come
/// and go, schemas, descriptions and profiles. Sorted.
fn read(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    for spec in entries(folder).into_iter().filter(|path| path.is_dir()) {
        let files: Vec<PathBuf> = entries(&spec)
            .into_iter()
            .filter(|file| {
                file.extension()
                    .is_some_and(|extension| extension == "xsd" || extension == "toml")
            })
            .collect();
        let migrations = spec.join("migrations");
        if files.is_empty() {
            continue;
        }
        all.push(spec);
        all.extend(files);
        below(&migrations, &mut all);
    }
    all
}

/// Everything below a folder, where it is there.
fn below(folder: &Path, all: &mut Vec<PathBuf>) {
    if folder.is_dir() {
        all.push(folder.to_owned());
        for path in entries(folder) {
            if path.is_dir() {
                below(&path, all);
            } else {
                all.push(path);
            }
        }
    }
}

/// What a folder holds, sorted; nothing where it cannot be read, which the reader reports.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    paths.sort();
    paths
}

/// The digest of one run and the file that holds the one of the last.
#[derive(Debug)]
pub(crate) struct Stamp {
    file: PathBuf,
    digest: u64,
}

impl Stamp {
    /// Of these folders, each with the crate that holds its types, and the paths that generated code names.
    pub(crate) fn new(file: &Path, folders: &[(PathBuf, Option<String>)], paths: &Paths) -> Self {
        let mut digest = DefaultHasher::new();
        generator().hash(&mut digest);
        format!("{paths:?}").hash(&mut digest);
        for (folder, crate_path) in folders {
            (folder, crate_path).hash(&mut digest);
            for path in read(folder) {
                path.hash(&mut digest);
                std::fs::read(&path).ok().hash(&mut digest);
            }
        }
        Self {
            file: file.to_owned(),
            digest: digest.finish(),
        }
    }

    /// The warnings of the last run, if it had this stamp and all that it wrote is still there.
    pub(crate) fn unchanged(&self, out: &Path) -> Option<Vec<String>> {
        let text = std::fs::read_to_string(&self.file).ok()?;
        let mut lines = text.lines();
        if lines.next()? != self.first_line() {
            return None;
        }
        let mut warnings = Vec::new();
        for line in lines {
            match line.split_once(' ')? {
                ("wrote", path) if out.join(path).exists() => {}
                ("warned", warning) => warnings.push(warning.to_owned()),
                _ => return None,
            }
        }
        Some(warnings)
    }

    /// Keeps the stamp for the next run.
    pub(crate) fn write(&self, outputs: &[Output], warnings: &[String]) -> io::Result<()> {
        let mut text = self.first_line();
        text.push('\n');
        for output in outputs {
            let _ = writeln!(text, "wrote {}", output.path);
        }
        for warning in warnings {
            let _ = writeln!(text, "warned {}", warning.replace('\n', " "));
        }
        std::fs::write(&self.file, text)
    }

    fn first_line(&self) -> String {
        format!("{:016x}", self.digest)
    }
}

/// Tells one generator from another: it is part of this very program. Where that cannot be found out,
/// its version does.
fn generator() -> (String, u64, u128) {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let program = std::env::current_exe().and_then(std::fs::metadata).ok();
    let length = program.as_ref().map_or(0, std::fs::Metadata::len);
    let built = program
        .and_then(|program| program.modified().ok())
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |time| time.as_nanos());
    (version, length, built)
}
