//! The ways in: direct TLS, the PROXY protocol, WebSocket, BOSH, host-meta, each over real sockets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bosh;
mod clients;
mod http;
mod silence;
mod tcp;
mod web_socket;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sestina_session::accounts::{Accounts, MemoryAccounts};
use sestina_session::server::{Entry, HostConfig, Listener, Server, ServerBuilder};
use sestina_session::tls::TlsServer;
use sestina_storage::Storage;
use sestina_wire::BareJid;
use sestina_wire::clock::SystemRandom;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(10);

async fn host(domain: &str) -> HostConfig {
    let all = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    for account in ["romeo", "juliet"] {
        let jid = BareJid::new(Some(account), domain).unwrap();
        all.create(&jid, "secret").await.unwrap();
    }
    HostConfig::new(domain, Storage::memory(), all).unwrap()
}

fn certificate(domain: &str) -> (CertificateDer<'static>, TlsServer) {
    let made = rcgen::generate_simple_self_signed([domain.to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    (
        certificate.clone(),
        TlsServer::new(vec![certificate], key).unwrap(),
    )
}

fn anywhere() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A server with one listener of HTTP in plain text, where that is allowed.
async fn open_server(change: impl FnOnce(ServerBuilder) -> ServerBuilder) -> (Server, SocketAddr) {
    let builder = Server::builder()
        .host(host("a.example").await)
        .require_tls(false)
        .listener(Listener::new(anywhere(), Entry::Http));
    let server = change(builder).start().await.unwrap();
    let address = server.addresses()[0];
    (server, address)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Whatever comes until the peer closes.
fn rest(mut stream: TcpStream) -> String {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    String::from_utf8_lossy(&all).into_owned()
}

/// Sends a request on a connection of its own; status line and headers, and the body.
fn request(address: SocketAddr, head: &str, body: &str) -> (String, String) {
    let mut stream = connect(address);
    let length = body.len();
    let text = format!("{head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).unwrap();
    let all = rest(stream);
    let (head, body) = all.split_once("\r\n\r\n").unwrap_or((&all, ""));
    (head.to_owned(), body.to_owned())
}
