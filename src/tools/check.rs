//! `sestina storage check`.

use super::{Opened, Rows, say};

/// The most findings that are told one by one for each table.
const TOLD: usize = 10;

/// Reads everything: each row fits the description of its table, is found by its key, and comes
/// after the one before it; as many are counted as there are.
pub(super) async fn run(opened: &Opened) -> Result<(), String> {
    opened
        .storage
        .health()
        .await
        .map_err(|error| opened.said(&error))?;
    let (mut wrong, mut total, mut tables) = (0, 0_u64, 0);
    for table in opened.tables() {
        tables += 1;
        let mut findings = Vec::new();
        let mut read = 0_u64;
        let mut rows = Rows::new(&opened.storage, table);
        let mut before = None;
        loop {
            let step = match rows.next().await {
                Ok(step) => step,
                Err(error) => {
                    findings.push(error);
                    break;
                }
            };
            if step.is_empty() {
                break;
            }
            for row in step {
                read += 1;
                if let Err(error) = table.check_row(&row) {
                    findings.push(format!("row {read}: {error}"));
                    continue;
                }
                let key = table.key_of(&row);
                if before.as_ref().is_some_and(|before| *before >= key) {
                    findings.push(format!("table {}: row {read} is out of order", table.name));
                }
                before = Some(key);
            }
        }
        match opened.storage.count(table).await {
            Ok(counted) if counted == read => {}
            Ok(counted) => findings.push(format!(
                "table {}: {counted} rows are counted and {read} can be read",
                table.name
            )),
            Err(error) => findings.push(format!("table {}: {error}", table.name)),
        }
        total += read;
        wrong += findings.len();
        for finding in findings.iter().take(TOLD) {
            say(finding)?;
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
