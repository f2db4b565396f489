//! The program that is measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use sestina_interop::Failure;

/// The release build of the binary, made with these flags when it is not up to date. `SESTINA_BINARY` names another.
///
/// # Errors
/// When it does not build.
pub fn release(flags: &[&str]) -> Result<PathBuf, Failure> {
    if let Some(path) = std::env::var_os("SESTINA_BINARY") {
        return Ok(path.into());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("no workspace")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(root)
        .args(["build", "--release", "--bin", "sestina"])
        .args(flags)
        .status()?;
    if !status.success() {
        return Err("the server does not build".into());
    }
    let executable = std::env::current_exe()?;
    let release = executable.ancestors().nth(2).ok_or("no target folder")?;
    Ok(release.join("sestina"))
}
