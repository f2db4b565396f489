//! SQLite's file, migrations and shared commits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod versions;

use std::{path::Path, sync::Arc};

use sestina_storage::{
    Backend as _, Migration, Outcome, StorageError, TableDescriptor, Value, Write, conformance,
};
use sestina_storage_sql::sqlite::Sqlite;

fn table(name: &str) -> &'static TableDescriptor {
    let mut tables = conformance::TABLES.iter();
    tables.find(|table| table.name == name).unwrap()
}

async fn open(path: &Path) -> Result<Sqlite, StorageError> {
    Sqlite::open(path.to_str().unwrap()).await
}

fn insert(number: i64) -> Vec<Write> {
    let row = vec![
        "owner@example.org".into(),
        Value::Integer(number),
        "peer@example.org".into(),
        Value::Timestamp(number),
        Value::Bytes(vec![7; 300]),
    ];
    let table = table("conformance_list");
    vec![Write::Insert { table, row }]
}

#[tokio::test]
async fn locations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let backend = open(&path).await.unwrap();
    assert_eq!(backend.path(), path);
    backend.close().await;
    assert!(path.exists());
    let url = format!("sqlite://{}", path.display());
    Sqlite::open(&url).await.unwrap().close().await;

    for location in ["", ":memory:", "sqlite::memory:", "sqlite:x?mode=ro"] {
        let answer = Sqlite::open(location).await;
        assert!(
            matches!(answer, Err(StorageError::Unsupported(_))),
            "{location}"
        );
    }
    let nowhere = folder.path().join("nowhere/a.db");
    let error = open(&nowhere).await.unwrap_err();
    assert!(error.to_string().contains("nowhere/a.db"), "{error}");
    assert!(matches!(error, StorageError::Unavailable(_)));
    std::fs::write(
        &path,
        "this is a text, and longer than SQLite's header of 100 octets. ".repeat(9),
    )
    .unwrap();
    let error = open(&path).await.unwrap_err();
    assert!(matches!(error, StorageError::Corrupt(_)), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let backend = open(&folder.path().join("a.db")).await.unwrap();
    backend.prepare(conformance::TABLES, &[]).await.unwrap();
    backend.write(insert(1)).await.unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        files += 1;
    }
    assert!(files >= 2, "the database and its log");
    backend.close().await;
}

#[tokio::test]
async fn a_table_that_was_not_prepared() {
    let folder = tempfile::tempdir().unwrap();
    let backend = open(&folder.path().join("a.db")).await.unwrap();
    let list = table("conformance_list");
    assert!(!backend.supports(list));
    let answer = backend.write(insert(1)).await;
    assert!(matches!(answer, Err(StorageError::Unsupported(_))));
    backend.prepare(&[list], &[]).await.unwrap();
    assert!(backend.supports(list));
    assert!(backend.write(insert(1)).await.is_ok());
    backend.close().await;
}

const FIRST: Migration = Migration {
    dialect: "sqlite",
    spec: "conformance",
    version: 1,
    sql: "CREATE TABLE conformance_single (owner TEXT NOT NULL PRIMARY KEY, secret BLOB NOT NULL);
          INSERT INTO conformance_single VALUES ('romeo@example.org', x'01');",
};
const SECOND: Migration = Migration {
    dialect: "sqlite",
    spec: "conformance",
    version: 2,
    sql: "ALTER TABLE conformance_single ADD COLUMN note TEXT;",
};
const OTHER: Migration = Migration {
    dialect: "postgres",
    spec: "conformance",
    version: 3,
    sql: "this is not for SQLite",
};

