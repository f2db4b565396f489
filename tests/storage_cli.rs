//! `sestina storage …` as an operator meets it, over every table there is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use sestina_storage::{Backend, ColumnType, TableDescriptor, Value, Write};
use sestina_storage_file::Files;
use sestina_storage_sql::sqlite::Sqlite;
use sestina_types::{MIGRATIONS, TABLES};

const BINARY: &str = env!("CARGO_BIN_EXE_sestina");
const OWNERS: [&str; 3] = [
    "juliet@example.org",
    "romeo@example.org",
    "romeo@example.org.uk",
];
const SECRET: &[u8] = b"nobody may read this";

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command
        .arg("storage")
        .args(arguments)
        .current_dir(folder)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// What it said, having done it.
fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Why it did not do it: one line for a person.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{arguments:?}");
    assert!(
        said.starts_with("sestina: ") && !said.contains("panicked"),
        "{said}"
    );
    said
}

/// A row of an owner, unlike those of all other numbers.
fn row(table: &TableDescriptor, owner: &str, number: i64) -> Vec<Value> {
    let columns = table.columns.iter();
    columns
        .map(|column| match column.ty {
            _ if table.personal.contains(&column.name) => owner.into(),
            _ if column.secret => Value::Bytes(SECRET.to_vec()),
            _ if column.optional && number % 3 == 0 => Value::Null,
            ColumnType::Text => Value::Text(format!("text {number:04} of {owner} <ß>\n")),
            ColumnType::Integer => Value::Integer(number - 2),
            ColumnType::Boolean => Value::Boolean(number % 2 == 0),
            ColumnType::Bytes => Value::Bytes(number.to_be_bytes().to_vec()),
            ColumnType::Timestamp => Value::Timestamp(1_790_000_000_000_000 + number),
        })
        .collect()
}

/// Secrets that are text hold text.
fn fits(table: &TableDescriptor, mut row: Vec<Value>) -> Vec<Value> {
    for (column, value) in table.columns.iter().zip(&mut row) {
        if column.secret && column.ty == ColumnType::Text {
            *value = Value::Text(String::from_utf8(SECRET.to_vec()).unwrap());
        }
    }
    row
}

/// Puts rows of all owners into all tables; how many rows there are then.
async fn fill(backend: &dyn Backend, rows: i64) -> u64 {
    backend.prepare(TABLES, MIGRATIONS).await.unwrap();
    let mut total = 0;
    for table in TABLES {
        let mut writes = Vec::new();
        for owner in OWNERS {
            for number in 0..rows {
                let row = fits(table, row(table, owner, number));
                writes.push(Write::Put { table, row });
            }
        }
        for chunk in writes.chunks(500) {
            backend.write(chunk.to_vec()).await.unwrap();
        }
        total += backend.count(table).await.unwrap();
    }
    total
}

async fn everything(backend: &dyn Backend) -> Vec<Vec<Vec<Value>>> {
    backend.prepare(TABLES, MIGRATIONS).await.unwrap();
    let mut all = Vec::new();
    for table in TABLES {
        all.push(backend.scan(table, None, u32::MAX).await.unwrap());
    }
    all
}

async fn sqlite(folder: &Path, name: &str) -> Sqlite {
    let path = folder.join(name);
    Sqlite::open(path.to_str().unwrap()).await.unwrap()
}

#[tokio::test]
async fn copied_there_and_back_everything_is_equal() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = sqlite(folder, "first.db").await;
    let total = fill(&first, 30).await;
    let before = everything(&first).await;
    first.close().await;

    let told = done(
        folder,
        &["copy", "--from", "sqlite:first.db", "--to", "file:store"],
    );
    assert!(told.contains(&format!("copied {total} rows")), "{told}");
    for table in TABLES {
        assert!(told.contains(&format!("{}: ", table.name)), "{told}");
    }
    done(
        folder,
        &["copy", "--from", "file:store", "--to", "sqlite:second.db"],
    );
    let second = sqlite(folder, "second.db").await;
    assert!(everything(&second).await == before);
    second.close().await;

    for place in ["sqlite:second.db", "file:store"] {
        let told = done(folder, &["check", "--storage", place]);
        assert!(told.contains(&format!("{total} rows")), "{told}");
        let told = done(folder, &["stats", "--storage", place]);
        assert!(told.contains(&format!(" {total}\n")), "{told}");
    }
    // Never over what is there, and never onto itself.
    let said = refused(
        folder,
        &["copy", "--from", "file:store", "--to", "sqlite:second.db"],
    );
    assert!(said.contains("not empty"), "{said}");
    let said = refused(
        folder,
        &["copy", "--from", "file:store", "--to", "file:store"],
    );
    assert!(said.contains("same"), "{said}");
}

