//! Readers: from folders of specifications to the model.

use std::path::Path;

use crate::Diagnostic;
use crate::model::Model;

/// The folders of one run.
#[derive(Debug, Default)]
pub struct Specs {
    diagnostics: Vec<Diagnostic>,
}

impl Specs {
    /// Reads one folder that holds a folder for each spec, and `profiles/`.
    #[must_use]
    pub fn read(folder: &Path) -> Loaded {
        let mut specs = Self::default();
        specs.add(folder, None);
        specs.finish()
    }

    /// Adds a folder; `crate_path` names the crate that already holds its types.
    pub fn add(&mut self, _folder: &Path, _crate_path: Option<&str>) {}

    /// Resolves everything into the model and checks it.
    #[must_use]
    pub fn finish(self) -> Loaded {
        Loaded {
            model: Model::default(),
            diagnostics: self.diagnostics,
        }
    }
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
        crate::diagnostic::render_all(&self.diagnostics, &self.model.sources)
    }
}
