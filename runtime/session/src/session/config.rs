//! What a session is negotiated with.

use std::sync::Arc;
use std::time::Duration;

use crate::host::Joined;
use async_trait::async_trait;
use sestina_storage::Secret;
use sestina_wire::clock::{Clock, Random, SystemClock, SystemRandom};
use sestina_wire::negotiation::FeatureRow;
use sestina_wire::{BareJid, FullJid, Limits, StanzaError};

use crate::sasl::{Authenticator, Mechanism, Throttle, Throttling, TokenCheck};
use crate::session::StreamFeature;
use crate::session::inline::{self, BindRequest, Bound, InlineParts};
use crate::tls::TlsServer;

/// How long a peer may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From the connection to the moment when stanzas may flow.
    pub login: Duration,
    /// For the peer's closing tag after ours.
    pub close: Duration,
    /// On the side that was connected to, how long a client may be silent before it is asked for a sign of life; clients are
    /// told (XEP-0478). Zero lets them be silent for ever.
    pub idle: Duration,
    /// How long it has to answer then.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            login: Duration::from_secs(60),
            close: Duration::from_secs(5),
            idle: Duration::from_secs(600),
            answer: Duration::from_secs(60),
        }
    }
}

/// What the accepting side needs.
#[derive(Clone)]
pub struct AcceptConfig {
    /// The domains served here.
    pub hosts: Arc<dyn Hosts>,
    /// The features, for all hosts; a row that a host has no means for is not offered there.
    pub table: Arc<[FeatureRow]>,
    /// Whether a client must negotiate TLS before anything else.
    pub require_tls: bool,
    /// Failed logins after which the stream ends (RFC 6120 §6.4.5 wants 2 to 5).
    pub attempts: u8,
    /// Limits before login.
    pub limits_before: Limits,
    /// Limits after login.
    pub limits: Limits,
    /// Time limits.
    pub timeouts: Timeouts,
    /// Slows failed logins.
    pub throttle: Arc<Throttle>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub random: Arc<dyn Random>,
}

impl AcceptConfig {
    /// Settings as RFC 6120 wants them: TLS required, three attempts, small limits before login.
    pub fn new(hosts: Arc<dyn Hosts>, table: impl Into<Arc<[FeatureRow]>>) -> AcceptConfig {
        AcceptConfig {
            hosts,
            table: table.into(),
            require_tls: true,
            attempts: 3,
            limits_before: Limits::before_login(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            throttle: Arc::new(Throttle::new(Throttling::default(), Arc::new(SystemClock))),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        }
    }
}

/// The domains that one listener serves.
pub trait Hosts: Send + Sync {
    /// How to log in to this domain, if it is served here. `domain` is normalised (RFC 7622 §3.2).
    fn host(&self, domain: &str) -> Option<Arc<HostAccess>>;
}

/// One domain seen from the door.
#[derive(Clone)]
pub struct HostAccess {
    /// The domain.
    pub domain: BareJid,
    /// Its certificate; without one STARTTLS is not offered.
    pub tls: Option<TlsServer>,
    /// Who knows its accounts.
    pub authenticator: Arc<dyn Authenticator>,
    /// Who hands out resources.
    pub binder: Arc<dyn Binder>,
    /// SASL mechanisms, the preferred one first. One that cannot be used on a stream is not offered there: EXTERNAL
    /// without a certificate of the client, -PLUS without TLS, PLAIN and OAUTHBEARER without encryption.
    pub mechanisms: Vec<Mechanism>,
    /// Who judges bearer tokens; without, OAUTHBEARER is not offered.
    pub tokens: Option<Arc<dyn TokenCheck>>,
    /// Whether anybody may come in without an account (XEP-0175).
    pub anonymous: bool,
    /// Whether the types of channel binding are announced (XEP-0440).
    pub announces_bindings: bool,
    /// Whether clients get a hash over the offer, by which they notice when it was changed on the way (XEP-0474).
    pub protects_offer: bool,
    /// Makes the salts of accounts that do not exist; must stay the same for the host's lifetime, restarts included.
    pub decoy_secret: Secret<[u8; 32]>,
    /// Features beyond TLS, SASL and binding.
    pub features: Vec<Arc<dyn StreamFeature>>,
    /// Whether logins can take what comes after them with them (XEP-0388).
    pub sasl2: bool,
    /// What they can take.
    pub inline: InlineParts,
    /// Whether clients are told what the stream takes (XEP-0478).
    pub announces_limits: bool,
}

impl HostAccess {
    /// A domain with all mechanisms and no further features.
    pub fn new(
        domain: BareJid,
        authenticator: Arc<dyn Authenticator>,
        binder: Arc<dyn Binder>,
    ) -> HostAccess {
        HostAccess {
            domain,
            tls: None,
            authenticator,
            binder,
            mechanisms: Mechanism::ALL.to_vec(),
            tokens: None,
            anonymous: false,
            announces_bindings: true,
            protects_offer: true,
            decoy_secret: Secret::new([0; 32]),
            features: Vec::new(),
            sasl2: true,
            inline: InlineParts::default(),
            announces_limits: true,
        }
    }
}

/// Hands out full addresses (RFC 6120 §7).
#[async_trait]
pub trait Binder: Send + Sync {
    /// Binds `wanted`, normalised already, or a resource of the binder's making, to `account`.
    ///
    /// # Errors
    /// The stanza error to answer with: `conflict` when the resource is in use and stays so, `resource-constraint`
    /// when the account has too many.
    async fn bind(&self, account: &BareJid, wanted: Option<&str>) -> Result<FullJid, StanzaError>;

    /// Binds a resource of the binder's making as part of a login (XEP-0386).
    ///
    /// # Errors
    /// As for [`Binder::bind`]; the login succeeds all the same, without a resource.
    async fn bind_inline(&self, request: &BindRequest) -> Result<Bound, StanzaError> {
        inline::plain(self.bind(&request.login.account, None).await)
    }

    /// The stream broke before the session that [`Binder::bind_inline`] began could be served.
    async fn abandon(&self, joined: Joined) {
        drop(joined);
    }
}
