//! A virtual host: one domain with its plugins, its sessions and its storage.
//!
//! A client is a host as well, of one account and without sessions of others, so that the same
//! plugins and the same mux serve both sides.

mod account;
mod disco;
mod extensions;
mod resource;

pub use account::Account;
pub use disco::Disco;
pub use extensions::Extensions;
pub use resource::{Resource, Sent};

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_storage::{Storage, StorageError};
use sestina_wire::clock::{Clock, Random};
use sestina_wire::{BareJid, FullJid, Jid, Payload, Stanza, StanzaError};
use smallvec::SmallVec;

use crate::mux::{Answer, Mux};
use crate::router::Routed;

/// Sessions of one account, taken at one moment.
pub type Resources = SmallVec<[Arc<Resource>; 4]>;

/// One virtual host.
pub struct Host {}

impl Host {
    /// The domain, as a bare address.
    pub fn domain(&self) -> &BareJid {
        todo!()
    }

    /// The storage of this host.
    pub fn storage(&self) -> &Storage {
        todo!()
    }

    /// The clock; nothing else reads the time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        todo!()
    }

    /// The source of randomness.
    pub fn random(&self) -> &Arc<dyn Random> {
        todo!()
    }

    /// What service discovery announces.
    pub fn disco(&self) -> &Disco {
        todo!()
    }

    /// The handlers of this host.
    pub fn mux(&self) -> &Mux {
        todo!()
    }

    /// Values that plugins keep with the host, by type.
    pub fn extensions(&self) -> &Extensions {
        todo!()
    }

    /// Whether the address is of this domain.
    pub fn serves(&self, jid: &Jid) -> bool {
        let _ = jid;
        todo!()
    }

    /// The account, if it has a session.
    pub fn account(&self, account: &BareJid) -> Option<Arc<Account>> {
        let _ = account;
        todo!()
    }

    /// The sessions of an account.
    pub fn resources(&self, account: &BareJid) -> Resources {
        let _ = account;
        todo!()
    }

    /// The session with this address.
    pub fn resource(&self, jid: &FullJid) -> Option<Arc<Resource>> {
        let _ = jid;
        todo!()
    }

    /// Whether the account exists, with a session or without.
    pub fn account_exists(&self, account: &BareJid) -> BoxFuture<'static, Result<bool, StorageError>> {
        let _ = account;
        todo!()
    }

    /// Routes a stanza the server or a plugin made; its `from` and `to` must be set. Errors do not
    /// bounce: the outcome says what became of it.
    pub fn route(&self, stanza: Stanza) -> Routed {
        let _ = stanza;
        todo!()
    }

    /// Routes without waiting for what becomes of the stanza.
    pub fn send(&self, stanza: Stanza) {
        let _ = stanza;
        todo!()
    }

    /// Writes a stanza to one session, past the router but through [`Stage::BeforeWrite`](crate::stages::Stage::BeforeWrite).
    pub fn deliver_to(&self, resource: &Arc<Resource>, stanza: Stanza) -> Routed {
        let _ = (resource, stanza);
        todo!()
    }

    /// Ends every session of an account, as when it is removed.
    pub fn end_account(&self, account: &BareJid) -> usize {
        let _ = account;
        todo!()
    }
}
