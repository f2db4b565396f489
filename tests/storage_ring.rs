//! `sestina storage copy` between servers: once around all backends, interrupted, damaged and mended at each, and what
//! comes back is what went out.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::collections::HashMap;
use std::io::Read as _;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sestina_interop::database::backing::{Backing, PERSISTENT, installed};
use sestina_interop::ready;
use sestina_storage::{Backend, ColumnType, TableDescriptor, Value, Write};
use sestina_types::{MIGRATIONS, TABLES};

const BINARY: &str = env!("CARGO_BIN_EXE_sestina");
/// Rows of each table.
const ROWS: i64 = 18;

/// Addresses that have been trouble to somebody: to file names, patterns, paths, statements and orders.
fn owners() -> Vec<String> {
    let mut owners: Vec<String> = [
        "ß日🦀@straße.example",
        "a%b_c*?[x]\\@example.org",
        "$where.{sestina}:!@example.org",
        "..@example.org",
        "con@example.org",
        "o'neill;--@example.org",
        "romeo@example.org",
        "romeo@example.org.uk",
        "example.org",
        "e\u{301}cole@[::1]",
    ]
    .map(str::to_owned)
    .to_vec();
    owners.push(format!("{}@{}.example", "n".repeat(1023), "d".repeat(1015)));
    owners.push(format!(
        "{}m@{}.example",
        "n".repeat(1022),
        "d".repeat(1015)
    ));
    owners
}

/// Whether anything is looked up by the column.
fn looked_up(table: &TableDescriptor, name: &str) -> bool {
    let mut indexes = table.indexes.iter().chain([&table.key]);
    indexes.any(|index| index.contains(&name))
}

fn text(number: i64, large: bool) -> String {
    match number % 6 {
        0 => String::new(),
        1 if large && number == 1 => "large <ß>&'\"\r\n\t\u{1}".repeat(10_000),
        2 => "NULL".to_owned(),
        3 => format!("trailing blanks {number}  "),
        4 => "Å ≠ A\u{30a}".to_owned(),
        _ => format!("text {number}"),
    }
}

/// A row unlike those of other numbers.
fn row(table: &TableDescriptor, owners: &[String], number: i64) -> Vec<Value> {
    let place = usize::try_from(number).unwrap();
    let owner = owners.get(place).cloned();
    let owner = owner.unwrap_or_else(|| format!("user{number}@example.org"));
    let columns = table.columns.iter();
    columns
        .map(|column| {
            let key = table.key.contains(&column.name);
            match column.ty {
                _ if table.personal.contains(&column.name) => owner.as_str().into(),
                _ if column.optional && number % 3 == 0 => Value::Null,
                ColumnType::Text if key && number > 0 => {
                    Value::Text(format!("{number:04} {}", text(number, false)))
                }
                ColumnType::Text => Value::Text(text(number, !looked_up(table, column.name))),
                ColumnType::Integer if key => Value::Integer(number - 5),
                ColumnType::Integer => {
                    let odd = [i64::MIN, -1, 0, 1, i64::MAX];
                    Value::Integer(odd[place % odd.len()])
                }
                ColumnType::Boolean => Value::Boolean(number % 2 == 0),
                ColumnType::Bytes if number % 4 == 0 => Value::Bytes(Vec::new()),
                ColumnType::Bytes if number == 1 => Value::Bytes(vec![0xa5; 200_000]),
                ColumnType::Bytes => Value::Bytes((0..=255).chain(0..place as u8).collect()),
                ColumnType::Timestamp => Value::Timestamp((number - 3) * 1_000_000_000_000_001),
            }
        })
        .collect()
}

async fn open(url: &str) -> Arc<dyn Backend> {
    let (scheme, rest) = url.split_once(':').unwrap();
    let backend: Arc<dyn Backend> = match scheme {
        "sqlite" => Arc::new(
            sestina_storage_sql::sqlite::Sqlite::open(rest)
                .await
                .unwrap(),
        ),
        "file" => Arc::new(sestina_storage_file::Files::open(rest).await.unwrap()),
        "postgres" => Arc::new(
            sestina_storage_sql::postgres::Postgres::open(url)
                .await
                .unwrap(),
        ),
        "mysql" => Arc::new(sestina_storage_sql::mysql::MySql::open(url).await.unwrap()),
        "mongodb" => Arc::new(sestina_storage_mongodb::MongoDb::open(url).await.unwrap()),
        _ => Arc::new(sestina_storage_redis::Redis::open(url).await.unwrap()),
    };
    backend.prepare(TABLES, MIGRATIONS).await.unwrap();
    backend
}

async fn everything(url: &str) -> Vec<Vec<Vec<Value>>> {
    let backend = open(url).await;
    let mut all = Vec::new();
    for table in TABLES {
        all.push(backend.scan(table, None, u32::MAX).await.unwrap());
    }
    backend.close().await;
    all
}

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(BINARY);
    command
        .arg("storage")
        .args(arguments)
        .env_remove("RUST_LOG");
    command.stdin(Stdio::null()).output().unwrap()
}

