//! MariaDB from Debian.

use std::process::Command;

use super::{Database, Host, Server};
use crate::Failure;
use crate::setup::{self, Skip};

/// Makes sure that MariaDB is installed.
///
/// # Errors
/// Where it cannot be.
pub fn installed() -> Result<(), Skip> {
    setup::packages(&[
        ("mariadbd", "mariadb-server"),
        ("mariadb", "mariadb-client"),
    ])
}

/// Starts a server with an empty data folder that does not wait for the disk: a kill is no power cut, what a killed
/// server has written the system still has.
///
/// # Errors
/// When it does not come up.
pub fn start() -> Result<Database, Failure> {
    Database::start(MariaDb { durable: false })
}

/// Starts a server as the package ships it, which waits for the disk: for figures.
///
/// # Errors
/// When it does not come up.
pub fn start_durable() -> Result<Database, Failure> {
    Database::start(MariaDb { durable: true })
}

struct MariaDb {
    durable: bool,
}

impl Server for MariaDb {
    fn name(&self) -> &'static str {
        "mariadb"
    }

    fn user(&self) -> Option<&'static str> {
        Some("mysql")
    }

    fn initialise(&self, host: &Host) -> Result<(), Failure> {
        let mut command = host.command(program("mariadb-install-db"));
        command.args(["--no-defaults", "--skip-test-db"]);
        command.arg("--auth-root-authentication-method=normal");
        command.arg(format!("--datadir={}", host.data().display()));
        command.arg(temporary(host)?);
        host.run(&mut command)
    }

    fn command(&self, host: &Host) -> Command {
        let mut command = host.command(program("mariadbd"));
        command.args([
            "--no-defaults",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
        ]);
        command.arg(format!("--port={}", host.port));
        // MySQL's default; MariaDB's is a quarter of it.
        command.arg("--max-allowed-packet=64M");
        let folder = host.folder().display();
        command.arg(format!("--tmpdir={folder}/tmp"));
        command.arg(format!("--datadir={}", host.data().display()));
        command.arg(format!("--socket={folder}/socket"));
        command.arg(format!("--pid-file={folder}/pid"));
        if !self.durable {
            command.arg("--innodb-flush-method=nosync");
        }
        command
    }

    fn answers(&self, host: &Host) -> bool {
        query(host, "SELECT 1").is_ok()
    }

    fn create(&self, host: &Host, name: &str) -> Result<String, Failure> {
        query(host, &format!("CREATE DATABASE {name}"))?;
        Ok(format!("mysql://root@127.0.0.1:{}/{name}", host.port))
    }
}

/// A folder for temporary tables of its own: a server that starts removes those it finds, also another's.
fn temporary(host: &Host) -> Result<String, Failure> {
    let folder = host.folder().join("tmp");
    host.run(host.command("mkdir").arg("-p").arg(&folder))?;
    Ok(format!("--tmpdir={}", folder.display()))
}

fn program(name: &str) -> std::path::PathBuf {
    setup::find(name).unwrap_or_else(|| name.into())
}

fn query(host: &Host, sql: &str) -> Result<(), Failure> {
    let mut command = host.command(program("mariadb"));
    command.args(["--no-defaults", "-h", "127.0.0.1", "-u", "root", "-P"]);
    command.arg(host.port.to_string());
    command.args(["--protocol=tcp", "--connect-timeout=5", "-e", sql]);
    host.run(&mut command)
}
