//! What can go wrong in storage.

use sestina_wire::{Condition, ErrorKind, StanzaError};

/// Why storage did not do what was asked.
///
/// The texts are for a person who reads the log. They never hold values of rows, which may be
/// secret or private.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The storage cannot be reached, is full, or did not answer in time. Trying again later may
    /// help. After a write that ended so, it is unknown whether the write was done.
    #[error("storage is unavailable: {0}")]
    Unavailable(String),
    /// A row with this key (or with this value of a unique index) is there already. Nothing of the
    /// write, or of the transaction it was part of, was done.
    #[error("a row with this key exists already")]
    Conflict,
    /// The backend does not have this table, or cannot do what was asked of it; also a database that
    /// a newer version of the program has written.
    #[error("storage does not support this: {0}")]
    Unsupported(String),
    /// What is stored, or what was to be stored, does not fit the table's description.
    #[error("stored data is not as expected: {0}")]
    Corrupt(String),
}

impl StorageError {
    /// An [`Unavailable`](Self::Unavailable) with the text of another error.
    pub fn unavailable(error: impl std::fmt::Display) -> Self {
        Self::Unavailable(error.to_string())
    }

    /// A [`Corrupt`](Self::Corrupt) with the text of another error.
    pub fn corrupt(error: impl std::fmt::Display) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl From<StorageError> for StanzaError {
    /// What a peer is told: whether trying again makes sense, and nothing of what is inside. The log has the rest.
    fn from(error: StorageError) -> Self {
        if error != StorageError::Conflict {
            tracing::warn!(%error, "storage refused");
        }
        let (condition, kind) = match error {
            StorageError::Unavailable(_) => (Condition::ResourceConstraint, ErrorKind::Wait),
            StorageError::Conflict => (Condition::Conflict, ErrorKind::Cancel),
            StorageError::Unsupported(_) => (Condition::FeatureNotImplemented, ErrorKind::Cancel),
            StorageError::Corrupt(_) => (Condition::InternalServerError, ErrorKind::Cancel),
        };
        let mut refusal = StanzaError::new(condition);
        refusal.kind = kind;
        refusal
    }
}
