//! What is particular to files: names, locks, torn lines, compaction, many rows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{fs, io::Write as _, path::Path};

use sestina_storage::{
    Backend as _, Column, ColumnType, Literal, Range, Selection, StorageError, TableDescriptor,
    Value, Write, conformance,
};
use sestina_storage_file::Files;

fn table(name: &str) -> &'static TableDescriptor {
    let mut tables = conformance::TABLES.iter();
    tables.find(|table| table.name == name).unwrap()
}

fn list() -> &'static TableDescriptor {
    table("conformance_list")
}

async fn open(path: &Path) -> Files {
    let backend = Files::open(path.to_str().unwrap()).await.unwrap();
    backend.prepare(conformance::TABLES, &[]).await.unwrap();
    backend
}

fn row(owner: &str, seq: i64) -> Vec<Value> {
    vec![
        owner.into(),
        Value::Integer(seq),
        Value::Text(format!("peer{}@example.org", seq % 7)),
        Value::Timestamp(seq * 1000),
        Value::Bytes(vec![7; 200]),
    ]
}

fn put(owner: &str, seq: i64) -> Write {
    Write::Put {
        table: list(),
        row: row(owner, seq),
    }
}

fn segments(path: &Path) -> Vec<String> {
    let folder = path.join("tables").join(list().name);
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path()).await;
    let second = Files::open(folder.path().to_str().unwrap()).await;
    let said = second.map(drop).unwrap_err().to_string();
    assert!(said.contains("another process uses this folder"), "{said}");
    first.close().await;
    open(folder.path()).await.close().await;
}

#[tokio::test]
async fn owners_have_files_that_a_person_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let backend = open(folder.path()).await;
    for owner in [
        "romeo@example.org",
        "Romeo@example.org",
        "../../x",
        "日本@example.org",
    ] {
        backend.write(vec![put(owner, 1)]).await.unwrap();
    }
    backend
        .write(vec![put(&"ü".repeat(1500), 1)])
        .await
        .unwrap();
    backend.close().await;
    let names = segments(folder.path());
    assert_eq!(names.len(), 5);
    assert!(names.contains(&"o-romeo@example.org.jsonl".to_owned()));
    assert!(names.contains(&"o-_52omeo@example.org.jsonl".to_owned()));
    assert!(names.contains(&"o-.._2f.._2fx.jsonl".to_owned()));
    let path = folder
        .path()
        .join("tables/conformance_list/o-romeo@example.org.jsonl");
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains("\"peer\":\"peer1@example.org\""), "{text}");
    let backend = open(folder.path()).await;
    let key = [Value::Text("ü".repeat(1500)), Value::Integer(1)];
    assert!(backend.get(list(), &key).await.unwrap().is_some());
    backend.close().await;
}

#[tokio::test]
async fn a_torn_end_goes_and_damage_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let owner = "romeo@example.org";
    let backend = open(folder.path()).await;
    for seq in 0..10 {
        backend.write(vec![put(owner, seq)]).await.unwrap();
    }
    backend.close().await;
    let path = folder
        .path()
        .join("tables/conformance_list/o-romeo@example.org.jsonl");
    let torn = |text: &str| {
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    torn("{\"owner\":\"romeo@exa");
    let mut journal = fs::OpenOptions::new()
        .append(true)
        .open(folder.path().join("journal.jsonl"))
        .unwrap();
    journal.write_all(b"[[\"conformance_list\",\"o-ro").unwrap();
    let backend = open(folder.path()).await;
    assert_eq!(backend.count(list()).await, Ok(10));
    backend.write(vec![put(owner, 10)]).await.unwrap();
    backend.close().await;
    let backend = open(folder.path()).await;
    assert_eq!(backend.count(list()).await, Ok(11));
    backend.close().await;
    torn("{\"owner\":1}\n");
    let backend = open(folder.path()).await;
    let said = backend.count(list()).await.unwrap_err();
    assert!(
        matches!(&said, StorageError::Corrupt(text) if text.contains("o-romeo@example.org.jsonl")),
        "{said}"
    );
    backend.close().await;
}

