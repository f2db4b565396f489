//! `explain`: shows what a specification becomes.

use sestina_codegen::{Loaded, explain};

use super::say;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The id of the specification, such as `xep-0199`.
    spec: String,
}

pub(super) fn run(loaded: &Loaded, arguments: &Arguments) -> Result<(), String> {
    let id = &arguments.spec;
    let spec = (loaded.model.spec(id))
        .ok_or_else(|| format!("error: there is no specification `{id}`\n"))?;
    say::out(format_args!("{}", explain(spec)))
}
