//! Describes a server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;
use sestina_storage::Storage;
use sestina_wire::clock::{Clock, Random, SystemClock, SystemRandom};
use sestina_wire::negotiation::FeatureRow;
use sestina_wire::{BareJid, JidError, Limits};

use crate::accounts::Accounts;
use crate::component::ComponentAccess;
use crate::federation::FederationConfig;
use crate::host::{Host, SessionLimits};
use crate::http::Routes;
use crate::plugin::{Plugin, PluginError};
use crate::sasl::{Mechanism, PasswordCheck, Throttling, TokenCheck};
use crate::server::{Entry, Listener, Sweeper};
use crate::session::Timeouts;
use crate::tls::TlsServer;
use crate::web::WebSettings;

type AddRoutes = Box<dyn FnOnce(&mut Routes) + Send>;
type MakePlugins = Box<dyn FnOnce(&Arc<Host>) -> Result<Vec<Arc<dyn Plugin>>, PluginError> + Send>;

/// One virtual host of a server to be.
pub struct HostConfig {
    pub(super) domain: BareJid,
    pub(super) storage: Storage,
    pub(super) accounts: Accounts,
    pub(super) make: MakePlugins,
    pub(super) tls: Option<TlsServer>,
    pub(super) mechanisms: Vec<Mechanism>,
    pub(super) passwords: Option<Arc<dyn PasswordCheck>>,
    pub(super) tokens: Option<Arc<dyn TokenCheck>>,
    pub(super) decoy_secret: Option<[u8; 32]>,
    pub(super) folder: Option<PathBuf>,
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
            folder: None,
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

    /// Where plugins may keep what is in no storage, such as files that were uploaded; without, they keep none.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
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
    pub(super) hosts: Vec<HostConfig>,
    pub(super) listen: Vec<Listener>,
    pub(super) proxies: Vec<IpNet>,
    pub(super) web: WebSettings,
    pub(super) routes: Vec<AddRoutes>,
    pub(super) components: Vec<ComponentAccess>,
    pub(super) listen_components: Vec<SocketAddr>,
    pub(super) federation: Option<FederationConfig>,
    pub(super) listen_servers: Vec<(SocketAddr, bool)>,
    pub(super) sweepers: Vec<Sweeper>,
    pub(super) table: Vec<FeatureRow>,
    pub(super) limits: ServerLimits,
    pub(super) require_tls: bool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
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
