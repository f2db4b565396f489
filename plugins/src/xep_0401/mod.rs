//! XEP-0401, Ad-hoc Account Invitation Generation: links with which others become contacts, or make an account.
//!
//! A link holds a token of 128 random bits. Of it only a keyed hash is kept, the key of which is not in the storage: who
//! reads the storage can use no invitation, and a token is found by its hash, so that no comparison tells anything of it.

mod book;
mod commands;

use std::sync::Arc;

use async_trait::async_trait;
use sestina_session::host::Host;
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0401::{self as skeleton, Settings};
use sestina_storage::StorageError;
use sestina_wire::BareJid;

use crate::xep_0050::Commands;
use crate::xep_0379::{Issuer, Issuing};

pub use book::{Book, Open};

use commands::{CreateAccount, Invite};

/// The server's part.
pub struct Server {
    settings: Settings,
    book: Arc<Book>,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let book = Arc::new(Book::new(setup)?);
        setup.host.extensions().insert(Arc::clone(&book));
        Ok(Self {
            settings: setup.settings.clone(),
            book,
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let host = registrar.host();
        let commands = Commands::of(host);
        commands.offer(Arc::new(Invite(Arc::clone(self))));
        commands.offer(Arc::new(CreateAccount(Arc::clone(self))));
        Issuing::register(host, self.book.clone());
        Ok(())
    }
}

#[async_trait]
impl Issuer for Book {
    async fn redeem(
        &self,
        host: &Host,
        account: &BareJid,
        token: &str,
    ) -> Result<bool, StorageError> {
        match self.find(host, token).await? {
            Some(open) if open.subscribe() && open.inviter() == account => self.take(&open).await,
            _ => Ok(false),
        }
    }
}
