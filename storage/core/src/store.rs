//! The typed side: a handle on the storage, and the store of one table.

use std::{fmt, marker::PhantomData, sync::Arc};

use jiff::Timestamp;

use crate::{
    Backend, Migration, Outcome, QueryDescriptor, Range, Search, Selection, StorageError,
    TableDescriptor, Transaction, Value, Write,
};

/// A table with its row as a Rust type. Generated from the specifications, or written by hand for
/// a plugin's own table.
pub trait Table: 'static {
    /// The description.
    const DESCRIPTOR: &'static TableDescriptor;
    /// One row.
    type Row: Clone + Send + Sync + 'static;

    /// The values of a row, in the order of the columns.
    fn to_values(row: &Self::Row) -> Vec<Value>;

    /// The row of these values.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] when they are not those of a row.
    fn from_values(values: Vec<Value>) -> Result<Self::Row, StorageError>;
}

/// A handle on the storage of a server. Clones share one backend.
#[derive(Clone)]
pub struct Storage {
    backend: Arc<dyn Backend>,
}

impl Storage {
    /// Storage on this backend. Call [`prepare`](Self::prepare) before opening tables.
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self { backend }
    }

    /// Storage in memory, for tests and for servers that are to forget.
    pub fn memory() -> Self {
        Self::new(Arc::new(crate::memory::Memory::new()))
    }

    /// The name of the backend, for logs.
    pub fn backend_name(&self) -> &'static str {
        self.backend.name()
    }

    /// Checks the descriptions and makes the tables ready.
    ///
    /// # Errors
    /// [`StorageError::Unsupported`] for an unsound description or a database of a newer version,
    /// [`StorageError::Corrupt`] where the database does not hold what its migrations promise,
    /// [`StorageError::Unavailable`] when it cannot be reached.
    pub async fn prepare(
        &self,
        tables: &[&'static TableDescriptor],
        migrations: &[Migration],
    ) -> Result<(), StorageError> {
        for table in tables {
            table.check()?;
        }
        self.backend.prepare(tables, migrations).await
    }

    /// The store of a table, `None` where the backend does not have it.
    pub fn open<T: Table>(&self) -> Option<Store<T>> {
        self.backend.supports(T::DESCRIPTOR).then(|| Store {
            backend: self.backend.clone(),
            table: PhantomData,
        })
    }

    /// Whether the backend has this table.
    pub fn supports(&self, table: &TableDescriptor) -> bool {
        self.backend.supports(table)
    }

    /// Begins a list of changes that are done together or not at all.
    pub fn transaction(&self) -> Transaction {
        Transaction::new(self.backend.clone())
    }

    /// Removes every row that belongs to an account, from all of these tables that the backend has,
    /// together or not at all; how many there were.
    ///
    /// # Errors
    /// Any but [`StorageError::Conflict`].
    pub async fn erase(
        &self,
        tables: &[&'static TableDescriptor],
        account: &str,
    ) -> Result<u64, StorageError> {
        let mut transaction = self.transaction();
        for table in tables {
            if self.backend.supports(table) {
                transaction.erase(table, account);
            }
        }
        let outcomes = transaction.commit().await?;
        Ok(outcomes.into_iter().map(Outcome::removed).sum())
    }

    /// Removes the rows of a table whose column of [retention](TableDescriptor::retention) holds a
    /// time before this one, in [steps](Self::sweep_step), so that others are served between them;
    /// how many there were. None from a table that keeps its rows for ever or that the backend does
    /// not have.
    ///
    /// # Errors
    /// Any but [`StorageError::Conflict`]. What was removed before the error is gone.
    pub async fn sweep(
        &self,
        table: &'static TableDescriptor,
        before: Timestamp,
    ) -> Result<u64, StorageError> {
        let mut removed = 0;
        while let Some(step) = self.sweep_step(table, before).await? {
            removed += step;
        }
        Ok(removed)
    }

    /// One step of [`sweep`](Self::sweep): the oldest rows, about as many as the query of the
    /// retention returns at most, more only where many have the same time. How many went; `None`
    /// when nothing is left to go.
    ///
    /// # Errors
    /// Any but [`StorageError::Conflict`].
    pub async fn sweep_step(
        &self,
        table: &'static TableDescriptor,
        before: Timestamp,
    ) -> Result<Option<u64>, StorageError> {
        let Some(retention) = table.retention.filter(|_| self.backend.supports(table)) else {
            return Ok(None);
        };
        let place = retention.query.range.and_then(|name| table.column(name));
        let mut step = Selection {
            table,
            query: retention.query,
            equals: Vec::new(),
            range: Range::before(before),
            search: None,
            limit: retention.query.limit,
            reverse: false,
        };
        table.check_selection(&step)?;
        let rows = self.backend.select(&step).await?;
        let newest = rows.last().zip(place);
        let Some(newest) = newest.and_then(|(row, (place, _))| row.get(place)) else {
            return Ok(None);
        };
        // By the range, not by the keys: a row that was replaced meanwhile by a newer one stays.
        step.range = Range::up_to(newest.clone());
        let outcomes = self.backend.write(vec![Write::DeleteWhere(step)]).await?;
        Ok(Some(outcomes.into_iter().map(Outcome::removed).sum()))
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// Any but [`StorageError::Conflict`].
    pub async fn count(&self, table: &'static TableDescriptor) -> Result<u64, StorageError> {
        self.backend.count(table).await
    }

    /// The row with this key, as [`Backend::get`] gives it: for tools that know no type.
    ///
    /// # Errors
    /// Any but [`StorageError::Conflict`].
    pub async fn get(
        &self,
        table: &'static TableDescriptor,
        key: &[Value],
    ) -> Result<Option<Vec<Value>>, StorageError> {
        table.check_key(key)?;
        self.backend.get(table, key).await
    }

    /// Rows in the order of the key as [`Backend::scan`] gives them: for tools that know no type.
    ///
    /// # Errors
    /// Any but [`StorageError::Conflict`].
    pub async fn scan(
        &self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        if let Some(after) = after {
            table.check_key(after)?;
        }
        self.backend.scan(table, after, limit).await
    }

    /// The keys of rows in their order as [`Backend::keys`] gives them, also of rows that cannot be read.
    ///
    /// # Errors
    /// Any but [`StorageError::Conflict`].
    pub async fn keys(
        &self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        if let Some(after) = after {
            table.check_key(after)?;
        }
        self.backend.keys(table, after, limit).await
    }

    /// Whether the backend answers at present.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when it does not.
    pub async fn health(&self) -> Result<(), StorageError> {
        self.backend.health().await
    }

    /// Finishes what has been accepted and closes the backend, for all clones of this handle.
    pub async fn close(&self) {
        self.backend.close().await;
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Storage")
            .field(&self.backend.name())
            .finish()
    }
}

/// The rows of one table.
pub struct Store<T: Table> {
    backend: Arc<dyn Backend>,
    table: PhantomData<fn() -> T>,
}

impl<T: Table> Clone for Store<T> {
    fn clone(&self) -> Self {
        Self {
            backend: self.backend.clone(),
            table: PhantomData,
        }
    }
}

impl<T: Table> fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&T::DESCRIPTOR.name).finish()
    }
}

