//! PostgreSQL: the conformance suite, long names, migrations, nodes that start at once, a server that is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod servers;
mod versions;

use std::sync::Arc;

use sestina_interop::database::{self, Database};
use sestina_interop::ready;
use sestina_storage::{Backend, StorageError};
use sestina_storage_sql::postgres::Postgres;

struct Kind;

impl servers::Kind for Kind {
    const NAME: &'static str = "postgres";

    fn start() -> Database {
        database::postgres::start().unwrap()
    }

    async fn open(url: &str) -> Result<Arc<dyn Backend>, StorageError> {
        Ok(Arc::new(Postgres::open(url).await?))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holds_what_is_promised() {
    ready!("storage::postgres", database::postgres::installed());
    servers::all::<Kind>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_version_becomes_the_newest() {
    ready!("storage::postgres", database::postgres::installed());
    let server = database::postgres::start().unwrap();
    let open = async || Postgres::open(&server.create().unwrap()).await.unwrap();
    versions::migrate(sestina_schema::Dialect::Postgres, open).await;
}

/// What is searched has an index, which the planner takes; where the extension may not be made the tables do without.
#[tokio::test]
async fn searches_have_an_index() {
    use sestina_types::{MIGRATIONS, TABLES};
    use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
    ready!("storage::postgres", database::postgres::installed());
    let server = database::postgres::start().unwrap();
    let indexes = "SELECT count(*) FROM pg_indexes WHERE indexname LIKE '%\\_search\\_%'";
    let wanted = TABLES
        .iter()
        .filter(|table| table.queries.iter().any(|query| query.search.is_some()));
    let wanted = i64::try_from(wanted.count()).unwrap();
    assert!(wanted > 0);

    let url = server.create().unwrap();
    let backend = Postgres::open(&url).await.unwrap();
    backend.prepare(TABLES, MIGRATIONS).await.unwrap();
    backend.close().await;
    let mut raw = PgConnection::connect(&url).await.unwrap();
    let made: i64 = sqlx::query_scalar(indexes)
        .fetch_one(&mut raw)
        .await
        .unwrap();
    assert_eq!(made, wanted);
    // With so few rows only what is forbidden everything else.
    sqlx::query("SET enable_seqscan = off")
        .execute(&mut raw)
        .await
        .unwrap();
    let plan: Vec<String> = sqlx::query_scalar(
        "EXPLAIN SELECT 1 FROM archive WHERE body ILIKE '%' || 'pilgrim' || '%'",
    )
    .fetch_all(&mut raw)
    .await
    .unwrap();
    assert!(plan.concat().contains("archive_search_body"), "{plan:?}");

    // One who may make tables and no extensions.
    let url = server.create().unwrap();
    let (head, name) = url.rsplit_once('/').unwrap();
    let mut raw = PgConnection::connect(&url).await.unwrap();
    for sql in [
        "CREATE ROLE plain LOGIN".to_owned(),
        "GRANT CREATE, USAGE ON SCHEMA public TO plain".to_owned(),
        format!("REVOKE CREATE ON DATABASE {name} FROM PUBLIC"),
    ] {
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut raw)
            .await
            .unwrap();
    }
    let plain = format!("{}/{name}", head.replace("postgres@", "plain@"));
    let backend = Postgres::open(&plain).await.unwrap();
    backend.prepare(TABLES, MIGRATIONS).await.unwrap();
    backend.close().await;
    let made: i64 = sqlx::query_scalar(indexes)
        .fetch_one(&mut raw)
        .await
        .unwrap();
    assert_eq!(made, 0);
}

#[tokio::test]
async fn settings_that_lose_writes_are_told() {
    ready!("storage::postgres", database::postgres::installed());
    let server = database::postgres::start().unwrap();
    let url = server.create().unwrap();
    // The servers of tests do not wait for the disk.
    let fsync = "fsync is off: the database may be lost when the machine crashes";
    let backend = Postgres::open(&url).await.unwrap();
    assert_eq!(backend.risks().await.unwrap(), [fsync]);
    backend.close().await;
    let url = format!("{url}?options=-c%20synchronous_commit%3Doff");
    let backend = Postgres::open(&url).await.unwrap();
    let risks = backend.risks().await.unwrap();
    assert!(
        risks[0].starts_with("synchronous_commit is off"),
        "{risks:?}"
    );
    backend.close().await;
}

#[tokio::test]
async fn locations() {
    let error = Postgres::open("postgres://u:hunter2@127.0.0.1:bad/x")
        .await
        .unwrap_err();
    assert!(matches!(error, StorageError::Unsupported(_)), "{error}");
    // Nobody listens there.
    let port = sestina_interop::process::free_port().unwrap();
    let url = format!("postgres://u:hunter2@127.0.0.1:{port}/x");
    let refused = Postgres::open(&url).await.unwrap_err();
    assert!(matches!(refused, StorageError::Unavailable(_)), "{refused}");
    for error in [error, refused] {
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
