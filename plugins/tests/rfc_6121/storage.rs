//! What presence and logins ask of storage: nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sestina_session::server::Server;
use sestina_skeletons::rfc_6121 as skeleton;
use sestina_storage::{
    Backend, Migration, Outcome, Selection, Storage, StorageError, TableDescriptor, Value, Write,
    async_trait, memory::Memory,
};

use crate::{friends, host_on, login};

/// Memory that counts what is asked of it, and fails when told to.
struct Counting {
    inner: Memory,
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl Backend for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn supports(&self, table: &TableDescriptor) -> bool {
        self.inner.supports(table)
    }

    async fn prepare(
        &self,
        tables: &[&'static TableDescriptor],
        migrations: &[Migration],
    ) -> Result<(), StorageError> {
        self.inner.prepare(tables, migrations).await
    }

    async fn get(
        &self,
        table: &'static TableDescriptor,
        key: &[Value],
    ) -> Result<Option<Vec<Value>>, StorageError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.inner.get(table, key).await
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<Vec<Value>>, StorageError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.inner.select(selection).await
    }

    async fn scan(
        &self,
        table: &'static TableDescriptor,
        after: Option<&[Value]>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.inner.scan(table, after, limit).await
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, StorageError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.inner.write(writes).await
    }

    async fn health(&self) -> Result<(), StorageError> {
        self.inner.health().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

#[tokio::test]
async fn a_session_asks_storage_once_it_needs_its_roster() {
    let asked = Arc::new(AtomicUsize::new(0));
    let storage = Storage::new(Arc::new(Counting {
        inner: Memory::new(),
        asked: Arc::clone(&asked),
    }));
    let config = host_on(
        storage,
        "a.example",
        &["romeo"],
        skeleton::Settings::default(),
    )
    .await;
    let server = Server::builder().host(config).start().await.unwrap();
    let before = asked.load(Ordering::SeqCst);
    let mut romeo = login(&server, "romeo@a.example/x").await;
    romeo.settle().await;
    assert_eq!(asked.load(Ordering::SeqCst), before);
    // Contacts, requests and the version, once for as long as the account is online.
    let roster = "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>";
    for request in [roster, "<presence/>", roster, "<presence/>"] {
        romeo.send(request).await;
        romeo.recv().await;
    }
    assert_eq!(asked.load(Ordering::SeqCst), before + 3);
}

#[tokio::test]
async fn presence_asks_no_storage() {
    let asked = Arc::new(AtomicUsize::new(0));
    let storage = Storage::new(Arc::new(Counting {
        inner: Memory::new(),
        asked: Arc::clone(&asked),
    }));
    let config = host_on(
        storage,
        "a.example",
        &["romeo", "juliet", "nurse"],
        skeleton::Settings::default(),
    )
    .await;
    let server = Server::builder().host(config).start().await.unwrap();
    let (mut romeo, mut juliet) = friends(&server, "romeo@a.example/x", "juliet@a.example/x").await;
    // A contact that is not there costs nothing either.
    romeo
        .send("<presence type='subscribe' to='nurse@a.example'/>")
        .await;
    romeo.expect("<iq type='set'/>").await;
    romeo.settle().await;
    let before = asked.load(Ordering::SeqCst);
    assert_ne!(before, 0);
    for status in 0..10 {
        let presence = format!("<presence><status>{status}</status></presence>");
        romeo.send(&presence).await;
        romeo.expect(&presence).await;
        juliet.expect(&presence).await;
    }
    romeo
        .send("<presence type='probe' to='juliet@a.example'/>")
        .await;
    romeo.expect("<presence from='juliet@a.example/x'/>").await;
    romeo.send("<presence type='unavailable'/>").await;
    romeo.expect("<presence type='unavailable'/>").await;
    juliet.expect("<presence type='unavailable'/>").await;
    romeo.send("<presence/>").await;
    romeo
        .expect_all(&[
            "<presence from='romeo@a.example/x'/>",
            "<presence from='juliet@a.example/x'/>",
        ])
        .await;
    juliet.expect("<presence from='romeo@a.example/x'/>").await;
    romeo.settle().await;
    assert_eq!(asked.load(Ordering::SeqCst), before);
}
