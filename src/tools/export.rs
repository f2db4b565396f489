//! `sestina storage export`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};
use sestina_storage::{ColumnType, TableDescriptor, Value};
use sestina_wire::{BareJid, Timestamp};

use super::{Opened, Rows, say};

/// Writes everything that belongs to an account, a line of JSON for each row: every table that names
/// an owner is looked at, and of its rows everything is written but what is secret.
pub(super) async fn run(opened: &Opened, account: &BareJid) -> Result<(), String> {
    let owner = Value::from(account.as_str());
    say(
        &json!({ "account": account.as_str(), "storage": opened.storage.backend_name() })
            .to_string(),
    )?;
    for table in opened.tables() {
        if table.personal.is_empty() {
            continue;
        }
        // Where the key begins with the only column that counts, the rows stand together.
        let first = table.personal == table.key.get(..1).unwrap_or_default();
        let start = first.then(|| lowest(table, &owner)).flatten();
        if let Some(key) = &start {
            // The rows after this key are read below; it may itself be one.
            let row = opened.storage.get(table, key).await;
            if let Some(row) = row.map_err(|error| opened.said(&error))? {
                say(&shown(table, &row))?;
            }
        }
        let from_owner = start.is_some();
        let mut rows = Rows::new(&opened.storage, table).beginning_after(start);
        'table: loop {
            let step = rows.next().await?;
            if step.is_empty() {
                break;
            }
            for row in step {
                if table.belongs_to(&row, account.as_str()) {
                    say(&shown(table, &row))?;
                } else if from_owner {
                    break 'table;
                }
            }
        }
    }
    opened.storage.close().await;
    Ok(())
}

/// The lowest key a row of the owner can have, where the type of each column has a lowest value that
/// every engine can be asked for.
fn lowest(table: &TableDescriptor, owner: &Value) -> Option<Vec<Value>> {
    let rest = table.key_places().skip(1).map(|place| {
        let column = table.columns.get(place)?;
        match column.ty {
            ColumnType::Text => Some(Value::from("")),
            ColumnType::Integer => Some(Value::Integer(i64::MIN)),
            ColumnType::Boolean => Some(Value::Boolean(false)),
            ColumnType::Bytes => Some(Value::Bytes(Vec::new())),
            ColumnType::Timestamp => None,
        }
    });
    std::iter::once(Some(owner.clone())).chain(rest).collect()
}

fn shown(table: &TableDescriptor, row: &[Value]) -> String {
    let mut object = Map::new();
    for (column, value) in table.columns.iter().zip(row) {
        if column.secret {
            continue;
        }
        let json = match value {
            Value::Null => Json::Null,
            Value::Text(text) => text.as_str().into(),
            Value::Integer(number) => (*number).into(),
            Value::Boolean(flag) => (*flag).into(),
            Value::Bytes(bytes) => STANDARD.encode(bytes).into(),
            Value::Timestamp(micros) => match Timestamp::from_microsecond(*micros) {
                Ok(time) => time.to_string().into(),
                Err(_) => (*micros).into(),
            },
        };
        object.insert(column.name.to_owned(), json);
    }
    json!({ "table": table.name, "row": object }).to_string()
}
