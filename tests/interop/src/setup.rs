//! Installs what the tests need, once, and without a step by hand.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Why a test cannot run on this machine. Anything else that goes wrong is a failure, not a skip.
#[derive(Debug)]
pub struct Skip(String);

impl Skip {
    /// A skip for this reason.
    pub fn new(reason: impl Into<String>) -> Skip {
        Skip(reason.into())
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Prints the skip past the test harness's capture, and appends it to the file named by `SESTINA_SKIPS`, so that
/// whoever runs the tests can hold it against what is allowed.
pub fn report_skip(suite: &str, skip: &Skip) {
    let line = format!("SKIP {suite}: {skip}\n");
    // `eprint!` would be captured; the handle is not. Nothing sensible is left to do when stderr is closed.
    let _ = io::stderr().write_all(line.as_bytes());
    if let Some(path) = std::env::var_os("SESTINA_SKIPS") {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
    }
}

/// A folder below cargo's target folder, shared by all test binaries of this workspace.
pub fn folder() -> io::Result<PathBuf> {
    let executable = std::env::current_exe()?;
    // target/debug/deps/name-hash, or target/debug/name for a binary: up to the profile's folder, then its parent.
    let profile = executable
        .ancestors()
        .skip(1)
        .find(|path| {
            path.file_name()
                .is_some_and(|name| name != "deps" && name != "examples")
        })
        .unwrap_or(Path::new("."));
    let folder = profile.parent().unwrap_or(profile).join("interop");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Held while something is installed: test binaries and threads come one after the other.
pub(crate) fn lock() -> io::Result<File> {
    let file = File::create(folder()?.join("setup.lock"))?;
    file.lock()?;
    Ok(file)
}

/// Makes sure that the commands are there, installing the Debian packages that hold them where they are not.
///
/// `wanted` is a list of (command, package).
pub fn packages(wanted: &[(&str, &str)]) -> Result<(), Skip> {
    let missing = |()| -> Vec<&str> {
        wanted
            .iter()
            .filter(|(command, _)| find(command).is_none())
            .map(|(_, package)| *package)
            .collect()
    };
    if missing(()).is_empty() {
        return Ok(());
    }
    let _lock =
        lock().map_err(|error| Skip(format!("the target folder cannot be locked: {error}")))?;
    let packages = missing(());
    if packages.is_empty() {
        return Ok(());
    }
    let names = packages.join(", ");
    if find("apt-get").is_none() {
        return Err(Skip(format!(
            "{names} not installed, and this is no Debian (no apt-get)"
        )));
    }
    if !is_root() {
        return Err(Skip(format!(
            "{names} not installed, and only root can: apt-get install {}",
            packages.join(" ")
        )));
    }
    let _quiet = NoServices::new();
    let install = |()| {
        Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["install", "-y", "-q", "--no-install-recommends"])
            .args(&packages)
            .output()
    };
    let mut last = run(install(()));
    if last.is_err() {
        let update = run(Command::new("apt-get").args(["update", "-q"]).output());
        last = update.and_then(|_| run(install(())));
    }
    match last {
        Ok(_) => Ok(()),
        Err(error) => Err(Skip(format!("{names} cannot be installed: {error}"))),
    }
}

/// The Python with packages in it: a virtual environment of this name below the target folder, made when it is missing
/// or when what is wanted, a line a package, has changed.
pub fn python(name: &str, wanted: &str) -> Result<PathBuf, Skip> {
    let environment = folder()
        .map_err(|error| {
            Skip(format!(
                "no target folder for Python's environment: {error}"
            ))
        })?
        .join(name);
    let python = environment.join("bin/python");
    let stamp = environment.join("requirements.txt");
    let current =
        |()| python.exists() && fs::read_to_string(&stamp).is_ok_and(|have| have == wanted);
    if current(()) {
        return Ok(python);
    }
    packages(&[("python3", "python3")])?;
    let _lock =
        lock().map_err(|error| Skip(format!("the target folder cannot be locked: {error}")))?;
    if current(()) {
        return Ok(python);
    }
    // Debian's own, rather than whatever comes first in the path: its venv package is what apt can add.
    let system = Path::new("/usr/bin/python3");
    let system = if system.exists() {
        system
    } else {
        Path::new("python3")
    };
    let make = |()| {
        run(Command::new(system)
            .args(["-m", "venv", "--clear"])
            .arg(&environment)
            .output())
    };
    if let Err(first) = make(()) {
        drop(_lock);
        packages(&[("/usr/share/doc/python3-venv", "python3-venv")])?;
        make(()).map_err(|_| Skip(format!("Python makes no virtual environment: {first}")))?;
    }
    run(Command::new(&python)
        .args(["-m", "pip", "install", "-q", "--disable-pip-version-check"])
        .args(wanted.lines())
        .output())
    .map_err(|error| Skip(format!("pip cannot install {}: {error}", wanted.trim())))?;
    fs::write(&stamp, wanted).map_err(|error| Skip(format!("{}: {error}", stamp.display())))?;
    Ok(python)
}

/// The path of a command, as a shell would find it. An absolute path stands for itself.
pub fn find(command: &str) -> Option<PathBuf> {
    if command.starts_with('/') {
        return Some(PathBuf::from(command)).filter(|path| path.exists());
    }
    let path = std::env::var_os("PATH")?;
    // Debian keeps daemons where an ordinary user's path does not look.
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(command))
        .find(|path| path.is_file())
}

/// Whether this process may install packages.
pub fn is_root() -> bool {
    fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            status
                .lines()
                .find_map(|line| line.strip_prefix("Uid:").map(str::to_owned))
        })
        .is_some_and(|ids| ids.split_whitespace().nth(1) == Some("0"))
}

pub(crate) fn run(output: io::Result<Output>) -> Result<Output, String> {
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(output);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    Err(format!(
        "{}; {}",
        output.status,
        last.iter()
            .rev()
            .take(3)
            .rev()
            .copied()
            .collect::<Vec<_>>()
            .join("; ")
    ))
}

/// Debian starts a service as its package is installed, on the standard port. This says no while we install, the way
/// Debian provides for it, and goes away after.
struct NoServices(Option<PathBuf>);

impl NoServices {
    fn new() -> NoServices {
        let path = PathBuf::from("/usr/sbin/policy-rc.d");
        let write = || -> io::Result<()> {
            use std::os::unix::fs::OpenOptionsExt as _;
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o755)
                .open(&path)?;
            file.write_all(b"#!/bin/sh\nexit 101\n")
        };
        NoServices(write().is_ok().then_some(path))
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}
