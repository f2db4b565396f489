//! From inner errors to the errors peers see: the one mapping table.

use sestina_storage::StorageError;
use sestina_wire::{Condition, ErrorKind, StanzaError};

/// The stanza error for a request that storage could not serve (RFC 6120 §8.3.3). The sender learns
/// whether trying again makes sense, and nothing of what is inside.
pub fn storage(error: &StorageError) -> StanzaError {
    let (condition, kind) = match error {
        StorageError::Unavailable(_) => (Condition::ResourceConstraint, ErrorKind::Wait),
        StorageError::Conflict => (Condition::Conflict, ErrorKind::Cancel),
        StorageError::Unsupported => (Condition::FeatureNotImplemented, ErrorKind::Cancel),
        StorageError::Corrupt(_) => (Condition::InternalServerError, ErrorKind::Cancel),
    };
    let mut stanza_error = StanzaError::new(condition);
    stanza_error.kind = kind;
    stanza_error
}
