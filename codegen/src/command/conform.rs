//! `conform`: reads the examples of specifications with the types generated for them, and writes them back.

use std::path::PathBuf;

use sestina_codegen::conform::{Cache, Conform};

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
    eprint!("{}", report.diagnostics);
    for (spec, why) in &report.failed {
        eprintln!("error: {spec}: {why}");
    }
    let lines = String::from_utf8_lossy(&lines);
    let count = |outcome: &str| {
        let field = format!("\"outcome\":\"{outcome}\"");
        lines.lines().filter(|line| line.contains(&field)).count()
    };
    let [exact, differs, refused, untyped] = ["exact", "differs", "refused", "untyped"].map(count);
    let [read, compiled, ran] = report.seconds;
    eprintln!(
        "{} types; {read:.1} s to generate, {compiled:.1} s to compile, {ran:.1} s to run",
        report.types
    );
    if arguments.json {
        print!("{lines}");
        return Ok(());
    }
    for line in lines
        .lines()
        .filter(|line| !line.contains("\"outcome\":\"exact\""))
    {
        println!("{line}");
    }
    println!("{exact} exact, {differs} differ, {refused} refused, {untyped} untyped");
    if differs + refused == 0 && report.failed.is_empty() {
        Ok(())
    } else {
        Err("error: not everything came back as it was\n".to_owned())
    }
}
