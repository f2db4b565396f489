//! What a server keeps its data in, by the name of the backend: where it is, and how it breaks.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::ferretdb::{self, FerretDb};
use super::redis::{self, Redis};
use super::{Database, mariadb, postgres, with_children};
use crate::Failure;
use crate::setup::Skip;

/// Every backend that keeps something.
pub const PERSISTENT: [&str; 6] = ["sqlite", "file", "postgres", "mysql", "mongodb", "redis"];

/// The place of a storage, with the server it needs; both end with the value.
#[derive(Debug)]
pub struct Backing {
    url: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// A file or folder, in a folder of its own.
    Folder {
        _held: TempDir,
    },
    Database(Box<Database>),
    Redis(Box<Redis>),
    FerretDb(Box<FerretDb>),
}

/// What has to be there before a backing can be started.
#[derive(Clone, Debug, Default)]
pub struct Ready {
    program: Option<PathBuf>,
}

/// Makes sure that what the backend needs is installed.
///
/// # Errors
/// Where it cannot be.
pub fn installed(backend: &str) -> Result<Ready, Skip> {
    let mut ready = Ready::default();
    match backend {
        "postgres" => postgres::installed()?,
        "mysql" => mariadb::installed()?,
        "redis" => redis::installed()?,
        "mongodb" => ready.program = Some(ferretdb::installed()?),
        _ => {}
    }
    Ok(ready)
}

impl Backing {
    /// Starts one; `durable` as figures want it, which waits for the disk.
    ///
    /// # Errors
    /// When a server does not come up, or there is no such backend.
    pub fn start(backend: &str, ready: &Ready, durable: bool) -> Result<Backing, Failure> {
        let folder = || tempfile::Builder::new().prefix("storage-").tempdir();
        let place = |folder: &Path| folder.join("store").display().to_string();
        let database = |database: Database| -> Result<Backing, Failure> {
            Ok(Backing {
                url: database.create()?,
                kind: Kind::Database(Box::new(database)),
            })
        };
        match backend {
            "sqlite" | "file" => {
                let folder = folder()?;
                Ok(Backing {
                    url: format!("{backend}:{}", place(folder.path())),
                    kind: Kind::Folder { _held: folder },
                })
            }
            "postgres" if durable => database(postgres::start_durable()?),
            "postgres" => database(postgres::start()?),
            "mysql" if durable => database(mariadb::start_durable()?),
            "mysql" => database(mariadb::start()?),
            "redis" => {
                let redis = Redis::start()?;
                Ok(Backing {
                    url: redis.url(),
                    kind: Kind::Redis(Box::new(redis)),
                })
            }
            "mongodb" => {
                let program = ready.program.as_deref().ok_or("FerretDB was not built")?;
                let ferretdb = FerretDb::start(program)?;
                Ok(Backing {
                    url: ferretdb.url(),
                    kind: Kind::FerretDb(Box::new(ferretdb)),
                })
            }
            other => Err(format!("there is no backend {other}").into()),
        }
    }

    /// Its URL, as a configuration takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Kills the server, as a power cut would; without one nothing happens.
    ///
    /// # Errors
    /// When it does not end.
    pub fn kill(&mut self) -> Result<(), Failure> {
        match &mut self.kind {
            Kind::Folder { .. } => Ok(()),
            Kind::Database(database) => {
                database.kill();
                Ok(())
            }
            Kind::Redis(redis) => redis.kill(),
            Kind::FerretDb(ferretdb) => ferretdb.kill(),
        }
    }

    /// Starts it again on the same data and port.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn restart(&mut self) -> Result<(), Failure> {
        match &mut self.kind {
            Kind::Folder { .. } => Ok(()),
            Kind::Database(database) => database.restart(),
            Kind::Redis(redis) => redis.restart(),
            Kind::FerretDb(ferretdb) => ferretdb.restart(),
        }
    }

    /// Whether the server has ended by itself; without one it has not.
    pub fn has_ended(&mut self) -> bool {
        match &mut self.kind {
            Kind::Folder { .. } => false,
            Kind::Database(database) => database.has_ended(),
            Kind::Redis(redis) => redis.has_ended(),
            Kind::FerretDb(ferretdb) => ferretdb.has_ended(),
        }
    }

    /// Lets the server stand still: connections stay open and nobody answers. `false` lets it go on.
    ///
    /// # Errors
    /// When there is no server.
    pub fn stand_still(&self, still: bool) -> Result<(), Failure> {
        let pid = match &self.kind {
            Kind::Folder { .. } => None,
            Kind::Database(database) => database.pid(),
            Kind::Redis(redis) => Some(redis.pid()),
            Kind::FerretDb(ferretdb) => Some(ferretdb.pid()),
        };
        stand_still(pid.ok_or("no server runs")?, still)
    }
}

/// Lets the server of this process stand still: connections stay open and nobody answers. `false` lets it go on.
///
/// # Errors
/// When there is no such process.
pub fn stand_still(pid: u32, still: bool) -> Result<(), Failure> {
    let signal = if still { "-STOP" } else { "-CONT" };
    let send = |pid: u32| {
        Command::new("kill")
            .arg(signal)
            .arg(pid.to_string())
            .status()
    };
    // The one that starts the others first, so that none is added; one of them may end meanwhile.
    let status = send(pid)?;
    for child in with_children(pid).into_iter().filter(|child| *child != pid) {
        send(child)?;
    }
    if status.success() {
        Ok(())
    } else {
        Err(format!("kill {signal}: {status}").into())
    }
}

impl Drop for Backing {
    /// A server that stands still does not end when it is told to.
    fn drop(&mut self) {
        let _ = self.stand_still(false);
    }
}
