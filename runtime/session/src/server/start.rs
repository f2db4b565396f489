//! Starts a server: hosts first, then what else answers for domains, then sockets, plugins and listeners.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use sestina_storage::Secret;
use sestina_wire::BareJid;
use sestina_wire::negotiation::FeatureRow;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::component::{Components, Door};
use crate::federation::{Federation, FederationParts};
use crate::host::{Extensions, Host, HostParts, Surroundings};
use crate::http::CrossOrigin;
use crate::link::Links;
use crate::negotiation;
use crate::plugin::PluginManager;
use crate::router::Router;
use crate::sasl::Throttle;
use crate::server::access::{Doors, HostBinder};
use crate::server::{
    Entrances, Entry, HostConfig, Listener, Server, ServerBuilder, Shared, StartError, WebEntrance,
    listener,
};
use crate::session::{AcceptConfig, HostAccess, InlineParts};
use crate::web::{self, Entrance};

/// The hosts, and what connections need to know of them.
struct Hosts {
    managers: Vec<(BareJid, PluginManager)>,
    doors: HashMap<Box<str>, Arc<HostAccess>>,
    table: Vec<FeatureRow>,
    entrances: Entrances,
    /// What the plugins of all hosts share.
    shared: Arc<Extensions>,
}

/// What is listened on.
struct Sockets {
    clients: Vec<(TcpListener, Listener)>,
    components: Vec<TcpListener>,
    servers: Vec<TcpListener>,
}

impl ServerBuilder {
    /// Starts hosts, plugins and listeners.
    ///
    /// # Errors
    ///
    /// [`StartError`]; what was started is stopped again.
    pub async fn start(mut self) -> Result<Server, StartError> {
        // Sockets first: a port in use is the commonest reason not to start, and plugins want to know where HTTP is.
        let sockets = self.bind().await?;
        let router = Router::new();
        let hosts = self.make_hosts(&router, &sockets)?;
        let accept = Arc::new(self.accept_config(hosts.doors, hosts.table));
        let links = Links::new(self.limits.connections);
        let components = Arc::new(self.make_components(&router, &accept, &links)?);
        let federation = self.make_federation(&router, &accept, &links, &components)?;
        start_plugins(&hosts.managers).await?;

        let (stop, stopping) = watch::channel(false);
        let shared = Arc::new(Shared::new(
            router,
            accept,
            self.limits.connections,
            stopping,
            hosts.entrances,
        ));
        let entrance: Arc<dyn Entrance> = Arc::new(WebEntrance(
            Arc::downgrade(&shared),
            Arc::clone(shared.accept()),
        ));
        let mut routes = web::routes(&self.web, &entrance);
        for add in self.routes {
            add(&mut routes);
        }
        for host in shared.router().hosts() {
            for (path, handler) in host.http_paths() {
                routes.below(path, CrossOrigin::Anyone, Arc::clone(handler));
            }
        }
        let _ = shared.routes.set(Arc::new(routes));
        let mut listeners = Vec::with_capacity(sockets.clients.len());
        for (socket, listener) in sockets.clients {
            listeners.extend(socket.local_addr().map(|address| (address, listener.entry)));
            tokio::spawn(listener::run(socket, listener, Arc::clone(&shared)));
        }
        let mut component_addresses = Vec::with_capacity(sockets.components.len());
        for socket in sockets.components {
            component_addresses.extend(socket.local_addr());
            let components = Arc::clone(&components);
            let serve = move |transport| Arc::clone(&components).serve(transport);
            tokio::spawn(Arc::clone(&links).accept(socket, shared.stopping(), serve));
        }
        let mut server_addresses = Vec::with_capacity(sockets.servers.len());
        for (socket, (_, direct)) in sockets.servers.into_iter().zip(self.listen_servers) {
            server_addresses.extend(socket.local_addr());
            let Some(federation) = federation.clone() else {
                continue;
            };
            let incoming = Arc::clone(federation.incoming());
            let serve = move |transport| Arc::clone(&federation).serve(transport, direct);
            tokio::spawn(incoming.accept(socket, shared.stopping(), serve));
        }
        let managers = hosts.managers.into_iter();
        let managers = managers.map(|(_, manager)| manager).collect();
        let sweepers = self.sweepers.into_iter();
        let sweeping = sweepers.map(|sweeper| sweeper.start(Arc::clone(&self.clock)));
        let sweeping = sweeping.collect();
        let mut server = Server::new(shared, listeners, managers, sweeping, stop);
        server.links = links;
        server.component_addresses = component_addresses;
        server.server_addresses = server_addresses;
        server.incoming = federation.map(|federation| Arc::clone(federation.incoming()));
        Ok(server)
    }

