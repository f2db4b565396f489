//! A list of changes: what it comes to, before anything is done.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use sestina_storage::{Outcome, StorageError, TableDescriptor, Value, Write};

use crate::state::State;

/// The rows a list leaves under the keys it touches, by table and key.
#[derive(Default)]
struct Overlay {
    rows: BTreeMap<(&'static str, Vec<Value>), Left>,
}

struct Left {
    table: &'static TableDescriptor,
    row: Option<Vec<Value>>,
    scrub: bool,
}

impl Overlay {
    fn leave(
        &mut self,
        table: &'static TableDescriptor,
        key: Vec<Value>,
        row: Option<Vec<Value>>,
        scrub: bool,
    ) {
        self.rows
            .insert((table.name, key), Left { table, row, scrub });
    }

    /// What the list has left under a key so far; `None` if it has not touched it.
    fn left(&self, table: &TableDescriptor, key: &[Value]) -> Option<bool> {
        let left = self.rows.get(&(table.name, key.to_vec()));
        left.map(|left| left.row.is_some())
    }

    /// Removes the rows that were there before, by their keys, and those of the list that match.
    fn remove(
        &mut self,
        table: &'static TableDescriptor,
        before: Vec<Vec<Value>>,
        matches: impl Fn(&[Value]) -> bool,
        scrub: bool,
    ) -> u64 {
        let mut removed = 0;
        for ((name, _), left) in &mut self.rows {
            if *name == table.name && left.row.as_deref().is_some_and(&matches) {
                left.row = None;
                left.scrub |= scrub;
                removed += 1;
            }
        }
        for key in before {
            if self.left(table, &key).is_none() {
                self.leave(table, key, None, scrub);
                removed += 1;
            }
        }
        removed
    }
}

/// Does a list of changes in memory. Its line for the journal (empty where nothing changes) and its
/// outcomes.
///
/// # Errors
/// Nothing was done after [`StorageError::Conflict`] or [`StorageError::Unsupported`]; after the
/// others the state has to take back what was.
pub(crate) fn apply(
    state: &mut State,
    writes: Vec<Write>,
) -> Result<(String, Vec<Outcome>), StorageError> {
    let mut overlay = Overlay::default();
    let mut outcomes = Vec::with_capacity(writes.len());
    for write in writes {
        outcomes.push(one(state, &mut overlay, write)?);
    }
    let mut entries = Vec::with_capacity(overlay.rows.len());
    for ((_, key), left) in overlay.rows {
        let entry = state.change(left.table, &key, left.row.as_deref(), left.scrub)?;
        entries.extend(entry);
    }
    let mut line = String::new();
    if !entries.is_empty() {
        line = Json::Array(entries).to_string();
        line.push('\n');
    }
    Ok((line, outcomes))
}

fn one(state: &mut State, overlay: &mut Overlay, write: Write) -> Result<Outcome, StorageError> {
    let table = write.table();
    let known = |overlay: &Overlay, state: &mut State, key: &[Value]| match overlay.left(table, key)
    {
        Some(there) => Ok(there),
        None => state.contains(table, key),
    };
    Ok(match write {
        Write::Put { row, .. } => {
            if !state.knows(table.name) {
                return Err(StorageError::Unsupported(format!(
                    "no table {}",
                    table.name
                )));
            }
            overlay.leave(table, table.key_of(&row), Some(row), false);
            Outcome::Stored
        }
        Write::Insert { row, .. } => {
            let key = table.key_of(&row);
            if known(overlay, state, &key)? {
                return Err(StorageError::Conflict);
            }
            overlay.leave(table, key, Some(row), false);
            Outcome::Stored
        }
        Write::Delete { key, .. } => {
            let there = known(overlay, state, &key)?;
            if there {
                overlay.leave(table, key, None, false);
            }
            Outcome::Removed(u64::from(there))
        }
        Write::DeleteWhere(selection) => {
            let before = state.keys(&selection)?;
            let matches = |row: &[Value]| selection.matches(row);
            Outcome::Removed(overlay.remove(table, before, matches, false))
        }
        Write::Erase {
            account, column, ..
        } => {
            let account = Value::Text(account);
            let before = state.keys_of(table, column, &account)?;
            let place = table.column(column);
            let matches =
                |row: &[Value]| place.is_some_and(|(place, _)| row.get(place) == Some(&account));
            Outcome::Removed(overlay.remove(table, before, matches, true))
        }
    })
}
