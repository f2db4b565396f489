//! What may be written in the file. Unknown keys are mistakes: they are usually misspelt ones.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};

use serde::Deserialize;
use sestina_profiles::server::Settings as Plugins;
use sestina_session::server::ServerLimits;
use sestina_session::settings::{ByteSize, Interval};
use toml::Spanned;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) domains: Option<Vec<Spanned<String>>>,
    pub(super) listen: Option<Vec<Spanned<String>>>,
    pub(super) listen_tls: Vec<Spanned<String>>,
    pub(super) listen_http: Vec<Spanned<String>>,
    pub(super) listen_https: Vec<Spanned<String>>,
    pub(super) http: Http,
    pub(super) proxies: Proxies,
    pub(super) listen_components: Option<Vec<Spanned<String>>>,
    pub(super) components: BTreeMap<Spanned<String>, ComponentTable>,
    pub(super) federation: Option<super::federation::Table>,
    pub(super) data: Option<Spanned<String>>,
    pub(super) storage: Option<Spanned<String>>,
    pub(super) sweep: Option<Spanned<Interval>>,
    pub(super) certificate: Option<Spanned<String>>,
    pub(super) key: Option<Spanned<String>>,
    pub(super) client_authorities: Option<Spanned<String>>,
    pub(super) require_tls: Option<bool>,
    pub(super) limits: Limits,
    pub(super) log: Log,
    pub(super) plugins: Plugins,
    pub(super) hosts: super::HostTables,
}

/// `[http]`: what is offered over HTTP.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Http {
    /// The path of WebSocket; empty for none.
    pub(super) websocket: Spanned<String>,
    /// The path of BOSH; empty for none.
    pub(super) bosh: Spanned<String>,
    /// Origins whose pages may open sessions, beside those of the same host.
    pub(super) origins: Vec<Spanned<String>>,
    /// What clients put before the paths.
    pub(super) public: Option<Spanned<String>>,
}

impl Default for Http {
    fn default() -> Http {
        let path = |path: &str| Spanned::new(0..0, path.to_owned());
        Http {
            websocket: path("/xmpp-websocket"),
            bosh: path("/http-bind"),
            origins: Vec::new(),
            public: None,
        }
    }
}

/// `[proxies]`: load balancers and proxies in front of the server.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Proxies {
    /// Their networks.
    pub(super) trusted: Vec<Spanned<String>>,
    /// Addresses listened on where connections begin with a header of the PROXY protocol.
    pub(super) protocol: Vec<Spanned<String>>,
}

/// `[components."domain"]`: a component that may join.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ComponentTable {
    pub(super) secret: Hidden,
}

/// A text that is never shown.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Hidden(pub(crate) String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// What one host has for itself, in `[hosts."domain"]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HostTable {
    pub(super) certificate: Option<Spanned<String>>,
    pub(super) key: Option<Spanned<String>>,
    /// Empty where this host lets nobody in by certificate.
    pub(super) client_authorities: Option<Spanned<String>>,
    pub(super) plugins: Option<Plugins>,
}

/// `[limits]`: what connections may ask for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// The longest stanza after login.
    pub(crate) stanza: ByteSize,
    /// The longest element before login.
    pub(crate) before_login: ByteSize,
    /// How long a client may take to log in.
    pub(crate) login: Interval,
    /// How long a login waits at most where others have failed before.
    pub(crate) login_delay: Interval,
    /// How long a client may be silent before it is asked for a sign of life.
    pub(crate) idle: Interval,
    /// How long it has to answer.
    pub(crate) answer: Interval,
    /// Connections at a time, logged in or not.
    pub(crate) connections: usize,
    /// Sessions of one account at a time.
    pub(crate) sessions_per_account: usize,
    /// Stanzas a second that an account may send on average; zero where that is not bounded.
    pub(crate) stanza_rate: u32,
    /// Bytes of stanzas a second; zero where that is not bounded.
    pub(crate) byte_rate: ByteSize,
    /// What may wait for a session before its senders have to.
    pub(crate) queue: ByteSize,
    /// How long they wait for a session that does not read, before it is ended.
    pub(crate) slow_reader: Interval,
}

impl Default for Limits {
    fn default() -> Limits {
        let limits = ServerLimits::default();
        Limits {
            stanza: ByteSize(limits.after_login.stanza_bytes as u64),
            before_login: ByteSize(limits.before_login.stanza_bytes as u64),
            login: Interval(limits.timeouts.login),
            login_delay: Interval(limits.throttling.most),
            idle: Interval(limits.timeouts.idle),
            answer: Interval(limits.timeouts.answer),
            connections: limits.connections,
            sessions_per_account: limits.sessions.per_account,
            stanza_rate: 1000,
            byte_rate: ByteSize(1024 * 1024),
            queue: ByteSize(limits.sessions.queue_bytes as u64),
            slow_reader: Interval(limits.sessions.slow_reader),
        }
    }
}

impl Limits {
    /// As the server takes them.
    pub(crate) fn of_server(&self) -> ServerLimits {
        let mut limits = ServerLimits::default();
        limits.after_login.stanza_bytes = self.stanza.bytes();
        limits.before_login.stanza_bytes = self.before_login.bytes();
        limits.timeouts.login = self.login.duration();
        limits.throttling.most = self.login_delay.duration();
        limits.timeouts.idle = self.idle.duration();
        limits.timeouts.answer = self.answer.duration();
        limits.connections = self.connections;
        limits.sessions.per_account = self.sessions_per_account;
        limits.sessions.stanza_rate = NonZeroU32::new(self.stanza_rate);
        limits.sessions.byte_rate = NonZeroU64::new(self.byte_rate.0);
        limits.sessions.queue_bytes = self.queue.bytes();
        limits.sessions.slow_reader = self.slow_reader.duration();
        limits
    }
}

/// `[log]`: what is logged, to standard error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// A level, or targets with levels as `tracing_subscriber::EnvFilter` reads them. `RUST_LOG` goes before it.
    pub(crate) filter: String,
    /// Lines for people or for programs.
    pub(crate) format: LogFormat,
}

impl Default for Log {
    fn default() -> Log {
        Log {
            filter: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
