//! The scripts for Node: `@xmpp/client`, StanzaJS, and Converse.js in a browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::Failure;
use crate::peer::Peer;
use crate::process::Process;
use crate::setup::{self, Skip};

/// A folder with the scripts and the packages they use.
#[derive(Clone, Debug)]
pub struct Node(PathBuf);

/// Makes sure that Node and the packages of `node/package.json` are there.
pub fn installed() -> Result<Node, Skip> {
    setup::packages(&[("node", "nodejs"), ("npm", "npm")])?;
    let skip = |what: &str, error: String| Skip::new(format!("{what}: {error}"));
    let folder = setup::folder().map_err(|error| skip("no target folder", error.to_string()))?;
    let folder = folder.join("node");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
    let _lock = setup::lock().map_err(|error| skip("no lock", error.to_string()))?;
    let copy = |name: &str| fs::copy(source.join(name), folder.join(name)).map(drop);
    let stamp = folder.join("installed.json");
    let wanted = fs::read(source.join("package.json"))
        .map_err(|error| skip("package.json", error.to_string()))?;
    let prepared = fs::create_dir_all(&folder)
        .and_then(|()| fs::read_dir(&source))
        .and_then(|entries| {
            for entry in entries {
                copy(&entry?.file_name().to_string_lossy())?;
            }
            Ok(())
        });
    prepared.map_err(|error| skip("the scripts cannot be laid out", error.to_string()))?;
    if fs::read(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(Node(folder));
    }
    let install = Command::new("npm")
        .args([
            "install",
            "--no-package-lock",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
        ])
        .current_dir(&folder)
        .output();
    setup::run(install).map_err(|error| skip("npm cannot install", error))?;
    fs::write(&stamp, wanted).map_err(|error| skip("no stamp", error.to_string()))?;
    Ok(Node(folder))
}

/// Makes sure that the browser is there.
pub fn chromium() -> Result<(), Skip> {
    setup::packages(&[("chromium", "chromium")])
}

/// Where scripts leave pictures of what a person would have seen.
pub fn pictures() -> Result<PathBuf, Failure> {
    let folder = setup::folder()?.join("pictures");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

impl Node {
    /// Runs a script against the server; `more` are further options, as members of a JSON object without its braces.
    pub fn run(
        &self,
        script: &str,
        peer: &Peer,
        more: &str,
        seconds: u64,
    ) -> Result<String, Failure> {
        let output: TempDir = tempfile::Builder::new().prefix("node-").tempdir()?;
        let accounts: Vec<String> = peer
            .accounts
            .iter()
            .map(|account| format!("[{:?},{:?}]", account.name, account.password))
            .collect();
        let options = format!(
            "{{\"domain\":{:?},\"accounts\":[{}],{more}}}",
            peer.domain,
            accounts.join(",")
        );
        let mut command = Command::new("node");
        command
            .current_dir(&self.0)
            .env("NODE_EXTRA_CA_CERTS", &peer.certificate)
            .env("NODE_NO_WARNINGS", "1")
            .arg(script)
            .arg(options);
        let mut process = Process::start(&mut command, &output.path().join("output"))?;
        let status = process.wait(seconds)?;
        let said = process.output();
        if status.success() && said.trim_end().ends_with("passed") {
            Ok(said)
        } else {
            Err(format!("{script} against {} ({status}):\n{said}", peer.software).into())
        }
    }
}
