//! `[federation]`: how the server talks to others. Without the table it does not.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use sestina_session::federation::{Authentication, DomainPolicy, FederationLimits};
use sestina_session::settings::{ByteSize, Interval};
use toml::Spanned;

use super::file::Hidden;
use super::resolve::{Source, addresses, domain};

/// The table as it may be written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Table {
    listen: Option<Vec<Spanned<String>>>,
    listen_tls: Vec<Spanned<String>>,
    allow: bool,
    require_tls: bool,
    authentication: Proof,
    system_authorities: bool,
    authorities: Vec<Spanned<String>>,
    resolver: Vec<Spanned<String>>,
    secret: Option<Hidden>,
    limits: Limits,
    domains: BTreeMap<Spanned<String>, DomainTable>,
}

impl Default for Table {
    fn default() -> Table {
        Table {
            listen: None,
            listen_tls: Vec::new(),
            allow: true,
            require_tls: true,
            authentication: Proof::Dialback,
            system_authorities: true,
            authorities: Vec::new(),
            resolver: Vec::new(),
            secret: None,
            limits: Limits::default(),
            domains: BTreeMap::new(),
        }
    }
}

/// How another server proves who it is.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Proof {
    Certificate,
    Dialback,
}

impl From<Proof> for Authentication {
    fn from(proof: Proof) -> Authentication {
        match proof {
            Proof::Certificate => Authentication::Certificate,
            Proof::Dialback => Authentication::Dialback,
        }
    }
}

/// `[federation.domains."domain"]`: what is asked of one domain, where it differs.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DomainTable {
    allow: Option<bool>,
    require_tls: Option<bool>,
    authentication: Option<Proof>,
    address: Option<Spanned<String>>,
    direct_tls: bool,
}

/// `[federation.limits]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Limits {
    outgoing: usize,
    incoming: usize,
    domains_per_stream: usize,
    verifications: usize,
    queue: ByteSize,
    connect: Interval,
    login: Interval,
    idle: Interval,
    retry: Interval,
}

impl Default for Limits {
    fn default() -> Limits {
        let limits = FederationLimits::default();
        Limits {
            outgoing: limits.outgoing,
            incoming: limits.incoming,
            domains_per_stream: limits.domains_per_stream,
            verifications: limits.verifications,
            queue: ByteSize(limits.queue_bytes as u64),
            connect: Interval(limits.connect),
            login: Interval(limits.login),
            idle: Interval(limits.idle),
            retry: Interval(limits.retry),
        }
    }
}

/// How the server talks to others, checked and complete.
#[derive(Debug)]
pub(crate) struct Federation {
    /// Where other servers connect.
    pub(crate) listen: Vec<SocketAddr>,
    /// Where they do so with TLS from the start.
    pub(crate) listen_tls: Vec<SocketAddr>,
    /// Whether the authorities of the system are believed.
    pub(crate) system_authorities: bool,
    /// Files with further ones.
    pub(crate) authorities: Vec<PathBuf>,
    /// Name servers; those of the system where there are none.
    pub(crate) resolver: Vec<SocketAddr>,
    /// What the keys of dialback are made from, where nodes share it.
    pub(crate) secret: Option<Hidden>,
    /// What is asked of everybody.
    pub(crate) default: DomainPolicy,
    /// What is asked of some.
    pub(crate) domains: BTreeMap<String, DomainPolicy>,
    /// Bounds.
    pub(crate) limits: FederationLimits,
}

/// Completes and checks.
pub(super) fn resolve(source: &mut Source<'_>, table: &Table) -> Federation {
    let default = DomainPolicy {
        allow: table.allow,
        require_tls: table.require_tls,
        authentication: table.authentication.into(),
        ..DomainPolicy::default()
    };
    let mut domains = BTreeMap::new();
    for (name, written) in &table.domains {
        let name = match domain(name.get_ref()) {
            Ok(name) => name,
            Err(reason) => {
                source.complain(name.span(), reason);
                continue;
            }
        };
        let address = written.address.as_ref().and_then(|address| {
            let parsed = host_and_port(address.get_ref());
            if parsed.is_none() {
                source.complain(
                    address.span(),
                    "write host and port, such as \"xmpp.example.org:5269\"",
                );
            }
            parsed
        });
        let policy = DomainPolicy {
            allow: written.allow.unwrap_or(default.allow),
            require_tls: written.require_tls.unwrap_or(default.require_tls),
            authentication: written
                .authentication
                .map_or(default.authentication, Authentication::from),
            address,
            direct_tls: written.direct_tls,
        };
        domains.insert(name, policy);
    }
    let limits = &table.limits;
    Federation {
        listen: match &table.listen {
            Some(written) => addresses(source, written),
            None => vec![SocketAddr::from(([0, 0, 0, 0], 5269))],
        },
        listen_tls: addresses(source, &table.listen_tls),
        system_authorities: table.system_authorities,
        authorities: table
            .authorities
            .iter()
            .map(|file| source.file_path(file))
            .collect(),
        resolver: addresses(source, &table.resolver),
        secret: table.secret.clone(),
        default,
        domains,
        limits: FederationLimits {
            outgoing: limits.outgoing,
            incoming: limits.incoming,
            domains_per_stream: limits.domains_per_stream,
            verifications: limits.verifications,
            queue_bytes: limits.queue.bytes(),
            connect: limits.connect.duration(),
            login: limits.login.duration(),
            idle: limits.idle.duration(),
            retry: limits.retry.duration(),
        },
    }
}

fn host_and_port(written: &str) -> Option<(String, u16)> {
    let (host, port) = written.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty()).then_some(())?;
    Some((host.to_owned(), port.parse().ok()?))
}
