//! MySQL's errors as errors of storage, by their numbers.

use sestina_storage::StorageError;
use sqlx::mysql::MySqlDatabaseError;

use crate::engine::{Verdict, map_common};

/// The storage error for one of MySQL.
pub(super) fn map(error: sqlx::Error) -> StorageError {
    if let Some(common) = map_common(&error) {
        return common;
    }
    match number(&error) {
        // Disk full, table full.
        Some(1021 | 1114) => StorageError::Unavailable("the database's disk is full".into()),
        // Larger than max_allowed_packet, row too large, too large for the log.
        Some(1153 | 1118 | 1301 | 1534) => {
            StorageError::Unsupported(format!("too large for MySQL: {error}"))
        }
        // Wrong or too long values, unknown columns and tables, syntax.
        Some(1048 | 1054 | 1064 | 1136 | 1146 | 1264 | 1364 | 1366 | 1406) => {
            StorageError::corrupt(error)
        }
        _ => StorageError::unavailable(error),
    }
}

/// What an error means for a transaction.
pub(super) fn verdict(error: &sqlx::Error) -> Verdict {
    let Some(number) = number(error) else {
        return match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::Encode(_) => {
                Verdict::Statement
            }
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Verdict::Unable,
            _ => Verdict::Lost,
        };
    };
    match number {
        // Deadlock, lock wait timeout.
        1213 | 1205 => Verdict::Again,
        // The server goes down, or has closed the connection.
        1053 | 1077 | 1152 | 1153 | 1159 | 1161 | 1184 | 1927 | 4031 => Verdict::Lost,
        // The errors of `map` that are a statement's own, and duplicates.
        1062 | 1118 | 1301 | 1534 | 1048 | 1054 | 1064 | 1136 | 1146 | 1264 | 1364 | 1366
        | 1406 => Verdict::Statement,
        _ => Verdict::Unable,
    }
}

/// Whether a definition ended so because it was done before: table there, column there, index there, nothing
/// to drop, unknown table.
pub(super) fn was_done(error: &sqlx::Error) -> bool {
    matches!(number(error), Some(1050 | 1051 | 1060 | 1061 | 1091))
}

/// MySQL's number of an error.
pub(super) fn number(error: &sqlx::Error) -> Option<u16> {
    let sqlx::Error::Database(inner) = error else {
        return None;
    };
    Some(inner.try_downcast_ref::<MySqlDatabaseError>()?.number())
}
