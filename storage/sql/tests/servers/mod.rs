//! What every database server has to show, on one server, each part with a database of its own.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sestina_interop::database::{Database, backing::stand_still};
use sestina_interop::process::silent_port;
use sestina_storage::{
    Backend, Column, ColumnType, Migration, Range, Selection, StorageError, TableDescriptor, Value,
    Write, async_trait, conformance,
};

/// A kind of database server.
pub(crate) trait Kind: Send + Sync + 'static {
    const NAME: &'static str;

    fn start() -> Database;

    fn open(url: &str) -> impl Future<Output = Result<Arc<dyn Backend>, StorageError>> + Send;
}

/// All of it.
pub(crate) async fn all<K: Kind>() {
    let mut server = K::start();
    conforms::<K>(&server).await;
    long_names::<K>(&server).await;
    several_start_at_once::<K>(&server).await;
    history::<K>(&server).await;
    stands_still::<K>(&server).await;
    killed::<K>(&mut server).await;
}

/// Backends on one database.
struct Factory<K> {
    url: String,
    kind: PhantomData<fn() -> K>,
}

#[async_trait]
impl<K: Kind> conformance::Factory for Factory<K> {
    async fn open(&self) -> Arc<dyn Backend> {
        K::open(&self.url).await.unwrap()
    }

    fn persistent(&self) -> bool {
        true
    }
}

/// The suite's own tables, and those of the specifications.
async fn conforms<K: Kind>(server: &Database) {
    let factory = |url| Factory::<K> {
        url,
        kind: PhantomData,
    };
    let own = factory(server.create().unwrap());
    conformance::run(&own, conformance::TABLES, &[]).await;
    let generated = factory(server.create().unwrap());
    conformance::run(&generated, sestina_types::TABLES, sestina_types::MIGRATIONS).await;
}

fn table(name: &str) -> &'static TableDescriptor {
    let mut tables = conformance::TABLES.iter();
    tables.find(|table| table.name == name).unwrap()
}

fn row(owner: &str, seq: i64) -> Vec<Value> {
    vec![
        owner.into(),
        Value::Integer(seq),
        "peer@example.org".into(),
        Value::Timestamp(seq),
        Value::Bytes(vec![7; 300]),
    ]
}

fn insert(owner: &str, seq: i64) -> Write {
    Write::Insert {
        table: table("conformance_list"),
        row: row(owner, seq),
    }
}

async fn open<K: Kind>(url: &str) -> Arc<dyn Backend> {
    let backend = K::open(url).await.unwrap();
    backend.prepare(conformance::TABLES, &[]).await.unwrap();
    backend
}

/// Long names are told apart and come in the order of their octets, though indexes hold less of them.
async fn long_names<K: Kind>(server: &Database) {
    let backend = open::<K>(&server.create().unwrap()).await;
    let single = table("conformance_single");
    let mut names: Vec<String> = Vec::new();
    for last in ["", "a", "b", "ß", "日", "🦀"] {
        for length in [180, 186, 187, 188, 190, 191, 192, 3065] {
            names.push(format!("{}{last}", "n".repeat(length)));
            names.push(format!("{}{last}zz", "n".repeat(length)));
        }
    }
    let inserts = names.iter().rev().map(|name| Write::Insert {
        table: single,
        row: vec![name.as_str().into(), Value::Bytes(Vec::new()), Value::Null],
    });
    backend.write(inserts.collect()).await.unwrap();
    names.sort();
    let name = |row: &Vec<Value>| match &row[0] {
        Value::Text(name) => name.clone(),
        _ => panic!("a name is text"),
    };
    // In steps, forwards and backwards.
    for limit in [1, 7, 1000] {
        let mut seen: Vec<String> = Vec::new();
        loop {
            let after = seen.last().map(|name| vec![Value::from(name.as_str())]);
            let rows = backend.scan(single, after.as_deref(), limit).await.unwrap();
            if rows.is_empty() {
                break;
            }
            seen.extend(rows.iter().map(name));
        }
        assert!(seen == names, "forwards in steps of {limit}");
        let mut seen: Vec<String> = Vec::new();
        loop {
            let range = seen
                .last()
                .map_or(Range::all(), |name| Range::before(name.as_str()));
            let selection = Selection {
                table: single,
                query: &single.queries[0],
                equals: Vec::new(),
                range,
                search: None,
                limit,
                reverse: true,
            };
            let rows = backend.select(&selection).await.unwrap();
            if rows.is_empty() {
                break;
            }
            seen.extend(rows.iter().map(name));
        }
        seen.reverse();
        assert!(seen == names, "backwards in steps of {limit}");
    }
    for name in &names {
        let key = [Value::from(name.as_str())];
        assert!(backend.get(single, &key).await.unwrap().is_some());
    }
    backend.close().await;
}

