//! A name server on loopback: dnsmasq, for domains that nobody else knows.

use std::process::Command;

use tempfile::TempDir;

use crate::Failure;
use crate::process::{Process, free_port, listens};
use crate::setup::{self, Skip};

/// A running name server; ends with this value.
#[derive(Debug)]
pub struct Names {
    /// Where it answers.
    pub port: u16,
    _process: Process,
    _folder: TempDir,
}

/// Makes sure that dnsmasq is installed.
pub fn installed() -> Result<(), Skip> {
    setup::packages(&[("dnsmasq", "dnsmasq-base")])
}

impl Names {
    /// Answers with these services (`_xmpp-server` or `_xmpps-server`, domain, port), all on this machine.
    pub fn start(services: &[(&str, &str, u16)]) -> Result<Names, Failure> {
        let folder = tempfile::Builder::new().prefix("names-").tempdir()?;
        let port = free_port()?;
        let mut command = Command::new("/usr/sbin/dnsmasq");
        command
            .args([
                "--keep-in-foreground",
                "--conf-file=/dev/null",
                "--pid-file",
            ])
            .args([
                "--no-resolv",
                "--no-hosts",
                "--bind-interfaces",
                "--user=root",
            ])
            .args(["--listen-address=127.0.0.1", "--log-facility=-"])
            .arg(format!("--port={port}"));
        command.arg("--address=/localhost/127.0.0.1");
        for (service, domain, to) in services {
            command
                // ejabberd asks the system for addresses, and everybody knows this one.
                .arg(format!("--srv-host={service}._tcp.{domain},localhost,{to}"))
                .arg(format!("--local=/{domain}/"))
                .arg(format!("--address=/{domain}/127.0.0.1"));
        }
        let mut process = Process::start(&mut command, &folder.path().join("log"))?;
        process.wait_until(20, "dnsmasq listening", |_| listens(port))?;
        Ok(Names {
            port,
            _process: process,
            _folder: folder,
        })
    }
}
