//! MariaDB: the conformance suite, long names, migrations, nodes that start at once, a server that is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod servers;
mod versions;

use std::sync::Arc;

use sestina_interop::database::{self, Database};
use sestina_interop::ready;
use sestina_storage::{Backend, StorageError};
use sestina_storage_sql::mysql::MySql;

struct Kind;

impl servers::Kind for Kind {
    const NAME: &'static str = "mysql";

    fn start() -> Database {
        database::mariadb::start().unwrap()
    }

    async fn open(url: &str) -> Result<Arc<dyn Backend>, StorageError> {
        Ok(Arc::new(MySql::open(url).await?))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holds_what_is_promised() {
    ready!("storage::mysql", database::mariadb::installed());
    servers::all::<Kind>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_version_becomes_the_newest() {
    ready!("storage::mysql", database::mariadb::installed());
    let server = database::mariadb::start().unwrap();
    let open = async || MySql::open(&server.create().unwrap()).await.unwrap();
    versions::migrate(sestina_schema::Dialect::Mysql, open).await;
}

#[tokio::test]
async fn locations() {
    for url in [
        "mysql://u:hunter2@127.0.0.1:bad/x",
        "mysql://u:hunter2@127.0.0.1",
    ] {
        let error = MySql::open(url).await.unwrap_err();
        assert!(matches!(error, StorageError::Unsupported(_)), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    // Nobody listens there.
    let port = sestina_interop::process::free_port().unwrap();
    let url = format!("mysql://u:hunter2@127.0.0.1:{port}/x");
    let error = MySql::open(&url).await.unwrap_err();
    assert!(matches!(error, StorageError::Unavailable(_)), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}
