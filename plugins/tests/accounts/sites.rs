//! Servers that speak with each other over loopback.

use std::net::SocketAddr;
use std::time::Duration;

use sestina_session::federation::{Authorities, DomainPolicy, FederationConfig};
use sestina_session::server::{HostConfig, Server};

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}

/// A server that finds these domains at these ports, without encryption, by dialback.
pub(crate) async fn site(host: HostConfig, port: u16, others: &[(&str, u16)]) -> Server {
    let mut federation = FederationConfig::new(Authorities::none());
    federation.limits.connect = Duration::from_secs(5);
    federation.default.require_tls = false;
    for (domain, port) in others {
        let policy = DomainPolicy {
            require_tls: false,
            address: Some(("127.0.0.1".to_owned(), *port)),
            ..DomainPolicy::default()
        };
        federation.domains.insert((*domain).to_owned(), policy);
    }
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let builder = Server::builder()
        .host(host)
        .federation(federation)
        .listen_servers(address, false);
    builder.start().await.unwrap()
}