#[tokio::test]
async fn migrations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let single = table("conformance_single");
    let backend = open(&path).await.unwrap();

    // The table as the first version makes it does not fit, and nothing of that attempt stays.
    let error = backend.prepare(&[single], &[FIRST]).await.unwrap_err();
    assert!(
        error.to_string().contains("lacks the column note"),
        "{error}"
    );
    for history in [[SECOND, OTHER, FIRST], [FIRST, SECOND, OTHER]] {
        backend.prepare(&[single], &history).await.unwrap();
    }
    let row = backend
        .get(single, &["romeo@example.org".into()])
        .await
        .unwrap();
    assert_eq!(row.unwrap()[2], Value::Null);

    // A program that knows only the first version meets the second.
    let error = backend.prepare(&[single], &[FIRST]).await.unwrap_err();
    assert!(matches!(error, StorageError::Unsupported(_)), "{error}");
    assert!(
        error.to_string().contains("newer than this program"),
        "{error}"
    );

    let broken = Migration {
        version: 3,
        sql: "ALTER TABLE conformance_single ADD COLUMN more TEXT; nonsense;",
        ..FIRST
    };
    let error = backend
        .prepare(&[single], &[FIRST, SECOND, broken])
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("migration 3 of conformance"),
        "{error}"
    );
    backend.prepare(&[single], &[FIRST, SECOND]).await.unwrap();
    backend.close().await;
}

#[tokio::test]
async fn a_changed_table_without_migrations() {
    let folder = tempfile::tempdir().unwrap();
    let backend = open(&folder.path().join("a.db")).await.unwrap();
    let changed: &'static TableDescriptor = Box::leak(Box::new(TableDescriptor {
        version: 2,
        ..*table("conformance_single")
    }));
    let error = backend.prepare(&[changed], &[]).await.unwrap_err();
    assert!(matches!(error, StorageError::Unsupported(_)), "{error}");
    backend.close().await;
}

#[tokio::test]
async fn every_version_becomes_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let opened = std::sync::atomic::AtomicU32::new(0);
    let open = async || {
        let number = opened.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        open(&folder.path().join(format!("{number}.db")))
            .await
            .unwrap()
    };
    versions::migrate(sestina_schema::Dialect::Sqlite, open).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_start_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = Arc::new(folder.path().join("a.db"));
    let mut tasks = Vec::new();
    for _ in 0..6 {
        let path = path.clone();
        tasks.push(tokio::spawn(async move {
            let backend = open(&path).await.unwrap();
            backend.prepare(conformance::TABLES, &[]).await.unwrap();
            backend
        }));
    }
    let mut backends = Vec::new();
    for task in tasks {
        backends.push(task.await.unwrap());
    }
    // What one has written the others see, and can write beside it.
    for (number, backend) in (0..).zip(&backends) {
        assert!(backend.write(insert(number)).await.is_ok());
    }
    for backend in &backends {
        let list = table("conformance_list");
        let rows = backend.scan(list, None, 100).await.unwrap();
        assert_eq!(rows.len(), backends.len());
        backend.close().await;
    }
}

#[tokio::test]
async fn writes_that_arrive_together_are_committed_together() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let backend = Arc::new(open(&path).await.unwrap());
    backend.prepare(conformance::TABLES, &[]).await.unwrap();
    let mut tasks = Vec::new();
    for number in 0..2000 {
        let backend = backend.clone();
        // Every tenth is a conflict with the one before.
        let number = if number % 10 == 9 { number - 1 } else { number };
        tasks.push(tokio::spawn(
            async move { backend.write(insert(number)).await },
        ));
    }
    let (mut stored, mut conflicts) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(outcomes) => {
                assert_eq!(outcomes, [Outcome::Stored]);
                stored += 1;
            }
            Err(error) => {
                assert_eq!(error, StorageError::Conflict);
                conflicts += 1;
            }
        }
    }
    assert_eq!((stored, conflicts), (1800, 200));
    backend.close().await;
    // The log was folded into the file.
    assert!(!folder.path().join("a.db-wal").exists());
}

/// Another program that holds the database for too long is an error, not a hang, and it passes.
#[tokio::test]
async fn a_database_that_others_hold() {
    use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let backend = open(&path).await.unwrap();
    backend.prepare(conformance::TABLES, &[]).await.unwrap();
    backend.write(insert(1)).await.unwrap();

    let other = SqliteConnectOptions::new().filename(&path);
    let mut other = other.connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let error = backend.write(insert(2)).await.unwrap_err();
    assert!(matches!(error, StorageError::Unavailable(_)), "{error}");
    // Reading goes on meanwhile.
    let list = table("conformance_list");
    assert_eq!(backend.scan(list, None, 10).await.unwrap().len(), 1);
    other.close().await.unwrap();
    backend.write(insert(2)).await.unwrap();
    assert_eq!(backend.scan(list, None, 10).await.unwrap().len(), 2);
    backend.close().await;
}
