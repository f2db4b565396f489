//! How a table lies in Redis.

use sestina_storage::{StorageError, TableDescriptor, Value, ordered};

/// Everything is under this hash tag: a script may touch only what one node of a cluster holds.
pub(crate) const TAG: &str = "{sestina}";

/// One sorted set beside that of the keys.
pub(crate) struct Index {
    /// Its columns.
    pub(crate) columns: Vec<&'static str>,
    /// Redis's key of the set.
    pub(crate) set: String,
}

/// A table and the names of its parts.
pub(crate) struct Layout {
    pub(crate) table: &'static TableDescriptor,
    /// What the names of its parts begin with.
    pub(crate) base: String,
    /// The hash of the rows.
    pub(crate) rows: String,
    /// The set of the keys.
    pub(crate) keys: String,
    /// The sets of the indexes.
    pub(crate) indexes: Vec<Index>,
}

/// The columns of all indexes: those declared, and those to find what belongs to an account where
/// neither the key nor a declared one begins with it.
pub(crate) fn indexes(table: &TableDescriptor) -> Vec<Vec<&'static str>> {
    let mut all: Vec<Vec<&'static str>> =
        table.indexes.iter().map(|index| index.to_vec()).collect();
    for personal in table.personal {
        let begins = |columns: &[&str]| columns.first() == Some(personal);
        if !begins(table.key) && !all.iter().any(|index| begins(index)) {
            all.push(vec![*personal]);
        }
    }
    all
}

impl Layout {
    pub(crate) fn new(table: &'static TableDescriptor) -> Self {
        let base = format!("{TAG}:{}", table.name);
        let indexes = indexes(table)
            .into_iter()
            .map(|columns| Index {
                set: format!("{base}:by:{}", columns.join(",")),
                columns,
            })
            .collect();
        Self {
            table,
            rows: format!("{base}:rows"),
            keys: format!("{base}:keys"),
            base,
            indexes,
        }
    }

    /// The set with this number and how many values stand before the key in its members: 0 is that
    /// of the keys.
    pub(crate) fn set(&self, index: usize) -> Result<(&str, usize), StorageError> {
        let Some(index) = index.checked_sub(1) else {
            return Ok((&self.keys, 0));
        };
        let index = self.indexes.get(index);
        index
            .map(|index| (index.set.as_str(), index.columns.len()))
            .ok_or_else(|| StorageError::Unsupported("an index that was not prepared".into()))
    }

    /// The places of columns in a row as the scripts take them: counted from 1, separated by commas.
    pub(crate) fn places(&self, columns: &[&str]) -> String {
        let places: Vec<String> = columns
            .iter()
            .filter_map(|name| self.table.column(name))
            .map(|(place, _)| (place + 1).to_string())
            .collect();
        places.join(",")
    }

    /// The values of a stored row.
    pub(crate) fn row(&self, octets: &[u8]) -> Result<Vec<Value>, StorageError> {
        let row = ordered::decode(octets)
            .map_err(|_| StorageError::corrupt("octets that are no row of its table"))?;
        self.table.check_row(&row)?;
        Ok(row)
    }
}
