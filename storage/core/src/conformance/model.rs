//! A backend and a simple model of a table have to agree.

use std::cmp::Ordering;
use std::ops::Bound;

use super::{Subject, data, same_rows};
use crate::{ColumnType, Range, Search, Selection, StorageError, TableDescriptor, Value, Write};

/// How many operations are done.
const ROUNDS: usize = 300;

/// The model: rows in no order, walked from end to end for every question.
struct Model {
    table: &'static TableDescriptor,
    rows: Vec<Vec<Value>>,
}

impl Model {
    fn place(&self, key: &[Value]) -> Option<usize> {
        let mut rows = self.rows.iter();
        rows.position(|row| self.table.key_of(row) == key)
    }

    fn apply(&mut self, write: &Write) -> Result<u64, StorageError> {
        match write {
            Write::Put { row, .. } => {
                match self.place(&self.table.key_of(row)) {
                    Some(place) => self.rows[place] = row.clone(),
                    None => self.rows.push(row.clone()),
                }
                Ok(0)
            }
            Write::Insert { row, .. } => match self.place(&self.table.key_of(row)) {
                Some(_) => Err(StorageError::Conflict),
                None => {
                    self.rows.push(row.clone());
                    Ok(0)
                }
            },
            Write::Delete { key, .. } => Ok(match self.place(key) {
                Some(place) => {
                    self.rows.remove(place);
                    1
                }
                None => 0,
            }),
            Write::DeleteWhere(selection) => {
                let before = self.rows.len();
                let table = self.table;
                self.rows.retain(|row| !matches(table, selection, row));
                Ok((before - self.rows.len()) as u64)
            }
            Write::Erase {
                table,
                column,
                account,
            } => {
                let before = self.rows.len();
                let account = Value::Text(account.clone());
                if let Some((place, _)) = table.column(column) {
                    self.rows.retain(|row| row[place] != account);
                }
                Ok((before - self.rows.len()) as u64)
            }
        }
    }

    fn select(&self, selection: &Selection) -> Vec<Vec<Value>> {
        let mut found = self.rows.clone();
        found.retain(|row| matches(self.table, selection, row));
        let order = self.table.order_of(selection.query);
        found.sort_by(|left, right| {
            let mut columns = order.iter();
            let difference = columns.find_map(|column| {
                let by_column =
                    value(self.table, left, column).cmp(value(self.table, right, column));
                by_column.is_ne().then_some(by_column)
            });
            let difference = difference.unwrap_or(Ordering::Equal);
            if selection.query.descending != selection.reverse {
                difference.reverse()
            } else {
                difference
            }
        });
        found.truncate(usize::try_from(selection.limit).unwrap_or(usize::MAX));
        found
    }
}

fn value<'a>(table: &TableDescriptor, row: &'a [Value], column: &str) -> &'a Value {
    let (place, _) = table.column(column).unwrap();
    &row[place]
}

fn matches(table: &TableDescriptor, selection: &Selection, row: &[Value]) -> bool {
    let query = selection.query;
    let mut pairs = query.equals.iter().zip(&selection.equals);
    if !pairs.all(|(column, wanted)| value(table, row, column) == wanted) {
        return false;
    }
    if let Some(search) = &selection.search {
        let found = query.search.map(|column| value(table, row, column));
        if !found.is_some_and(|value| search.matches_value(value)) {
            return false;
        }
    }
    let Some(column) = query.range else {
        return true;
    };
    let value = value(table, row, column);
    match (&selection.range.lower, &selection.range.upper) {
        (Bound::Unbounded, Bound::Unbounded) => true,
        _ if *value == Value::Null => false,
        (lower, upper) => (lower.as_ref(), upper.as_ref()).contains(value),
    }
}

/// `RangeBounds::contains`, without the trait in scope everywhere.
trait Contains {
    fn contains(&self, value: &Value) -> bool;
}

impl Contains for (Bound<&Value>, Bound<&Value>) {
    fn contains(&self, value: &Value) -> bool {
        std::ops::RangeBounds::<Value>::contains(self, value)
    }
}

fn any_selection(subject: &Subject, dice: &mut data::Dice) -> Option<Selection> {
    let table = subject.table;
    if table.queries.is_empty() {
        return None;
    }
    let query = dice.pick(table.queries);
    let mut pick = |name: &str, null: bool| {
        let (_, column) = table.column(name).unwrap();
        if null && column.optional && dice.roll(3) == 0 {
            Value::Null
        } else {
            dice.pick(&data::some(column.ty)).clone()
        }
    };
    let equals = query.equals.iter().map(|name| pick(name, true)).collect();
    let ends = query
        .range
        .map(|name| (pick(name, false), pick(name, false)));
    let range = ends.map_or(Range::all(), |(lower, upper)| {
        let mut bound = |value| match dice.roll(4) {
            0 | 1 => Bound::Unbounded,
            2 => Bound::Included(value),
            _ => Bound::Excluded(value),
        };
        Range {
            lower: bound(lower),
            upper: bound(upper),
        }
    });
    let can = query.search.is_some() && subject.backend.supports_search(table, query);
    let search = (can && dice.roll(3) == 0).then(|| {
        let word = *dice.pick::<&str>(&["a", "b EX", "ä", "@"]);
        Search::new(word)
    });
    Some(Selection {
        table,
        query,
        equals,
        range,
        search,
        limit: *dice.pick(&[0, 1, 2, 5, u32::MAX]),
        reverse: dice.roll(2) == 0,
    })
}

fn any_write(subject: &Subject, dice: &mut data::Dice) -> Write {
    let row = data::random(subject.table, dice);
    match dice.roll(13) {
        0..5 => subject.inserting(&row),
        5..9 => subject.putting(&row),
        9..11 => subject.deleting(&row),
        11 if !subject.table.personal.is_empty() => Write::Erase {
            table: subject.table,
            column: dice.pick::<&str>(subject.table.personal),
            account: match dice.pick(&data::some(ColumnType::Text)) {
                Value::Text(account) => account.clone(),
                _ => String::new(),
            },
        },
        _ => match any_selection(subject, dice) {
            Some(selection) => Write::DeleteWhere(Selection {
                search: None,
                ..selection
            }),
            None => subject.deleting(&row),
        },
    }
}

/// Does the same to both, and compares what they say and what they hold.
pub(super) async fn agree(subject: &Subject) {
    subject.clear().await;
    let mut dice = data::Dice::new(subject.table.name.len() as u64);
    let mut model = Model {
        table: subject.table,
        rows: Vec::new(),
    };
    for round in 0..ROUNDS {
        let write = any_write(subject, &mut dice);
        let expected = model.apply(&write);
        let name = subject.table.name;
        assert_eq!(
            subject.write(write.clone()).await,
            expected,
            "{name}, round {round}: {write:?}"
        );
        if let Some(selection) = any_selection(subject, &mut dice) {
            let what = format!("round {round}: {selection:?}");
            let found = subject.select(&selection).await;
            same_rows(&what, subject.table, &found, &model.select(&selection));
        }
    }
    let mut rows = model.rows;
    rows.sort_by_key(|row| subject.table.key_of(row));
    same_rows("at the end", subject.table, &subject.all().await, &rows);
    subject.clear().await;
}
