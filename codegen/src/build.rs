//! The generator as a build script calls it.

use std::path::{Path, PathBuf};

use crate::model::Paths;
use crate::output::Output;
use crate::stamp::Stamp;
use crate::{Specs, render};

/// Reads specifications, checks them and writes what a crate includes.
///
/// ```no_run
/// sestina_codegen::Build::new().specs_dir("specs").types();
/// ```
///
/// In a crate of one's own, over the specifications of Sestina and the crate's own:
///
/// ```no_run
/// # let sestina_specs = "specs";
/// sestina_codegen::Build::new()
///     .external_specs_dir(sestina_specs, "::sestina::types")
///     .specs_dir("specs")
///     .facade("::sestina")
///     .types()
///     .skeletons();
/// ```
///
/// What was generated from the same files by the same generator is not generated again.
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
    /// workspace need it. The crate includes `types.rs` in its module `types`, `skeletons.rs` in its module
    /// `skeletons`.
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

    /// Writes the typed stanzas, tables, negotiation rows and migrations, `types.rs`, and beside it `testing.rs`,
    /// which a crate includes as its module `testing` where it wants to test them.
    pub fn types(&self) -> &Self {
        self.run("types", |model| {
            let mut outputs = render::types(model);
            outputs.extend(render::testing(model));
            outputs
        });
        self
    }

    /// Writes what each plugin must answer: `skeletons.rs`.
    pub fn skeletons(&self) -> &Self {
        self.run("skeletons", render::skeletons);
        self
    }

    /// Writes the assembled profiles: `profiles.rs`.
    pub fn profiles(&self) -> &Self {
        self.run("profiles", render::profiles);
        self
    }

    #[expect(
        clippy::print_stdout,
        clippy::print_stderr,
        reason = "this is how a build script speaks to cargo"
    )]
    fn run(&self, name: &str, product: Product) {
        for (folder, _) in &self.folders {
            // Everything below it, files that come and go included.
            println!("cargo::rerun-if-changed={}", folder.display());
        }
        match self.generate(name, product) {
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

    /// Writes a product and returns the warnings, or returns all that is wrong as text. Where the stamp of the
    /// last run is the one that this run would have, there is nothing to do but to say the warnings again.
    fn generate(&self, name: &str, product: Product) -> Result<Vec<String>, String> {
        let out = self
            .out
            .clone()
            .or_else(|| std::env::var_os("OUT_DIR").map(PathBuf::from));
        let Some(out) = out else {
            return Err(
                "error: no output folder: OUT_DIR is not set and none was given\n".to_owned(),
            );
        };
        let stamp = Stamp::new(
            &out.join(format!("{name}.stamp")),
            &self.folders,
            &self.paths,
        );
        if let Some(warnings) = stamp.unchanged(&out) {
            return Ok(warnings);
        }
        let mut specs = Specs::default();
        for (folder, crate_path) in &self.folders {
            specs.add(folder, crate_path.as_deref());
        }
        let mut loaded = specs.finish();
        loaded.model.paths = self.paths.clone();
        if loaded.has_errors() {
            return Err(loaded.report());
        }
        let failed = |path: &Path, error| format!("error: {}: {error}\n", path.display());
        let outputs = product(&loaded.model);
        for output in &outputs {
            output
                .write(&out)
                .map_err(|error| failed(&out.join(&output.path), error))?;
        }
        let warnings: Vec<String> = loaded
            .diagnostics
            .iter()
            .map(|warning| {
                let help = warning.help.lines().next().unwrap_or("");
                format!("{}: {} ({help})", warning.place, warning.message)
            })
            .collect();
        stamp
            .write(&outputs, &warnings)
            .map_err(|error| failed(&out, error))?;
        Ok(warnings)
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
        let warnings = build.generate("types", render::types).unwrap();
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
        let report = build.generate("types", render::types).unwrap_err();
        assert!(report.contains("`<xs:schema>` is never closed"), "{report}");
        assert!(!folder.path().join("out").exists());
    }

    #[test]
    fn leaves_a_file_alone_that_would_not_change() {
        let (folder, build) = build(SCHEMA);
        build.generate("types", render::types).unwrap();
        let written = |name: &str| {
            std::fs::metadata(folder.path().join("out").join(name))
                .unwrap()
                .modified()
                .unwrap()
        };
        let before = written("types.rs");
        // Without its stamp everything is generated again, and nothing written.
        std::fs::remove_file(folder.path().join("out/types.stamp")).unwrap();
        build.generate("types", render::types).unwrap();
        assert_eq!(before, written("types.rs"));
    }

    /// Text that no generator writes stays where nothing is generated, and goes where something is.
    #[test]
    fn generates_nothing_again_from_the_same_files() {
        let (folder, build) = build(SCHEMA);
        let warnings = build.generate("types", render::types).unwrap();
        let (root, demo) = ("out/types.rs", "out/types/demo.rs");
        let path = |name: &str| folder.path().join(name);
        let mark = || std::fs::write(path(root), "mark").unwrap();
        let is_marked = || std::fs::read_to_string(path(root)).unwrap() == "mark";
        mark();
        assert_eq!(build.generate("types", render::types).unwrap(), warnings);
        assert!(is_marked(), "the same files, and generated again");
        // A file that no generator reads changes nothing.
        std::fs::create_dir(path("specs/demo/examples")).unwrap();
        std::fs::write(path("specs/demo/examples/ping.xml"), "<ping/>").unwrap();
        build.generate("types", render::types).unwrap();
        assert!(is_marked(), "an example is not generated from");
        // What was generated is gone.
        std::fs::remove_file(path(demo)).unwrap();
        build.generate("types", render::types).unwrap();
        assert!(!is_marked() && path(demo).exists());
        // A file comes, and goes.
        let toml = "[spec]\nid = \"demo\"\nnumber = \"DEMO\"\ntitle = \"Demo\"\n";
        for step in 0..3 {
            mark();
            match step {
                0 => std::fs::write(path("specs/demo/spec.toml"), toml).unwrap(),
                1 => std::fs::write(path("specs/demo/spec.toml"), toml.replace("Demo", "Tried"))
                    .unwrap(),
                _ => std::fs::remove_file(path("specs/demo/spec.toml")).unwrap(),
            }
            build.generate("types", render::types).unwrap();
            assert!(!is_marked(), "step {step}");
        }
        // Other paths make other code.
        mark();
        let elsewhere = build.clone().facade("::sestina");
        elsewhere.generate("types", render::types).unwrap();
        assert!(!is_marked());
    }

    #[test]
    fn one_changed_specification_leaves_the_code_of_the_others_alone() {
        let (folder, build) = build(SCHEMA);
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("specs/other")).unwrap();
        std::fs::write(
            path("specs/other/other.xsd"),
            SCHEMA.replace("urn:demo", "urn:other"),
        )
        .unwrap();
        build.generate("types", render::types).unwrap();
        let written = |name: &str| std::fs::metadata(path(name)).unwrap().modified().unwrap();
        let before = (written("out/types/demo.rs"), written("out/types/other.rs"));
        std::fs::write(
            path("specs/other/other.xsd"),
            SCHEMA.replace("urn:demo", "urn:another"),
        )
        .unwrap();
        build.generate("types", render::types).unwrap();
        assert_eq!(before.0, written("out/types/demo.rs"));
        assert_ne!(before.1, written("out/types/other.rs"));
    }
}
