//! Nodes that belong to accounts, of which another specification knows.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_session::host::Host;
use sestina_types::xep_0030::{info, items};
use sestina_wire::{BareJid, Jid, StanzaError};

/// Who keeps nodes of accounts (XEP-0060). It decides who may know of which.
pub trait AccountNodes: Send + Sync {
    /// The nodes that whoever asks may know of.
    fn nodes<'a>(
        &'a self,
        host: &'a Arc<Host>,
        account: &'a BareJid,
        asker: &'a Jid,
    ) -> BoxFuture<'a, Result<Vec<items::Item>, StanzaError>>;

    /// What a node is; nothing where there is none of this name.
    fn info<'a>(
        &'a self,
        host: &'a Arc<Host>,
        account: &'a BareJid,
        asker: &'a Jid,
        node: &'a str,
    ) -> BoxFuture<'a, Result<Option<info::Query>, StanzaError>>;

    /// What is in a node; nothing where there is none of this name.
    fn items<'a>(
        &'a self,
        host: &'a Arc<Host>,
        account: &'a BareJid,
        asker: &'a Jid,
        node: &'a str,
    ) -> BoxFuture<'a, Result<Option<items::Query>, StanzaError>>;
}

/// The place of a host where the one who keeps its accounts' nodes is registered.
pub struct Holder(Arc<dyn AccountNodes>);

impl Holder {
    /// Whom a host asks about nodes of accounts.
    #[must_use]
    pub fn of(host: &Host) -> Option<Arc<dyn AccountNodes>> {
        let holder = host.extensions().get::<Self>()?;
        Some(Arc::clone(&holder.0))
    }

    /// Names whom to ask.
    pub fn register(host: &Host, nodes: Arc<dyn AccountNodes>) {
        host.extensions().insert(Arc::new(Self(nodes)));
    }
}
