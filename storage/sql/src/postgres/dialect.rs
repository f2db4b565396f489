//! PostgreSQL's dialect.

use std::fmt::Write as _;

use sestina_storage::TableDescriptor;

use crate::{Dialect, dialect::write_names};

/// PostgreSQL's dialect.
#[derive(Debug, Clone, Copy)]
pub struct PostgresDialect;

impl Dialect for PostgresDialect {
    fn schema(&self) -> sestina_schema::Dialect {
        sestina_schema::Dialect::Postgres
    }

    fn placeholder(&self, out: &mut String, number: usize) {
        let _ = write!(out, "${number}");
    }

    fn keep(&self, out: &mut String, table: &TableDescriptor) {
        out.push_str(" ON CONFLICT (");
        write_names(self, out, table.key.iter().copied());
        out.push_str(") DO NOTHING");
    }

    fn nulls(&self, descending: bool) -> &'static str {
        if descending {
            " NULLS LAST"
        } else {
            " NULLS FIRST"
        }
    }

    fn contains(&self, out: &mut String, text: &str, number: usize) {
        let _ = write!(out, "{text} ILIKE '%' || ${number} || '%'");
    }
}
