//! MongoDB's errors as errors of storage.

use mongodb::error::{Error, ErrorKind, WriteFailure};
use sestina_storage::StorageError;

/// The storage error for one of MongoDB. Its text does not hold what the server says of a write that
/// failed: that names the values.
pub(crate) fn map(error: &Error) -> StorageError {
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(failure)) => code(failure.code),
        ErrorKind::Command(failure) => code(failure.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(failure)) => {
            StorageError::Unavailable(format!("MongoDB's write concern failed: {}", failure.code))
        }
        ErrorKind::InsertMany(_) => StorageError::Unavailable("MongoDB took no documents".into()),
        ErrorKind::BsonDeserialization(_) => {
            StorageError::Corrupt("an answer of MongoDB that is no document of ours".into())
        }
        ErrorKind::BsonSerialization(_) | ErrorKind::InvalidArgument { .. } => {
            StorageError::Unsupported("what MongoDB's driver does not take".into())
        }
        ErrorKind::InvalidTlsConfig { message, .. }
        | ErrorKind::IncompatibleServer { message, .. } => {
            StorageError::Unsupported(message.clone())
        }
        kind => StorageError::Unavailable(kind.to_string()),
    }
}

fn code(code: i32) -> StorageError {
    match code {
        11000 => StorageError::Conflict,
        10334 => StorageError::Unsupported("a row larger than a document of MongoDB may be".into()),
        _ => StorageError::Unavailable(format!("MongoDB's error {code}")),
    }
}

/// Whether the connection failed rather than the server.
pub(crate) fn is_network(error: &Error) -> bool {
    matches!(
        &*error.kind,
        ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. }
    )
}

/// Whether a command failed with this code of MongoDB's.
pub(crate) fn has_code(error: &Error, code: i32) -> bool {
    matches!(&*error.kind, ErrorKind::Command(failure) if failure.code == code)
}
