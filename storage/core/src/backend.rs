//! What a storage engine has to do.

use async_trait::async_trait;

use crate::{Migration, QueryDescriptor, Selection, StorageError, TableDescriptor, Value};

/// One change.
#[derive(Debug, Clone)]
pub enum Write {
    /// Stores a row, in place of the one with the same key if there is one.
    Put {
        /// The table.
        table: &'static TableDescriptor,
        /// The values of all columns.
        row: Vec<Value>,
    },
    /// Stores a row; [`StorageError::Conflict`] if one with the same key is there.
    Insert {
        /// The table.
        table: &'static TableDescriptor,
        /// The values of all columns.
        row: Vec<Value>,
    },
    /// Removes the row with this key, if there is one.
    Delete {
        /// The table.
        table: &'static TableDescriptor,
        /// The values of the key's columns.
        key: Vec<Value>,
    },
    /// Removes every row a selection matches. Its limit and order mean nothing here.
    DeleteWhere(Selection),
    /// Removes every row that belongs to an account by one of the table's
    /// [`personal`](TableDescriptor::personal) columns. Not for the hot path.
    Erase {
        /// The table.
        table: &'static TableDescriptor,
        /// The column.
        column: &'static str,
        /// The account, as its rows name it.
        account: String,
    },
}

impl Write {
    /// The table that is changed.
    pub fn table(&self) -> &'static TableDescriptor {
        match self {
            Self::Put { table, .. }
            | Self::Insert { table, .. }
            | Self::Delete { table, .. }
            | Self::Erase { table, .. } => table,
            Self::DeleteWhere(selection) => selection.table,
        }
    }

    /// Checks that the values fit the table.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] or [`StorageError::Unsupported`] as the checks of
    /// [`TableDescriptor`] give them.
    pub fn check(&self) -> Result<(), StorageError> {
        match self {
            Self::Put { table, row } | Self::Insert { table, row } => table.check_row(row),
            Self::Delete { table, key } => table.check_key(key),
            Self::DeleteWhere(selection) if selection.search.is_some() => {
                Err(StorageError::Unsupported("a removal by a search".into()))
            }
            Self::DeleteWhere(selection) => selection.table.check_selection(selection),
            Self::Erase { table, column, .. } if !table.personal.contains(column) => {
                Err(StorageError::Unsupported(format!(
                    "table {}: nothing belongs to an account by {column}",
                    table.name
                )))
            }
            Self::Erase { .. } => Ok(()),
        }
    }
}

/// What became of one [`Write`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The row is stored.
    Stored,
    /// This many rows were removed.
    Removed(u64),
}

impl Outcome {
    /// How many rows were removed.
    pub fn removed(self) -> u64 {
        match self {
            Self::Stored => 0,
            Self::Removed(rows) => rows,
        }
    }
}

/// A storage engine. It interprets table descriptors; values it is given have been checked against
/// them by [`Storage`](crate::Storage).
///
/// No method waits without bound: what cannot be done in reasonable time ends in
/// [`StorageError::Unavailable`].
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// Its name, for logs: `memory`, `sqlite`.
    fn name(&self) -> &'static str;

    /// Whether it has this table. A table it does not have is kept in memory by whoever needs it.
    fn supports(&self, table: &TableDescriptor) -> bool;

    /// Whether [`select`](Self::select) takes a [`Search`](crate::Search) for this query, which has
    /// one. Whoever needs it and does not get it says so to its peers.
    fn supports_search(&self, _table: &TableDescriptor, _query: &QueryDescriptor) -> bool {
        false
    }

    /// Makes the tables ready, or brings them up to date. Called at start, before anything else, and
    /// safe to call again, also from two processes at once.
    async fn prepare(
        &self,
        tables: &[&'static TableDescriptor],
        migrations: &[Migration],
    ) -> Result<(), StorageError>;

    /// The row with this key.
    async fn get(
        &self,
        table: &'static TableDescriptor,
        key: &[Value],
    ) -> Result<Option<Vec<Value>>, StorageError>;

    /// The rows a selection matches, in order, at most its limit.
    async fn select(&self, selection: &Selection) -> Result<Vec<Vec<Value>>, StorageError>;

    /// Rows in the order of the key, all columns, beginning after a key: for tools that copy or
    /// export whole tables in steps.
    async fn scan(
        &self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError>;

    /// The keys of rows in their order, beginning after a key, also of rows that cannot be read: by them a check names what
    /// is damaged.
    async fn keys(
        &self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        let rows = self.scan(table, after, limit).await?;
        Ok(rows.iter().map(|row| table.key_of(row)).collect())
    }

    /// How many rows a table has. Not for the hot path: an engine that keeps no count walks them.
    async fn count(&self, table: &'static TableDescriptor) -> Result<u64, StorageError> {
        let mut rows = 0;
        let mut after: Option<Vec<Value>> = None;
        loop {
            let step = self.scan(table, after.as_deref(), 1000).await?;
            let Some(last) = step.last() else {
                return Ok(rows);
            };
            rows += step.len() as u64;
            after = Some(table.key_of(last));
        }
    }

    /// Does all of these changes or none, in their order. When it returns `Ok`, they are durable.
    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, StorageError>;

    /// Whether the engine answers at present.
    async fn health(&self) -> Result<(), StorageError>;

    /// Finishes what has been accepted and lets go of files and connections. Everything after it
    /// gives [`StorageError::Unavailable`].
    async fn close(&self);
}
