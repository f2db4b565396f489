//! Finding a domain's server (RFC 6120 §3.2).

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};
use sestina_wire::clock::Random;
use tokio::net::TcpStream;
use tracing::debug;

use crate::client::ConnectError;

/// The port of a server that no SRV record names.
const PORT: u16 = 5222;
/// How long one address may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// A service record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Service {
    priority: u16,
    weight: u16,
    host: String,
    port: u16,
}

/// Connects to the server of `domain`, or to `address` where one is given.
pub(super) async fn connect(
    domain: &str,
    address: Option<&(String, u16)>,
    random: &dyn Random,
) -> Result<TcpStream, ConnectError> {
    let candidates = match address {
        Some(address) => vec![address.clone()],
        None => candidates(domain, random).await?,
    };
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for (host, port) in &candidates {
        match reach(host, *port).await {
            Ok(socket) => return Ok(socket),
            Err(error) => {
                debug!(host, port, %error, "cannot connect");
                last = error;
            }
        }
    }
    Err(ConnectError::Unreachable {
        domain: domain.to_owned(),
        error: last,
    })
}

/// Tries every address of a host.
async fn reach(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in tokio::net::lookup_host((unbracketed(host), port)).await? {
        match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

/// Hosts and ports to try, in this order.
async fn candidates(domain: &str, random: &dyn Random) -> Result<Vec<(String, u16)>, ConnectError> {
    let itself = || vec![(domain.to_owned(), PORT)];
    if unbracketed(domain).parse::<IpAddr>().is_ok() {
        return Ok(itself());
    }
    let services = services(domain).await;
    match services.as_slice() {
        // No records, or nobody to ask: the domain itself (RFC 6120 §3.2.2).
        [] => Ok(itself()),
        // The domain says that it has no such service (RFC 2782).
        [only] if only.host.is_empty() => Err(ConnectError::NoService(domain.to_owned())),
        _ => Ok(in_order(services, random)),
    }
}

async fn services(domain: &str) -> Vec<Service> {
    let resolver = TokioResolver::builder_tokio().and_then(|builder| builder.build());
    let name = format!("_xmpp-client._tcp.{}.", domain.trim_end_matches('.'));
    let answer = match resolver {
        Ok(resolver) => resolver.lookup(name.as_str(), RecordType::SRV).await,
        Err(error) => Err(error),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            debug!(name, %error, "no service records");
            return Vec::new();
        }
    };
    let records = answer.answers().iter();
    let services = records.filter_map(|record| match &record.data {
        RData::SRV(srv) => Some(Service {
            priority: srv.priority,
            weight: srv.weight,
            host: srv.target.to_utf8().trim_end_matches('.').to_owned(),
            port: srv.port,
        }),
        _ => None,
    });
    services.collect()
}

/// Orders service records: the lowest priority first, and among equals at random in proportion to their weights
/// (RFC 2782).
fn in_order(mut services: Vec<Service>, random: &dyn Random) -> Vec<(String, u16)> {
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
        let Service { host, port, .. } = services.remove(chosen.unwrap_or_default());
        if !host.is_empty() {
            ordered.push((host, port));
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use sestina_wire::clock::SeededRandom;

    use super::*;

    fn service(priority: u16, weight: u16, host: &str) -> Service {
        Service {
            priority,
            weight,
            host: host.to_owned(),
            port: PORT,
        }
    }

    #[test]
    fn priorities_come_in_order_and_weights_in_proportion() {
        let services = vec![
            service(20, 0, "last"),
            service(10, 75, "often"),
            service(10, 25, "seldom"),
            service(10, 0, "hardly"),
        ];
        let random = SeededRandom::new(1);
        let mut first: HashMap<String, u32> = HashMap::new();
        for _ in 0..1_000 {
            let ordered = in_order(services.clone(), &random);
            assert_eq!(ordered.len(), 4);
            assert_eq!(ordered[3].0, "last");
            *first.entry(ordered[0].0.clone()).or_default() += 1;
        }
        assert!((650..850).contains(&first["often"]), "{first:?}");
        assert!((150..350).contains(&first["seldom"]), "{first:?}");
        assert!(
            first.get("hardly").copied().unwrap_or_default() < 40,
            "{first:?}"
        );
    }

    #[tokio::test]
    async fn an_address_is_its_own_server() {
        let random = SeededRandom::new(1);
        for address in ["127.0.0.1", "[::1]"] {
            let candidates = candidates(address, &random).await.unwrap();
            assert_eq!(candidates, [(address.to_owned(), PORT)]);
        }
    }
}
