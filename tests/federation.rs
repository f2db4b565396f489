//! Our server and servers that others wrote, with accounts of both that speak with each other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

use sestina_interop::certificate::{Authority, Made};
use sestina_interop::ejabberd::{self, Ejabberd};
use sestina_interop::names::{self, Names};
use sestina_interop::peer::Peer;
use sestina_interop::process::free_port;
use sestina_interop::prosody::{self, Prosody};
use sestina_interop::sestina::Sestina;
use sestina_interop::{ready, slixmpp};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_sestina");
// libunbound answers `.test` by itself.
const OURS: &str = "sestina.fed.example";
const THEIRS: &str = "other.fed.example";

/// What both servers are told.
struct Plan {
    /// Where each listens for servers.
    ours: u16,
    theirs: u16,
    names: Names,
    /// Makes the certificates of both; in a test of dialback nobody believes it.
    authority: Authority,
    folder: TempDir,
}

impl Plan {
    fn new(service: &str) -> Plan {
        let (ours, theirs) = (free_port().unwrap(), free_port().unwrap());
        let names = Names::start(&[(service, OURS, ours), (service, THEIRS, theirs)]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new().unwrap();
        fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        authority.make(OURS).unwrap().write(folder.path()).unwrap();
        Plan {
            ours,
            theirs,
            names,
            authority,
            folder,
        }
    }

    fn path(&self, file: &str) -> String {
        self.folder.path().join(file).display().to_string()
    }

    /// Our server.
    fn start(&self, listen: &str, settings: &str) -> Sestina {
        let settings = format!(
            "certificate = {certificate:?}\nkey = {key:?}\n[federation]\n{listen}\nsystem_authorities = false\n\
             resolver = [\"127.0.0.1:{names}\"]\n{settings}\n",
            certificate = self.path("cert.pem"),
            key = self.path("key.pem"),
            names = self.names.port,
        );
        let accounts = &[("romeo", "secret-1")];
        let mut server = Sestina::start(Path::new(BINARY), OURS, accounts, &settings)
            .unwrap_or_else(|error| panic!("{error}"));
        server.peer.certificate = self.folder.path().join("ca.pem");
        server
    }

    fn made(&self) -> Made {
        self.authority.make(THEIRS).unwrap()
    }

    /// A Prosody that is part of the plan.
    fn prosody(&self, settings: &str) -> Prosody {
        let global = format!(
            "modules_enabled = {{ \"tls\"; \"roster\"; \"saslauth\"; \"disco\"; \"ping\"; \"presence\"; \"message\"; \"iq\"; \"s2s\"; \
             \"dialback\"; \"s2s_auth_certs\" }}\nmodules_disabled = {{ }}\nunbound = {{ resolvconf = false; hoststxt = false; \
             forward = \"127.0.0.1@{}\" }}\nlog = {{ debug = \"*console\" }}\ns2s_interfaces = {{ \"127.0.0.1\" }}\n\
             ssl = {{ cafile = {:?} }}\n{settings}",
            self.names.port,
            self.path("ca.pem"),
        );
        Prosody::start_certified(THEIRS, &[("juliet", "secret-2")], &global, &self.made()).unwrap()
    }

    /// The conversation; what went wrong, with the logs of both.
    fn talk(
        &self,
        python: &slixmpp::Python,
        ours: &Sestina,
        theirs: &Peer,
        log: impl Fn() -> String,
    ) {
        let other = format!(
            "{}:{THEIRS}:{}:juliet:secret-2",
            theirs.port,
            self.path("ca.pem")
        );
        if let Err(error) = python.run_with("federation.py", &ours.peer, &["--other", &other], 150)
        {
            panic!(
                "{error}\n\nour log:\n{}\n\ntheir log:\n{}",
                ours.process.output(),
                log()
            );
        }
    }
}

#[test]
fn with_prosody_by_dialback() {
    let python = ready!("federation, prosody, dialback", slixmpp::installed());
    ready!("federation, prosody, dialback", prosody::installed());
    ready!("federation, prosody, dialback", names::installed());
    let plan = Plan::new("_xmpp-server");
    // We believe no authority, and Prosody takes what none vouches for.
    let ours = plan.start(&format!("listen = [\"127.0.0.1:{}\"]", plan.ours), "");
    let settings = format!(
        "s2s_ports = {{ {} }}\ns2s_secure_auth = false\nssl = {{ }}",
        plan.theirs
    );
    let theirs = plan.prosody(&settings);
    plan.talk(&python, &ours, &theirs.peer, || theirs.process.output());
}

#[test]
fn with_prosody_by_certificates() {
    let python = ready!("federation, prosody, certificates", slixmpp::installed());
    ready!("federation, prosody, certificates", prosody::installed());
    ready!("federation, prosody, certificates", names::installed());
    let plan = Plan::new("_xmpp-server");
    let settings = format!(
        "authentication = \"certificate\"\nauthorities = [{:?}]\n[plugins.\"xep-0220\"]\nenabled = false",
        plan.path("ca.pem")
    );
    let ours = plan.start(
        &format!("listen = [\"127.0.0.1:{}\"]", plan.ours),
        &settings,
    );
    let settings = format!("s2s_ports = {{ {} }}\ns2s_secure_auth = true", plan.theirs);
    let theirs = plan.prosody(&settings);
    plan.talk(&python, &ours, &theirs.peer, || theirs.process.output());
}

#[test]
fn with_prosody_over_direct_tls() {
    let python = ready!("federation, prosody, direct TLS", slixmpp::installed());
    ready!("federation, prosody, direct TLS", prosody::installed());
    ready!("federation, prosody, direct TLS", names::installed());
    let plan = Plan::new("_xmpps-server");
    let settings = format!(
        "authentication = \"certificate\"\nauthorities = [{:?}]",
        plan.path("ca.pem")
    );
    let listen = format!("listen = []\nlisten_tls = [\"127.0.0.1:{}\"]", plan.ours);
    let ours = plan.start(&listen, &settings);
    let settings = format!(
        "s2s_ports = {{ }}\ns2s_direct_tls_ports = {{ {} }}\ns2s_direct_tls_interfaces = {{ \"127.0.0.1\" }}\n\
         s2s_secure_auth = true",
        plan.theirs
    );
    let theirs = plan.prosody(&settings);
    plan.talk(&python, &ours, &theirs.peer, || theirs.process.output());
}

fn with_ejabberd(name: &str, settings: impl Fn(&Plan) -> String) {
    let python = ready!(name, slixmpp::installed());
    ready!(name, ejabberd::installed());
    ready!(name, names::installed());
    let plan = Plan::new("_xmpp-server");
    let ours = plan.start(
        &format!("listen = [\"127.0.0.1:{}\"]", plan.ours),
        &settings(&plan),
    );
    let made = plan.made();
    let federation = ejabberd::Federation {
        port: plan.theirs,
        names: plan.names.port,
        certificate: &format!("{}{}", made.certificate, made.key),
        authorities: &plan.authority.pem(),
    };
    let theirs = Ejabberd::start(THEIRS, &[("juliet", "secret-2")], &federation)
        .unwrap_or_else(|error| panic!("{error}"));
    plan.talk(&python, &ours, &theirs.peer, || theirs.process.output());
}

#[test]
fn with_ejabberd_by_dialback() {
    with_ejabberd("federation, ejabberd, dialback", |_| String::new());
}

#[test]
fn with_ejabberd_by_certificates() {
    with_ejabberd("federation, ejabberd, certificates", |plan| {
        format!(
            "authentication = \"certificate\"\nauthorities = [{:?}]\n[plugins.\"xep-0220\"]\nenabled = false",
            plan.path("ca.pem")
        )
    });
}
