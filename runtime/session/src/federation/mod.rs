//! Streams to and from other servers (RFC 6120, XEP-0220, XEP-0178, XEP-0288).
//!
//! The router hands a stanza for a domain that is not ours to [`Federation`]. It finds, or makes, the stream for the pair of
//! domains that sender and addressee belong to; until there is one the stanza waits in an [`Outbox`], and when there will be
//! none it goes back. Streams that others open are negotiated and read in `incoming`, those that we open in `outgoing`.

mod certificate;
mod connections;
mod dialback;
mod incoming;
mod negotiate;
mod outgoing;
mod policy;
mod resolve;
mod tls;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rustls::pki_types::UnixTime;
use sestina_wire::clock::{Clock, Random};
use sestina_wire::negotiation::FeatureRow;
use sestina_wire::{BareJid, Condition, Limits, Stanza, StanzaError, StreamError};
use tokio::sync::Semaphore;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::host::Host;
use crate::link::{self, Given, Links, Outbox};
use crate::router::{Destination, Outcome, Routed, Router, Source};
use crate::tls::TlsError;
use crate::transport::Transport;

use self::dialback::Keys;
use self::resolve::Resolver;

pub use certificate::Authorities;
pub use connections::{Connections, Direction, Streams};
pub use policy::{Authentication, DomainPolicy, FederationConfig, FederationLimits};
pub use tls::Identity;

/// Why there is no stream to another server.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the domain has no server")]
    NotFound,
    #[error("connection: {0}")]
    Io(#[from] io::Error),
    #[error("TLS: {0}")]
    Tls(io::Error),
    #[error("its certificate is not for the domain, or not to be believed")]
    Certificate,
    #[error("it does not offer what is needed")]
    NoWay,
    #[error("it ended the stream: {0}")]
    Ended(StreamError),
    #[error("it sent what it may not: {0}")]
    Fault(StreamError),
    #[error("it closed the stream")]
    Closed,
    #[error("it does not believe us")]
    Refused,
    #[error("it takes too long")]
    TimedOut,
}

impl Failure {
    /// Whether the next attempt would fail in the same way.
    fn is_final(&self) -> bool {
        matches!(
            self,
            Failure::NotFound | Failure::Certificate | Failure::NoWay | Failure::Refused
        )
    }

    /// What those are told whose stanzas come back (RFC 6120 §8.3.3.16, §8.3.3.17; XEP-0220 §2.1.1).
    fn condition(&self) -> Condition {
        match self {
            Failure::NotFound => Condition::RemoteServerNotFound,
            Failure::Refused => Condition::InternalServerError,
            _ => Condition::RemoteServerTimeout,
        }
    }
}

/// A domain of ours and one of another server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pair {
    local: Box<str>,
    remote: Box<str>,
}

impl Pair {
    fn new(local: &str, remote: &str) -> Pair {
        Pair {
            local: local.into(),
            remote: remote.into(),
        }
    }
}

/// Where the stanzas of a pair go.
enum Route {
    /// There is a stream, or it is being made.
    Open(Arc<Outbox>),
    /// It could not be made, and is not tried for a while.
    Failed(Condition),
    /// It could not be made, so many times in a row.
    Rested(u32),
}

/// What makes up a domain of ours for other servers.
struct Local {
    domain: BareJid,
    acceptor: Option<TlsAcceptor>,
    connector: TlsConnector,
    direct: TlsConnector,
    /// Whether certificates prove who somebody is (XEP-0178).
    certificates: bool,
    /// Whether there is one of our own to log in with.
    shows_certificate: bool,
    dialback: bool,
    bidi: bool,
}

/// What federation needs of its server.
pub(crate) struct FederationParts {
    pub(crate) router: Arc<Router>,
    pub(crate) config: FederationConfig,
    pub(crate) table: Arc<[FeatureRow]>,
    pub(crate) limits_before: Limits,
    pub(crate) limits: Limits,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) links: Arc<Links>,
    /// How long a sender waits for a server that does not read.
    pub(crate) patience: Duration,
}

/// The way to other servers, and from them.
pub(crate) struct Federation {
    me: Weak<Federation>,
    parts: FederationParts,
    locals: HashMap<Box<str>, Arc<Local>>,
    direct: Option<TlsAcceptor>,
    resolver: Resolver,
    keys: Keys,
    routes: Mutex<HashMap<Pair, Route>>,
    verifications: Arc<Semaphore>,
    /// Connections of other servers.
    incoming: Arc<Links>,
    connections: Arc<Connections>,
}

