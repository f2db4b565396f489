//! Every database that a released version has left, with data in it, becomes one of the newest version, whatever happens on
//! the way: nodes start at the same time, and are killed in the middle of it again and again.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rows;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sestina_interop::database::backing::{Backing, installed};
use sestina_interop::ready;
use sestina_storage::{Column, Migration, Range, Selection, TableDescriptor, Value};
use sestina_types::{MIGRATIONS, TABLES};

const BINARY: &str = env!("CARGO_BIN_EXE_sestina");
/// How long the nodes live the first time, and the least by which they live longer each time. A machine may be fast: in
/// this time a program has hardly begun.
const LATER: Duration = Duration::from_millis(2);

/// A version of all tables as a program of then knew them.
struct Release {
    tables: Vec<&'static TableDescriptor>,
    migrations: Vec<Migration>,
}

/// What migrations after a version have brought.
#[derive(Default)]
struct Brought {
    /// The whole table.
    table: bool,
    columns: Vec<String>,
    /// As lists of columns.
    indexes: Vec<Vec<String>>,
}

fn brought(table: &TableDescriptor, after: u32) -> Brought {
    let later = MIGRATIONS
        .iter()
        .filter(|step| step.dialect == "sqlite" && step.spec == table.spec && step.version > after);
    let name = table.name;
    let mut brought = Brought::default();
    let mut inside = false;
    for line in later.flat_map(|step| step.sql.lines()) {
        let quoted = |text: &str| text.replace('"', "");
        if inside {
            inside = !line.starts_with(')');
        } else if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
            brought.table |= rest == format!("\"{name}\" (");
            inside = true;
        } else if let Some(rest) = line.strip_prefix("ALTER TABLE ") {
            let (altered, column) = rest.split_once(" ADD COLUMN ").unwrap();
            if quoted(altered) == name {
                brought
                    .columns
                    .push(quoted(column.split(' ').next().unwrap()));
            }
        } else if line.starts_with("CREATE INDEX") {
            if let Some((_, columns)) = line.split_once(&format!(" ON \"{name}\" (")) {
                let columns = columns.split(')').next().unwrap().split(", ");
                brought.indexes.push(columns.map(quoted).collect());
            }
        } else {
            let comment = line.is_empty() || line.starts_with("--");
            assert!(comment, "this test does not know what to make of {line}");
        }
    }
    brought
}

/// The tables up to a version of each specification.
fn release(version: u32) -> Release {
    let tables = TABLES.iter().filter_map(|&table| {
        let brought = brought(table, version);
        if brought.table {
            return None;
        }
        let columns = table.columns.iter().copied();
        let columns: Vec<_> = columns
            .filter(|column| !brought.columns.iter().any(|name| name == column.name))
            .collect();
        let indexes = table.indexes.iter().copied();
        let indexes: Vec<_> = indexes
            .filter(|index| !brought.indexes.iter().any(|columns| columns == index))
            .collect();
        let begins = |name: &&&str| {
            table.key.first() == Some(*name) || indexes.iter().any(|index| index[0] == **name)
        };
        let personal: Vec<_> = table.personal.iter().filter(begins).copied().collect();
        Some(&*Box::leak(Box::new(TableDescriptor {
            version: table.version.min(version),
            columns: columns.leak(),
            personal: personal.leak(),
            indexes: indexes.leak(),
            queries: &[],
            retention: None,
            ..*table
        })))
    });
    let migrations = MIGRATIONS.iter().filter(|step| step.version <= version);
    Release {
        tables: tables.collect(),
        migrations: migrations.copied().collect(),
    }
}

/// A program of today that opens the storage, and with that brings it up to date.
fn node(url: &str) -> Child {
    let mut command = Command::new(BINARY);
    command.args(["storage", "check", "--storage", url]);
    command
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Starts nodes at once and kills them later each time, until they have come through. How often they were killed.
fn killed_on_the_way(url: &str, nodes: usize) -> u32 {
    let mut lives = LATER;
    for round in 0.. {
        let mut started: Vec<Child> = (0..nodes).map(|_| node(url)).collect();
        std::thread::sleep(lives);
        // In steps that grow, so that a slow database comes through as well.
        lives += LATER.max(lives / 8);
        let mut ended = 0;
        for node in &mut started {
            let _ = node.kill();
            let status = node.wait().unwrap();
            if status.success() {
                ended += 1;
            } else if status.code().is_some() {
                let mut said = String::new();
                let mut stderr = node.stderr.take().unwrap();
                std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
                panic!("round {round}: {said}");
            }
        }
        if ended == nodes {
            return round;
        }
        assert!(round < 2_000, "they do not come through");
    }
    0
}

/// All that was there is there, by key and by what the new indexes are for.
async fn is_whole(url: &str, old: &Release) {
    let backend = rows::open(url).await;
    backend.prepare(TABLES, MIGRATIONS).await.unwrap();
    for &table in TABLES {
        let Some(old) = old.tables.iter().find(|old| old.name == table.name) else {
            let found = backend.scan(table, None, 1000).await.unwrap();
            assert!(found.is_empty(), "{url}: {}", table.name);
            continue;
        };
        // As many as the version of then could tell apart, with nothing in what came since.
        let mut expected: Vec<Vec<Value>> = (0..rows::ROWS)
            .map(|number| {
                let row = rows::row(old, number);
                let value = |column: &Column| match old.column(column.name) {
                    Some((place, _)) => row[place].clone(),
                    None => column.of_older_rows(),
                };
                table.columns.iter().map(value).collect()
            })
            .collect();
        expected.sort_by_key(|row| table.key_of(row));
        let found = backend.scan(table, None, 1000).await.unwrap();
        assert!(found == expected, "{url}: {}", table.name);
        for query in table.queries {
            let equals = |name: &&str| expected[0][table.column(name).unwrap().0].clone();
            let selection = Selection {
                table,
                query,
                equals: query.equals.iter().map(equals).collect(),
                range: Range::all(),
                search: None,
                limit: 1000,
                reverse: false,
            };
            let found = backend.select(&selection).await.unwrap();
            assert!(
                found.contains(&expected[0]),
                "{}: {}",
                table.name,
                query.name
            );
        }
    }
    backend.close().await;
}

async fn comes_through(backend: &str) {
    let ready = ready!(&format!("storage_versions::{backend}"), installed(backend));
    let newest = TABLES.iter().map(|table| table.version).max().unwrap();
    assert!(newest > 1, "no table has ever changed");
    for version in 1..newest {
        let backing = Backing::start(backend, &ready, false).unwrap();
        let url = backing.url();
        let old = release(version);
        let then = rows::open(url).await;
        then.prepare(&old.tables, &old.migrations).await.unwrap();
        assert!(rows::fill(&*then, &old.tables).await > 100);
        then.close().await;
        // Of files one process at a time is the owner.
        let nodes = if backend == "file" { 1 } else { 2 };
        let killed = killed_on_the_way(url, nodes);
        assert!(
            killed > 3,
            "{backend}: only {killed} starts were interrupted"
        );
        is_whole(url, &old).await;
        // Who has the old program only is told, and changes nothing.
        let then = rows::open(url).await;
        let refused = then.prepare(&old.tables, &old.migrations).await;
        let said = refused.unwrap_err().to_string();
        assert!(
            said.contains("newer") || said.contains("version 2"),
            "{said}"
        );
        then.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    comes_through("sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file() {
    comes_through("file").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    comes_through("postgres").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql() {
    comes_through("mysql").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis() {
    comes_through("redis").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mongodb() {
    comes_through("mongodb").await;
}
