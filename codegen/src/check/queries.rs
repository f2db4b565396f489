//! Every query of a table has an index: its equalities are a prefix of the key or of an index, and its range and
//! order are the column after them. The retention of a table is such a query too.

use crate::Diagnostic;
use crate::model::{ColumnType, ConfigType, Model, Query, Retention, Spec, Table};
use crate::text::one_of;

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    let tables = model
        .specs
        .iter()
        .flat_map(|spec| spec.tables.iter().map(move |table| (spec, table)));
    for (spec, table) in tables {
        for query in &table.queries {
            one(table, query, found);
            search(table, query, found);
        }
        if let Some(retention) = &table.retention {
            kept(spec, table, retention, found);
        }
        personal(table, found);
    }
}

/// It is said whose rows they are, by columns of addresses that each have an index: so that what belongs to a person
/// can be given to them and be removed, whole and in time.
fn personal(table: &Table, found: &mut Vec<Diagnostic>) {
    let Some(personal) = &table.personal else {
        let message = format!("the table `{}` does not say whose rows it has", table.name);
        let help = "write `personal` with the column that names their owner, or with several; \
                    `personal = []` where no row belongs to a person";
        found.push(Diagnostic::error(&table.place, message).help(help));
        return;
    };
    for column in personal.iter().filter_map(|name| table.column(name)) {
        let name = &column.name;
        if !matches!(column.type_, ColumnType::BareJid | ColumnType::Jid) {
            let message = format!("the column `{name}` names an account and is no address");
            found.push(
                Diagnostic::error(&column.place, message).help("write `type = \"bare-jid\"`"),
            );
        }
        let mut indexes = table.indexes.iter().map(|index| &index.columns);
        if table.key.first() != Some(name) && !indexes.any(|index| index.first() == Some(name)) {
            let message = format!("what belongs to an account by `{name}` has no index");
            let help = format!("add `[[table.index]]` with `columns = [\"{name}\"]`");
            found.push(Diagnostic::error(&column.place, message).help(help));
        }
    }
}

/// What is searched is text.
fn search(table: &Table, query: &Query, found: &mut Vec<Diagnostic>) {
    let column = query.search.as_deref().and_then(|name| table.column(name));
    if let Some(column) = column
        && !matches!(column.type_, ColumnType::Text)
    {
        let message = format!(
            "the query `{}` searches the column `{}`, which is no text",
            query.name, column.name
        );
        found.push(
            Diagnostic::error(&query.place, message).help("search a column of `type = \"text\"`"),
        );
    }
}

/// The column is one of time and has an index, and the key is a duration.
fn kept(spec: &Spec, table: &Table, retention: &Retention, found: &mut Vec<Diagnostic>) {
    let name = &retention.column;
    if let Some(column) = table.column(name)
        && column.type_ != ColumnType::DateTime
    {
        let message = format!("the column `{name}` says how long rows are kept and is no time");
        found.push(
            Diagnostic::error(&retention.place, message).help("write `type = \"date-time\"`"),
        );
    }
    let mut indexes = table.indexes.iter().map(|index| &index.columns);
    if !indexes.any(|index| index.first() == Some(name)) && table.key.first() != Some(name) {
        let message = format!("the retention by `{name}` has no index");
        let help = format!("add `[[table.index]]` with `columns = [\"{name}\"]`");
        found.push(Diagnostic::error(&retention.place, message).help(help));
    }
    let Some(key) = &retention.config else { return };
    let config = spec.config.iter().find(|config| config.key == *key);
    if !config.is_some_and(|config| matches!(config.type_, ConfigType::Duration { .. })) {
        let message = format!("the specification has no key `{key}` that is a duration");
        let help = format!("add `[[config]]` with `key = \"{key}\"` and `type = \"duration\"`");
        found.push(Diagnostic::error(&retention.config_place, message).help(help));
    }
}

fn one(table: &Table, query: &Query, found: &mut Vec<Diagnostic>) {
    if let (Some(range), Some(order)) = (&query.range, &query.order)
        && range != order
    {
        let message = format!(
            "the query `{}` has a range over `{range}` and an order by `{order}`",
            query.name
        );
        found.push(
            Diagnostic::error(&query.place, message)
                .help(format!("order by `{range}`, or remove the range")),
        );
        return;
    }
    let indexes =
        std::iter::once(&table.key).chain(table.indexes.iter().map(|index| &index.columns));
    let mut indexes = indexes;
    let next = query.range.as_ref().or(query.order.as_ref());
    let serves = |index: &Vec<String>| {
        let prefix = index.get(..query.equals.len());
        let same =
            prefix.is_some_and(|prefix| query.equals.iter().all(|column| prefix.contains(column)));
        same && next.is_none_or(|next| index.get(query.equals.len()) == Some(next))
    };
    if !indexes.any(serves) {
        let columns: Vec<&str> = query
            .equals
            .iter()
            .chain(next)
            .map(String::as_str)
            .collect();
        let message = format!("the query `{}` has no index", query.name);
        let list = columns
            .iter()
            .map(|column| format!("\"{column}\""))
            .collect::<Vec<_>>()
            .join(", ");
        let help = if columns.is_empty() {
            "name the columns it compares in `equals`, or its `order`".to_owned()
        } else {
            format!(
                "add `[[table.index]]` with `columns = [{list}]`, or begin the key with {}",
                one_of(columns, "and")
            )
        };
        found.push(Diagnostic::error(&query.place, message).help(help));
    }
}
