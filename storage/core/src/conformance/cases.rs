//! Cases written out one by one.

use std::sync::Arc;

use super::{Factory, Subject, data, open, same_rows, selection};
use crate::{
    Backend, ColumnType, Migration, QueryDescriptor, Range, Selection, StorageError,
    TableDescriptor, Value, Write,
};

/// A row is stored, read, replaced and removed.
pub(super) async fn basics(subject: &Subject) {
    let row = data::row(subject.table, 1);
    assert_eq!(subject.get(&row).await, None);
    assert_eq!(subject.delete(&row).await, 0, "nothing to remove");
    subject.insert(&row).await.expect("insert");
    assert_eq!(subject.get(&row).await.as_ref(), Some(&row));
    let other = data::row_with(subject.table, 1, 2);
    subject.put(&other).await;
    assert_eq!(subject.get(&row).await, Some(other));
    let next = data::row(subject.table, 2);
    subject.put(&next).await;
    assert_eq!(subject.all().await.len(), 2);
    assert_eq!(subject.delete(&row).await, 1);
    assert_eq!(subject.get(&row).await, None);
    assert_eq!(subject.get(&next).await.as_ref(), Some(&next));
    subject.clear().await;
}

/// An insert never replaces.
pub(super) async fn conflicts(subject: &Subject) {
    let row = data::row(subject.table, 1);
    subject.insert(&row).await.expect("insert");
    let again = data::row_with(subject.table, 1, 2);
    assert_eq!(subject.insert(&again).await, Err(StorageError::Conflict));
    assert_eq!(subject.get(&row).await.as_ref(), Some(&row));
    assert_eq!(subject.delete(&row).await, 1);
    subject.insert(&again).await.expect("insert after delete");
    subject.clear().await;
}

/// Every awkward value goes there and back in every column, and no two are taken for one key.
pub(super) async fn awkward_values(subject: &Subject) {
    let table = subject.table;
    for (place, column) in table.columns.iter().enumerate() {
        let mut values = data::awkward(column.ty);
        if column.optional {
            values.push(Value::Null);
        }
        let mut rows = Vec::new();
        for (number, value) in (0..).zip(values) {
            // In the key the value alone makes the row another one, elsewhere the key does.
            let of_key = table.key.contains(&column.name);
            let mut row = data::row(table, if of_key { 0 } else { number });
            row[place] = value;
            subject
                .insert(&row)
                .await
                .unwrap_or_else(|error| panic!("{}.{}: {error}: {row:?}", table.name, column.name));
            rows.push(row);
        }
        for row in &rows {
            let name = column.name;
            let stored = subject.get(row).await;
            assert_eq!(stored.as_ref(), Some(row), "{}.{name}", table.name);
        }
        rows.sort_by_key(|row| table.key_of(row));
        same_rows("order of keys", table, &subject.all().await, &rows);
        subject.clear().await;
    }
}

/// A text of this many octets that does not compress, different for every number, the difference
/// at its end: a full JID has up to 3071 octets.
fn long_text(octets: usize, number: u32) -> Value {
    let mut dice = data::Dice::new(1);
    let end = format!("{number:04}");
    let mut text = String::with_capacity(octets);
    while text.len() < octets - end.len() {
        text.push(char::from(
            *dice.pick(b"abcdefghijklmnopqrstuvwxyz0123456789.-@/"),
        ));
    }
    text.push_str(&end);
    Value::Text(text)
}

/// Keys of the longest addresses there are, in every column of text the key or an index has: each
/// is found, in order, and none is taken for another.
pub(super) async fn long_keys(subject: &Subject) {
    let table = subject.table;
    if !table
        .key_places()
        .any(|place| table.columns[place].ty == ColumnType::Text)
    {
        return;
    }
    let mut rows = Vec::new();
    for number in [3, 1, 2, 0] {
        let mut row = data::row(table, number);
        for (value, column) in row.iter_mut().zip(table.columns) {
            if column.ty == ColumnType::Text {
                *value = long_text(3071, number);
            }
        }
        subject
            .insert(&row)
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", table.name));
        rows.push(row);
    }
    rows.sort_by_key(|row| table.key_of(row));
    for row in &rows {
        assert!(
            subject.get(row).await.as_ref() == Some(row),
            "{}",
            table.name
        );
        assert_eq!(subject.insert(row).await, Err(StorageError::Conflict));
    }
    same_rows("long keys in order", table, &subject.all().await, &rows);
    for query in table.queries {
        let equals = |row: &Vec<Value>| -> Vec<Value> {
            let places = query.equals.iter().filter_map(|name| table.column(name));
            places.map(|(place, _)| row[place].clone()).collect()
        };
        for row in &rows {
            let found = subject.select(&selection(table, query, equals(row))).await;
            let mut expected = rows.clone();
            expected.retain(|other| equals(other) == equals(row));
            assert_eq!(found.len(), expected.len(), "{}.{}", table.name, query.name);
            assert!(found.iter().all(|row| expected.contains(row)));
        }
    }
    subject.clear().await;
}

