//! What the guest book does, in a server and in a client.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use sestina::prelude::*;

use crate::skeletons::guestbook::{Client, Server, Settings};
use crate::types::Stores as _;
use crate::types::guestbook::{tables::GuestbookStore, *};

/// A server's book, or a client's copy of it; how long an entry may be; how many there were to read at the last visit.
pub struct Book(GuestbookStore, usize, pub AtomicU32);

impl Server for Book {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let store = setup.require(setup.storage().guestbook())?;
        let longest = setup.settings.longest as usize;
        Ok(Book(store, longest, AtomicU32::default()))
    }

    async fn sign(&self, cx: &IqContext, sign: Sign) -> Result<Empty, StanzaError> {
        if sign.text.chars().count() > self.1 {
            return Err(Condition::PolicyViolation.into());
        }
        let entry = Entry::new(cx.from.to_bare(), cx.host.clock().now().into(), sign.text);
        self.0.keep(&entry, cx.host.domain().clone()).await?;
        cx.host.tell_everybody(&entry);
        Ok(Empty)
    }

    async fn read(&self, cx: &IqContext, _: Read) -> Result<Entries, StanzaError> {
        let rows = self.0.of_book(cx.host.domain(), Range::all()).await?;
        Ok(rows.into_iter().map(Entry::from).collect())
    }

    async fn greet(&self, stream: &mut Exchange<'_>, _: Visit) -> Result<Welcome, SessionError> {
        let rows = self.0.of_book(stream.host(), Range::all()).await?;
        Ok(Welcome::new(rows.len() as u32))
    }
}

impl Client for Book {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Server::new(setup)
    }

    async fn news(&self, cx: &Received, entry: Entry) -> Flow {
        // Goes on once it is kept: whoever reads the messages sees it as well.
        self.0.keep(&entry, cx.host.domain().clone()).await.into()
    }

    async fn greeted(&self, _: &mut Exchange<'_>, welcome: Welcome) -> Result<(), SessionError> {
        self.2.store(welcome.entries, Relaxed);
        Ok(())
    }
}
