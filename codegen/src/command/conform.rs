//! `conform`: reads the examples of specifications with the types generated for them, and writes them back.

use std::path::PathBuf;

use sestina_codegen::conform::{Cache, Conform};

use super::say;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Refuses what the schemas forbid, instead of keeping it.
    #[arg(long)]
    strict: bool,
    /// Prints a JSON object for each payload instead of a summary.
    #[arg(long)]
    json: bool,
    /// Where what is compiled is kept from run to run; a folder in the user's cache by default.
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Folders of specifications, from anywhere.
    #[arg(required = true)]
    folders: Vec<PathBuf>,
}

/// With `--json` the lines carry the outcome, and the exit code says whether there are any; otherwise it says
/// whether everything came back as it was.
pub(super) fn run(arguments: &Arguments) -> Result<(), String> {
    let conform = Conform {
        specs: arguments.folders.clone(),
        strict: arguments.strict,
        cache: arguments
            .cache
            .as_deref()
            .map(Cache::at)
            .unwrap_or_default(),
    };
    let mut lines = Vec::new();
    let report = conform
        .run(&mut lines)
        .map_err(|error| format!("error: {error}\n"))?;
    say::beside(format_args!("{}", report.diagnostics));
    for (spec, why) in &report.failed {
        say::beside(format_args!("error: {spec}: {why}\n"));
    }
    let lines = String::from_utf8_lossy(&lines);
    let count = |outcome: &str| {
        let field = format!("\"outcome\":\"{outcome}\"");
        lines.lines().filter(|line| line.contains(&field)).count()
    };
    let [exact, differs, refused, untyped] = ["exact", "differs", "refused", "untyped"].map(count);
    let [read, compiled, ran] = report.seconds;
    say::beside(format_args!(
        "{} types; {read:.1} s to generate, {compiled:.1} s to compile, {ran:.1} s to run\n",
        report.types
    ));
    if arguments.json {
        return say::out(format_args!("{lines}"));
    }
    for line in lines
        .lines()
        .filter(|line| !line.contains("\"outcome\":\"exact\""))
    {
        say::out(format_args!("{line}\n"))?;
    }
    say::out(format_args!(
        "{exact} exact, {differs} differ, {refused} refused, {untyped} untyped\n"
    ))?;
    if differs + refused == 0 && report.failed.is_empty() {
        Ok(())
    } else {
        Err("error: not everything came back as it was\n".to_owned())
    }
}
