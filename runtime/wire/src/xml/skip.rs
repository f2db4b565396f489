//! Skipping over text quickly: eight bytes at a time in plain arithmetic, and where a text is long, many at a time in a
//! loop that compilers turn into vector instructions.

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

/// Bytes that are looked at together where a text is long.
const WIDE: usize = 32;

/// Texts are mostly shorter than this: it does not pay to look at many bytes at once before.
const SHORT: usize = 24;

/// Goes on over all chunks in which no byte is special.
#[inline]
fn wide(data: &[u8], mut at: usize, special: impl Fn(u8) -> bool) -> usize {
    while let Some(chunk) = data.get(at..).and_then(|rest| rest.first_chunk::<WIDE>()) {
        // No early exit: that is what keeps it a vector loop.
        let hit = chunk
            .iter()
            .fold(0, |hit, &byte| hit | u8::from(special(byte)));
        if hit != 0 {
            break;
        }
        at += WIDE;
    }
    at
}

/// The first byte from `at` on that text between tags does not simply go on with: `<`, `&`, `>`, or a control character.
#[inline]
pub(crate) fn text(data: &[u8], mut at: usize) -> usize {
    let long = at + SHORT;
    let mut tried = false;
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
        if at >= long && !tried {
            at = wide(data, at, |b| {
                (b < 0x20) | (b == b'<') | (b == b'&') | (b == b'>')
            });
            tried = true;
        }
    }
    let rest = data.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .position(|&b| b < 0x20 || matches!(b, b'<' | b'&' | b'>'))
        .unwrap_or(rest.len())
}

/// The byte means something in both places, or XML has no way to say it.
const ANYWHERE: u8 = 1;
/// The byte means something in attributes.
const IN_ATTRIBUTE: u8 = 2;

/// Where a byte cannot be written as it is.
static SPECIAL: [u8; 256] = {
    let mut special = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        special[byte] = ANYWHERE;
        byte += 1;
    }
    special[b'\t' as usize] = IN_ATTRIBUTE;
    special[b'\n' as usize] = IN_ATTRIBUTE;
    special[b'\'' as usize] = IN_ATTRIBUTE;
    special[b'&' as usize] = ANYWHERE;
    special[b'<' as usize] = ANYWHERE;
    special[b'>' as usize] = ANYWHERE;
    special[0xEF] = ANYWHERE;
    special
};

/// The first byte from `at` on that cannot be written as it is: `<`, `&`, `>`, a control character (in text TAB and LF can),
/// the first byte of U+FFFE and U+FFFF, and in an attribute `'`.
#[inline]
pub(crate) fn unescaped<const ATTRIBUTE: bool>(data: &[u8], at: usize) -> usize {
    let mask = if ATTRIBUTE {
        ANYWHERE | IN_ATTRIBUTE
    } else {
        ANYWHERE
    };
    let special = |&byte: &u8| SPECIAL[usize::from(byte)] & mask != 0;
    // What is written is mostly short: there a table is quickest.
    let rest = data.get(at..).unwrap_or_default();
    let (near, far) = rest.split_at(rest.len().min(WIDE));
    if let Some(found) = near.iter().position(special) {
        return at + found;
    }
    if far.is_empty() {
        return data.len();
    }
    let at = wide(data, at + WIDE, |b| {
        (b < 0x20)
            | (b == b'<')
            | (b == b'&')
            | (b == b'>')
            | (b == 0xEF)
            | (ATTRIBUTE & (b == b'\''))
    });
    let rest = data.get(at..).unwrap_or_default();
    at + rest.iter().position(special).unwrap_or(rest.len())
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
        fn agrees_with_the_plain_loop(data in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'a'), Just(b' '), Just(b'x'), Just(b'y'), Just(b'z')], 0..200), at in 0usize..64) {
            let at = at.min(data.len());
            let plain = |stop: &dyn Fn(u8) -> bool| at + data[at..].iter().position(|&b| stop(b)).unwrap_or(data.len() - at);
            prop_assert_eq!(text(&data, at), plain(&|b| b < 0x20 || matches!(b, b'<' | b'&' | b'>')));
            let special = |b| b < 0x20 || matches!(b, b'<' | b'&' | b'>' | 0xEF);
            prop_assert_eq!(unescaped::<false>(&data, at), plain(&|b| special(b) && b != b'\t' && b != b'\n'));
            prop_assert_eq!(unescaped::<true>(&data, at), plain(&|b| special(b) || b == b'\''));
            for quote in [b'\'', b'"'] {
                prop_assert_eq!(value(&data, at, quote), plain(&|b| b < 0x20 || b == quote || matches!(b, b'<' | b'&')));
            }
        }
    }
}
