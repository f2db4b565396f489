//! A guest book: a protocol of one's own, as a crate of one's own.
//!
//! What travels, who may send it and what is stored is written in `specs/guestbook/`; the modules [`types`] and
//! [`skeletons`] are generated from there. What the guest book does is in `book.rs`.

mod book;

/// Typed stanzas, tables and rows of the negotiation table, generated.
pub mod types {
    include!(concat!(env!("OUT_DIR"), "/types.rs"));
}

/// What a plugin has to answer, generated.
pub mod skeletons {
    include!(concat!(env!("OUT_DIR"), "/skeletons.rs"));
}

use std::sync::Arc;

use sestina::session::host::Host;
use sestina::session::plugin::{Plugin, PluginError, Setup};
use sestina::storage::{Storage, StorageError};
use skeletons::guestbook::{self as skeleton, Settings};

pub use book::Book;

/// The plugin for a server.
pub fn server(settings: &Settings, host: &Arc<Host>) -> Result<Arc<dyn Plugin>, PluginError> {
    skeleton::server::<Book>(&Setup::new(settings, host))
}

/// The plugin for a client.
pub fn client(settings: &Settings, host: &Arc<Host>) -> Result<Arc<dyn Plugin>, PluginError> {
    skeleton::client::<Book>(&Setup::new(settings, host))
}

/// Makes the tables ready: those of Sestina's own specifications and the guest book's.
pub async fn prepare(storage: &Storage) -> Result<(), StorageError> {
    let tables = [sestina::types::TABLES, types::TABLES].concat();
    let migrations = [sestina::types::MIGRATIONS, types::MIGRATIONS].concat();
    storage.prepare(&tables, &migrations).await
}
