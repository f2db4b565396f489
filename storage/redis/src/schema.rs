//! Versions of the tables: recorded, refused, brought up to date.

use std::collections::BTreeMap;

use redis::{Script, ScriptInvocation};
use sestina_storage::{StorageError, ordered};

use crate::layout::{Layout, TAG};

/// The call that makes all tables ready, which is one script, so that of two nodes that start
/// together the second finds nothing to do.
pub(crate) fn invocation<'a>(script: &'a Script, layouts: &[Layout]) -> ScriptInvocation<'a> {
    let mut call = script.key(format!("{TAG}:schema"));
    let mut specs: BTreeMap<&str, u32> = BTreeMap::new();
    for layout in layouts {
        let version = specs.entry(layout.table.spec).or_default();
        *version = layout.table.version.max(*version);
    }
    call.arg(specs.len());
    for (spec, version) in specs {
        call.arg(spec).arg(version);
    }
    call.arg(layouts.len());
    for layout in layouts {
        let table = layout.table;
        call.arg(table.name).arg(&layout.rows).arg(&layout.keys);
        call.arg(table.key.join(","));
        call.arg(table.columns.len());
        for column in table.columns {
            // What an older row, which lacks the column, gets there.
            let older = ordered::encode(&[column.of_older_rows()]);
            call.arg(column.name).arg(older);
        }
        call.arg(layout.indexes.len());
        for index in &layout.indexes {
            call.arg(&index.set).arg(layout.places(&index.columns));
        }
    }
    call
}

/// What the answer of that script means.
pub(crate) fn check(answer: &[String]) -> Result<(), StorageError> {
    match answer {
        [done] if done == "done" => Ok(()),
        [newer, spec, there, known] if newer == "newer" => Err(StorageError::Unsupported(format!(
            "the database is newer than this program: {spec} is in version {there} there, and \
             version {known} is the newest known here; use the newer program, or a copy of the \
             database from before it"
        ))),
        [key, table] if key == "key" => Err(StorageError::Unsupported(format!(
            "the key of table {table} is another one in the database; copy the data to a new one"
        ))),
        _ => Err(StorageError::corrupt("an answer of Redis about its tables")),
    }
}
