//! Rows whose time is over go while the server runs; all others stay.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sestina::server::{Server, Sweeper};
use sestina::storage::{Storage, TableDescriptor, Value, Write};
use sestina::types::{MIGRATIONS, TABLES};
use sestina::wire::clock::Clock;
use sestina_interop::sestina::Sestina;
use sestina_storage_sql::sqlite::Sqlite;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
/// When the tests' time begins, in seconds.
const BEGIN: i64 = 1_790_000_000;

/// Time that passes when it is told to.
#[derive(Default)]
struct Hands(AtomicU64);

impl Hands {
    fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.0.load(Ordering::SeqCst)).unwrap();
        Timestamp::from_second(BEGIN + passed).unwrap()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

fn table(name: &str) -> &'static TableDescriptor {
    let mut tables = TABLES.iter();
    tables.find(|table| table.name == name).unwrap()
}

/// A row of any table with a retention, by its time; without one where it may be.
fn row(table: &'static TableDescriptor, number: i64, time: Option<i64>) -> Write {
    let decides = table.retention.unwrap().query.range.unwrap();
    let columns = table.columns.iter();
    let row = columns.map(|column| match column.ty {
        _ if column.name == decides => {
            time.map_or(Value::Null, |time| Value::Timestamp(time * 1_000_000))
        }
        _ if column.optional => Value::Null,
        _ if table.personal.contains(&column.name) => "juliet@example.org".into(),
        sestina::storage::ColumnType::Text => Value::Text(format!("{number:08}")),
        sestina::storage::ColumnType::Integer => Value::Integer(number),
        sestina::storage::ColumnType::Boolean => Value::Boolean(false),
        sestina::storage::ColumnType::Bytes => Value::Bytes(vec![1]),
        sestina::storage::ColumnType::Timestamp => Value::Timestamp(0),
    });
    let row = row.collect();
    Write::Put { table, row }
}

async fn put(storage: &Storage, writes: Vec<Write>) {
    let mut transaction = storage.transaction();
    for write in writes {
        transaction.push(write);
    }
    transaction.commit().await.unwrap();
}

async fn becomes(storage: &Storage, table: &'static TableDescriptor, rows: u64) {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let there = storage.count(table).await.unwrap();
        if there == rows {
            return;
        }
        assert!(Instant::now() < end, "{}: {there} rows", table.name);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// By a clock that the test moves.
async fn swept_by_the_clock(storage: Storage) {
    storage.prepare(TABLES, MIGRATIONS).await.unwrap();
    let (archive, items) = (table("archive"), table("pubsub_items"));
    // One second after the other, the last 500 of them young enough.
    let age = |number: i64| BEGIN - i64::try_from(DAY).unwrap() - 2500 + number;
    let messages = (0..3000).map(|number| row(archive, number, Some(age(number))));
    put(&storage, messages.collect()).await;
    let hour = i64::try_from(HOUR).unwrap();
    let times = [
        Some(BEGIN - 1),
        Some(BEGIN + hour / 2),
        Some(BEGIN + 3 * hour),
        None,
    ];
    let published = (0..)
        .zip(times)
        .map(|(number, time)| row(items, number, time));
    put(&storage, published.collect()).await;

    let before = Timestamp::from_second(age(2000)).unwrap();
    let step = storage.sweep_step(archive, before).await.unwrap();
    assert_eq!(step, Some(1000), "a step is bounded");

    let clock = Arc::new(Hands::default());
    let sweeper = Sweeper::new(storage.clone())
        .every(Duration::from_secs(HOUR))
        .table(archive, Duration::from_secs(DAY))
        .table(items, Duration::ZERO)
        // It keeps its rows for ever, whatever is said here.
        .table(table("users"), Duration::ZERO);
    let builder = Server::builder().clock(clock.clone()).sweeper(sweeper);
    let server = builder.start().await.unwrap();
    becomes(&storage, archive, 500).await;
    becomes(&storage, items, 3).await;

    clock.advance(HOUR - 1);
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(
        storage.count(items).await.unwrap(),
        3,
        "an hour is not over"
    );
    clock.advance(1);
    becomes(&storage, items, 2).await;
    becomes(&storage, archive, 0).await;

    server.shutdown().await;
    clock.advance(DAY);
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(storage.count(items).await.unwrap(), 2, "it has ended");
    storage.close().await;
}

#[tokio::test]
async fn in_memory() {
    swept_by_the_clock(Storage::memory()).await;
}

#[tokio::test]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    swept_by_the_clock(sqlite(folder.path()).await).await;
}

async fn sqlite(folder: &Path) -> Storage {
    let path = folder.join("test.db");
    let backend = Sqlite::open(path.to_str().unwrap()).await.unwrap();
    let storage = Storage::new(Arc::new(backend));
    storage.prepare(TABLES, MIGRATIONS).await.unwrap();
    storage
}

/// As an operator has it: the program, its settings and its log.
#[tokio::test]
async fn by_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let storage = sqlite(folder.path()).await;
    let items = table("pubsub_items");
    let later = Timestamp::now().as_second() + 1000;
    let published = [Some(BEGIN - 1_000_000_000), Some(later), None];
    let published = (0..)
        .zip(published)
        .map(|(number, time)| row(items, number, time));
    put(&storage, published.collect()).await;
    let path = folder.path().join("test.db");
    let settings = format!("storage = \"sqlite:{}\"\nsweep = \"1s\"", path.display());
    let binary = Path::new(env!("CARGO_BIN_EXE_sestina"));
    let server = Sestina::start(binary, "localhost", &[], &settings).unwrap();
    becomes(&storage, items, 2).await;
    put(&storage, vec![row(items, 7, Some(1))]).await;
    becomes(&storage, items, 2).await;
    // The log is a step behind.
    let end = Instant::now() + Duration::from_secs(10);
    let told =
        |log: String| log.contains("rows whose time was over") && log.contains("pubsub_items");
    while !told(server.process.output()) {
        assert!(Instant::now() < end, "{}", server.process.output());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    storage.close().await;
}
