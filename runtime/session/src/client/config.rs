//! What a client is made with.

use std::sync::Arc;
use std::time::Duration;

use sestina_storage::{Secret, Storage};
use sestina_wire::clock::{Clock, Random, SystemClock, SystemRandom};
use sestina_wire::dispatch::Scope;
use sestina_wire::negotiation::FeatureRow;
use sestina_wire::{BareJid, Jid, JidError, Kind, Limits, Payload, StanzaError, StanzaType, Text};

use crate::client::reconnect::{Dial, Reconnect};
use crate::client::{ConnectError, Way, ways};
use crate::host::Host;
use crate::mux::{Answer, IqContext, StanzaContext};
use crate::negotiation;
use crate::plugin::{Application, Plugin, PluginError};
use crate::sasl::Mechanism;
use crate::session::{ConnectConfig, Keychain, MemoryKeychain, Timeouts, UserAgent};
use crate::stages::Flow;
use crate::tls::{TlsIdentity, Trust};
use crate::transport::Transport;

/// Settings of a client: who it is, where its server is, whom it trusts, what it answers.
pub struct ClientConfig {
    pub(super) account: BareJid,
    pub(super) resource: Option<Text>,
    pub(super) password: Secret<String>,
    pub(super) keychain: Arc<dyn Keychain>,
    pub(super) user_agent: UserAgent,
    pub(super) sasl2: bool,
    pub(super) bearer: Option<Secret<String>>,
    pub(super) identity: Option<TlsIdentity>,
    pub(super) way: Way,
    pub(super) trust: Trust,
    pub(super) require_tls: bool,
    pub(super) mechanisms: Vec<Mechanism>,
    pub(super) lang: Option<Text>,
    pub(super) table: Arc<[FeatureRow]>,
    pub(super) limits: Limits,
    pub(super) timeouts: Timeouts,
    pub(super) request_timeout: Duration,
    pub(super) dial: Option<Dial>,
    pub(super) reconnect: Option<Reconnect>,
    /// Silence before the server is asked whether it is there, and how long it may take to answer.
    pub(super) keep_alive: (Duration, Duration),
    pub(super) storage: Storage,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) application: Application,
}

impl std::fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientConfig")
            .field("account", &self.account.as_str())
            .field("way", &self.way)
            .finish_non_exhaustive()
    }
}

impl ClientConfig {
    /// A client of this address. With a resource in it, that resource is asked for.
    ///
    /// # Errors
    /// [`JidError`] when it is no address.
    pub fn new(jid: &str, password: impl Into<String>) -> Result<ClientConfig, JidError> {
        let jid = Jid::parse(jid)?;
        Ok(ClientConfig {
            account: jid.to_bare(),
            resource: jid.resource().map(Text::from),
            password: Secret::new(password.into()),
            keychain: Arc::new(MemoryKeychain::new()),
            user_agent: UserAgent {
                id: Some(uuid(&SystemRandom)),
                ..UserAgent::default()
            },
            sasl2: true,
            bearer: None,
            identity: None,
            way: Way::Discover,
            trust: Trust::default(),
            require_tls: true,
            mechanisms: Mechanism::ALL.to_vec(),
            lang: None,
            table: sestina_types::NEGOTIATION.into(),
            limits: Limits::from_own_server(),
            timeouts: Timeouts::default(),
            request_timeout: Duration::from_secs(60),
            dial: None,
            reconnect: Some(Reconnect::default()),
            keep_alive: (Duration::from_secs(90), Duration::from_secs(30)),
            storage: Storage::memory(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            application: Application::new(&[Scope::Client]),
        })
    }

    /// What is remembered from one login to the next: tokens in place of the password (XEP-0484), and that the server once
    /// took something better than a bare password. In memory, unless set: share one among the configurations of an account.
    #[must_use]
    pub fn keychain(mut self, keychain: Arc<dyn Keychain>) -> ClientConfig {
        self.keychain = keychain;
        self
    }

    /// What the client says it is; the server tells it to the owner of the account only (XEP-0388 §2.2). Its identifier should
    /// be a random UUID that stays the same for an installation: tokens are bound to it. Unless set it is a new one.
    #[must_use]
    pub fn user_agent(mut self, user_agent: UserAgent) -> ClientConfig {
        self.user_agent = user_agent;
        self
    }

    /// Logs in by the SASL of RFC 6120 only, one step after another.
    #[must_use]
    pub fn without_sasl2(mut self) -> ClientConfig {
        self.sasl2 = false;
        self
    }

    /// Logs in with a bearer token that somebody else gave out, in place of the password (OAUTHBEARER).
    #[must_use]
    pub fn bearer_token(mut self, token: impl Into<String>) -> ClientConfig {
        self.bearer = Some(Secret::new(token.into()));
        self
    }

    /// Logs in with a certificate where the server asks for one (EXTERNAL).
    #[must_use]
    pub fn certificate(mut self, identity: TlsIdentity) -> ClientConfig {
        self.identity = Some(identity);
        self
    }

    /// Connects there instead of asking DNS, and encrypts by STARTTLS. The certificate must be for the domain of the
    /// address all the same.
    #[must_use]
    pub fn server(self, host: impl Into<String>, port: u16) -> ClientConfig {
        self.way(Way::StartTls(host.into(), port))
    }

    /// Connects this way; as the domain says, unless set.
    #[must_use]
    pub fn way(mut self, way: Way) -> ClientConfig {
        self.way = way;
        self
    }

    /// Which certificates to believe; those that the system believes, unless set.
    #[must_use]
    pub fn trust(mut self, trust: Trust) -> ClientConfig {
        self.trust = trust;
        self
    }

    /// Logs in without TLS where the server offers none. Everything can be read and changed on the way then.
    #[must_use]
    pub fn dangerously_allow_plain_text(mut self) -> ClientConfig {
        self.require_tls = false;
        self
    }

    /// Mechanisms that may be used for logging in; all, unless set.
    #[must_use]
    pub fn mechanisms(mut self, mechanisms: Vec<Mechanism>) -> ClientConfig {
        self.mechanisms = mechanisms;
        self
    }

    /// The language of texts for people.
    #[must_use]
    pub fn lang(mut self, lang: impl Into<Text>) -> ClientConfig {
        self.lang = Some(lang.into());
        self
    }

    /// The negotiation table, in place of the one generated from the specifications.
    #[must_use]
    pub fn table(mut self, table: impl Into<Arc<[FeatureRow]>>) -> ClientConfig {
        self.table = table.into();
        self
    }

    /// Limits on what the server sends.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> ClientConfig {
        self.limits = limits;
        self
    }

