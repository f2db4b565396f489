//! The description of a table: all that a backend knows of it.

use std::time::Duration;

use crate::{Range, Selection, StorageError, Value};

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

/// One column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name: lower-case ASCII letters, digits and underscores.
    pub name: &'static str,
    /// Its type.
    pub ty: ColumnType,
    /// Whether a row may have no value here.
    pub optional: bool,
    /// Whether tools that show or export rows must leave it out.
    pub secret: bool,
    /// What rows have here that are older than the column.
    pub default: Option<Literal>,
}

/// A value that a description can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Literal {
    /// Text.
    Text(&'static str),
    /// A number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
}

impl Column {
    /// The value of a row that is older than the column: its default, no value, or what is nothing in its type.
    pub fn of_older_rows(&self) -> Value {
        match (self.default, self.ty) {
            (Some(Literal::Text(text)), _) => Value::from(text),
            (Some(Literal::Integer(number)), _) => Value::Integer(number),
            (Some(Literal::Boolean(flag)), _) => Value::Boolean(flag),
            (None, _) if self.optional => Value::Null,
            (None, ColumnType::Text) => Value::Text(String::new()),
            (None, ColumnType::Integer) => Value::Integer(0),
            (None, ColumnType::Boolean) => Value::Boolean(false),
            (None, ColumnType::Bytes) => Value::Bytes(Vec::new()),
            (None, ColumnType::Timestamp) => Value::Timestamp(0),
        }
    }
}

/// A query asked of a table: equality on some columns, one range, an order, a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryDescriptor {
    /// Its name, unique in the table.
    pub name: &'static str,
    /// The columns that must equal given values, the leading columns of the key or of an index.
    pub equals: &'static [&'static str],
    /// The column a [`Range`] may be given for.
    pub range: Option<&'static str>,
    /// The column the rows are ordered by. Rows that are equal in it, and rows of a query without
    /// an order, come in the order of the key.
    pub order: Option<&'static str>,
    /// Whether the order is from high to low.
    pub descending: bool,
    /// The text column that may be searched with a [`Search`](crate::Search), where the backend
    /// can: see [`Backend::supports_search`](crate::Backend::supports_search).
    pub search: Option<&'static str>,
    /// The most rows one call returns.
    pub limit: u32,
}

/// How long rows are kept: what is older goes with [`Storage::sweep`](crate::Storage::sweep).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The rows by the column of time that decides, the oldest first: no equality, a range, its
    /// order. A row without a value there stays.
    pub query: &'static QueryDescriptor,
    /// The key of the specification's configuration that says how long after that time a row goes.
    pub config: Option<&'static str>,
    /// How long after that time a row goes where no configuration says it. Neither given: the
    /// column holds the time at which the row goes.
    pub after: Option<Duration>,
}

/// One table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableDescriptor {
    /// The specification that declares it (`xep-0160`), or the name of the plugin.
    pub spec: &'static str,
    /// Its name, unique among all tables: lower-case ASCII letters, digits and underscores.
    pub name: &'static str,
    /// The version of the schema, counted from 1.
    pub version: u32,
    /// The columns that name an account a row belongs to, for removal and export of accounts: a row belongs to each of
    /// those it names. Each begins the key or an index. None where no row belongs to a person.
    pub personal: &'static [&'static str],
    /// The columns, in the order of the values of a row.
    pub columns: &'static [Column],
    /// The columns that together identify a row.
    pub key: &'static [&'static str],
    /// Further indexes, each a list of columns.
    pub indexes: &'static [&'static [&'static str]],
    /// The queries that are asked of the table.
    pub queries: &'static [QueryDescriptor],
    /// How long its rows are kept; `None` for ever.
    pub retention: Option<Retention>,
}

/// One step in the history of a specification's tables, for one dialect of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// The dialect: `sqlite`, `postgres` or `mysql`.
    pub dialect: &'static str,
    /// The specification whose tables it makes or changes.
    pub spec: &'static str,
    /// The version it leads to. Versions of a specification are applied in rising order.
    pub version: u32,
    /// One or more statements, separated by semicolons.
    pub sql: &'static str,
}

