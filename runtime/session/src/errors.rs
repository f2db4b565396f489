//! From inner errors to the errors peers see: the one mapping table.

use std::borrow::Borrow;

use sestina_storage::StorageError;
use sestina_wire::{
    Condition, DecodeError, ErrorKind, JidError, StanzaError, StreamCondition, StreamError,
};

use crate::plugin::PluginError;

/// An error of our own that a peer's stanza ran into.
///
/// The peer learns whether trying again makes sense, and nothing of what is inside; the log has the
/// rest.
pub trait Refusal {
    /// The stanza error for the peer (RFC 6120 §8.3.3).
    fn stanza_error(&self) -> StanzaError;

    /// The stream error, where the stream cannot go on for it (RFC 6120 §4.9.3).
    fn stream_error(&self) -> StreamError;
}

impl Refusal for StorageError {
    fn stanza_error(&self) -> StanzaError {
        let (condition, kind) = match self {
            StorageError::Unavailable(_) => (Condition::ResourceConstraint, ErrorKind::Wait),
            StorageError::Conflict => (Condition::Conflict, ErrorKind::Cancel),
            StorageError::Unsupported(_) => (Condition::FeatureNotImplemented, ErrorKind::Cancel),
            // Corrupt, and whatever is added later.
            _ => (Condition::InternalServerError, ErrorKind::Cancel),
        };
        let mut error = StanzaError::new(condition);
        error.kind = kind;
        error
    }

    fn stream_error(&self) -> StreamError {
        StreamError::new(match self {
            StorageError::Unavailable(_) => StreamCondition::ResourceConstraint,
            _ => StreamCondition::InternalServerError,
        })
    }
}

impl Refusal for DecodeError {
    fn stanza_error(&self) -> StanzaError {
        StanzaError::from(self.clone())
    }

    fn stream_error(&self) -> StreamError {
        StreamError::new(StreamCondition::InvalidXml)
    }
}

impl Refusal for JidError {
    fn stanza_error(&self) -> StanzaError {
        StanzaError::new(Condition::JidMalformed)
    }

    fn stream_error(&self) -> StreamError {
        StreamError::new(StreamCondition::ImproperAddressing)
    }
}

impl Refusal for PluginError {
    fn stanza_error(&self) -> StanzaError {
        match self {
            PluginError::Storage(error) => error.stanza_error(),
            _ => StanzaError::new(Condition::InternalServerError),
        }
    }

    fn stream_error(&self) -> StreamError {
        StreamError::new(StreamCondition::InternalServerError)
    }
}

/// Logs what storage could not do and makes it the stanza error for the peer: for `map_err`.
pub fn storage(error: impl Borrow<StorageError>) -> StanzaError {
    let error = error.borrow();
    match error {
        StorageError::Conflict => {}
        _ => tracing::warn!(%error, "storage refused"),
    }
    error.stanza_error()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_worth_another_try() {
        assert_eq!(
            StorageError::Unavailable("full".into()).stanza_error().kind,
            ErrorKind::Wait
        );
        let corrupt = StorageError::Corrupt("row 7 of users".into()).stanza_error();
        assert_eq!(
            (corrupt.condition, corrupt.kind),
            (Condition::InternalServerError, ErrorKind::Cancel)
        );
        assert_eq!(corrupt.text, None);
    }
}
