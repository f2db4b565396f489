//! `generate`: writes what the build scripts would write.

use std::path::PathBuf;

use sestina_codegen::{Loaded, Output, render};

use super::say;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The folder to write to.
    #[arg(long)]
    out: PathBuf,
}

pub(super) fn run(loaded: &Loaded, arguments: &Arguments) -> Result<(), String> {
    let out = &arguments.out;
    let mut outputs: Vec<Output> = render::types(&loaded.model);
    outputs.extend(render::skeletons(&loaded.model));
    outputs.extend(render::profiles(&loaded.model));
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
