//! Any bytes as an address: `cargo +nightly fuzz run jid`.

#![no_main]

#[path = "../../runtime/wire/tests/checks/mod.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::jid(data));
