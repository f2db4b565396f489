//! What the connecting side needs.

use std::sync::Arc;

use sestina_storage::Secret;
use sestina_wire::clock::{Clock, Random, SystemClock, SystemRandom};
use sestina_wire::negotiation::FeatureRow;
use sestina_wire::{BareJid, Limits, Text};

use crate::sasl::Mechanism;
use crate::sasl::client::Credentials;
use crate::session::keychain::{Keychain, MemoryKeychain};
use crate::session::{Management, Resume, StreamFeature, Timeouts, UserAgent};
use crate::tls::{TlsIdentity, Trust};

/// What the connecting side needs.
#[derive(Clone)]
pub struct ConnectConfig {
    /// The account.
    pub account: BareJid,
    /// Its password.
    pub password: Secret<String>,
    /// A bearer token to log in with instead (OAUTHBEARER).
    pub bearer: Option<Secret<String>>,
    /// The certificate to log in with where the server asks for one (EXTERNAL).
    pub identity: Option<TlsIdentity>,
    /// What is remembered of the server: tokens, and that it took better than a bare password.
    pub keychain: Arc<dyn Keychain>,
    /// What we say we are (XEP-0388 §2.2); the server tells it to the owner of the account only.
    pub user_agent: UserAgent,
    /// Whether to log in with what comes after it where the server offers that (XEP-0388).
    pub sasl2: bool,
    /// The resource to ask for; without one the server makes it.
    pub resource: Option<Text>,
    /// The table of features.
    pub table: Arc<[FeatureRow]>,
    /// What carries out features that are not built in.
    pub features: Vec<Arc<dyn StreamFeature>>,
    /// How stream management is spoken; without it there is none.
    pub management: Option<Arc<dyn Management>>,
    /// The session to go on with.
    pub resume: Option<Resume>,
    /// The resource of an earlier session: asked for where a client may choose and [`resource`](Self::resource) does not say.
    pub earlier_resource: Option<Text>,
    /// Whether to go on without TLS when the server offers none.
    pub require_tls: bool,
    /// Which certificates to believe.
    pub trust: Trust,
    /// Mechanisms that may be used; the strongest that the server offers is taken.
    pub mechanisms: Vec<Mechanism>,
    /// Language of text for people (`xml:lang` of the stream).
    pub lang: Option<Text>,
    /// Limits on what the server sends.
    pub limits: Limits,
    /// Time limits.
    pub timeouts: Timeouts,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub random: Arc<dyn Random>,
}

impl ConnectConfig {
    /// Settings for an account: TLS required, the system's certificates believed.
    pub fn new(
        account: BareJid,
        password: impl Into<String>,
        table: impl Into<Arc<[FeatureRow]>>,
    ) -> ConnectConfig {
        ConnectConfig {
            account,
            password: Secret::new(password.into()),
            keychain: Arc::new(MemoryKeychain::new()),
            user_agent: UserAgent::default(),
            sasl2: true,
            bearer: None,
            identity: None,
            resource: None,
            table: table.into(),
            features: Vec::new(),
            management: None,
            resume: None,
            earlier_resource: None,
            require_tls: true,
            trust: Trust::default(),
            mechanisms: Mechanism::ALL.to_vec(),
            lang: None,
            limits: Limits::from_own_server(),
            timeouts: Timeouts::default(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        }
    }

    /// What we can show.
    pub(super) fn credentials(&self) -> Credentials<'_> {
        Credentials {
            account: &self.account,
            password: &self.password,
            bearer: self.bearer.as_ref(),
            certificate: self.identity.is_some(),
        }
    }
}
