//! Prosody from Debian, on a free port with a folder of its own.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::Failure;
use crate::certificate;
use crate::peer::{Account, Peer};
use crate::process::{Process, free_port, listens};
use crate::setup::{self, Skip};

/// Where Prosody 0.12 does otherwise than the RFCs say, so that the scripts can be tried on it all the same.
const DEVIATIONS: &[&str] = &[
    "presence-after-removal=kept",
    "foreign-authzid={urn:ietf:params:xml:ns:xmpp-sasl}success",
    "message-before-login=nothing",
    "presence-before-login=nothing",
    "iq-before-login=nothing",
    "stanza-before-bind=nothing",
    "second-bind=service-unavailable",
    "malformed-resource=accepted",
    "spoofed-from=nothing",
    "comment=not-well-formed",
    "processing-instruction=not-well-formed",
    "doctype=not-well-formed",
    "comment-before-login=not-well-formed",
    "wrong-content-namespace=nothing",
    "many-attempts=fifty guesses allowed",
];

/// A running Prosody; ends with this value.
#[derive(Debug)]
pub struct Prosody {
    /// Where to connect.
    pub peer: Peer,
    /// The process, for measurements.
    pub process: Process,
    /// The port for direct TLS on 127.0.0.1, where TLS is on.
    pub direct_tls: u16,
    /// The port of WebSocket and BOSH over TLS on 127.0.0.1, where TLS is on.
    pub https: u16,
    folder: TempDir,
}

/// Makes sure that Prosody is installed.
pub fn installed() -> Result<(), Skip> {
    // Where Prosody finds no libunbound it has a resolver of its own, which asks the network and not our files.
    let unbound = format!(
        "/usr/lib/{}-linux-gnu/lua/5.4/lunbound.so",
        std::env::consts::ARCH
    );
    setup::packages(&[("prosody", "prosody"), (&unbound, "lua-unbound")])
}

impl Prosody {
    /// Starts Prosody with one domain and these accounts (name, password).
    pub fn start(domain: &str, accounts: &[(&str, &str)]) -> Result<Prosody, Failure> {
        Prosody::start_with(domain, accounts, true)
    }

    /// As [`start`](Prosody::start), with lines added to its configuration: to what holds for all hosts, and at its end.
    pub fn start_extended(
        domain: &str,
        accounts: &[(&str, &str)],
        global: &str,
        last: &str,
    ) -> Result<Prosody, Failure> {
        Prosody::start_from(domain, accounts, true, (global, last), None)
    }

    /// As [`start_extended`](Prosody::start_extended), with a certificate made elsewhere.
    pub fn start_certified(
        domain: &str,
        accounts: &[(&str, &str)],
        global: &str,
        made: &certificate::Made,
    ) -> Result<Prosody, Failure> {
        Prosody::start_from(domain, accounts, true, (global, ""), Some(made))
    }

    /// As [`start`](Prosody::start); without TLS when `tls` is false, for measurements on plain streams.
    pub fn start_with(
        domain: &str,
        accounts: &[(&str, &str)],
        tls: bool,
    ) -> Result<Prosody, Failure> {
        Prosody::start_from(domain, accounts, tls, ("", ""), None)
    }

    fn start_from(
        domain: &str,
        accounts: &[(&str, &str)],
        tls: bool,
        (global, last): (&str, &str),
        made: Option<&certificate::Made>,
    ) -> Result<Prosody, Failure> {
        let folder = tempfile::Builder::new().prefix("prosody-").tempdir()?;
        let path = folder.path();
        match made {
            Some(made) => {
                made.write(path)?;
                // Under these names it is found for ports where TLS comes first.
                fs::write(path.join(format!("{domain}.crt")), &made.certificate)?;
                fs::write(path.join(format!("{domain}.key")), &made.key)?;
            }
            None => certificate::write(path, &[domain])?,
        }
        fs::create_dir(path.join("data"))?;
        let (port, direct_tls, https) = (free_port()?, free_port()?, free_port()?);
        let ports = [port, direct_tls, https];
        let config = path.join("prosody.cfg.lua");
        let text = configuration(path, domain, ports, tls);
        let text = text.replace("VirtualHost", &format!("{global}\nVirtualHost")) + last;
        fs::write(&config, text)?;
        // Prosody hashes these passwords as soon as they are used; `prosodyctl` would take a quarter of a second for each.
        let stored = path
            .join("data")
            .join(domain.replace('.', "%2e"))
            .join("accounts");
        fs::create_dir_all(&stored)?;
        for (name, password) in accounts {
            fs::write(
                stored.join(format!("{name}.dat")),
                format!("return {{ [\"password\"] = \"{password}\" }};\n"),
            )?;
        }
        let mut command = Command::new("prosody");
        command.arg("-F").arg("--config").arg(&config);
        let mut process = Process::start(&mut command, &path.join("prosody.log"))?;
        process.wait_until(20, "Prosody listening", |_| listens(port))?;
        let certificate = path.join("cert.pem");
        let peer = Peer {
            software: "prosody",
            port,
            domain: domain.to_owned(),
            certificate,
            accounts: Account::all(accounts),
            deviations: DEVIATIONS,
        };
        Ok(Prosody {
            peer,
            process,
            direct_tls,
            https,
            folder,
        })
    }

    /// Its folder: configuration, data, log.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn configuration(path: &Path, domain: &str, ports: [u16; 3], tls: bool) -> String {
    let path = path.display();
    let [port, direct_tls, https] = ports;
    let (tls_module, secure_ports) = if tls {
        let names = format!("key = \"{path}/key.pem\"; certificate = \"{path}/cert.pem\"");
        let ports = format!(
            "c2s_direct_tls_ports = {{ {direct_tls} }}\nc2s_direct_tls_ssl = {{ {names} }}\n\
             https_ports = {{ {https} }}\nhttps_interfaces = {{ \"127.0.0.1\" }}\nhttps_ssl = {{ {names} }}"
        );
        ("\"tls\"; \"bosh\"; \"websocket\"; ", ports)
    } else {
        let none = "c2s_direct_tls_ports = { }\nhttps_ports = { }";
        ("", none.to_owned())
    };
    format!(
        r#"run_as_root = true
data_path = "{path}/data"
pidfile = "{path}/prosody.pid"
certificates = "{path}"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
{secure_ports}
http_ports = {{ }}
s2s_ports = {{ }}
modules_enabled = {{ {tls_module}"roster"; "saslauth"; "disco"; "ping"; "version"; "register"; "offline"; "presence"; "message"; "iq"; "smacks" }}
modules_disabled = {{ "s2s" }}
allow_registration = {tls}
authentication = "internal_hashed"
password_hash = "SHA-256"
c2s_require_encryption = {tls}
allow_unencrypted_plain_auth = {plain}
log = {{ warn = "*console" }}
VirtualHost "{domain}"
ssl = {{ key = "{path}/key.pem"; certificate = "{path}/cert.pem" }}
"#,
        plain = !tls,
    )
}
