//! A virtual host: one domain with its plugins, its sessions and its storage.
//!
//! A client is a host as well, of one account and without sessions of others, so that the same
//! plugins and the same mux serve both sides.

mod account;
mod disco;
mod extensions;
mod joined;
mod requests;
mod resource;
mod resumption;
mod sessions;
mod spread;

pub use account::Account;
pub use disco::Disco;
pub use extensions::Extensions;
pub use joined::Joined;
pub use requests::Requests;
pub(crate) use resource::{Copies, Given, Sent, Unacknowledged, Waited, Work};
pub use resource::{Held, Holding, Resource, Terms, TooHigh};
pub use resumption::Resumption;
pub use spread::Spread;

use self::resumption::Resumable;

use std::collections::BTreeSet;
use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use sestina_storage::{Secret, Storage, StorageError};
use sestina_wire::clock::{Clock, Random};
use sestina_wire::negotiation::FeatureRow;
use sestina_wire::{
    BareJid, Condition, FullJid, Jid, Payload, Stanza, StanzaError, StanzaType, StreamCondition,
    StreamError, Text,
};
use smallvec::SmallVec;

use crate::accounts::Accounts;
use crate::mux::{Beginnings, Mux, Nonzas};
use crate::plugin::Installed;
use crate::router::{Claimed, Outcome, Outlet, Routed, Source};
use crate::session::{InlineFeature, LoginWatcher, StreamFeature, TokenKeeper, Words};
use crate::stages::Stages;

use self::sessions::Sessions;

/// Sessions of one account, taken at one moment.
pub type Resources = SmallVec<[Arc<Resource>; 4]>;

/// What a host is made of.
pub struct HostParts {
    /// The domain; in a client, the one of its account.
    pub domain: BareJid,
    /// Where plugins keep what must last.
    pub storage: Storage,
    /// Who may have a session here; none in a client.
    pub accounts: Option<Accounts>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub random: Arc<dyn Random>,
    /// Bounds on sessions.
    pub limits: SessionLimits,
    /// A secret that stays the same over restarts and is not in the storage.
    pub secret: Secret<[u8; 32]>,
}

/// Bounds on the sessions of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Bytes in a session's outbound queue past which senders wait. One stanza may reach beyond.
    pub queue_bytes: usize,
    /// How long a sender waits for a session that does not read before that session is ended.
    pub slow_reader: Duration,
    /// Sessions an account may have at a time.
    pub per_account: usize,
    /// Stanzas a second that the sessions of an account may send together, on average; past ten seconds' worth at once
    /// they are read more slowly. None where that is not bounded.
    pub stanza_rate: Option<NonZeroU32>,
    /// The same in bytes a second.
    pub byte_rate: Option<NonZeroU64>,
}

impl SessionLimits {
    /// Nanoseconds that a stanza of so many bytes takes at the rates that may be kept up, the slower one; none where neither
    /// is bounded.
    pub(crate) fn pace_of(&self, bytes: usize) -> Option<u64> {
        const SECOND: u64 = 1_000_000_000;
        let each = self.stanza_rate.map(|rate| SECOND / u64::from(rate.get()));
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let long = self
            .byte_rate
            .map(|rate| bytes.saturating_mul(SECOND) / rate.get());
        each.max(long)
    }
}

impl Default for SessionLimits {
    fn default() -> Self {
        SessionLimits {
            queue_bytes: 256 * 1024,
            slow_reader: Duration::from_secs(20),
            per_account: 50,
            stanza_rate: None,
            byte_rate: None,
        }
    }
}

/// What a host has of the server it belongs to.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// What stands before the paths of HTTP.
    pub(crate) web: Option<String>,
    /// A folder for what is in no storage.
    pub(crate) folder: Option<PathBuf>,
    /// What the hosts of the server share.
    pub(crate) shared: Arc<Extensions>,
}

/// One virtual host.
pub struct Host {
    me: Weak<Host>,
    parts: HostParts,
    sessions: Sessions,
    extensions: Extensions,
    requests: Arc<Requests>,
    resumable: Resumable,
    services: RwLock<BTreeSet<BareJid>>,
    surroundings: OnceLock<Surroundings>,
    outlet: OnceLock<Arc<dyn Outlet>>,
    installed: OnceLock<Installed>,
}

