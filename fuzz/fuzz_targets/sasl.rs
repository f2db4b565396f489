//! Any bytes as messages of SASL: `fuzz/run 60 sasl`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sestina_session::sasl::checks::messages(data));
