//! `sestina storage copy`.
//!
//! Rows are copied in the order of their keys, some at a time, each time together with a note in the
//! new storage of how far the copy is. So an interrupted copy goes on where it was. In the end both
//! are read once more from end to end and compared by count and digest.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sestina_storage::{Column, ColumnType, Storage, TableDescriptor, Value, Write, ordered};
use sha2::{Digest as _, Sha256};

use super::{Rows, say};
use crate::config::StorageLocation;

/// How many octets are written at a time, roughly.
const BATCH: usize = 4 << 20;

/// How far a copy is, in the new storage, for as long as it is not finished.
static COPIES: TableDescriptor = TableDescriptor {
    spec: "sestina",
    name: "storage_copies",
    version: 1,
    personal: &[],
    columns: &[
        column("table_name", ColumnType::Text, false),
        column("source", ColumnType::Text, false),
        column("copied_to", ColumnType::Bytes, true),
    ],
    key: &["table_name"],
    indexes: &[],
    queries: &[],
    retention: None,
};

const fn column(name: &'static str, ty: ColumnType, optional: bool) -> Column {
    Column {
        name,
        ty,
        optional,
        secret: false,
        default: None,
    }
}

/// Copies everything.
pub(super) async fn run(from: &StorageLocation, to: &StorageLocation) -> Result<(), String> {
    if from == to {
        return Err("both places are the same".to_owned());
    }
    let source = crate::storage::open_at(from).await?;
    let target = match crate::storage::open_at(to).await {
        Ok(target) => target,
        Err(error) => {
            source.close().await;
            return Err(error);
        }
    };
    let done = copy(&source, &target, from, to).await;
    source.close().await;
    target.close().await;
    done
}

async fn copy(
    source: &Storage,
    target: &Storage,
    from: &StorageLocation,
    to: &StorageLocation,
) -> Result<(), String> {
    let at_target = |error: sestina_storage::StorageError| format!("{to}: {error}");
    let prepared = target.prepare(&[&COPIES], &[]).await;
    prepared.map_err(at_target)?;
    let mut tables = Vec::new();
    for &table in sestina_types::TABLES {
        if !source.supports(table) {
            continue;
        }
        let rows = source.count(table).await;
        let rows = rows.map_err(|error| format!("{from}: {error}"))?;
        if target.supports(table) {
            tables.push((table, rows));
        } else if rows > 0 {
            return Err(format!(
                "{to}: it has no table {} for {rows} rows",
                table.name
            ));
        }
    }
    begin(target, &tables, &from.to_string(), to).await?;

    let total = tables.iter().map(|(_, rows)| rows).sum();
    let bar = ProgressBar::new(total);
    let style = ProgressStyle::with_template(
        "{msg:24} [{bar:30}] {human_pos}/{human_len} rows, {eta} left",
    );
    bar.set_style(
        style
            .map_err(|error| error.to_string())?
            .progress_chars("=> "),
    );
    bar.enable_steady_tick(Duration::from_millis(200));
    for (table, _) in &tables {
        bar.set_message(table.name);
        one(source, target, table, &from.to_string(), &bar)
            .await
            .map_err(|error| format!("{error}; the same command goes on from here"))?;
    }
    bar.set_message("comparing");
    bar.set_position(0);
    for (table, _) in &tables {
        let old = digest(source, table, Some(&bar)).await?;
        let new = digest(target, table, None).await?;
        if old != new {
            bar.finish_and_clear();
            return Err(format!(
                "table {}: {} rows were copied and are not the {} of {from}: was it written to meanwhile? Empty {to} and copy again",
                table.name, new.rows, old.rows
            ));
        }
        bar.suspend(|| say(&format!("{}: {} rows, {}", table.name, new.rows, new.hex())))?;
    }
    bar.finish_and_clear();
    let mut end = target.transaction();
    for (table, _) in &tables {
        end.push(Write::Delete {
            table: &COPIES,
            key: vec![table.name.into()],
        });
    }
    end.commit().await.map_err(at_target)?;
    say(&format!("copied {total} rows from {from} to {to}"))
}

