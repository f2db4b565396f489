//! SASL (RFC 6120 §6) through rsasl, for both sides.

#[cfg(feature = "client")]
pub(crate) mod client;
pub(crate) mod elements;
mod messages;
#[cfg(feature = "server")]
pub(crate) mod server;
#[cfg(all(test, feature = "client", feature = "server"))]
mod tests;

use async_trait::async_trait;
#[cfg(any(feature = "client", feature = "server"))]
use rsasl::{
    mechanisms::{plain, scram},
    mechname::Mechname,
    registry::{Mechanism as Implementation, Registry},
};
use sestina_storage::{Secret, StorageError};
use sestina_wire::Text;
use thiserror::Error;

/// A mechanism that is spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// SCRAM with SHA-256 (RFC 7677).
    ScramSha256,
    /// SCRAM with SHA-1 (RFC 5802).
    ScramSha1,
    /// The password itself (RFC 4616); on an encrypted stream only.
    Plain,
}

impl Mechanism {
    /// All of them, the strongest first.
    pub const ALL: [Mechanism; 3] = [
        Mechanism::ScramSha256,
        Mechanism::ScramSha1,
        Mechanism::Plain,
    ];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::ScramSha1 => "SCRAM-SHA-1",
            Mechanism::Plain => "PLAIN",
        }
    }

    #[cfg(any(feature = "client", feature = "server"))]
    fn mechname(self) -> &'static Mechname {
        Mechname::const_new_unchecked(self.name().as_bytes())
    }

    /// The mechanism of this name.
    pub fn from_name(name: &str) -> Option<Mechanism> {
        Mechanism::ALL
            .into_iter()
            .find(|mechanism| mechanism.name() == name)
    }
}

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
}

/// Knows the keys of a host's accounts.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// The keys of the account with this localpart, normalised (RFC 7622 §3.3); `None` if there is no such account.
    ///
    /// # Errors
    /// What storage reports; the peer is told `temporary-auth-failure`.
    async fn keys(&self, user: &str) -> Result<Option<AccountKeys>, StorageError>;
}

/// The conditions of RFC 6120 §6.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SaslCondition {
    /// The initiating side gave up.
    Aborted,
    /// The account is disabled.
    AccountDisabled,
    /// The credentials have expired.
    CredentialsExpired,
    /// The mechanism needs an encrypted stream.
    EncryptionRequired,
    /// What should be base64 is not.
    IncorrectEncoding,
    /// The identity to act as is not one that the account may act as.
    InvalidAuthzid,
    /// The mechanism is not offered.
    InvalidMechanism,
    /// The mechanism's message is malformed.
    MalformedRequest,
    /// The mechanism is weaker than the account allows.
    MechanismTooWeak,
    /// Wrong credentials.
    NotAuthorized,
    /// The server cannot check now.
    TemporaryAuthFailure,
}

impl SaslCondition {
    /// All of them.
    pub const ALL: [SaslCondition; 11] = [
        SaslCondition::Aborted,
        SaslCondition::AccountDisabled,
        SaslCondition::CredentialsExpired,
        SaslCondition::EncryptionRequired,
        SaslCondition::IncorrectEncoding,
        SaslCondition::InvalidAuthzid,
        SaslCondition::InvalidMechanism,
        SaslCondition::MalformedRequest,
        SaslCondition::MechanismTooWeak,
        SaslCondition::NotAuthorized,
        SaslCondition::TemporaryAuthFailure,
    ];

    /// The element's name.
    pub const fn name(self) -> &'static str {
        match self {
            SaslCondition::Aborted => "aborted",
            SaslCondition::AccountDisabled => "account-disabled",
            SaslCondition::CredentialsExpired => "credentials-expired",
            SaslCondition::EncryptionRequired => "encryption-required",
            SaslCondition::IncorrectEncoding => "incorrect-encoding",
            SaslCondition::InvalidAuthzid => "invalid-authzid",
            SaslCondition::InvalidMechanism => "invalid-mechanism",
            SaslCondition::MalformedRequest => "malformed-request",
            SaslCondition::MechanismTooWeak => "mechanism-too-weak",
            SaslCondition::NotAuthorized => "not-authorized",
            SaslCondition::TemporaryAuthFailure => "temporary-auth-failure",
        }
    }

    /// The condition with this element name.
    pub fn from_name(name: &str) -> Option<SaslCondition> {
        SaslCondition::ALL
            .into_iter()
            .find(|condition| condition.name() == name)
    }
}

/// The mechanisms given to rsasl. Without the `-PLUS` variants, so that a client which would bind the channel (`y`) and
/// was not offered to is not taken for the victim of a downgrade.
#[cfg(any(feature = "client", feature = "server"))]
static MECHANISMS: [Implementation; 3] = [scram::SCRAM_SHA256, scram::SCRAM_SHA1, plain::PLAIN];

#[cfg(any(feature = "client", feature = "server"))]
fn registry() -> Registry {
    Registry::with_mechanisms(&MECHANISMS)
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
    /// The server broke the mechanism's rules.
    #[error("the server's part of the exchange is wrong")]
    Protocol,
}
