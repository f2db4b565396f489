//! Finding a domain's server (RFC 6120 §3.2, XEP-0368).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use sestina_wire::clock::Random;

use super::Failure;

/// The port of a server that no service record names.
const PORT: u16 = 5269;
/// Addresses that are tried for a domain: whoever names more has the others' time.
const MOST: usize = 16;

/// Where a server may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether TLS begins with the connection.
    pub(super) direct: bool,
}

/// A service record (RFC 2782).
#[derive(Clone, Debug)]
struct Service {
    priority: u16,
    weight: u16,
    candidate: Candidate,
}

pub(super) struct Resolver {
    inner: Option<TokioResolver>,
    random: Arc<dyn Random>,
}

impl Resolver {
    /// Asks these name servers; without any, those of the system.
    pub(super) fn new(servers: &[SocketAddr], random: Arc<dyn Random>) -> Resolver {
        let builder = if servers.is_empty() {
            TokioResolver::builder_tokio()
        } else {
            let servers = servers.iter().map(|server| {
                let mut config = NameServerConfig::udp_and_tcp(server.ip());
                for connection in &mut config.connections {
                    connection.port = server.port();
                }
                config
            });
            let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
            let provider = TokioRuntimeProvider::default();
            Ok(TokioResolver::builder_with_config(config, provider))
        };
        let inner = builder.and_then(|builder| builder.build());
        if let Err(error) = &inner {
            tracing::warn!(%error, "no name server: other servers are found by address only");
        }
        Resolver {
            inner: inner.ok(),
            random,
        }
    }

    /// Where to look for the server of a domain, in this order.
    pub(super) async fn candidates(&self, domain: &str) -> Result<Vec<Candidate>, Failure> {
        let itself = |host: &str| Candidate {
            host: host.to_owned(),
            port: PORT,
            direct: false,
        };
        let bare = domain.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<IpAddr>().is_ok() {
            return Ok(vec![itself(bare)]);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| Failure::NotFound)?;
        let plain = format!("_xmpp-server._tcp.{domain}.");
        let direct = format!("_xmpps-server._tcp.{domain}.");
        let (plain, direct) =
            tokio::join!(self.services(&plain, false), self.services(&direct, true));
        let is_none =
            |services: &[Service]| matches!(services, [only] if only.candidate.host.is_empty());
        // The domain says that it has no such service (RFC 2782).
        if is_none(&plain) && (direct.is_empty() || is_none(&direct)) {
            return Err(Failure::NotFound);
        }
        // They are one list (XEP-0368 §2.4.2).
        let services = plain.into_iter().chain(direct);
        let services: Vec<Service> = services
            .filter(|service| !service.candidate.host.is_empty())
            .collect();
        if services.is_empty() {
            return Ok(vec![itself(&domain)]);
        }
        let mut ordered = in_order(services, self.random.as_ref());
        ordered.truncate(MOST);
        Ok(ordered)
    }

    /// The addresses of a host.
    pub(super) async fn addresses(&self, host: &str) -> Vec<IpAddr> {
        if let Ok(address) = host.parse() {
            return vec![address];
        }
        let Some(inner) = &self.inner else {
            return Vec::new();
        };
        match inner
            .lookup_ip(format!("{}.", host.trim_end_matches('.')))
            .await
        {
            Ok(found) => found.iter().take(MOST).collect(),
            Err(error) => {
                tracing::debug!(host, %error, "no address");
                Vec::new()
            }
        }
    }

    async fn services(&self, name: &str, direct: bool) -> Vec<Service> {
        let Some(inner) = &self.inner else {
            return Vec::new();
        };
        let answer = match inner.lookup(name, RecordType::SRV).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!(name, %error, "no service records");
                return Vec::new();
            }
        };
        let records = answer.answers().iter();
        let services = records.filter_map(|record| match &record.data {
            RData::SRV(srv) => Some(Service {
                priority: srv.priority,
                weight: srv.weight,
                candidate: Candidate {
                    host: srv.target.to_utf8().trim_end_matches('.').to_owned(),
                    port: srv.port,
                    direct,
                },
            }),
            _ => None,
        });
        services.collect()
    }
}

/// Orders service records: the lowest priority first, and among equals at random in proportion to their weights
/// (RFC 2782).
fn in_order(mut services: Vec<Service>, random: &dyn Random) -> Vec<Candidate> {
    // Records without weight come first in each round, so that they are chosen only by a roll of zero.
    services.sort_by_key(|service| (service.priority, service.weight));
    let mut ordered = Vec::with_capacity(services.len());
    while let Some(first) = services.first() {
        let priority = first.priority;
        let equals = services
            .iter()
            .take_while(|service| service.priority == priority);
        let total: u64 = equals.map(|service| u64::from(service.weight)).sum();
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        let roll = u64::from_le_bytes(bytes) % (total + 1);
        let mut sum = 0;
        let chosen = services.iter().position(|service| {
            sum += u64::from(service.weight);
            sum >= roll
        });
        ordered.push(services.remove(chosen.unwrap_or_default()).candidate);
    }
    ordered
}
