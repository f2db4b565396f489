//! How one database writes the statements that read and change rows.

use std::fmt::Write as _;

use sestina_storage::TableDescriptor;

/// What differs between databases in the text of statements. How they write definitions is
/// [`sestina_schema`]'s.
pub trait Dialect: Send + Sync + 'static {
    /// Its definitions.
    fn schema(&self) -> sestina_schema::Dialect;

    /// Its name, as in [`Migration::dialect`](sestina_storage::Migration).
    fn name(&self) -> &'static str {
        self.schema().name()
    }

    /// Writes a name so that it is never taken for a keyword.
    fn quote(&self, out: &mut String, name: &str) {
        // Names are checked to be lower-case letters, digits and underscores.
        out.push_str(&self.schema().quote(name));
    }

    /// Writes the placeholder of a parameter, counted from 1.
    fn placeholder(&self, out: &mut String, number: usize);

    /// Writes the parameter that bounds the number of rows.
    fn limit(&self, out: &mut String, number: usize) {
        self.placeholder(out, number);
    }

    /// How a statement that stores so many rows begins. One that stores several and fails is always undone with its whole
    /// transaction.
    fn insert(&self, _rows: usize) -> &'static str {
        "INSERT INTO "
    }

    /// What follows `INSERT … VALUES (…)` so that a row whose key is there is left as it is and none
    /// is counted, where the error a database gives otherwise would end the transaction.
    fn keep(&self, _out: &mut String, _table: &TableDescriptor) {}

    /// Writes what follows `INSERT … VALUES (…)` to make it replace a row with the same key.
    /// `others` are the columns that are not of the key.
    fn upsert(&self, out: &mut String, table: &TableDescriptor, others: &[&str]) {
        out.push_str(" ON CONFLICT (");
        write_names(self, out, table.key.iter().copied());
        out.push_str(") DO ");
        if others.is_empty() {
            out.push_str("NOTHING");
            return;
        }
        out.push_str("UPDATE SET ");
        for (place, name) in others.iter().enumerate() {
            if place > 0 {
                out.push_str(", ");
            }
            self.quote(out, name);
            out.push_str(" = excluded.");
            self.quote(out, name);
        }
    }

    /// What follows a column in an order, so that a row without value there comes first, or last in a
    /// descending order.
    fn nulls(&self, _descending: bool) -> &'static str {
        ""
    }

    /// Whether rows are compared with rows from an index, `(a, b) > (1, 2)`.
    fn compares_rows(&self) -> bool {
        true
    }

    /// Writes the condition that a text holds another, which is lower-case ASCII letters and digits,
    /// whatever the case of the text. It may hold for more than that.
    fn contains(&self, out: &mut String, text: &str, number: usize);
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

/// Writes what a column holds: of a folded one the whole value.
pub(crate) fn write_whole<D: Dialect + ?Sized>(
    dialect: &D,
    out: &mut String,
    name: &str,
    folded: bool,
) {
    if !folded {
        dialect.quote(out, name);
        return;
    }
    let schema = dialect.schema();
    let _ = write!(
        out,
        "COALESCE({}, {})",
        schema.quote(&sestina_schema::long(name)),
        schema.quote(name)
    );
}
