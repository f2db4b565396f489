//! What handlers are given and what they give back.

use std::sync::Arc;

use sestina_wire::dispatch::Scope;
use sestina_wire::{Jid, Payload, Stanza, Text};

use crate::host::{Host, Resource};

/// The surroundings of a request.
#[derive(Clone)]
pub struct IqContext {
    /// The host (or client) that received the request.
    pub host: Arc<Host>,
    /// Who asks; stamped by the server, so it can be relied on.
    pub from: Jid,
    /// Whom the request was addressed to; none for the sender's own account.
    pub to: Option<Jid>,
    /// The request's identifier.
    pub id: Text,
    /// `xml:lang` of the request.
    pub lang: Option<Text>,
    /// The local session that asks, if one does.
    pub session: Option<Arc<Resource>>,
    /// The scope the request was dispatched in.
    pub scope: Scope,
}

/// The surroundings of a message or presence handled by its payload.
pub struct StanzaContext<'a> {
    /// The host (or client) that received the stanza.
    pub host: &'a Arc<Host>,
    /// The stanza the payload travelled in.
    pub stanza: &'a Stanza,
    /// The local session that sent it, if one did.
    pub session: Option<&'a Arc<Resource>>,
    /// The scope the stanza was dispatched in.
    pub scope: Scope,
}

impl StanzaContext<'_> {
    /// The same for a handler that waits.
    pub fn received(&self) -> Received {
        Received {
            host: Arc::clone(self.host),
            stanza: self.stanza.clone(),
            session: self.session.cloned(),
            scope: self.scope,
        }
    }
}

/// The surroundings of a message or presence whose handler waits.
#[derive(Clone)]
pub struct Received {
    /// The host (or client) that received the stanza.
    pub host: Arc<Host>,
    /// The stanza the payload travelled in.
    pub stanza: Stanza,
    /// The local session that sent it, if one did.
    pub session: Option<Arc<Resource>>,
    /// The scope the stanza was dispatched in.
    pub scope: Scope,
}

/// The answer without a payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Empty;

/// An answer that carries its payload only sometimes, as a roster whose version is current does not
/// (RFC 6121 §2.6.3).
#[derive(Clone, Debug, PartialEq)]
pub enum OrEmpty<T> {
    /// The answer carries a payload.
    Payload(T),
    /// The answer is empty.
    Empty,
}

#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot answer a request",
    label = "no answer",
    note = "a request is answered with a payload (`#[derive(Stanza)]`), with `Empty`, or with `OrEmpty<..>`"
)]
/// What a request handler may answer: [`Empty`], a payload, or a payload [or nothing](OrEmpty).
pub trait Answer: Send + 'static {
    /// Puts the payload, if there is one, into the result.
    fn put(&self, result: Stanza) -> Stanza;
}

impl Answer for Empty {
    fn put(&self, result: Stanza) -> Stanza {
        result
    }
}

impl<T: Payload + Send + 'static> Answer for T {
    fn put(&self, result: Stanza) -> Stanza {
        result.with(self)
    }
}

impl<T: Payload + Send + 'static> Answer for OrEmpty<T> {
    fn put(&self, result: Stanza) -> Stanza {
        match self {
            OrEmpty::Payload(payload) => result.with(payload),
            OrEmpty::Empty => result,
        }
    }
}
