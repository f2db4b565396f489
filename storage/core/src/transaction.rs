//! Changes that are done together.

use std::{fmt, sync::Arc};

use crate::{
    Backend, Outcome, QueryDescriptor, Range, Selection, StorageError, Table, TableDescriptor,
    Value, Write,
};

/// A list of changes over one or more tables. Nothing happens before [`commit`](Self::commit);
/// a list that is dropped does nothing.
#[must_use = "a transaction does nothing before it is committed"]
pub struct Transaction {
    backend: Arc<dyn Backend>,
    writes: Vec<Write>,
}

impl Transaction {
    pub(crate) fn new(backend: Arc<dyn Backend>) -> Self {
        Self {
            backend,
            writes: Vec::new(),
        }
    }

    /// Stores a row, in place of the one with the same key if there is one.
    pub fn put<T: Table>(&mut self, row: &T::Row) -> &mut Self {
        self.push(Write::Put {
            table: T::DESCRIPTOR,
            row: T::to_values(row),
        })
    }

    /// Stores a row; if its key is there already, the whole transaction ends in
    /// [`StorageError::Conflict`].
    pub fn insert<T: Table>(&mut self, row: &T::Row) -> &mut Self {
        self.push(Write::Insert {
            table: T::DESCRIPTOR,
            row: T::to_values(row),
        })
    }

    /// Removes the row with this key, if there is one.
    pub fn delete<T: Table>(&mut self, key: &[Value]) -> &mut Self {
        self.push(Write::Delete {
            table: T::DESCRIPTOR,
            key: key.to_vec(),
        })
    }

    /// Removes every row a query matches.
    pub fn delete_where<T: Table>(
        &mut self,
        query: &'static QueryDescriptor,
        equals: &[Value],
        range: Range,
    ) -> &mut Self {
        self.push(Write::DeleteWhere(Selection {
            table: T::DESCRIPTOR,
            query,
            equals: equals.to_vec(),
            range,
            search: None,
            limit: u32::MAX,
            reverse: false,
        }))
    }

    /// Removes every row of an account from a table.
    pub fn erase(&mut self, table: &'static TableDescriptor, account: &str) -> &mut Self {
        for column in table.personal {
            self.push(Write::Erase {
                table,
                column,
                account: account.to_owned(),
            });
        }
        self
    }

    /// Adds a change that is at hand untyped.
    pub fn push(&mut self, write: Write) -> &mut Self {
        self.writes.push(write);
        self
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Does all of it, durably, or nothing. One outcome for each change, in order.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] when a row to insert was there; [`StorageError::Unsupported`] for
    /// a table the backend does not have; the others as for every write.
    pub async fn commit(self) -> Result<Vec<Outcome>, StorageError> {
        if self.writes.is_empty() {
            return Ok(Vec::new());
        }
        for write in &self.writes {
            write.check()?;
            if !self.backend.supports(write.table()) {
                return Err(StorageError::Unsupported(format!(
                    "no table {}",
                    write.table().name
                )));
            }
        }
        self.backend.write(self.writes).await
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("writes", &self.writes.len())
            .finish_non_exhaustive()
    }
}
