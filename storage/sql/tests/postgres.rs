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
