//! PostgreSQL's errors as errors of storage: by the class of its SQLSTATE, which are its first two signs.

use sestina_storage::StorageError;

use crate::engine::{Verdict, map_common};

/// The storage error for one of PostgreSQL.
pub(super) fn map(error: sqlx::Error) -> StorageError {
    if let Some(common) = map_common(&error) {
        return common;
    }
    let state = state(&error);
    match state.get(..2) {
        // Data exception, integrity constraint violation.
        Some("22" | "23") => StorageError::corrupt(error),
        // Program limit exceeded.
        Some("54") => StorageError::Unsupported(format!("too large for PostgreSQL: {error}")),
        // Syntax error or access rule violation: a table that is not as it was prepared.
        Some("42") if state != "42501" => StorageError::corrupt(error),
        _ if state == "53100" => StorageError::Unavailable("the database's disk is full".into()),
        _ => StorageError::unavailable(error),
    }
}

/// What an error means for a transaction.
pub(super) fn verdict(error: &sqlx::Error) -> Verdict {
    let sqlx::Error::Database(_) = error else {
        return match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::Encode(_) => {
                Verdict::Statement
            }
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Verdict::Unable,
            _ => Verdict::Lost,
        };
    };
    let state = state(error);
    match (state.get(..2), state.as_str()) {
        // Serialization failure, deadlock.
        (_, "40001" | "40P01") => Verdict::Again,
        (Some("22" | "23" | "42" | "54"), _) => Verdict::Statement,
        // Connection exceptions, the server going down or coming up.
        (Some("08"), _) | (_, "57P01" | "57P02" | "57P03" | "57P05" | "25P03") => Verdict::Lost,
        _ => Verdict::Unable,
    }
}

fn state(error: &sqlx::Error) -> String {
    let sqlx::Error::Database(inner) = error else {
        return String::new();
    };
    inner.code().unwrap_or_default().into_owned()
}
