//! The scripts and how they are called.

use std::sync::Arc;

use redis::{Script, ScriptInvocation};
use sestina_storage::{Outcome, StorageError, Write, ordered};

use crate::{
    layout::{Layout, TAG},
    plan::Plan,
};

/// What the script for changes answers when a row to insert was there.
const CONFLICT: i64 = -2;

/// All scripts. Redis knows a script by its hash once it has seen it.
pub(crate) struct Scripts {
    pub(crate) select: Script,
    pub(crate) write: Script,
    pub(crate) prepare: Script,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        let values = include_str!("scripts/values.lua");
        let script = |text: &str| Script::new(&format!("{values}\n{text}"));
        Self {
            select: script(include_str!("scripts/select.lua")),
            write: script(include_str!("scripts/write.lua")),
            prepare: script(include_str!("scripts/prepare.lua")),
        }
    }
}

/// The call that makes the changes: first the tables, then the changes with their tables' numbers.
pub(crate) fn write<'a>(
    script: &'a Script,
    writes: &[Write],
    layouts: &[Arc<Layout>],
) -> Result<ScriptInvocation<'a>, StorageError> {
    let mut call = script.key(TAG);
    let mut tables: Vec<&Arc<Layout>> = Vec::new();
    for layout in layouts {
        if !tables.iter().any(|known| known.base == layout.base) {
            tables.push(layout);
        }
    }
    call.arg(tables.len());
    for layout in &tables {
        call.arg(&layout.rows).arg(&layout.keys);
        call.arg(layout.places(layout.table.key));
        call.arg(layout.indexes.len());
        for index in &layout.indexes {
            call.arg(&index.set).arg(layout.places(&index.columns));
        }
    }
    for (write, layout) in writes.iter().zip(layouts) {
        let number = tables.iter().position(|known| known.base == layout.base);
        let number = number.unwrap_or_default() + 1;
        match write {
            Write::Put { row, .. } => call.arg("put").arg(number).arg(ordered::encode(row)),
            Write::Insert { row, .. } => call.arg("insert").arg(number).arg(ordered::encode(row)),
            Write::Delete { key, .. } => call.arg("delete").arg(number).arg(ordered::encode(key)),
            Write::DeleteWhere(selection) => part(&mut call, number, &Plan::new(selection)?),
            Write::Erase {
                table,
                column,
                account,
            } => part(&mut call, number, &Plan::erasing(table, column, account)),
        };
    }
    Ok(call)
}

fn part<'a, 'b>(
    call: &'b mut ScriptInvocation<'a>,
    number: usize,
    plan: &Plan,
) -> &'b mut ScriptInvocation<'a> {
    match plan {
        Plan::Nothing => call.arg("nothing").arg(number),
        Plan::Set { index, part, .. } => {
            let call = call.arg("part").arg(number).arg(*index);
            call.arg(&part.lower).arg(&part.upper)
        }
    }
}

/// What the answer of that script means.
pub(crate) fn outcomes(answer: &[i64], writes: usize) -> Result<Vec<Outcome>, StorageError> {
    if answer == [CONFLICT] {
        return Err(StorageError::Conflict);
    }
    if answer.len() != writes {
        return Err(StorageError::corrupt("an answer of Redis to other changes"));
    }
    let outcome = |&rows| u64::try_from(rows).map_or(Outcome::Stored, Outcome::Removed);
    Ok(answer.iter().map(outcome).collect())
}
