//! Which part of which sorted set answers a query.

use std::ops::Bound;

use sestina_storage::{Range, Selection, StorageError, TableDescriptor, Value, ordered};

use crate::layout::indexes;

/// Above the first octet of every encoded value.
const ABOVE: u8 = 0xff;

/// A part of a sorted set, its ends as `ZRANGEBYLEX` takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lex {
    pub(crate) lower: Vec<u8>,
    pub(crate) upper: Vec<u8>,
}

fn end(mark: u8, octets: &[u8], above: bool) -> Vec<u8> {
    let mut end = Vec::with_capacity(octets.len() + 2);
    end.push(mark);
    end.extend_from_slice(octets);
    if above {
        end.push(ABOVE);
    }
    end
}

impl Lex {
    /// Everything, or what comes after a key.
    pub(crate) fn after(key: Option<&[Value]>) -> Self {
        Self {
            lower: key.map_or_else(
                || b"-".to_vec(),
                |key| end(b'(', &ordered::encode(key), false),
            ),
            upper: b"+".to_vec(),
        }
    }

    /// What begins with these values.
    fn beginning(values: &[Value]) -> Self {
        Self::within(&ordered::encode(values), &Range::all())
    }

    /// What begins with this and goes on with a value in the range.
    fn within(prefix: &[u8], range: &Range) -> Self {
        let with = |value: &Value| {
            let mut octets = prefix.to_vec();
            ordered::encode_one(value, &mut octets);
            octets
        };
        // A bound leaves out the rows without a value.
        let null = || with(&Value::Null);
        let lower = match (&range.lower, &range.upper) {
            (Bound::Included(value), _) => end(b'[', &with(value), false),
            (Bound::Excluded(value), _) => end(b'[', &with(value), true),
            (Bound::Unbounded, Bound::Unbounded) if prefix.is_empty() => b"-".to_vec(),
            (Bound::Unbounded, Bound::Unbounded) => end(b'[', prefix, false),
            (Bound::Unbounded, _) => end(b'[', &null(), true),
        };
        let upper = match &range.upper {
            Bound::Included(value) => end(b'(', &with(value), true),
            Bound::Excluded(value) => end(b'(', &with(value), false),
            Bound::Unbounded => end(b'(', prefix, true),
        };
        Self { lower, upper }
    }
}

/// How a selection is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    /// No row can match.
    Nothing,
    /// All rows in this part of a set match: 0 is the set of the keys, then come the indexes.
    Set {
        /// The set.
        index: usize,
        /// The part.
        part: Lex,
        /// Whether the set has the order that is asked for.
        in_order: bool,
    },
}

impl Plan {
    pub(crate) fn new(selection: &Selection) -> Result<Self, StorageError> {
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
                return Ok(Self::Nothing);
            }
            range = None;
        }
        let order = query.order.filter(|column| given(column).is_none());
        let next = range.or(order);
        let key = table.key.to_vec();
        let sets = std::iter::once(key).chain(indexes(table));
        for (index, columns) in sets.enumerate() {
            let Some((head, tail)) = columns.split_at_checked(query.equals.len()) else {
                continue;
            };
            if !query.equals.iter().all(|column| head.contains(column))
                || next.is_some_and(|column| tail.first() != Some(&column))
            {
                continue;
            }
            let values: Vec<Value> = head
                .iter()
                .filter_map(|name| given(name))
                .cloned()
                .collect();
            let prefix = ordered::encode(&values);
            let part = match range {
                Some(_) => Lex::within(&prefix, &selection.range),
                None => Lex::within(&prefix, &Range::all()),
            };
            // The members of an index go on with the key.
            let of_set = tail.iter().chain(table.key);
            return Ok(Self::Set {
                index,
                part,
                in_order: starts_alike(of_set, table, selection),
            });
        }
        Err(StorageError::Unsupported(format!(
            "table {}: query {} has no index",
            table.name, query.name
        )))
    }

    /// How what belongs to an account by a column is found.
    pub(crate) fn erasing(
        table: &'static TableDescriptor,
        personal: &'static str,
        account: &str,
    ) -> Self {
        let sets = std::iter::once(table.key.to_vec()).chain(indexes(table));
        let index = sets
            .enumerate()
            .find(|(_, columns)| columns.first() == Some(&personal));
        match index {
            Some((index, _)) => Self::Set {
                index,
                part: Lex::beginning(&[account.into()]),
                in_order: false,
            },
            None => Self::Nothing,
        }
    }
}

/// Whether the columns of a set, without those that are fixed, begin with the order of the query.
fn starts_alike<'a>(
    of_set: impl Iterator<Item = &'a &'static str>,
    table: &TableDescriptor,
    selection: &Selection,
) -> bool {
    let mut seen = Vec::new();
    for column in of_set {
        if !selection.query.equals.contains(column) && !seen.contains(column) {
            seen.push(*column);
        }
    }
    let mut wanted = table.order_of(selection.query);
    wanted.retain(|column| !selection.query.equals.contains(column));
    seen.starts_with(&wanted)
}

/// Sorts rows as the selection asks and keeps no more than it asks for.
pub(crate) fn sort(selection: &Selection, rows: &mut Vec<Vec<Value>>) {
    let places: Vec<usize> = selection
        .table
        .order_of(selection.query)
        .iter()
        .filter_map(|name| selection.table.column(name).map(|(place, _)| place))
        .collect();
    rows.sort_by(|left, right| {
        let left = places.iter().map(|&place| left.get(place));
        left.cmp(places.iter().map(|&place| right.get(place)))
    });
    if selection.descending() {
        rows.reverse();
    }
    rows.truncate(usize::try_from(selection.limit).unwrap_or(usize::MAX));
}
