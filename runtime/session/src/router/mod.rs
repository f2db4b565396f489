//! The router: by domain first, then by account, then by session.

use std::future::IntoFuture;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_wire::{Stanza, StanzaError};

use crate::host::Resource;

/// What became of a stanza.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// At least one session has it in its queue, or the server itself handled it.
    Delivered,
    /// It is stored and will be delivered later.
    Queued,
    /// No session and no plugin took it, and no error was due.
    NoSession,
    /// Another server, component or node takes it from here.
    Elsewhere,
    /// It was refused with this error.
    Refused(StanzaError),
}

/// What became of a stanza, now or later.
#[must_use = "a stanza that waits is delivered only when this is awaited"]
pub enum Routed {
    /// It is known now.
    Now(Outcome),
    /// Storage or a slow reader is waited for.
    Later(BoxFuture<'static, Outcome>),
}

impl Routed {
    /// Waits for what becomes of the stanza.
    pub async fn outcome(self) -> Outcome {
        match self {
            Routed::Now(outcome) => outcome,
            Routed::Later(future) => future.await,
        }
    }
}

impl IntoFuture for Routed {
    type Output = Outcome;
    type IntoFuture = BoxFuture<'static, Outcome>;

    fn into_future(self) -> Self::IntoFuture {
        match self {
            Routed::Now(outcome) => Box::pin(std::future::ready(outcome)),
            Routed::Later(future) => future,
        }
    }
}

/// Where a stanza enters the router.
#[derive(Clone)]
pub enum Source {
    /// A local session; errors are returned to it.
    Session(Arc<Resource>),
    /// The server itself; errors end here.
    Server,
    /// Another server, a component or a service of this one; errors are routed back.
    Outside,
}

/// Takes stanzas for a domain that is no virtual host: a service, a component, the rest of the
/// network.
pub trait Destination: Send + Sync + 'static {
    /// Takes a stanza, whose `from` is verified, on its way.
    fn route(&self, stanza: Stanza, source: &Source) -> Routed;
}
