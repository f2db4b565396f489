//! `sestina storage stats`.

use super::{Opened, say};

/// Counts the rows of every table.
pub(super) async fn run(opened: &Opened) -> Result<(), String> {
    let mut counted = Vec::new();
    for table in opened.tables() {
        let rows = opened.storage.count(table).await;
        counted.push((table, rows.map_err(|error| opened.said(&error))?));
    }
    let name = counted.iter().map(|(table, _)| table.name.len()).max();
    let spec = counted.iter().map(|(table, _)| table.spec.len()).max();
    let (name, spec) = (name.unwrap_or(0).max(5), spec.unwrap_or(0));
    say(&opened.location.to_string())?;
    let mut total = 0;
    for (table, rows) in counted {
        total += rows;
        let kind = match (table.personal.first(), table.retention) {
            (Some(_), Some(_)) => "personal, kept for a time",
            (Some(_), None) => "personal",
            (None, Some(_)) => "kept for a time",
            (None, None) => "",
        };
        let line = format!(
            "{:name$}  {:spec$}  {rows:>10}  {kind}",
            table.name, table.spec
        );
        say(line.trim_end())?;
    }
    say(&format!("{:name$}  {:spec$}  {total:>10}", "total", ""))?;
    opened.storage.close().await;
    Ok(())
}
