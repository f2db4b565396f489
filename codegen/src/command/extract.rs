//! `extract`: cuts schemas and example payloads out of a folder of XEPs.

use std::path::PathBuf;

use sestina_codegen::extract;

use super::say;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The folder with `xep-*.xml`.
    xeps: PathBuf,
    /// The folder to write to: a folder for each XEP with its schemas and `examples`.
    #[arg(long)]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), String> {
    let extracted = extract::extract(&arguments.xeps, &arguments.out)
        .map_err(|error| format!("error: {error}\n"))?;
    for left_out in &extracted.left_out {
        say::beside(format_args!("left out: {left_out}\n"));
    }
    say::out(format_args!("{extracted}\n"))
}
