//! Every query of a table has an index: its equalities are a prefix of the key or of an index, and its range and
//! order are the column after them.

use crate::Diagnostic;
use crate::model::{ColumnType, Model, Query, Table};
use crate::text::one_of;

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    for table in model.specs.iter().flat_map(|spec| &spec.tables) {
        for query in &table.queries {
            one(table, query, found);
        }
        if let Some(personal) = table
            .personal
            .as_deref()
            .and_then(|name| table.column(name))
            && !matches!(personal.type_, ColumnType::BareJid | ColumnType::Jid)
        {
            let message = format!(
                "the column `{}` names an account and is no address",
                personal.name
            );
            found.push(
                Diagnostic::error(&personal.place, message).help("write `type = \"bare-jid\"`"),
            );
        }
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
