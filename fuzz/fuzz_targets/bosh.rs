//! Any bytes as a request of BOSH: `fuzz/run 60 bosh`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sestina_session::bosh::checks::body(data));