#[tokio::test]
async fn what_counts_no_longer_goes() {
    let folder = tempfile::tempdir().unwrap();
    let owner = "romeo@example.org";
    let backend = open(folder.path()).await;
    for _ in 0..20 {
        let writes = (0..100).map(|seq| put(owner, seq)).collect();
        backend.write(writes).await.unwrap();
    }
    backend.close().await;
    let path = folder
        .path()
        .join("tables/conformance_list/o-romeo@example.org.jsonl");
    let lines = fs::read_to_string(&path).unwrap().lines().count();
    assert_eq!(lines, 101, "the header and the rows that count");
    let backend = open(folder.path()).await;
    let all = backend.scan(list(), None, 1000).await.unwrap();
    let expected: Vec<_> = (0..100).map(|seq| row(owner, seq)).collect();
    assert!(all == expected);
    let erase = Write::Erase {
        table: list(),
        column: "owner",
        account: owner.into(),
    };
    backend.write(vec![erase]).await.unwrap();
    backend.close().await;
    assert_eq!(segments(folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await.close().await;
    let path = folder.path().join("format.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"version\": 1", "\"version\": 2")).unwrap();
    let backend = Files::open(folder.path().to_str().unwrap()).await.unwrap();
    let refused = backend.prepare(conformance::TABLES, &[]).await;
    assert!(matches!(refused, Err(StorageError::Unsupported(_))));
    backend.close().await;
}

/// Many owners, so that segments go out of use and come back, and an account with many rows.
#[tokio::test]
async fn many_rows() {
    let folder = tempfile::tempdir().unwrap();
    let backend = open(folder.path()).await;
    for step in 0..10 {
        let writes = (0..2000).map(|seq| put("romeo@example.org", step * 2000 + seq));
        backend.write(writes.collect()).await.unwrap();
    }
    for step in 0..5 {
        let writes =
            (0..200).map(|number| put(&format!("user{}@example.org", step * 200 + number), 1));
        backend.write(writes.collect()).await.unwrap();
    }
    assert_eq!(backend.count(list()).await, Ok(21_000));
    backend.close().await;
    let backend = open(folder.path()).await;
    assert_eq!(backend.count(list()).await, Ok(21_000));
    let page = |name: &str, equals: Vec<Value>, range: Range| Selection {
        table: list(),
        query: list().query(name).unwrap(),
        equals,
        range,
        search: None,
        limit: 3,
        reverse: false,
    };
    let owner = Value::from("romeo@example.org");
    let found = backend
        .select(&page("of_owner", vec![owner.clone()], Range::after(15_000)))
        .await
        .unwrap();
    let numbers: Vec<&Value> = found.iter().map(|row| &row[1]).collect();
    assert_eq!(
        numbers,
        [
            &Value::Integer(15_001),
            &Value::Integer(15_002),
            &Value::Integer(15_003)
        ]
    );
    let found = backend
        .select(&page(
            "with_peer",
            vec![owner, "peer3@example.org".into()],
            Range::after(Value::Timestamp(14_000_000)),
        ))
        .await
        .unwrap();
    assert_eq!(found[0], row("romeo@example.org", 14_003));
    backend.close().await;
}

/// Rows that are older than a column have its default there, when they are read and when they are found by it.
#[tokio::test]
async fn rows_older_than_a_column() {
    let folder = tempfile::tempdir().unwrap();
    let before = open(folder.path()).await;
    before
        .write(vec![put("romeo@example.org", 1)])
        .await
        .unwrap();
    before.close().await;
    let old = list();
    let state = Column {
        name: "state",
        ty: ColumnType::Text,
        optional: false,
        secret: false,
        default: Some(Literal::Text("it's new")),
    };
    let grown: &'static TableDescriptor = Box::leak(Box::new(TableDescriptor {
        version: old.version + 1,
        columns: Vec::leak([old.columns, &[state]].concat()),
        ..*old
    }));
    let files = Files::open(folder.path().to_str().unwrap()).await.unwrap();
    files.prepare(&[grown], &[]).await.unwrap();
    let mut wanted = row("romeo@example.org", 1);
    wanted.push("it's new".into());
    let key = grown.key_of(&wanted);
    assert_eq!(files.get(grown, &key).await, Ok(Some(wanted)));
    files.close().await;
}
