//! `docs`: writes what is known of all specifications for people and for directories.

use std::path::PathBuf;

use sestina_codegen::render::{self, Project};
use sestina_codegen::{Loaded, Output};

use super::say;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The folder to write to.
    #[arg(long, default_value = "docs")]
    out: PathBuf,
    /// Writes nothing and fails where a file is not as it would be written.
    #[arg(long)]
    check: bool,
    /// The project's name in the DOAP file.
    #[arg(long, default_value = "Sestina")]
    name: String,
    /// One sentence about the project.
    #[arg(
        long,
        default_value = "XMPP generated from its own specifications: server, client and library"
    )]
    summary: String,
    /// Where people find the project.
    #[arg(long, default_value = env!("CARGO_PKG_REPOSITORY"))]
    homepage: String,
    /// Where its licence is to be read.
    #[arg(long, default_value = "https://spdx.org/licenses/MIT.html")]
    licence: String,
}

pub(super) fn run(loaded: &Loaded, arguments: &Arguments) -> Result<(), String> {
    let out = &arguments.out;
    let project = Project {
        name: arguments.name.clone(),
        summary: arguments.summary.clone(),
        homepage: arguments.homepage.clone(),
        language: "Rust".to_owned(),
        licence: arguments.licence.clone(),
    };
    let outputs = render::docs(&loaded.model, &project);
    if arguments.check {
        return fresh(out, &outputs);
    }
    for output in &outputs {
        output
            .write(out)
            .map_err(|error| format!("error: {}: {error}\n", out.join(&output.path).display()))?;
    }
    say::out(format_args!(
        "{} files in {}\n",
        outputs.len(),
        out.display()
    ))
}

/// Says every file that is not as it would be written.
fn fresh(out: &std::path::Path, outputs: &[Output]) -> Result<(), String> {
    let stale: Vec<String> = outputs
        .iter()
        .map(|output| (output, out.join(&output.path)))
        .filter(|(output, path)| {
            std::fs::read_to_string(path).map_or(true, |text| text != output.text)
        })
        .map(|(_, path)| format!("error: {} is out of date\n", path.display()))
        .collect();
    if stale.is_empty() {
        return say::out(format_args!(
            "{} files in {} are as they should be\n",
            outputs.len(),
            out.display()
        ));
    }
    Err(stale.concat() + "  help: run `cargo run -p sestina-codegen -- docs`\n")
}
