//! Our own server as a user would start it: the binary, a configuration file, a folder.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Failure;
use crate::peer::{Account, Peer};
use crate::process::{Process, free_port, listens};

/// A running `sestina serve`; ends with this value.
#[derive(Debug)]
pub struct Sestina {
    /// Where to connect.
    pub peer: Peer,
    /// The process, for signals and measurements.
    pub process: Process,
    binary: PathBuf,
    folder: TempDir,
    settings: String,
}

impl Sestina {
    /// Starts the binary with one domain and these accounts (name, password), and lines added to its configuration.
    pub fn start(
        binary: &Path,
        domain: &str,
        accounts: &[(&str, &str)],
        settings: &str,
    ) -> Result<Sestina, Failure> {
        Sestina::start_hosts(binary, &[domain], accounts, settings)
    }

    /// As [`start`](Sestina::start) with several domains; an account's name with an `@` in it is a whole address.
    pub fn start_hosts(
        binary: &Path,
        domains: &[&str],
        accounts: &[(&str, &str)],
        settings: &str,
    ) -> Result<Sestina, Failure> {
        Sestina::start_at(binary, domains, None, accounts, settings)
    }

    /// As [`start_hosts`](Sestina::start_hosts), on one more address, with its port.
    pub fn start_at(
        binary: &Path,
        domains: &[&str],
        address: Option<&str>,
        accounts: &[(&str, &str)],
        settings: &str,
    ) -> Result<Sestina, Failure> {
        let domain = domains.first().copied().ok_or("no domain")?;
        let folder = tempfile::Builder::new().prefix("sestina-").tempdir()?;
        let port = free_port()?;
        let data = folder.path().join("data");
        let mut listen = vec![format!("127.0.0.1:{port}")];
        listen.extend(address.map(str::to_owned));
        fs::write(
            folder.path().join("sestina.toml"),
            format!(
                "domains = {domains:?}\ndata = \"{}\"\nlisten = {listen:?}\n{settings}\n",
                data.display()
            ),
        )?;
        let process = spawn(binary, folder.path(), port)?;
        let certificate = data.join("certificate.pem");
        let peer = Peer {
            software: "sestina",
            port,
            domain: domain.to_owned(),
            certificate,
            accounts: Account::all(accounts),
            deviations: &[],
        };
        let server = Sestina {
            peer,
            process,
            binary: binary.to_owned(),
            folder,
            settings: settings.to_owned(),
        };
        for (name, password) in accounts {
            let address = if name.contains('@') {
                (*name).to_owned()
            } else {
                format!("{name}@{domain}")
            };
            server.user(&["add", &address], &format!("{password}\n"))?;
        }
        Ok(server)
    }

    /// Another server of one domain with the settings of this one and a copy of what it has stored; this one has to have ended.
    pub fn copy(&self) -> Result<Sestina, Failure> {
        let folder = tempfile::Builder::new().prefix("sestina-").tempdir()?;
        let (port, domain) = (free_port()?, &self.peer.domain);
        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        for entry in fs::read_dir(self.folder.path().join("data"))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), data.join(entry.file_name()))?;
            }
        }
        let settings = &self.settings;
        fs::write(
            folder.path().join("sestina.toml"),
            format!(
                "domains = [{domain:?}]\ndata = {data:?}\nlisten = [\"127.0.0.1:{port}\"]\n{settings}\n"
            ),
        )?;
        let process = spawn(&self.binary, folder.path(), port)?;
        let peer = Peer {
            port,
            certificate: data.join("certificate.pem"),
            ..self.peer.clone()
        };
        Ok(Sestina {
            peer,
            process,
            binary: self.binary.clone(),
            folder,
            settings: settings.clone(),
        })
    }

    /// Its folder: `sestina.toml`, `data/`, `log`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `sestina user …` beside the running server; what it printed.
    pub fn user(&self, arguments: &[&str], input: &str) -> Result<String, Failure> {
        let mut child = Command::new(&self.binary)
            .arg("--config")
            .arg(self.folder.path().join("sestina.toml"))
            .arg("user")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            return Err(format!(
                "sestina user {arguments:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            )
            .into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Ends the process with the signal and starts it again on the same folder.
    pub fn restart(&mut self, signal: &str) -> Result<(), Failure> {
        self.process.signal(signal)?;
        self.process.wait(20)?;
        self.process = spawn(&self.binary, self.folder.path(), self.peer.port)?;
        Ok(())
    }
}

fn spawn(binary: &Path, folder: &Path, port: u16) -> Result<Process, Failure> {
    let mut command = Command::new(binary);
    command
        .arg("--config")
        .arg(folder.join("sestina.toml"))
        .arg("serve")
        .current_dir(folder);
    let mut process = Process::start(&mut command, &folder.join("log"))?;
    process.wait_until(30, "Sestina listening", |_| listens(port))?;
    Ok(process)
}