impl Host {
    /// A host without plugins, and without a way out: see
    /// [`PluginManager::install`](crate::plugin::PluginManager::install) and [`Host::connect`].
    pub fn new(parts: HostParts) -> Arc<Host> {
        Arc::new_cyclic(|me| Host {
            me: Weak::clone(me),
            parts,
            sessions: Sessions::new(),
            extensions: Extensions::default(),
            requests: Arc::default(),
            resumable: Resumable::default(),
            services: RwLock::default(),
            surroundings: OnceLock::new(),
            outlet: OnceLock::new(),
            installed: OnceLock::new(),
        })
    }

    /// Says where this host's stanzas go: the router of its server, or a client's stream. The first
    /// one counts.
    pub fn connect(&self, outlet: Arc<dyn Outlet>) {
        let _ = self.outlet.set(outlet);
    }

    pub(crate) fn complete(&self, installed: Installed) {
        let _ = self.installed.set(installed);
    }

    /// The domain, as a bare address.
    pub fn domain(&self) -> &BareJid {
        &self.parts.domain
    }

    /// The storage of this host.
    pub fn storage(&self) -> &Storage {
        &self.parts.storage
    }

    /// The accounts of this host; none in a client.
    pub fn accounts(&self) -> Option<&Accounts> {
        self.parts.accounts.as_ref()
    }

