//! Reading, and changes of one row.

use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use sestina_storage::{Outcome, StorageError, TableDescriptor, Value, Write};

use crate::{
    Shared, document, errors, filter,
    journal::{ABSENT, MARK},
};

/// How often a read starts anew because lists were completed on its way.
const ROUNDS: usize = 20;

impl Shared {
    /// The rows that a filter finds. Lists that are committed and not completed, met on the way, are
    /// completed first; of pending ones nothing is seen.
    pub(crate) async fn rows(
        &self,
        table: &'static TableDescriptor,
        found: Document,
        sort: Document,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let collection = self.collection(table.name);
        for _ in 0..ROUNDS {
            let mut find = collection.find(found.clone()).limit(i64::from(limit));
            if !sort.is_empty() {
                find = find.sort(sort.clone());
            }
            let cursor = find.await.map_err(|error| errors::map(&error))?;
            let documents: Vec<Document> = cursor
                .try_collect()
                .await
                .map_err(|error| errors::map(&error))?;
            let mut settled = false;
            let mut lists: Vec<&str> = documents
                .iter()
                .filter_map(|document| document.get_str(MARK).ok())
                .collect();
            lists.sort_unstable();
            lists.dedup();
            if !lists.is_empty() {
                let _alone = self.alone().await;
                for list in lists {
                    settled |= !self.look_after(list, false).await?;
                }
            }
            // A mark that means nothing hides nothing: the row is as it was. But a list may have been
            // completed between the two looks, so that what was read is old.
            if !settled {
                let rows = documents
                    .iter()
                    .filter(|document| !document.contains_key(ABSENT));
                return rows.map(|row| document::to_row(table, row)).collect();
            }
            self.clear_stray_marks(table, &documents).await?;
        }
        Err(StorageError::Unavailable(
            "the rows are changing too fast to be read".into(),
        ))
    }

    /// The keys of what a filter finds, in their order. A list of changes that is under way is not waited for.
    pub(crate) async fn keys(
        &self,
        table: &'static TableDescriptor,
        found: Document,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        let collection = self.collection(table.name);
        let find = collection.find(found).sort(doc! { "_id": 1 });
        let find = find.projection(doc! { "_id": 1 }).limit(i64::from(limit));
        let cursor = find.await.map_err(|error| errors::map(&error))?;
        let documents: Vec<Document> = cursor
            .try_collect()
            .await
            .map_err(|error| errors::map(&error))?;
        documents
            .iter()
            .map(|document| document::key(document.get_str("_id").unwrap_or_default()))
            .collect()
    }

    /// Takes marks away whose lists are gone.
    async fn clear_stray_marks(
        &self,
        table: &TableDescriptor,
        documents: &[Document],
    ) -> Result<(), StorageError> {
        let _alone = self.alone().await;
        for document in documents.iter().filter(|found| found.contains_key(MARK)) {
            if let Ok(id) = document.get_str("_id") {
                self.settle(table.name, id, &mut None).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn write(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, StorageError> {
        match writes.as_slice() {
            [Write::Put { table, row }] => self.put(table, row).await.map(|done| vec![done]),
            [Write::Insert { table, row }] => self.insert(table, row).await.map(|done| vec![done]),
            [Write::Delete { table, key }] => self.delete(table, key).await.map(|done| vec![done]),
            list => self.list(list).await,
        }
    }

    async fn put(
        &self,
        table: &'static TableDescriptor,
        row: &[Value],
    ) -> Result<Outcome, StorageError> {
        let _alone = self.alone().await;
        let collection = self.collection(table.name);
        let document = document::from_row(table, row);
        let id = document::id(&table.key_of(row));
        let mut seen = None;
        let mut tried = false;
        loop {
            let unmarked = doc! { "_id": &id, MARK: null };
            let replaced = collection.replace_one(unmarked, &document).upsert(true);
            match replaced.await {
                Ok(_) => return Ok(Outcome::Stored),
                // To store once more what was stored a moment ago is explained by some order of the
                // writers; the other changes are not repeated.
                Err(error) if errors::is_network(&error) && !tried => tried = true,
                Err(error) => match errors::map(&error) {
                    // The document is there with a mark, or came at the same moment.
                    StorageError::Conflict => self.settle(table.name, &id, &mut seen).await?,
                    error => return Err(error),
                },
            }
        }
    }

    async fn insert(
        &self,
        table: &'static TableDescriptor,
        row: &[Value],
    ) -> Result<Outcome, StorageError> {
        let _alone = self.alone().await;
        let collection = self.collection(table.name);
        let document = document::from_row(table, row);
        let id = document::id(&table.key_of(row));
        let mut seen = None;
        loop {
            let inserted = collection.insert_one(&document).await;
            match inserted.map_err(|error| errors::map(&error)) {
                Ok(_) => return Ok(Outcome::Stored),
                Err(StorageError::Conflict) => {}
                Err(error) => return Err(error),
            }
            let there = collection.find_one(doc! { "_id": &id }).await;
            let there = there.map_err(|error| errors::map(&error))?;
            if there.is_some_and(|there| !there.contains_key(MARK)) {
                return Err(StorageError::Conflict);
            }
            self.settle(table.name, &id, &mut seen).await?;
        }
    }

    async fn delete(
        &self,
        table: &'static TableDescriptor,
        key: &[Value],
    ) -> Result<Outcome, StorageError> {
        let _alone = self.alone().await;
        let collection = self.collection(table.name);
        let id = document::id(key);
        let mut seen = None;
        loop {
            let deleted = collection.delete_one(doc! { "_id": &id, MARK: null }).await;
            let deleted = deleted.map_err(|error| errors::map(&error))?;
            if deleted.deleted_count > 0 {
                return Ok(Outcome::Removed(1));
            }
            let there = collection.find_one(doc! { "_id": &id }).await;
            if there.map_err(|error| errors::map(&error))?.is_none() {
                return Ok(Outcome::Removed(0));
            }
            self.settle(table.name, &id, &mut seen).await?;
        }
    }

    /// The indexes of a table's collection beside that of `_id`, which is the key.
    pub(crate) fn index_documents(table: &TableDescriptor) -> Vec<Document> {
        let each = filter::indexes(table).into_iter().map(|columns| {
            let mut keys = Document::new();
            for column in columns {
                keys.insert(column, 1);
            }
            // Rows that are equal in all of them come in the order of the key.
            keys.insert("_id", 1);
            keys
        });
        each.collect()
    }
}
