//! Time and randomness, injected: nothing else in the project reads a clock or draws a random number, so that
//! whole-server tests run in virtual time and repeat exactly.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::Text;

/// Where time comes from.
pub trait Clock: Send + Sync {
    /// The wall clock, for stamps that others read.
    fn now(&self) -> Timestamp;
    /// Time since some fixed point that never goes back, for time-outs.
    fn monotonic(&self) -> Duration;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

/// Where randomness comes from.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);

    /// 128 random bits as 32 hexadecimal digits: ids, resources, nonces.
    fn token(&self) -> Text {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut bits = [0; 16];
        self.fill(&mut bits);
        let mut token = String::with_capacity(32);
        for byte in bits {
            token.push(char::from(DIGITS[usize::from(byte >> 4)]));
            token.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        Text::from(token)
    }
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    /// # Panics
    /// When the operating system has no randomness to give: nothing secure can go on without it.
    #[allow(clippy::panic)]
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            panic!("the operating system gives no randomness: {error}");
        }
    }
}

/// A repeatable generator for tests. Never for secrets: its whole state is 64 bits.
#[derive(Debug)]
pub struct SeededRandom(AtomicU64);

impl SeededRandom {
    /// A generator whose output depends on `seed` alone.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next 64 bits (splitmix64).
    pub fn next_u64(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next_u64().to_le_bytes();
            for (byte, random) in chunk.iter_mut().zip(word) {
                *byte = random;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_randomness_repeats_and_the_systems_does_not() {
        let draw = |random: &dyn Random| (random.token(), random.token());
        let (first, second) = draw(&SeededRandom::new(7));
        assert_eq!((first.clone(), second.clone()), draw(&SeededRandom::new(7)));
        assert_ne!(first, second);
        assert_ne!(first, SeededRandom::new(8).token());
        let (first, second) = draw(&SystemRandom);
        assert_ne!(first, second);
        assert!(first.len() == 32 && first.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn monotonic_time_does_not_go_back() {
        let before = SystemClock.monotonic();
        assert!(SystemClock.monotonic() >= before);
        assert!(SystemClock.now() > Timestamp::UNIX_EPOCH);
    }
}
