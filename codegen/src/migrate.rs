//! The next migrations: the difference between the tables that are declared and those the last migrations leave.

use std::path::Path;

use sestina_schema::{Dialect, Refusal, Table, change, create_table, join};

use crate::model::{History, Model, Spec};
use crate::read::history::{TABLES, write};
use crate::render::definition;
use crate::{Diagnostic, Output};

/// The files that bring the history of every spec up to what it declares; none where it is. Their paths are those of the
/// specs' own folders. A spec without history gets its first version.
///
/// # Errors
/// One diagnostic for each change that no migration makes.
pub fn migrate(model: &Model) -> Result<Vec<Output>, Vec<Diagnostic>> {
    let mut outputs = Vec::new();
    let mut refused = Vec::new();
    for spec in model.own_specs() {
        if spec.tables.is_empty() && spec.history.is_none() {
            continue;
        }
        match next(spec) {
            Ok(Some(step)) => outputs.extend(files(spec, &step)),
            Ok(None) => {}
            Err(diagnostics) => refused.extend(diagnostics),
        }
    }
    if refused.is_empty() {
        Ok(outputs)
    } else {
        Err(refused)
    }
}

/// What is to be done for a spec.
pub(crate) struct Next {
    /// The statements, for each dialect.
    statements: Vec<(Dialect, Vec<String>)>,
    /// The tables that change.
    pub(crate) changed: Vec<String>,
    tables: Vec<Table>,
    version: u32,
}

/// The next migration of a spec, where its tables are others than its history leaves.
pub(crate) fn next(spec: &Spec) -> Result<Option<Next>, Vec<Diagnostic>> {
    let declared: Vec<Table> = spec.tables.iter().map(definition).collect();
    let stored: Vec<Table> = declared.iter().map(without_defaults).collect();
    let before = spec
        .history
        .as_ref()
        .map_or(&[][..], |history| &history.tables);
    if spec.history.is_some() && before == stored {
        return Ok(None);
    }
    let (mut changed, mut refused) = (Vec::new(), Vec::new());
    let mut statements = Vec::new();
    for dialect in Dialect::ALL {
        let mut all = Vec::new();
        for table in &declared {
            let made = match before.iter().find(|old| old.name == table.name) {
                None => create_table(dialect, table),
                Some(old) => change(dialect, old, table).unwrap_or_else(|refusal| {
                    refused.push((table.name.clone(), refusal));
                    Vec::new()
                }),
            };
            if !made.is_empty() && !changed.contains(&table.name) {
                changed.push(table.name.clone());
            }
            all.extend(made);
        }
        for old in before {
            if !declared.iter().any(|table| table.name == old.name) {
                all.push(format!("DROP TABLE {}", dialect.quote(&old.name)));
                if !changed.contains(&old.name) {
                    changed.push(old.name.clone());
                }
            }
        }
        statements.push((dialect, all));
    }
    // Every dialect refuses the same.
    refused.dedup();
    if !refused.is_empty() {
        let told = refused.first().map(|first| vec![diagnostic(spec, first)]);
        return Err(told.unwrap_or_default());
    }
    let version = |history: &History| {
        Dialect::ALL
            .map(|dialect| history.newest(dialect))
            .into_iter()
            .max()
    };
    let newest = spec.history.as_ref().and_then(version).unwrap_or(0);
    Ok(Some(Next {
        statements,
        changed,
        tables: stored,
        version: newest.saturating_add(1),
    }))
}

fn diagnostic(spec: &Spec, (table, refusal): &(String, Refusal)) -> Diagnostic {
    let table = spec.tables.iter().find(|declared| declared.name == *table);
    let column = refusal.column.as_deref();
    let place = table.map_or(&spec.place, |table| {
        let column = column.and_then(|name| table.column(name));
        column.map_or(&table.place, |column| &column.place)
    });
    Diagnostic::error(place, refusal.what.clone()).help(refusal.help.clone())
}

/// A default says what a migration writes, and nothing about the table after it.
fn without_defaults(table: &Table) -> Table {
    let mut table = table.clone();
    for column in &mut table.columns {
        column.default = None;
    }
    table
}

fn files(spec: &Spec, next: &Next) -> Vec<Output> {
    let folder = spec
        .place
        .file
        .parent()
        .unwrap_or(Path::new(""))
        .join("migrations");
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let mut outputs = Vec::new();
    // No statement: the order of columns, say, which databases do not know.
    if !next.changed.is_empty() {
        let mut what = next.changed.join("_");
        what.truncate(40);
        for (dialect, statements) in &next.statements {
            let name = format!("{}/{:04}_{what}.sql", dialect.name(), next.version);
            let text = format!(
                "-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next \
                 number.\n\n{}",
                join(statements)
            );
            outputs.push(Output::new(path(&name), text));
        }
    }
    outputs.push(Output::new(path(TABLES), write(&next.tables)));
    outputs
}
