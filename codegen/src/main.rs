//! The command `sestina-codegen`: checks specifications, writes what is generated from them, and explains it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sestina_codegen::{Loaded, Output, Specs, explain, render};

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
    Generate {
        /// The folder to write to.
        #[arg(long)]
        out: PathBuf,
    },
    /// Shows what a specification becomes: its types, handlers, tables and keys.
    Explain {
        /// The id of the specification, such as `xep-0199`.
        spec: String,
    },
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a command"
)]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut specs = Specs::default();
    for folder in &arguments.specs {
        specs.add(folder, None);
    }
    let loaded = specs.finish();
    eprint!("{}", loaded.report());
    match arguments.command {
        _ if loaded.has_errors() => ExitCode::FAILURE,
        Command::Check => {
            println!(
                "{} specifications, {} profiles: nothing wrong",
                loaded.model.specs.len(),
                loaded.model.profiles.len()
            );
            ExitCode::SUCCESS
        }
        Command::Generate { out } => generate(&loaded, &out),
        Command::Explain { spec } => match loaded.model.spec(&spec) {
            Some(spec) => {
                print!("{}", explain(spec));
                ExitCode::SUCCESS
            }
            None => {
                eprintln!("error: there is no specification `{spec}`");
                ExitCode::FAILURE
            }
        },
    }
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a command"
)]
fn generate(loaded: &Loaded, out: &std::path::Path) -> ExitCode {
    let mut outputs: Vec<Output> = render::types(&loaded.model);
    outputs.extend(render::skeletons(&loaded.model));
    outputs.extend(render::profiles(&loaded.model));
    for output in &outputs {
        if let Err(error) = output.write(out) {
            eprintln!("error: {}: {error}", out.join(&output.path).display());
            return ExitCode::FAILURE;
        }
    }
    println!("{} files in {}", outputs.len(), out.display());
    ExitCode::SUCCESS
}
