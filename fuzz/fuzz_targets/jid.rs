//! Any bytes as an address: `fuzz/run 60 jid`.

#![no_main]

#[path = "../../runtime/wire/tests/checks/mod.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::jid(data));
