//! Any bytes as a request of BOSH: `cargo +nightly fuzz run bosh`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sestina_session::bosh::checks::body(data));
