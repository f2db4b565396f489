//! Redis, from Debian.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::Failure;
use crate::process::{Process, free_port, listens};
use crate::setup::{self, Skip};

/// Makes sure that Redis is installed.
pub fn installed() -> Result<(), Skip> {
    setup::packages(&[("redis-server", "redis-server")])
}

/// A running server, whose append-only file is synced before each answer.
#[derive(Debug)]
pub struct Redis {
    process: Process,
    port: u16,
    settings: Vec<String>,
    folder: TempDir,
}

impl Redis {
    /// Starts a server that syncs always.
    pub fn start() -> Result<Redis, Failure> {
        Redis::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    /// Starts a server with these settings.
    pub fn start_with(settings: &[&str]) -> Result<Redis, Failure> {
        let folder = tempfile::Builder::new().prefix("redis-").tempdir()?;
        let settings: Vec<String> = settings.iter().map(|&text| text.to_owned()).collect();
        let port = free_port()?;
        Ok(Redis {
            process: launch(folder.path(), port, &settings)?,
            port,
            settings,
            folder,
        })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
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

    /// Starts it again after [`kill`](Redis::kill), on the same port and data.
    pub fn restart(&mut self) -> Result<(), Failure> {
        self.process = launch(self.folder.path(), self.port, &self.settings)?;
        Ok(())
    }
}

fn launch(folder: &Path, port: u16, settings: &[String]) -> Result<Process, Failure> {
    let program = setup::find("redis-server").unwrap_or_else(|| PathBuf::from("redis-server"));
    let mut command = Command::new(program);
    command
        .args(["--bind", "127.0.0.1", "--save", "", "--daemonize", "no"])
        .arg("--port")
        .arg(port.to_string())
        .arg("--dir")
        .arg(folder)
        .args(settings);
    let mut process = Process::start(&mut command, &folder.join("redis.log"))?;
    process.wait_until(20, "Redis ready", |process| {
        // It listens before it has read its file.
        process.output().contains("Ready to accept connections") && listens(port)
    })?;
    Ok(process)
}
