//! The memory backend passes the conformance suite, and typed stores work on it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use jiff::Timestamp;
use sestina_storage::{
    Backend, Column, ColumnType, QueryDescriptor, Range, Secret, Storage, StorageError, Table,
    TableDescriptor, Value, Write, async_trait, conformance, memory::Memory,
};

struct Memories;

#[async_trait]
impl conformance::Factory for Memories {
    async fn open(&self) -> Arc<dyn Backend> {
        Arc::new(Memory::new())
    }

    fn persistent(&self) -> bool {
        false
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms() {
    let report = conformance::run(&Memories, conformance::TABLES, &[]).await;
    assert_eq!(report.tables.len(), conformance::TABLES.len());
    assert!(report.tables.iter().all(|(_, answers)| *answers > 1000));
}

#[test]
fn reports_make_a_table() {
    let folder = std::env::temp_dir().join(format!("sestina-report-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("a.tsv"),
        "a\tusers\t7\na\troster\t9\na\tusers\t8\n",
    )
    .unwrap();
    std::fs::write(folder.join("b.tsv"), "b\tusers\t5\n").unwrap();
    let table = conformance::markdown(&folder).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(
        table,
        "| table | a | b |\n|---|---:|---:|\n| `roster` | 9 | – |\n| `users` | 8 | 5 |\n"
    );
}

struct Tokens;

#[derive(Clone)]
struct Token {
    owner: String,
    number: i64,
    token: Secret<Vec<u8>>,
}

static BY_NUMBER: QueryDescriptor = QueryDescriptor {
    name: "by_number",
    equals: &["owner"],
    range: Some("number"),
    order: Some("number"),
    descending: false,
    search: None,
    limit: 3,
};

static TOKENS: TableDescriptor = TableDescriptor {
    spec: "test",
    name: "tokens",
    version: 1,
    personal: &["owner"],
    columns: &[
        Column {
            name: "owner",
            ty: ColumnType::Text,
            optional: false,
            secret: false,
            default: None,
        },
        Column {
            name: "number",
            ty: ColumnType::Integer,
            optional: false,
            secret: false,
            default: None,
        },
        Column {
            name: "token",
            ty: ColumnType::Bytes,
            optional: false,
            secret: true,
            default: None,
        },
    ],
    key: &["owner", "number"],
    indexes: &[],
    queries: &[],
    retention: None,
};

impl Table for Tokens {
    const DESCRIPTOR: &'static TableDescriptor = &TOKENS;
    type Row = Token;

    fn to_values(row: &Token) -> Vec<Value> {
        vec![
            row.owner.as_str().into(),
            row.number.into(),
            row.token.expose_secret().clone().into(),
        ]
    }

    fn from_values(values: Vec<Value>) -> Result<Token, StorageError> {
        let [
            Value::Text(owner),
            Value::Integer(number),
            Value::Bytes(token),
        ] = <[Value; 3]>::try_from(values).map_err(|_| StorageError::corrupt("three values"))?
        else {
            return Err(StorageError::corrupt("other types"));
        };
        Ok(Token {
            owner,
            number,
            token: token.into(),
        })
    }
}

fn token(number: i64) -> Token {
    Token {
        owner: "romeo@example.org".into(),
        number,
        token: vec![1, 2, 3].into(),
    }
}

#[tokio::test]
async fn typed_stores_and_transactions() {
    let storage = Storage::memory();
    storage.prepare(&[&TOKENS], &[]).await.unwrap();
    let store = storage.open::<Tokens>().unwrap();
    let mut transaction = storage.transaction();
    for number in 0..5 {
        transaction.insert::<Tokens>(&token(number));
    }
    transaction.commit().await.unwrap();
    let owner: [Value; 1] = ["romeo@example.org".into()];
    let page = store
        .select(&BY_NUMBER, &owner, Range::after(0), None, false)
        .await;
    let numbers: Vec<i64> = page.unwrap().iter().map(|token| token.number).collect();
    assert_eq!(numbers, [1, 2, 3], "the query's bound holds");
    assert_eq!(store.insert(&token(4)).await, Err(StorageError::Conflict));
    let removed = store.delete_where(&BY_NUMBER, &owner, Range::all()).await;
    assert_eq!(removed, Ok(5), "removal has no bound");

    // Arguments that do not fit are refused before they reach the backend.
    let wrong = store.get(&["romeo@example.org".into()]).await;
    assert!(matches!(wrong, Err(StorageError::Corrupt(_))));
    let wrong = store
        .select(&BY_NUMBER, &owner, Range::after("1"), None, false)
        .await;
    assert!(matches!(wrong, Err(StorageError::Corrupt(_))));
}

#[tokio::test]
async fn old_rows_go_and_young_ones_stay() {
    let storage = Storage::memory();
    let mut tables = conformance::TABLES.iter().copied();
    let list = tables.find(|table| table.retention.is_some()).unwrap();
    let mut transaction = storage.transaction();
    for second in 0..100 {
        transaction.push(Write::Put {
            table: list,
            row: vec![
                "romeo@example.org".into(),
                Value::Integer(second),
                "juliet@example.org".into(),
                Timestamp::from_second(second).unwrap().into(),
                Value::Bytes(Vec::new()),
            ],
        });
    }
    transaction.commit().await.unwrap();
    let before = Timestamp::from_second(60).unwrap();
    assert_eq!(storage.sweep(list, before).await, Ok(60));
    assert_eq!(storage.sweep(list, before).await, Ok(0));
    assert_eq!(storage.count(list).await, Ok(40));
    let first = storage.scan(list, None, 1).await.unwrap();
    assert_eq!(first[0][1], Value::Integer(60));
    assert_eq!(storage.sweep(&TOKENS, before).await, Ok(0), "kept for ever");
}

/// A page costs what it holds, however much the table has: the columns of equality, of the range and of the order
/// are walked in an index.
#[tokio::test]
async fn pages_do_not_grow_with_the_table() {
    let storage = Memory::new();
    let mut tables = conformance::TABLES.iter().copied();
    let list = tables
        .find(|table| table.name == "conformance_list")
        .unwrap();
    let mut timed = Vec::new();
    for (first, last) in [(0, 1_000), (1_000, 100_000)] {
        let writes = (first..last).map(|seq| Write::Insert {
            table: list,
            row: vec![
                "romeo@example.org".into(),
                Value::Integer(seq),
                Value::Text(format!("peer{}@example.org", seq % 7)),
                Value::Timestamp(seq * 1000),
                Value::Bytes(Vec::new()),
            ],
        });
        storage.write(writes.collect()).await.unwrap();
        let mut fastest = std::time::Duration::MAX;
        for seq in (0..last - 10).step_by(usize::try_from(last / 100).unwrap()) {
            for (name, more) in [
                ("of_owner", None),
                ("newest", None),
                ("with_peer", Some("peer3@example.org")),
                ("in_time", None),
            ] {
                let query = list.query(name).unwrap();
                let lower = if query.range == Some("at") {
                    Value::Timestamp(seq * 1000)
                } else {
                    Value::Integer(seq)
                };
                let mut equals: Vec<Value> = vec!["romeo@example.org".into()];
                equals.extend(more.map(Value::from));
                let page = sestina_storage::Selection {
                    table: list,
                    query,
                    equals,
                    range: Range::after(lower),
                    search: None,
                    limit: 5,
                    reverse: false,
                };
                let begun = std::time::Instant::now();
                let rows = storage.select(&page).await.unwrap();
                fastest = fastest.min(begun.elapsed());
                assert!(!rows.is_empty() && rows.len() <= 5);
            }
        }
        timed.push(fastest);
    }
    // A hundred times the rows: what walks or sorts them takes a hundred times as long.
    assert!(timed[1] < timed[0] * 20, "{timed:?}");
}

#[tokio::test]
async fn a_table_the_backend_lacks() {
    let storage = Storage::new(Arc::new(Memory::without(&["tokens"])));
    storage.prepare(&[&TOKENS], &[]).await.unwrap();
    assert!(storage.open::<Tokens>().is_none());
    let mut transaction = storage.transaction();
    transaction.put::<Tokens>(&token(1));
    let answer = transaction.commit().await;
    assert!(matches!(answer, Err(StorageError::Unsupported(_))));
}

#[test]
fn unsound_descriptions_are_refused() {
    let said = |table: TableDescriptor| table.check().unwrap_err().to_string();
    assert!(TOKENS.check().is_ok());
    let bad = TableDescriptor {
        key: &["owner", "nowhere"],
        ..TOKENS
    };
    assert!(said(bad).contains("\"nowhere\" does not exist"));
    let bad = TableDescriptor {
        name: "tokens; DROP TABLE users",
        ..TOKENS
    };
    assert!(said(bad).contains("a-z"));
    let bad = TableDescriptor {
        personal: &["owner", "number"],
        ..TOKENS
    };
    assert!(said(bad).contains("personal column \"number\" has no index"));
    static UNINDEXED: &[QueryDescriptor] = &[QueryDescriptor {
        equals: &["number"],
        range: None,
        ..BY_NUMBER_COPY
    }];
    const BY_NUMBER_COPY: QueryDescriptor = QueryDescriptor {
        name: "unindexed",
        equals: &[],
        range: None,
        order: None,
        descending: false,
        search: None,
        limit: 3,
    };
    let bad = TableDescriptor {
        queries: UNINDEXED,
        ..TOKENS
    };
    assert!(said(bad).contains("no index"));
}
