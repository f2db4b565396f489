//! `new`: writes the folder of a new specification.

use std::path::PathBuf;

use sestina_codegen::Starter;

use super::say;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The id of the specification, such as `xep-0490`.
    id: String,
    /// Its title.
    #[arg(long)]
    title: Option<String>,
    /// The namespace of what travels.
    #[arg(long)]
    namespace: Option<String>,
}

/// Into the last of the folders: those before it are mostly Sestina's own.
pub(super) fn run(folders: &[PathBuf], arguments: &Arguments) -> Result<(), String> {
    let Some(folder) = folders.last() else {
        return Err("error: no folder is given\n".to_owned());
    };
    let core = folders
        .iter()
        .any(|folder| folder.join("rfc-6120").is_dir());
    let starter = Starter {
        title: arguments.title.clone(),
        namespace: arguments.namespace.clone(),
        depends: core.then(|| "rfc-6120".to_owned()).into_iter().collect(),
        ..Starter::new(&arguments.id)
    };
    starter.check()?;
    let own = folder.join(&starter.id);
    if own.exists() {
        return Err(format!(
            "error: {} is there already\n  help: nothing was changed\n",
            own.display()
        ));
    }
    for file in starter.files() {
        file.write(folder)
            .map_err(|error| format!("error: {}: {error}\n", folder.join(&file.path).display()))?;
        say::out(format_args!("{}\n", folder.join(&file.path).display()))?;
    }
    say::out(format_args!(
        "\nNext: describe what travels in protocol.xsd and the rest in spec.toml; `sestina-codegen explain {}` shows \
         what becomes of it.\n",
        starter.id
    ))
}
