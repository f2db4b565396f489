//! Smack's own integration tests, as they are published, run against a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::peer::Peer;
use crate::process::Process;
use crate::setup::{self, Skip};

/// A folder with the tests and the libraries they use.
#[derive(Clone, Debug)]
pub struct Smack(PathBuf);

/// What the tests said.
#[derive(Debug)]
pub struct Outcome {
    /// How many passed.
    pub passed: usize,
    /// The lines about those that failed.
    pub failed: Vec<String>,
    /// Everything that was printed.
    pub output: String,
}

/// Makes sure that Java, Maven and the libraries of `java/pom.xml` are there.
pub fn installed() -> Result<Smack, Skip> {
    setup::packages(&[("java", "default-jre-headless"), ("mvn", "maven")])?;
    let skip = |what: &str, error: String| Skip::new(format!("{what}: {error}"));
    let folder = setup::folder().map_err(|error| skip("no target folder", error.to_string()))?;
    let folder = folder.join("java");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("java/pom.xml");
    let _lock = setup::lock().map_err(|error| skip("no lock", error.to_string()))?;
    let wanted = fs::read(&source).map_err(|error| skip("pom.xml", error.to_string()))?;
    let stamp = folder.join("installed.xml");
    if fs::read(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(Smack(folder));
    }
    let prepared =
        fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join("pom.xml"), &wanted));
    prepared.map_err(|error| skip("no place for Maven", error.to_string()))?;
    let fetch = Command::new("mvn")
        .args([
            "-q",
            "-B",
            "dependency:copy-dependencies",
            "-DoutputDirectory=lib",
        ])
        .current_dir(&folder)
        .output();
    setup::run(fetch).map_err(|error| skip("Maven cannot fetch Smack", error))?;
    fs::write(&stamp, wanted).map_err(|error| skip("no stamp", error.to_string()))?;
    Ok(Smack(folder))
}

impl Smack {
    /// Runs the tests against a server that listens on port 5222 of an address, but for those left out.
    ///
    /// # Errors
    /// Where the tests do not come to an end within the time.
    pub fn run(
        &self,
        peer: &Peer,
        address: &str,
        left_out: &[&str],
        seconds: u64,
    ) -> Result<Outcome, Failure> {
        let folder = tempfile::Builder::new().prefix("smack-").tempdir()?;
        let store = folder.path().join("trust.p12");
        let import = Command::new("keytool")
            .args([
                "-importcert",
                "-noprompt",
                "-alias",
                "server",
                "-storetype",
                "PKCS12",
            ])
            .args(["-storepass", "changeit", "-file"])
            .arg(&peer.certificate)
            .arg("-keystore")
            .arg(&store)
            .output();
        setup::run(import)?;
        let mut command = Command::new("java");
        command
            .arg(format!("-Dsinttest.service={}", peer.domain))
            .arg(format!("-Dsinttest.host={address}"))
            .arg(format!("-Dsinttest.disabledTests={}", left_out.join(",")))
            .arg("-Dsinttest.enabledConnections=tcp")
            .arg("-Dsinttest.dnsResolver=javax")
            .arg("-Dsinttest.replyTimeout=5000")
            .arg(format!("-Djavax.net.ssl.trustStore={}", store.display()))
            .arg("-Djavax.net.ssl.trustStorePassword=changeit")
            .arg("-cp")
            .arg(format!("{}/*", self.0.join("lib").display()))
            .arg("org.igniterealtime.smack.inttest.SmackIntegrationTestFramework")
            .current_dir(folder.path());
        let mut process = Process::start(&mut command, &folder.path().join("log"))?;
        process.wait(seconds)?;
        let output = process.output();
        Ok(Outcome {
            passed: passed(&output).ok_or_else(|| format!("no end:\n{output}"))?,
            failed: output
                .lines()
                .filter(|line| line.starts_with("SEVERE: ") && line.contains(" failed: "))
                .map(str::to_owned)
                .collect(),
            output,
        })
    }
}

/// As the last line has it: `finished: 43/44 [1 failed]`.
fn passed(output: &str) -> Option<usize> {
    let (_, end) = output.split_once("] finished: ")?;
    end.split('/').next()?.parse().ok()
}