    /// The clock; nothing else reads the time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.parts.clock
    }

    /// The source of randomness.
    pub fn random(&self) -> &Arc<dyn Random> {
        &self.parts.random
    }

    /// Makes a key from the host's secret, another one for each purpose.
    pub fn key(&self, purpose: &str, parts: &[&[u8]]) -> Secret<Vec<u8>> {
        let mut all: Vec<&[u8]> = vec![purpose.as_bytes(), b"\0"];
        all.extend_from_slice(parts);
        let secret = self.parts.secret.expose_secret();
        Secret::new(crate::sasl::Hash::Sha256.hmac(secret, &all))
    }

    /// Bounds on sessions.
    pub fn limits(&self) -> &SessionLimits {
        &self.parts.limits
    }

    fn installed(&self) -> &Installed {
        self.installed.get().unwrap_or_else(|| Installed::none())
    }

    /// What service discovery announces.
    pub fn disco(&self) -> &Disco {
        &self.installed().disco
    }

    /// The handlers of this host.
    pub fn mux(&self) -> &Mux {
        &self.installed().mux
    }

    pub(crate) fn stages(&self) -> &Stages {
        &self.installed().stages
    }

    pub(crate) fn negotiation(&self) -> &[FeatureRow] {
        &self.installed().negotiation
    }

    pub(crate) fn nonzas(&self) -> &Nonzas {
        &self.installed().nonzas
    }

    pub(crate) fn stream_features(&self) -> &[Arc<dyn StreamFeature>] {
        &self.installed().features
    }

    pub(crate) fn management(&self) -> Option<&Words> {
        self.installed().management.as_ref()
    }

    pub(crate) fn beginnings(&self) -> &Beginnings {
        &self.installed().beginnings
    }

    pub(crate) fn inline_features(&self) -> &[Arc<dyn InlineFeature>] {
        &self.installed().inline
    }

    pub(crate) fn login_watchers(&self) -> &[Arc<dyn LoginWatcher>] {
        &self.installed().watchers
    }

    /// Who keeps the tokens with which clients come back (XEP-0484).
    pub fn token_keeper(&self) -> Option<&Arc<dyn TokenKeeper>> {
        self.installed().tokens.as_ref()
    }

    /// Whether a plugin of this name is installed.
    pub fn has_plugin(&self, spec: &str) -> bool {
        self.installed()
            .specs
            .iter()
            .any(|installed| installed.id == spec)
    }

    /// Values that plugins keep with the host, by type.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Says what server the host belongs to, before its plugins are made; the first one counts.
    pub(crate) fn settle(&self, surroundings: Surroundings) {
        let _ = self.surroundings.set(surroundings);
    }

    /// What stands before the paths of HTTP for others to come here, such as `https://chat.example.org`; none where they
    /// cannot, or not over TLS although that is required.
    pub fn web_address(&self) -> Option<&str> {
        self.surroundings.get()?.web.as_deref()
    }

    /// The folder of the server for what is kept beside the storage; not every server has one.
    pub fn folder(&self) -> Option<&Path> {
        self.surroundings.get()?.folder.as_deref()
    }

    /// Values that plugins share with those of the other hosts of the server, by type.
    pub fn shared(&self) -> &Extensions {
        match self.surroundings.get() {
            Some(surroundings) => &surroundings.shared,
            None => &self.extensions,
        }
    }

    /// The paths of HTTP below which plugins answer.
    #[cfg(feature = "server")]
    pub(crate) fn http_paths(&self) -> &[crate::plugin::HttpPath] {
        &self.installed().paths
    }

    /// The services that belong to the host now: what service discovery lists as its items.
    pub fn services(&self) -> Vec<BareJid> {
        let services = self.services.read().unwrap_or_else(PoisonError::into_inner);
        services.iter().cloned().collect()
    }

    /// Lists a service among [those of the host](Host::services).
    pub fn add_service(&self, service: BareJid) {
        let mut services = self
            .services
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        services.insert(service);
    }

    /// The services that plugins have claimed domains for.
    pub(crate) fn claimed(&self) -> &[Claimed] {
        &self.installed().services
    }

    /// A component of the host has connected: those who asked are told.
    pub(crate) fn component_connected(self: &Arc<Self>, component: &BareJid) {
        for function in &self.installed().connected {
            function(self, component);
        }
    }

    /// Takes a service off the list. False when it was not on it.
    pub fn remove_service(&self, service: &BareJid) -> bool {
        let mut services = self
            .services
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        services.remove(service)
    }

    /// Whether the address is of this domain.
    pub fn serves(&self, jid: &Jid) -> bool {
        jid.domain() == self.parts.domain.domain()
    }

    /// The account, if it has a session.
    pub fn account(&self, account: &BareJid) -> Option<Arc<Account>> {
        self.online(account)
    }

    /// The sessions of an account.
    pub fn resources(&self, account: &BareJid) -> Resources {
        self.account(account)
            .map(|account| account.resources())
            .unwrap_or_default()
    }

    /// The session with this address.
    pub fn resource(&self, jid: &FullJid) -> Option<Arc<Resource>> {
        self.online(jid)?.resource(jid.resource())
    }

    /// The online account that an address of this host, bare or full, belongs to.
    pub(crate) fn online(&self, jid: &Jid) -> Option<Arc<Account>> {
        if !self.serves(jid) {
            return None;
        }
        self.sessions.account(jid.local()?)
    }

    /// Every account that is online.
    pub fn online_accounts(&self) -> Vec<Arc<Account>> {
        self.sessions.accounts()
    }

    /// Whether the account exists, with a session or without.
    pub fn account_exists(
        &self,
        account: &BareJid,
    ) -> BoxFuture<'static, Result<bool, StorageError>> {
        if !self.serves(account) || account.local().is_none() {
            return std::future::ready(Ok(false)).boxed();
        }
        if self.account(account).is_some() {
            return std::future::ready(Ok(true)).boxed();
        }
        let (accounts, account) = (self.parts.accounts.clone(), account.clone());
        async move {
            match accounts {
                Some(accounts) => accounts.exists(&account).await,
                None => Ok(false),
            }
        }
        .boxed()
    }

    /// Routes a stanza the server or a plugin made; its `from` and `to` must be set. Errors do not
    /// bounce: the outcome says what became of it.
    pub fn route(&self, stanza: Stanza) -> Routed {
        match (self.outlet.get(), self.me.upgrade()) {
            (Some(outlet), Some(host)) => outlet.route(&host, stanza, Source::Server),
            _ => Routed::Now(Outcome::NoSession),
        }
    }

    /// The requests of this host that wait for their answers.
    pub fn requests(&self) -> &Arc<Requests> {
        &self.requests
    }

    /// Sends a request and waits for its answer. `from` and `to` must be set; the identifier is made
    /// here, unguessable.
    ///
    /// # Errors
    ///
    /// The error that was answered, or that routing met, or `remote-server-timeout` when nothing was
    /// answered within `limit`.
    pub async fn request(&self, request: Stanza, limit: Duration) -> Result<Stanza, StanzaError> {
        let Some(to) = request.to().cloned() else {
            return Err(StanzaError::new(Condition::BadRequest));
        };
        let id = self.parts.random.token();
        let answer = self.requests.expect(id.clone(), to, limit);
        match self.route(request.with_id(id)).await {
            Outcome::Refused(error) => Err(error),
            Outcome::NoSession => Err(StanzaError::new(Condition::ServiceUnavailable)),
            Outcome::Delivered | Outcome::Queued | Outcome::Elsewhere => answer.await,
        }
    }

    /// Routes without waiting for what becomes of the stanza.
    pub fn send(&self, stanza: Stanza) {
        self.route(stanza).detach();
    }

    /// Tells every account that is online, in a headline (RFC 6121 §5.2.2).
    pub fn tell_everybody(&self, payload: &impl Payload) {
        let news = Stanza::message(StanzaType::Headline).with(payload);
        let news = news.with_from(self.domain().clone());
        for account in self.online_accounts() {
            self.send(news.clone().with_to(account.jid().clone()));
        }
    }

    /// Writes a stanza to one session, past the router but through
    /// [`Stage::BeforeWrite`](crate::stages::Stage::BeforeWrite).
    pub fn deliver_to(&self, resource: &Arc<Resource>, stanza: Stanza) -> Routed {
        match (self.outlet.get(), self.me.upgrade()) {
            (Some(outlet), Some(host)) => outlet.deliver_to(&host, resource, stanza),
            _ => Routed::Now(Outcome::NoSession),
        }
    }

    /// Ends every session of an account with `not-authorized`, as when the account is removed. Returns
    /// how many there were.
    pub fn end_account(&self, account: &BareJid) -> usize {
        let resources = self.resources(account);
        for resource in &resources {
            resource.end(Some(StreamError::new(StreamCondition::NotAuthorized)));
        }
        resources.len()
    }

    /// Adds a session. One of the same address gets `conflict` and ends; the new one must wait for its
    /// [clean-up](Resource::gone) before it starts.
    pub(crate) fn join(self: &Arc<Self>, jid: &FullJid) -> (Arc<Resource>, Option<Arc<Resource>>) {
        let (resource, older) = self.sessions.join(self, jid.to_bare(), |account| {
            Resource::new(jid.clone(), account, self.parts.limits.queue_bytes)
        });
        if let Some(older) = &older {
            older.end(Some(StreamError::new(StreamCondition::Conflict)));
        }
        (resource, older)
    }

    /// Removes this very session.
    pub(crate) fn leave(&self, resource: &Arc<Resource>) {
        self.resumable.remove(resource);
        self.sessions.leave(resource);
    }

    /// Makes a session one that another stream can go on with; returns what the client has to show for that.
    pub(crate) fn make_resumable(&self, resource: &Arc<Resource>) -> Text {
        let id = self.parts.random.token();
        self.resumable.add(id.clone(), resource);
        id
    }

    /// Reserves the session that an account may go on with by this identifier, and waits until its old stream has let
    /// go of it. `acknowledged` is how many stanzas the client has handled. Nothing where there is no such session
    /// (any more).
    ///
    /// # Errors
    /// [`TooHigh`] when the client claims to have handled more than it was sent.
    pub async fn resume(
        &self,
        account: &BareJid,
        id: &str,
        acknowledged: u32,
    ) -> Option<Result<Resumption, TooHigh>> {
        let resource = self.resumable.find(id)?;
        if resource.account().jid() != account {
            return None;
        }
        Resumption::claim(resource, acknowledged).await
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("domain", &self.parts.domain.as_str())
            .finish_non_exhaustive()
    }
}
