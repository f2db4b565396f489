//! Skipping over text quickly: eight bytes at a time, in plain arithmetic.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// High bits set at bytes that equal the byte in `pattern`; exact for the lowest of them.
#[inline]
const fn equals(word: u64, pattern: u64) -> u64 {
    let x = word ^ pattern;
    x.wrapping_sub(ONES) & !x & HIGH
}

/// High bits set at bytes below 0x20; exact for the lowest of them.
#[inline]
const fn controls(word: u64) -> u64 {
    word.wrapping_sub(ONES * 0x20) & !word & HIGH
}

#[inline]
const fn pattern(byte: u8) -> u64 {
    ONES * byte as u64
}

/// The first byte from `at` on that text between tags does not simply go on with: `<`, `&`, `>`, or a control character.
#[inline]
pub(crate) fn text(data: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = data.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let hits = equals(word, pattern(b'<'))
            | equals(word, pattern(b'&'))
            | equals(word, pattern(b'>'))
            | controls(word);
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = data.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .position(|&b| b < 0x20 || matches!(b, b'<' | b'&' | b'>'))
        .unwrap_or(rest.len())
}

/// The first byte from `at` on that an attribute value does not simply go on with: its quote, `<`, `&`, or a control character.
#[inline]
pub(crate) fn value(data: &[u8], mut at: usize, quote: u8) -> usize {
    let quotes = pattern(quote);
    while let Some(chunk) = data.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let hits = equals(word, quotes)
            | equals(word, pattern(b'<'))
            | equals(word, pattern(b'&'))
            | controls(word);
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = data.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .position(|&b| b < 0x20 || b == quote || matches!(b, b'<' | b'&'))
        .unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_plain_loop(data in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'a'), Just(b' ')], 0..64), at in 0usize..64) {
            let at = at.min(data.len());
            let plain = |stop: &dyn Fn(u8) -> bool| at + data[at..].iter().position(|&b| stop(b)).unwrap_or(data.len() - at);
            prop_assert_eq!(text(&data, at), plain(&|b| b < 0x20 || matches!(b, b'<' | b'&' | b'>')));
            for quote in [b'\'', b'"'] {
                prop_assert_eq!(value(&data, at, quote), plain(&|b| b < 0x20 || b == quote || matches!(b, b'<' | b'&')));
            }
        }
    }
}