impl Federation {
    /// For these hosts, and for components of these domains.
    pub(crate) fn new(
        parts: FederationParts,
        hosts: &[Arc<Host>],
        components: &[BareJid],
    ) -> Result<Arc<Federation>, TlsError> {
        let mut locals = HashMap::new();
        for host in hosts {
            let domain = host.domain();
            let local = local(&parts.config, domain, host)?;
            locals.insert(domain.domain().into(), Arc::new(local));
        }
        let mut of_services = Vec::new();
        for host in hosts {
            for service in host.claimed() {
                let local = local(&parts.config, &service.domain, host)?;
                let domain = service.domain.domain();
                locals.insert(domain.into(), Arc::new(local));
                let identities = &parts.config.identities;
                if let (None, Some(identity)) = (
                    identities.get(domain),
                    identities.get(host.domain().domain()),
                ) {
                    of_services.push((domain.to_owned(), identity.clone()));
                }
            }
        }
        for domain in components {
            // A component is as its host; one that belongs to none is as the first.
            let parent = hosts.iter().find(|host| {
                let rest = domain.domain().strip_suffix(host.domain().domain());
                rest.is_some_and(|rest| rest.ends_with('.'))
            });
            let Some(host) = parent.or(hosts.first()) else {
                continue;
            };
            let local = local(&parts.config, domain, host)?;
            locals.insert(domain.domain().into(), Arc::new(local));
        }
        // Where a service shows the certificate of its host, the host's own entry stays the first.
        let own = parts.config.identities.iter();
        let own = own.map(|(domain, identity)| (domain.clone(), identity.clone()));
        let identities = own.chain(of_services);
        let identities = identities.filter_map(|(domain, identity)| {
            let domain = domain.as_str();
            let ascii = idna::domain_to_ascii_strict(domain).ok()?;
            Some((ascii, identity))
        });
        let direct = tls::direct_acceptor(identities.collect())?;
        let secret = match &parts.config.secret {
            Some(secret) => Keys::new(secret.expose_secret()),
            None => Keys::new(&format!("{}{}", parts.random.token(), parts.random.token())),
        };
        let limits = parts.config.limits;
        Ok(Arc::new_cyclic(|me| Federation {
            me: Weak::clone(me),
            resolver: Resolver::new(&parts.config.resolver, Arc::clone(&parts.random)),
            keys: secret,
            routes: Mutex::default(),
            verifications: Arc::new(Semaphore::new(limits.verifications)),
            incoming: Links::new(limits.incoming),
            connections: hosts
                .first()
                .map(|host| Connections::of(host))
                .unwrap_or_default(),
            locals,
            direct,
            parts,
        }))
    }

    /// Counts the connections of other servers.
    pub(crate) fn incoming(&self) -> &Arc<Links> {
        &self.incoming
    }

    /// Serves a connection that another server made; `direct` when TLS begins with it.
    pub(crate) async fn serve(self: Arc<Self>, transport: Transport, direct: bool) {
        incoming::serve(self, transport, direct).await;
    }

    fn limits(&self) -> &FederationLimits {
        &self.parts.config.limits
    }

    fn policy(&self, domain: &str) -> &DomainPolicy {
        self.parts.config.policy(domain)
    }

    fn local(&self, domain: &str) -> Option<&Arc<Local>> {
        self.locals.get(domain)
    }

