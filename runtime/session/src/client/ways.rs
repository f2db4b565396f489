//! The way to the server: as told, or as the domain says.

use std::io;
use std::sync::Arc;

use sestina_wire::BareJid;
use sestina_wire::clock::Random;
use tracing::debug;

use crate::bosh::BoshClient;
use crate::client::{ClientConfig, ConnectError, eyeballs, resolve, web};
use crate::session::{SessionError, Timeouts};
use crate::srv::Candidate;
use crate::tls::{self, TlsIdentity, Trust};
use crate::transport::Transport;

/// How a client gets to its server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// As the domain says in DNS: its service records, with direct TLS (XEP-0368) and with STARTTLS, in their order;
    /// without any, its own port 5222 (RFC 6120 §3.2). Where none of these can be reached, WebSocket and then BOSH, as the
    /// domain's host-meta says (XEP-0156).
    #[default]
    Discover,
    /// This host and port, encrypted by STARTTLS.
    StartTls(String, u16),
    /// This host and port, TLS first (XEP-0368).
    DirectTls(String, u16),
    /// WebSocket (RFC 7395) at this address, `wss://…`, or where the domain's host-meta says (XEP-0156).
    WebSocket(Option<String>),
    /// BOSH (XEP-0206) at this address, `https://…`, or where the domain's host-meta says (XEP-0156).
    Bosh(Option<String>),
}

/// What connecting takes of a configuration.
#[derive(Clone)]
pub(crate) struct Plan {
    way: Way,
    account: BareJid,
    trust: Trust,
    identity: Option<TlsIdentity>,
    timeouts: Timeouts,
    pub(crate) require_tls: bool,
    pub(crate) random: Arc<dyn Random>,
}

impl Plan {
    pub(super) fn of(config: &ClientConfig) -> Plan {
        Plan {
            way: config.way.clone(),
            account: config.account.clone(),
            trust: config.trust.clone(),
            identity: config.identity.clone(),
            timeouts: config.timeouts,
            require_tls: config.require_tls,
            random: config.random.clone(),
        }
    }

    /// Connects.
    pub(super) async fn connect(self) -> Result<Transport, ConnectError> {
        match &self.way {
            Way::Discover => self.discover().await,
            Way::StartTls(host, port) => self.tcp(host, *port, false).await,
            Way::DirectTls(host, port) => self.tcp(host, *port, true).await,
            Way::WebSocket(Some(address)) => web::web_socket(&self, address).await,
            Way::Bosh(Some(address)) => BoshClient::connect(&self, address).await,
            Way::WebSocket(None) => self.by_host_meta(&[web::WEB_SOCKET]).await,
            Way::Bosh(None) => self.by_host_meta(&[web::BOSH]).await,
        }
    }

    async fn tcp(&self, host: &str, port: u16, tls: bool) -> Result<Transport, ConnectError> {
        let only = Candidate::new(host.to_owned(), port, tls);
        first(self, &[only]).await
    }

    async fn discover(&self) -> Result<Transport, ConnectError> {
        let by_dns = async {
            let domain = self.account.domain();
            let candidates = resolve::candidates(domain, self.random.as_ref()).await?;
            first(self, &candidates).await
        };
        let error = match by_dns.await {
            Ok(transport) => return Ok(transport),
            Err(error) => error,
        };
        match self.by_host_meta(&[web::WEB_SOCKET, web::BOSH]).await {
            Ok(transport) => Ok(transport),
            Err(other) => {
                debug!(error = %other, "no way over HTTP either");
                Err(error)
            }
        }
    }

    /// The first way that host-meta has for one of these relations and that can be gone.
    async fn by_host_meta(&self, relations: &[&str]) -> Result<Transport, ConnectError> {
        let links = web::host_meta(self, self.account.domain()).await?;
        let mut last = ConnectError::NoService(self.account.domain().to_owned());
        for relation in relations {
            for (_, address) in links.iter().filter(|(named, _)| named == relation) {
                let reached = if *relation == web::BOSH {
                    BoshClient::connect(self, address).await
                } else {
                    web::web_socket(self, address).await
                };
                match reached {
                    Ok(transport) => return Ok(transport),
                    Err(error) => {
                        debug!(address, %error, "cannot connect");
                        last = error;
                    }
                }
            }
        }
        Err(last)
    }

    /// Encrypts what is connected before anything is said, for a protocol; the certificate must be for the name.
    pub(super) async fn secure(
        &self,
        transport: &mut Transport,
        name: &str,
        protocol: &'static str,
    ) -> Result<(), SessionError> {
        let connector = self
            .trust
            .connector_speaking(protocol, self.identity.as_ref())?;
        let handshake = transport.connect_tls(&connector, tls::server_name(name)?);
        match tokio::time::timeout(self.timeouts.login, handshake).await {
            Ok(done) => done.map_err(SessionError::Tls),
            Err(_) => Err(SessionError::TimedOut),
        }
    }
}

/// Connects to the first of these that lets us.
async fn first(plan: &Plan, candidates: &[Candidate]) -> Result<Transport, ConnectError> {
    let domain = plan.account.domain();
    let mut last = ConnectError::Unreachable {
        domain: domain.to_owned(),
        error: io::ErrorKind::NotFound.into(),
    };
    for Candidate { host, port, tls } in candidates {
        let reached = async {
            let socket = eyeballs::connect(host, *port).await.map_err(|error| {
                ConnectError::Unreachable {
                    domain: domain.to_owned(),
                    error,
                }
            })?;
            let mut transport = Transport::tcp(socket)?;
            if *tls {
                plan.secure(&mut transport, domain, "xmpp-client").await?;
            }
            Ok(transport)
        };
        match reached.await {
            Ok(transport) => return Ok(transport),
            Err(error) => {
                debug!(host, port, %error, "cannot connect");
                last = error;
            }
        }
    }
    Err(last)
}
