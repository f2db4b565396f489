//! Service records (RFC 2782) of a domain: those with STARTTLS and those with direct TLS as one list (XEP-0368).

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};
use sestina_wire::clock::Random;

/// Somewhere to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Name or address.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
    /// Whether TLS comes first.
    pub(crate) tls: bool,
}

impl Candidate {
    pub(crate) fn new(host: String, port: u16, tls: bool) -> Candidate {
        Candidate { host, port, tls }
    }
}

/// A service record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Service {
    priority: u16,
    weight: u16,
    host: String,
    port: u16,
    tls: bool,
}

/// What a domain says of its servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing: the domain itself is tried (RFC 6120 §3.2.2).
    Nothing,
    /// That it has none (RFC 2782).
    NoService,
    /// Where to try, in this order.
    Candidates(Vec<Candidate>),
}

/// Asks for the records of both services of a domain, such as `_xmpp-client` and `_xmpps-client`.
pub(crate) async fn look_up(
    resolver: &TokioResolver,
    plain: &str,
    direct: &str,
    domain: &str,
    random: &dyn Random,
) -> Found {
    let (plain, direct) = tokio::join!(
        services(resolver, plain, domain, false),
        services(resolver, direct, domain, true)
    );
    match merged(plain, direct) {
        Merged::Nothing => Found::Nothing,
        Merged::NoService => Found::NoService,
        Merged::Services(services) => Found::Candidates(in_order(services, random)),
    }
}

/// What the records of both services say together.
#[derive(Debug, PartialEq, Eq)]
enum Merged {
    /// No records, or nobody to ask: the domain itself is tried (RFC 6120 §3.2.2).
    Nothing,
    /// The domain says that it has no server (RFC 2782).
    NoService,
    /// One list, as if the records were of one service (XEP-0368 §3).
    Services(Vec<Service>),
}

fn merged(plain: Vec<Service>, direct: Vec<Service>) -> Merged {
    // The other service's says only that there is no direct TLS.
    let denied = plain.iter().any(|service| service.host.is_empty());
    let services: Vec<Service> = plain
        .into_iter()
        .chain(direct)
        // A root for a host says that there is none (RFC 2782).
        .filter(|service| !service.host.is_empty())
        .collect();
    match (services.is_empty(), denied) {
        (false, _) => Merged::Services(services),
        (true, true) => Merged::NoService,
        (true, false) => Merged::Nothing,
    }
}

async fn services(
    resolver: &TokioResolver,
    service: &str,
    domain: &str,
    tls: bool,
) -> Vec<Service> {
    let name = format!("{service}._tcp.{}.", domain.trim_end_matches('.'));
    let answer = match resolver.lookup(name.as_str(), RecordType::SRV).await {
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
            host: srv.target.to_utf8().trim_end_matches('.').to_owned(),
            port: srv.port,
            tls,
        }),
        _ => None,
    });
    services.collect()
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
        let chosen = services.remove(chosen.unwrap_or_default());
        ordered.push(Candidate::new(chosen.host, chosen.port, chosen.tls));
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
            port: 5222,
            tls: false,
        }
    }

    #[test]
    fn both_services_are_one_list() {
        let direct = |priority, host: &str| Service {
            tls: true,
            ..service(priority, 1, host)
        };
        let plain = vec![service(5, 1, "a"), service(20, 1, "b")];
        let Merged::Services(services) = merged(plain, vec![direct(10, "c"), direct(1, "d")])
        else {
            panic!("no services");
        };
        let ordered = in_order(services, &SeededRandom::new(1));
        let found: Vec<(&str, bool)> = ordered.iter().map(|c| (c.host.as_str(), c.tls)).collect();
        assert_eq!(
            found,
            [("d", true), ("a", false), ("c", true), ("b", false)]
        );
        assert_eq!(merged(vec![], vec![]), Merged::Nothing);
        assert_eq!(merged(vec![service(0, 0, "")], vec![]), Merged::NoService);
        // No direct TLS, which leaves the other service.
        let only = merged(vec![service(5, 1, "a")], vec![direct(0, "")]);
        assert_eq!(only, Merged::Services(vec![service(5, 1, "a")]));
        assert_eq!(merged(vec![], vec![direct(0, "")]), Merged::Nothing);
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
            assert_eq!(ordered[3].host, "last");
            *first.entry(ordered[0].host.clone()).or_default() += 1;
        }
        assert!((650..850).contains(&first["often"]), "{first:?}");
        assert!((150..350).contains(&first["seldom"]), "{first:?}");
        assert!(
            first.get("hardly").copied().unwrap_or_default() < 40,
            "{first:?}"
        );
    }
}
