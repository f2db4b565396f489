//! Any bytes into every generated type: `fuzz/run 60 types`.

#![no_main]

use sestina_types::testing::TYPES;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Err(why) = sestina_wire::testing::fuzz(TYPES, data) {
        panic!("{why}");
    }
});
