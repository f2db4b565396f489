//! ejabberd from Debian, on free ports with a folder of its own, and without a node name: it starts no `epmd`.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::Failure;
use crate::certificate::Authority;
use crate::peer::{Account, Peer};
use crate::process::{Process, free_port, listens};
use crate::setup::{self, Skip};

/// A running ejabberd; ends with this value.
#[derive(Debug)]
pub struct Ejabberd {
    /// Where clients connect.
    pub peer: Peer,
    /// Where they connect with TLS from the first byte on, if they can.
    pub direct_tls: Option<u16>,
    /// HTTPS with `/xmpp-websocket` and `/http-bind`, if there is.
    pub https: Option<u16>,
    /// The process, for its output.
    pub process: Process,
    _folder: TempDir,
}

/// What is different from one test to another: other servers, and the certificate for everybody.
#[derive(Debug)]
pub struct Federation<'a> {
    /// Where other servers connect.
    pub port: u16,
    /// The port of the name server.
    pub names: u16,
    /// Its certificate, PEM, with the key.
    pub certificate: &'a str,
    /// Whom it believes, PEM.
    pub authorities: &'a str,
}

/// Makes sure that ejabberd is installed.
pub fn installed() -> Result<(), Skip> {
    setup::packages(&[("ejabberdctl", "ejabberd")])
}

impl Ejabberd {
    /// Starts it for clients alone, with a certificate of the authority.
    pub fn alone(
        domain: &str,
        accounts: &[(&str, &str)],
        authority: &Authority,
    ) -> Result<Ejabberd, Failure> {
        let made = authority.make(domain)?;
        let all = format!("{}{}", made.certificate, made.key);
        let federation = Federation {
            port: free_port()?,
            // Nobody answers there, and nobody asks.
            names: free_port()?,
            certificate: &all,
            authorities: &authority.pem(),
        };
        Ejabberd::start(domain, accounts, &federation)
    }

    /// Starts it with one domain and these accounts (name, password).
    pub fn start(
        domain: &str,
        accounts: &[(&str, &str)],
        federation: &Federation<'_>,
    ) -> Result<Ejabberd, Failure> {
        let folder = tempfile::Builder::new().prefix("ejabberd-").tempdir()?;
        let path = folder.path();
        let (port, direct_tls, https) = (free_port()?, free_port()?, free_port()?);
        fs::write(path.join("all.pem"), federation.certificate)?;
        fs::write(path.join("ca.pem"), federation.authorities)?;
        let shown = path.display();
        let config = format!(
            r#"hosts: ["{domain}"]
loglevel: 4
certfiles: ["{shown}/all.pem"]
ca_file: "{shown}/ca.pem"
listen:
  - {{ port: {port}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: true }}
  - {{ port: {direct_tls}, ip: "127.0.0.1", module: ejabberd_c2s, tls: true }}
  - port: {https}
    ip: "127.0.0.1"
    module: ejabberd_http
    tls: true
    request_handlers: {{ /xmpp-websocket: ejabberd_http_ws, /http-bind: mod_bosh }}
  - {{ port: {server}, ip: "127.0.0.1", module: ejabberd_s2s_in }}
s2s_use_starttls: required
auth_password_format: scram
auth_scram_hash: sha256
access_rules: {{ everybody: {{ allow: all }} }}
modules:
  mod_bosh: {{}}
  mod_disco: {{}}
  mod_ping: {{}}
  mod_roster: {{}}
  mod_s2s_dialback: {{}}
  mod_stream_mgmt: {{ resend_on_timeout: if_offline }}
"#,
            server = federation.port,
        );
        fs::write(
            path.join("inetrc"),
            format!(
                "{{resolv_conf,\"\"}}.\n{{hosts_file,\"\"}}.\n{{lookup,[dns]}}.\n{{nameserver,{{127,0,0,1}},{}}}.\n",
                federation.names
            ),
        )?;
        let registered: String = accounts
            .iter()
            .map(|(name, password)| {
                format!("ejabberd_auth:try_register(<<\"{name}\">>, <<\"{domain}\">>, <<\"{password}\">>), ")
            })
            .collect();
        let process = launch(path, &config, port, &registered)?;
        let peer = Peer {
            software: "ejabberd",
            port,
            domain: domain.to_owned(),
            certificate: path.join("ca.pem"),
            accounts: Account::all(accounts),
            deviations: &[],
        };
        Ok(Ejabberd {
            peer,
            direct_tls: Some(direct_tls),
            https: Some(https),
            process,
            _folder: folder,
        })
    }

