//! What broke other servers, tried on ours: the error that the RFC names comes back, others are served meanwhile, and the
//! memory stays within its bound.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::path::Path;

use sestina_interop::sestina::Sestina;
use sestina_interop::{ready, slixmpp};

/// Short times, so that nobody waits long for what has to take too long.
const SETTINGS: &str = "[limits]\nlogin = \"3s\"\nslow_reader = \"1s\"\n";

#[test]
fn attacks_on_streams() {
    let python = ready!("hostile input", slixmpp::installed());
    let server = Sestina::start(
        Path::new(env!("CARGO_BIN_EXE_sestina")),
        "capulet.example",
        &[("romeo", "secret-1"), ("juliet", "secret-2")],
        SETTINGS,
    )
    .unwrap();
    let pid = server.process.id().to_string();
    let options = ["--table", "--pid", &pid];
    match python.run_with("hostile.py", &server.peer, &options, 300) {
        Ok(table) => println!("{table}"),
        Err(error) => panic!("{error}\n\nthe server's log:\n{}", server.process.output()),
    }
}
