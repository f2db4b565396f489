//! Tables: declared once, stored on every backend.

use super::{ElementUse, Place};

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Name, unique over all specs.
    pub name: String,
    /// Rust name of its marker type and of its row (`OfflineMessages`, `OfflineMessagesRow`): this is the first.
    pub rust: String,
    /// Name of the accessor on `Storage`, a legal identifier.
    pub accessor: String,
    /// The version of its specification's tables; 1 for one without history.
    pub version: u32,
    /// The columns that name an account a row belongs to; `None` where it is not said.
    pub personal: Option<Vec<String>>,
    /// The columns.
    pub columns: Vec<Column>,
    /// The key's columns.
    pub key: Vec<String>,
    /// Further indexes.
    pub indexes: Vec<Index>,
    /// The queries asked of it.
    pub queries: Vec<Query>,
    /// The element that its rows keep: a row is made of one, and one of a row.
    pub holds: Option<ElementUse>,
    /// How long rows are kept; `None` for ever.
    pub retention: Option<Retention>,
    /// Documentation; may be empty.
    pub doc: String,
    /// The `name`.
    pub place: Place,
    /// The `accessor`.
    pub accessor_place: Place,
}

impl Table {
    /// The column with this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Name in the table.
    pub name: String,
    /// Rust field.
    pub field: String,
    /// Type.
    pub type_: ColumnType,
    /// Whether it may be empty (`Option` in the row).
    pub optional: bool,
    /// Whether its value never appears in logs (`Secret` in the row).
    pub secret: bool,
    /// What rows have here that are older than the column.
    pub default: Option<sestina_schema::Literal>,
    /// Documentation; may be empty.
    pub doc: String,
    /// The `name`.
    pub place: Place,
}

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the type its name says")]
pub enum ColumnType {
    Text,
    BareJid,
    Jid,
    Integer,
    Boolean,
    Bytes,
    DateTime,
}

/// A further index.
#[derive(Debug, Clone)]
pub struct Index {
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// The header.
    pub place: Place,
}

/// How long the rows of a table are kept.
#[derive(Debug, Clone)]
pub struct Retention {
    /// The column of time that decides.
    pub column: String,
    /// The configuration key of the spec that says how long after that time a row goes.
    pub config: Option<String>,
    /// How long after that time it goes where no key says it, in milliseconds. Neither given: the column holds the
    /// time at which the row goes.
    pub after: Option<u64>,
    /// The `column`.
    pub place: Place,
    /// The `config`, or else the `column`.
    pub config_place: Place,
}

/// A query asked of a table.
#[derive(Debug, Clone)]
pub struct Query {
    /// Name, a legal identifier.
    pub name: String,
    /// Columns compared for equality: a prefix of the key or of an index.
    pub equals: Vec<String>,
    /// The column with a range: the one after the prefix.
    pub range: Option<String>,
    /// The column that orders the rows.
    pub order: Option<String>,
    /// Whether the order is descending.
    pub descending: bool,
    /// The text column that may be searched.
    pub search: Option<String>,
    /// At most so many rows.
    pub limit: u32,
    /// Documentation; may be empty.
    pub doc: String,
    /// The `name`.
    pub place: Place,
}
