//! The definitions of tables in three dialects of SQL, and the way from one version to the next.
//!
//! The generator writes migrations with it, and the SQL backends make with it the tables that come
//! without any: there is one place that says what a column is in a database. It knows neither specifications
//! nor connections.
//!
//! # Folded columns
//!
//! PostgreSQL and MySQL bound the length of what an index holds, and the parts of a key (addresses of up to 3071 octets,
//! names of nodes) are longer than that. So there a column of text or octets that stands in the key or in an index
//! is *folded*: the column itself holds the value where it is at most [`SHORT`] octets long, and otherwise its first
//! octets (at most [`PREFIX`], whole characters of text on PostgreSQL) followed by the SHA-256 of the whole in hexadecimal
//! digits. A second column, named by [`long`], then holds the whole value and else nothing.
//!
//! Two values are the same if and only if their folded forms are. A short value compares with every other, short or
//! long, as its folded form does with theirs; only two long values may stand the other way round.
//!
//! # Searched columns
//!
//! A search is for parts of words, whatever the case. PostgreSQL finds them by an index of trigrams (its extension
//! `pg_trgm`, which an owner of a database may create; where it is not to be had the table goes without). The full-text indexes
//! of MariaDB know whole words only, and those of SQLite name rows by numbers that `VACUUM` may change.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod change;
mod define;
mod dialect;
mod script;

pub use change::{Refusal, change};
pub use define::{create_table, index_name, search_name};
pub use dialect::Dialect;
pub use script::{join, split};

/// The most octets of a value that a folded column holds as it is.
pub const SHORT: usize = 187;
/// The most octets of a longer value that stand before its hash.
pub const PREFIX: usize = 191;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name. Like the names of columns, lower-case letters, digits and underscores.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// The columns of its key.
    pub key: Vec<String>,
    /// Further indexes, each a list of columns.
    pub indexes: Vec<Vec<String>>,
    /// The columns of text in which queries look for words.
    pub searched: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: ColumnType,
    /// Whether a row may be without value here.
    pub optional: bool,
    /// What rows have here that are older than the column.
    pub default: Option<Literal>,
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// UTF-8 text, compared by octets.
    Text,
    /// A signed 64-bit number.
    Integer,
    /// True or false.
    Boolean,
    /// Octets.
    Bytes,
    /// A point in time in microseconds.
    Timestamp,
}

/// A value written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// Text.
    Text(String),
    /// A number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
}

impl Table {
    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether a column is folded in this dialect; see the [crate](crate).
    #[must_use]
    pub fn is_folded(&self, dialect: Dialect, column: &Column) -> bool {
        dialect.folds()
            && matches!(column.ty, ColumnType::Text | ColumnType::Bytes)
            && std::iter::once(&self.key)
                .chain(&self.indexes)
                .any(|index| index.contains(&column.name))
    }
}

/// The name of the column that holds the long values of a folded one. No declared column has it.
#[must_use]
pub fn long(column: &str) -> String {
    format!("{column}$long")
}
