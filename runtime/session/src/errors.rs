//! From inner errors to the errors peers see: the one mapping table.

use std::borrow::Borrow;

use sestina_storage::StorageError;
use sestina_wire::{Condition, DecodeError, JidError, StanzaError, StreamCondition, StreamError};

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
        // The one part of the table that lies with its error, so that handlers can write `?`.
        StanzaError::from(self.clone())
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

/// Makes what storage could not do the stanza error for the peer: for `map_err`. The log has the rest.
pub fn storage(error: impl Borrow<StorageError>) -> StanzaError {
    error.borrow().stanza_error()
}

#[cfg(test)]
mod tests {
    use sestina_wire::ErrorKind;

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
