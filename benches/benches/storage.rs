//! The backends beside each other: `cargo bench --workspace --all-features --bench storage`.
//!
//! One archive grows to a thousand, a hundred thousand and a million messages, and at each size its pages are asked for. Then the
//! server runs on each, and its clients are measured. Database servers come from Debian, and FerretDB from the Go module proxy; they run as
//! their packages ship them, on free loopback ports. `BENCH_MESSAGES` is the most messages (100000 where it is not set), `BENCH_SECONDS`
//! how long inserts are measured, `BENCH_BACKENDS` which backends (all); with the feature `mongodb`, `BENCH_MONGODB` is the URL of a
//! server in place of FerretDB, which looks through whole collections for each row of a list and so gets a thousand messages only, from four
//! writers and one by one.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use sestina_benches::{binary, served};
use sestina_interop::Failure;
use sestina_interop::database::backing::{self, Backing};
use sestina_interop::setup::Skip;
use sestina_storage::{
    Backend, ColumnType, Range, Selection, TableDescriptor, Value, Write, memory::Memory,
};
use sestina_storage_file::Files;
use sestina_storage_redis::Redis;
use sestina_storage_sql::{mysql::MySql, postgres::Postgres, sqlite::Sqlite};

const OWNER: &str = "juliet@capulet.example";
const SIZES: [i64; 3] = [1_000, 100_000, 1_000_000];
const NAMES: [&str; 7] = [
    "memory", "file", "sqlite", "postgres", "mysql", "redis", "mongodb",
];
/// Who writes at once.
const WRITERS: i64 = 64;
/// Rows in one list of changes.
const LIST: i64 = 200;

/// How much is asked of a backend.
#[derive(Clone, Copy)]
struct Asked {
    /// The most messages in an archive.
    most: i64,
    /// Who writes at once.
    writers: i64,
    /// Rows in one list of changes.
    list: i64,
}

/// Where FerretDB keeps the data: with more it answers some too late, as it does lists of changes.
const FERRETDB: Asked = Asked {
    most: 1_000,
    writers: 4,
    list: 1,
};

/// Where a backend is: an URL, and the server that lives as long as this.
struct Place {
    url: String,
    _backing: Option<Backing>,
}

/// A new and empty place.
fn place(name: &str) -> Result<Result<Place, Skip>, Failure> {
    let given = std::env::var("BENCH_MONGODB").ok();
    if name == "memory" || (name == "mongodb" && given.is_some()) {
        let url = given.filter(|_| name == "mongodb");
        return Ok(Ok(Place {
            url: url.unwrap_or_else(|| "memory:".to_owned()),
            _backing: None,
        }));
    }
    let ready = match backing::installed(name) {
        Ok(ready) => ready,
        Err(skip) => return Ok(Err(skip)),
    };
    let backing = Backing::start(name, &ready, true)?;
    Ok(Ok(Place {
        url: backing.url().to_owned(),
        _backing: Some(backing),
    }))
}

async fn open(name: &str, url: &str) -> Result<Arc<dyn Backend>, Failure> {
    let path = url.split_once(':').map_or(url, |(_, path)| path);
    let backend: Arc<dyn Backend> = match name {
        "memory" => Arc::new(Memory::new()),
        "file" => Arc::new(Files::open(path).await?),
        "sqlite" => Arc::new(Sqlite::open(path).await?),
        "postgres" => Arc::new(Postgres::open(url).await?),
        "mysql" => Arc::new(MySql::open(url).await?),
        "redis" => Arc::new(Redis::open(url).await?),
        #[cfg(feature = "mongodb")]
        "mongodb" => Arc::new(sestina_storage_mongodb::MongoDb::open(url).await?),
        other => return Err(format!("{other} is not compiled in").into()),
    };
    let tables = sestina_types::TABLES;
    backend.prepare(tables, sestina_types::MIGRATIONS).await?;
    Ok(backend)
}

