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
    fn run(&self, product: Product) {
        for (folder, _) in &self.folders {
            println!("cargo::rerun-if-changed={}", folder.display());
        }
        match self.generate(product) {
            Ok(warnings) => {
                for warning in warnings {
                    println!("cargo::warning={warning}");
                }
            }
            Err(report) => {
                eprint!("{report}");
                std::process::exit(1);
            }
        }
    }

    /// Writes a product and returns the warnings, or returns all that is wrong as text.
    fn generate(&self, product: Product) -> Result<Vec<String>, String> {
        let mut specs = Specs::default();
        for (folder, crate_path) in &self.folders {
            specs.add(folder, crate_path.as_deref());
        }
        let mut loaded = specs.finish();
        loaded.model.paths = self.paths.clone();
        if loaded.has_errors() {
            return Err(loaded.report());
        }
        let out = self
            .out
            .clone()
            .or_else(|| std::env::var_os("OUT_DIR").map(PathBuf::from));
        let Some(out) = out else {
            return Err(
                "error: no output folder: OUT_DIR is not set and none was given\n".to_owned(),
            );
        };
        for output in product(&loaded.model) {
            let failed = |error| format!("error: {}: {error}\n", out.join(&output.path).display());
            output.write(&out).map_err(failed)?;
        }
        let warnings = loaded.diagnostics.iter().map(|warning| {
            let help = warning.help.lines().next().unwrap_or("");
            format!("{}: {} ({help})", warning.place, warning.message)
        });
        Ok(warnings.collect())
    }
}

type Product = fn(&crate::model::Model) -> Vec<Output>;

#[cfg(test)]
mod tests {
    use super::*;

    fn build(schema: &str) -> (tempfile::TempDir, Build) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("specs/demo")).unwrap();
        std::fs::write(folder.path().join("specs/demo/demo.xsd"), schema).unwrap();
        let out = folder.path().join("out");
        let build = Build::new()
            .specs_dir(folder.path().join("specs"))
            .out_dir(out);
        (folder, build)
    }

    const SCHEMA: &str = "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" targetNamespace=\"urn:demo\"><xs:element name=\"ping\" type=\"xs:strin\"/></xs:schema>";

    #[test]
    fn writes_a_product_and_passes_warnings_on() {
        let (folder, build) = build(SCHEMA);
        let warnings = build.generate(render::types).unwrap();
        assert!(folder.path().join("out/types.rs").exists());
        let [warning] = warnings.as_slice() else {
            panic!("{warnings:?}")
        };
        let expected =
            "demo.xsd:1:113: XML Schema has no type `strin` (read as `xs:string`: write that)";
        assert!(warning.ends_with(expected), "{warning}");
    }

    #[test]
    fn writes_nothing_where_something_is_wrong() {
        let (folder, build) = build("<xs:schema>");
        let report = build.generate(render::types).unwrap_err();
        assert!(report.contains("`<xs:schema>` is never closed"), "{report}");
        assert!(!folder.path().join("out").exists());
    }

    #[test]
    fn leaves_a_file_alone_that_would_not_change() {
        let (folder, build) = build(SCHEMA);
        build.generate(render::types).unwrap();
        let written = |name: &str| {
            std::fs::metadata(folder.path().join("out").join(name))
                .unwrap()
                .modified()
                .unwrap()
        };
        let before = written("types.rs");
        build.generate(render::types).unwrap();
        assert_eq!(before, written("types.rs"));
    }
}
