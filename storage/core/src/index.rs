//! The order of an index as octets, for backends that keep their indexes themselves.
//!
//! The entry of a row in an index is the [encoding](crate::ordered) of the values of the index's columns, one after
//! another. The columns of the index that answers a query are those it compares, those it orders by and what is left of the
//! key, so that no two rows have one entry and the rows of a selection stand beside each other in its order.

use std::ops::Bound;

use crate::{QueryDescriptor, Selection, TableDescriptor, Value, ordered};

/// From where to where, over entries.
pub type Bounds = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// The places in a row of the columns whose order gives the rows of a query in theirs, those it compares
/// first.
pub fn columns(table: &TableDescriptor, query: &QueryDescriptor) -> Vec<usize> {
    let mut columns = Vec::new();
    // What it compares may stand in any order. In that of the key where the key begins with it, the key itself
    // will often do.
    let head = table.key.get(..query.equals.len());
    let of_key = head.filter(|head| query.equals.iter().all(|name| head.contains(name)));
    let compared = of_key.unwrap_or(query.equals);
    for name in compared.iter().chain(&table.order_of(query)) {
        if let Some((place, _)) = table.column(name)
            && !columns.contains(&place)
        {
            columns.push(place);
        }
    }
    columns
}

/// The places of the columns of all indexes that the queries of a table need, that of the key first, each
/// once.
pub fn all(table: &TableDescriptor) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![table.key_places().collect()];
    let kept = table.retention.map(|retention| retention.query);
    for query in table.queries.iter().chain(kept) {
        let columns = columns(table, query);
        if !all.contains(&columns) {
            all.push(columns);
        }
    }
    all
}

/// The entry of a row.
pub fn entry(row: &[Value], columns: &[usize]) -> Box<[u8]> {
    let mut octets = Vec::new();
    for &column in columns {
        ordered::encode_one(row.get(column).unwrap_or(&Value::Null), &mut octets);
    }
    octets.into()
}

/// Where the rows of a selection are in an index of these columns; `None` where there can be none. Rows there
/// may be others all the same: [`Selection::matches`] says which are right.
pub fn bounds(selection: &Selection, columns: &[usize]) -> Option<Bounds> {
    let query = selection.query;
    let table = selection.table;
    let mut prefix = Vec::new();
    let mut compared = 0;
    for &column in columns {
        let name = table.columns.get(column)?.name;
        let Some(place) = query.equals.iter().position(|equal| *equal == name) else {
            break;
        };
        ordered::encode_one(selection.equals.get(place)?, &mut prefix);
        compared += 1;
    }
    let with = |value: &Value| {
        let mut octets = prefix.clone();
        ordered::encode_one(value, &mut octets);
        octets
    };
    let next = columns
        .get(compared)
        .and_then(|&column| table.columns.get(column));
    let ranged = next.is_some_and(|column| query.range == Some(column.name));
    let (mut lower, mut upper) = (Bound::Included(prefix.clone()), end_of(&prefix));
    if ranged {
        lower = match &selection.range.lower {
            Bound::Unbounded => lower,
            Bound::Included(value) => Bound::Included(with(value)),
            Bound::Excluded(value) => match end_of(&with(value)) {
                Bound::Excluded(octets) => Bound::Included(octets),
                _ => return None,
            },
        };
        upper = match &selection.range.upper {
            Bound::Unbounded => upper,
            Bound::Included(value) => end_of(&with(value)),
            Bound::Excluded(value) => Bound::Excluded(with(value)),
        };
    }
    if let (Bound::Included(lower), Bound::Excluded(upper)) = (&lower, &upper)
        && lower >= upper
    {
        return None;
    }
    Some((lower, upper))
}

/// The end of everything that begins with these octets.
pub fn end_of(prefix: &[u8]) -> Bound<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < 0xff {
            end.push(last + 1);
            return Bound::Excluded(end);
        }
    }
    Bound::Unbounded
}
