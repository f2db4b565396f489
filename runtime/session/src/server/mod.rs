//! The server: hosts, listeners and connections.

mod access;
mod builder;
mod connection;
mod ending;
mod keep_alive;
mod listener;
mod named;
mod start;
mod sweeper;

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use ipnet::IpNet;
use sestina_wire::{BareJid, StreamCondition, StreamError};
use tokio::sync::{Notify, watch};

use crate::host::Host;
use crate::http::Routes;
use crate::link::Links;
use crate::metrics;
use crate::plugin::PluginManager;
use crate::router::Router;
use crate::session::AcceptConfig;
use crate::transport::{Transport, memory};
use crate::web::Entrance;

pub use builder::{HostConfig, ServerBuilder, ServerLimits, StartError};
pub use ipnet;
pub(crate) use listener::is_of_one_connection;
pub use listener::{Entry, Listener};
pub use sweeper::Sweeper;

use named::Named;
use sweeper::Sweeping;

/// How long a shutdown waits for connections to take their goodbye.
const FAREWELL: Duration = Duration::from_secs(10);

/// What every connection of a server needs.
struct Shared {
    router: Arc<Router>,
    accept: Arc<AcceptConfig>,
    /// Connections at a time.
    cap: usize,
    open: AtomicUsize,
    /// Woken when the last connection is gone.
    idle: Notify,
    stopping: watch::Receiver<bool>,
    doors: Entrances,
    /// Who answers to HTTP.
    routes: OnceLock<Arc<Routes>>,
}

/// What listeners need beside what a stream is negotiated with.
#[derive(Default)]
struct Entrances {
    /// The certificates, for what is encrypted first.
    named: Named,
    /// Whose word on where a connection comes from is taken.
    proxies: Vec<IpNet>,
}

impl Shared {
    fn new(
        router: Arc<Router>,
        accept: Arc<AcceptConfig>,
        cap: usize,
        stopping: watch::Receiver<bool>,
        doors: Entrances,
    ) -> Self {
        Shared {
            router,
            accept,
            cap,
            doors,
            routes: OnceLock::new(),
            open: AtomicUsize::new(0),
            idle: Notify::new(),
            stopping,
        }
    }

    fn router(&self) -> &Arc<Router> {
        &self.router
    }

    fn accept(&self) -> &Arc<AcceptConfig> {
        &self.accept
    }

    fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.clone()
    }

    /// Whether this is an address of ours through which others come.
    fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.doors.proxies.iter().any(|net| net.contains(&address))
    }

    /// The settings of TLS for a client that names a host, or none.
    fn tls(&self, name: Option<&str>, protocol: &'static str) -> Option<crate::tls::TlsServer> {
        self.doors.named.config(name, protocol)
    }

    fn routes(&self) -> Option<Arc<Routes>> {
        self.routes.get().cloned()
    }

    /// Gives a connection its task, or turns it away when there are too many; whether it did.
    fn serve(self: &Arc<Self>, transport: Transport) -> bool {
        self.spawn(listener::serve(transport, Arc::clone(self)))
    }

    /// Gives what a connection is served by a task of its own, or drops it when there are too many; whether it did.
    fn spawn(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) -> bool {
        if self.open.fetch_add(1, Ordering::AcqRel) >= self.cap {
            self.closed();
            metrics::count(metrics::CONNECTIONS_REFUSED);
            return false;
        }
        metrics::count(metrics::CONNECTIONS_ACCEPTED);
        metrics::raise(metrics::CONNECTIONS_OPEN);
        let guard = Open(Arc::clone(self));
        tokio::spawn(async move {
            let _guard = guard;
            work.await;
        });
        true
    }

    fn closed(&self) {
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.idle.notify_waiters();
        }
    }

    /// Waits until no connection is left.
    async fn idle(&self) {
        loop {
            let notified = self.idle.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.open.load(Ordering::Acquire) == 0 {
                return;
            }
            notified.await;
        }
    }
}

/// Where streams go that came by HTTP. Its owner is the table of paths, which the server owns.
struct WebEntrance(Weak<Shared>, Arc<AcceptConfig>);

impl Entrance for WebEntrance {
    fn enter(&self, transport: Transport) -> bool {
        self.0
            .upgrade()
            .is_some_and(|shared| shared.serve(transport))
    }

    fn work(&self, work: BoxFuture<'static, ()>) -> bool {
        self.0.upgrade().is_some_and(|shared| shared.spawn(work))
    }

