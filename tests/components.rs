//! Components of others behind our server, and ours behind another.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use sestina::session::component::{Component, ComponentConfig};
use sestina::session::mux::Empty;
use sestina::types::xep_0030::info;
use sestina::types::xep_0199::Ping;
use sestina::wire::{BareJid, Jid};
use sestina_interop::process::{free_port, listens};
use sestina_interop::prosody::{self, Prosody};
use sestina_interop::sestina::Sestina;
use sestina_interop::{ready, slixmpp};

const BINARY: &str = env!("CARGO_BIN_EXE_sestina");

#[test]
fn slixmpp_component_talks_with_a_slixmpp_client() {
    let python = ready!("slixmpp component", slixmpp::installed());
    let port = free_port().unwrap();
    let settings = format!(
        "listen_components = [\"127.0.0.1:{port}\"]\n[components.\"echo.capulet.example\"]\nsecret = \"between us\"\n"
    );
    let accounts = &[("romeo", "secret-1")];
    let server = Sestina::start(Path::new(BINARY), "capulet.example", accounts, &settings).unwrap();
    let arguments = [
        "--component",
        "echo.capulet.example:between us",
        "--component-port",
        &port.to_string(),
    ];
    if let Err(error) = python.run_with("component.py", &server.peer, &arguments, 90) {
        panic!("{error}\n\nthe server's log:\n{}", server.process.output());
    }
}

#[test]
fn slixmpp_component_acts_for_accounts_and_answers_for_the_server() {
    let python = ready!("slixmpp component with privileges", slixmpp::installed());
    let port = free_port().unwrap();
    let settings = format!(
        "listen_components = [\"127.0.0.1:{port}\"]\n[components.\"echo.capulet.example\"]\nsecret = \"between us\"\n\
         [plugins.\"xep-0356\"]\ngrants = [\"echo.capulet.example roster=both message=outgoing presence=roster iq:urn:xmpp:ping=get\"]\n\
         [plugins.\"xep-0355\"]\ndelegated = [\"echo.capulet.example urn:example:weather\"]\n"
    );
    let accounts = &[("romeo", "secret-1"), ("juliet", "secret-2")];
    let server = Sestina::start(Path::new(BINARY), "capulet.example", accounts, &settings).unwrap();
    let arguments = [
        "--component",
        "echo.capulet.example:between us",
        "--component-port",
        &port.to_string(),
    ];
    if let Err(error) = python.run_with("privileges.py", &server.peer, &arguments, 90) {
        panic!("{error}\n\nthe server's log:\n{}", server.process.output());
    }
}

#[test]
fn slixmpp_as_an_app_server_is_called_while_a_client_sleeps() {
    let python = ready!("slixmpp app server", slixmpp::installed());
    let told = "[plugins.\"xep-0357\"]\ninclude_sender = true\ninclude_body = true\n";
    for (settings, told) in [("", None), (told, Some("--told"))] {
        let port = free_port().unwrap();
        let settings = format!(
            "listen_components = [\"127.0.0.1:{port}\"]\n[components.\"push.capulet.example\"]\nsecret = \"between us\"\n{settings}"
        );
        let accounts = &[("romeo", "secret-1"), ("juliet", "secret-2")];
        let server =
            Sestina::start(Path::new(BINARY), "capulet.example", accounts, &settings).unwrap();
        let port = port.to_string();
        let mut arguments = vec![
            "--component",
            "push.capulet.example:between us",
            "--component-port",
            &port,
        ];
        arguments.extend(told);
        if let Err(error) = python.run_with("push.py", &server.peer, &arguments, 90) {
            panic!("{error}\n\nthe server's log:\n{}", server.process.output());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_component_joins_prosody() {
    ready!("prosody: our component", prosody::installed());
    let port = free_port().unwrap();
    let global =
        format!("component_ports = {{ {port} }}\ncomponent_interfaces = {{ \"127.0.0.1\" }}");
    let last = "Component \"echo.capulet.example\"\n component_secret = \"between us\"\n";
    let mut server = Prosody::start_extended("capulet.example", &[], &global, last).unwrap();
    let waited = server
        .process
        .wait_until(20, "components", |_| listens(port));
    waited.unwrap_or_else(|error| panic!("{error}"));
    let config = ComponentConfig::new("echo.capulet.example", "between us", "127.0.0.1", port)
        .unwrap()
        .plugins(|host| sestina::profiles::component::plugins(&Default::default(), host));
    let (component, _events) = Component::connect(config).await.unwrap_or_else(|error| {
        panic!("{error}\n\n{}", server.process.output());
    });
    let prosody = Jid::parse("capulet.example").unwrap();
    component
        .get::<Empty>(&prosody, &Ping::default())
        .await
        .unwrap();
    // Itself, through Prosody: asked as others ask it.
    let own = BareJid::parse("echo.capulet.example").unwrap().into_jid();
    let about: info::Query = component.get(&own, &info::Query::default()).await.unwrap();
    assert!(
        about
            .features
            .iter()
            .any(|feature| &*feature.var == "urn:xmpp:ping")
    );
    component.close().await;
}
