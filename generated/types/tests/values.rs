//! For every type of every specification: any value is written, read and found equal; any damaged document is read or refused,
//! never a panic; the strict mode answers as well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sestina_types::testing::TYPES;
use sestina_wire::Frame;
use sestina_wire::strict::Rules;
use sestina_wire::testing::{Source, damage, fuzz};

/// Bytes that look random and are the same in every run (xorshift).
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn values_survive_being_written() {
    assert!(TYPES.len() > 30, "{} types", TYPES.len());
    let mut wrong = Vec::new();
    for (number, ty) in TYPES.iter().enumerate() {
        for seed in 0..30 {
            // Short ones make small values, the empty one the smallest there is.
            let bytes = noise(seed * 1_000 + number as u64, seed as usize * 16);
            if let Err(why) = ty.property(&mut Source::new(&bytes)) {
                wrong.push(why);
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn damaged_documents_are_read_or_refused() {
    let rules = Rules::of(sestina_types::RULES.iter().copied()).unwrap();
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for (number, ty) in TYPES.iter().enumerate() {
        for seed in 0..40 {
            let bytes = noise(seed * 1_000 + number as u64 + 7, 400);
            let mut source = Source::new(&bytes);
            let Ok(written) = ty.property(&mut source) else {
                break;
            };
            let bytes = noise(seed * 1_000 + number as u64 + 8, 100);
            let text = damage(&written.to_document(), &mut Source::new(&bytes));
            if let Err(why) = ty.document(&text) {
                wrong.push(format!("{why}\nin {text}"));
                break;
            }
            if let Ok(frame) = Frame::parse(text) {
                refused += u32::from(rules.check(frame.root()).is_err());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(refused > 0, "the strict mode refused nothing at all");
}

/// What the fuzz target `types` does, without a fuzzer's guidance. With `SESTINA_FUZZ_SECONDS=60` it goes on for so long.
#[test]
fn any_bytes_do_for_the_fuzzer() {
    let seconds = std::env::var("SESTINA_FUZZ_SECONDS").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok());
    let end = std::time::Instant::now() + std::time::Duration::from_secs(seconds.unwrap_or(0));
    let mut seed = 0;
    while seed < 300 || std::time::Instant::now() < end {
        fuzz(TYPES, &noise(seed + 99, 200 + seed as usize % 1_000)).unwrap();
        seed += 1;
    }
    fuzz(TYPES, b"").unwrap();
    fuzz(&[], b"abc").unwrap();
}