    /// Whether the certificate of a connection proves that the other side serves the domain.
    fn proves(&self, transport: &Transport, domain: &str) -> bool {
        let Some(chain) = transport.peer_certificates() else {
            return false;
        };
        let seconds = self.parts.clock.now().as_second();
        let now = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
        let authorities = &self.parts.config.authorities;
        authorities.prove(chain, domain, UnixTime::since_unix_epoch(now))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Pair, Route>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where stanzas of the pair wait; a stream is made where there is none.
    fn outbox(&self, pair: &Pair) -> Result<Arc<Outbox>, Condition> {
        let mut routes = self.lock();
        let failures = match routes.get(pair) {
            Some(Route::Open(outbox)) if !outbox.is_closed() => return Ok(Arc::clone(outbox)),
            Some(Route::Failed(condition)) => return Err(*condition),
            Some(Route::Rested(failures)) => *failures,
            Some(Route::Open(_)) => 0,
            None if routes.len() >= self.limits().outgoing => {
                return Err(Condition::ResourceConstraint);
            }
            None => 0,
        };
        let Some(this) = self.me.upgrade() else {
            return Err(Condition::RemoteServerTimeout);
        };
        let outbox = Arc::new(Outbox::new(self.limits().queue_bytes));
        routes.insert(pair.clone(), Route::Open(Arc::clone(&outbox)));
        drop(routes);
        let (pair, given) = (pair.clone(), Arc::clone(&outbox));
        tokio::spawn(async move { outgoing::run(this, pair, given, failures).await });
        Ok(outbox)
    }

    /// A stream that the other server made takes stanzas of the pair as well (XEP-0288), where there is no other.
    fn adopt(&self, pair: &Pair, outbox: &Arc<Outbox>) {
        let mut routes = self.lock();
        match routes.get(pair) {
            Some(Route::Open(other)) if !other.is_closed() => {}
            None if routes.len() >= self.limits().outgoing => {}
            _ => {
                routes.insert(pair.clone(), Route::Open(Arc::clone(outbox)));
            }
        }
    }

    /// The stream is gone; another one of the pair stays.
    fn forget(&self, pair: &Pair, outbox: &Arc<Outbox>) {
        let mut routes = self.lock();
        if let Some(Route::Open(now)) = routes.get(pair)
            && Arc::ptr_eq(now, outbox)
        {
            routes.remove(pair);
        }
    }

    /// No stream of the pair can be made. What waited comes back, and so does what comes for a while.
    async fn give_up(&self, pair: Pair, outbox: &Arc<Outbox>, failure: &Failure, failures: u32) {
        let condition = failure.condition();
        tracing::info!(local = &*pair.local, remote = &*pair.remote, %failure, "no stream");
        {
            let mut routes = self.lock();
            let is_ours =
                matches!(routes.get(&pair), Some(Route::Open(now)) if Arc::ptr_eq(now, outbox));
            if is_ours {
                routes.insert(pair.clone(), Route::Failed(condition));
            }
        }
        self.bounce(outbox, condition);
        let rest = self.limits().retry * (1 << failures.min(6));
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = self.parts.links.stopped() => return,
        }
        {
            let mut routes = self.lock();
            if matches!(routes.get(&pair), Some(Route::Failed(_))) {
                routes.insert(pair.clone(), Route::Rested(failures.saturating_add(1)));
            }
        }
        // Who has not been asked for in a while begins anew.
        tokio::select! {
            () = tokio::time::sleep(rest * 2) => {}
            () = self.parts.links.stopped() => return,
        }
        let mut routes = self.lock();
        if matches!(routes.get(&pair), Some(Route::Rested(_))) {
            routes.remove(&pair);
        }
    }

    /// What waits goes back to where it came from.
    fn bounce(&self, outbox: &Outbox, condition: Condition) {
        for stanza in outbox.close() {
            let router = &self.parts.router;
            router
                .return_to_sender(&stanza, StanzaError::new(condition))
                .detach();
        }
    }
}

fn local(config: &FederationConfig, domain: &BareJid, host: &Host) -> Result<Local, TlsError> {
    let of = |domain: &str| config.identities.get(domain);
    let identity = of(domain.domain()).or_else(|| of(host.domain().domain()));
    let certificates = host.has_plugin("xep-0178");
    Ok(Local {
        domain: domain.clone(),
        acceptor: identity.map(Identity::acceptor).transpose()?,
        connector: tls::connector(identity, false)?,
        direct: tls::connector(identity, true)?,
        certificates,
        shows_certificate: certificates && identity.is_some(),
        dialback: host.has_plugin("xep-0220"),
        bidi: host.has_plugin("xep-0288"),
    })
}

impl Destination for Federation {
    fn route(&self, stanza: Stanza, _source: &Source) -> Routed {
        let refused = |condition| Routed::Now(Outcome::Refused(StanzaError::new(condition)));
        let (Some(from), Some(to)) = (stanza.from(), stanza.to()) else {
            return refused(Condition::BadRequest);
        };
        if self.local(from.domain()).is_none() || self.local(to.domain()).is_some() {
            return refused(Condition::RemoteServerNotFound);
        }
        if !self.policy(to.domain()).allow {
            return refused(Condition::NotAllowed);
        }
        let pair = Pair::new(from.domain(), to.domain());
        // A stream may be closed for want of work in this very moment.
        for _ in 0..3 {
            let outbox = match self.outbox(&pair) {
                Ok(outbox) => outbox,
                Err(condition @ Condition::ResourceConstraint) => {
                    let text =
                        "streams to as many other domains are open as may be; try again later";
                    let error = StanzaError::new(condition).with_text(text);
                    return Routed::Now(Outcome::Refused(error));
                }
                Err(condition) => return refused(condition),
            };
            match outbox.give(&stanza) {
                Given::Queued => return Routed::Now(Outcome::Elsewhere),
                Given::Closed => {}
                Given::Full => {
                    let gone = Condition::RemoteServerTimeout;
                    return link::give(&outbox, stanza, self.parts.patience, gone);
                }
            }
        }
        refused(Condition::RemoteServerTimeout)
    }
}