/// Nodes that start at once bring the database up to date once, and write beside each other.
async fn several_start_at_once<K: Kind>(server: &Database) {
    let url = server.create().unwrap();
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let url = url.clone();
        tasks.push(tokio::spawn(async move { open::<K>(&url).await }));
    }
    let mut nodes = Vec::new();
    for task in tasks {
        nodes.push(task.await.unwrap());
    }
    let list = table("conformance_list");
    // 64 writers over all nodes put one key: one row is there in the end, whole.
    let mut tasks = Vec::new();
    for (number, node) in (0..64_u8).zip(nodes.iter().cycle()) {
        let node = node.clone();
        tasks.push(tokio::spawn(async move {
            let mut row = row("romeo@example.org", 1);
            row[4] = Value::Bytes(vec![number; 100]);
            node.write(vec![Write::Put { table: list, row }]).await
        }));
    }
    // Transactions that change the same rows in different orders all come through.
    for (number, node) in (0..16).zip(nodes.iter().cycle()) {
        let node = node.clone();
        tasks.push(tokio::spawn(async move {
            let order = if number % 2 == 0 {
                [1, 2, 3]
            } else {
                [3, 2, 1]
            };
            let puts = order.map(|seq| Write::Put {
                table: list,
                row: row("juliet@example.org", seq),
            });
            node.write(puts.to_vec()).await
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let rows = nodes[0].scan(list, None, 10).await.unwrap();
    assert_eq!(rows.len(), 4);
    let Value::Bytes(stanza) = &rows[3][4] else {
        panic!("octets")
    };
    assert!(stanza.len() == 100 && stanza.iter().all(|octet| *octet == stanza[0]));
    for node in nodes {
        node.close().await;
    }
}

const fn number(name: &'static str, optional: bool) -> Column {
    Column {
        name,
        ty: ColumnType::Integer,
        optional,
        secret: false,
        default: None,
    }
}

static HISTORY: TableDescriptor = TableDescriptor {
    spec: "history",
    name: "conformance_history",
    version: 1,
    personal: &[],
    columns: &[number("id", false), number("more", true)],
    key: &["id"],
    indexes: &[],
    queries: &[],
    retention: None,
};

/// A broken migration is told, and mended goes on; a database from a newer program is refused.
async fn history<K: Kind>(server: &Database) {
    let step = |version, sql| Migration {
        dialect: K::NAME,
        spec: "history",
        version,
        sql,
    };
    let first = step(
        1,
        "CREATE TABLE conformance_history (id BIGINT NOT NULL PRIMARY KEY)",
    );
    let broken = step(
        2,
        "ALTER TABLE conformance_history ADD COLUMN more BIGINT; nonsense",
    );
    // What was done of it is not done twice.
    let mended = step(
        2,
        "ALTER TABLE conformance_history ADD COLUMN more BIGINT; \
         CREATE INDEX history_by_more ON conformance_history (more)",
    );
    let backend = K::open(&server.create().unwrap()).await.unwrap();
    let error = backend
        .prepare(&[&HISTORY], &[first, broken])
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("migration 2 of history"), "{text}");
    for _ in 0..2 {
        backend
            .prepare(&[&HISTORY], &[first, mended])
            .await
            .unwrap();
    }
    let error = backend.prepare(&[&HISTORY], &[first]).await.unwrap_err();
    assert!(matches!(error, StorageError::Unsupported(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("newer than this program"), "{text}");
    backend.close().await;
}

/// A server that is there and does not answer is an error in time; when it answers again, all works. One that never did
/// is an error when it is opened.
async fn stands_still<K: Kind>(server: &Database) {
    let (port, _listener) = silent_port().unwrap();
    let begun = Instant::now();
    let opened = K::open(&format!("{}://user@127.0.0.1:{port}/name", K::NAME)).await;
    assert!(matches!(opened, Err(StorageError::Unavailable(_))));
    assert!(begun.elapsed() < Duration::from_secs(20));

    let backend = open::<K>(&server.create().unwrap()).await;
    let insert = |seq| vec![insert("romeo@example.org", seq)];
    backend.write(insert(1)).await.unwrap();
    let pid = server.pid().unwrap();
    stand_still(pid, true).unwrap();
    conformance::crash::told_in_time(&backend, Duration::from_secs(25)).await;
    stand_still(pid, false).unwrap();
    let begun = Instant::now();
    while backend.write(insert(2)).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it comes back");
    }
    assert_eq!(
        backend
            .scan(table("conformance_list"), None, 10)
            .await
            .map(|rows| rows.len() >= 2),
        Ok(true)
    );
    backend.health().await.unwrap();
    backend.close().await;
}

/// Kills the server under load: what was answered is there, what comes meanwhile is told in time, and all
/// works again when the server does.
async fn killed<K: Kind>(server: &mut Database) {
    let backend = open::<K>(&server.create().unwrap()).await;
    let list = table("conformance_list");
    let mut tasks = Vec::new();
    for owner in 0..16 {
        let backend = backend.clone();
        tasks.push(tokio::spawn(async move {
            let owner = format!("owner{owner}@example.org");
            let mut answered = 0;
            loop {
                let pair = [2 * answered, 2 * answered + 1].map(|seq| insert(&owner, seq));
                let asked = Instant::now();
                let answer = backend.write(pair.to_vec()).await;
                assert!(asked.elapsed() < Duration::from_secs(20), "told in time");
                match answer {
                    Ok(_) => answered += 1,
                    Err(StorageError::Unavailable(_)) => return (owner, answered),
                    Err(error) => panic!("{error}"),
                }
            }
        }));
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    server.kill();
    let mut stored = Vec::new();
    for task in tasks {
        stored.push(task.await.unwrap());
    }
    let some = stored.iter().all(|(_, answered)| *answered > 0);
    assert!(some, "{stored:?}");
    let asked = Instant::now();
    let answer = backend.scan(list, None, 1).await;
    let unavailable = matches!(answer, Err(StorageError::Unavailable(_)));
    assert!(unavailable, "{answer:?}");
    assert!(backend.health().await.is_err());
    assert!(asked.elapsed() < Duration::from_secs(40));

    server.restart().unwrap();
    backend.health().await.unwrap();
    for (owner, answered) in stored {
        for seq in 0..2 * answered {
            let key = [owner.as_str().into(), Value::Integer(seq)];
            let found = backend.get(list, &key).await.unwrap();
            assert!(found == Some(row(&owner, seq)), "{owner} {seq}");
        }
        // The list of changes that was not answered is there whole or not at all.
        let of_owner = Selection {
            table: list,
            query: &list.queries[0],
            equals: vec![owner.as_str().into()],
            range: Range::all(),
            search: None,
            limit: u32::MAX,
            reverse: false,
        };
        assert_eq!(backend.select(&of_owner).await.unwrap().len() % 2, 0);
    }
    // Again with nobody writing: who writes and reads next finds the connections lost, and is not told.
    for seq in 0..20 {
        if seq == 5 {
            server.kill();
            server.restart().unwrap();
        }
        backend
            .write(vec![insert("romeo@example.org", seq)])
            .await
            .unwrap();
        let key = ["romeo@example.org".into(), Value::Integer(seq)];
        assert!(backend.get(list, &key).await.unwrap().is_some());
    }
    backend.close().await;
}
