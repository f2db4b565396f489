//! Lists of changes, all or none, on a server without transactions.
//!
//! A list has a document in the journal collection. Every row it touches is *marked*: its document
//! gets the list's name in the field [`MARK`], or, where there is no row yet, a document without
//! columns is put there, with [`ABSENT`]. Nobody changes a marked document but its list. When all
//! are marked, the list is worked out against what they hold, and one update of its journal document
//! from `pending` to `committed`, which holds all changes, is the moment at which it has happened.
//! Then the changes are made, which takes the marks away, and the journal document goes.
//!
//! Whoever meets a mark looks into the journal. A committed list is completed by them; that is
//! harmless together with others who do the same, as every change asks for the mark. A list that
//! stays pending for [`LEASE`] is withdrawn by removing its journal document; its owner, if there
//! still is one, then fails to commit. A mark whose list is not in the journal means nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Weak, atomic::Ordering},
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use mongodb::{
    bson::{Document, doc, oid::ObjectId},
    options::ReturnDocument,
};
use sestina_storage::{Outcome, StorageError, TableDescriptor, Value, Write};

use crate::{Shared, document, errors, filter, patiently};

/// The collection.
pub(crate) const JOURNAL: &str = "sestina_journal";
/// The field with the name of the list that holds a document.
pub(crate) const MARK: &str = "_list";
/// The field of a document that stands where there is no row yet.
pub(crate) const ABSENT: &str = "_absent";
/// How long a list may be seen pending before it is withdrawn.
const LEASE: Duration = Duration::from_secs(4);
/// How often lists that others left are looked for.
const SWEEP: Duration = Duration::from_secs(2);
/// Documents that are marked or changed at once.
const AT_ONCE: usize = 16;
/// Octets of changes in one document of the journal: well below the 16 MiB of a document.
const PART: usize = 4 << 20;

/// A row's place: its table's name and its `_id`.
pub(crate) type Place = (&'static str, String);

/// What rows hold, as far as they are there.
type Rows = BTreeMap<Place, Option<Vec<Value>>>;

/// The tables of a list by their names.
type Tables = BTreeMap<&'static str, &'static TableDescriptor>;

/// Why a list was not committed.
enum Failure {
    /// Others were in the way: it may be tried again.
    Again,
    /// It has failed.
    Error(StorageError),
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::Error(error)
    }
}

