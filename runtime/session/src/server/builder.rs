//! Describes a server and starts it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use ipnet::IpNet;
use sestina_storage::{Secret, Storage};
use sestina_wire::clock::{Clock, Random, SystemClock, SystemRandom};
use sestina_wire::negotiation::FeatureRow;
use sestina_wire::{BareJid, JidError, Limits};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::accounts::Accounts;
use crate::component::{ComponentAccess, Components, Door};
use crate::federation::{Federation, FederationConfig, FederationParts};
use crate::host::{Host, HostParts, SessionLimits};
use crate::http::Routes;
use crate::link::Links;
use crate::negotiation;
use crate::plugin::{Plugin, PluginError, PluginManager};
use crate::router::Router;
use crate::sasl::{Mechanism, PasswordCheck, Throttle, Throttling, TokenCheck};
use crate::server::access::{Doors, HostBinder};
use crate::server::{Entrances, Entry, Listener, Server, Shared, Sweeper, WebEntrance, listener};
use crate::session::{AcceptConfig, HostAccess, InlineParts, Timeouts};
use crate::tls::TlsServer;
use crate::web::{self, Entrance, WebSettings};

type AddRoutes = Box<dyn FnOnce(&mut Routes) + Send>;
type MakePlugins = Box<dyn FnOnce(&Arc<Host>) -> Result<Vec<Arc<dyn Plugin>>, PluginError> + Send>;

/// One virtual host of a server to be.
pub struct HostConfig {
    domain: BareJid,
    storage: Storage,
    accounts: Accounts,
    make: MakePlugins,
    tls: Option<TlsServer>,
    mechanisms: Vec<Mechanism>,
    passwords: Option<Arc<dyn PasswordCheck>>,
    tokens: Option<Arc<dyn TokenCheck>>,
    decoy_secret: Option<[u8; 32]>,
}

impl HostConfig {
    /// A host of this domain over this storage, without plugins.
    ///
    /// # Errors
    ///
    /// [`JidError`] when this is no domain.
    pub fn new(domain: &str, storage: Storage, accounts: Accounts) -> Result<Self, JidError> {
        Ok(HostConfig {
            domain: BareJid::new(None, domain)?,
            storage,
            accounts,
            make: Box::new(|_| Ok(Vec::new())),
            tls: None,
            mechanisms: Mechanism::ALL.to_vec(),
            passwords: None,
            tokens: None,
            decoy_secret: None,
        })
    }

    /// Makes the host's plugins; called once, when the server starts.
    #[must_use]
    pub fn plugins<F>(mut self, make: F) -> Self
    where
        F: FnOnce(&Arc<Host>) -> Result<Vec<Arc<dyn Plugin>>, PluginError> + Send + 'static,
    {
        self.make = Box::new(make);
        self
    }

    /// The certificate and key of the domain; without, no TLS is offered.
    #[must_use]
    pub fn tls(mut self, tls: TlsServer) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Lets somebody else check passwords. They then come by PLAIN: for SCRAM the keys would have to be here.
    #[must_use]
    pub fn passwords(mut self, check: Arc<dyn PasswordCheck>) -> Self {
        self.passwords = Some(check);
        self
    }

    /// Lets bearer tokens in that somebody else gives out (OAUTHBEARER).
    #[must_use]
    pub fn bearer_tokens(mut self, check: Arc<dyn TokenCheck>) -> Self {
        self.tokens = Some(check);
        self
    }

    /// The SASL mechanisms that may be offered, the preferred one first; all of them unless set. What a mechanism needs
    /// beside decides whether it is: see [`HostAccess::mechanisms`].
    #[must_use]
    pub fn mechanisms(mut self, mechanisms: Vec<Mechanism>) -> Self {
        self.mechanisms = mechanisms;
        self
    }

    /// What the salts of accounts that do not exist are made from. Kept over restarts, it hides which
    /// accounts exist; without, one is drawn at every start.
    #[must_use]
    pub fn decoy_secret(mut self, secret: [u8; 32]) -> Self {
        self.decoy_secret = Some(secret);
        self
    }
}

/// Bounds of a server.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// Connections at a time, ready or not; more are turned away.
    pub connections: usize,
    /// What a stream may send before it has logged in.
    pub before_login: Limits,
    /// What a stream may send after.
    pub after_login: Limits,
    /// Bounds on sessions.
    pub sessions: SessionLimits,
    /// How long negotiation and closing may take.
    pub timeouts: Timeouts,
    /// How failed logins are slowed.
    pub throttling: Throttling,
}

