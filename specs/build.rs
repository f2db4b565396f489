//! Lists the specifications for the library: one `(path, text)` pair a file, embedded at compile time.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What a specification may consist of; anything else in these folders is no part of it.
const EXTENSIONS: [&str; 4] = ["toml", "xsd", "xml", "sql"];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut files = Vec::new();
    for entry in fs::read_dir(&root)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        // The crate's own folders hold no specification, and a build inside this folder leaves `target` there.
        if path.is_dir() && !matches!(name, "src" | "target") && !name.starts_with('.') {
            collect(&path, &mut files)?;
        }
    }
    files.sort();

    let mut list = String::from("&[\n");
    for file in &files {
        let relative = file.strip_prefix(&root)?;
        // Forward slashes on every system, so that a path read here means the same everywhere.
        let name: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
        writeln!(
            list,
            "    ({:?}, include_str!({:?})),",
            name.join("/"),
            file.display().to_string()
        )?;
    }
    list.push_str("]\n");
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("files.rs"), list)?;

    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", root.display());
    Ok(())
}

/// Adds every specification file below `folder` to `files`.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path
            .extension()
            .and_then(|ext| ext.to_str())
            .is_some_and(|ext| EXTENSIONS.contains(&ext))
        {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    Ok(())
}