/// Notes that a copy begins, or finds the one that goes on.
async fn begin(
    target: &Storage,
    tables: &[(&'static TableDescriptor, u64)],
    from: &str,
    to: &StorageLocation,
) -> Result<(), String> {
    let said = |error: sestina_storage::StorageError| format!("{to}: {error}");
    let notes = target.scan(&COPIES, None, u32::MAX).await.map_err(said)?;
    if let Some(other) = notes.iter().find(|note| note.get(1) != Some(&from.into())) {
        let other = match other.get(1) {
            Some(Value::Text(other)) => other.as_str(),
            _ => "another place",
        };
        return Err(format!(
            "{to} holds an unfinished copy of {other}: finish that one, or empty it"
        ));
    }
    let mut begin = target.transaction();
    for (table, _) in tables {
        let noted = notes
            .iter()
            .any(|note| note.first() == Some(&table.name.into()));
        if noted {
            continue;
        }
        if !target.scan(table, None, 1).await.map_err(said)?.is_empty() {
            return Err(format!(
                "{to} is not empty: there are rows in the table {}",
                table.name
            ));
        }
        begin.push(note(table, from, None));
    }
    begin.commit().await.map(drop).map_err(said)
}

fn note(table: &TableDescriptor, from: &str, copied_to: Option<Vec<u8>>) -> Write {
    Write::Put {
        table: &COPIES,
        row: vec![
            table.name.into(),
            from.into(),
            copied_to.map_or(Value::Null, Value::Bytes),
        ],
    }
}

async fn one(
    source: &Storage,
    target: &Storage,
    table: &'static TableDescriptor,
    from: &str,
    bar: &ProgressBar,
) -> Result<(), String> {
    let said = |error: sestina_storage::StorageError| format!("table {}: {error}", table.name);
    let known = target
        .get(&COPIES, &[table.name.into()])
        .await
        .map_err(said)?;
    let after = match known.as_deref().and_then(|note| note.get(2)) {
        Some(Value::Bytes(key)) => Some(ordered::decode(key).map_err(said)?),
        _ => None,
    };
    let mut rows = Rows::new(source, table).beginning_after(after);
    loop {
        let step = rows.next().await?;
        if step.is_empty() {
            return Ok(());
        }
        let mut waiting = step.into_iter().peekable();
        while waiting.peek().is_some() {
            let mut writes = target.transaction();
            let (mut size, mut count, mut last) = (0, 0, Vec::new());
            while let Some(row) = waiting.next_if(|_| size < BATCH) {
                let key = table.key_of(&row);
                last = ordered::encode(&key);
                size += ordered::encode(&row).len();
                count += 1;
                writes.push(Write::Put { table, row });
            }
            writes.push(note(table, from, Some(last)));
            writes.commit().await.map_err(said)?;
            bar.inc(count);
        }
    }
}

/// What two equal tables have in common.
#[derive(PartialEq, Eq)]
struct Sum {
    rows: u64,
    digest: [u8; 32],
}

impl Sum {
    fn hex(&self) -> String {
        let octets = self.digest.iter().take(8);
        octets.map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Over all rows in the order of their keys.
async fn digest(
    storage: &Storage,
    table: &'static TableDescriptor,
    bar: Option<&ProgressBar>,
) -> Result<Sum, String> {
    let mut rows = Rows::new(storage, table);
    let mut digest = Sha256::new();
    let mut count = 0;
    loop {
        let step = rows.next().await?;
        if step.is_empty() {
            return Ok(Sum {
                rows: count,
                digest: digest.finalize().into(),
            });
        }
        for row in &step {
            digest.update(ordered::encode(row));
        }
        count += step.len() as u64;
        if let Some(bar) = bar {
            bar.inc(step.len() as u64);
        }
    }
}
