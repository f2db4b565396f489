//! XEP-0485, PubSub Server Information: whom a server is connected with, published at its own service for publish-subscribe.
//!
//! A domain is named only if it says by service discovery that it publishes as well (§8); of others it is said that there
//! is one more. What is published is what the streams between servers are now, as often as the settings allow.

mod consent;

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use sestina_session::federation::{Connections, Streams};
use sestina_session::host::Host;
use sestina_session::plugin::{On, PluginError, Registrar, Setup};
use sestina_skeletons::xep_0485::{self as skeleton, Settings};
use sestina_types::xep_0004::FormType;
use sestina_types::xep_0060::forms::{AccessModel, NodeConfig};
use sestina_types::xep_0485::forms::ServerInformation;
use sestina_types::xep_0485::{
    Connection, Direction, Domain, Federation, RemoteDomain, Serverinfo,
};
use sestina_wire::{BareJid, Payload as _, StanzaError, Text};
use tokio::task::JoinHandle;

use crate::xep_0030::Forms;
use crate::xep_0060::{self, Edit};
use consent::Consent;

/// The node, and its one item (§5).
const NODE: &str = "serverinfo";
const ITEM: &str = "current";
/// What lies between two publications whatever is set.
const SHORTEST: Duration = Duration::from_millis(50);

/// The server's part.
pub struct Server {
    publisher: Arc<Publisher>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// Who publishes.
struct Publisher {
    host: Weak<Host>,
    connections: Arc<Connections>,
    consent: Consent,
    interval: Duration,
    believed: Duration,
    most: usize,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let settings = setup.settings;
        let publisher = Publisher {
            host: Arc::downgrade(setup.host),
            connections: Connections::of(setup.host),
            consent: Consent::default(),
            interval: settings.interval.duration().max(SHORTEST),
            believed: settings.believed.duration(),
            most: usize::try_from(settings.max_domains).unwrap_or(usize::MAX),
        };
        Ok(Self {
            publisher: Arc::new(publisher),
            task: Mutex::default(),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let host = registrar.host();
        let service = service(host)
            .ok_or_else(|| trouble("it publishes at the service of xep-0060: set its `domain`"))?;
        let told = ServerInformation {
            // XEP-0060 §12.22.
            node: Some(format!("xmpp:{service}?;node={NODE}").into()),
            ..ServerInformation::default()
        };
        Forms::of(host).add(On::Host, &told.write(FormType::Result));
        Ok(())
    }

    /// The node is there before anybody else can make one of its name.
    async fn start(&self) -> Result<(), PluginError> {
        let Some(host) = self.publisher.host.upgrade() else {
            return Ok(());
        };
        let changes = self.publisher.connections.changes();
        let first = self.publisher.publish(&host, None).await;
        let first = first.map_err(|error| trouble(&error.to_string()))?;
        let publisher = Arc::clone(&self.publisher);
        let task = tokio::spawn(async move { publisher.run(changes, first).await });
        *self.lock() = Some(task);
        Ok(())
    }

    async fn stop(&self) {
        if let Some(task) = self.lock().take() {
            task.abort();
        }
    }
}

impl Server {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<JoinHandle<()>>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Publisher {
    /// Publishes when something has changed, not more often than the interval.
    async fn run(&self, mut changes: tokio::sync::watch::Receiver<()>, first: Serverinfo) {
        let mut last = first;
        loop {
            tokio::time::sleep(self.interval).await;
            // Who was asked long ago is asked again, whether or not anything changes.
            let rest = if self.consent.is_open() {
                self.again().min(self.believed)
            } else {
                self.believed
            };
            let _ = tokio::time::timeout(rest, changes.changed()).await;
            let Some(host) = self.host.upgrade() else {
                return;
            };
            match self.publish(&host, Some(&last)).await {
                Ok(now) => last = now,
                Err(error) => {
                    tracing::warn!(%error, host = %host.domain(), "server information is not published");
                }
            }
        }
    }

    /// After what time a domain is asked again that did not answer.
    fn again(&self) -> Duration {
        self.interval.saturating_mul(10)
    }

    /// Publishes how things are, unless that is what was published before.
    async fn publish(
        &self,
        host: &Arc<Host>,
        before: Option<&Serverinfo>,
    ) -> Result<Serverinfo, StanzaError> {
        let now = self.information(host).await;
        if before == Some(&now) {
            return Ok(now);
        }
        let (Some(nodes), Some(service)) = (xep_0060::Server::of(host), service(host)) else {
            return Ok(now);
        };
        let own = host.domain();
        if nodes.is_owned_by(host, &service, NODE, own).await? == Some(false) {
            return Err(StanzaError::new(sestina_wire::Condition::Conflict).with_text(format!(
                "somebody else made the node `{NODE}` of {service}: as an administrator delete it first, or leave xep-0485 off"
            )));
        }
        let edit = Edit {
            node: NODE.to_owned(),
            put: vec![(Text::from_static(ITEM), now.to_any())],
            options: NodeConfig {
                access_model: Some(AccessModel::Open),
                max_items: Some(Text::from_static("1")),
                ..NodeConfig::default()
            },
            ..Edit::default()
        };
        nodes.edit(host, &service, own, edit).await?;
        Ok(now)
    }

    /// How things are (§4).
    async fn information(&self, host: &Arc<Host>) -> Serverinfo {
        let services = host.services();
        let is_ours = |domain: &str| {
            domain == host.domain().domain()
                || services.iter().any(|service| service.domain() == domain)
        };
        let mut others = self.connections.with(is_ours);
        while others.len() > self.most {
            others.pop_last();
        }
        let domains = others.keys().map(AsRef::as_ref);
        let asked = self.consent.ask(host, domains, self.believed, self.again());
        let named = asked.await;
        let remote_domains = others.iter().map(|(domain, streams)| RemoteDomain {
            name: named.contains(domain).then(|| domain.as_ref().into()),
            connections: connections(*streams),
            ..RemoteDomain::default()
        });
        // In the order of their names, those without would still say what they are called.
        let mut remote_domains: Vec<RemoteDomain> = remote_domains.collect();
        remote_domains
            .sort_by(|a, b| (a.name.is_none(), &a.name).cmp(&(b.name.is_none(), &b.name)));
        let federation = Federation {
            remote_domains,
            ..Federation::default()
        };
        Serverinfo::new(Domain {
            federation: Some(federation),
            ..Domain::new(host.domain().domain().into())
        })
    }
}

fn connections(streams: Streams) -> Vec<Connection> {
    let of = |direction, count| {
        std::iter::repeat_n(
            Connection {
                type_: Some(direction),
                ..Connection::default()
            },
            count,
        )
    };
    of(Direction::Incoming, streams.incoming)
        .chain(of(Direction::Outgoing, streams.outgoing))
        .chain(of(Direction::Bidi, streams.both))
        .collect()
}

/// Where it is published: a host without such a service publishes nothing.
fn service(host: &Host) -> Option<BareJid> {
    xep_0060::Server::of(host)?.service().cloned()
}

fn trouble(message: &str) -> PluginError {
    PluginError::Settings {
        spec: "xep-0485",
        message: message.to_owned(),
    }
}
