//! The router: by domain first, then by account, then by session.

#[cfg(any(feature = "client", feature = "server"))]
mod channel;
mod delivering;
mod service;

#[cfg(any(feature = "client", feature = "server"))]
pub(crate) use channel::Channel;
use std::collections::HashMap;
use std::future::IntoFuture;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};

use futures_util::future::BoxFuture;
use sestina_wire::{BareJid, Condition, Stanza, StanzaError, StanzaType};

use crate::host::{Host, Resource};

use self::delivering::Delivering;
pub(crate) use self::delivering::{Line, room};
pub(crate) use self::service::Claimed;
pub use self::service::{Service, Taken, Turn};

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

    /// Lets the stanza find its way alone. Called within a Tokio runtime.
    pub fn detach(self) {
        if let Routed::Later(future) = self {
            tokio::spawn(future);
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
#[derive(Clone, Debug)]
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

/// Where the stanzas of a host go: the router of a server, the stream of a client.
pub trait Outlet: Send + Sync + 'static {
    /// Sends a stanza on its way. `host` is where it enters.
    fn route(&self, host: &Arc<Host>, stanza: Stanza, source: Source) -> Routed;

    /// Writes a stanza to one session of the host.
    fn deliver_to(&self, host: &Arc<Host>, resource: &Arc<Resource>, stanza: Stanza) -> Routed;
}

/// What answers for a domain.
#[derive(Clone)]
enum Domain {
    Host(Arc<Host>),
    /// A named service of a host: its requests go to the host's mux, in the service's scope.
    Service(Arc<Host>, &'static str, Option<Arc<dyn Service>>),
    Other(Arc<dyn Destination>),
}

/// Routes stanzas between the hosts, services and components of one server, and out of it.
pub struct Router {
    me: Weak<Router>,
    domains: RwLock<HashMap<Box<str>, Domain>>,
    remote: OnceLock<Arc<dyn Destination>>,
}

impl Router {
    /// A router without hosts.
    pub fn new() -> Arc<Router> {
        Arc::new_cyclic(|me| Router {
            me: Weak::clone(me),
            domains: RwLock::default(),
            remote: OnceLock::new(),
        })
    }

    /// Adds a virtual host and makes this router its way out.
    pub fn add_host(self: &Arc<Self>, host: &Arc<Host>) {
        self.insert(host.domain().domain(), Domain::Host(Arc::clone(host)));
        host.connect(Arc::new(OfHost(Weak::clone(&self.me))));
    }

    /// Adds a named service of a host: iq requests to its domain, to rooms and nodes on it, are
    /// dispatched by the host's mux in [`Scope::Service`](sestina_wire::dispatch::Scope::Service).
    pub fn add_service(&self, domain: &str, host: &Arc<Host>, name: &'static str) {
        self.insert(domain, Domain::Service(Arc::clone(host), name, None));
    }

    /// Adds the services that plugins of a host have claimed domains for, or says which domain has an owner already.
    pub(crate) fn add_services_of(&self, host: &Arc<Host>) -> Result<(), BareJid> {
        for service in host.claimed() {
            let domain = service.domain.domain();
            if self.serves(domain) {
                return Err(service.domain.clone());
            }
            let takes = service.takes.clone();
            let entry = Domain::Service(Arc::clone(host), service.name, takes);
            self.insert(domain, entry);
        }
        Ok(())
    }

    /// Adds something that takes whole stanzas for a domain, such as a component.
    pub fn add(&self, domain: &str, destination: Arc<dyn Destination>) {
        self.insert(domain, Domain::Other(destination));
    }

    /// Takes a domain out.
    pub fn remove(&self, domain: &str) -> bool {
        self.domains
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(domain)
            .is_some()
    }

    /// Says who takes stanzas for every other domain. The first one counts; without, they are answered
    /// with `remote-server-not-found` (RFC 6120 §10.4).
    pub fn set_remote(&self, destination: Arc<dyn Destination>) {
        let _ = self.remote.set(destination);
    }

    /// Whether something of this server answers for the domain.
    pub fn serves(&self, domain: &str) -> bool {
        self.domain(domain).is_some()
    }

    /// The virtual host of a domain.
    pub fn host(&self, domain: &str) -> Option<Arc<Host>> {
        match self
            .domains
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(domain)?
        {
            Domain::Host(host) => Some(Arc::clone(host)),
            _ => None,
        }
    }

    /// The virtual hosts.
    pub fn hosts(&self) -> Vec<Arc<Host>> {
        let domains = self.domains.read().unwrap_or_else(PoisonError::into_inner);
        let host = |domain: &Domain| match domain {
            Domain::Host(host) => Some(Arc::clone(host)),
            _ => None,
        };
        domains.values().filter_map(host).collect()
    }

    /// Takes a stanza that a local session sent, `from` stamped, through every stage, behind those of the line.
    pub(crate) fn receive(
        self: &Arc<Self>,
        host: &Arc<Host>,
        session: &Arc<Resource>,
        stanza: Stanza,
        line: &mut Line,
    ) {
        line.take(Delivering::received(
            Arc::clone(self),
            Arc::clone(host),
            Arc::clone(session),
            stanza,
        ));
    }

    /// Answers an acceptable stanza that cannot go any way with an error to the session it came from.
    pub(crate) fn refuse(
        self: &Arc<Self>,
        host: &Arc<Host>,
        session: &Arc<Resource>,
        stanza: Stanza,
        error: StanzaError,
    ) -> Routed {
        let source = Source::Session(Arc::clone(session));
        Delivering::refused(Arc::clone(self), Arc::clone(host), source, stanza, error).start()
    }

    /// Takes a stanza from a component or from another server, whose sender is verified, behind those of the line. Errors go
    /// back to it.
    pub(crate) fn enter(self: &Arc<Self>, stanza: Stanza, line: &mut Line) {
        let Some(to) = stanza.to() else {
            return;
        };
        let routed = match self.domain(to.domain()) {
            Some(Domain::Host(host) | Domain::Service(host, ..)) => {
                let router = Arc::clone(self);
                return line.take(Delivering::routed(router, host, Source::Outside, stanza));
            }
            Some(Domain::Other(destination)) => destination.route(stanza.clone(), &Source::Outside),
            None => self.elsewhere(stanza.clone(), &Source::Outside),
        };
        line.push(match routed {
            Routed::Now(Outcome::Refused(error)) => self.return_to_sender(&stanza, error),
            Routed::Now(_) => return,
            Routed::Later(future) => {
                let router = Arc::clone(self);
                Routed::Later(Box::pin(async move {
                    match future.await {
                        Outcome::Refused(error) => router.return_to_sender(&stanza, error).await,
                        outcome => outcome,
                    }
                }))
            }
        });
    }

    /// Tells the sender of a stanza, wherever it is, that the stanza cannot be delivered; not in answer to an error or a
    /// result.
    pub(crate) fn return_to_sender(
        self: &Arc<Self>,
        stanza: &Stanza,
        error: StanzaError,
    ) -> Routed {
        let refused = Outcome::Refused(error.clone());
        if matches!(stanza.type_(), StanzaType::Error | StanzaType::Result) {
            return Routed::Now(refused);
        }
        match self.send(stanza.error(&error)) {
            Routed::Now(_) => Routed::Now(refused),
            Routed::Later(future) => Routed::Later(Box::pin(async move {
                future.await;
                refused
            })),
        }
    }

    /// Sends a stanza in the name of the server, to wherever it is addressed. What cannot be delivered ends here.
    pub(crate) fn send(self: &Arc<Self>, stanza: Stanza) -> Routed {
        let Some(to) = stanza.to() else {
            return Routed::Now(Outcome::NoSession);
        };
        match self.domain(to.domain()) {
            Some(Domain::Host(host) | Domain::Service(host, ..)) => {
                Delivering::routed(Arc::clone(self), host, Source::Server, stanza).start()
            }
            Some(Domain::Other(destination)) => destination.route(stanza, &Source::Server),
            None => self.elsewhere(stanza, &Source::Server),
        }
    }

    fn insert(&self, domain: &str, entry: Domain) {
        self.domains
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(domain.into(), entry);
    }

    fn domain(&self, domain: &str) -> Option<Domain> {
        self.domains
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(domain)
            .cloned()
    }

    fn elsewhere(&self, stanza: Stanza, source: &Source) -> Routed {
        match self.remote.get() {
            Some(remote) => remote.route(stanza, source),
            None => Routed::Now(Outcome::Refused(StanzaError::new(
                Condition::RemoteServerNotFound,
            ))),
        }
    }
}

/// A host's way out. It does not keep the router, which keeps the host.
struct OfHost(Weak<Router>);

impl Outlet for OfHost {
    fn route(&self, host: &Arc<Host>, stanza: Stanza, source: Source) -> Routed {
        match self.0.upgrade() {
            Some(router) => Delivering::routed(router, Arc::clone(host), source, stanza).start(),
            None => Routed::Now(Outcome::NoSession),
        }
    }

    fn deliver_to(&self, host: &Arc<Host>, resource: &Arc<Resource>, stanza: Stanza) -> Routed {
        match self.0.upgrade() {
            Some(router) => {
                Delivering::to_session(router, Arc::clone(host), Arc::clone(resource), stanza)
                    .start()
            }
            None => Routed::Now(Outcome::NoSession),
        }
    }
}
