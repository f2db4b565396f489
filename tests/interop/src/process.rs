//! Processes that end with the value that owns them, and ports nobody uses.

use std::fs::{self, File};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;

/// A port that takes connections and never answers, for as long as the listener lives.
///
/// # Errors
/// When no port is free.
pub fn silent_port() -> io::Result<(u16, TcpListener)> {
    // Nobody accepts: the system does, and what is sent waits for a reader.
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    Ok((listener.local_addr()?.port(), listener))
}

/// A running process with its output in a file.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts the command with both outputs in the file.
    pub fn start(command: &mut Command, log: &Path) -> Result<Process, Failure> {
        let file = File::create(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().to_string_lossy()))?;
        Ok(Process {
            child,
            log: log.to_owned(),
        })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed so far.
    pub fn output(&self) -> String {
        fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Waits until the condition holds; fails when the process ends first or after the time.
    pub fn wait_until(
        &mut self,
        seconds: u64,
        what: &str,
        mut condition: impl FnMut(&Process) -> bool,
    ) -> Result<(), Failure> {
        let end = Instant::now() + Duration::from_secs(seconds);
        while !condition(self) {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("ended ({status}) before {what}:\n{}", self.output()).into());
            }
            if Instant::now() > end {
                return Err(
                    format!("no sign of {what} after {seconds} s:\n{}", self.output()).into(),
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Waits for the end of the process.
    pub fn wait(&mut self, seconds: u64) -> Result<ExitStatus, Failure> {
        let end = Instant::now() + Duration::from_secs(seconds);
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > end {
                return Err(format!("still running after {seconds} s:\n{}", self.output()).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a signal by name, `TERM` or `INT`.
    pub fn signal(&self, name: &str) -> io::Result<()> {
        Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.id().to_string())
            .status()
            .map(|_| ())
    }

    /// CPU time used so far, user and system, in seconds (`/proc/<pid>/stat`).
    pub fn cpu_seconds(&self) -> io::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id()))?;
        // The second field may hold blanks; what follows its closing bracket does not.
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let ticks = |index: usize| {
            fields
                .get(index)
                .and_then(|field| field.parse::<f64>().ok())
                .unwrap_or_default()
        };
        Ok((ticks(11) + ticks(12)) / 100.0)
    }

    /// Resident memory in KiB (`/proc/<pid>/status`).
    pub fn resident_kib(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        Ok(line
            .and_then(|line| line.split_whitespace().next()?.parse().ok())
            .unwrap_or_default())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.has_ended() {
            return;
        }
        let _ = self.signal("TERM");
        for _ in 0..100 {
            if self.has_ended() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A loopback port that was free a moment ago.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Whether something accepts connections there.
pub fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
