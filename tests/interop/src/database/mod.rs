//! Database servers, each on a free loopback port with a data folder of its own.
//!
//! A [`Database`] can be killed as a power cut would and started again on the same data; it ends with the value that
//! owns it. Servers that refuse to run as root run as the user their package brings.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::Failure;
use crate::process::{Process, free_port};
use crate::setup;

pub mod backing;
pub mod ferretdb;
pub mod mariadb;
pub mod postgres;
pub mod redis;

/// What differs between the servers.
pub trait Server: Send + Sync + 'static {
    /// Its name in messages and in the name of its folder.
    fn name(&self) -> &'static str;

    /// The system's user it runs as where the tests run as root; `None` for the tests' own.
    fn user(&self) -> Option<&'static str>;

    /// Makes an empty data folder, with commands of [`Host::command`].
    ///
    /// # Errors
    /// When the server's own tool says no.
    fn initialise(&self, host: &Host) -> Result<(), Failure>;

    /// The command that runs the server in the foreground.
    fn command(&self, host: &Host) -> Command;

    /// Whether it answers.
    fn answers(&self, host: &Host) -> bool;

    /// Makes an empty database; its URL.
    ///
    /// # Errors
    /// When the server says no.
    fn create(&self, host: &Host, name: &str) -> Result<String, Failure>;
}

/// Where a server lives.
#[derive(Debug)]
pub struct Host {
    folder: TempDir,
    /// Its port on 127.0.0.1.
    pub port: u16,
    user: Option<(u32, u32)>,
}

impl Host {
    /// Its folder, which belongs to the user it runs as.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of its data.
    pub fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// A command that runs as the server's user, in its folder.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// With what it printed, when it fails.
    pub fn run(&self, command: &mut Command) -> Result<(), Failure> {
        let output = command.output()?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let program = command.get_program().to_string_lossy().into_owned();
        Err(format!("{program}: {}: {said}", output.status).into())
    }
}

/// A database server.
pub struct Database {
    server: Box<dyn Server>,
    host: Host,
    process: Option<Process>,
    databases: AtomicU32,
}

impl Database {
    /// Starts a server with an empty data folder.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(server: impl Server) -> Result<Database, Failure> {
        let prefix = format!("{}-", server.name());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir()?;
        let user = match server.user() {
            Some(name) if setup::is_root() => Some(user(name)?),
            _ => None,
        };
        if let Some((user, group)) = user {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group))?;
        }
        let host = Host {
            folder,
            port: free_port()?,
            user,
        };
        server.initialise(&host)?;
        let mut database = Database {
            server: Box::new(server),
            host,
            process: None,
            databases: AtomicU32::new(0),
        };
        database.restart()?;
        Ok(database)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.host.port
    }

    /// Its folder: data and log.
    pub fn folder(&self) -> &Path {
        self.host.folder()
    }

    /// The server's process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// Whether it does not run: it was stopped, or has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_none_or(Process::has_ended)
    }

    /// Makes an empty database on the server; its URL.
    ///
    /// # Errors
    /// When the server says no.
    pub fn create(&self) -> Result<String, Failure> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        self.server.create(&self.host, &format!("test{number}"))
    }

    /// Kills the server and all processes it started, as a power cut would.
    pub fn kill(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        let pids = with_children(process.id());
        // One command for all: none of them sees another die and does something about it.
        let pids = pids.iter().map(u32::to_string);
        let _ = Command::new("kill").arg("-KILL").args(pids).status();
        let _ = process.wait(10);
    }

    /// Lets the server end in its own way.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts it again on the same data and port.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn restart(&mut self) -> Result<(), Failure> {
        self.stop();
        let log = self.host.folder().join("server.log");
        let mut tries = 0;
        loop {
            let mut process = Process::start(&mut self.server.command(&self.host), &log)?;
            let up = process.wait_until(60, "its answer", |_| self.server.answers(&self.host));
            match up {
                Ok(()) => {
                    self.process = Some(process);
                    return Ok(());
                }
                // What a killed server has left behind may take a moment to go away.
                Err(_) if tries < 5 => tries += 1,
                Err(error) => return Err(error),
            }
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("server", &self.server.name())
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// A process and those it started, as Linux lists them.
fn with_children(pid: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = list.unwrap_or_default();
    let children = children
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok());
    std::iter::once(pid).chain(children).collect()
}

/// The ids of a user and its group.
fn user(name: &str) -> io::Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let ids = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let mut ids = fields.skip(1).map(|id| id.parse().ok());
        Some((ids.next()??, ids.next()??))
    });
    ids.ok_or_else(|| io::Error::other(format!("there is no user {name}")))
}