/// Values far larger than a stanza may be, and names as long as a bare JID may be.
pub(super) async fn large_values(subject: &Subject) {
    let table = subject.table;
    let indexed = |name: &&str| {
        table.key.contains(name) || table.indexes.iter().any(|index| index.contains(name))
    };
    let mut row = data::row(table, 1);
    for (value, column) in row.iter_mut().zip(table.columns) {
        *value = match column.ty {
            ColumnType::Text if indexed(&column.name) => Value::Text("ß".repeat(1023)),
            ColumnType::Text => Value::Text("日".repeat(1 << 20)),
            ColumnType::Bytes if !indexed(&column.name) => Value::Bytes(
                (0..4 << 20_u32)
                    .map(|number: u32| number.to_le_bytes()[1])
                    .collect(),
            ),
            _ => continue,
        };
    }
    subject.put(&row).await;
    assert!(
        subject.get(&row).await.as_ref() == Some(&row),
        "{}",
        table.name
    );
    subject.clear().await;
}

/// What belongs to one account or host is not seen, and not removed, through another whose name
/// is alike.
pub(super) async fn isolation(subject: &Subject) {
    for name in subject.table.personal {
        isolated(subject, name).await;
    }
}

async fn isolated(subject: &Subject, personal: &'static str) {
    let table = subject.table;
    let (place, column) = table.column(personal).expect("a column");
    let owners = [
        "romeo@one.example",
        "romeo@two.example",
        "romeo@one.example.org",
        "romeo@one.exampl_",
        "romeo@one.example%",
        "romeo@%",
        "Romeo@one.example",
        "romeo",
        "",
    ];
    let mut writes = Vec::new();
    for name in owners {
        for number in 0..3 {
            let mut row = data::row(table, number);
            row[place] = name.into();
            // Where the owner alone is the key, the later ones replace the first.
            writes.push(subject.putting(&row));
        }
    }
    subject.write_all(writes).await;
    let everything = subject.all().await;
    let erasure = Write::Erase {
        table,
        column: personal,
        account: owners[1].into(),
    };
    let of_owner = everything
        .iter()
        .filter(|row| row[place] == owners[1].into());
    let removed = of_owner.count() as u64;
    assert_eq!(subject.write(erasure.clone()).await, Ok(removed));
    assert_eq!(subject.write(erasure).await, Ok(0));
    let mut rest = everything.clone();
    rest.retain(|row| row[place] != owners[1].into());
    same_rows("after the erasure", table, &subject.all().await, &rest);
    let puts = everything.iter().map(|row| subject.putting(row));
    subject.write_all(puts.collect()).await;
    for query in table.queries {
        if query.equals != [column.name] {
            continue;
        }
        for name in owners {
            let found = subject
                .select(&selection(table, query, vec![name.into()]))
                .await;
            let of_owner = |row: &&Vec<Value>| row[place] == name.into();
            assert_eq!(found.len(), everything.iter().filter(of_owner).count());
            assert!(found.iter().all(|row| of_owner(&row)));
        }
        let removal = selection(table, query, vec![owners[0].into()]);
        subject
            .write(Write::DeleteWhere(removal))
            .await
            .expect("removal");
        let mut rest = everything.clone();
        rest.retain(|row| row[place] != owners[0].into());
        same_rows("after the removal", table, &subject.all().await, &rest);
        let puts = everything.iter().map(|row| subject.putting(row));
        subject.write_all(puts.collect()).await;
    }
    subject.clear().await;
}

/// Whether a query's range names each of its rows, so that pages can be cut by it.
fn can_page(table: &TableDescriptor, query: &QueryDescriptor) -> bool {
    query.range.is_some()
        && query.range == query.order
        && table
            .key
            .iter()
            .all(|column| query.equals.contains(column) || query.range == Some(column))
}

