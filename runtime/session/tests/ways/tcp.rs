//! Direct TLS (XEP-0368) and the PROXY protocol.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use sestina_session::client::{Client, ClientConfig, Way};
use sestina_session::server::{Entry, Listener, Server};
use sestina_session::tls::Trust;

use super::{anywhere, certificate, connect, host, rest};

const HEADER: &str = "<?xml version='1.0'?><stream:stream to='a.example' version='1.0' xmlns='jabber:client' \
                      xmlns:stream='http://etherx.jabber.org/streams'>";

#[tokio::test(flavor = "multi_thread")]
async fn direct_tls_shows_the_certificate_of_the_domain_that_is_wanted() {
    let (first, first_tls) = certificate("a.example");
    let (second, second_tls) = certificate("b.example");
    let server = Server::builder()
        .host(host("a.example").await.tls(first_tls))
        .host(host("b.example").await.tls(second_tls))
        .listener(Listener::new(anywhere(), Entry::DirectTls))
        .start()
        .await
        .unwrap();
    let address = server.addresses()[0];
    let way = || Way::DirectTls("127.0.0.1".to_owned(), address.port());
    for (domain, certificate) in [("a.example", &first), ("b.example", &second)] {
        let config = ClientConfig::new(&format!("romeo@{domain}/x"), "secret").unwrap();
        let config = config
            .way(way())
            .trust(Trust::only_added().certificate(certificate.clone()));
        let (client, _events) = Client::connect(config).await.unwrap();
        assert_eq!(client.account().domain(), domain);
        client.close().await;
    }
    // The certificate of another domain is not believed.
    let config = ClientConfig::new("romeo@a.example/x", "secret").unwrap();
    let config = config
        .way(way())
        .trust(Trust::only_added().certificate(second));
    assert!(Client::connect(config).await.is_err());

    let offered = |protocols: &[&str], name: &'static str| {
        let protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
        let first = first.clone();
        std::thread::spawn(move || speaks(address, protocols, name, first))
            .join()
            .unwrap()
    };
    assert_eq!(
        offered(&["xmpp-client"], "a.example").unwrap(),
        Some(b"xmpp-client".to_vec())
    );
    // Without ALPN XMPP is what is spoken; with another protocol nothing is.
    assert_eq!(offered(&[], "a.example").unwrap(), None);
    assert!(offered(&["http/1.1", "xmpp-server"], "a.example").is_err());
    server.shutdown().await;
}

/// What protocol is agreed on.
fn speaks(
    address: SocketAddr,
    protocols: Vec<Vec<u8>>,
    name: &'static str,
    trusted: rustls::pki_types::CertificateDer<'static>,
) -> std::io::Result<Option<Vec<u8>>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols;
    let name = ServerName::try_from(name).unwrap();
    let mut session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = connect(address);
    while session.is_handshaking() {
        session.complete_io(&mut socket)?;
    }
    Ok(session.alpn_protocol().map(<[u8]>::to_vec))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_says_where_a_connection_comes_from() {
    for (networks, trusted) in [("127.0.0.0/8", true), ("10.0.0.0/8", false)] {
        let server = Server::builder()
            .host(host("a.example").await)
            .require_tls(false)
            .listener(Listener::new(anywhere(), Entry::StartTls).behind_proxy())
            .trusted_proxies([networks.parse().unwrap()])
            .start()
            .await
            .unwrap();
        let address = server.addresses()[0];
        let mut stream = connect(address);
        let text = format!("PROXY TCP4 192.0.2.1 192.0.2.2 5 6\r\n{HEADER}");
        let _ = stream.write_all(text.as_bytes());
        let mut byte = [0];
        let answered = stream.read(&mut byte).is_ok_and(|read| read == 1);
        assert_eq!(answered, trusted, "{networks}");
        // Who does not say it is nobody's client.
        let mut stream = connect(address);
        let _ = stream.write_all(HEADER.as_bytes());
        assert_eq!(rest(stream), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_protocols_are_listened_on_at_one_port() {
    let four = Server::builder()
        .host(host("a.example").await)
        .listen("0.0.0.0:0".parse().unwrap())
        .start()
        .await
        .unwrap();
    let port = four.addresses()[0].port();
    let six = Listener::new(
        SocketAddr::new("::".parse().unwrap(), port),
        Entry::StartTls,
    );
    let six = Server::builder()
        .host(host("a.example").await)
        .listener(six.if_possible())
        .start()
        .await
        .unwrap();
    // A machine without IPv6 goes on without.
    assert!(six.addresses().len() <= 1);
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        connect(SocketAddr::new("::1".parse().unwrap(), port));
    }
    connect(SocketAddr::new("127.0.0.1".parse().unwrap(), port));
}
