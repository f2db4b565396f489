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

    fn contains(&self, out: &mut String, text: &str, number: usize) {
        // Knows no case but that of ASCII.
        let _ = write!(out, "{text} LIKE '%' || ?{number} || '%'");
    }
}