impl<T: Table> Store<T> {
    /// The row with this key: one value for each column of the key.
    ///
    /// # Errors
    /// Any but [`StorageError::Conflict`].
    pub async fn get(&self, key: &[Value]) -> Result<Option<T::Row>, StorageError> {
        T::DESCRIPTOR.check_key(key)?;
        let row = self.backend.get(T::DESCRIPTOR, key).await?;
        row.map(T::from_values).transpose()
    }

    /// Stores a row, in place of the one with the same key if there is one.
    ///
    /// # Errors
    /// Any but [`StorageError::Conflict`].
    pub async fn put(&self, row: &T::Row) -> Result<(), StorageError> {
        self.write(Write::Put {
            table: T::DESCRIPTOR,
            row: T::to_values(row),
        })
        .await?;
        Ok(())
    }

    /// Stores a row whose key is not there yet.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] if a row with the same key is there.
    pub async fn insert(&self, row: &T::Row) -> Result<(), StorageError> {
        self.write(Write::Insert {
            table: T::DESCRIPTOR,
            row: T::to_values(row),
        })
        .await?;
        Ok(())
    }

    /// Removes the row with this key; whether there was one.
    ///
    /// # Errors
    /// Any but [`StorageError::Conflict`].
    pub async fn delete(&self, key: &[Value]) -> Result<bool, StorageError> {
        let outcome = self
            .write(Write::Delete {
                table: T::DESCRIPTOR,
                key: key.to_vec(),
            })
            .await?;
        Ok(outcome.removed() > 0)
    }

