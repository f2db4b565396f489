//! Deriving and checking SCRAM keys (RFC 5802 §3).

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use hmac::{Hmac, Mac};
use sestina_storage::Secret;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::sasl::{AccountKeys, ScramKeys};

/// Rounds of PBKDF2 for new passwords.
pub const ITERATIONS: u32 = 10_000;

/// The keys of a password, with one salt for SHA-1 and one for SHA-256; `None` when SASLprep (RFC 4013) refuses it.
///
/// Takes milliseconds of CPU time: see [`ITERATIONS`].
pub fn derive(password: &str, salts: [[u8; 16]; 2]) -> Option<AccountKeys> {
    let password = prepare(password)?;
    let [sha1, sha256] = salts;
    Some(AccountKeys {
        sha1: Some(keys_sha1(password.as_bytes(), &sha1, ITERATIONS)),
        sha256: Some(keys_sha256(password.as_bytes(), &sha256, ITERATIONS)),
    })
}

/// Whether the keys are this password's. Takes as long when there are no keys.
pub fn verify(keys: &AccountKeys, password: &str) -> bool {
    let Some(password) = prepare(password) else {
        return false;
    };
    match (&keys.sha256, &keys.sha1) {
        (Some(stored), _) => same(
            stored,
            &keys_sha256(password.as_bytes(), &stored.salt, stored.iterations),
        ),
        (None, Some(stored)) => same(
            stored,
            &keys_sha1(password.as_bytes(), &stored.salt, stored.iterations),
        ),
        (None, None) => {
            let _ = std::hint::black_box(keys_sha256(password.as_bytes(), &[0; 16], ITERATIONS));
            false
        }
    }
}

/// Both keys are compared, so that neither can be forged from the other.
fn same(stored: &ScramKeys, made: &ScramKeys) -> bool {
    let stored_key = stored
        .stored_key
        .expose_secret()
        .ct_eq(made.stored_key.expose_secret());
    let server_key = stored
        .server_key
        .expose_secret()
        .ct_eq(made.server_key.expose_secret());
    (stored_key & server_key).into()
}

/// SASLprep as for a stored string; the empty password is refused too.
pub(crate) fn prepare(password: &str) -> Option<Zeroizing<String>> {
    let prepared = stringprep::saslprep(password).ok()?;
    (!prepared.is_empty()).then(|| Zeroizing::new(prepared.into_owned()))
}

/// `SaltedPassword` for SCRAM-SHA-1.
pub(crate) fn salted_sha1(password: &[u8], salt: &[u8], iterations: u32) -> Zeroizing<[u8; 20]> {
    let mut salted = Zeroizing::new([0; 20]);
    pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, iterations, salted.as_mut());
    salted
}

/// `SaltedPassword` for SCRAM-SHA-256.
pub(crate) fn salted_sha256(password: &[u8], salt: &[u8], iterations: u32) -> Zeroizing<[u8; 32]> {
    let mut salted = Zeroizing::new([0; 32]);
    pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, salted.as_mut());
    salted
}

fn keys_sha1(password: &[u8], salt: &[u8], iterations: u32) -> ScramKeys {
    let salted = salted_sha1(password, salt, iterations);
    let client_key = Zeroizing::new(hmac_sha1(salted.as_ref(), b"Client Key"));
    ScramKeys {
        iterations,
        salt: salt.to_vec(),
        stored_key: Secret::new(Sha1::digest(client_key.as_slice()).to_vec()),
        server_key: Secret::new(hmac_sha1(salted.as_ref(), b"Server Key")),
    }
}

fn keys_sha256(password: &[u8], salt: &[u8], iterations: u32) -> ScramKeys {
    let salted = salted_sha256(password, salt, iterations);
    let client_key = Zeroizing::new(hmac_sha256(salted.as_ref(), &[b"Client Key"]));
    ScramKeys {
        iterations,
        salt: salt.to_vec(),
        stored_key: Secret::new(Sha256::digest(client_key.as_slice()).to_vec()),
        server_key: Secret::new(hmac_sha256(salted.as_ref(), &[b"Server Key"])),
    }
}

fn hmac_sha1(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = match Hmac::<Sha1>::new_from_slice(key) {
        Ok(mac) => mac,
        // HMAC takes keys of every length.
        Err(_) => return Vec::new(),
    };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// HMAC-SHA-256 over the parts, one after the other.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => return Vec::new(),
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// Runs what computes for milliseconds on a thread where no connection waits for it.
///
/// Only as many at a time as the machine has processors: whoever tries passwords by the thousand waits in line and takes
/// no processor away from the others.
pub(crate) async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    static AT_A_TIME: LazyLock<Semaphore> = LazyLock::new(|| {
        Semaphore::new(std::thread::available_parallelism().map_or(2, NonZeroUsize::get))
    });
    let _permit = AT_A_TIME.acquire().await;
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        // The task is never cancelled, so this is a panic of `work`, and it stays one.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_rfc_examples() {
        use base64::prelude::{BASE64_STANDARD, Engine as _};
        // RFC 5802 §5 and RFC 7677 §3: password "pencil"; the server signature of the example proves the server key.
        let salt = BASE64_STANDARD.decode("QSXCR+Q6sek8bf92").unwrap();
        let keys = keys_sha1(b"pencil", &salt, 4096);
        let auth = "n=user,r=fyko+d2lbbFgONRv9qkxdawL,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,\
                    s=QSXCR+Q6sek8bf92,i=4096,c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j";
        let signature = hmac_sha1(keys.server_key.expose_secret(), auth.as_bytes());
        assert_eq!(
            BASE64_STANDARD.encode(signature),
            "rmF9pqV8S7suAoZWja4dJRkFsKQ="
        );

        let salt = BASE64_STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let keys = keys_sha256(b"pencil", &salt, 4096);
        let auth = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                    s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,\
                    r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let signature = hmac_sha256(keys.server_key.expose_secret(), &[auth.as_bytes()]);
        assert_eq!(
            BASE64_STANDARD.encode(signature),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        );
    }

    #[test]
    fn a_password_verifies_against_its_own_keys_only() {
        let keys = derive("r0m30myr0m30", [[1; 16], [2; 16]]).unwrap();
        assert!(verify(&keys, "r0m30myr0m30"));
        assert!(!verify(&keys, "r0m30myr0m31"));
        assert!(!verify(&AccountKeys::default(), "r0m30myr0m30"));
        let only_sha1 = AccountKeys {
            sha256: None,
            ..keys
        };
        assert!(verify(&only_sha1, "r0m30myr0m30"));
        assert!(!verify(&only_sha1, "r0m30"));
        assert!(derive("", [[1; 16], [2; 16]]).is_none());
        assert!(derive("a\u{0}b", [[1; 16], [2; 16]]).is_none());
    }
}
