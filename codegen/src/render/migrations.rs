//! The SQL that makes a spec's tables.

use proc_macro2::TokenStream;
use quote::quote;

use super::code;
use crate::model::{ColumnType, Model, Spec, Table};

/// A dialect of SQL, as far as definitions of tables go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the database's name says it")]
pub enum Dialect {
    Sqlite,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 1] = [Self::Sqlite];

    /// The name that a migration carries, and that its folder has.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
        }
    }

    fn column_type(self, type_: ColumnType) -> &'static str {
        match (self, type_) {
            (Self::Sqlite, ColumnType::Text | ColumnType::BareJid | ColumnType::Jid) => "TEXT",
            (Self::Sqlite, ColumnType::Integer | ColumnType::Boolean | ColumnType::DateTime) => {
                "INTEGER"
            }
            (Self::Sqlite, ColumnType::Bytes) => "BLOB",
        }
    }

    /// What follows the closing parenthesis. SQLite checks the types of values only when asked to.
    fn table_options(self) -> &'static str {
        match self {
            Self::Sqlite => " STRICT",
        }
    }
}

/// The statements that make all tables of a spec in their first version.
#[must_use]
pub fn migration(dialect: Dialect, spec: &Spec) -> String {
    let mut sql = String::new();
    for table in &spec.tables {
        if !sql.is_empty() {
            sql.push('\n');
        }
        create_table(dialect, table, &mut sql);
    }
    sql
}

fn create_table(dialect: Dialect, table: &Table, sql: &mut String) {
    sql.push_str(&format!("CREATE TABLE {} (\n", quote_name(&table.name)));
    for column in &table.columns {
        let null = if column.optional { "" } else { " NOT NULL" };
        sql.push_str(&format!(
            "    {} {}{null},\n",
            quote_name(&column.name),
            dialect.column_type(column.type_),
        ));
    }
    sql.push_str(&format!("    PRIMARY KEY ({})\n)", names(&table.key)));
    sql.push_str(dialect.table_options());
    sql.push_str(";\n");
    for index in &table.indexes {
        let name = format!("{}_by_{}", table.name, index.columns.join("_"));
        sql.push_str(&format!(
            "CREATE INDEX {} ON {} ({});\n",
            quote_name(&name),
            quote_name(&table.name),
            names(&index.columns),
        ));
    }
}

/// A name so that it is never taken for a keyword. Names hold lower-case letters, digits and underscores.
fn quote_name(name: &str) -> String {
    format!("\"{name}\"")
}

fn names(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| quote_name(name)).collect();
    quoted.join(", ")
}

/// `MIGRATIONS` over all specs.
pub(super) fn all(model: &Model) -> TokenStream {
    let storage = code::path(&model.paths.storage);
    let migrations = model
        .own_specs()
        .filter(|spec| !spec.tables.is_empty())
        .flat_map(|spec| Dialect::ALL.map(|dialect| (dialect, spec)))
        .map(|(dialect, spec)| {
            let (name, id, sql) = (dialect.name(), &spec.id, migration(dialect, spec));
            quote! {
                #storage::Migration { dialect: #name, spec: #id, version: 1, sql: #sql }
            }
        });
    quote! {
        /// The history of all tables, for the dialects of SQL.
        pub static MIGRATIONS: &[#storage::Migration] = &[#(#migrations),*];
    }
}
