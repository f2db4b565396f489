//! Suites that others wrote, from Debian's source packages: fetched by apt from the mirror that the machine uses, checked by its signatures, and
//! kept below the target folder. Nothing of them is part of this repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::setup::{self, Skip};

/// Where Debian's keys lie on a Debian machine.
const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The folder with the unpacked source of a package as its authors published it, of this version and from this suite of Debian (`bookworm`).
///
/// # Errors
/// On a machine that is no Debian, without its mirror, and where the suite has another version.
pub fn unpacked(package: &str, version: &str, suite: &str) -> Result<PathBuf, Skip> {
    let skip =
        |what: &str, error: String| Skip::new(format!("{package}'s source: {what}: {error}"));
    let io = |what: &'static str| move |error: std::io::Error| skip(what, error.to_string());
    let folder = setup::folder().map_err(io("no target folder"))?;
    let folder = folder.join("source").join(format!("{package}-{version}"));
    let unpacked = folder.join("unpacked");
    let _lock = setup::lock().map_err(io("no lock"))?;
    if unpacked.exists() {
        return Ok(unpacked);
    }
    let mirror = mirror().map_err(|error| skip("no mirror", error))?;
    let lists = folder.join("lists");
    let fresh = folder.join("fresh");
    for part in [lists.join("partial"), fresh.clone()] {
        fs::create_dir_all(part).map_err(io("no folder"))?;
    }
    let sources = folder.join("sources.list");
    let line = format!("deb-src [signed-by={KEYS}] {mirror} {suite} main\n");
    fs::write(&sources, line).map_err(io("no list of sources"))?;
    let apt = |arguments: &[&str]| {
        setup::run(
            Command::new("apt-get")
                .arg("-q")
                .arg("-o")
                .arg(format!("Dir::Etc::sourcelist={}", sources.display()))
                .args(["-o", "Dir::Etc::sourceparts=/dev/null"])
                .arg("-o")
                .arg(format!("Dir::State::lists={}", lists.display()))
                .arg("-o")
                .arg(format!("Dir::Cache={}", folder.join("cache").display()))
                .args(arguments)
                .current_dir(&fresh)
                .output(),
        )
    };
    apt(&["update"]).map_err(|error| skip("apt-get update", error))?;
    apt(&[
        "source",
        "--only-source",
        "--download-only",
        "--tar-only",
        package,
    ])
    .map_err(|error| skip("apt-get source", error))?;
    let archive = original(&fresh, &format!("{package}_{version}.orig.tar."))
        .ok_or_else(|| skip("another version", format!("{suite} has no {version}")))?;
    let inside = fresh.join("inside");
    fs::create_dir_all(&inside).map_err(io("no folder"))?;
    setup::run(
        Command::new("tar")
            .arg("-xf")
            .arg(archive)
            .arg("-C")
            .arg(&inside)
            .output(),
    )
    .map_err(|error| skip("tar", error))?;
    // Lists are large, and nobody reads them again.
    let _ = fs::remove_dir_all(&lists);
    fs::rename(top(inside), &unpacked).map_err(io("no folder"))?;
    Ok(unpacked)
}

/// Most archives have one folder that holds all, some have not.
fn top(folder: PathBuf) -> PathBuf {
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    match entries.as_slice() {
        [only] if only.is_dir() => only.clone(),
        _ => folder,
    }
}

/// The authors' archive among what apt has brought.
fn original(folder: &Path, start: &str) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        (name.starts_with(start) && !name.ends_with(".asc")).then(|| entry.path())
    })
}

/// The mirror from which this machine has its packages.
fn mirror() -> Result<String, String> {
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !system.lines().any(|line| line == "ID=debian") || !Path::new(KEYS).exists() {
        return Err("this is no Debian".to_owned());
    }
    let targets = setup::run(
        Command::new("apt-get")
            .args([
                "indextargets",
                "--format",
                "$(REPO_URI) $(RELEASE) $(ORIGIN)",
            ])
            .arg("Identifier: Packages")
            .output(),
    )?;
    // What comes later on, or from others, lies elsewhere; the origin is not known before the first update.
    String::from_utf8_lossy(&targets.stdout)
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (uri, release) = (words.next()?, words.next()?);
            let origin = words.next().unwrap_or("Debian");
            (!release.contains(['-', '/']) && ["Debian", "$(ORIGIN)"].contains(&origin))
                .then(|| uri.to_owned())
        })
        .next()
        .ok_or_else(|| "apt knows none of Debian's own".to_owned())
}
