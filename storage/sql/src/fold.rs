//! Tables as databases have them: from descriptors to definitions, and values to folded ones.

use sestina_schema::{Dialect, PREFIX, SHORT};
use sestina_storage::{ColumnType, TableDescriptor, Value};
use sha2::{Digest as _, Sha256};

/// The definition of a described table.
pub fn definition(table: &TableDescriptor) -> sestina_schema::Table {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let columns = table.columns.iter();
    sestina_schema::Table {
        name: table.name.to_owned(),
        columns: columns
            .map(|column| sestina_schema::Column {
                name: column.name.to_owned(),
                ty: match column.ty {
                    ColumnType::Text => sestina_schema::ColumnType::Text,
                    ColumnType::Integer => sestina_schema::ColumnType::Integer,
                    ColumnType::Boolean => sestina_schema::ColumnType::Boolean,
                    ColumnType::Bytes => sestina_schema::ColumnType::Bytes,
                    ColumnType::Timestamp => sestina_schema::ColumnType::Timestamp,
                },
                optional: column.optional,
                default: None,
            })
            .collect(),
        key: names(table.key),
        indexes: table.indexes.iter().map(|index| names(index)).collect(),
        searched: searched(table),
    }
}

/// The columns that queries search, each once.
fn searched(table: &TableDescriptor) -> Vec<String> {
    let mut searched = Vec::new();
    for column in table.queries.iter().filter_map(|query| query.search) {
        if !searched.iter().any(|name| name == column) {
            searched.push(column.to_owned());
        }
    }
    searched
}

/// Whether a value is held in two columns where its column is folded.
pub(crate) fn is_long(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.len() > SHORT,
        Value::Bytes(bytes) => bytes.len() > SHORT,
        _ => false,
    }
}

/// The folded form of a long value; `None` for a short one.
pub(crate) fn fold(dialect: Dialect, value: &Value) -> Option<Value> {
    if !is_long(value) {
        return None;
    }
    let octets = |bytes: &[u8]| {
        let mut folded: Vec<u8> = bytes.iter().copied().take(PREFIX).collect();
        folded.extend(digest(bytes).into_bytes());
        Value::Bytes(folded)
    };
    match value {
        // It keeps text as octets.
        Value::Text(text) if dialect == Dialect::Mysql => Some(octets(text.as_bytes())),
        Value::Text(text) => {
            let head = text.get(..text.floor_char_boundary(PREFIX)).unwrap_or("");
            Some(Value::Text(format!("{head}{}", digest(text.as_bytes()))))
        }
        Value::Bytes(bytes) => Some(octets(bytes)),
        _ => None,
    }
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_forms_compare_as_the_values_do_where_one_is_short() {
        let text = |text: String| Value::Text(text);
        let mut values = vec![text("a".repeat(SHORT)), text("a".repeat(SHORT + 1))];
        for last in ["", "a", "b", "ß", "日", "🦀"] {
            for length in SHORT - 5..PREFIX + 5 {
                values.push(text(format!("{}{last}", "a".repeat(length))));
                values.push(text(format!("{}{last}b", "a".repeat(length))));
            }
        }
        for dialect in [Dialect::Postgres, Dialect::Mysql] {
            let folded = |value: &Value| match fold(dialect, value) {
                Some(Value::Text(text)) => text.into_bytes(),
                Some(Value::Bytes(bytes)) => bytes,
                _ => match value {
                    Value::Text(text) => text.clone().into_bytes(),
                    _ => Vec::new(),
                },
            };
            for left in &values {
                assert!(folded(left).len() <= 255);
                for right in &values {
                    let (a, b) = (folded(left), folded(right));
                    assert_eq!(a == b, left == right);
                    if !is_long(left) || !is_long(right) {
                        assert_eq!(a.cmp(&b), left.cmp(right), "{left:?} {right:?}");
                    }
                }
            }
        }
    }
}
