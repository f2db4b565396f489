//! Between the elements of a SASL exchange (RFC 6120 §6.4) and what they carry.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sestina_types::rfc_6120::sasl::{Failure, FailureCondition};
use sestina_wire::Text;
use zeroize::Zeroizing;

use crate::sasl::{LoginFailure, SaslCondition};

/// Data of one message. It may hold a password, so it does not outlive its use.
pub(crate) type Data = Zeroizing<Vec<u8>>;

/// The data in the text of an element: `None` where there is none, empty where there is a lone `=`
/// (RFC 6120 §6.4.2).
///
/// # Errors
/// `incorrect-encoding` when it is no base64; white space and missing padding count as wrong
/// (RFC 6120 §13.9.1).
pub(crate) fn data(text: &str) -> Result<Option<Data>, SaslCondition> {
    match text {
        "" => Ok(None),
        "=" => Ok(Some(Data::default())),
        encoded => match BASE64_STANDARD.decode(encoded) {
            Ok(data) => Ok(Some(Zeroizing::new(data))),
            Err(_) => Err(SaslCondition::IncorrectEncoding),
        },
    }
}

/// The text of a challenge or response.
pub(crate) fn text(data: &[u8]) -> Text {
    Text::from(BASE64_STANDARD.encode(data))
}

/// The text of `auth` or `success`, where no data and data of no length are different.
pub(crate) fn optional_text(data: Option<&[u8]>) -> Text {
    match data {
        None => Text::default(),
        Some([]) => Text::from_static("="),
        Some(data) => text(data),
    }
}

/// The failure with this condition.
pub(crate) fn failure(condition: SaslCondition) -> Failure {
    Failure {
        condition: Some(match condition {
            SaslCondition::Aborted => FailureCondition::Aborted,
            SaslCondition::AccountDisabled => FailureCondition::AccountDisabled,
            SaslCondition::CredentialsExpired => FailureCondition::CredentialsExpired,
            SaslCondition::EncryptionRequired => FailureCondition::EncryptionRequired,
            SaslCondition::IncorrectEncoding => FailureCondition::IncorrectEncoding,
            SaslCondition::InvalidAuthzid => FailureCondition::InvalidAuthzid,
            SaslCondition::InvalidMechanism => FailureCondition::InvalidMechanism,
            SaslCondition::MalformedRequest => FailureCondition::MalformedRequest,
            SaslCondition::MechanismTooWeak => FailureCondition::MechanismTooWeak,
            SaslCondition::NotAuthorized => FailureCondition::NotAuthorized,
            SaslCondition::TemporaryAuthFailure => FailureCondition::TemporaryAuthFailure,
        }),
        ..Failure::default()
    }
}

/// What a server's failure says.
pub(crate) fn refused(failure: Failure) -> LoginFailure {
    let condition = failure.condition.map(|condition| match condition {
        FailureCondition::Aborted => SaslCondition::Aborted,
        FailureCondition::AccountDisabled => SaslCondition::AccountDisabled,
        FailureCondition::CredentialsExpired => SaslCondition::CredentialsExpired,
        FailureCondition::EncryptionRequired => SaslCondition::EncryptionRequired,
        FailureCondition::IncorrectEncoding => SaslCondition::IncorrectEncoding,
        FailureCondition::InvalidAuthzid => SaslCondition::InvalidAuthzid,
        FailureCondition::InvalidMechanism => SaslCondition::InvalidMechanism,
        FailureCondition::MalformedRequest => SaslCondition::MalformedRequest,
        FailureCondition::MechanismTooWeak => SaslCondition::MechanismTooWeak,
        FailureCondition::NotAuthorized => SaslCondition::NotAuthorized,
        FailureCondition::TemporaryAuthFailure => SaslCondition::TemporaryAuthFailure,
    });
    LoginFailure::Refused {
        condition: condition.unwrap_or(SaslCondition::NotAuthorized),
        text: failure.text.map(|text| text.text.detach()),
    }
}
