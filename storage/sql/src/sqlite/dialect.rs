//! SQLite's dialect.

use std::fmt::Write as _;

use crate::Dialect;

/// SQLite's dialect.
#[derive(Debug, Clone, Copy)]
pub struct SqliteDialect;

impl Dialect for SqliteDialect {
    fn schema(&self) -> sestina_schema::Dialect {
        sestina_schema::Dialect::Sqlite
    }

    /// Without their numbers, which SQLite and the driver look up one by one: a statement that stores many rows has hundreds.
    fn placeholder(&self, out: &mut String, _number: usize) {
        out.push('?');
    }

    /// Of several rows SQLite would otherwise keep every page as it was, in a file, to undo the statement alone.
    fn insert(&self, rows: usize) -> &'static str {
        if rows > 1 {
            "INSERT OR FAIL INTO "
        } else {
            "INSERT INTO "
        }
    }

    fn limit(&self, out: &mut String, _number: usize) {
        // A bare parameter here would be looked at when the statement is planned, which is done anew for every value then.
        out.push_str("? + 0");
    }

    fn contains(&self, out: &mut String, text: &str, _number: usize) {
        // Knows no case but that of ASCII.
        let _ = write!(out, "{text} LIKE '%' || ? || '%'");
    }
}