impl Default for ServerLimits {
    fn default() -> Self {
        ServerLimits {
            connections: 100_000,
            before_login: Limits::before_login(),
            after_login: Limits::default(),
            sessions: SessionLimits::default(),
            timeouts: Timeouts::default(),
            throttling: Throttling::default(),
        }
    }
}

/// Makes a server.
pub struct ServerBuilder {
    hosts: Vec<HostConfig>,
    listen: Vec<Listener>,
    proxies: Vec<IpNet>,
    web: WebSettings,
    routes: Vec<AddRoutes>,
    components: Vec<ComponentAccess>,
    listen_components: Vec<SocketAddr>,
    federation: Option<FederationConfig>,
    listen_servers: Vec<(SocketAddr, bool)>,
    sweepers: Vec<Sweeper>,
    table: Vec<FeatureRow>,
    limits: ServerLimits,
    require_tls: bool,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl ServerBuilder {
    pub(super) fn new() -> Self {
        ServerBuilder {
            hosts: Vec::new(),
            listen: Vec::new(),
            proxies: Vec::new(),
            web: WebSettings::default(),
            routes: Vec::new(),
            components: Vec::new(),
            listen_components: Vec::new(),
            federation: None,
            listen_servers: Vec::new(),
            sweepers: Vec::new(),
            table: sestina_types::NEGOTIATION.to_vec(),
            limits: ServerLimits::default(),
            require_tls: true,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        }
    }

    /// Adds a virtual host.
    #[must_use]
    pub fn host(mut self, host: HostConfig) -> Self {
        self.hosts.push(host);
        self
    }

    /// Listens there for clients that encrypt by STARTTLS; port 0 takes a free one, see [`Server::addresses`].
    #[must_use]
    pub fn listen(self, address: SocketAddr) -> Self {
        self.listener(Listener::new(address, Entry::StartTls))
    }

    /// Listens.
    #[must_use]
    pub fn listener(mut self, listener: Listener) -> Self {
        self.listen.push(listener);
        self
    }

    /// The networks of load balancers and proxies whose word on where a connection comes from is taken; nobody's,
    /// unless set.
    #[must_use]
    pub fn trusted_proxies(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.proxies.extend(networks);
        self
    }

    /// What listeners of HTTP offer, in place of the defaults.
    #[must_use]
    pub fn web(mut self, web: WebSettings) -> Self {
        self.web = web;
        self
    }

    /// Adds paths to the listeners of HTTP.
    #[must_use]
    pub fn routes(mut self, add: impl FnOnce(&mut Routes) + Send + 'static) -> Self {
        self.routes.push(Box::new(add));
        self
    }

    /// Lets a component join (XEP-0114). It is listed among the items of the hosts whose domain its own ends with, or of
    /// all where there is none such, while it is connected.
    #[must_use]
    pub fn component(mut self, component: ComponentAccess) -> Self {
        self.components.push(component);
        self
    }

    /// Listens for components there; see [`Server::component_addresses`]. There is no TLS on these connections.
    #[must_use]
    pub fn listen_components(mut self, address: SocketAddr) -> Self {
        self.listen_components.push(address);
        self
    }

    /// Talks to other servers; without, stanzas for their domains are answered with `remote-server-not-found`.
    #[must_use]
    pub fn federation(mut self, federation: FederationConfig) -> Self {
        self.federation = Some(federation);
        self
    }

    /// Listens for other servers there, with TLS from the start where `direct`; see [`Server::server_addresses`].
    #[must_use]
    pub fn listen_servers(mut self, address: SocketAddr, direct: bool) -> Self {
        self.listen_servers.push((address, direct));
        self
    }

    /// Removes rows whose time is over, from its start to its shutdown; nothing goes unless set. One
    /// for each storage.
    #[must_use]
    pub fn sweeper(mut self, sweeper: Sweeper) -> Self {
        self.sweepers.push(sweeper);
        self
    }

    /// The negotiation table, in place of the one generated from the specifications.
    #[must_use]
    pub fn table(mut self, table: Vec<FeatureRow>) -> Self {
        self.table = table;
        self
    }

    /// The bounds.
    #[must_use]
    pub fn limits(mut self, limits: ServerLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether clients must negotiate TLS before they log in; they must unless set.
    #[must_use]
    pub fn require_tls(mut self, require: bool) -> Self {
        self.require_tls = require;
        self
    }

    /// In place of the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// In place of the system's randomness.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Starts hosts, plugins and listeners.
    ///
    /// # Errors
    ///
    /// [`StartError`]; what was started is stopped again.
    pub async fn start(self) -> Result<Server, StartError> {
        let router = Router::new();
        let mut managers = Vec::with_capacity(self.hosts.len());
        let mut doors = HashMap::new();
        let mut table = self.table;
        let mut entrances = Entrances {
            proxies: self.proxies,
            ..Entrances::default()
        };
        for config in self.hosts {
            let domain = config.domain.clone();
            if doors.contains_key(domain.domain()) {
                return Err(StartError::HostTwice(domain));
            }
            let secret = Secret::new(config.decoy_secret.unwrap_or_else(|| {
                let mut secret = [0; 32];
                self.random.fill(&mut secret);
                secret
            }));
            let host = Host::new(HostParts {
                domain: domain.clone(),
                storage: config.storage,
                accounts: Some(config.accounts.clone()),
                clock: Arc::clone(&self.clock),
                random: Arc::clone(&self.random),
                limits: self.limits.sessions,
                secret: secret.clone(),
            });
            let failed = |error| StartError::Plugin {
                host: domain.clone(),
                error,
            };
            let mut manager = PluginManager::new((config.make)(&host).map_err(failed)?);
            manager.install(&host).map_err(failed)?;
            table = negotiation::with_rows(table, host.negotiation());
            let mut access = HostAccess::new(
                domain.clone(),
                config
                    .accounts
                    .authenticator_with(domain.clone(), config.passwords.clone()),
                Arc::new(HostBinder(Arc::clone(&host))),
            );
            if let Some(tls) = &config.tls {
                entrances.named.add(domain.domain(), tls.clone());
            }
            access.tls = config.tls;
            access.mechanisms = config.mechanisms;
            if config.passwords.is_some() {
                access
                    .mechanisms
                    .retain(|mechanism| mechanism.scram().is_none());
            }
            access.tokens = config.tokens;
            access.anonymous = host.has_plugin("xep-0175");
            access.announces_bindings = host.has_plugin("xep-0440");
            access.protects_offer = host.has_plugin("xep-0474");
            access.announces_limits = host.has_plugin("xep-0478");
            access.sasl2 = host.has_plugin("xep-0388");
            access.inline = InlineParts {
                features: host.inline_features().to_vec(),
                bind: host.has_plugin("xep-0386"),
                bind_features: host.beginnings().vars(),
                tokens: host.token_keeper().cloned(),
                upgrades: host.has_plugin("xep-0480"),
                watchers: host.login_watchers().to_vec(),
            };
            access.features = host.stream_features().to_vec();
            access.decoy_secret = secret;
            doors.insert(domain.domain().into(), Arc::new(access));
            router.add_host(&host);
            managers.push((domain, manager));
        }
        let mut accept = AcceptConfig::new(Arc::new(Doors(doors)), table);
        accept.require_tls = self.require_tls;
        accept.limits_before = self.limits.before_login;
        accept.limits = self.limits.after_login;
        accept.timeouts = self.limits.timeouts;
        accept.throttle = Arc::new(Throttle::new(
            self.limits.throttling,
            Arc::clone(&self.clock),
        ));
        accept.clock = Arc::clone(&self.clock);
        accept.random = self.random;

        let links = Links::new(self.limits.connections);
        let mut doors = HashMap::new();
        for component in self.components {
            let domain = component.domain.clone();
            if router.serves(domain.domain()) {
                return Err(StartError::HostTwice(domain));
            }
            let patience = self.limits.sessions.slow_reader;
            let door = Door::new(component, &router.hosts(), patience);
            router.add(domain.domain(), door.clone());
            doors.insert(domain.domain().into(), door);
        }
        let federation = match self.federation {
            None => None,
            Some(config) => {
                let domains: Vec<BareJid> = doors
                    .values()
                    .map(|door: &Arc<Door>| door.domain().clone())
                    .collect();
                let parts = FederationParts {
                    router: Arc::clone(&router),
                    config,
                    table: Arc::clone(&accept.table),
                    limits_before: self.limits.before_login,
                    limits: self.limits.after_login,
                    clock: Arc::clone(&accept.clock),
                    random: Arc::clone(&accept.random),
                    links: Arc::clone(&links),
                    patience: self.limits.sessions.slow_reader,
                };
                let federation = Federation::new(parts, &router.hosts(), &domains)?;
                router.set_remote(federation.clone());
                Some(federation)
            }
        };
        let components = Arc::new(Components {
            router: Arc::clone(&router),
            doors,
            table: Arc::clone(&accept.table),
            limits_before: self.limits.before_login,
            limits: self.limits.after_login,
            timeouts: self.limits.timeouts,
            random: Arc::clone(&accept.random),
            queue_bytes: self.limits.sessions.queue_bytes,
            links: Arc::clone(&links),
        });

        // Sockets before plugins: a port in use is the commonest reason not to start.
        let mut sockets = Vec::with_capacity(self.listen.len());
        for listener in self.listen {
            let address = listener.address;
            match listener.bind() {
                Ok(socket) => sockets.push((socket, listener)),
                Err(error) if listener.optional && listener::is_absent(&error) => {
                    tracing::debug!(%address, %error, "not listened on");
                }
                Err(error) => return Err(StartError::Listen { address, error }),
            }
        }
        let component_sockets = bind(self.listen_components).await?;
        let (server_listen, direct): (Vec<_>, Vec<_>) = self.listen_servers.into_iter().unzip();
        let server_sockets = bind(server_listen).await?;
        for (started, (domain, manager)) in managers.iter().enumerate() {
            if let Err(error) = manager.start().await {
                for (_, manager) in managers.iter().take(started).rev() {
                    manager.stop().await;
                }
                return Err(StartError::Plugin {
                    host: domain.clone(),
                    error,
                });
            }
        }
        let (stop, stopping) = watch::channel(false);
        let shared = Arc::new(Shared::new(
            router,
            Arc::new(accept),
            self.limits.connections,
            stopping,
            entrances,
        ));
        let entrance: Arc<dyn Entrance> = Arc::new(WebEntrance(
            Arc::downgrade(&shared),
            Arc::clone(shared.accept()),
        ));
        let mut routes = web::routes(&self.web, &entrance);
        for add in self.routes {
            add(&mut routes);
        }
        let _ = shared.routes.set(Arc::new(routes));
        let mut listeners = Vec::with_capacity(sockets.len());
        for (socket, listener) in sockets {
            listeners.extend(socket.local_addr().map(|address| (address, listener.entry)));
            tokio::spawn(listener::run(socket, listener, Arc::clone(&shared)));
        }
        let mut component_addresses = Vec::with_capacity(component_sockets.len());
        for socket in component_sockets {
            component_addresses.extend(socket.local_addr());
            let components = Arc::clone(&components);
            let serve = move |transport| Arc::clone(&components).serve(transport);
            tokio::spawn(Arc::clone(&links).accept(socket, shared.stopping(), serve));
        }
        let mut server_addresses = Vec::with_capacity(server_sockets.len());
        for (socket, direct) in server_sockets.into_iter().zip(direct) {
            server_addresses.extend(socket.local_addr());
            let Some(federation) = federation.clone() else {
                continue;
            };
            let incoming = Arc::clone(federation.incoming());
            let serve = move |transport| Arc::clone(&federation).serve(transport, direct);
            tokio::spawn(incoming.accept(socket, shared.stopping(), serve));
        }
        let managers = managers.into_iter().map(|(_, manager)| manager).collect();
        let sweepers = self.sweepers.into_iter();
        let sweeping = sweepers.map(|sweeper| sweeper.start(Arc::clone(&self.clock)));
        let sweeping = sweeping.collect();
        let mut server = Server::new(shared, listeners, managers, sweeping, stop);
        server.links = links;
        server.component_addresses = component_addresses;
        server.server_addresses = server_addresses;
        server.incoming = federation.map(|federation| Arc::clone(federation.incoming()));
        Ok(server)
    }
}

async fn bind(addresses: Vec<SocketAddr>) -> Result<Vec<TcpListener>, StartError> {
    let mut sockets = Vec::with_capacity(addresses.len());
    for address in addresses {
        let failed = |error| StartError::Listen { address, error };
        sockets.push(TcpListener::bind(address).await.map_err(failed)?);
    }
    Ok(sockets)
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A plugin cannot be installed or started.
    #[error("{host}: {error}")]
    Plugin {
        /// The host's domain.
        host: BareJid,
        /// What the plugin says.
        error: PluginError,
    },
    /// The certificates for other servers cannot be used.
    #[error(transparent)]
    Tls(#[from] crate::tls::TlsError),
    /// Two hosts of one domain.
    #[error("{0} is served twice")]
    HostTwice(BareJid),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
}
