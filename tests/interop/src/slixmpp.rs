//! The Python scripts: slixmpp and aioxmpp as stock clients, and raw streams for what no client sends.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::Failure;
use crate::peer::Peer;
use crate::process::Process;
use crate::setup::{self, Skip};

/// The Python that has slixmpp.
#[derive(Clone, Debug)]
pub struct Python(PathBuf);

/// The Python that has aioxmpp and what its own tests are run with.
pub fn aioxmpp_with_pytest() -> Result<PathBuf, Skip> {
    let wanted = include_str!("../python/requirements-aioxmpp.txt");
    setup::python("venv-aioxmpp-tests", &format!("{wanted}pytest\n"))
}

/// Makes sure that slixmpp is installed.
pub fn installed() -> Result<Python, Skip> {
    environment().map(Python)
}

pub(crate) fn environment() -> Result<PathBuf, Skip> {
    setup::python("venv", include_str!("../python/requirements.txt"))
}

/// The Python that has aioxmpp, which wants packages of its time.
pub fn aioxmpp() -> Result<Python, Skip> {
    setup::python(
        "venv-aioxmpp",
        include_str!("../python/requirements-aioxmpp.txt"),
    )
    .map(Python)
}

impl Python {
    /// Runs a script of `tests/interop/python` against the server with the accounts it has; its output on success.
    pub fn run(&self, script: &str, peer: &Peer, seconds: u64) -> Result<String, Failure> {
        let accounts = peer
            .accounts
            .iter()
            .map(|account| (account.name.as_str(), account.password.as_str()));
        self.run_as(script, peer, accounts, seconds)
    }

    /// As [`run`](Python::run), with accounts named here.
    pub fn run_as<'a>(
        &self,
        script: &str,
        peer: &Peer,
        accounts: impl IntoIterator<Item = (&'a str, &'a str)>,
        seconds: u64,
    ) -> Result<String, Failure> {
        self.start_as(script, peer, accounts, &[])?.finish(seconds)
    }

    /// As [`run`](Python::run), with further arguments for the script.
    pub fn run_with(
        &self,
        script: &str,
        peer: &Peer,
        arguments: &[&str],
        seconds: u64,
    ) -> Result<String, Failure> {
        let accounts = peer
            .accounts
            .iter()
            .map(|account| (account.name.as_str(), account.password.as_str()));
        self.start_as(script, peer, accounts, arguments)?
            .finish(seconds)
    }

    /// Starts a script with the accounts that the server has, and goes on.
    pub fn start(&self, script: &str, peer: &Peer) -> Result<Running, Failure> {
        let accounts = peer
            .accounts
            .iter()
            .map(|account| (account.name.as_str(), account.password.as_str()));
        self.start_as(script, peer, accounts, &[])
    }

    fn start_as<'a>(
        &self,
        script: &str,
        peer: &Peer,
        accounts: impl IntoIterator<Item = (&'a str, &'a str)>,
        arguments: &[&str],
    ) -> Result<Running, Failure> {
        let folder = tempfile::Builder::new().prefix("slixmpp-").tempdir()?;
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
        let mut command = Command::new(&self.0);
        command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(scripts.join(script))
            .args(["--port", &peer.port.to_string(), "--domain", &peer.domain])
            .args(["--server-name", peer.software])
            .arg("--ca")
            .arg(&peer.certificate)
            .args(arguments);
        for (name, password) in accounts {
            command.arg("--account").arg(format!("{name}:{password}"));
        }
        if !peer.deviations.is_empty() {
            // Among the known deviations are requests that are never answered.
            command.args(["--patience", "2"]);
        }
        for deviation in peer.deviations {
            command.arg("--allow").arg(deviation);
        }
        let process = Process::start(&mut command, &folder.path().join("output"))?;
        Ok(Running {
            what: format!("{script} against {}", peer.software),
            process,
            _folder: folder,
        })
    }
}

/// A script that has been started.
#[derive(Debug)]
pub struct Running {
    what: String,
    process: Process,
    _folder: TempDir,
}

impl Running {
    /// Waits until the script has printed the text.
    pub fn wait_for(&mut self, text: &str, seconds: u64) -> Result<(), Failure> {
        self.process
            .wait_until(seconds, text, |process| process.output().contains(text))
    }

    /// Waits for the end; the output, if the script is content.
    pub fn finish(mut self, seconds: u64) -> Result<String, Failure> {
        let status = self.process.wait(seconds)?;
        let output = self.process.output();
        if status.success() && output.trim_end().ends_with("passed") {
            Ok(output)
        } else {
            Err(format!("{} ({status}):\n{output}", self.what).into())
        }
    }
}
