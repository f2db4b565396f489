//! Finding a domain's server (RFC 6120 §3.2, XEP-0368).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use sestina_wire::clock::Random;

use super::Failure;
use crate::srv::{self, Candidate, Found};

/// The port of a server that no service record names.
const PORT: u16 = 5269;
/// Addresses that are tried for a domain: whoever names more has the others' time.
const MOST: usize = 16;

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
        let itself = |host: &str| Candidate::new(host.to_owned(), PORT, false);
        let bare = domain.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<IpAddr>().is_ok() {
            return Ok(vec![itself(bare)]);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| Failure::NotFound)?;
        let found = match &self.inner {
            Some(inner) => {
                let random = self.random.as_ref();
                srv::look_up(inner, "_xmpp-server", "_xmpps-server", &domain, random).await
            }
            None => Found::Nothing,
        };
        match found {
            Found::Nothing => Ok(vec![itself(&domain)]),
            Found::NoService => Err(Failure::NotFound),
            Found::Candidates(mut candidates) => {
                candidates.truncate(MOST);
                Ok(candidates)
            }
        }
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
}
