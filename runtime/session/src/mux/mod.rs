//! The mux: from a payload's name to the function that handles it.
//!
//! One hash lookup by scope, kind, type, payload namespace and payload name. A request (iq get or
//! set) has exactly one handler, asynchronous, whose signature fixes the type of the answer.
//! Messages and presences may have several handlers, called in the order they were declared.

mod beginning;
mod context;
mod layers;
mod nonza;
mod request;
mod senders;
mod strip;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_wire::dispatch::{Only, Scope, Sender};
use sestina_wire::{
    BareJid, Child, Condition, Jid, Kind, Payload, Stanza, StanzaError, StanzaType,
};
use smallvec::SmallVec;
use tower::{Layer, Service};

use crate::host::{Host, Resource};
use crate::stages::Flow;

pub use beginning::BeginningContext;
pub(crate) use beginning::Beginnings;
pub use context::{Answer, Empty, IqContext, OrEmpty, Received, StanzaContext};
pub use layers::{CatchPanic, CatchPanicLayer, Log, LogLayer};
pub use nonza::NonzaContext;
pub(crate) use nonza::Nonzas;
pub use request::{IqRequest, IqService};
pub use senders::SenderCheck;
pub(crate) use senders::{Origin, Permit, Senders};
pub(crate) use strip::{Names, Removal};

/// What a handler is known by.
///
/// Lookups borrow the stanza's names: the map is covariant in its key, so a key of a shorter lifetime
/// finds one of static names without a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key<'a> {
    scope: Scope,
    kind: Kind,
    /// The type of a request; none for messages and presences, whose handlers see every type.
    type_: Option<StanzaType>,
    ns: &'a str,
    name: &'a str,
}

