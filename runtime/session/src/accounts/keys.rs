//! Deriving and checking SCRAM keys (RFC 5802 §3).

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use sestina_storage::Secret;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::sasl::{AccountKeys, Hash, ScramKeys};

/// Rounds of PBKDF2 for new passwords.
pub const ITERATIONS: u32 = 10_000;

/// The keys of a password, with a salt for each of SHA-1, SHA-256 and SHA-512; `None` when SASLprep (RFC 4013) refuses it.
///
/// Takes milliseconds of CPU time: see [`ITERATIONS`].
pub fn derive(password: &str, salts: [[u8; 16]; 3]) -> Option<AccountKeys> {
    let password = prepare(password)?;
    let mut made = AccountKeys::default();
    for (hash, salt) in Hash::ALL.into_iter().zip(salts) {
        made.set(hash, keys(hash, password.as_bytes(), &salt, ITERATIONS));
    }
    Some(made)
}

/// Whether the keys are this password's. Takes as long when there are no keys.
pub fn verify(stored: &AccountKeys, password: &str) -> bool {
    let Some(password) = prepare(password) else {
        return false;
    };
    let order = [Hash::Sha256, Hash::Sha512, Hash::Sha1];
    let found = order
        .into_iter()
        .find_map(|hash| stored.of(hash).map(|keys| (hash, keys)));
    match found {
        Some((hash, stored)) => same(
            stored,
            &keys(hash, password.as_bytes(), &stored.salt, stored.iterations),
        ),
        None => {
            let made = keys(Hash::Sha256, password.as_bytes(), &[0; 16], ITERATIONS);
            let _ = std::hint::black_box(made);
            false
        }
    }
}

/// [`verify`] where no connection waits for it.
pub(crate) async fn verify_apart(stored: AccountKeys, password: &str) -> bool {
    let password = Zeroizing::new(password.to_owned());
    off_the_runtime(move || verify(&stored, &password)).await
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

/// The keys of a prepared password.
pub(crate) fn keys(hash: Hash, password: &[u8], salt: &[u8], iterations: u32) -> ScramKeys {
    let salted = hash.salted(password, salt, iterations);
    from_salted(hash, &salted, salt, iterations)
}

/// The keys of a salted password.
pub(crate) fn from_salted(hash: Hash, salted: &[u8], salt: &[u8], iterations: u32) -> ScramKeys {
    let client_key = Zeroizing::new(hash.hmac(salted, &[b"Client Key"]));
    ScramKeys {
        iterations,
        salt: salt.to_vec(),
        stored_key: Secret::new(hash.digest(&client_key)),
        server_key: Secret::new(hash.hmac(salted, &[b"Server Key"])),
    }
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
    fn a_password_verifies_against_its_own_keys_only() {
        let keys = derive("r0m30myr0m30", [[1; 16], [2; 16], [3; 16]]).unwrap();
        assert!(verify(&keys, "r0m30myr0m30"));
        assert!(!verify(&keys, "r0m30myr0m31"));
        assert!(!verify(&AccountKeys::default(), "r0m30myr0m30"));
        for hash in Hash::ALL {
            let mut only = AccountKeys::default();
            only.set(hash, keys.of(hash).unwrap().clone());
            assert!(verify(&only, "r0m30myr0m30"), "{hash:?}");
            assert!(!verify(&only, "r0m30"), "{hash:?}");
        }
        assert!(derive("", [[1; 16]; 3]).is_none());
        assert!(derive("a\u{0}b", [[1; 16]; 3]).is_none());
    }
}