fn done(arguments: &[&str]) -> String {
    let output = run(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// The processes that a process has started.
fn children(pid: u32) -> Vec<String> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let list = list.unwrap_or_default();
    list.split_whitespace().map(str::to_owned).collect()
}

/// Begins a copy on a terminal and kills it when the bar has moved. Whether it was in the middle; what the terminal showed
/// is looked at here.
fn interrupted(from: &str, to: &str) -> bool {
    let line = format!("exec '{BINARY}' storage copy --from '{from}' --to '{to}'");
    let mut terminal: Child = Command::new("script")
        .args(["-q", "-f", "-e", "-c", &line, "/dev/null"])
        .env("TERM", "xterm")
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut screen = terminal.stdout.take().unwrap();
    let (mut seen, mut buffer) = (String::new(), [0; 4096]);
    let mut killed = false;
    loop {
        let length = screen.read(&mut buffer).unwrap_or(0);
        if length == 0 {
            break;
        }
        seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
        // `roster   [====>    ] 120/1,080 rows, 2s left`
        let moved = seen.split("] ").skip(1).any(|bar| {
            let count = bar.split('/').next().unwrap_or_default();
            bar.contains(" rows,") && count.trim().parse().is_ok_and(|count: u32| count > 200)
        });
        if moved && !killed {
            killed = true;
            for pid in children(terminal.id()) {
                let _ = Command::new("kill").args(["-KILL", &pid]).status();
            }
        }
    }
    let status = terminal.wait().unwrap();
    assert!(killed, "the bar has not moved:\n{seen}");
    !status.success()
}

/// Changes a value of a row that was copied already; the row as it was.
async fn damage(url: &str) -> (&'static TableDescriptor, Vec<Value>) {
    let backend = open(url).await;
    for &table in TABLES {
        let mut columns = table.columns.iter();
        let Some(place) = columns.position(|column| !table.key.contains(&column.name)) else {
            continue;
        };
        let rows = backend.scan(table, None, 1).await.unwrap();
        let Some(before) = rows.into_iter().next() else {
            continue;
        };
        let mut row = before.clone();
        row[place] = match table.columns[place].ty {
            ColumnType::Text => "nobody wrote this".into(),
            ColumnType::Integer => Value::Integer(7),
            ColumnType::Boolean => Value::Boolean(before[place] == Value::Boolean(false)),
            ColumnType::Bytes => Value::Bytes(vec![7]),
            ColumnType::Timestamp => Value::Timestamp(7),
        };
        backend
            .write(vec![Write::Put { table, row }])
            .await
            .unwrap();
        backend.close().await;
        return (table, before);
    }
    panic!("{url}: nothing was copied yet");
}

/// What a finished copy says of each table.
fn sums(told: &str) -> HashMap<String, String> {
    let lines = told.lines().filter_map(|line| line.split_once(": "));
    let sums = lines.filter(|(_, sum)| sum.contains(" rows, "));
    sums.map(|(table, sum)| (table.to_owned(), sum.to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn around_all_backends() {
    let mut ready = HashMap::new();
    for backend in PERSISTENT {
        ready.insert(
            backend,
            ready!(&format!("storage_ring::{backend}"), installed(backend)),
        );
    }
    let ring = [
        "sqlite", "postgres", "mysql", "mongodb", "redis", "file", "sqlite",
    ];
    let start = |backend| Backing::start(backend, &ready[backend], false).unwrap();
    let backings: Vec<Backing> = std::thread::scope(|scope| {
        let starting: Vec<_> = ring
            .map(|backend| scope.spawn(move || start(backend)))
            .into();
        let started = starting.into_iter();
        started.map(|thread| thread.join().unwrap()).collect()
    });

    let owners = owners();
    let first = open(backings[0].url()).await;
    let mut total = 0;
    for &table in TABLES {
        let rows = (0..ROWS).map(|number| Write::Put {
            table,
            row: row(table, &owners, number),
        });
        first.write(rows.collect()).await.unwrap();
        let rows = first.count(table).await.unwrap();
        assert!(rows > 10, "{}: {rows} rows", table.name);
        total += rows;
    }
    first.close().await;
    let before = everything(backings[0].url()).await;
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = format!("sqlite:{}/elsewhere", folder.path().display());
    let (mut middle, mut first_sums) = (0, None);
    for (number, pair) in backings.windows(2).enumerate() {
        let begun = Instant::now();
        let (from, to) = (pair[0].url(), pair[1].url());
        let copy = ["copy", "--from", from, "--to", to];
        if interrupted(from, to) {
            middle += 1;
            let said = refused(&["copy", "--from", &elsewhere, "--to", to]);
            assert!(said.contains("unfinished copy of"), "{said}");
            let (table, row) = damage(to).await;
            let said = refused(&copy);
            let wanted = format!("table {}: ", table.name);
            assert!(
                said.contains(&wanted) && said.contains("were copied and are not"),
                "{said}"
            );
            let backend = open(to).await;
            backend
                .write(vec![Write::Put { table, row }])
                .await
                .unwrap();
            backend.close().await;
            let told = done(&copy);
            assert!(told.contains(&format!("copied {total} rows")), "{told}");
            let sums = sums(&told);
            assert_eq!(sums.len(), TABLES.len(), "{told}");
            assert_eq!(
                first_sums.get_or_insert_with(|| sums.clone()),
                &sums,
                "{to}"
            );
        }
        assert!(everything(to).await == before, "{to}");
        let told = done(&["check", "--storage", to]);
        assert!(told.contains(&format!("{total} rows")), "{told}");
        let told = done(&["stats", "--storage", to]);
        assert!(told.contains(&format!(" {total}\n")), "{told}");
        println!(
            "{} to {}: {:?}",
            ring[number],
            ring[number + 1],
            begun.elapsed()
        );
        assert!(begun.elapsed() < Duration::from_secs(300));
    }
    assert!(
        middle >= 3,
        "only {middle} copies were interrupted in the middle"
    );
}
