//! What the guest book does, in a server and in a client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sestina::session::errors;
use sestina::session::mux::{Empty, IqContext, StanzaContext};
use sestina::session::plugin::{PluginError, Registrar, Setup};
use sestina::session::stages::Flow;
use sestina::storage::{Range, StorageError};
use sestina::wire::{BareJid, Condition, Stanza, StanzaError, StanzaType};

use crate::skeletons::guestbook::{self as skeleton, Settings};
use crate::types::Stores as _;
use crate::types::guestbook::tables::{GuestbookEntriesRow as Row, GuestbookStore};
use crate::types::guestbook::{Entries, Entry, Read, Sign, Welcome};

/// A server's book, or a client's copy of it.
pub struct Book {
    entries: GuestbookStore,
    longest: usize,
    greeted: AtomicU32,
}

impl skeleton::Server for Book {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let entries = setup.storage().guestbook();
        Ok(Book {
            entries: entries.ok_or(StorageError::Unsupported("guest book".into()))?,
            longest: usize::try_from(setup.settings.longest).unwrap_or(usize::MAX),
            greeted: AtomicU32::new(0),
        })
    }

    async fn sign(&self, cx: &IqContext, sign: Sign) -> Result<Empty, StanzaError> {
        if sign.text.chars().count() > self.longest {
            return Err(StanzaError::new(Condition::PolicyViolation).with_text("too long"));
        }
        let entry = Entry::new(cx.from.to_bare(), cx.host.clock().now().into(), sign.text);
        self.write(cx.host.domain(), &entry)
            .await
            .map_err(errors::storage)?;
        for account in cx.host.online_accounts() {
            let news = Stanza::message(StanzaType::Headline).with(&entry);
            cx.host
                .send(news.with_from(cx.host.domain()).with_to(account.jid()));
        }
        Ok(Empty)
    }

    async fn read(&self, cx: &IqContext, _: Read) -> Result<Entries, StanzaError> {
        let entries = self
            .entries(cx.host.domain())
            .await
            .map_err(errors::storage)?;
        Ok(Entries {
            entries,
            ..Entries::default()
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        registrar.stream_feature(self.clone());
        Ok(())
    }
}

impl skeleton::Client for Book {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        skeleton::Server::new(setup)
    }

    fn news(self: &Arc<Self>, cx: &StanzaContext<'_>, entry: Entry) -> Flow {
        let (this, book) = (self.clone(), cx.host.domain().clone());
        Flow::wait(async move {
            // Whoever reads the messages sees it as well.
            let _ = this.write(&book, &entry).await;
            Flow::Continue
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        registrar.host().extensions().insert(self.clone());
        skeleton::Server::install(self, registrar)
    }
}

impl Book {
    /// How many entries there were when the server greeted us, in a client.
    pub fn greeted(&self) -> u32 {
        self.greeted.load(Ordering::Relaxed)
    }

    pub(crate) fn welcome(&self, welcome: &Welcome) {
        self.greeted.store(welcome.entries, Ordering::Relaxed);
    }

    async fn write(&self, book: &BareJid, entry: &Entry) -> Result<(), StorageError> {
        let row = Row {
            book: book.clone(),
            at: entry.at.timestamp(),
            by: entry.by.clone(),
            text: entry.text.to_string(),
        };
        self.entries.insert(&row).await
    }

    /// All that is in a host's book, oldest first.
    pub async fn entries(&self, book: &BareJid) -> Result<Vec<Entry>, StorageError> {
        let rows = self.entries.of_book(book, Range::all()).await?;
        let entry = |row: Row| Entry::new(row.by, row.at.into(), row.text.into());
        Ok(rows.into_iter().map(entry).collect())
    }
}