    fn make_hosts(&mut self, router: &Arc<Router>, sockets: &Sockets) -> Result<Hosts, StartError> {
        let mut hosts = Hosts {
            managers: Vec::with_capacity(self.hosts.len()),
            doors: HashMap::new(),
            table: std::mem::take(&mut self.table),
            entrances: Entrances {
                proxies: std::mem::take(&mut self.proxies),
                ..Entrances::default()
            },
            shared: Arc::default(),
        };
        for config in std::mem::take(&mut self.hosts) {
            if router.serves(config.domain.domain()) {
                return Err(StartError::HostTwice(config.domain));
            }
            self.make_host(config, router, sockets, &mut hosts)?;
        }
        Ok(hosts)
    }

    fn make_host(
        &self,
        config: HostConfig,
        router: &Arc<Router>,
        sockets: &Sockets,
        hosts: &mut Hosts,
    ) -> Result<(), StartError> {
        let domain = config.domain;
        let secret = Secret::new(config.decoy_secret.unwrap_or_else(|| {
            let mut secret = [0; 32];
            self.random.fill(&mut secret);
            secret
        }));
        let host = Host::new(HostParts {
            domain: domain.clone(),
            storage: config.storage,
            accounts: Some(config.accounts.clone()),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            limits: self.limits.sessions,
            secret: secret.clone(),
        });
        host.settle(Surroundings {
            web: self.web_address(domain.domain(), sockets),
            folder: config.folder,
            shared: Arc::clone(&hosts.shared),
        });
        let failed = |error| StartError::Plugin {
            host: domain.clone(),
            error,
        };
        let mut manager = PluginManager::new((config.make)(&host).map_err(failed)?);
        manager.install(&host).map_err(failed)?;
        let rows = std::mem::take(&mut hosts.table);
        hosts.table = negotiation::with_rows(rows, host.negotiation());
        if let Some(tls) = &config.tls {
            hosts.entrances.named.add(domain.domain(), tls.clone());
        }
        let mut access = HostAccess::new(
            domain.clone(),
            config
                .accounts
                .authenticator_with(domain.clone(), config.passwords.clone()),
            Arc::new(HostBinder(Arc::clone(&host))),
        );
        access.tls = config.tls;
        access.mechanisms = config.mechanisms;
        if config.passwords.is_some() {
            access
                .mechanisms
                .retain(|mechanism| mechanism.scram().is_none());
        }
        access.tokens = config.tokens;
        access.anonymous = host.has_plugin("xep-0175");
        access.announces_bindings = host.has_plugin("xep-0440");
        access.protects_offer = host.has_plugin("xep-0474");
        access.announces_limits = host.has_plugin("xep-0478");
        access.sasl2 = host.has_plugin("xep-0388");
        access.inline = InlineParts {
            features: host.inline_features().to_vec(),
            bind: host.has_plugin("xep-0386"),
            bind_features: host.beginnings().vars(),
            tokens: host.token_keeper().cloned(),
            upgrades: host.has_plugin("xep-0480"),
            watchers: host.login_watchers().to_vec(),
        };
        access.features = host.stream_features().to_vec();
        access.decoy_secret = secret;
        hosts.doors.insert(domain.domain().into(), Arc::new(access));
        router.add_host(&host);
        router
            .add_services_of(&host)
            .map_err(StartError::HostTwice)?;
        hosts.managers.push((domain, manager));
        Ok(())
    }