    /// Starts it for clients alone, with WebSocket on a port of its own (`/ws`) and stream management, and without limits on what a client
    /// sends. `more` are lines of its configuration, modules last. `prepare` is Erlang that puts the accounts where they belong, with a comma
    /// at its end.
    pub fn start_for_clients(
        domain: &str,
        web: u16,
        more: &str,
        prepare: &str,
    ) -> Result<Ejabberd, Failure> {
        let folder = tempfile::Builder::new().prefix("ejabberd-").tempdir()?;
        let path = folder.path();
        let port = free_port()?;
        let authority = Authority::new()?;
        let made = authority.make(domain)?;
        fs::write(path.join("all.pem"), made.certificate + &made.key)?;
        fs::write(path.join("ca.pem"), authority.pem())?;
        let config = format!(
            r#"hosts: ["{domain}"]
loglevel: 3
certfiles: ["{folder}/all.pem"]
ca_file: "{folder}/ca.pem"
listen:
  - {{ port: {port}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: true, backlog: 1024 }}
  - {{ port: {web}, ip: "127.0.0.1", module: ejabberd_http, request_handlers: {{ "/ws": ejabberd_http_ws, "/upload": mod_http_upload }} }}
auth_password_format: scram
auth_scram_hash: sha256
{more}
  mod_disco: {{}}
  mod_offline: {{}}
  mod_ping: {{}}
  mod_roster: {{}}
  mod_stream_mgmt: {{}}
"#,
            folder = path.display(),
        );
        fs::write(path.join("inetrc"), "")?;
        let process = launch(path, &config, port, prepare)?;
        let peer = Peer {
            software: "ejabberd",
            port,
            domain: domain.to_owned(),
            certificate: path.join("ca.pem"),
            accounts: Vec::new(),
            deviations: &[],
        };
        Ok(Ejabberd {
            peer,
            direct_tls: None,
            https: None,
            process,
            _folder: folder,
        })
    }
}

/// Starts it in its folder, has it do what comes before the accounts are there, and waits until it listens.
fn launch(path: &Path, config: &str, port: u16, prepare: &str) -> Result<Process, Failure> {
    fs::write(path.join("ejabberd.yml"), config)?;
    let mut command = Command::new("erl");
    command
        .env("ERL_LIBS", libraries())
        .env("ERL_INETRC", path.join("inetrc"))
        .env("ERL_CRASH_DUMP", path.join("crash"))
        .env("EJABBERD_CONFIG_PATH", path.join("ejabberd.yml"))
        .env("EJABBERD_LOG_PATH", path.join("ejabberd.log"))
        .env("HOME", path)
        // Where SQLite puts its file.
        .current_dir(path)
        .args(["-noinput", "-mnesia", "dir"])
        .arg(format!("\"{}/mnesia\"", path.display()))
        .args(["-s", "ejabberd", "-eval"])
        .arg(format!("{prepare}io:format(\"accounts made~n\")."));
    let mut process = Process::start(&mut command, &path.join("log"))?;
    process.wait_until(90, "ejabberd listening", |process| {
        listens(port) && process.output().contains("accounts made")
    })?;
    Ok(process)
}

/// The folder above that of the package, which is named after the machine.
fn libraries() -> String {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut candidates = folders.map(|folder| folder.path()).filter(|folder| {
        fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("ejabberd-"))
    });
    let found = candidates.next();
    found.map_or_else(String::new, |folder| folder.to_string_lossy().into_owned())
}
