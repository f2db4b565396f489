//! The backend against a FerretDB of its own, and the conformance suite against the server that
//! `SESTINA_TEST_MONGODB` names, if it names one: a URL without database.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mongodb::bson::{Document, doc};
use sestina_interop::{
    database::{
        backing::stand_still,
        ferretdb::{FerretDb as Server, installed},
    },
    process::silent_port,
    ready,
};
use sestina_storage::{
    Backend, Column, ColumnType, Literal, StorageError, TableDescriptor, Value, Write, async_trait,
    conformance, ordered,
};
use sestina_storage_mongodb::MongoDb;

/// FerretDB keeps a processor busy: what has to be done in time is alone, the rest goes by twos.
static TURNS: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(2);

struct Url(String);

#[async_trait]
impl conformance::Factory for Url {
    async fn open(&self) -> Arc<dyn Backend> {
        Arc::new(MongoDb::open(&self.0).await.unwrap())
    }

    fn persistent(&self) -> bool {
        true
    }
}

async fn open(server: &Server) -> Arc<dyn Backend> {
    let backend = MongoDb::open(&server.url()).await.unwrap();
    let tables = [conformance::crash::table()];
    backend.prepare(&tables, &[]).await.unwrap();
    Arc::new(backend)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms() {
    let program = ready!("mongodb", installed());
    let _turn = TURNS.acquire_many(1).await.unwrap();
    let server = Server::start(&program).unwrap();
    conformance::run(&Url(server.url()), conformance::TABLES, &[]).await;
}

/// Those with several indexes: FerretDB takes two minutes over all of them, which is what
/// `SESTINA_CONFORMANCE` asks for. A real server is asked for all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms_with_the_generated_tables() {
    use sestina_types::{MIGRATIONS, TABLES};
    let program = ready!("mongodb", installed());
    let _turn = TURNS.acquire_many(1).await.unwrap();
    let server = Server::start(&program).unwrap();
    let whole = std::env::var_os("SESTINA_CONFORMANCE").is_some();
    let mut tables = TABLES.to_vec();
    tables.retain(|table| whole || table.indexes.len() > 1);
    assert!(tables.len() > 5);
    conformance::run(&Url(server.url()), &tables, MIGRATIONS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_answer() {
    let (port, _listener) = silent_port().unwrap();
    let began = Instant::now();
    let opened = MongoDb::open(&format!("mongodb://127.0.0.1:{port}/x")).await;
    assert!(matches!(opened, Err(StorageError::Unavailable(_))));
    assert!(began.elapsed() < Duration::from_secs(20));

    let program = ready!("mongodb", installed());
    let _turn = TURNS.acquire_many(2).await.unwrap();
    let server = Server::start(&program).unwrap();
    let backend = open(&server).await;
    stand_still(server.pid(), true).unwrap();
    conformance::crash::told_in_time(&backend, Duration::from_secs(25)).await;
    stand_still(server.pid(), false).unwrap();
    let began = Instant::now();
    while backend.health().await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "it comes back");
    }
    conformance::crash::one_state(&backend).await;
}

