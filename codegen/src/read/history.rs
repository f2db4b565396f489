//! The folder `migrations` of a spec.
//!
//! `<dialect>/0001_….sql` are the migrations; `tables.toml` holds the tables as the newest of them leaves them, for the next
//! to be made from the difference. Both are written by [`migrate`](crate::migrate()).

use std::path::Path;

use serde::{Deserialize, Serialize};
use sestina_schema::{Column, ColumnType, Dialect, Table};

use super::{Specs, has_extension};
use crate::Diagnostic;
use crate::model::{History, Place, Step};

/// The name of the file with the tables.
pub(crate) const TABLES: &str = "tables.toml";

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    #[serde(default)]
    table: Vec<StoredTable>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTable {
    name: String,
    key: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    indexes: Vec<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    searched: Vec<String>,
    column: Vec<StoredColumn>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredColumn {
    name: String,
    #[serde(rename = "type")]
    ty: Type,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    optional: bool,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Type {
    Text,
    Integer,
    Boolean,
    Bytes,
    Time,
}

/// Tables as `tables.toml` holds them.
pub(crate) fn write(tables: &[Table]) -> String {
    let stored = Tables {
        table: tables.iter().map(store).collect(),
    };
    let head = "# The tables as the newest migration leaves them. Written by `sestina-codegen migrate`.\n\n";
    // Plain tables of text and truth values: there is nothing that TOML could not hold.
    format!("{head}{}", toml::to_string(&stored).unwrap_or_default())
}

fn store(table: &Table) -> StoredTable {
    let columns = table.columns.iter().map(|column| StoredColumn {
        name: column.name.clone(),
        ty: match column.ty {
            ColumnType::Text => Type::Text,
            ColumnType::Integer => Type::Integer,
            ColumnType::Boolean => Type::Boolean,
            ColumnType::Bytes => Type::Bytes,
            ColumnType::Timestamp => Type::Time,
        },
        optional: column.optional,
    });
    StoredTable {
        name: table.name.clone(),
        key: table.key.clone(),
        indexes: table.indexes.clone(),
        searched: table.searched.clone(),
        column: columns.collect(),
    }
}

fn restore(table: StoredTable) -> Table {
    let columns = table.column.into_iter().map(|column| Column {
        name: column.name,
        ty: match column.ty {
            Type::Text => ColumnType::Text,
            Type::Integer => ColumnType::Integer,
            Type::Boolean => ColumnType::Boolean,
            Type::Bytes => ColumnType::Bytes,
            Type::Time => ColumnType::Timestamp,
        },
        optional: column.optional,
        default: None,
    });
    Table {
        name: table.name,
        columns: columns.collect(),
        key: table.key,
        indexes: table.indexes,
        searched: table.searched,
    }
}

impl Specs {
    /// The migrations below a spec's folder; `None` where it has none.
    pub(super) fn history(&mut self, folder: &Path) -> Option<History> {
        let folder = folder.join("migrations");
        if !folder.is_dir() {
            return None;
        }
        let (shown, text) = self.text(&folder.join(TABLES))?;
        let tables = match toml::from_str::<Tables>(&text) {
            Ok(stored) => stored.table.into_iter().map(restore).collect(),
            Err(error) => {
                let place = Place::of_span(&shown, &text, error.span().unwrap_or(0..0));
                self.diagnostics.push(
                    Diagnostic::error(&place, error.message())
                        .help("take the file back as `sestina-codegen migrate` wrote it"),
                );
                return None;
            }
        };
        let mut steps = Vec::new();
        for dialect in Dialect::ALL {
            let folder = folder.join(dialect.name());
            if !folder.is_dir() {
                continue;
            }
            for path in self.entries(&folder)? {
                if has_extension(&path, "sql") {
                    steps.extend(self.step(dialect, &path));
                }
            }
        }
        Some(History {
            tables,
            steps,
            place: Place::start(&shown),
        })
    }

    fn step(&mut self, dialect: Dialect, path: &Path) -> Option<Step> {
        let (shown, text) = self.text(path)?;
        let place = Place::start(&shown);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let number = name.split_once('_').map_or("", |(number, _)| number);
        match number.parse() {
            Ok(version) if number.len() >= 4 => Some(Step {
                dialect,
                version,
                sql: text.to_string(),
                place,
            }),
            _ => {
                let message = format!("`{name}` does not begin with the number of a migration");
                self.diagnostics.push(
                    Diagnostic::error(&place, message)
                        .help("name it as in `0002_what_changes.sql`"),
                );
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let table = Table {
            name: "rows".into(),
            columns: [
                ColumnType::Text,
                ColumnType::Integer,
                ColumnType::Boolean,
                ColumnType::Bytes,
                ColumnType::Timestamp,
            ]
            .map(|ty| Column {
                name: format!("{ty:?}").to_lowercase(),
                ty,
                optional: ty == ColumnType::Bytes,
                default: None,
            })
            .to_vec(),
            key: vec!["text".into(), "integer".into()],
            indexes: vec![vec!["boolean".into()], vec!["text".into(), "bytes".into()]],
            searched: vec!["text".into()],
        };
        let text = write(&[table.clone(), table.clone()]);
        let read: Tables = toml::from_str(&text).unwrap();
        let read: Vec<Table> = read.table.into_iter().map(restore).collect();
        assert_eq!(read, [table.clone(), table]);
    }
}
