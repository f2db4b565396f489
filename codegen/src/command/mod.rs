//! The commands, one file each.

mod check;
mod conform;
mod docs;
mod explain;
mod extract;
mod generate;
mod migrate;
mod new;
mod say;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sestina_codegen::{Loaded, Specs};

/// From specifications to Rust.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The folder with a folder for each specification; may be given several times.
    #[arg(long, global = true, default_value = "specs")]
    specs: Vec<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reads and checks all specifications and says everything that is wrong with them.
    Check,
    /// Writes what the build scripts would generate, for reading.
    Generate(generate::Arguments),
    /// Cuts schemas and example payloads out of a folder of XEPs.
    Extract(extract::Arguments),
    /// Reads the examples of specifications with the types generated for them, and writes them back.
    Conform(conform::Arguments),
    /// Shows what a specification becomes: its types, handlers, tables and keys.
    Explain(explain::Arguments),
    /// Writes the folder of a new specification, to start from; it goes into the last folder of `--specs`.
    New(new::Arguments),
    /// Writes the next migration beside every specification whose tables have changed, and the first beside those without.
    Migrate(migrate::Arguments),
    /// Writes the table of supported specifications, the DOAP file, the settings and the negotiation graphs.
    Docs(docs::Arguments),
}

/// Reads the arguments and carries the command out.
pub(crate) fn run() -> ExitCode {
    let Arguments { specs, command } = Arguments::parse();
    let done = match command {
        Command::Check => loaded(&specs).and_then(|loaded| check::run(&loaded)),
        Command::Generate(arguments) => {
            loaded(&specs).and_then(|loaded| generate::run(&loaded, &arguments))
        }
        Command::Explain(arguments) => {
            loaded(&specs).and_then(|loaded| explain::run(&loaded, &arguments))
        }
        Command::Extract(arguments) => extract::run(&arguments),
        Command::Conform(arguments) => conform::run(&arguments),
        Command::Migrate(arguments) => migrate::run(&specs, &arguments),
        Command::New(arguments) => new::run(&specs, &arguments),
        Command::Docs(arguments) => {
            loaded(&specs).and_then(|loaded| docs::run(&loaded, &arguments))
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say::beside(format_args!("{message}"));
            ExitCode::FAILURE
        }
    }
}

/// Reads and checks the folders. Warnings are printed; errors are returned as text.
fn loaded(folders: &[PathBuf]) -> Result<Loaded, String> {
    let mut specs = Specs::default();
    for folder in folders {
        specs.add(folder, None);
    }
    let loaded = specs.finish();
    if loaded.has_errors() {
        return Err(loaded.report());
    }
    say::beside(format_args!("{}", loaded.report()));
    Ok(loaded)
}
