//! Services of a host, at domains of their own.

use std::sync::Arc;

use sestina_wire::{BareJid, Stanza};

use crate::host::Host;
use crate::router::{Routed, Source};

/// Takes stanzas for the addresses of a service, past handlers.
pub trait Service: Send + Sync + 'static {
    /// Takes a stanza of whatever kind, whose `from` is verified and from which is removed what its sender may not assert. Its
    /// address is the service's or below it. Nothing where handlers are to be asked (RFC 6120 §10.5): those of requests,
    /// of messages and of presences in the scope of the service.
    ///
    /// A refusal is returned to the sender.
    fn take(&self, host: &Arc<Host>, stanza: &Stanza, source: &Source) -> Option<Routed>;
}

/// A service that a plugin of a host has claimed a domain for.
pub(crate) struct Claimed {
    /// What handlers and discovery know it by.
    pub(crate) name: &'static str,
    pub(crate) domain: BareJid,
    pub(crate) takes: Option<Arc<dyn Service>>,
}