#[tokio::test]
async fn an_interrupted_copy_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = sqlite(folder, "first.db").await;
    fill(&first, 120).await;
    let before = everything(&first).await;
    first.close().await;
    let arguments = ["copy", "--from", "sqlite:first.db", "--to", "file:store"];
    let mut child = command(folder, &arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Killed once the first rows have arrived.
    let tables = folder.join("store/tables");
    let arrived = || {
        TABLES.iter().any(|table| {
            tables
                .join(table.name)
                .read_dir()
                .is_ok_and(|mut dir| dir.next().is_some())
        })
    };
    while child.try_wait().unwrap().is_none() && !arrived() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = child.kill();
    child.wait().unwrap();
    let store = Files::open(folder.join("store").to_str().unwrap())
        .await
        .unwrap();
    let half: usize = everything(&store).await.iter().map(Vec::len).sum();
    store.close().await;
    let all: usize = before.iter().map(Vec::len).sum();
    assert!(half < all, "it was interrupted");
    let said = refused(
        folder,
        &["copy", "--from", "sqlite:other.db", "--to", "file:store"],
    );
    assert!(
        said.contains("unfinished copy of sqlite:first.db"),
        "{said}"
    );
    done(folder, &arguments);
    let store = Files::open(folder.join("store").to_str().unwrap())
        .await
        .unwrap();
    assert!(everything(&store).await == before);
    store.close().await;
}

#[tokio::test]
async fn what_belongs_to_a_person_comes_out_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sqlite = sqlite(folder, "first.db").await;
    fill(&sqlite, 5).await;
    let all = everything(&sqlite).await;
    sqlite.close().await;
    let of = |table: &TableDescriptor, owner: &str| {
        let (place, _) = table.column(table.personal.first()?)?;
        let rows = TABLES.iter().position(|other| other.name == table.name)?;
        Some(
            all[rows]
                .iter()
                .filter(|row| row[place] == owner.into())
                .count(),
        )
    };
    let files = Files::open(folder.join("store").to_str().unwrap())
        .await
        .unwrap();
    fill(&files, 5).await;
    files.close().await;
    for place in ["sqlite:first.db", "file:store"] {
        let told = done(folder, &["export", "romeo@example.org", "--storage", place]);
        let mut lines = told.lines().map(|line| serde_json::from_str(line).unwrap());
        let head: serde_json::Value = lines.next().unwrap();
        assert_eq!(head["account"], "romeo@example.org");
        let mut counts = std::collections::HashMap::new();
        for line in lines {
            let name = line["table"].as_str().unwrap().to_owned();
            let table = TABLES.iter().find(|table| table.name == name).unwrap();
            assert_eq!(line["row"][table.personal[0]], "romeo@example.org");
            for column in table.columns {
                assert_eq!(
                    line["row"].get(column.name).is_none(),
                    column.secret,
                    "{name}"
                );
            }
            *counts.entry(name).or_insert(0) += 1;
        }
        for table in TABLES.iter().filter(|table| !table.personal.is_empty()) {
            let (found, expected) = (
                counts.get(table.name).copied(),
                of(table, "romeo@example.org"),
            );
            assert_eq!(
                found.unwrap_or(0),
                expected.unwrap(),
                "{place}: {}",
                table.name
            );
        }

        let rows: usize = counts.values().sum();
        let told = done(folder, &["erase", "romeo@example.org", "--storage", place]);
        assert_eq!(told, format!("removed {rows} rows of romeo@example.org\n"));
        let told = done(folder, &["export", "romeo@example.org", "--storage", place]);
        assert_eq!(told.lines().count(), 1);
        // The others still have theirs.
        let told = done(
            folder,
            &["export", "juliet@example.org", "--storage", place],
        );
        let others = TABLES
            .iter()
            .filter_map(|table| of(table, "juliet@example.org"));
        assert_eq!(told.lines().count(), others.sum::<usize>() + 1);
    }
    // Nothing of it is left in the files of the tables that hold what belongs to people.
    let mut waiting: Vec<_> = TABLES
        .iter()
        .filter(|table| !table.personal.is_empty())
        .map(|table| folder.join("store/tables").join(table.name))
        .collect();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path()));
        } else if path.is_file() {
            let text = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&text);
            assert!(
                !text.contains("of romeo@example.org <"),
                "{}",
                path.display()
            );
        }
    }
}

#[tokio::test]
async fn mistakes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (arguments, wanted) in [
        (&["stats", "--storage", "oracle:x"][..], "oracle"),
        (&["stats", "--storage", "memory:"], "memory"),
        (
            &["copy", "--from", "sqlite:a.db", "--to", "nowhere"],
            "nowhere",
        ),
        (&["export", "@", "--storage", "sqlite:a.db"], "no address"),
    ] {
        let said = refused(folder, arguments);
        assert!(said.contains(wanted), "{said}");
    }
    // A folder that another process uses.
    let files = Files::open(folder.join("store").to_str().unwrap())
        .await
        .unwrap();
    let said = refused(folder, &["stats", "--storage", "file:store"]);
    assert!(said.contains("another process uses this folder"), "{said}");
    files.close().await;
    done(folder, &["stats", "--storage", "file:store"]);
    // A segment that was damaged is found, and named.
    let files = Files::open(folder.join("store").to_str().unwrap())
        .await
        .unwrap();
    fill(&files, 3).await;
    files.close().await;
    let segment = folder.join("store/tables/users/all.jsonl");
    let text = std::fs::read_to_string(&segment).unwrap();
    std::fs::write(&segment, text.replacen("\"account\"", "\"acc0unt\"", 1)).unwrap();
    let output = run(folder, &["check", "--storage", "file:store"]);
    assert!(!output.status.success());
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("users/all.jsonl"), "{told}");
}
