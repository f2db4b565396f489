//! The backend against a Redis of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sestina_interop::{
    database::{
        backing::stand_still,
        redis::{Redis as Server, installed},
    },
    process::silent_port,
    ready,
};
use sestina_storage::{
    Backend, Column, ColumnType, Literal, QueryDescriptor, Range, Selection, StorageError,
    TableDescriptor, Value, Write, async_trait, conformance,
};
use sestina_storage_redis::{Durability, Redis};

struct Database(Server);

#[async_trait]
impl conformance::Factory for Database {
    async fn open(&self) -> Arc<dyn Backend> {
        Arc::new(Redis::open(&self.0.url()).await.unwrap())
    }

    fn persistent(&self) -> bool {
        true
    }
}

async fn open(server: &Server) -> Arc<dyn Backend> {
    let backend = Redis::open(&server.url()).await.unwrap();
    backend
        .prepare(&[conformance::crash::table()], &[])
        .await
        .unwrap();
    Arc::new(backend)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms() {
    ready!("redis", installed());
    let server = Database(Server::start().unwrap());
    conformance::run(&server, conformance::TABLES, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms_with_the_generated_tables() {
    use sestina_types::{MIGRATIONS, TABLES};
    ready!("redis", installed());
    let server = Database(Server::start().unwrap());
    conformance::run(&server, TABLES, MIGRATIONS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load_and_started_again() {
    ready!("redis", installed());
    let mut server = Server::start().unwrap();
    let backend = open(&server).await;
    let mut load = conformance::crash::Load::start(&backend);
    while load.answered() < 500 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    server.kill().unwrap();
    load.ended().await;
    let began = Instant::now();
    let health = backend.health().await;
    assert!(matches!(health, Err(StorageError::Unavailable(_))));
    assert!(began.elapsed() < Duration::from_secs(16));
    server.restart().unwrap();
    // The same handle works again, of itself.
    let table = conformance::crash::table();
    let mut tries = 0;
    while backend.count(table).await.is_err() {
        tries += 1;
        assert!(tries < 50, "it does not come back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    load.check(&*backend).await;
    conformance::crash::one_state(&backend).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_answer() {
    let (port, _listener) = silent_port().unwrap();
    let began = Instant::now();
    let opened = Redis::open(&format!("redis://127.0.0.1:{port}/0")).await;
    assert!(matches!(opened, Err(StorageError::Unavailable(_))));
    assert!(began.elapsed() < Duration::from_secs(30));

    ready!("redis", installed());
    let server = Server::start().unwrap();
    let backend = open(&server).await;
    stand_still(server.pid(), true).unwrap();
    conformance::crash::told_in_time(&backend, Duration::from_secs(30)).await;
    stand_still(server.pid(), false).unwrap();
    let began = Instant::now();
    while backend.health().await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "it comes back");
    }
    conformance::crash::one_state(&backend).await;
}

#[tokio::test]
async fn tells_what_can_be_lost() {
    ready!("redis", installed());
    let server = Server::start().unwrap();
    let backend = Redis::open(&server.url()).await.unwrap();
    assert_eq!(*backend.durability(), Durability::Always);
    let careless = Server::start_with(&["--appendonly", "no"]).unwrap();
    let backend = Redis::open(&careless.url()).await.unwrap();
    let warning = backend.durability().warning().unwrap();
    assert!(warning.contains("append-only"), "{warning}");
    // Where the settings are not told, what is told at least.
    let silent = Server::start_with(&["--appendonly", "no", "--rename-command", "CONFIG", ""]);
    let backend = Redis::open(&silent.unwrap().url()).await.unwrap();
    let warning = backend.durability().warning().unwrap();
    assert!(warning.contains("append-only"), "{warning}");
}

#[tokio::test]
async fn nobody_there() {
    let port = sestina_interop::process::free_port().unwrap();
    let began = Instant::now();
    let error = Redis::open(&format!("redis://127.0.0.1:{port}/0")).await;
    assert!(matches!(error, Err(StorageError::Unavailable(_))));
    assert!(began.elapsed() < Duration::from_secs(16));
    let error = Redis::open("http://example.org").await;
    assert!(matches!(error, Err(StorageError::Unsupported(_))));
}

const fn column(name: &'static str, ty: ColumnType) -> Column {
    Column {
        name,
        ty,
        optional: false,
        secret: false,
        default: None,
    }
}

const BY_PEER: QueryDescriptor = QueryDescriptor {
    name: "by_peer",
    equals: &["peer"],
    range: None,
    order: None,
    descending: false,
    search: None,
    limit: 100,
};

static FIRST: TableDescriptor = TableDescriptor {
    spec: "growing",
    name: "growing",
    version: 1,
    personal: &["owner"],
    columns: &[
        column("owner", ColumnType::Text),
        column("gone", ColumnType::Integer),
        column("peer", ColumnType::Text),
    ],
    key: &["owner"],
    indexes: &[&["gone"]],
    queries: &[],
    retention: None,
};

static SECOND: TableDescriptor = TableDescriptor {
    version: 2,
    columns: &[
        Column {
            optional: true,
            ..column("note", ColumnType::Text)
        },
        column("owner", ColumnType::Text),
        column("peer", ColumnType::Text),
        Column {
            default: Some(Literal::Integer(7)),
            ..column("count", ColumnType::Integer)
        },
    ],
    indexes: &[&["peer"]],
    queries: &[BY_PEER],
    ..FIRST
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grows_with_its_tables_and_refuses_newer_ones() {
    ready!("redis", installed());
    let server = Server::start().unwrap();
    let old = Redis::open(&server.url()).await.unwrap();
    old.prepare(&[&FIRST], &[]).await.unwrap();
    let first = |number: i64| {
        let peer = if number % 2 == 0 { "even" } else { "odd" };
        let owner = format!("{number:05}@example.org");
        vec![owner.into(), Value::Integer(number), peer.into()]
    };
    let writes = (0..2500).map(|number| Write::Insert {
        table: &FIRST,
        row: first(number),
    });
    old.write(writes.collect()).await.unwrap();

    // Two nodes at once.
    let [one, two] = [
        Redis::open(&server.url()).await.unwrap(),
        Redis::open(&server.url()).await.unwrap(),
    ];
    let tables = [&SECOND];
    let (done, too) = tokio::join!(one.prepare(&tables, &[]), two.prepare(&tables, &[]));
    done.unwrap();
    too.unwrap();
    assert_eq!(one.count(&SECOND).await, Ok(2500));
    let odd = Selection {
        table: &SECOND,
        query: &BY_PEER,
        equals: vec!["odd".into()],
        range: Range::all(),
        search: None,
        limit: u32::MAX,
        reverse: false,
    };
    let rows = one.select(&odd).await.unwrap();
    assert_eq!(rows.len(), 1250);
    let expected: Vec<Value> = vec![
        Value::Null,
        "00001@example.org".into(),
        "odd".into(),
        Value::Integer(7),
    ];
    assert_eq!(rows.first(), Some(&expected));

    let error = old.prepare(&[&FIRST], &[]).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, StorageError::Unsupported(_)), "{text}");
    assert!(text.contains("growing is in version 2 there"), "{text}");
}
