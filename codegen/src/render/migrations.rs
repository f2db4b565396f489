//! The SQL that makes a spec's tables.

use proc_macro2::TokenStream;
use quote::quote;
pub use sestina_schema::Dialect;

use super::code;
use crate::model::{ColumnType, Model, Spec, Table};

/// A table as the databases have it.
#[must_use]
pub fn definition(table: &Table) -> sestina_schema::Table {
    let columns = table.columns.iter();
    sestina_schema::Table {
        name: table.name.clone(),
        columns: columns
            .map(|column| sestina_schema::Column {
                name: column.name.clone(),
                ty: match column.type_ {
                    ColumnType::Text | ColumnType::BareJid | ColumnType::Jid => {
                        sestina_schema::ColumnType::Text
                    }
                    ColumnType::Integer => sestina_schema::ColumnType::Integer,
                    ColumnType::Boolean => sestina_schema::ColumnType::Boolean,
                    ColumnType::Bytes => sestina_schema::ColumnType::Bytes,
                    ColumnType::DateTime => sestina_schema::ColumnType::Timestamp,
                },
                optional: column.optional,
                default: column.default.clone(),
            })
            .collect(),
        key: table.key.clone(),
        indexes: table
            .indexes
            .iter()
            .map(|index| index.columns.clone())
            .collect(),
        searched: searched(table),
    }
}

/// The columns that queries search, each once.
fn searched(table: &Table) -> Vec<String> {
    let mut searched = Vec::new();
    for column in table
        .queries
        .iter()
        .filter_map(|query| query.search.as_ref())
    {
        if !searched.contains(column) {
            searched.push(column.clone());
        }
    }
    searched
}

/// The statements that make all tables of a spec in their first version.
#[must_use]
pub fn migration(dialect: Dialect, spec: &Spec) -> String {
    let tables = spec.tables.iter().map(|table| {
        sestina_schema::join(&sestina_schema::create_table(dialect, &definition(table)))
    });
    tables.collect::<Vec<_>>().join("\n")
}

/// What stands beside a spec; without that, its tables as they are declared are the first version.
fn history(spec: &Spec) -> Vec<(Dialect, u32, String)> {
    match &spec.history {
        Some(history) => {
            let steps = history.steps.iter();
            steps
                .map(|step| (step.dialect, step.version, step.sql.clone()))
                .collect()
        }
        None => Dialect::ALL
            .map(|dialect| (dialect, 1, migration(dialect, spec)))
            .to_vec(),
    }
}

/// `MIGRATIONS` over all specs.
pub(super) fn all(model: &Model) -> TokenStream {
    let storage = code::path(&model.paths.storage);
    let migrations = model
        .own_specs()
        .filter(|spec| !spec.tables.is_empty() || spec.history.is_some())
        .flat_map(|spec| history(spec).into_iter().map(move |step| (spec, step)))
        .map(|(spec, (dialect, version, sql))| {
            let (name, id) = (dialect.name(), &spec.id);
            let version = proc_macro2::Literal::u32_unsuffixed(version);
            quote! {
                #storage::Migration { dialect: #name, spec: #id, version: #version, sql: #sql }
            }
        });
    quote! {
        /// The history of all tables, for the dialects of SQL.
        pub static MIGRATIONS: &[#storage::Migration] = &[#(#migrations),*];
    }
}
