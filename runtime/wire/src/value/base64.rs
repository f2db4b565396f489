//! Bytes as text.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

use super::{FromText, TextWriter, ToText, ValueError, is_space};
use crate::Text;

/// Written with padding, read with or without.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Bytes written in base64 (RFC 4648 §4). White space inside is skipped when reading.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Base64(pub Bytes);

impl FromText for Base64 {
    fn from_text(text: Text) -> Result<Self, ValueError> {
        let decoded = if text.contains(is_space) {
            ENGINE.decode(text.split(is_space).collect::<String>())
        } else {
            ENGINE.decode(text.as_bytes())
        };
        decoded
            .map(|bytes| Self(bytes.into()))
            .map_err(|_| ValueError::new("base64"))
    }
}

impl ToText for Base64 {
    fn to_text(&self, out: &mut TextWriter<'_>) {
        // In thirds, so that nothing is allocated; 768 is a multiple of three, so padding comes at the end only.
        let mut block = [0; 1024];
        for chunk in self.0.chunks(768) {
            let written = ENGINE.encode_slice(chunk, &mut block).unwrap_or(0);
            let text = block
                .get(..written)
                .and_then(|bytes| std::str::from_utf8(bytes).ok());
            out.push_plain(text.unwrap_or_default());
        }
    }
}

impl From<Vec<u8>> for Base64 {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl AsRef<[u8]> for Base64 {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Bytes written as hexadecimal digits; lower case when writing, either when reading.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Hex(pub Bytes);

impl FromText for Hex {
    fn from_text(text: Text) -> Result<Self, ValueError> {
        let error = || ValueError::new("hexadecimal digits in pairs");
        let digits = text.trim_matches(is_space).as_bytes();
        let (pairs, rest) = digits.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(error());
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|d| d as u8);
        let bytes: Option<Vec<u8>> = pairs
            .iter()
            .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
            .collect();
        bytes.map(|bytes| Self(bytes.into())).ok_or_else(error)
    }
}

impl ToText for Hex {
    fn to_text(&self, out: &mut TextWriter<'_>) {
        use std::fmt::Write as _;
        for byte in &self.0 {
            // Writing into memory does not fail.
            let _ = write!(out, "{byte:02x}");
        }
    }
}

impl From<Vec<u8>> for Hex {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_round_trips_at_every_length() {
        for length in [0, 1, 2, 3, 767, 768, 769, 2000] {
            let value = Base64((0..length).map(|n| n as u8).collect::<Vec<_>>().into());
            assert_eq!(Base64::from_text(value.to_text_value()).unwrap(), value);
        }
    }

    #[test]
    fn base64_skips_space_and_lacks_padding() {
        assert_eq!(Base64::from_text("Zm 9v\nYg".into()).unwrap().0, "foob");
        assert!(Base64::from_text("Zm9*".into()).is_err());
    }

    #[test]
    fn hex_reads_both_cases() {
        assert_eq!(Hex::from_text("0aFF".into()).unwrap().0[..], [0x0a, 0xff]);
        assert_eq!(Hex::from(vec![0x0a, 0xff]).to_text_value(), "0aff");
        assert!(Hex::from_text("0af".into()).is_err());
        assert!(Hex::from_text("zz".into()).is_err());
    }
}