impl Shared {
    /// A list of changes, or one that touches several rows.
    pub(crate) async fn list(&self, writes: &[Write]) -> Result<Vec<Outcome>, StorageError> {
        let _alone = self.alone().await;
        let mut pause = Duration::from_millis(5);
        loop {
            match self.attempt(writes).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(Failure::Error(error)) => return Err(error),
                // The caller's patience bounds this.
                Err(Failure::Again) => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }

    async fn attempt(&self, writes: &[Write]) -> Result<Vec<Outcome>, Failure> {
        let (places, tables) = self.places(writes).await?;
        if places.is_empty() {
            return Ok(vec![Outcome::Removed(0); writes.len()]);
        }
        let list = ObjectId::new().to_hex();
        let names: Vec<&str> = tables.keys().copied().collect();
        let entry = doc! { "_id": &list, "state": "pending", "tables": names };
        let journal = self.collection(JOURNAL);
        let began = journal.insert_one(entry).await;
        began.map_err(|error| errors::map(&error))?;
        let mut before = BTreeMap::new();
        let marked = self.mark(&list, places, &tables, &mut before).await;
        let worked_out = match marked {
            Ok(()) => work_out(writes, before.clone()).map_err(Failure::Error),
            Err(failure) => Err(failure),
        };
        let (outcomes, after) = match worked_out {
            Ok(done) => done,
            Err(failure) => {
                self.withdraw(&list, &before).await?;
                return Err(failure);
            }
        };
        let changes = changes(&tables, &after);
        if !self.commit(&list, &changes).await? {
            // Somebody has taken us for dead.
            self.withdraw(&list, &before).await?;
            return Err(Failure::Again);
        }
        // From here on it has happened. If this fails the answer is that nobody knows, and whoever
        // comes by completes it.
        self.make(&list, &changes).await?;
        self.forget(&list).await?;
        Ok(outcomes)
    }

    /// Which rows a list touches.
    async fn places(&self, writes: &[Write]) -> Result<(BTreeSet<Place>, Tables), StorageError> {
        let mut places = BTreeSet::new();
        let mut tables = BTreeMap::new();
        for write in writes {
            let table = write.table();
            tables.insert(table.name, table);
            let found = match write {
                Write::Put { row, .. } | Write::Insert { row, .. } => {
                    places.insert((table.name, document::id(&table.key_of(row))));
                    continue;
                }
                Write::Delete { key, .. } => {
                    places.insert((table.name, document::id(key)));
                    continue;
                }
                Write::DeleteWhere(selection) => filter::select(selection).map(|(found, _)| found),
                Write::Erase {
                    account, column, ..
                } => filter::erasing(table, column, account),
            };
            let Some(found) = found else { continue };
            let collection = self.collection(table.name);
            let cursor = collection.find(found);
            let cursor = cursor.projection(doc! { "_id": 1 }).await;
            let mut cursor = cursor.map_err(|error| errors::map(&error))?;
            while let Some(found) = cursor.next().await {
                let found = found.map_err(|error| errors::map(&error))?;
                places.insert((table.name, text(&found, "_id")?));
            }
        }
        Ok((places, tables))
    }

    /// Marks the rows and notes what they hold. In one order for all, so that two lists do not wait
    /// for each other; where they do nevertheless, one of them is withdrawn in the end.
    async fn mark(
        &self,
        list: &str,
        places: BTreeSet<Place>,
        tables: &Tables,
        rows: &mut Rows,
    ) -> Result<(), Failure> {
        for place in places {
            let (name, id) = (place.0, place.1.as_str());
            let collection = self.collection(name);
            let mut seen = None;
            let before = loop {
                let marked = collection.find_one_and_update(
                    doc! { "_id": id, MARK: null },
                    doc! { "$set": { MARK: list }, "$setOnInsert": { ABSENT: true } },
                );
                let marked = marked.upsert(true).return_document(ReturnDocument::Before);
                match marked.await.map_err(|error| errors::map(&error)) {
                    Ok(before) => break before,
                    // It has another list's mark.
                    Err(StorageError::Conflict) => self.settle(name, id, &mut seen).await?,
                    Err(error) => return Err(error.into()),
                }
            };
            let row = match (before, tables.get(name)) {
                (Some(before), Some(table)) if !before.contains_key(ABSENT) => {
                    Some(document::to_row(table, &before)?)
                }
                _ => None,
            };
            rows.insert(place, row);
        }
        Ok(())
    }

    /// Waits a little for the list that has marked a document, or completes it, or withdraws it.
    /// `seen` is what was seen of it the time before.
    pub(crate) async fn settle(
        &self,
        name: &str,
        id: &str,
        seen: &mut Option<(String, Instant)>,
    ) -> Result<(), StorageError> {
        let found = self.collection(name).find_one(doc! { "_id": id }).await;
        let found = found.map_err(|error| errors::map(&error))?;
        let Some(list) = found.and_then(|found| text(&found, MARK).ok()) else {
            return Ok(());
        };
        let known = seen.take().filter(|(known, _)| *known == list);
        let (list, since) = known.unwrap_or_else(|| (list, Instant::now()));
        let pending = self.look_after(&list, since.elapsed() >= LEASE).await?;
        if pending {
            *seen = Some((list, since));
            tokio::time::sleep(Duration::from_millis(10)).await;
        } else {
            self.unmark(name, &list).await?;
        }
        Ok(())
    }

    /// Looks into the journal: completes a committed list, and withdraws a pending one if it is to
    /// be. Whether it still is pending.
    pub(crate) async fn look_after(
        &self,
        list: &str,
        withdraw: bool,
    ) -> Result<bool, StorageError> {
        let journal = self.collection(JOURNAL);
        let entry = journal.find_one(doc! { "_id": list }).await;
        let Some(entry) = entry.map_err(|error| errors::map(&error))? else {
            return Ok(false);
        };
        if is_committed(&entry) {
            let changes = self.read_changes(list, &entry).await?;
            self.make(list, &changes).await?;
            self.forget(list).await?;
            return Ok(false);
        }
        if !withdraw {
            return Ok(true);
        }
        let gone = journal.delete_one(doc! { "_id": list, "state": "pending" });
        let gone = gone.await.map_err(|error| errors::map(&error))?;
        if gone.deleted_count == 0 {
            // Its owner was faster, whatever it did.
            return Ok(true);
        }
        tracing::warn!("mongodb: a list of changes that was never committed is withdrawn");
        self.forget(list).await?;
        let tables = entry.get_array("tables").map_or(&[][..], Vec::as_slice);
        for name in tables.iter().filter_map(|name| name.as_str()) {
            self.unmark(name, list).await?;
        }
        Ok(false)
    }

    /// Takes the marks of a list that is not in the journal from a collection.
    async fn unmark(&self, name: &str, list: &str) -> Result<(), StorageError> {
        let collection = self.collection(name);
        let placeholders = collection.delete_many(doc! { MARK: list, ABSENT: true });
        placeholders.await.map_err(|error| errors::map(&error))?;
        let rows = collection.update_many(doc! { MARK: list }, doc! { "$unset": { MARK: "" } });
        rows.await.map_err(|error| errors::map(&error))?;
        Ok(())
    }

    /// Gives up a list of our own that is not committed.
    async fn withdraw(&self, list: &str, rows: &Rows) -> Result<(), StorageError> {
        let journal = self.collection(JOURNAL);
        let gone = journal.delete_one(doc! { "_id": list, "state": "pending" });
        gone.await.map_err(|error| errors::map(&error))?;
        self.forget(list).await?;
        for ((name, id), row) in rows {
            let collection = self.collection(name);
            if row.is_some() {
                let mine = doc! { "_id": id, MARK: list };
                let update = collection.update_one(mine, doc! { "$unset": { MARK: "" } });
                update.await.map_err(|error| errors::map(&error))?;
            } else {
                let mine = doc! { "_id": id, MARK: list, ABSENT: true };
                let delete = collection.delete_one(mine);
                delete.await.map_err(|error| errors::map(&error))?;
            }
        }
        Ok(())
    }

    /// The moment at which a list has happened. Whether it has: not when somebody withdrew it.
    async fn commit(&self, list: &str, changes: &[Document]) -> Result<bool, StorageError> {
        let journal = self.collection(JOURNAL);
        let mut parts: Vec<Vec<&Document>> = vec![Vec::new()];
        let mut size = 0;
        for change in changes {
            let octets = change.to_vec().map_err(StorageError::corrupt)?.len();
            if size + octets > PART
                && let Some(last) = parts.last()
                && !last.is_empty()
            {
                parts.push(Vec::new());
                size = 0;
            }
            size += octets;
            if let Some(part) = parts.last_mut() {
                part.push(change);
            }
        }
        let first = parts.swap_remove(0);
        for (number, part) in parts.iter().enumerate() {
            let id = format!("{list}/{number}");
            let part = doc! { "_id": id, "list": list, "changes": part.clone() };
            let stored = journal.insert_one(part).await;
            stored.map_err(|error| errors::map(&error))?;
        }
        let committed = journal.update_one(
            doc! { "_id": list, "state": "pending" },
            doc! { "$set": { "state": "committed", "changes": first } },
        );
        let committed = committed.await.map_err(|error| errors::map(&error))?;
        Ok(committed.matched_count == 1)
    }

    async fn read_changes(
        &self,
        list: &str,
        entry: &Document,
    ) -> Result<Vec<Document>, StorageError> {
        let mut changes = documents(entry);
        let parts = self.collection(JOURNAL).find(doc! { "list": list }).await;
        let parts = parts.map_err(|error| errors::map(&error))?;
        let parts: Vec<Document> = parts
            .try_collect()
            .await
            .map_err(|error| errors::map(&error))?;
        changes.extend(parts.iter().flat_map(documents));
        Ok(changes)
    }

    /// Makes the changes of a committed list, as far as they have not been made.
    async fn make(&self, list: &str, changes: &[Document]) -> Result<(), StorageError> {
        let each = changes.iter().map(|change| async move {
            let collection = self.collection(&text(change, "table")?);
            let mine = doc! { "_id": text(change, "id")?, MARK: list };
            match change.get_document("row") {
                Ok(row) => {
                    let replaced = collection.replace_one(mine, row.clone()).await;
                    replaced.map_err(|error| errors::map(&error))?;
                }
                Err(_) => {
                    let deleted = collection.delete_one(mine).await;
                    deleted.map_err(|error| errors::map(&error))?;
                }
            }
            Ok::<(), StorageError>(())
        });
        // Collected first: the compiler cannot see through the lifetimes of a lazy iterator here.
        let each: Vec<_> = each.collect();
        stream::iter(each)
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(())
    }

    /// Removes a list, whose changes are made, from the journal: its entry last.
    async fn forget(&self, list: &str) -> Result<(), StorageError> {
        let journal = self.collection(JOURNAL);
        let parts = journal.delete_many(doc! { "list": list }).await;
        parts.map_err(|error| errors::map(&error))?;
        let entry = journal.delete_one(doc! { "_id": list }).await;
        entry.map_err(|error| errors::map(&error))?;
        Ok(())
    }

    /// The lists in the journal: their names, and whether they are committed.
    async fn lists(&self) -> Result<Vec<(String, bool)>, StorageError> {
        let journal = self.collection(JOURNAL);
        let found = journal.find(doc! { "list": null });
        let found = found.projection(doc! { "state": 1 }).await;
        let found = found.map_err(|error| errors::map(&error))?;
        let found: Vec<Document> = found
            .try_collect()
            .await
            .map_err(|error| errors::map(&error))?;
        let each = found
            .iter()
            .map(|entry| Ok((text(entry, "_id")?, is_committed(entry))));
        each.collect()
    }

    /// Completes the lists that others have committed and not completed.
    pub(crate) async fn complete_committed(&self) -> Result<(), StorageError> {
        let _alone = self.alone().await;
        for (list, committed) in self.lists().await? {
            if committed {
                self.look_after(&list, false).await?;
            }
        }
        Ok(())
    }

    /// One look at the journal: completes what is committed and withdraws what has been pending for
    /// too long. `seen` is what was pending before.
    async fn sweep(&self, seen: &mut BTreeMap<String, Instant>) -> Result<(), StorageError> {
        let _guard = self.enter().await?;
        let _alone = self.alone().await;
        let lists = self.lists().await?;
        seen.retain(|known, _| lists.iter().any(|(list, _)| list == known));
        for (list, _) in lists {
            // What is committed is most likely being completed by its owner at this moment.
            match seen.get(&list) {
                Some(since) => {
                    self.look_after(&list, since.elapsed() >= LEASE).await?;
                }
                None => {
                    seen.insert(list, Instant::now());
                }
            }
        }
        Ok(())
    }
}

/// Starts the task that looks after what others have left, once.
pub(crate) fn start_sweeping(shared: &Arc<Shared>) {
    if shared.sweeping.swap(true, Ordering::SeqCst) {
        return;
    }
    let shared: Weak<Shared> = Arc::downgrade(shared);
    tokio::spawn(async move {
        let mut seen = BTreeMap::new();
        loop {
            tokio::time::sleep(SWEEP).await;
            let Some(shared) = shared.upgrade() else {
                return;
            };
            if *shared.closed.read().await {
                return;
            }
            if let Err(error) = patiently(shared.sweep(&mut seen)).await {
                tracing::debug!(%error, "mongodb: looking after the journal");
            }
        }
    });
}

/// Does the changes in memory: their outcomes, and what the rows are afterwards.
fn work_out(writes: &[Write], mut rows: Rows) -> Result<(Vec<Outcome>, Rows), StorageError> {
    let mut outcomes = Vec::with_capacity(writes.len());
    for write in writes {
        let table = write.table();
        let outcome = match write {
            Write::Put { row, .. } => {
                let place = (table.name, document::id(&table.key_of(row)));
                rows.insert(place, Some(row.clone()));
                Outcome::Stored
            }
            Write::Insert { row, .. } => {
                let place = (table.name, document::id(&table.key_of(row)));
                if rows.insert(place, Some(row.clone())).flatten().is_some() {
                    return Err(StorageError::Conflict);
                }
                Outcome::Stored
            }
            Write::Delete { key, .. } => {
                let place = (table.name, document::id(key));
                let old = rows.insert(place, None).flatten();
                Outcome::Removed(u64::from(old.is_some()))
            }
            Write::DeleteWhere(selection) => {
                remove(table, &mut rows, |row| filter::matches(selection, row))
            }
            Write::Erase {
                account, column, ..
            } => {
                let account = Value::from(account.as_str());
                let place = table.column(column);
                remove(table, &mut rows, |row| {
                    place.is_some_and(|(place, _)| row.get(place) == Some(&account))
                })
            }
        };
        outcomes.push(outcome);
    }
    Ok((outcomes, rows))
}

fn remove(table: &TableDescriptor, rows: &mut Rows, matches: impl Fn(&[Value]) -> bool) -> Outcome {
    let mut removed = 0;
    for ((name, _), row) in rows.iter_mut() {
        if *name == table.name && row.as_deref().is_some_and(&matches) {
            *row = None;
            removed += 1;
        }
    }
    Outcome::Removed(removed)
}

/// What the journal says of each row.
fn changes(tables: &Tables, rows: &Rows) -> Vec<Document> {
    let each = rows.iter().map(|((name, id), row)| {
        let mut change = doc! { "table": *name, "id": id };
        if let (Some(row), Some(table)) = (row, tables.get(name)) {
            change.insert("row", document::from_row(table, row));
        }
        change
    });
    each.collect()
}

fn is_committed(entry: &Document) -> bool {
    entry
        .get_str("state")
        .is_ok_and(|state| state == "committed")
}

fn documents(entry: &Document) -> Vec<Document> {
    let changes = entry.get_array("changes").map_or(&[][..], Vec::as_slice);
    let each = changes.iter().filter_map(|change| change.as_document());
    each.cloned().collect()
}

fn text(document: &Document, field: &str) -> Result<String, StorageError> {
    document
        .get_str(field)
        .map(str::to_owned)
        .map_err(|_| StorageError::Corrupt(format!("a document without the field {field}")))
}
