//! Any bytes into the stream reader: `fuzz/run 60 reader`.

#![no_main]

#[path = "../../runtime/wire/tests/checks/mod.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::reader(data));
