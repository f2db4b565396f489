//! The way to the server: as told, or as the domain says.

use std::io;
use std::sync::Arc;

use sestina_wire::BareJid;
use sestina_wire::clock::Random;
use tracing::debug;

use crate::client::{ClientConfig, ConnectError, eyeballs, resolve};
use crate::session::{SessionError, Timeouts};
use crate::tls::{self, Trust};
use crate::transport::Transport;

/// How a client gets to its server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// As the domain says in DNS: its service records, with direct TLS (XEP-0368) and with STARTTLS, in their order;
    /// without any, its own port 5222 (RFC 6120 §3.2).
    #[default]
    Discover,
    /// This host and port, encrypted by STARTTLS.
    StartTls(String, u16),
    /// This host and port, TLS first (XEP-0368).
    DirectTls(String, u16),
}

/// What connecting takes of a configuration.
#[derive(Clone)]
pub(super) struct Plan {
    way: Way,
    account: BareJid,
    trust: Trust,
    timeouts: Timeouts,
    random: Arc<dyn Random>,
}

impl Plan {
    pub(super) fn of(config: &ClientConfig) -> Plan {
        Plan {
            way: config.way.clone(),
            account: config.account.clone(),
            trust: config.trust.clone(),
            timeouts: config.timeouts,
            random: config.random.clone(),
        }
    }

    /// Connects.
    pub(super) async fn connect(self) -> Result<Transport, ConnectError> {
        let candidates = match &self.way {
            Way::Discover => {
                resolve::candidates(self.account.domain(), self.random.as_ref()).await?
            }
            Way::StartTls(host, port) => {
                vec![resolve::Candidate::new(host.clone(), *port, false)]
            }
            Way::DirectTls(host, port) => {
                vec![resolve::Candidate::new(host.clone(), *port, true)]
            }
        };
        first(&self, &candidates).await
    }
}

/// Connects to the first of these that lets us.
async fn first(plan: &Plan, candidates: &[resolve::Candidate]) -> Result<Transport, ConnectError> {
    let domain = plan.account.domain();
    let mut last = ConnectError::Unreachable {
        domain: domain.to_owned(),
        error: io::ErrorKind::NotFound.into(),
    };
    for resolve::Candidate { host, port, tls } in candidates {
        let reached = async {
            let socket = eyeballs::connect(host, *port).await.map_err(|error| {
                ConnectError::Unreachable {
                    domain: domain.to_owned(),
                    error,
                }
            })?;
            let mut transport = Transport::tcp(socket)?;
            if *tls {
                secure(plan, &mut transport, domain, "xmpp-client").await?;
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

/// Encrypts what is connected before anything is said, for a protocol; the certificate must be for the name.
async fn secure(
    plan: &Plan,
    transport: &mut Transport,
    name: &str,
    protocol: &'static str,
) -> Result<(), SessionError> {
    let connector = plan.trust.connector_speaking(protocol)?;
    let handshake = transport.connect_tls(&connector, tls::server_name(name)?);
    match tokio::time::timeout(plan.timeouts.login, handshake).await {
        Ok(done) => done.map_err(SessionError::Tls),
        Err(_) => Err(SessionError::TimedOut),
    }
}
