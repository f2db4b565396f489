//! The harness tried on Prosody: what the scripts ask of a server, another server gives as well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sestina_interop::prosody::{self, Prosody};
use sestina_interop::{profanity, ready, slixmpp};

const ACCOUNTS: &[(&str, &str)] = &[("romeo", "secret-1"), ("juliet", "secret-2")];

#[test]
fn slixmpp_conversation() {
    let python = ready!("prosody: slixmpp conversation", slixmpp::installed());
    ready!("prosody: slixmpp conversation", prosody::installed());
    let server = Prosody::start("capulet.example", ACCOUNTS).unwrap();
    python
        .run("conversation.py", &server.peer, 120)
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn raw_errors() {
    let python = ready!("prosody: errors", slixmpp::installed());
    ready!("prosody: errors", prosody::installed());
    let server = Prosody::start("capulet.example", ACCOUNTS).unwrap();
    python
        .run("errors.py", &server.peer, 120)
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn slixmpp_register() {
    let python = ready!("prosody: slixmpp register", slixmpp::installed());
    ready!("prosody: slixmpp register", prosody::installed());
    let server = Prosody::start("capulet.example", &[]).unwrap();
    python
        .run_as("register.py", &server.peer, [("tybalt", "secret-3")], 90)
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn profanity_conversation() {
    ready!("prosody: profanity", profanity::installed());
    ready!("prosody: profanity", prosody::installed());
    let server = Prosody::start("capulet.example", ACCOUNTS).unwrap();
    profanity::conversation(&server.peer).unwrap_or_else(|error| panic!("{error}"));
}
