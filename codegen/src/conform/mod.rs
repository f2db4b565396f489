//! Whether the types generated for a specification read its examples and write them back the same.
//!
//! The types are generated into a crate of their own outside any repository, compiled together with a runner,
//! and the runner reads the examples. A specification whose types do not compile is taken out and reported; it
//! takes no other with it.

mod compile;
mod group;

use std::io::Write;
use std::path::PathBuf;

pub use compile::Cache;

/// What to look at, and how.
#[derive(Debug, Clone, Default)]
pub struct Conform {
    /// Folders of specifications: `*.xsd`, perhaps `spec.toml`, and `examples/*.xml`.
    pub specs: Vec<PathBuf>,
    /// Refuse what the schemas forbid, before anything is read as a type.
    pub strict: bool,
    /// Where the crate and what is compiled are kept from run to run.
    pub cache: Cache,
}

/// How a run ended, beside the lines it has written.
#[derive(Debug, Default)]
pub struct Report {
    /// Specifications of which no types could be made, each with the reason.
    pub failed: Vec<(String, String)>,
    /// All warnings and errors about the schemas, as text.
    pub diagnostics: String,
    /// Types compiled.
    pub types: usize,
    /// Seconds that generating, compiling, and running took.
    pub seconds: [f64; 3],
}

impl Conform {
    /// Generates, compiles and runs; writes a JSON object on a line for each payload:
    /// `{file, index, outcome, type, xml, xml_typed, error}`.
    ///
    /// `outcome` is `exact`, `differs` (it came back otherwise), `refused` (it could not be read, or in strict mode the
    /// schema forbids it) or `untyped`
    /// (no specification of the run declares it, nor do RFC 6120 and 6121).
    ///
    /// # Errors
    /// When a folder cannot be read, or the crate cannot be written, compiled or run.
    pub fn run(&self, out: &mut dyn Write) -> Result<Report, String> {
        let mut report = Report::default();
        let start = std::time::Instant::now();
        let mut groups = group::read(&self.specs, &mut report)?;
        let read = std::time::Instant::now();
        let program = compile::program(&self.cache, &self.specs, &mut groups, &mut report)?;
        let compiled = std::time::Instant::now();
        let asked = groups.iter().filter(|group| !group.asked.is_empty());
        report.types = asked.map(group::Group::types).sum();
        let lines = program.run(self.strict)?;
        out.write_all(&lines).map_err(|error| error.to_string())?;
        report.seconds = [
            (read - start).as_secs_f64(),
            (compiled - read).as_secs_f64(),
            compiled.elapsed().as_secs_f64(),
        ];
        Ok(report)
    }
}
