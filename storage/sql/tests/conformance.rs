//! SQLite passes the conformance suite.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use sestina_storage::{Backend, async_trait, conformance};
use sestina_storage_sql::sqlite::Sqlite;

struct File(tempfile::TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

#[async_trait]
impl conformance::Factory for File {
    async fn open(&self) -> Arc<dyn Backend> {
        let path = self.0.path().join("test.db");
        Arc::new(Sqlite::open(path.to_str().unwrap()).await.unwrap())
    }

    fn persistent(&self) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms() {
    conformance::run(&File::new(), conformance::TABLES, &[]).await;
}

/// The tables of the specifications, made by their migrations.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms_with_the_generated_tables() {
    use sestina_types::{MIGRATIONS, TABLES};
    assert!(!TABLES.is_empty());
    for table in TABLES {
        let made = |migration: &&sestina_storage::Migration| {
            migration.dialect == "sqlite" && migration.spec == table.spec
        };
        assert!(
            MIGRATIONS.iter().any(|migration| made(&migration)),
            "{}",
            table.name
        );
    }
    conformance::run(&File::new(), TABLES, MIGRATIONS).await;
}