/// Against whatever real server there is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms_on_the_server_of_the_environment() {
    let Ok(server) = std::env::var("SESTINA_TEST_MONGODB") else {
        return;
    };
    let name = format!("sestina_test_{}", std::process::id());
    let url = Url(format!("{}/{name}", server.trim_end_matches('/')));
    conformance::run(&url, conformance::TABLES, &[]).await;
    conformance::run(&url, sestina_types::TABLES, sestina_types::MIGRATIONS).await;
    let backend = MongoDb::open(&url.0).await.unwrap();
    let tables = [conformance::crash::table()];
    backend.prepare(&tables, &[]).await.unwrap();
    let backend: Arc<dyn Backend> = Arc::new(backend);
    conformance::crash::one_state(&backend).await;
    let client = mongodb::Client::with_uri_str(&server).await.unwrap();
    client.database(&name).drop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load_and_started_again() {
    let program = ready!("mongodb", installed());
    let _turn = TURNS.acquire_many(2).await.unwrap();
    let mut server = Server::start(&program).unwrap();
    let backend = open(&server).await;
    let mut load = conformance::crash::Load::start(&backend);
    while load.answered() < 60 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    server.kill().unwrap();
    load.ended().await;
    let began = Instant::now();
    let health = backend.health().await;
    assert!(matches!(health, Err(StorageError::Unavailable(_))));
    assert!(began.elapsed() < Duration::from_secs(16));
    server.restart().unwrap();
    // The same handle works again, of itself, and completes or withdraws what was under way.
    let table = conformance::crash::table();
    let began = Instant::now();
    while backend.count(table).await.is_err() {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "it does not come back"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let raw = raw(&server).await.collection::<Document>("sestina_journal");
    while raw.count_documents(doc! {}).await.unwrap() > 0 {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "the journal stays"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    load.check(&*backend).await;
    conformance::crash::one_state(&backend).await;
}

async fn raw(server: &Server) -> mongodb::Database {
    let client = mongodb::Client::with_uri_str(server.url()).await.unwrap();
    client.database("sestina")
}

fn row(owner: &str, seq: i64) -> Vec<Value> {
    vec![
        owner.into(),
        Value::Integer(seq),
        "peer@example.org".into(),
        Value::Timestamp(seq),
        Value::Bytes(vec![7; 3]),
    ]
}

fn id(row: &[Value]) -> String {
    let octets = ordered::encode(&conformance::crash::table().key_of(row));
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// What a node leaves that ends in the middle of a list.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_done_lists_are_completed_or_withdrawn() {
    let program = ready!("mongodb", installed());
    let _turn = TURNS.acquire_many(2).await.unwrap();
    let server = Server::start(&program).unwrap();
    let backend = open(&server).await;
    let table = conformance::crash::table();
    let (one, two, three) = (
        row("a@example.org", 1),
        row("a@example.org", 2),
        row("b@example.org", 3),
    );
    for row in [&one, &three] {
        let put = Write::Put {
            table,
            row: row.clone(),
        };
        backend.write(vec![put]).await.unwrap();
    }
    let database = raw(&server).await;
    let rows = database.collection::<Document>(table.name);
    let journal = database.collection::<Document>("sestina_journal");

    // Committed, and none of its changes made: the first row goes, the second comes.
    let mut document = rows
        .find_one(doc! { "_id": id(&one) })
        .await
        .unwrap()
        .unwrap();
    document.insert("_id", id(&two));
    document.insert("seq", 2_i64);
    document.insert("at", 2_i64);
    let mark = doc! { "$set": { "_list": "committed" } };
    rows.update_one(doc! { "_id": id(&one) }, mark)
        .await
        .unwrap();
    let placeholder = doc! { "_id": id(&two), "_absent": true, "_list": "committed" };
    rows.insert_one(placeholder).await.unwrap();
    let changes = [
        doc! { "table": table.name, "id": id(&one) },
        doc! { "table": table.name, "id": id(&two), "row": document },
    ];
    let entry = doc! { "_id": "committed", "state": "committed", "tables": [table.name], "changes": &changes[..] };
    journal.insert_one(entry).await.unwrap();
    // Pending, and never to be committed.
    let mark = doc! { "$set": { "_list": "pending" } };
    rows.update_one(doc! { "_id": id(&three) }, mark)
        .await
        .unwrap();
    let four = row("b@example.org", 4);
    let placeholder = doc! { "_id": id(&four), "_absent": true, "_list": "pending" };
    rows.insert_one(placeholder).await.unwrap();
    let entry = doc! { "_id": "pending", "state": "pending", "tables": [table.name] };
    journal.insert_one(entry).await.unwrap();

    // Whoever reads a row sees all of the one and nothing of the other.
    let key = |row: &[Value]| table.key_of(row);
    assert_eq!(backend.get(table, &key(&one)).await, Ok(None));
    assert_eq!(backend.get(table, &key(&two)).await, Ok(Some(two.clone())));
    assert_eq!(
        backend.get(table, &key(&three)).await,
        Ok(Some(three.clone()))
    );
    assert_eq!(backend.get(table, &key(&four)).await, Ok(None));
    assert_eq!(backend.count(table).await, Ok(2));
    // A writer waits until the pending one has had its time.
    let began = Instant::now();
    let insert = Write::Insert {
        table,
        row: four.clone(),
    };
    backend.write(vec![insert]).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(15));
    assert_eq!(backend.get(table, &key(&four)).await, Ok(Some(four)));
    assert_eq!(journal.count_documents(doc! {}).await.unwrap(), 0);
    let marked = doc! { "_list": { "$exists": true } };
    assert_eq!(rows.count_documents(marked).await.unwrap(), 0);

    // A new node completes what is committed before it does anything else.
    let mark = doc! { "$set": { "_list": "left" } };
    rows.update_one(doc! { "_id": id(&two) }, mark)
        .await
        .unwrap();
    let gone = vec![doc! { "table": table.name, "id": id(&two) }];
    let entry =
        doc! { "_id": "left", "state": "committed", "tables": [table.name], "changes": gone };
    journal.insert_one(entry).await.unwrap();
    let node = open(&server).await;
    assert_eq!(journal.count_documents(doc! {}).await.unwrap(), 0);
    assert_eq!(node.get(table, &key(&two)).await, Ok(None));
}

#[tokio::test]
async fn nobody_there() {
    let port = sestina_interop::process::free_port().unwrap();
    let began = Instant::now();
    let error = MongoDb::open(&format!("mongodb://127.0.0.1:{port}")).await;
    assert!(matches!(error, Err(StorageError::Unavailable(_))));
    assert!(began.elapsed() < Duration::from_secs(16));
    let error = MongoDb::open("http://user:secret@example.org")
        .await
        .unwrap_err();
    assert!(matches!(error, StorageError::Unsupported(_)));
    assert!(!error.to_string().contains("secret"));
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

static FIRST: TableDescriptor = TableDescriptor {
    spec: "growing",
    name: "growing",
    version: 1,
    personal: &["owner"],
    columns: &[
        column("owner", ColumnType::Text),
        column("tag", ColumnType::Bytes),
    ],
    key: &["owner"],
    indexes: &[],
    queries: &[],
    retention: None,
};

static SECOND: TableDescriptor = TableDescriptor {
    version: 2,
    columns: &[
        column("owner", ColumnType::Text),
        Column {
            default: Some(Literal::Integer(7)),
            ..column("count", ColumnType::Integer)
        },
        column("tag", ColumnType::Bytes),
    ],
    indexes: &[&["tag"], &["count"]],
    ..FIRST
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grows_with_its_tables_and_refuses_newer_ones() {
    let program = ready!("mongodb", installed());
    let _turn = TURNS.acquire_many(1).await.unwrap();
    let server = Server::start(&program).unwrap();
    let old = MongoDb::open(&server.url()).await.unwrap();
    old.prepare(&[&FIRST], &[]).await.unwrap();
    let row: Vec<Value> = vec!["a@example.org".into(), Value::Bytes(vec![0, 255])];
    let put = Write::Put { table: &FIRST, row };
    old.write(vec![put]).await.unwrap();
    let [one, two] = [
        MongoDb::open(&server.url()).await.unwrap(),
        MongoDb::open(&server.url()).await.unwrap(),
    ];
    let tables = [&SECOND];
    let (done, too) = tokio::join!(one.prepare(&tables, &[]), two.prepare(&tables, &[]));
    done.unwrap();
    too.unwrap();
    let row: Vec<Value> = vec![
        "a@example.org".into(),
        Value::Integer(7),
        Value::Bytes(vec![0, 255]),
    ];
    assert_eq!(one.get(&SECOND, &row[..1]).await, Ok(Some(row)));
    let stored = raw(&server).await.collection::<Document>("growing");
    let stored = stored
        .find_one(doc! { "count": 7_i64, "tag": "00ff" })
        .await;
    assert!(stored.unwrap().is_some(), "what is looked up has its form");
    let error = old.prepare(&[&FIRST], &[]).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, StorageError::Unsupported(_)), "{text}");
    assert!(text.contains("growing is in version 2 there"), "{text}");
}
