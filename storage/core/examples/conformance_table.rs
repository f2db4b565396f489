//! Prints what the conformance suite has checked on which backend, as a table in Markdown, from the folder that
//! `SESTINA_CONFORMANCE` named for its runs.
#![allow(clippy::print_stdout)]

use std::path::Path;

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        println!("conformance_table FOLDER");
        return Ok(());
    };
    print!(
        "{}",
        sestina_storage::conformance::markdown(Path::new(&folder))?
    );
    Ok(())
}
