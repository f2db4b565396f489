//! What a component is made of.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sestina_storage::{Secret, Storage};
use sestina_wire::clock::{Clock, Random, SystemClock, SystemRandom};
use sestina_wire::dispatch::Scope;
use sestina_wire::negotiation::FeatureRow;
use sestina_wire::{BareJid, JidError, Kind, Limits, Payload, StanzaError, StanzaType};

use crate::host::{Host, HostParts, SessionLimits};
use crate::mux::{Answer, IqContext, StanzaContext};
use crate::plugin::{Application, Plugin, PluginError, PluginManager};
use crate::session::Timeouts;
use crate::stages::Flow;

/// Where somebody asks a component: at its domain, or at an address of it.
const EVERYWHERE: &[Scope] = &[Scope::Host, Scope::OtherAccount];

/// What a component is made of, and where it joins.
pub struct ComponentConfig {
    pub(super) domain: BareJid,
    pub(super) secret: Secret<String>,
    pub(super) address: (String, u16),
    pub(super) table: Arc<[FeatureRow]>,
    pub(super) limits: Limits,
    pub(super) timeouts: Timeouts,
    pub(super) reconnect: bool,
    pub(super) request_timeout: Duration,
    storage: Storage,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    application: Application,
}

impl fmt::Debug for ComponentConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ComponentConfig")
            .field("domain", &self.domain.as_str())
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl ComponentConfig {
    /// The component of this domain, which joins the server at this host and port with this secret. There is no TLS on
    /// such a connection (XEP-0114): it belongs on one machine or into a network of one's own.
    ///
    /// # Errors
    /// [`JidError`] when `domain` is none.
    pub fn new(
        domain: &str,
        secret: impl Into<String>,
        host: impl Into<String>,
        port: u16,
    ) -> Result<ComponentConfig, JidError> {
        Ok(ComponentConfig {
            domain: BareJid::new(None, domain)?,
            secret: Secret::new(secret.into()),
            address: (host.into(), port),
            table: sestina_types::NEGOTIATION.into(),
            limits: Limits::from_own_server(),
            timeouts: Timeouts::default(),
            reconnect: true,
            request_timeout: Duration::from_secs(60),
            storage: Storage::memory(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            application: Application::new(EVERYWHERE),
        })
    }

    /// Whether to join again when the connection is lost, ever more slowly while that fails; on, unless set.
    #[must_use]
    pub fn reconnect(mut self, reconnect: bool) -> ComponentConfig {
        self.reconnect = reconnect;
        self
    }

    /// How long joining and closing may take.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> ComponentConfig {
        self.timeouts = timeouts;
        self
    }

    /// How long to wait for the answer to a request; a minute, unless set.
    #[must_use]
    pub fn request_timeout(mut self, limit: Duration) -> ComponentConfig {
        self.request_timeout = limit;
        self
    }

    /// Where plugins keep what must last; in memory, unless set.
    #[must_use]
    pub fn storage(mut self, storage: Storage) -> ComponentConfig {
        self.storage = storage;
        self
    }

    /// In place of the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> ComponentConfig {
        self.clock = clock;
        self
    }

    /// In place of the system's randomness.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> ComponentConfig {
        self.random = random;
        self
    }

    /// Adds plugins, as those of the component profile.
    #[must_use]
    pub fn plugins<F>(mut self, make: F) -> ComponentConfig
    where
        F: FnOnce(&Arc<Host>) -> Result<Vec<Arc<dyn Plugin>>, PluginError> + Send + 'static,
    {
        self.application.add_plugins(make);
        self
    }

    /// Answers requests of a type, iq get or set, from anyone, to the domain and to every address of it
    /// ([`IqContext::to`] says which). A request that nobody handles is answered `service-unavailable`.
    #[must_use]
    pub fn handle<Req, Ans, F, Fut>(mut self, type_: StanzaType, handler: F) -> ComponentConfig
    where
        Req: Payload + Send + 'static,
        Ans: Answer,
        F: Fn(IqContext, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Ans, StanzaError>> + Send + 'static,
    {
        self.application.handle(type_, handler);
        self
    }

    /// Is called for each message with this payload. One that returns [`Flow::Done`] keeps the message from the
    /// [events](crate::component::Events).
    #[must_use]
    pub fn on_message<P, F>(self, handler: F) -> ComponentConfig
    where
        P: Payload + 'static,
        F: Fn(&StanzaContext<'_>, P) -> Flow + Send + Sync + 'static,
    {
        self.on(Kind::Message, handler)
    }

    /// Is called for each presence with this payload. One that returns [`Flow::Done`] keeps the presence from the
    /// [events](crate::component::Events).
    #[must_use]
    pub fn on_presence<P, F>(self, handler: F) -> ComponentConfig
    where
        P: Payload + 'static,
        F: Fn(&StanzaContext<'_>, P) -> Flow + Send + Sync + 'static,
    {
        self.on(Kind::Presence, handler)
    }

    fn on<P, F>(mut self, kind: Kind, handler: F) -> ComponentConfig
    where
        P: Payload + 'static,
        F: Fn(&StanzaContext<'_>, P) -> Flow + Send + Sync + 'static,
    {
        self.application.on(kind, handler);
        self
    }

    /// What the component answers, installed before it joins.
    pub(super) fn prepare(&mut self) -> Result<(Arc<Host>, PluginManager), PluginError> {
        let host = Host::new(HostParts {
            domain: self.domain.clone(),
            storage: self.storage.clone(),
            accounts: None,
            clock: self.clock.clone(),
            random: self.random.clone(),
            limits: SessionLimits::default(),
            secret: sestina_storage::Secret::new([0; 32]),
        });
        let manager = self.application.install(&host)?;
        Ok((host, manager))
    }
}