fn table(name: &str) -> Result<&'static TableDescriptor, Failure> {
    let mut tables = sestina_types::TABLES.iter();
    let found = tables.find(|table| table.name == name).copied();
    found.ok_or_else(|| format!("there is no table {name}").into())
}

/// A row by the names of columns; what is not named gets something of its type.
fn row(table: &TableDescriptor, named: &[(&str, Value)]) -> Vec<Value> {
    let columns = table.columns.iter();
    columns
        .map(|column| {
            let given = named.iter().find(|(name, _)| *name == column.name);
            match (given, column.ty) {
                (Some((_, value)), _) => value.clone(),
                (None, _) if column.optional => Value::Null,
                (None, ColumnType::Text) => "none".into(),
                (None, ColumnType::Integer) => Value::Integer(1),
                (None, ColumnType::Boolean) => Value::Boolean(true),
                (None, ColumnType::Bytes) => Value::Bytes(vec![7; 32]),
                (None, ColumnType::Timestamp) => Value::Timestamp(1),
            }
        })
        .collect()
}

fn message(table: &'static TableDescriptor, owner: &str, number: i64) -> Write {
    let body =
        "Good pilgrim, you do wrong your hand too much, which mannerly devotion shows in this";
    let stanza = format!(
        "<message from='romeo@montague.example/orchard' to='{owner}' type='chat' id='m{number}'>\
         <body>{body}</body><stanza-id xmlns='urn:xmpp:sid:0' id='{number:016x}'/></message>"
    );
    let named = [
        ("owner", owner.into()),
        ("id", Value::Text(format!("{number:016x}"))),
        ("received", Value::Timestamp(number)),
        (
            "correspondent",
            Value::Text(format!("friend{}@montague.example", number % 50)),
        ),
        ("stanza", Value::Text(stanza)),
        ("body", body.into()),
    ];
    let row = row(table, &named);
    Write::Insert { table, row }
}

