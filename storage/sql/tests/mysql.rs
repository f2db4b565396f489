//! MariaDB: the conformance suite, long names, migrations, nodes that start at once, a server that is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod servers;
mod versions;

use std::sync::Arc;

use sestina_interop::database::{self, Database};
use sestina_interop::ready;
use sestina_storage::{Backend, StorageError, Write};
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

/// A node that was killed in the middle of a migration, at every place there is: after a statement was noted as begun,
/// and after it was done and not yet noted as such. The next start goes on from there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_anywhere() {
    use sqlx::{AssertSqlSafe, Connection as _, Executor as _, MySqlConnection};
    ready!("storage::mysql", database::mariadb::installed());
    let server = database::mariadb::start().unwrap();
    let mut tried = 0;
    for version in 0..versions::VERSIONS.len() {
        let history = versions::history(sestina_schema::Dialect::Mysql, version);
        let statements = sestina_schema::split(history[version].sql);
        for place in 0..statements.len() {
            for done in [false, true] {
                let url = server.create().unwrap();
                let backend = MySql::open(&url).await.unwrap();
                // The version before, with rows in it; of the first the tables of records only.
                match version.checked_sub(1) {
                    None => backend.prepare(&[], &[]).await.unwrap(),
                    Some(before) => {
                        let table = &versions::VERSIONS[before];
                        backend
                            .prepare(&[table], &history[..version])
                            .await
                            .unwrap();
                        let names = versions::names();
                        let rows = names.iter().enumerate();
                        let inserts = rows.map(|(number, name)| Write::Insert {
                            table,
                            row: versions::row(before, number, name),
                        });
                        backend.write(inserts.collect()).await.unwrap();
                    }
                }
                backend.close().await;
                // What the killed node has left.
                let mut raw = MySqlConnection::connect(&url).await.unwrap();
                for (number, statement) in statements.iter().enumerate().take(place + 1) {
                    if number < place || done {
                        raw.execute(AssertSqlSafe((*statement).to_owned()))
                            .await
                            .unwrap();
                    }
                    let noted = format!(
                        "INSERT INTO sestina_migration_steps (spec, version, place, done) \
                         VALUES ('versioned', {}, {number}, {})",
                        version + 1,
                        number < place
                    );
                    raw.execute(AssertSqlSafe(noted)).await.unwrap();
                }
                raw.close().await.unwrap();
                // The next node.
                let backend = MySql::open(&url).await.unwrap();
                let table = &versions::VERSIONS[version];
                let prepared = backend.prepare(&[table], &history).await;
                prepared.unwrap_or_else(|error| {
                    panic!("version {version}, statement {place}, done {done}: {error}")
                });
                if version > 0 {
                    versions::check(&backend, version).await;
                }
                backend.prepare(&[table], &history).await.unwrap();
                backend.close().await;
                tried += 1;
            }
        }
    }
    assert!(tried > 20, "{tried}");
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
