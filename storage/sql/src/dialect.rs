//! How one database writes SQL.

use std::fmt::Write as _;

use sestina_storage::{ColumnType, TableDescriptor};

/// What differs between databases in the text of statements.
pub trait Dialect: Send + Sync + 'static {
    /// Its name, as in [`Migration::dialect`](sestina_storage::Migration).
    fn name(&self) -> &'static str;

    /// Writes a name so that it is never taken for a keyword.
    fn quote(&self, out: &mut String, name: &str) {
        // Names are checked to be lower-case letters, digits and underscores.
        let _ = write!(out, "\"{name}\"");
    }

    /// Writes the placeholder of a parameter, counted from 1.
    fn placeholder(&self, out: &mut String, number: usize);

    /// The type of a column.
    fn column_type(&self, ty: ColumnType) -> &'static str;

    /// What follows the closing parenthesis of a table's definition.
    fn table_options(&self) -> &'static str {
        ""
    }

    /// The comparison of a column that may be without value, true also when both sides are.
    fn same(&self) -> &'static str;

    /// Writes what follows `INSERT … VALUES (…)` to make it replace a row with the same key.
    fn upsert(&self, out: &mut String, table: &TableDescriptor) {
        out.push_str(" ON CONFLICT (");
        write_names(self, out, table.key.iter().copied());
        out.push_str(") DO ");
        let mut others = table
            .columns
            .iter()
            .map(|column| column.name)
            .filter(|name| !table.key.contains(name))
            .peekable();
        if others.peek().is_none() {
            out.push_str("NOTHING");
            return;
        }
        out.push_str("UPDATE SET ");
        for (place, name) in others.enumerate() {
            if place > 0 {
                out.push_str(", ");
            }
            self.quote(out, name);
            out.push_str(" = excluded.");
            self.quote(out, name);
        }
    }
}

/// Writes names, separated by commas.
pub(crate) fn write_names<'a, D: Dialect + ?Sized>(
    dialect: &D,
    out: &mut String,
    names: impl Iterator<Item = &'a str>,
) {
    for (place, name) in names.enumerate() {
        if place > 0 {
            out.push_str(", ");
        }
        dialect.quote(out, name);
    }
}
