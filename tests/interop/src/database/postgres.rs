//! PostgreSQL from Debian.

use std::path::PathBuf;
use std::process::Command;

use super::{Database, Host, Server};
use crate::Failure;
use crate::setup::{self, Skip};

/// Makes sure that PostgreSQL is installed.
///
/// # Errors
/// Where it cannot be.
pub fn installed() -> Result<(), Skip> {
    if programs().is_none() {
        // On releases with another version the package brings that, which is found all the same.
        setup::packages(&[("/usr/lib/postgresql/15/bin/postgres", "postgresql")])?;
    }
    setup::packages(&[("psql", "postgresql-client")])?;
    programs().map(drop).ok_or_else(|| {
        let said = "the package postgresql brought no /usr/lib/postgresql/*/bin/postgres";
        Skip::new(said)
    })
}

/// Starts a server with an empty data folder that does not wait for the disk: a kill is no power cut, what a killed
/// server has written the system still has.
///
/// # Errors
/// When it does not come up.
pub fn start() -> Result<Database, Failure> {
    begin(false)
}

/// Starts a server as the package ships it, which waits for the disk: for figures.
///
/// # Errors
/// When it does not come up.
pub fn start_durable() -> Result<Database, Failure> {
    begin(true)
}

fn begin(durable: bool) -> Result<Database, Failure> {
    let programs = programs().ok_or("PostgreSQL is not installed")?;
    Database::start(Postgres { programs, durable })
}

/// The folder of the newest version's programs.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let versions = versions.filter_map(|version| {
        let path = version.ok()?.path();
        let number: u32 = path.file_name()?.to_str()?.parse().ok()?;
        let programs = path.join("bin");
        programs
            .join("postgres")
            .exists()
            .then_some((number, programs))
    });
    versions.max().map(|(_, programs)| programs)
}

struct Postgres {
    programs: PathBuf,
    durable: bool,
}

impl Server for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn user(&self) -> Option<&'static str> {
        Some("postgres")
    }

    fn initialise(&self, host: &Host) -> Result<(), Failure> {
        let mut command = host.command(self.programs.join("initdb"));
        command.arg("-D").arg(host.data());
        command.args([
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]);
        // A language's order of words, as most installations have it: whoever relies on it sees it.
        command.args(["--locale-provider=icu", "--icu-locale=en-US"]);
        host.run(&mut command)
    }

    fn command(&self, host: &Host) -> Command {
        let mut command = host.command(self.programs.join("postgres"));
        command.arg("-D").arg(host.data());
        command.arg("-p").arg(host.port.to_string());
        command.args(["-c", "listen_addresses=127.0.0.1"]);
        command.args(["-c", "unix_socket_directories="]);
        if !self.durable {
            command.args(["-c", "fsync=off"]);
        }
        command
    }

    fn answers(&self, host: &Host) -> bool {
        self.query(host, "SELECT 1").is_ok()
    }

    fn create(&self, host: &Host, name: &str) -> Result<String, Failure> {
        self.query(host, &format!("CREATE DATABASE {name}"))?;
        Ok(format!(
            "postgres://postgres@127.0.0.1:{}/{name}",
            host.port
        ))
    }
}

impl Postgres {
    fn query(&self, host: &Host, sql: &str) -> Result<(), Failure> {
        let mut command = host.command("psql");
        command.args(["-h", "127.0.0.1", "-U", "postgres", "-qXAt", "-p"]);
        command.arg(host.port.to_string()).args(["-c", sql]);
        host.run(command.env("PGCONNECT_TIMEOUT", "5"))
    }
}
