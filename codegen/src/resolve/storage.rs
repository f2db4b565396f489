//! Tables.

use std::ops::Range;

use sestina_schema::Literal;
use toml::Spanned;

use crate::model::{Column, ColumnType, Index, Query, Retention, Table};
use crate::read::toml::{File, RawColumn, RawQuery, RawRetention, RawTable};
use crate::text::{closest, one_of};

use super::config::duration;
use super::items::identifier;
use super::names::upper;
use super::words::{COLUMN_TYPES, word};

/// A table with all its columns known; whether its queries can be answered is for the checks.
pub(super) fn table(file: &mut File, spanned: &Spanned<RawTable>) -> Option<Table> {
    let raw = spanned.get_ref();
    let name = identifier(file, "a table", &raw.name);
    let accessor = identifier(file, "an accessor", &raw.accessor);
    let columns: Vec<Column> = raw
        .column
        .iter()
        .filter_map(|raw| column(file, raw.get_ref()))
        .collect();
    let names: Vec<String> = raw
        .column
        .iter()
        .map(|column| column.get_ref().name.get_ref().clone())
        .collect();
    if raw.column.is_empty() {
        file.error(
            spanned.span(),
            "a table without columns",
            "add `[[table.column]]` with `name` and `type`",
        );
    }
    if raw.key.get_ref().is_empty() {
        file.error(
            raw.key.span(),
            "a table without a key",
            "name the columns that tell one row from another",
        );
    }
    let key = known(file, raw.key.get_ref(), &names);
    for (written, name) in raw.key.get_ref().iter().zip(&key) {
        if columns
            .iter()
            .any(|column| column.name == *name && column.optional)
        {
            file.error(
                written.span(),
                format!("the key column `{name}` is optional"),
                "a key has a value in every row",
            );
        }
    }
    let personal = raw
        .personal
        .as_ref()
        .map(|personal| owners(file, personal, &names));
    let indexes = raw.index.iter().map(|spanned| Index {
        columns: known(file, &spanned.get_ref().columns, &names),
        place: file.place(spanned.span()),
    });
    let indexes: Vec<Index> = indexes.collect();
    let queries = raw
        .query
        .iter()
        .filter_map(|spanned| query(file, spanned.get_ref(), spanned.span(), &names))
        .collect();
    let retention = raw
        .retention
        .as_ref()
        .and_then(|retention| kept(file, retention.get_ref(), &names));
    let name = name?;
    Some(Table {
        rust: upper(&name),
        holds: None,
        accessor: accessor?,
        version: 1,
        personal,
        columns,
        key,
        indexes,
        queries,
        retention,
        doc: raw.doc.clone(),
        place: file.at(&raw.name),
        accessor_place: file.at(&raw.accessor),
        name,
    })
}

/// The columns that say whose a row is: one, or a list.
fn owners(file: &mut File, written: &Spanned<toml::Value>, names: &[String]) -> Vec<String> {
    let one = |value: &toml::Value| {
        let name = value.as_str()?.to_owned();
        Some(Spanned::new(written.span(), name))
    };
    let owners: Option<Vec<_>> = match written.get_ref() {
        toml::Value::Array(values) => values.iter().map(one).collect(),
        value => one(value).map(|name| vec![name]),
    };
    let Some(owners) = owners else {
        let help = "write a column, or a list of columns: `personal = \"owner\"`";
        file.error(written.span(), "no column", help);
        return Vec::new();
    };
    known(file, &owners, names)
}

fn column(file: &mut File, raw: &RawColumn) -> Option<Column> {
    let name = identifier(file, "a column", &raw.name);
    let type_ = word(file, "type of column", &raw.type_, COLUMN_TYPES);
    let (name, type_) = (name?, type_?);
    Some(Column {
        default: default(file, raw, type_),
        field: name.clone(),
        name,
        type_,
        optional: raw.optional,
        secret: raw.secret,
        doc: raw.doc.clone(),
        place: file.at(&raw.name),
    })
}

