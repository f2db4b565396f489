//! On a storage that cannot hold their tables, plugins work from memory, and say so once each.

use std::io::Write;
use std::sync::{Arc, Mutex};

use sestina_storage::{
    Backend, Migration, Outcome, Selection, Storage, StorageError, TableDescriptor, Value,
    Write as Change, async_trait,
};
use tracing_subscriber::fmt::MakeWriter;

use super::{Changes, archive, ask, available, login, server_with};

/// Holds nothing at all.
struct Nothing;

#[async_trait]
impl Backend for Nothing {
    fn name(&self) -> &'static str {
        "nothing"
    }

    fn supports(&self, _: &TableDescriptor) -> bool {
        false
    }

    async fn prepare(
        &self,
        _: &[&'static TableDescriptor],
        _: &[Migration],
    ) -> Result<(), StorageError> {
        Ok(())
    }

    async fn get(
        &self,
        table: &'static TableDescriptor,
        _: &[Value],
    ) -> Result<Option<Vec<Value>>, StorageError> {
        Err(StorageError::Unsupported(table.name.into()))
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<Vec<Value>>, StorageError> {
        Err(StorageError::Unsupported(selection.table.name.into()))
    }

    async fn scan(
        &self,
        table: &'static TableDescriptor,
        _: Option<&[Value]>,
        _: u32,
    ) -> Result<Vec<Vec<Value>>, StorageError> {
        Err(StorageError::Unsupported(table.name.into()))
    }

    async fn write(&self, _: Vec<Change>) -> Result<Vec<Outcome>, StorageError> {
        Err(StorageError::Unsupported("anything".into()))
    }

    async fn health(&self) -> Result<(), StorageError> {
        Ok(())
    }

    async fn close(&self) {}
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

#[tokio::test]
async fn plugins_work_from_memory_where_the_storage_cannot_with_one_warning_each() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = server_with(Changes::default(), Storage::new(Arc::new(Nothing))).await;

    let mut juliet = available(&server, "juliet@a.example/desk").await;
    let card = "<vCard xmlns='vcard-temp'><FN>Juliet</FN></vCard>";
    ask(&mut juliet, "set", card, "").await;
    ask(&mut juliet, "get", "<vCard xmlns='vcard-temp'/>", card).await;
    let kept = "<query xmlns='jabber:iq:private'><x xmlns='x:y'>z</x></query>";
    ask(&mut juliet, "set", kept, "").await;
    ask(
        &mut juliet,
        "get",
        "<query xmlns='jabber:iq:private'><x xmlns='x:y'/></query>",
        kept,
    )
    .await;
    let block = "<block xmlns='urn:xmpp:blocking'><item jid='nurse@a.example'/></block>";
    ask(&mut juliet, "set", block, "").await;
    let tune = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='tune'>\
        <item id='1'><tune xmlns='tune'/></item></publish></pubsub>";
    ask(&mut juliet, "set", tune, "").await;
    ask(
        &mut juliet,
        "get",
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='tune'/></pubsub>",
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='tune'><item id='1'><tune xmlns='tune'/></item></items></pubsub>",
    )
    .await;
    let item = "<query xmlns='jabber:iq:roster'><item jid='romeo@a.example' name='Romeo'/></query>";
    ask(&mut juliet, "set", item, "").await;
    ask(
        &mut juliet,
        "get",
        "<query xmlns='jabber:iq:roster'/>",
        "<query xmlns='jabber:iq:roster'><item jid='romeo@a.example' name='Romeo'/></query>",
    )
    .await;
    juliet.close().await;
    // Somebody writes while nobody is there: shelf and archive.
    let mut romeo = login(&server, "romeo@a.example/field").await;
    romeo
        .send("<message to='juliet@a.example' type='chat' id='m'><body>later</body></message>")
        .await;
    romeo.settle().await;
    let mut juliet = available(&server, "juliet@a.example/desk").await;
    juliet
        .expect("<message id='m'><body>later</body></message>")
        .await;
    assert_eq!(archive::bodies(&mut juliet).await, ["later"]);

    let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let warnings: Vec<&str> = said
        .lines()
        .filter(|line| line.contains(" WARN "))
        .collect();
    for what in [
        "rosters",
        "offline messages",
        "those blocked",
        "archive",
        "cards",
        "private XML",
        "last activities",
        "no nodes",
        "no wishes",
        "push services",
        "no reports",
        "disabled accounts",
        "motd",
        "welcome",
    ] {
        let of_it = warnings.iter().filter(|line| line.contains(what));
        assert_eq!(of_it.count(), 1, "{what}: {said}");
    }
    assert_eq!(warnings.len(), 14, "{said}");
}
