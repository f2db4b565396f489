//! Every earlier version's database becomes one of the newest, with what it holds.

use sestina_schema::{Dialect, Literal, Table, change, create_table, join};
use sestina_storage::{
    Backend, Column, ColumnType, Migration, QueryDescriptor, Range, Search, Selection,
    TableDescriptor, Value, Write,
};
use sestina_storage_sql::definition;

const fn column(name: &'static str, ty: ColumnType) -> Column {
    Column {
        name,
        ty,
        optional: false,
        secret: false,
        default: None,
    }
}

const fn query(name: &'static str, equals: &'static [&'static str]) -> QueryDescriptor {
    QueryDescriptor {
        name,
        equals,
        range: None,
        order: None,
        descending: false,
        search: None,
        limit: 100,
    }
}

const fn table(
    columns: &'static [Column],
    indexes: &'static [&'static [&'static str]],
    queries: &'static [QueryDescriptor],
) -> TableDescriptor {
    TableDescriptor {
        spec: "versioned",
        name: "versioned",
        version: 1,
        personal: &[],
        columns,
        key: &["id"],
        indexes,
        queries,
        retention: None,
    }
}

const ID: Column = column("id", ColumnType::Integer);
const NAME: Column = column("name", ColumnType::Text);
const KIND: Column = column("kind", ColumnType::Text);
const FLAG: Column = column("flag", ColumnType::Boolean);
const OCTETS: Column = column("octets", ColumnType::Bytes);
const GONE: Column = Column {
    optional: true,
    ..column("gone", ColumnType::Text)
};
const NOTE: Column = Column {
    optional: true,
    ..column("note", ColumnType::Bytes)
};

/// The first version; columns and indexes come (and their columns are folded); they go again.
pub(crate) static VERSIONS: [TableDescriptor; 3] = [
    table(
        &[ID, NAME, OCTETS, GONE],
        &[&["gone"]],
        &[query("gone", &["gone"])],
    ),
    table(
        &[ID, NAME, OCTETS, KIND, FLAG],
        &[&["name"], &["octets"]],
        &[
            QueryDescriptor {
                search: Some("kind"),
                ..query("named", &["name"])
            },
            query("holding", &["octets"]),
        ],
    ),
    table(
        &[ID, NOTE, NAME, OCTETS, KIND, FLAG],
        &[&["kind"]],
        &[query("of_kind", &["kind"])],
    ),
];

fn defined(version: usize) -> Table {
    let mut table = definition(&VERSIONS[version]);
    for column in &mut table.columns {
        column.default = match column.name.as_str() {
            "kind" => Some(Literal::Text("it's a \\ note".into())),
            "flag" => Some(Literal::Boolean(true)),
            _ => None,
        };
    }
    table
}

/// The migrations up to a version, as the generator writes them.
pub(crate) fn history(dialect: Dialect, version: usize) -> Vec<Migration> {
    let steps = (0..=version).map(|place| {
        let statements = match place {
            0 => create_table(dialect, &defined(0)),
            _ => change(dialect, &defined(place - 1), &defined(place)).unwrap(),
        };
        Migration {
            dialect: dialect.name(),
            spec: "versioned",
            version: u32::try_from(place).unwrap() + 1,
            sql: Box::leak(join(&statements).into_boxed_str()),
        }
    });
    steps.collect()
}

pub(crate) fn names() -> Vec<String> {
    ["".to_owned(), "a'b".to_owned()]
        .into_iter()
        .chain((185..195).map(|length| "n".repeat(length)))
        .chain((60..67).map(|length| format!("n{}", "日".repeat(length))))
        .chain(["ß".repeat(3000)])
        .collect()
}

/// The row of a number as a version has it; one that was there before a column has its default.
pub(crate) fn row(version: usize, number: usize, name: &str) -> Vec<Value> {
    let columns = VERSIONS[version].columns.iter();
    columns
        .map(|column| match column.name {
            "id" => Value::Integer(i64::try_from(number).unwrap()),
            "name" => name.into(),
            "octets" => Value::Bytes(name.as_bytes().iter().rev().copied().collect()),
            "kind" => "it's a \\ note".into(),
            "flag" => Value::Boolean(true),
            "gone" => "gone".into(),
            _ => Value::Null,
        })
        .collect()
}

pub(crate) async fn check(backend: &dyn Backend, version: usize) {
    let table = &VERSIONS[version];
    let rows = backend.scan(table, None, 1000).await.unwrap();
    for (number, name) in names().iter().enumerate() {
        assert!(
            rows[number] == row(version, number, name),
            "row {number} in {version}"
        );
        for query in table.queries {
            let (place, _) = table.column(query.equals[0]).unwrap();
            let selection = Selection {
                table,
                query,
                equals: vec![rows[number][place].clone()],
                range: Range::all(),
                search: None,
                limit: 100,
                reverse: false,
            };
            let found = backend.select(&selection).await.unwrap();
            let expected: Vec<_> = rows
                .iter()
                .filter(|r| r[place] == rows[number][place])
                .collect();
            assert!(found.iter().eq(expected), "{} in {version}", query.name);
            if query.search.is_some() {
                for (words, finds) in [("NOTE it's", true), ("moonlight", false)] {
                    let search = Some(Search::new(words));
                    let selection = Selection {
                        search,
                        ..selection.clone()
                    };
                    let searched = backend.select(&selection).await.unwrap();
                    assert_eq!(searched == found, finds, "{words} in {version}");
                }
            }
        }
    }
    // And is written to as any other.
    let name = "日".repeat(1000);
    let number = names().len();
    let write = Write::Put {
        table,
        row: row(version, number, &name),
    };
    backend.write(vec![write]).await.unwrap();
    let key = [Value::Integer(i64::try_from(number).unwrap())];
    let found = backend.get(table, &key).await.unwrap();
    assert!(found == Some(row(version, number, &name)));
}

/// From each version to each later one, over those between and past them. `open` opens an empty database.
pub(crate) async fn migrate<B: Backend>(dialect: Dialect, open: impl AsyncFn() -> B) {
    for path in [&[0, 1, 2][..], &[0, 2], &[1, 2]] {
        let backend = open().await;
        let mut made = false;
        for &version in path {
            let table = &VERSIONS[version];
            backend
                .prepare(&[table], &history(dialect, version))
                .await
                .unwrap();
            if !made {
                made = true;
                let names = names();
                let inserts = names
                    .iter()
                    .enumerate()
                    .map(|(number, name)| Write::Insert {
                        table,
                        row: row(version, number, name),
                    });
                backend.write(inserts.collect()).await.unwrap();
            }
            check(&backend, version).await;
        }
        backend.close().await;
    }
}
