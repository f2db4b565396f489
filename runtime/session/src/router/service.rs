//! Services of a host, at domains of their own.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_wire::{BareJid, Stanza, StanzaError};

use crate::host::Host;
use crate::router::{Routed, Source};

/// Whether stanzas that the same session sent before are still on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// None is.
    Come,
    /// Messages are that services hand out as soon as they are written: what is to be written may be written with them, and it may be refused, but nothing may
    /// happen yet that anybody notices.
    Ahead,
}

/// What a service makes of a stanza.
pub enum Taken {
    /// Handlers are to be asked (RFC 6120 §10.5): those of requests, of messages and of presences in the scope of the service.
    No,
    /// It goes its way. A refusal is returned to the sender, in turn.
    Routed(Routed),
    /// Once this is written, and its turn has come, it is handed out to everybody at once; what has to be waited for then only slows the
    /// sender down. Where it cannot be written it is refused.
    Once(
        BoxFuture<'static, Result<(), StanzaError>>,
        Box<dyn FnOnce() -> Routed + Send>,
    ),
    /// Nothing is to be done before its turn has come; then the service is asked again.
    InTurn,
}

impl From<Option<Routed>> for Taken {
    fn from(routed: Option<Routed>) -> Self {
        routed.map_or(Taken::No, Taken::Routed)
    }
}

/// Takes stanzas for the addresses of a service, past handlers.
pub trait Service: Send + Sync + 'static {
    /// Takes a stanza of whatever kind, whose `from` is verified and from which is removed what its sender may not assert. Its
    /// address is the service's or below it. Only a message is taken before its turn.
    fn take(&self, host: &Arc<Host>, stanza: &Stanza, source: &Source, turn: Turn) -> Taken;
}

/// A service that a plugin of a host has claimed a domain for.
pub(crate) struct Claimed {
    /// What handlers and discovery know it by.
    pub(crate) name: &'static str,
    pub(crate) domain: BareJid,
    pub(crate) takes: Option<Arc<dyn Service>>,
}