impl TableDescriptor {
    /// The column of this name and its place in a row.
    pub fn column(&self, name: &str) -> Option<(usize, &'static Column)> {
        self.columns
            .iter()
            .enumerate()
            .find(|(_, column)| column.name == name)
    }

    /// The query of this name.
    pub fn query(&self, name: &str) -> Option<&'static QueryDescriptor> {
        self.queries.iter().find(|query| query.name == name)
    }

    /// The places of the key's columns in a row.
    pub fn key_places(&self) -> impl Iterator<Item = usize> + '_ {
        self.key
            .iter()
            .filter_map(|name| self.column(name).map(|(place, _)| place))
    }

    /// The values of the key of a row.
    pub fn key_of(&self, row: &[Value]) -> Vec<Value> {
        self.key_places()
            .filter_map(|place| row.get(place).cloned())
            .collect()
    }

    /// Whether a row belongs to an account.
    pub fn belongs_to(&self, row: &[Value], account: &str) -> bool {
        let columns = self.personal.iter().filter_map(|name| self.column(name));
        let mut values = columns.filter_map(|(place, _)| row.get(place));
        values.any(|value| matches!(value, Value::Text(owner) if owner == account))
    }

    /// The columns that decide the order of a query's rows: its own order first, then what of the
    /// key is not fixed by equality, so that the order is total.
    pub fn order_of(&self, query: &QueryDescriptor) -> Vec<&'static str> {
        let mut order: Vec<&'static str> = query.order.into_iter().collect();
        for column in self.key {
            if !order.contains(column) && !query.equals.contains(column) {
                order.push(column);
            }
        }
        order
    }

    /// Checks that the description is sound: names are well-formed, every named column exists, and
    /// every query is answered by the key or an index.
    ///
    /// # Errors
    /// [`StorageError::Unsupported`] with what is wrong.
    pub fn check(&self) -> Result<(), StorageError> {
        let bad = |what: String| {
            Err(StorageError::Unsupported(format!(
                "table {:?}: {what}",
                self.name
            )))
        };
        if !is_name(self.name) {
            return bad("its name may hold only a-z, 0-9 and _".into());
        }
        if self.version == 0 {
            return bad("versions count from 1".into());
        }
        for (place, column) in self.columns.iter().enumerate() {
            if !is_name(column.name) {
                return bad(format!("column {:?}: bad name", column.name));
            }
            if self.column(column.name).map(|(first, _)| first) != Some(place) {
                return bad(format!("column {:?} is there twice", column.name));
            }
        }
        if self.key.is_empty() {
            return bad("it has no key".into());
        }
        for name in self.key {
            match self.column(name) {
                None => return bad(format!("the key's column {name:?} does not exist")),
                Some((_, column)) if column.optional => {
                    return bad(format!("the key's column {name:?} is optional"));
                }
                Some(_) => {}
            }
        }
        for name in self.personal {
            let mut indexes = std::iter::once(&self.key).chain(self.indexes);
            if !indexes.any(|index| index.first() == Some(name)) {
                return bad(format!("its personal column {name:?} has no index"));
            }
        }
        let personal = self.personal.iter();
        for name in personal.chain(self.indexes.iter().copied().flatten()) {
            if self.column(name).is_none() {
                return bad(format!("column {name:?} does not exist"));
            }
        }
        let swept = self.retention.map(|retention| retention.query);
        if let Some(query) = swept {
            let column = query.range.and_then(|name| self.column(name));
            let of_time = column.is_some_and(|(_, column)| column.ty == ColumnType::Timestamp);
            if !of_time
                || !query.equals.is_empty()
                || query.order != query.range
                || query.descending
            {
                return bad("its retention is not by a column of time, the oldest first".into());
            }
        }
        for query in self.queries.iter().chain(swept) {
            let more = [query.range, query.order, query.search];
            let named = query.equals.iter().chain(more.iter().flatten());
            for name in named {
                if self.column(name).is_none() {
                    return bad(format!(
                        "query {:?}: column {name:?} does not exist",
                        query.name
                    ));
                }
            }
            let searched = query.search.and_then(|name| self.column(name));
            if searched.is_some_and(|(_, column)| column.ty != ColumnType::Text) {
                return bad(format!("query {:?} searches what is no text", query.name));
            }
            if query.limit == 0 {
                return bad(format!("query {:?} has no bound", query.name));
            }
            if !self.has_index_for(query) {
                return bad(format!("query {:?} has no index", query.name));
            }
        }
        Ok(())
    }

    /// Whether the key or an index begins with the columns a query compares, in any order, followed
    /// by the one it ranges over or orders by.
    pub fn has_index_for(&self, query: &QueryDescriptor) -> bool {
        let answers = |index: &[&str]| {
            let Some((head, tail)) = index.split_at_checked(query.equals.len()) else {
                return false;
            };
            query.equals.iter().all(|column| head.contains(column))
                && query
                    .range
                    .or(query.order)
                    .is_none_or(|column| tail.first() == Some(&column) || head.contains(&column))
        };
        answers(self.key) || self.indexes.iter().any(|index| answers(index))
    }

    /// Checks that a row has the right number of values, each of its column's type.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] naming the column.
    pub fn check_row(&self, row: &[Value]) -> Result<(), StorageError> {
        if row.len() != self.columns.len() {
            return Err(StorageError::Corrupt(format!(
                "table {}: {} values for {} columns",
                self.name,
                row.len(),
                self.columns.len()
            )));
        }
        let mut pairs = self.columns.iter().zip(row);
        pairs.try_for_each(|(column, value)| self.check_value(column, value))
    }

    /// Checks that a key has the right number of values, each of its column's type.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] naming the column.
    pub fn check_key(&self, key: &[Value]) -> Result<(), StorageError> {
        self.check_columns("key", self.key, key)
    }

    /// Checks that a selection is one this table's query allows.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] naming the column, [`StorageError::Unsupported`] for a range that
    /// the query does not have.
    pub fn check_selection(&self, selection: &Selection) -> Result<(), StorageError> {
        let query = selection.query;
        self.check_columns(query.name, query.equals, &selection.equals)?;
        if selection.search.is_some() && query.search.is_none() {
            return Err(StorageError::Unsupported(format!(
                "table {}: query {} has no search",
                self.name, query.name
            )));
        }
        if selection.range == Range::all() {
            return Ok(());
        }
        let column = query.range.and_then(|name| self.column(name));
        let Some((_, column)) = column else {
            return Err(StorageError::Unsupported(format!(
                "table {}: query {} has no range",
                self.name, query.name
            )));
        };
        selection.range.values().try_for_each(|value| {
            if value.column_type() == Some(column.ty) {
                Ok(())
            } else {
                Err(self.misfit(column.name))
            }
        })
    }

    fn check_columns(
        &self,
        what: &str,
        names: &[&str],
        values: &[Value],
    ) -> Result<(), StorageError> {
        if names.len() != values.len() {
            return Err(StorageError::Corrupt(format!(
                "table {}: {} values for the {} columns of {what}",
                self.name,
                values.len(),
                names.len()
            )));
        }
        let mut pairs = names.iter().zip(values);
        pairs.try_for_each(|(name, value)| match self.column(name) {
            Some((_, column)) => self.check_value(column, value),
            None => Err(self.misfit(name)),
        })
    }

    fn check_value(&self, column: &Column, value: &Value) -> Result<(), StorageError> {
        match value.column_type() {
            None if column.optional => Ok(()),
            Some(ty) if ty == column.ty => Ok(()),
            _ => Err(self.misfit(column.name)),
        }
    }

    fn misfit(&self, column: &str) -> StorageError {
        StorageError::Corrupt(format!(
            "table {}: a value does not fit column {column}",
            self.name
        ))
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
