//! The file backend passes the conformance suite.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use sestina_storage::{Backend, async_trait, conformance, memory::Memory};
use sestina_storage_file::Files;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

#[async_trait]
impl conformance::Factory for Folder {
    async fn open(&self) -> Arc<dyn Backend> {
        let path = self.0.path().join("store");
        Arc::new(Files::open(path.to_str().unwrap()).await.unwrap())
    }

    fn persistent(&self) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms() {
    conformance::run(&Folder::new(), conformance::TABLES, &[]).await;
}

struct Memories;

#[async_trait]
impl conformance::Factory for Memories {
    async fn open(&self) -> Arc<dyn Backend> {
        Arc::new(Memory::new())
    }

    fn persistent(&self) -> bool {
        false
    }
}

/// The memory backend stands below the generated tables and has its tests there without them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_conforms_with_the_generated_tables() {
    conformance::run(&Memories, sestina_types::TABLES, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms_with_the_generated_tables() {
    conformance::run(&Folder::new(), sestina_types::TABLES, &[]).await;
}