    /// What stands before the paths of HTTP for clients of a host: as set, or where it is listened. Without TLS, where that
    /// is required, nobody comes in.
    fn web_address(&self, domain: &str, sockets: &Sockets) -> Option<String> {
        let port = |entry| {
            let mut clients = sockets.clients.iter();
            let (socket, _) = clients.find(|(_, listener)| listener.entry == entry)?;
            socket.local_addr().ok().map(|address| address.port())
        };
        let (secure, plain) = (port(Entry::Https), port(Entry::Http));
        if secure.is_none() && plain.is_none() {
            return None;
        }
        if let Some(public) = &self.web.public {
            return Some(public.trim_end_matches('/').to_owned());
        }
        // What stands in an address has no letters but those of ASCII (RFC 3986 §3.2.2).
        let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned());
        match (secure, plain) {
            (Some(443), _) => Some(format!("https://{domain}")),
            (Some(port), _) => Some(format!("https://{domain}:{port}")),
            (None, Some(port)) if !self.require_tls => Some(format!("http://{domain}:{port}")),
            _ => None,
        }
    }

    fn accept_config(
        &self,
        doors: HashMap<Box<str>, Arc<HostAccess>>,
        table: Vec<FeatureRow>,
    ) -> AcceptConfig {
        let mut accept = AcceptConfig::new(Arc::new(Doors(doors)), table);
        accept.require_tls = self.require_tls;
        accept.limits_before = self.limits.before_login;
        accept.limits = self.limits.after_login;
        accept.timeouts = self.limits.timeouts;
        accept.throttle = Arc::new(Throttle::new(
            self.limits.throttling,
            Arc::clone(&self.clock),
        ));
        accept.clock = Arc::clone(&self.clock);
        accept.random = Arc::clone(&self.random);
        accept
    }

    fn make_components(
        &mut self,
        router: &Arc<Router>,
        accept: &AcceptConfig,
        links: &Arc<Links>,
    ) -> Result<Components, StartError> {
        let mut doors = HashMap::new();
        for component in std::mem::take(&mut self.components) {
            let domain = component.domain.clone();
            if router.serves(domain.domain()) {
                return Err(StartError::HostTwice(domain));
            }
            let patience = self.limits.sessions.slow_reader;
            let door = Door::new(component, &router.hosts(), patience);
            router.add(domain.domain(), door.clone());
            doors.insert(domain.domain().into(), door);
        }
        Ok(Components {
            router: Arc::clone(router),
            doors,
            table: Arc::clone(&accept.table),
            limits_before: self.limits.before_login,
            limits: self.limits.after_login,
            timeouts: self.limits.timeouts,
            random: Arc::clone(&accept.random),
            queue_bytes: self.limits.sessions.queue_bytes,
            links: Arc::clone(links),
        })
    }

    fn make_federation(
        &mut self,
        router: &Arc<Router>,
        accept: &AcceptConfig,
        links: &Arc<Links>,
        components: &Components,
    ) -> Result<Option<Arc<Federation>>, StartError> {
        let Some(config) = self.federation.take() else {
            return Ok(None);
        };
        let doors = components.doors.values();
        let domains: Vec<BareJid> = doors.map(|door| door.domain().clone()).collect();
        let parts = FederationParts {
            router: Arc::clone(router),
            config,
            table: Arc::clone(&accept.table),
            limits_before: self.limits.before_login,
            limits: self.limits.after_login,
            clock: Arc::clone(&accept.clock),
            random: Arc::clone(&accept.random),
            links: Arc::clone(links),
            patience: self.limits.sessions.slow_reader,
        };
        let federation = Federation::new(parts, &router.hosts(), &domains)?;
        router.set_remote(federation.clone());
        Ok(Some(federation))
    }

    async fn bind(&mut self) -> Result<Sockets, StartError> {
        let mut clients = Vec::with_capacity(self.listen.len());
        for listener in std::mem::take(&mut self.listen) {
            let address = listener.address;
            match listener.bind() {
                Ok(socket) => clients.push((socket, listener)),
                Err(error) if listener.optional && listener::is_absent(&error) => {
                    tracing::debug!(%address, %error, "not listened on");
                }
                Err(error) => return Err(StartError::Listen { address, error }),
            }
        }
        let servers = self.listen_servers.iter().map(|(address, _)| *address);
        Ok(Sockets {
            clients,
            components: bind(self.listen_components.iter().copied()).await?,
            servers: bind(servers).await?,
        })
    }
}

async fn bind(
    addresses: impl Iterator<Item = SocketAddr> + Send,
) -> Result<Vec<TcpListener>, StartError> {
    let mut sockets = Vec::new();
    for address in addresses {
        let failed = |error| StartError::Listen { address, error };
        sockets.push(TcpListener::bind(address).await.map_err(failed)?);
    }
    Ok(sockets)
}

/// Starts the plugins of each host; where one fails, those started before are stopped.
async fn start_plugins(managers: &[(BareJid, PluginManager)]) -> Result<(), StartError> {
    for (started, (domain, manager)) in managers.iter().enumerate() {
        if let Err(error) = manager.start().await {
            for (_, manager) in managers.iter().take(started).rev() {
                manager.stop().await;
            }
            return Err(StartError::Plugin {
                host: domain.clone(),
                error,
            });
        }
    }
    Ok(())
}