/// Pages of a query, cut by its range, give every row once, in both directions.
pub(super) async fn paging(subject: &Subject) {
    let table = subject.table;
    for query in table.queries.iter().filter(|query| can_page(table, query)) {
        let (range_place, _) = table.column(query.range.unwrap()).unwrap();
        let mut writes = Vec::new();
        for number in 0..20 {
            let mut row = data::row(table, number);
            for column in query.equals {
                let (place, column) = table.column(column).unwrap();
                row[place] = data::unique(column.ty, 77);
            }
            writes.push(subject.putting(&row));
        }
        subject.write_all(writes).await;
        let equals: Vec<Value> = query
            .equals
            .iter()
            .map(|name| data::unique(table.column(name).unwrap().1.ty, 77))
            .collect();
        for reverse in [false, true] {
            let mut page = Selection {
                limit: 3,
                reverse,
                ..selection(table, query, equals.clone())
            };
            let mut rows = Vec::new();
            loop {
                let found = subject.select(&page).await;
                assert!(found.len() <= 3);
                let Some(last) = found.last() else { break };
                let last = last[range_place].clone();
                page.range = if page.descending() {
                    Range::before(last)
                } else {
                    Range::after(last)
                };
                rows.extend(found);
            }
            let mut all = subject.all().await;
            all.sort_by_key(|row| row[range_place].clone());
            if query.descending != reverse {
                all.reverse();
            }
            same_rows("all pages", table, &rows, &all);
        }
        subject.clear().await;
    }
}

/// A list of changes happens whole or not at all, and its later parts see the earlier.
pub(super) async fn atomicity(subject: &Subject) {
    let table = subject.table;
    let [one, two, three] = [1, 2, 3].map(|number| data::row(table, number));
    subject.put(&one).await;
    let failing = vec![
        subject.putting(&two),
        subject.putting(&data::row_with(table, 1, 9)),
        subject.deleting(&one),
        subject.inserting(&three),
        subject.inserting(&two),
    ];
    let answer = subject.backend.write(failing).await;
    assert_eq!(answer, Err(StorageError::Conflict), "{}", table.name);
    same_rows(
        "nothing done",
        table,
        &subject.all().await,
        std::slice::from_ref(&one),
    );

    let working = vec![
        subject.deleting(&one),
        subject.inserting(&one),
        subject.inserting(&two),
        subject.putting(&three),
        subject.deleting(&two),
        subject.deleting(&two),
    ];
    let outcomes = subject.backend.write(working).await.expect("a list");
    let removed: Vec<u64> = outcomes.iter().map(|outcome| outcome.removed()).collect();
    assert_eq!(removed, [1, 0, 0, 0, 1, 0], "{}", table.name);
    same_rows("all done", table, &subject.all().await, &[one, three]);
    assert_eq!(subject.backend.write(Vec::new()).await, Ok(Vec::new()));
    subject.clear().await;
}

/// The same over several tables.
pub(super) async fn several_tables(
    backend: &Arc<dyn Backend>,
    tables: &[&'static TableDescriptor],
) {
    let subjects: Vec<Subject> = tables
        .iter()
        .map(|table| Subject::new(backend, table))
        .collect();
    let first = data::row(subjects[0].table, 1);
    let mut writes: Vec<Write> = subjects
        .iter()
        .map(|subject| subject.inserting(&data::row(subject.table, 1)))
        .collect();
    writes.push(subjects[0].inserting(&first));
    let answer = backend.write(writes.clone()).await;
    assert_eq!(answer, Err(StorageError::Conflict));
    for subject in &subjects {
        assert!(subject.all().await.is_empty(), "{}", subject.table.name);
    }
    writes.pop();
    backend.write(writes).await.expect("a list over all tables");
    for subject in &subjects {
        assert_eq!(subject.all().await.len(), 1, "{}", subject.table.name);
        subject.clear().await;
    }
}

/// A closed backend says so, and a persistent one has kept everything when it is opened again.
pub(super) async fn reopening(
    factory: &dyn Factory,
    backend: Arc<dyn Backend>,
    tables: &[&'static TableDescriptor],
    migrations: &[Migration],
) {
    backend.health().await.expect("healthy");
    for table in tables {
        let subject = Subject::new(&backend, table);
        let rows = (0..10).map(|number| subject.putting(&data::row(table, number)));
        subject.write_all(rows.collect()).await;
    }
    backend.close().await;
    let row = data::row(tables[0], 1);
    let write = Write::Put {
        table: tables[0],
        row: row.clone(),
    };
    let closed = |error| matches!(error, StorageError::Unavailable(_));
    assert!(backend.write(vec![write]).await.is_err_and(closed));
    let key = tables[0].key_of(&row);
    assert!(backend.get(tables[0], &key).await.is_err_and(closed));
    assert!(backend.health().await.is_err_and(closed));
    // Closing what is closed does nothing.
    backend.close().await;
    drop(backend);
    if !factory.persistent() {
        return;
    }
    let backend = open(factory, tables, migrations).await;
    for table in tables {
        let subject = Subject::new(&backend, table);
        let rows: Vec<_> = (0..10).map(|number| data::row(table, number)).collect();
        let mut rows = rows;
        rows.sort_by_key(|row| table.key_of(row));
        same_rows("after reopening", table, &subject.all().await, &rows);
        subject.clear().await;
    }
    backend.close().await;
}
