//! The hash functions of SCRAM and what is computed with them.

use hmac::{Hmac, KeyInit, Mac};
use pbkdf2::pbkdf2;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

/// A hash function that SCRAM is used with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hash {
    /// SHA-1 (RFC 5802).
    Sha1,
    /// SHA-256 (RFC 7677).
    Sha256,
    /// SHA-512, as registered with IANA.
    Sha512,
}

impl Hash {
    /// All of them, the weakest first.
    pub const ALL: [Hash; 3] = [Hash::Sha1, Hash::Sha256, Hash::Sha512];

    /// The mechanism without channel binding, by which keys are kept.
    pub const fn scram(self) -> &'static str {
        match self {
            Hash::Sha1 => "SCRAM-SHA-1",
            Hash::Sha256 => "SCRAM-SHA-256",
            Hash::Sha512 => "SCRAM-SHA-512",
        }
    }

    /// The task that makes its keys (XEP-0480 §3).
    pub const fn upgrade(self) -> &'static str {
        match self {
            Hash::Sha1 => "UPGR-SCRAM-SHA-1",
            Hash::Sha256 => "UPGR-SCRAM-SHA-256",
            Hash::Sha512 => "UPGR-SCRAM-SHA-512",
        }
    }

    /// Bytes of its results.
    pub const fn size(self) -> usize {
        match self {
            Hash::Sha1 => 20,
            Hash::Sha256 => 32,
            Hash::Sha512 => 64,
        }
    }

    /// `H(message)`.
    pub(crate) fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha1 => Sha1::digest(message).to_vec(),
            Hash::Sha256 => Sha256::digest(message).to_vec(),
            Hash::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    /// `HMAC(key, parts)`, the parts one after the other.
    pub(crate) fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Hash::Sha1 => mac::<Hmac<Sha1>>(key, parts),
            Hash::Sha256 => mac::<Hmac<Sha256>>(key, parts),
            Hash::Sha512 => mac::<Hmac<Sha512>>(key, parts),
        }
    }

    /// `SaltedPassword` (RFC 5802 §3). Takes milliseconds.
    pub(crate) fn salted(
        self,
        password: &[u8],
        salt: &[u8],
        iterations: u32,
    ) -> Zeroizing<Vec<u8>> {
        let mut salted = Zeroizing::new(vec![0; self.size()]);
        let made = match self {
            Hash::Sha1 => pbkdf2::<Hmac<Sha1>>(password, salt, iterations, &mut salted),
            Hash::Sha256 => pbkdf2::<Hmac<Sha256>>(password, salt, iterations, &mut salted),
            Hash::Sha512 => pbkdf2::<Hmac<Sha512>>(password, salt, iterations, &mut salted),
        };
        // HMAC takes passwords of every length.
        debug_assert!(made.is_ok());
        salted
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = match M::new_from_slice(key) {
        Ok(mac) => mac,
        // HMAC takes keys of every length.
        Err(_) => return Vec::new(),
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}
