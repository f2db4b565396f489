//! The generator as a build script calls it.

use std::path::{Path, PathBuf};

use crate::model::Paths;
use crate::output::Output;
use crate::{Specs, render};

/// Reads specifications, checks them and writes what a crate includes.
///
/// ```no_run
/// sestina_codegen::Build::new().specs_dir("specs").types();
/// ```
///
/// A mistake in a specification is printed to standard error and ends the process with status 1, which is how
/// a build script makes `cargo build` fail. Warnings are passed on as `cargo::warning`.
#[derive(Debug, Clone, Default)]
pub struct Build {
    folders: Vec<(PathBuf, Option<String>)>,
    out: Option<PathBuf>,
    paths: Paths,
}

impl Build {
    /// Without any folder yet; output goes to `OUT_DIR`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a folder of specifications to generate code for.
    #[must_use]
    pub fn specs_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.folders.push((folder.as_ref().to_owned(), None));
        self
    }

    /// Adds a folder of specifications whose types the crate at `path` (`::sestina::types`) holds already.
    #[must_use]
    pub fn external_specs_dir(mut self, folder: impl AsRef<Path>, path: impl Into<String>) -> Self {
        self.folders
            .push((folder.as_ref().to_owned(), Some(path.into())));
        self
    }

    /// Lets the generated code find the runtime behind one facade (`::sestina`), as builds outside this
    /// workspace need it.
    #[must_use]
    pub fn facade(mut self, root: &str) -> Self {
        self.paths = Paths::facade(root);
        self
    }

    /// Writes to this folder instead of `OUT_DIR`.
    #[must_use]
    pub fn out_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.out = Some(folder.as_ref().to_owned());
        self
    }

    /// Writes the typed stanzas, tables, negotiation rows and migrations: `types.rs`.
    pub fn types(&self) {
        self.run(render::types);
    }

    /// Writes what each plugin must answer: `skeletons.rs`.
    pub fn skeletons(&self) {
        self.run(render::skeletons);
    }

    /// Writes the assembled profiles: `profiles.rs`.
    pub fn profiles(&self) {
        self.run(render::profiles);
    }

    #[expect(
        clippy::print_stdout,
        clippy::print_stderr,
        reason = "this is how a build script speaks to cargo"
    )]
    fn run(&self, product: fn(&crate::model::Model) -> Vec<Output>) {
        let mut specs = Specs::default();
        for (folder, crate_path) in &self.folders {
            println!("cargo::rerun-if-changed={}", folder.display());
            specs.add(folder, crate_path.as_deref());
        }
        let mut loaded = specs.finish();
        loaded.model.paths = self.paths.clone();
        if loaded.has_errors() {
            eprint!("{}", loaded.report());
            std::process::exit(1);
        }
        for warning in &loaded.diagnostics {
            println!("cargo::warning={}: {}", warning.place, warning.message);
        }
        let out = self
            .out
            .clone()
            .or_else(|| std::env::var_os("OUT_DIR").map(PathBuf::from));
        let Some(out) = out else {
            eprintln!("error: no output folder: OUT_DIR is not set and none was given");
            std::process::exit(1);
        };
        for output in product(&loaded.model) {
            if let Err(error) = output.write(&out) {
                eprintln!("error: {}: {error}", out.join(&output.path).display());
                std::process::exit(1);
            }
        }
    }
}