    /// The rows of a query, in its order, or against it with `reverse`. `limit` may only lower the
    /// bound of the query. The next page begins [after](Range::after) the last value seen (or ends
    /// [before](Range::before) it): no counting, no offset.
    ///
    /// # Errors
    /// Any but [`StorageError::Conflict`].
    pub async fn select(
        &self,
        query: &'static QueryDescriptor,
        equals: &[Value],
        range: Range,
        limit: Option<u32>,
        reverse: bool,
    ) -> Result<Vec<T::Row>, StorageError> {
        self.read(Selection {
            table: T::DESCRIPTOR,
            query,
            equals: equals.to_vec(),
            range,
            search: None,
            limit: limit.map_or(query.limit, |limit| limit.min(query.limit)),
            reverse,
        })
        .await
    }

    /// Those of the rows of a query that a search finds.
    ///
    /// # Errors
    /// [`StorageError::Unsupported`] where [`can_search`](Self::can_search) says no; any other but
    /// [`StorageError::Conflict`].
    pub async fn search(
        &self,
        query: &'static QueryDescriptor,
        equals: &[Value],
        range: Range,
        search: Search,
        limit: Option<u32>,
        reverse: bool,
    ) -> Result<Vec<T::Row>, StorageError> {
        if !self.can_search(query) {
            return Err(StorageError::Unsupported(format!(
                "table {}: query {} cannot be searched on {}",
                T::DESCRIPTOR.name,
                query.name,
                self.backend.name()
            )));
        }
        self.read(Selection {
            table: T::DESCRIPTOR,
            query,
            equals: equals.to_vec(),
            range,
            search: Some(search),
            limit: limit.map_or(query.limit, |limit| limit.min(query.limit)),
            reverse,
        })
        .await
    }

    /// Whether the query has a search and the backend can do it.
    pub fn can_search(&self, query: &'static QueryDescriptor) -> bool {
        query.search.is_some() && self.backend.supports_search(T::DESCRIPTOR, query)
    }

    async fn read(&self, selection: Selection) -> Result<Vec<T::Row>, StorageError> {
        T::DESCRIPTOR.check_selection(&selection)?;
        let rows = self.backend.select(&selection).await?;
        rows.into_iter().map(T::from_values).collect()
    }

    /// Removes every row a query matches (its bound does not count here) and says how many.
    ///
    /// # Errors
    /// Any but [`StorageError::Conflict`].
    pub async fn delete_where(
        &self,
        query: &'static QueryDescriptor,
        equals: &[Value],
        range: Range,
    ) -> Result<u64, StorageError> {
        let outcome = self
            .write(Write::DeleteWhere(Selection {
                table: T::DESCRIPTOR,
                query,
                equals: equals.to_vec(),
                range,
                search: None,
                limit: u32::MAX,
                reverse: false,
            }))
            .await?;
        Ok(outcome.removed())
    }

    /// Rows in the order of the key, beginning after a key: for tools that go through whole tables.
    ///
    /// # Errors
    /// Any but [`StorageError::Conflict`].
    pub async fn scan(
        &self,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<T::Row>, StorageError> {
        if let Some(after) = after {
            T::DESCRIPTOR.check_key(after)?;
        }
        let rows = self.backend.scan(T::DESCRIPTOR, after, limit).await?;
        rows.into_iter().map(T::from_values).collect()
    }

    async fn write(&self, write: Write) -> Result<Outcome, StorageError> {
        write.check()?;
        let outcomes = self.backend.write(vec![write]).await?;
        Ok(outcomes.first().copied().unwrap_or(Outcome::Stored))
    }
}
