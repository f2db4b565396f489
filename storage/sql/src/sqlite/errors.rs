//! SQLite's errors as errors of storage.

use sestina_storage::StorageError;

use crate::engine::{Verdict, map_common};

/// The storage error for one of SQLite.
pub(super) fn map(error: sqlx::Error) -> StorageError {
    if let Some(common) = map_common(&error) {
        return common;
    }
    match primary_code(&error) {
        // SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_CONSTRAINT (other than unique), SQLITE_MISMATCH.
        Some(11 | 26 | 19 | 20) => StorageError::corrupt(error),
        // SQLITE_TOOBIG: a value over SQLite's bound of 10⁹ octets.
        Some(18) => StorageError::Unsupported("a value too large for SQLite".into()),
        Some(13) => StorageError::Unavailable("the disk is full".into()),
        _ => StorageError::unavailable(error),
    }
}

/// What an error means. After some (disk full, I/O error, out of memory) SQLite may have rolled the
/// transaction back.
pub(super) fn verdict(error: &sqlx::Error) -> Verdict {
    match primary_code(error) {
        // SQLITE_ERROR, SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_MISMATCH.
        Some(1 | 18 | 19 | 20) => Verdict::Statement,
        _ => Verdict::Unable,
    }
}

/// Whether another connection is in the way.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    // SQLITE_BUSY, SQLITE_LOCKED.
    matches!(primary_code(error), Some(5 | 6))
}

/// SQLite's primary result code: the low octet of the extended one.
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let sqlx::Error::Database(inner) = error else {
        return None;
    };
    Some(inner.code()?.parse::<u32>().ok()? & 0xff)
}
