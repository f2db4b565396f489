//! Clients written by others against our server, and what happens to clients that get it wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use sestina_interop::sestina::Sestina;
use sestina_interop::{profanity, ready, slixmpp};

const BINARY: &str = env!("CARGO_BIN_EXE_sestina");
const ACCOUNTS: &[(&str, &str)] = &[("romeo", "secret-1"), ("juliet", "secret-2")];

fn start(settings: &str) -> Sestina {
    Sestina::start(Path::new(BINARY), "capulet.example", ACCOUNTS, settings)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Runs a script, and shows the server's log when it fails.
fn script(python: &slixmpp::Python, name: &str, server: &Sestina) {
    if let Err(error) = python.run(name, &server.peer, 120) {
        panic!("{error}\n\nthe server's log:\n{}", server.process.output());
    }
}

#[test]
fn slixmpp_conversation() {
    let python = ready!("slixmpp conversation", slixmpp::installed());
    script(&python, "conversation.py", &start(""));
}

#[test]
fn slixmpp_resumes_its_session() {
    let python = ready!("slixmpp, cut connections", slixmpp::installed());
    script(&python, "resume.py", &start(""));
}

#[test]
fn slixmpp_sees_what_its_other_client_does() {
    let python = ready!("slixmpp, carbons", slixmpp::installed());
    script(&python, "carbons.py", &start(""));
}

#[test]
fn what_clients_get_wrong() {
    let python = ready!("errors", slixmpp::installed());
    script(&python, "errors.py", &start(""));
}

#[test]
fn slixmpp_registers_an_account() {
    let python = ready!("slixmpp register", slixmpp::installed());
    let server = start("[plugins.\"xep-0077\"]\nenabled = true\n");
    if let Err(error) = python.run_as("register.py", &server.peer, [("tybalt", "secret-3")], 90) {
        panic!("{error}\n\nthe server's log:\n{}", server.process.output());
    }
}

#[test]
fn offline_messages_survive_kill_9() {
    let python = ready!("slixmpp, killed server", slixmpp::installed());
    let mut server = start("");
    python
        .run("leave_message.py", &server.peer, 60)
        .unwrap_or_else(|error| panic!("{error}"));
    server.restart("KILL").unwrap();
    python
        .run("collect_message.py", &server.peer, 60)
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn removing_an_account_ends_its_sessions() {
    let python = ready!("slixmpp, removed account", slixmpp::installed());
    let server = start("");
    let mut waiting = python.start("wait_for_end.py", &server.peer).unwrap();
    waiting
        .wait_for("logged in", 30)
        .unwrap_or_else(|error| panic!("{error}\n{}", server.process.output()));
    let told = server
        .user(&["remove", "romeo@capulet.example"], "")
        .unwrap();
    assert!(told.contains("ended its session"), "{told}");
    waiting
        .finish(30)
        .unwrap_or_else(|error| panic!("{error}\n{}", server.process.output()));
}

#[test]
fn profanity_conversation() {
    ready!("profanity", profanity::installed());
    let server = start("");
    if let Err(error) = profanity::conversation(&server.peer) {
        panic!("{error}\n\nthe server's log:\n{}", server.process.output());
    }
}

#[test]
fn two_hosts_keep_their_accounts_apart() {
    let python = ready!("slixmpp, two hosts", slixmpp::installed());
    let server = Sestina::start_hosts(
        Path::new(BINARY),
        &["capulet.example", "montague.example"],
        &[
            ("romeo", "secret-1"),
            ("romeo@montague.example", "secret-2"),
        ],
        "",
    )
    .unwrap_or_else(|error| panic!("{error}"));
    script(&python, "two_hosts.py", &server);
}
