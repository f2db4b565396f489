//! What the connecting side needs.

use std::sync::Arc;

use sestina_storage::Secret;
use sestina_wire::clock::{Random, SystemRandom};
use sestina_wire::negotiation::FeatureRow;
use sestina_wire::{BareJid, Limits, Text};

use crate::sasl::Mechanism;
use crate::session::{Management, Resume, StreamFeature, Timeouts};
use crate::tls::Trust;

/// What the connecting side needs.
#[derive(Clone)]
pub struct ConnectConfig {
    /// The account.
    pub account: BareJid,
    /// Its password.
    pub password: Secret<String>,
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
            resource: None,
            table: table.into(),
            features: Vec::new(),
            management: None,
            resume: None,
            require_tls: true,
            trust: Trust::default(),
            mechanisms: Mechanism::ALL.to_vec(),
            lang: None,
            limits: Limits::from_own_server(),
            timeouts: Timeouts::default(),
            random: Arc::new(SystemRandom),
        }
    }
}