fn number(name: &str, otherwise: i64) -> i64 {
    let set = std::env::var(name).ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// What was measured of one backend.
#[derive(Default)]
struct Figures {
    single: f64,
    concurrent: f64,
    listed: f64,
    /// At each size the newest page, and one in the middle with one correspondent; milliseconds.
    pages: Vec<(f64, f64)>,
    roster: f64,
    login: f64,
}

/// The middle of repeated work, in milliseconds.
async fn middle(
    times: usize,
    mut work: impl AsyncFnMut(usize) -> Result<(), Failure>,
) -> Result<f64, Failure> {
    let mut taken = Vec::with_capacity(times);
    for time in 0..times {
        let begun = Instant::now();
        work(time).await?;
        taken.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    taken.sort_by(f64::total_cmp);
    Ok(taken.get(times / 2).copied().unwrap_or_default())
}

async fn measure(backend: &Arc<dyn Backend>, asked: Asked) -> Result<Figures, Failure> {
    let Asked {
        most,
        writers,
        list,
    } = asked;
    let archive = table("archive")?;
    let time = Duration::from_secs(number("BENCH_SECONDS", 3).unsigned_abs());
    let mut figures = Figures::default();

    let begun = Instant::now();
    let mut written = 0;
    while begun.elapsed() < time {
        backend
            .write(vec![message(archive, "single@capulet.example", written)])
            .await?;
        written += 1;
    }
    figures.single = written as f64 / begun.elapsed().as_secs_f64();

    let begun = Instant::now();
    let next = Arc::new(AtomicI64::new(0));
    let mut tasks = Vec::new();
    for _ in 0..writers {
        let (backend, next) = (backend.clone(), next.clone());
        tasks.push(tokio::spawn(async move {
            while begun.elapsed() < time {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let owner = format!("writer{}@capulet.example", number % writers);
                backend
                    .write(vec![message(archive, &owner, number)])
                    .await?;
            }
            Ok::<(), sestina_storage::StorageError>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    figures.concurrent = next.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();

    let (mut there, mut spent) = (0, 0.0);
    for size in SIZES.into_iter().filter(|size| *size <= most) {
        let begun = Instant::now();
        while there < size {
            let next = size.min(there + list);
            let rows = (there..next).map(|n| message(archive, OWNER, n));
            backend.write(rows.collect()).await?;
            there = next;
        }
        spent += begun.elapsed().as_secs_f64();
        figures.listed = there as f64 / spent;
        figures.pages.push(pages(backend, archive, size).await?);
    }

    let roster = table("roster")?;
    let items = (0..200).map(|contact| Write::Insert {
        table: roster,
        row: row(
            roster,
            &[
                ("owner", OWNER.into()),
                (
                    "contact",
                    Value::Text(format!("friend{contact}@montague.example")),
                ),
                ("subscription", "both".into()),
            ],
        ),
    });
    in_lists(backend, items.collect(), list).await?;
    let query = roster
        .queries
        .iter()
        .find(|query| query.equals == ["owner"]);
    let query = query.ok_or("the roster has no query by owner")?;
    figures.roster = middle(200, async |_| {
        let all = select(roster, query, vec![OWNER.into()], Range::all(), 1000);
        let items = backend.select(&all).await?.len();
        if items == 200 {
            Ok(())
        } else {
            Err(format!("{items} items").into())
        }
    })
    .await?;

    let credentials = table("credentials")?;
    let account = |number: usize| Value::Text(format!("user{number}@capulet.example"));
    let users = (0..1000).map(|user| Write::Insert {
        table: credentials,
        row: row(
            credentials,
            &[
                ("account", account(user)),
                ("mechanism", "SCRAM-SHA-256".into()),
            ],
        ),
    });
    in_lists(backend, users.collect(), list).await?;
    figures.login = middle(500, async |time| {
        let key = [account(time * 2 % 1000), "SCRAM-SHA-256".into()];
        let found = backend.get(credentials, &key).await?;
        found.map(drop).ok_or_else(|| "no such account".into())
    })
    .await?;
    Ok(figures)
}

/// Writes in lists of so many.
async fn in_lists(
    backend: &Arc<dyn Backend>,
    mut writes: Vec<Write>,
    list: i64,
) -> Result<(), Failure> {
    while !writes.is_empty() {
        let later = writes.split_off(writes.len().min(usize::try_from(list)?));
        backend.write(std::mem::replace(&mut writes, later)).await?;
    }
    Ok(())
}

fn select(
    table: &'static TableDescriptor,
    query: &'static sestina_storage::QueryDescriptor,
    equals: Vec<Value>,
    range: Range,
    limit: u32,
) -> Selection {
    Selection {
        table,
        query,
        equals,
        range,
        search: None,
        limit,
        reverse: true,
    }
}

async fn pages(
    backend: &Arc<dyn Backend>,
    archive: &'static TableDescriptor,
    size: i64,
) -> Result<(f64, f64), Failure> {
    let query = |name: &str| archive.query(name).ok_or("the archive has no such query");
    let (all, with) = (query("of_owner")?, query("with")?);
    let page = async |selection: Selection| -> Result<(), Failure> {
        let rows = backend.select(&selection).await?.len();
        if rows == 0 {
            Err("an empty page".into())
        } else {
            Ok(())
        }
    };
    // A backend that walks whole archives is not made to do it for an hour.
    let times = 51;
    let newest = middle(times, async |_| {
        page(select(archive, all, vec![OWNER.into()], Range::all(), 50)).await
    })
    .await?;
    let inside = middle(times, async |time| {
        let before = size / 2 + i64::try_from(time)?;
        let friend = Value::Text(format!("friend{}@montague.example", time % 50));
        let range = Range::before(Value::Text(format!("{before:016x}")));
        page(select(archive, with, vec![OWNER.into(), friend], range, 50)).await
    })
    .await?;
    Ok((newest, inside))
}

/// The backends that are wanted and that this machine can provide.
fn wanted() -> Vec<&'static str> {
    let wanted = std::env::var("BENCH_BACKENDS").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(',').filter(|name| !name.is_empty()).collect();
    let mut names = Vec::new();
    for name in NAMES {
        if !wanted.is_empty() && !wanted.contains(&name) {
            continue;
        }
        let skip = match backing::installed(name) {
            _ if name == "mongodb" && !cfg!(feature = "mongodb") => {
                Some(Skip::new("it is not compiled in"))
            }
            Err(skip) => Some(skip),
            Ok(_) => None,
        };
        match skip {
            Some(skip) => eprintln!("SKIP bench storage, {name}: {skip}"),
            None => names.push(name),
        }
    }
    names
}

/// Each backend by itself.
async fn direct(names: &[&'static str]) -> Result<(), Failure> {
    let most = number("BENCH_MESSAGES", 100_000);
    let sizes: Vec<i64> = SIZES.into_iter().filter(|size| *size <= most).collect();
    let heads: Vec<String> = sizes
        .iter()
        .map(|size| format!(" page at {size} | with one |"))
        .collect();
    println!(
        "| backend | inserts/s, one by one | {WRITERS} at once | in lists of {LIST} |{} roster of 200 | login |",
        heads.concat()
    );
    println!(
        "|---|---:|---:|---:|{}---:|---:|",
        "---:|---:|".repeat(sizes.len())
    );
    for &name in names {
        let place = match place(name)? {
            Ok(place) => place,
            Err(skip) => {
                eprintln!("SKIP bench storage, {name}: {skip}");
                continue;
            }
        };
        let backend = open(name, &place.url).await?;
        let own = name == "mongodb" && std::env::var_os("BENCH_MONGODB").is_none();
        let mut asked = Asked {
            most,
            writers: WRITERS,
            list: LIST,
        };
        if own {
            asked = Asked {
                most: FERRETDB.most.min(most),
                ..FERRETDB
            };
        }
        let measured = measure(&backend, asked).await;
        let f = match measured {
            Ok(figures) => figures,
            // One that gives up does not take the others' figures with it.
            Err(error) => {
                println!("| {name} | {error} |");
                continue;
            }
        };
        let listed = match asked.list {
            LIST => format!("{:.0}", f.listed),
            _ => String::new(),
        };
        let pages = (0..sizes.len()).map(|size| match f.pages.get(size) {
            Some((newest, inside)) => format!(" {newest:.2} | {inside:.2} |"),
            None => " | |".to_owned(),
        });
        println!(
            "| {name} | {:.0} | {:.0} | {listed} |{} {:.2} | {:.2} |",
            f.single,
            f.concurrent,
            pages.collect::<String>(),
            f.roster,
            f.login
        );
        backend.close().await;
    }
    println!("\nPages of 50 and the rest in milliseconds, the middle of many.\n");
    Ok(())
}

/// The running server on each.
async fn through_the_server(names: &[&'static str]) -> Result<(), Failure> {
    let binary = binary::release(&["--workspace", "--all-features"])?;
    let time = Duration::from_secs(number("BENCH_SECONDS", 3).unsigned_abs());
    let clients = served::CLIENTS;
    println!(
        "| server on | messages/s stored, one client | {clients} clients | logins/s, {clients} clients | roster of 200, ms |"
    );
    println!("|---|---:|---:|---:|---:|");
    for &name in names {
        let Ok(place) = place(name)? else { continue };
        match served::measure(&binary, &place.url, time).await {
            Ok(f) => println!(
                "| {name} | {:.0} | {:.0} | {:.0} | {:.2} |",
                f.single, f.concurrent, f.logins, f.roster
            ),
            Err(error) => println!("| {name} | {error} |"),
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let names = wanted();
    direct(&names).await?;
    through_the_server(&names).await
}