/// A handler of messages or presences.
type StanzaFunction = Arc<dyn Fn(&StanzaContext<'_>) -> Flow + Send + Sync>;

/// Handlers to call, each with the question whether its sender may, where somebody has to look that up.
type Calls = SmallVec<[(StanzaFunction, Option<BoxFuture<'static, bool>>); 2]>;

/// The handlers of a host or client.
#[derive(Default)]
pub struct Mux {
    /// Those that ask for more come first.
    requests: HashMap<Key<'static>, SmallVec<[IqEntry; 1]>>,
    stanzas: HashMap<Key<'static>, Vec<StanzaEntry>>,
    senders: Senders,
    strips: strip::Strips,
    /// Whether there is any handler of messages, and of presences: a relayed stanza skips the lookups
    /// when there is none.
    messages: bool,
    presences: bool,
}

struct IqEntry {
    only: Only,
    senders: &'static [Sender],
    service: IqService,
}

struct StanzaEntry {
    only: Only,
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
    pub fn handle<Req, Ans, F, Fut>(
        &mut self,
        scope: Scope,
        type_: StanzaType,
        handler: F,
    ) -> Result<(), Handled>
    where
        Req: Payload + Send + 'static,
        Ans: Answer,
        F: Fn(IqContext, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Ans, StanzaError>> + Send + 'static,
    {
        self.handle_from(&[scope], type_, Only::ANY, &[Sender::Anyone], handler)
    }

    /// Handles a request in several scopes, from certain senders only.
    ///
    /// # Errors
    ///
    /// [`Handled`] when the request has a handler in one of the scopes.
    pub fn handle_from<Req, Ans, F, Fut>(
        &mut self,
        scopes: &[Scope],
        type_: StanzaType,
        only: Only,
        senders: &'static [Sender],
        handler: F,
    ) -> Result<(), Handled>
    where
        Req: Payload + Send + 'static,
        Ans: Answer,
        F: Fn(IqContext, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Ans, StanzaError>> + Send + 'static,
    {
        let service = request::service(handler);
        for (&scope, &ns) in in_each(scopes, Req::NAMESPACES) {
            let key = Key {
                scope,
                kind: Kind::Iq,
                type_: Some(type_),
                ns,
                name: Req::NAME,
            };
            let entries = self.requests.entry(key).or_default();
            if entries.iter().any(|entry| entry.only == only) {
                return Err(Handled(format!(
                    "iq {type_:?} <{} xmlns='{ns}'/> ({scope:?})",
                    Req::NAME
                )));
            }
            entries.push(IqEntry {
                only,
                senders,
                service: service.clone(),
            });
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.only.weight()));
        }
        Ok(())
    }

    /// Handles a payload of messages from anyone in one scope.
    pub fn message<P, F>(&mut self, scope: Scope, handler: F)
    where
        P: Payload + 'static,
        F: Fn(&StanzaContext<'_>, P) -> Flow + Send + Sync + 'static,
    {
        self.stanza_from(
            Kind::Message,
            &[scope],
            Only::ANY,
            &[Sender::Anyone],
            handler,
        );
    }

    /// Handles a payload of presences from anyone in one scope.
    pub fn presence<P, F>(&mut self, scope: Scope, handler: F)
    where
        P: Payload + 'static,
        F: Fn(&StanzaContext<'_>, P) -> Flow + Send + Sync + 'static,
    {
        self.stanza_from(
            Kind::Presence,
            &[scope],
            Only::ANY,
            &[Sender::Anyone],
            handler,
        );
    }

    /// Handles a payload of messages or presences in several scopes, from certain senders only. A
    /// payload that does not decode is passed over: there is nobody to complain to.
    pub fn stanza_from<P, F>(
        &mut self,
        kind: Kind,
        scopes: &[Scope],
        only: Only,
        senders: &'static [Sender],
        handler: F,
    ) where
        P: Payload + 'static,
        F: Fn(&StanzaContext<'_>, P) -> Flow + Send + Sync + 'static,
    {
        let function: StanzaFunction = Arc::new(move |cx: &StanzaContext<'_>| {
            match cx.stanza.decode::<P>() {
                Some(Ok(payload)) => handler(cx, payload),
                Some(Err(error)) => {
                    tracing::debug!(%error, payload = P::NAME, ns = P::NS, "passed over a payload");
                    Flow::Continue
                }
                None => Flow::Continue,
            }
        });
        match kind {
            Kind::Message => self.messages = true,
            Kind::Presence => self.presences = true,
            Kind::Iq => {}
        }
        for (&scope, &ns) in in_each(scopes, P::NAMESPACES) {
            let key = Key {
                scope,
                kind,
                type_: None,
                ns,
                name: P::NAME,
            };
            let entry = StanzaEntry {
                only,
                senders,
                function: Arc::clone(&function),
            };
            self.stanzas.entry(key).or_default().push(entry);
        }
    }

    /// Puts a layer around every request handler registered so far; the layer added last is outermost.
    pub fn layer<L>(&mut self, layer: L)
    where
        L: Layer<IqService>,
        L::Service: Service<IqRequest, Response = Stanza, Error = StanzaError>
            + Clone
            + Send
            + Sync
            + 'static,
        <L::Service as Service<IqRequest>>::Future: Send + 'static,
    {
        for entry in self.requests.values_mut().flatten() {
            entry.service = IqService::new(layer.layer(entry.service.clone()));
        }
    }

    /// Says how to tell whether somebody is a [`Sender::Contact`], a [`Sender::Room`] or a
    /// [`Sender::NodeOwner`]. Without, nobody is.
    pub fn check_sender(&mut self, sender: Sender, check: SenderCheck) {
        self.senders.add(sender, check);
    }

    /// Removes an element, in every copy, from messages and presences of anyone but these senders.
    pub fn strip(
        &mut self,
        kinds: &[Kind],
        name: &'static str,
        ns: &'static str,
        senders: &'static [Sender],
    ) {
        self.strips.add(kinds, name, ns, senders);
    }

    /// What has to be removed from a stanza that came this way, to the account `own`.
    pub(crate) fn removal(
        &self,
        host: &Arc<Host>,
        stanza: &Stanza,
        origin: Origin,
        own: &BareJid,
    ) -> Removal {
        self.strips
            .removal(&self.senders, host, stanza, origin, own)
    }

    /// Answers a request: the result, or the error that the handler returned or dispatch found.
    ///
    /// `own` is the account that is meant (in a client, its own). The stanza is a get or set with an
    /// identifier and one payload.
    pub fn answer(&self, request: IqRequest, own: &BareJid) -> BoxFuture<'static, Stanza> {
        request::answer(self, request, own)
    }

    /// The error for a request that nobody handles. What only the owner of an account may ask is forbidden to
    /// others (RFC 6121 §2.3.3), for every account alike, so that it does not tell which exist.
    pub(crate) fn unhandled(&self, scope: Scope, stanza: &Stanza) -> Condition {
        let of_owner = |payload: Child<'_>| {
            self.request(Scope::OwnAccount, stanza.type_(), payload)
                .is_some()
        };
        if scope == Scope::OtherAccount && stanza.payload().is_some_and(of_owner) {
            Condition::Forbidden
        } else {
            Condition::ServiceUnavailable
        }
    }

    /// Runs the handlers of a message or presence, in the order they were declared, as long as they
    /// return [`Flow::Continue`].
    pub fn handle_stanza(
        &self,
        host: &Arc<Host>,
        stanza: &Stanza,
        session: Option<&Arc<Resource>>,
        scope: Scope,
        own: &BareJid,
    ) -> Flow {
        let kind = stanza.head().kind;
        let any = match kind {
            Kind::Message => self.messages,
            Kind::Presence => self.presences,
            Kind::Iq => false,
        };
        if !any {
            return Flow::Continue;
        }
        let from = stanza.head().from.as_ref();
        let mut functions = Calls::new();
        for child in stanza.children() {
            let key = Key {
                scope,
                kind,
                type_: None,
                ns: child.ns(),
                name: child.name(),
            };
            let everywhere = every_service(&key).and_then(|key| self.stanzas.get(&key));
            let entries = self.stanzas.get(&key).into_iter().chain(everywhere);
            let entries = entries.flatten();
            // Few ask for a node or form: most payloads need no second look.
            let taken =
                |entry: &&StanzaEntry| entry.only == Only::ANY || entry.only.takes(child.element());
            for entry in entries.filter(taken) {
                match self.senders.permit(entry.senders, host, from, own) {
                    Permit::Yes => functions.push((Arc::clone(&entry.function), None)),
                    Permit::Ask(asked) => {
                        functions.push((Arc::clone(&entry.function), Some(asked)));
                    }
                    Permit::No => {}
                }
            }
        }
        run(functions, host, stanza, session, scope)
    }

    /// The handler of a request; of several the one that asks for more.
    fn request<'a>(
        &'a self,
        scope: Scope,
        type_: StanzaType,
        payload: Child<'a>,
    ) -> Option<&'a IqEntry> {
        let key = Key {
            scope,
            kind: Kind::Iq,
            type_: Some(type_),
            ns: payload.ns(),
            name: payload.name(),
        };
        let taking = |key: &Key<'a>| match find(&self.requests, key)?.as_slice() {
            [only] if only.only == Only::ANY => Some(only),
            several => several
                .iter()
                .find(|entry| entry.only.takes(payload.element())),
        };
        taking(&key).or_else(|| taking(&every_service(&key)?))
    }

    fn permit(&self, entry: &IqEntry, host: &Arc<Host>, from: &Jid, own: &BareJid) -> Permit {
        self.senders.permit(entry.senders, host, Some(from), own)
    }
}