    fn requires_tls(&self) -> bool {
        self.1.require_tls
    }

    fn serves(&self, domain: &str) -> bool {
        let domain = BareJid::new(None, domain);
        domain.is_ok_and(|domain| self.1.hosts.host(domain.domain()).is_some())
    }

    fn config(&self) -> &AcceptConfig {
        &self.1
    }
}

/// Counts a connection as long as its task lives, also when it panics.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        metrics::lower(metrics::CONNECTIONS_OPEN);
        self.0.closed();
    }
}

/// A running server. Dropped without [`shutdown`](Server::shutdown), it takes no new connections and
/// those there are end by themselves.
pub struct Server {
    shared: Arc<Shared>,
    listeners: Vec<(SocketAddr, Entry)>,
    managers: Vec<PluginManager>,
    sweeping: Vec<Sweeping>,
    stop: watch::Sender<bool>,
    links: Arc<Links>,
    component_addresses: Vec<SocketAddr>,
    server_addresses: Vec<SocketAddr>,
    /// The connections of other servers.
    incoming: Option<Arc<Links>>,
}

impl Server {
    fn new(
        shared: Arc<Shared>,
        listeners: Vec<(SocketAddr, Entry)>,
        managers: Vec<PluginManager>,
        sweeping: Vec<Sweeping>,
        stop: watch::Sender<bool>,
    ) -> Self {
        Server {
            shared,
            listeners,
            managers,
            sweeping,
            stop,
            links: Links::new(0),
            component_addresses: Vec::new(),
            server_addresses: Vec::new(),
            incoming: None,
        }
    }

    /// Starts to describe a server.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::new()
    }

    /// The addresses it listens on, with the real ports, in the order they were given.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(|(address, _)| *address).collect()
    }

    /// The same with how clients come in there.
    pub fn listeners(&self) -> &[(SocketAddr, Entry)] {
        &self.listeners
    }

    /// The addresses it listens on for components, with the real ports, in the order they were given.
    pub fn component_addresses(&self) -> &[SocketAddr] {
        &self.component_addresses
    }

    /// The addresses it listens on for other servers, with the real ports, in the order they were given.
    pub fn server_addresses(&self) -> &[SocketAddr] {
        &self.server_addresses
    }

    /// Connections of other servers that are open now, ready or not.
    pub fn server_connections(&self) -> usize {
        self.incoming.as_ref().map_or(0, |incoming| incoming.open())
    }

    /// Streams to components and to other servers that are open now.
    pub fn links(&self) -> usize {
        self.links.open()
    }

    /// A host by domain.
    pub fn host(&self, domain: &str) -> Option<Arc<Host>> {
        self.shared.router.host(domain)
    }

    /// The router, to add services, components or the way to other servers.
    pub fn router(&self) -> &Arc<Router> {
        &self.shared.router
    }

    /// Connections open now, ready or not.
    pub fn connections(&self) -> usize {
        self.shared.open.load(Ordering::Acquire)
    }

    /// A connection that goes through no network, for tests and for clients in the same process. It
    /// counts as private, as if TLS protected it; see [`Transport::trusted`].
    pub fn connect_memory(&self) -> Transport {
        let (ours, theirs) = memory::pair();
        self.shared.serve(ours.trusted());
        theirs.trusted()
    }

    /// Ends every session with `system-shutdown`, writes what is queued, stops the plugins. The storage
    /// is left open: it belongs to whoever brought it.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        for sweeping in self.sweeping {
            sweeping.stop().await;
        }
        let shared = &self.shared;
        let farewell = async {
            // A session may come out of negotiation just now, so look more than once.
            loop {
                for host in shared.router.hosts() {
                    for account in host.online_accounts() {
                        for resource in account.resources() {
                            resource.end(Some(StreamError::new(StreamCondition::SystemShutdown)));
                        }
                    }
                }
                if tokio::time::timeout(Duration::from_millis(200), shared.idle())
                    .await
                    .is_ok()
                {
                    return;
                }
            }
        };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!(
                connections = shared.open.load(Ordering::Acquire),
                "shutting down with connections open"
            );
        }
        for manager in self.managers.iter().rev() {
            manager.stop().await;
        }
        // Last, so that components and other servers learn of the sessions that ended.
        self.links.stop(FAREWELL).await;
        if let Some(incoming) = &self.incoming {
            incoming.stop(FAREWELL).await;
        }
    }
}