    /// How long negotiation and closing may take.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> ClientConfig {
        self.timeouts = timeouts;
        self
    }

    /// How long to wait for the answer to a request; a minute, unless set.
    #[must_use]
    pub fn request_timeout(mut self, limit: Duration) -> ClientConfig {
        self.request_timeout = limit;
        self
    }

    /// Makes connections in another way than by asking DNS.
    #[must_use]
    pub fn dial_with<F, Fut>(mut self, dial: F) -> ClientConfig
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Transport, ConnectError>> + Send + 'static,
    {
        self.dial = Some(Arc::new(move || Box::pin(dial())));
        self
    }

    /// When to come back after a connection broke. Without it the client ends with its connection.
    #[must_use]
    pub fn reconnect(mut self, policy: Option<Reconnect>) -> ClientConfig {
        self.reconnect = policy;
        self
    }

    /// How long the server may be silent before it is asked whether it is still there, and how long it may then take to
    /// answer before the connection counts as broken; a minute and a half and half a minute, unless set. No asking where
    /// `silence` is zero.
    #[must_use]
    pub fn keep_alive(mut self, silence: Duration, patience: Duration) -> ClientConfig {
        self.keep_alive = (silence, patience);
        self
    }

    /// Where plugins keep what must last; in memory, unless set.
    #[must_use]
    pub fn storage(mut self, storage: Storage) -> ClientConfig {
        self.storage = storage;
        self
    }

    /// In place of the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> ClientConfig {
        self.clock = clock;
        self
    }

    /// In place of the system's randomness.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> ClientConfig {
        self.random = random;
        self
    }

    /// Adds plugins, as those of the client profile.
    #[must_use]
    pub fn plugins<F>(mut self, make: F) -> ClientConfig
    where
        F: FnOnce(&Arc<Host>) -> Result<Vec<Arc<dyn Plugin>>, PluginError> + Send + 'static,
    {
        self.application.add_plugins(make);
        self
    }

    /// Answers requests of a type, iq get or set, from anyone. A request that nobody handles is answered
    /// `service-unavailable`.
    #[must_use]
    pub fn handle<Req, Ans, F, Fut>(mut self, type_: StanzaType, handler: F) -> ClientConfig
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
    /// [events](crate::client::Events).
    #[must_use]
    pub fn on_message<P, F>(self, handler: F) -> ClientConfig
    where
        P: Payload + 'static,
        F: Fn(&StanzaContext<'_>, P) -> Flow + Send + Sync + 'static,
    {
        self.on(Kind::Message, handler)
    }

    /// Is called for each presence with this payload. One that returns [`Flow::Done`] keeps the presence from the
    /// [events](crate::client::Events).
    #[must_use]
    pub fn on_presence<P, F>(self, handler: F) -> ClientConfig
    where
        P: Payload + 'static,
        F: Fn(&StanzaContext<'_>, P) -> Flow + Send + Sync + 'static,
    {
        self.on(Kind::Presence, handler)
    }

    fn on<P, F>(mut self, kind: Kind, handler: F) -> ClientConfig
    where
        P: Payload + 'static,
        F: Fn(&StanzaContext<'_>, P) -> Flow + Send + Sync + 'static,
    {
        self.application.on(kind, handler);
        self
    }

    /// How a connection to the server is made.
    pub(super) fn dial(&self) -> Dial {
        if let Some(dial) = &self.dial {
            return Arc::clone(dial);
        }
        let plan = ways::Plan::of(self);
        Arc::new(move || Box::pin(plan.clone().connect()))
    }

    /// What the session needs, with the rows and features that plugins brought to the host.
    pub(super) fn session(&self, host: &Host) -> ConnectConfig {
        let table = negotiation::with_rows(self.table.to_vec(), host.negotiation());
        ConnectConfig {
            account: self.account.clone(),
            password: self.password.clone(),
            keychain: self.keychain.clone(),
            user_agent: self.user_agent.clone(),
            sasl2: self.sasl2,
            clock: self.clock.clone(),
            bearer: self.bearer.clone(),
            identity: self.identity.clone(),
            resource: self.resource.clone(),
            table: table.into(),
            features: host.stream_features().to_vec(),
            management: host.management().cloned(),
            resume: None,
            earlier_resource: None,
            require_tls: self.require_tls,
            trust: self.trust.clone(),
            mechanisms: self.mechanisms.clone(),
            lang: self.lang.clone(),
            limits: self.limits,
            timeouts: self.timeouts,
            random: self.random.clone(),
        }
    }
}

/// A random UUID, as user agents are told apart by (XEP-0388 §2.2).
fn uuid(random: &dyn Random) -> Text {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
    Text::from(uuid.to_string())
}