/// What handlers for every service are known by.
fn every_service<'a>(key: &Key<'a>) -> Option<Key<'a>> {
    matches!(key.scope, Scope::Service(_)).then_some(Key {
        scope: Scope::Service("*"),
        ..*key
    })
}

/// The handlers of a key whose names are borrowed: the map is covariant in its key.
fn find<'a>(
    requests: &'a HashMap<Key<'a>, SmallVec<[IqEntry; 1]>>,
    key: &Key<'a>,
) -> Option<&'a SmallVec<[IqEntry; 1]>> {
    requests.get(key)
}

/// Each scope with each namespace.
fn in_each<'a>(
    scopes: &'a [Scope],
    namespaces: &'static [&'static str],
) -> impl Iterator<Item = (&'a Scope, &'static &'static str)> {
    let scopes = scopes.iter();
    scopes.flat_map(|scope| namespaces.iter().map(move |ns| (scope, ns)))
}

/// Calls functions one after another; those after one that waits wait with it.
fn run(
    functions: Calls,
    host: &Arc<Host>,
    stanza: &Stanza,
    session: Option<&Arc<Resource>>,
    scope: Scope,
) -> Flow {
    let mut functions = functions.into_iter();
    let later = |rest: Calls, wait: BoxFuture<'static, Option<Flow>>| {
        let (host, stanza, session) = (Arc::clone(host), stanza.clone(), session.cloned());
        Flow::wait(async move {
            match wait.await {
                None => run(rest, &host, &stanza, session.as_ref(), scope),
                Some(decided) => decided,
            }
        })
    };
    while let Some((function, asked)) = functions.next() {
        let cx = StanzaContext {
            host,
            stanza,
            session,
            scope,
        };
        let flow = match asked {
            None => function(&cx),
            Some(asked) => {
                let (host, stanza, session) = (Arc::clone(host), stanza.clone(), session.cloned());
                Flow::wait(async move {
                    if !asked.await {
                        return Flow::Continue;
                    }
                    function(&StanzaContext {
                        host: &host,
                        stanza: &stanza,
                        session: session.as_ref(),
                        scope,
                    })
                })
            }
        };
        match flow {
            Flow::Continue => {}
            waiting @ (Flow::Wait(_) | Flow::Until(_)) => {
                let wait = async move {
                    match waiting.settled().await {
                        Flow::Continue => None,
                        decided => Some(decided),
                    }
                };
                return later(functions.collect(), Box::pin(wait));
            }
            decided => return decided,
        }
    }
    Flow::Continue
}
