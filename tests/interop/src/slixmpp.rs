//! The Python scripts: slixmpp as a stock client, and raw streams for what no client sends.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::peer::Peer;
use crate::process::Process;
use crate::setup::{self, Skip};

/// The Python that has slixmpp.
#[derive(Clone, Debug)]
pub struct Python(PathBuf);

/// Makes sure that slixmpp is installed.
pub fn installed() -> Result<Python, Skip> {
    setup::python().map(Python)
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
        let folder = tempfile::Builder::new().prefix("slixmpp-").tempdir()?;
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
        let mut command = Command::new(&self.0);
        command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(scripts.join(script))
            .args([
                "--port",
                &peer.port.to_string(),
                "--domain",
                &peer.domain,
                "--server-name",
                peer.software,
            ])
            .arg("--ca")
            .arg(&peer.certificate);
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
        let mut process = Process::start(&mut command, &folder.path().join("output"))?;
        let status = process.wait(seconds)?;
        let output = process.output();
        if status.success() && output.trim_end().ends_with("passed") {
            Ok(output)
        } else {
            Err(format!("{script} against {} ({status}):\n{output}", peer.software).into())
        }
    }
}
