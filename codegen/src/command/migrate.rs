//! `migrate`: writes the next migrations.

use std::path::{Path, PathBuf};

use sestina_codegen::{Specs, migrate, render_all};

use super::say;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Writes nothing and fails where a migration is to be written.
    #[arg(long)]
    check: bool,
}

pub(super) fn run(folders: &[PathBuf], arguments: &Arguments) -> Result<(), String> {
    let mut specs = Specs::default();
    for folder in folders {
        specs.add(folder, None);
    }
    // That tables have changed is no mistake here.
    let loaded = specs.finish_before_migration();
    if loaded.has_errors() {
        return Err(loaded.report());
    }
    let outputs =
        migrate(&loaded.model).map_err(|refused| render_all(&refused, &loaded.model.sources))?;
    if outputs.is_empty() {
        return say::out(format_args!(
            "every table is as its last migration leaves it\n"
        ));
    }
    if arguments.check {
        let stale = outputs
            .iter()
            .map(|output| format!("error: {} is out of date\n", output.path));
        return Err(stale.collect::<String>() + "  help: run `sestina-codegen migrate`\n");
    }
    for output in &outputs {
        output
            .write(Path::new(""))
            .map_err(|error| format!("error: {}: {error}\n", output.path))?;
        say::out(format_args!("{}\n", output.path))?;
    }
    Ok(())
}
