//! Readers: from folders of specifications to the model.

pub(crate) mod history;
pub(crate) mod toml;
pub(crate) mod xsd;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::check;
use crate::model::{Model, Place, Sources};
use crate::resolve::{self, Folder, Input};
use crate::{Diagnostic, render_all};

use self::toml::{File, RawProfile, read_profile, read_spec};
use self::xsd::SchemaFile;

/// The folders of one run.
///
/// Everything is read as it is added; [`Specs::finish`] resolves it, so that specs of one folder can refer to
/// those of another in any order.
#[derive(Default)]
pub struct Specs {
    folders: Vec<Folder>,
    schemas: Vec<SchemaFile>,
    profiles: Vec<(File, RawProfile)>,
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
}

impl Specs {
    /// Reads, resolves and checks one folder that holds a folder for each spec, and `profiles/`.
    #[must_use]
    pub fn read(folder: &Path) -> Loaded {
        let mut specs = Self::default();
        specs.add(folder, None);
        specs.finish()
    }

    /// Adds a folder; `crate_path` names the crate that already holds its types (`::sestina::types`).
    pub fn add(&mut self, folder: &Path, crate_path: Option<&str>) {
        let Some(entries) = self.entries(folder) else {
            return;
        };
        for path in entries {
            if !path.is_dir() {
                continue;
            }
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            let Some(files) = self.entries(&path) else {
                continue;
            };
            if name == "profiles" {
                for file in files.iter().filter(|file| has_extension(file, "toml")) {
                    self.profile(file);
                }
            } else if files
                .iter()
                .any(|file| has_extension(file, "xsd") || file.ends_with("spec.toml"))
            {
                self.spec(&path, name, &files, crate_path);
            }
        }
    }

    /// Adds the folder of one specification.
    pub fn add_spec(&mut self, folder: &Path) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if let Some(files) = self.entries(folder) {
            self.spec(folder, name.into_owned(), &files, None);
        }
    }

    /// Resolves everything into the model and checks it.
    #[must_use]
    pub fn finish(self) -> Loaded {
        let mut loaded = self.finish_before_migration();
        loaded.diagnostics.extend(check::history(&loaded.model));
        loaded
    }

    /// As [`finish`](Self::finish), but does not mind tables that are not as their migrations leave them: for whoever
    /// is about to write the next.
    #[must_use]
    pub fn finish_before_migration(mut self) -> Loaded {
        let decls = xsd::read_all(&mut self.schemas, &mut self.diagnostics);
        let mut diagnostics = self.diagnostics;
        let input = Input {
            folders: self.folders,
            schemas: self.schemas,
            decls,
            profiles: self.profiles,
        };
        let mut model = resolve::resolve(input, &mut diagnostics);
        model.sources = self.sources;
        diagnostics.extend(check::check(&model));
        Loaded { model, diagnostics }
    }

    fn spec(&mut self, folder: &Path, id: String, files: &[PathBuf], crate_path: Option<&str>) {
        let shown: Arc<Path> = Arc::from(shown(folder));
        if let Some(other) = self.folders.iter().find(|other| other.id == id) {
            let diagnostic =
                Diagnostic::error(&Place::start(&shown), format!("there are two specs `{id}`"))
                    .note(&other.place, "the other one")
                    .help("give one of the folders another name");
            self.diagnostics.push(diagnostic);
            return;
        }
        let at = self.folders.len();
        let mut broken = false;
        let loose = !files.iter().any(|path| path.ends_with("spec.toml"));
        for path in files.iter().filter(|path| has_extension(path, "xsd")) {
            let Some((path, text)) = self.text(path) else {
                broken = true;
                continue;
            };
            match xsd::read_file(at, loose, &path, &text, &mut self.diagnostics) {
                Some(schema) => self.schemas.push(schema),
                None => broken = true,
            }
        }
        let toml = files
            .iter()
            .find(|path| path.ends_with("spec.toml"))
            .and_then(|path| {
                let (path, text) = self.text(path)?;
                let mut file = File::new(&path, &text);
                let raw = read_spec(&mut file);
                Some((file, raw))
            });
        let place = Place::start(&shown);
        let history = self.history(folder);
        self.folders.push(Folder {
            history,
            id,
            crate_path: crate_path.map(str::to_owned),
            toml,
            place,
            broken,
        });
    }

    fn profile(&mut self, path: &Path) {
        if let Some((path, text)) = self.text(path) {
            let mut file = File::new(&path, &text);
            let raw = read_profile(&mut file);
            self.profiles.push((file, raw));
        }
    }

    /// What a folder holds, sorted by name.
    fn entries(&mut self, folder: &Path) -> Option<Vec<PathBuf>> {
        let read = std::fs::read_dir(folder).and_then(|entries| {
            let mut paths = entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<Vec<_>, _>>()?;
            paths.sort();
            Ok(paths)
        });
        read.map_err(|error| self.unreadable(folder, &error)).ok()
    }

    fn text(&mut self, path: &Path) -> Option<(Arc<Path>, Arc<str>)> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                // A byte order mark is no part of the text.
                let text: Arc<str> = Arc::from(text.strip_prefix('\u{feff}').unwrap_or(&text));
                let shown: Arc<Path> = Arc::from(shown(path));
                self.sources.insert(&shown, Arc::clone(&text));
                Some((shown, text))
            }
            Err(error) => {
                self.unreadable(path, &error);
                None
            }
        }
    }

    fn unreadable(&mut self, path: &Path, error: &std::io::Error) {
        let place = Place::start(&Arc::from(shown(path)));
        let diagnostic = Diagnostic::error(&place, format!("cannot be read: {error}"))
            .help("it must be there, readable, and a file must be UTF-8");
        self.diagnostics.push(diagnostic);
    }
}

impl std::fmt::Debug for Specs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<&str> = self
            .folders
            .iter()
            .map(|folder| folder.id.as_str())
            .collect();
        f.debug_struct("Specs")
            .field("specs", &ids)
            .finish_non_exhaustive()
    }
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// A path as messages show it: below the current folder where it is there.
fn shown(path: &Path) -> PathBuf {
    let current = std::env::current_dir().ok();
    let below = current.and_then(|current| path.strip_prefix(current).ok().map(Path::to_owned));
    below
        .filter(|below| !below.as_os_str().is_empty())
        .unwrap_or_else(|| path.to_owned())
}

/// The model of a run, and all that there is to say about it.
#[derive(Debug)]
pub struct Loaded {
    /// The model; incomplete where there are errors.
    pub model: Model,
    /// Errors and warnings of the readers and the checks.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// Whether anything stops the build.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// All messages as text.
    #[must_use]
    pub fn report(&self) -> String {
        render_all(&self.diagnostics, &self.model.sources)
    }
}
