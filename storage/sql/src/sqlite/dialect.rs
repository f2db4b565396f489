//! SQLite's dialect.

use std::fmt::Write as _;

use sestina_storage::ColumnType;

use crate::Dialect;

/// SQLite's dialect.
#[derive(Debug, Clone, Copy)]
pub struct SqliteDialect;

impl Dialect for SqliteDialect {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn placeholder(&self, out: &mut String, number: usize) {
        let _ = write!(out, "?{number}");
    }

    fn column_type(&self, ty: ColumnType) -> &'static str {
        match ty {
            ColumnType::Text => "TEXT",
            ColumnType::Integer | ColumnType::Boolean | ColumnType::Timestamp => "INTEGER",
            ColumnType::Bytes => "BLOB",
        }
    }

    fn table_options(&self) -> &'static str {
        // Refuses values of another type than the column's, which SQLite otherwise keeps.
        " STRICT"
    }

    fn same(&self) -> &'static str {
        "IS"
    }
}
