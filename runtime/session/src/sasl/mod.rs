//! SASL (RFC 6120 §6, XEP-0388): mechanisms, and one exchange for each side.

mod binding;
#[cfg(any(test, feature = "testing"))]
pub mod checks;
#[cfg(feature = "client")]
pub(crate) mod client;
mod condition;
pub(crate) mod elements;
mod hash;
mod identity;
mod mechanism;
mod scram;
#[cfg(feature = "server")]
pub(crate) mod server;
#[cfg(all(test, feature = "client", feature = "server"))]
mod tests;
mod throttle;
pub mod token;

use async_trait::async_trait;
use sestina_storage::{Secret, StorageError};
use sestina_wire::{BareJid, Text};
use thiserror::Error;

pub use binding::{Bindings, ChannelBinding};
pub use condition::SaslCondition;
pub use hash::Hash;
pub use mechanism::Mechanism;
pub use throttle::{Throttle, Throttling, network};
pub use token::HashedToken;

/// What is kept of a password for one hash function (RFC 5802 §3): enough to check a proof, not enough to make one.
#[derive(Clone, Debug)]
pub struct ScramKeys {
    /// Rounds of PBKDF2.
    pub iterations: u32,
    /// The salt.
    pub salt: Vec<u8>,
    /// `H(ClientKey)`.
    pub stored_key: Secret<Vec<u8>>,
    /// `HMAC(SaltedPassword, "Server Key")`.
    pub server_key: Secret<Vec<u8>>,
}

/// The keys of an account.
#[derive(Clone, Debug, Default)]
pub struct AccountKeys {
    /// For SCRAM-SHA-1.
    pub sha1: Option<ScramKeys>,
    /// For SCRAM-SHA-256, and for PLAIN.
    pub sha256: Option<ScramKeys>,
    /// For SCRAM-SHA-512.
    pub sha512: Option<ScramKeys>,
}

impl AccountKeys {
    /// The keys for a hash.
    pub fn of(&self, hash: Hash) -> Option<&ScramKeys> {
        match hash {
            Hash::Sha1 => self.sha1.as_ref(),
            Hash::Sha256 => self.sha256.as_ref(),
            Hash::Sha512 => self.sha512.as_ref(),
        }
    }

    /// Puts the keys for a hash, in place of those that were there.
    pub fn set(&mut self, hash: Hash, keys: ScramKeys) {
        match hash {
            Hash::Sha1 => self.sha1 = Some(keys),
            Hash::Sha256 => self.sha256 = Some(keys),
            Hash::Sha512 => self.sha512 = Some(keys),
        }
    }
}

/// Knows the accounts of a host. `user` is always a localpart, normalised (RFC 7622 §3.3).
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// The keys of an account; `None` if there is no such account, or nothing is kept of its password here.
    ///
    /// # Errors
    /// What storage reports; the peer is told `temporary-auth-failure`.
    async fn keys(&self, user: &str) -> Result<Option<AccountKeys>, StorageError>;

    /// The keys of one hash, where that is all that is needed.
    ///
    /// # Errors
    /// What storage reports.
    async fn keys_of(&self, user: &str, hash: Hash) -> Result<Option<ScramKeys>, StorageError> {
        let keys = self.keys(user).await?;
        Ok(keys.and_then(|keys| keys.of(hash).cloned()))
    }

    /// Whether there is such an account.
    ///
    /// # Errors
    /// What storage reports.
    async fn exists(&self, user: &str) -> Result<bool, StorageError> {
        Ok(self.keys(user).await?.is_some())
    }

    /// Whether nobody is let into the account for now, whatever they show. Asked once a login is right otherwise; the
    /// peer is told `account-disabled`.
    ///
    /// # Errors
    /// What storage reports.
    async fn is_suspended(&self, user: &str) -> Result<bool, StorageError> {
        let _ = user;
        Ok(false)
    }

    /// Whether this is the password of the account. Takes as long where there is no such account.
    ///
    /// # Errors
    /// What storage reports.
    async fn check(&self, user: &str, password: &Secret<String>) -> Result<bool, StorageError> {
        let keys = self.keys(user).await?.unwrap_or_default();
        Ok(crate::accounts::verify_apart(keys, password.expose_secret()).await)
    }

    /// Somebody whom the server believes has vouched for the account: it exists from here on.
    ///
    /// # Errors
    /// What storage reports.
    async fn admit(&self, user: &str) -> Result<(), StorageError> {
        let _ = user;
        Ok(())
    }

    /// Keeps keys for one more hash, made from the password the account has (XEP-0480). False where they are not kept,
    /// as for an account that has keys of that hash.
    ///
    /// # Errors
    /// What storage reports.
    async fn add_keys(
        &self,
        user: &str,
        hash: Hash,
        keys: ScramKeys,
    ) -> Result<bool, StorageError> {
        let _ = (user, hash, keys);
        Ok(false)
    }
}

/// Checks passwords that somebody else keeps: a directory, another program.
///
/// A host with one offers no SCRAM, which needs keys that are kept here: passwords come by PLAIN, under TLS.
#[async_trait]
pub trait PasswordCheck: Send + Sync {
    /// Whether this is the password of the account. An account that is let in exists on this server from then on.
    /// What takes long for accounts that exist only tells which ones do.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] where it cannot be known now; the peer is told `temporary-auth-failure`.
    async fn check(
        &self,
        account: &BareJid,
        password: &Secret<String>,
    ) -> Result<bool, StorageError>;
}

/// Judges bearer tokens (OAUTHBEARER, RFC 7628).
#[async_trait]
pub trait TokenCheck: Send + Sync {
    /// The account that a token gives access to; `None` where it gives none. `wanted` is what the client asks for, and
    /// the answer has to be the same where it asks. An account that is let in exists on this server from then on.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] where it cannot be known now.
    async fn account(
        &self,
        token: &Secret<String>,
        wanted: Option<&BareJid>,
    ) -> Result<Option<BareJid>, StorageError>;

    /// Where a client finds out how to get a token (`openid-configuration`, RFC 7628 §3.2.2).
    fn discovery(&self) -> Option<String> {
        None
    }
}

/// How the names of accounts begin that nobody had before (XEP-0175).
pub(crate) const ANONYMOUS: &str = "anon-";

/// By what somebody has logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// The password of the account.
    Password,
    /// A certificate.
    Certificate,
    /// What somebody else has granted (OAUTHBEARER).
    Grant,
    /// A token that this server has given to the client (XEP-0484).
    Token,
    /// Nothing (XEP-0175).
    Anonymous,
}

/// Why a client is not logged in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoginFailure {
    /// The server refused, with this condition and perhaps a text.
    #[error("the server refuses: {}{}", .condition.name(), .text.as_deref().map(|text| format!(" ({text})")).unwrap_or_default())]
    Refused {
        /// The condition; one that RFC 6120 does not know counts as `not-authorized`.
        condition: SaslCondition,
        /// What the server says to a person.
        text: Option<Text>,
    },
    /// The server and we have no mechanism in common.
    #[error("no mechanism in common; the server offers: {0}")]
    NoMechanism(String),
    /// The server did not prove that it knows the password: it is not the server it claims to be.
    #[error("the server did not prove that it knows the account")]
    ServerUnproven,
    /// What the server offers was changed on the way, or is weaker than it was before.
    #[error("somebody on the way to the server has weakened the login: {0}")]
    Downgraded(&'static str),
    /// The server broke the mechanism's rules.
    #[error("the server's part of the exchange is wrong")]
    Protocol,
}