/// What older rows have in a column, where it is of the column's type.
fn default(file: &mut File, raw: &RawColumn, type_: ColumnType) -> Option<Literal> {
    let written = raw.default.as_ref()?;
    if raw.optional {
        let help = "remove one of them: older rows have no value in an optional column";
        file.error(written.span(), "an optional column with a default", help);
        return None;
    }
    let literal = match (written.get_ref(), type_) {
        (toml::Value::String(text), ColumnType::Text | ColumnType::BareJid | ColumnType::Jid) => {
            Literal::Text(text.clone())
        }
        (toml::Value::Integer(number), ColumnType::Integer) => Literal::Integer(*number),
        (toml::Value::Boolean(flag), ColumnType::Boolean) => Literal::Boolean(*flag),
        _ => {
            file.error(
                written.span(),
                "the default is not of the column's type",
                "write a text, a number or `true` or `false`; other columns can be `optional = true`",
            );
            return None;
        }
    };
    Some(literal)
}

/// How long rows are kept; whether the key exists and the column has an index is for the checks.
fn kept(file: &mut File, raw: &RawRetention, names: &[String]) -> Option<Retention> {
    let column = known(file, std::slice::from_ref(&raw.column), names).pop();
    if let (Some(config), Some(_)) = (&raw.config, &raw.after) {
        let help = "remove `after`: the default of the key says it";
        file.error(config.span(), "a key and a duration", help);
    }
    let after = raw.after.as_ref().map(|written| {
        let after = duration(written.get_ref());
        if after.is_none() {
            let help = "write a number and `ms`, `s`, `m`, `h` or `d`: `\"30d\"`";
            file.error(written.span(), "no duration", help);
        }
        after.unwrap_or_default()
    });
    Some(Retention {
        column: column?,
        config: raw.config.as_ref().map(|config| config.get_ref().clone()),
        after,
        place: file.at(&raw.column),
        config_place: file.at(raw.config.as_ref().unwrap_or(&raw.column)),
    })
}

/// The methods that every store has beside those of its queries.
const METHODS: [&str; 5] = ["get", "put", "insert", "delete", "keep"];

fn query(file: &mut File, raw: &RawQuery, span: Range<usize>, names: &[String]) -> Option<Query> {
    let name = identifier(file, "a query", &raw.name);
    if METHODS.contains(&raw.name.get_ref().as_str()) {
        let message = format!("`{}` is what every store does", raw.name.get_ref());
        file.error(
            raw.name.span(),
            message,
            "name the query by what it finds, such as `of_owner`",
        );
    }
    let equals = known(file, &raw.equals, names);
    let one = |file: &mut File, column: &Option<Spanned<String>>| {
        column
            .as_ref()
            .and_then(|column| known(file, std::slice::from_ref(column), names).pop())
    };
    let range = one(file, &raw.range);
    let order = one(file, &raw.order);
    let search = one(file, &raw.search);
    let limit = match &raw.limit {
        None => {
            let message = format!("the query `{}` has no bound", raw.name.get_ref());
            file.error(
                span,
                message,
                "add `limit = …`: how many rows it returns at most",
            );
            None
        }
        Some(limit) if *limit.get_ref() == 0 => {
            file.error(
                limit.span(),
                "a query that returns nothing",
                "write how many rows it returns at most",
            );
            None
        }
        Some(limit) => Some(*limit.get_ref()),
    };
    Some(Query {
        name: name?,
        equals,
        range,
        order,
        descending: raw.descending,
        search,
        limit: limit?,
        doc: raw.doc.clone(),
        place: file.at(&raw.name),
    })
}

/// The columns that the table has; the others are reported.
fn known(file: &mut File, written: &[Spanned<String>], names: &[String]) -> Vec<String> {
    written
        .iter()
        .filter_map(|one| {
            let name = one.get_ref();
            if names.contains(name) {
                return Some(name.clone());
            }
            let help = match closest(name, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "its columns: {}",
                    one_of(names.iter().map(String::as_str), "and")
                ),
            };
            file.error(
                one.span(),
                format!("the table has no column `{name}`"),
                help,
            );
            None
        })
        .collect()
}
