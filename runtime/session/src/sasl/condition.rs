//! Why a login is refused, as RFC 6120 names it.

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
