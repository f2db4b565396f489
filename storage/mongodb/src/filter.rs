//! Selections as MongoDB's filters and orders.

use std::ops::Bound;

use mongodb::bson::{Bson, Document, doc};
use sestina_storage::{Range, Selection, TableDescriptor, Value};

use crate::{document::to_bson, encoded, journal::ABSENT};

/// Above every hexadecimal digit.
const ABOVE: char = 'g';

/// The columns of all indexes beside that of the key: those declared, and those to find what belongs
/// to an account where neither the key nor a declared one begins with it.
pub(crate) fn indexes(table: &TableDescriptor) -> Vec<Vec<&'static str>> {
    let mut all: Vec<Vec<&'static str>> =
        table.indexes.iter().map(|index| index.to_vec()).collect();
    for personal in table.personal {
        let begins = |columns: &[&str]| columns.first() == Some(personal);
        if !begins(table.key) && !all.iter().any(|index| begins(index)) {
            all.push(vec![*personal]);
        }
    }
    all
}

/// What finds the rows of a selection and brings them into its order; none where no row can match.
pub(crate) fn select(selection: &Selection) -> Option<(Document, Document)> {
    let (table, query) = (selection.table, selection.query);
    let given = |name: &str| {
        let mut pairs = query.equals.iter().zip(&selection.equals);
        pairs
            .find(|(column, _)| **column == name)
            .map(|(_, value)| value)
    };
    // What is fixed needs no range and no order.
    let mut range = query.range;
    if let Some(value) = range.and_then(given) {
        if !selection.range.contains(value) {
            return None;
        }
        range = None;
    }
    let order = query.order.filter(|column| given(column).is_none());
    let direction = if selection.descending() { -1 } else { 1 };

    let mut filter = Document::new();
    let by_key = table.key.split_at_checked(query.equals.len());
    let by_key = by_key.filter(|(head, tail)| {
        query.equals.iter().all(|column| head.contains(column))
            && [range, order]
                .iter()
                .flatten()
                .all(|column| tail.first() == Some(column))
    });
    if let Some((head, _)) = by_key {
        let values: Vec<Value> = head
            .iter()
            .filter_map(|name| given(name))
            .cloned()
            .collect();
        let range = range.map_or_else(Range::all, |_| selection.range.clone());
        if let Some(ends) = within(&values, &range) {
            filter.insert("_id", ends);
        }
        filter.insert(ABSENT, Bson::Null);
        return Some((filter, doc! { "_id": direction }));
    }
    for (column, value) in query.equals.iter().zip(&selection.equals) {
        filter.insert(*column, to_bson(table, column, value));
    }
    if let Some(column) = range {
        let mut ends = Document::new();
        let (lower, upper) = (&selection.range.lower, &selection.range.upper);
        match lower {
            Bound::Included(value) => ends.insert("$gte", to_bson(table, column, value)),
            Bound::Excluded(value) => ends.insert("$gt", to_bson(table, column, value)),
            Bound::Unbounded => None,
        };
        match upper {
            Bound::Included(value) => ends.insert("$lte", to_bson(table, column, value)),
            Bound::Excluded(value) => ends.insert("$lt", to_bson(table, column, value)),
            Bound::Unbounded => None,
        };
        // Comparisons leave out the rows without a value.
        if !ends.is_empty() {
            filter.insert(column, ends);
        }
    }
    filter.insert(ABSENT, Bson::Null);
    let mut sort = Document::new();
    if let Some(column) = order {
        sort.insert(column, direction);
    }
    sort.insert("_id", direction);
    Some((filter, sort))
}

/// What belongs to an account by a column; none where nothing can.
pub(crate) fn erasing(table: &TableDescriptor, personal: &str, account: &str) -> Option<Document> {
    let account = Value::from(account);
    let mut filter = Document::new();
    if table.key.first().is_some_and(|first| *first == personal) {
        filter.insert("_id", within(&[account], &Range::all())?);
    } else {
        filter.insert(personal, to_bson(table, personal, &account));
    }
    filter.insert(ABSENT, Bson::Null);
    Some(filter)
}

/// The part of the `_id`s that begin with these values and go on with one in the range; none for
/// all.
fn within(values: &[Value], range: &Range) -> Option<Document> {
    let prefix = encoded(values);
    let with = |value: &Value| format!("{prefix}{}", encoded(std::slice::from_ref(value)));
    let above = |mut text: String| {
        text.push(ABOVE);
        text
    };
    let mut ends = Document::new();
    match &range.lower {
        Bound::Included(value) => ends.insert("$gte", with(value)),
        Bound::Excluded(value) => ends.insert("$gte", above(with(value))),
        Bound::Unbounded if prefix.is_empty() => None,
        Bound::Unbounded => ends.insert("$gte", prefix.clone()),
    };
    match &range.upper {
        Bound::Included(value) => ends.insert("$lt", above(with(value))),
        Bound::Excluded(value) => ends.insert("$lt", with(value)),
        Bound::Unbounded if prefix.is_empty() => None,
        Bound::Unbounded => ends.insert("$lt", above(prefix.clone())),
    };
    (!ends.is_empty()).then_some(ends)
}

/// Whether a selection matches a row.
pub(crate) fn matches(selection: &Selection, row: &[Value]) -> bool {
    let table = selection.table;
    let value = |name: &str| table.column(name).and_then(|(place, _)| row.get(place));
    let mut pairs = selection.query.equals.iter().zip(&selection.equals);
    pairs.all(|(name, wanted)| value(name) == Some(wanted))
        && selection
            .query
            .range
            .is_none_or(|name| value(name).is_some_and(|value| selection.range.contains(value)))
}
