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

    fn placeholder(&self, out: &mut String, number: usize) {
        let _ = write!(out, "?{number}");
    }

    fn limit(&self, out: &mut String, number: usize) {
        // A bare parameter here would be looked at when the statement is planned, which is done anew for every value then.
        let _ = write!(out, "?{number} + 0");
    }

    fn contains(&self, out: &mut String, text: &str, number: usize) {
        // Knows no case but that of ASCII.
        let _ = write!(out, "{text} LIKE '%' || ?{number} || '%'");
    }
}
