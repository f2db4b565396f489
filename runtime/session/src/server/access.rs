//! The hosts of a server as seen from its door: which there are, and who gets which resource.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use sestina_wire::{BareJid, Condition, FullJid, StanzaError};

use crate::host::Host;
use crate::session::{Binder, HostAccess, Hosts};

/// The hosts of a server, by domain.
pub(super) struct Doors(pub(super) HashMap<Box<str>, Arc<HostAccess>>);

impl Hosts for Doors {
    fn host(&self, domain: &str) -> Option<Arc<HostAccess>> {
        self.0.get(domain).cloned()
    }
}

/// Hands out the resources of a host.
///
/// A resource in use goes to the newcomer: its holder gets `conflict` once the newcomer is ready
/// (RFC 6120 §7.7.2.2), since a client that asks for the same name is mostly the same one, back before
/// its dead connection was noticed.
pub(super) struct HostBinder(pub(super) Arc<Host>);

#[async_trait]
impl Binder for HostBinder {
    async fn bind(&self, account: &BareJid, wanted: Option<&str>) -> Result<FullJid, StanzaError> {
        let online = self.0.account(account);
        let replaces = |account: &crate::host::Account| {
            wanted.is_some_and(|name| account.resource(name).is_some())
        };
        if online.is_some_and(|account| {
            account.len() >= self.0.limits().per_account && !replaces(&account)
        }) {
            return Err(StanzaError::new(Condition::ResourceConstraint)
                .with_text("too many sessions of this account"));
        }
        let bound = match wanted {
            Some(name) => account.with_resource(name),
            None => account.with_resource(&self.0.random().token()),
        };
        bound.map_err(|_| StanzaError::new(Condition::BadRequest).with_text("not a resource"))
    }
}
