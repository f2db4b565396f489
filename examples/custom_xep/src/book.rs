//! What the guest book does, in a server and in a client.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use sestina::session::mux::{Empty, IqContext, Received};
use sestina::session::plugin::{PluginError, Setup};
use sestina::session::session::{Exchange, SessionError};
use sestina::session::stages::Flow;
use sestina::storage::Range;
use sestina::wire::{Condition, StanzaError};

use crate::skeletons::guestbook::{self as skeleton, Settings};
use crate::types::Stores as _;
use crate::types::guestbook::tables::{GuestbookEntriesRow as Row, GuestbookStore};
use crate::types::guestbook::{Entries, Entry, Read, Sign, Visit, Welcome};

/// A server's book, or a client's copy of it.
pub struct Book(GuestbookStore, Settings, pub AtomicU32);

impl skeleton::Server for Book {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let store = setup.require(setup.storage().guestbook())?;
        Ok(Book(store, setup.settings.clone(), AtomicU32::new(0)))
    }

    async fn sign(&self, cx: &IqContext, sign: Sign) -> Result<Empty, StanzaError> {
        if sign.text.chars().count() > self.1.longest as usize {
            return Err(Condition::PolicyViolation.into());
        }
        let entry = Entry::new(cx.from.to_bare(), cx.host.clock().now().into(), sign.text);
        let row = Row::keep(&entry, cx.host.domain().clone());
        self.0.insert(&row).await?;
        cx.host.tell_everybody(&entry);
        Ok(Empty)
    }

    async fn read(&self, cx: &IqContext, _: Read) -> Result<Entries, StanzaError> {
        let rows = self.0.of_book(cx.host.domain(), Range::all()).await?;
        let entries = rows.into_iter().map(Entry::from).collect();
        Ok(Entries {
            entries,
            ..Entries::default()
        })
    }

    async fn greet(&self, stream: &mut Exchange<'_>, _: Visit) -> Result<Welcome, SessionError> {
        let rows = self.0.of_book(stream.host(), Range::all()).await?;
        Ok(Welcome::new(rows.len() as u32))
    }
}

impl skeleton::Client for Book {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        skeleton::Server::new(setup)
    }

    async fn news(&self, cx: &Received, entry: Entry) -> Flow {
        let row = Row::keep(&entry, cx.host.domain().clone());
        match self.0.insert(&row).await {
            Ok(()) => Flow::Continue, // Whoever reads the messages sees it as well.
            Err(error) => Flow::Refuse(error.into()),
        }
    }

    async fn greeted(&self, _: &mut Exchange<'_>, welcome: Welcome) -> Result<(), SessionError> {
        self.2.store(welcome.entries, Relaxed);
        Ok(())
    }
}
