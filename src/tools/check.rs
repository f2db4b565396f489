//! `sestina storage check`.

use futures_util::{StreamExt as _, stream};
use sestina_storage::{Storage, StorageError, TableDescriptor, Value};

use super::{Opened, STEP, say};

/// The most findings that are told one by one for each table.
const TOLD: usize = 10;
/// How many rows are asked for at once.
const AT_ONCE: usize = 16;

/// Reads everything: each row is found by its key, fits the description of its table, and comes
/// after the one before it; as many are counted as there are. What is damaged is named by table and key,
/// and the others are looked at all the same.
pub(super) async fn run(opened: &Opened) -> Result<(), String> {
    opened
        .storage
        .health()
        .await
        .map_err(|error| opened.said(&error))?;
    let (mut wrong, mut total, mut tables) = (0, 0_u64, 0);
    for table in opened.tables() {
        tables += 1;
        let (read, findings) = look_at(&opened.storage, table).await;
        total += read;
        wrong += findings.len();
        for finding in findings.iter().take(TOLD) {
            say(&format!("table {}: {finding}", table.name))?;
        }
        if findings.len() > TOLD {
            say(&format!(
                "table {}: and {} more",
                table.name,
                findings.len() - TOLD
            ))?;
        }
    }
    opened.storage.close().await;
    if wrong > 0 {
        return Err(opened.said(&format!("{wrong} findings in {tables} tables")));
    }
    say(&format!(
        "{}: {total} rows in {tables} tables, nothing wrong",
        opened.location
    ))
}

/// How many rows a table has, and what is wrong with it.
async fn look_at(storage: &Storage, table: &'static TableDescriptor) -> (u64, Vec<String>) {
    let (mut findings, mut seen) = (Vec::new(), 0_u64);
    let mut before: Option<Vec<Value>> = None;
    loop {
        let keys = match storage.keys(table, before.as_deref(), STEP).await {
            Ok(keys) => keys,
            Err(error) => {
                findings.push(error.to_string());
                return (seen, findings);
            }
        };
        if keys.is_empty() {
            break;
        }
        let found = stream::iter(&keys).map(|key| storage.get(table, key));
        let found: Vec<_> = found.buffered(AT_ONCE).collect().await;
        for (key, row) in keys.into_iter().zip(found) {
            seen += 1;
            let wrong = match row {
                Ok(Some(row)) => table.check_row(&row).err().or_else(|| {
                    let other = table.key_of(&row) != key;
                    other.then(|| StorageError::corrupt("it has the key of another row"))
                }),
                Ok(None) => Some(StorageError::corrupt("it is not found by its key")),
                Err(error @ StorageError::Unavailable(_)) => {
                    findings.push(error.to_string());
                    return (seen, findings);
                }
                Err(error) => Some(error),
            };
            if let Some(error) = wrong {
                findings.push(format!("row {}: {error}", named(table, &key)));
            }
            if before.as_ref().is_some_and(|before| *before >= key) {
                findings.push(format!("row {} is out of order", named(table, &key)));
                // The next step would begin again where this one did.
                return (seen, findings);
            }
            before = Some(key);
        }
    }
    match storage.count(table).await {
        Ok(counted) if counted == seen => {}
        Ok(counted) => findings.push(format!(
            "{counted} rows are counted and {seen} are there by their keys"
        )),
        Err(error) => findings.push(error.to_string()),
    }
    (seen, findings)
}

/// The key of a row for a person; what is secret of it is not told.
fn named(table: &TableDescriptor, key: &[Value]) -> String {
    let values = table.key.iter().zip(key).map(|(name, value)| {
        let secret = table.column(name).is_some_and(|(_, column)| column.secret);
        match value {
            _ if secret => "(secret)".to_owned(),
            Value::Null => "(none)".to_owned(),
            Value::Text(text) => format!("{text:?}"),
            Value::Integer(number) | Value::Timestamp(number) => number.to_string(),
            Value::Boolean(flag) => flag.to_string(),
            Value::Bytes(bytes) => bytes.iter().map(|octet| format!("{octet:02x}")).collect(),
        }
    });
    values.collect::<Vec<_>>().join(" ")
}
