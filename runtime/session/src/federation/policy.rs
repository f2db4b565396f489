//! What is asked of other servers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use sestina_storage::Secret;

use super::{Authorities, Identity};

/// How another server has to prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// By a certificate for its domain.
    Certificate,
    /// By a certificate, or by dialback (XEP-0220).
    Dialback,
}

/// What is asked of one domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainPolicy {
    /// Whether it is talked to at all.
    pub allow: bool,
    /// Whether streams have to be encrypted.
    pub require_tls: bool,
    /// How it has to prove who it is.
    pub authentication: Authentication,
    /// Where its server is: host and port, in place of what the domain name system says.
    pub address: Option<(String, u16)>,
    /// Whether TLS begins with the connection to that address.
    pub direct_tls: bool,
}

impl Default for DomainPolicy {
    fn default() -> DomainPolicy {
        DomainPolicy {
            allow: true,
            require_tls: true,
            authentication: Authentication::Dialback,
            address: None,
            direct_tls: false,
        }
    }
}

/// Bounds of what other servers may cost.
#[derive(Clone, Copy, Debug)]
pub struct FederationLimits {
    /// Pairs of a domain of ours and another's to which streams are kept or being made.
    pub outgoing: usize,
    /// Connections of other servers at a time.
    pub incoming: usize,
    /// Domains that may be proved on one connection.
    pub domains_per_stream: usize,
    /// Keys that are being verified at a time, for all connections.
    pub verifications: usize,
    /// Bytes that may wait for one stream.
    pub queue_bytes: usize,
    /// How long stanzas wait for a stream to be made, before they come back.
    pub connect: Duration,
    /// How long one server may take to negotiate a stream.
    pub login: Duration,
    /// After how long without any stanza a stream is closed.
    pub idle: Duration,
    /// How long after a failure nothing is tried; twice as long after each further one, up to 64 times.
    pub retry: Duration,
}

impl Default for FederationLimits {
    fn default() -> FederationLimits {
        FederationLimits {
            outgoing: 10_000,
            incoming: 10_000,
            domains_per_stream: 32,
            verifications: 256,
            queue_bytes: 256 * 1024,
            connect: Duration::from_secs(30),
            login: Duration::from_secs(30),
            idle: Duration::from_secs(600),
            retry: Duration::from_secs(5),
        }
    }
}

/// How a server talks to others.
#[derive(Clone, Debug)]
pub struct FederationConfig {
    /// Whose certificates prove anything.
    pub authorities: Authorities,
    /// What is asked of every domain that has no policy of its own.
    pub default: DomainPolicy,
    /// Policies of domains.
    pub domains: HashMap<String, DomainPolicy>,
    /// The certificates of our own hosts, by domain.
    pub identities: HashMap<String, Identity>,
    /// The name servers to ask; those of the system where there are none.
    pub resolver: Vec<SocketAddr>,
    /// The secret behind the keys of dialback, where several nodes share it; drawn at each start unless set.
    pub secret: Option<Secret<String>>,
    /// The bounds.
    pub limits: FederationLimits,
}

impl FederationConfig {
    /// Talks to everybody over TLS, and believes certificates of these authorities as well as dialback.
    pub fn new(authorities: Authorities) -> FederationConfig {
        FederationConfig {
            authorities,
            default: DomainPolicy::default(),
            domains: HashMap::new(),
            identities: HashMap::new(),
            resolver: Vec::new(),
            secret: None,
            limits: FederationLimits::default(),
        }
    }

    /// What is asked of a domain.
    pub fn policy(&self, domain: &str) -> &DomainPolicy {
        self.domains.get(domain).unwrap_or(&self.default)
    }
}
