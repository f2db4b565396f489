//! The mux: from a payload's name to the function that handles it.
//!
//! One hash lookup by scope, kind, type, payload namespace and payload name. A request (iq get or
//! set) has exactly one handler, asynchronous, whose signature fixes the type of the answer.
//! Messages and presences may have several handlers, called in the order they were declared.

mod context;
mod layers;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_wire::dispatch::{Scope, Sender};
use sestina_wire::{Kind, Payload, Stanza, StanzaError, StanzaType};
use tower::util::BoxCloneSyncService;

use crate::stages::Flow;

pub use context::{Answer, Empty, IqContext, OrEmpty, StanzaContext};

/// What a handler is known by.
///
/// Lookups borrow the stanza's names: the map is covariant in its key, so a key of a shorter lifetime
/// finds one of static names without a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key<'a> {
    scope: Scope,
    kind: Kind,
    type_: Option<StanzaType>,
    ns: &'a str,
    name: &'a str,
}

/// A request on its way through the layers.
#[derive(Clone)]
pub struct IqRequest {
    /// Who asks whom.
    pub context: IqContext,
    /// The request.
    pub stanza: Stanza,
}

/// A request handler in its layers: what [`tower::Layer`]s given to [`Mux::layer`] wrap and return.
/// The response is the result stanza.
pub type IqService = BoxCloneSyncService<IqRequest, Stanza, StanzaError>;

/// A request handler.
type IqFunction = Arc<dyn Fn(IqRequest) -> BoxFuture<'static, Result<Stanza, StanzaError>> + Send + Sync>;

/// A handler of messages or presences.
type StanzaFunction = Arc<dyn Fn(&StanzaContext<'_>) -> Flow + Send + Sync>;

/// The handlers of a host or client.
#[derive(Default)]
pub struct Mux {
    requests: HashMap<Key<'static>, IqEntry>,
    stanzas: HashMap<Key<'static>, Vec<StanzaEntry>>,
}

struct IqEntry {
    senders: &'static [Sender],
    service: IqService,
}

struct StanzaEntry {
    senders: &'static [Sender],
    function: StanzaFunction,
}

/// A second handler for a request that has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} already has a handler")]
pub struct Handled(pub String);

impl Mux {
    /// A mux without handlers.
    pub fn new() -> Self {
        Mux::default()
    }

    /// Handles a request from anyone: an iq of type `Get` or `Set` in one scope. Works for any derived
    /// payload.
    ///
    /// # Errors
    ///
    /// [`Handled`] when the request has a handler already.
    pub fn handle<Req, Ans, F, Fut>(&mut self, scope: Scope, type_: StanzaType, handler: F) -> Result<(), Handled>
    where
        Req: Payload + Send + 'static,
        Ans: Answer,
        F: Fn(IqContext, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Ans, StanzaError>> + Send + 'static,
    {
        let _ = (scope, type_, handler);
        todo!()
    }
}
