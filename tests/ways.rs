//! Clients written by others over every way in, and our client over each way that servers written by others have.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::path::Path;
use std::time::Duration;

use sestina::client::{Client, ClientConfig, Event, Reconnect, Way};
use sestina::session::mux::Empty;
use sestina::session::tls::Trust;
use sestina::types::rfc_6121::client::Body;
use sestina::types::xep_0199::Ping;
use sestina::wire::{Jid, Stanza, StanzaType};
use sestina_interop::certificate::Authority;
use sestina_interop::ejabberd::{self, Ejabberd};
use sestina_interop::peer::Peer;
use sestina_interop::process::{Process, free_port};
use sestina_interop::prosody::{self, Prosody};
use sestina_interop::relay::Relay;
use sestina_interop::sestina::Sestina;
use sestina_interop::{Failure, node, ready, slixmpp};

const BINARY: &str = env!("CARGO_BIN_EXE_sestina");
const ACCOUNTS: &[(&str, &str)] = &[("romeo", "secret-1"), ("juliet", "secret-2")];

/// A server with every way in, on names that its certificate is for.
struct Ways {
    server: Sestina,
    tls: u16,
    https: u16,
}

/// `origins` are those whose pages may come in.
fn start(origins: &str) -> Ways {
    let (tls, https) = (free_port().unwrap(), free_port().unwrap());
    // Keys of the file come before its tables.
    let settings = format!(
        "listen_tls = [\"127.0.0.1:{tls}\"]\nlisten_https = [\"127.0.0.1:{https}\"]\n[http]\norigins = [{origins}]\n"
    );
    let server = Sestina::start(Path::new(BINARY), "localhost", ACCOUNTS, &settings)
        .unwrap_or_else(|error| panic!("{error}"));
    Ways { server, tls, https }
}

impl Ways {
    /// Shows the server's log when a script fails.
    fn passed(&self, result: Result<String, Failure>) {
        if let Err(error) = result {
            panic!(
                "{error}\n\nthe server's log:\n{}",
                self.server.process.output()
            );
        }
    }
}

#[test]
fn xmpp_js_over_starttls_direct_tls_and_websocket() {
    let node = ready!("xmpp.js", node::installed());
    let ways = start("");
    let services = format!(
        "\"services\":[\"xmpp://localhost:{}\",\"xmpps://localhost:{}\",\"wss://localhost:{}/xmpp-websocket\"]",
        ways.server.peer.port, ways.tls, ways.https
    );
    ways.passed(node.run("xmppjs.mjs", &ways.server.peer, &services, 110));
}

/// With what it does in the login: Bind 2 with stream management, tokens, resumption.
#[test]
fn xmpp_js_comes_back_with_token_and_session() {
    let node = ready!("xmpp.js, broken connections", node::installed());
    let ways = start("");
    let services = format!(
        "\"services\":[\"xmpp://localhost:{}\",\"wss://localhost:{}/xmpp-websocket\"]",
        ways.server.peer.port, ways.https
    );
    ways.passed(node.run("xmppjs_return.mjs", &ways.server.peer, &services, 110));
}

#[test]
fn stanza_js_over_websocket_and_bosh() {
    let node = ready!("StanzaJS", node::installed());
    let ways = start("");
    let transports = format!(
        "\"transports\":[[\"websocket\",\"wss://localhost:{0}/xmpp-websocket\"],[\"bosh\",\"https://localhost:{0}/http-bind\"]]",
        ways.https
    );
    ways.passed(node.run("stanza.mjs", &ways.server.peer, &transports, 110));
}

/// Rooms, nodes, archives and files, over TCP.
#[test]
fn xmpp_js_in_a_room_with_nodes_archives_and_files() {
    let node = ready!("xmpp.js, services", node::installed());
    let ways = start("");
    let services = format!(
        "\"services\":[\"xmpp://localhost:{}\"]",
        ways.server.peer.port
    );
    ways.passed(node.run("xmppjs_services.mjs", &ways.server.peer, &services, 60));
}

#[test]
fn stanza_js_with_contacts_rooms_archives_and_files() {
    let node = ready!("StanzaJS, services", node::installed());
    let ways = start("");
    let socket = format!(
        "\"websocket\":\"wss://localhost:{}/xmpp-websocket\"",
        ways.https
    );
    ways.passed(node.run("stanza_services.mjs", &ways.server.peer, &socket, 60));
}

/// Runs a script with a browser, whose page comes from another origin.
fn in_chromium(script: &str) {
    let node = ready!("Converse.js", node::installed());
    ready!("Converse.js", node::chromium());
    let page = free_port().unwrap();
    let ways = start(&format!("\"http://127.0.0.1:{page}\""));
    let pictures = node::pictures().unwrap();
    let options = format!(
        "\"page\":{page},\"pictures\":{pictures:?},\"ways\":{{\"websocket\":{{\"websocket_url\":\"wss://localhost:{0}/xmpp-websocket\"}},\
         \"bosh\":{{\"bosh_service_url\":\"https://localhost:{0}/http-bind\"}}}}",
        ways.https
    );
    ways.passed(node.run(script, &ways.server.peer, &options, 110));
}

#[test]
fn converse_in_chromium_over_websocket_and_bosh() {
    in_chromium("converse.mjs");
}

#[test]
fn converse_in_chromium_in_a_room() {
    in_chromium("converse_room.mjs");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_over_each_way_through_prosody() {
    ready!("our client over each way, prosody", prosody::installed());
    let server = Prosody::start("localhost", ACCOUNTS).unwrap();
    over_each_way(
        &server.peer,
        server.direct_tls,
        server.https,
        &server.process,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_over_each_way_through_ejabberd() {
    ready!("our client over each way, ejabberd", ejabberd::installed());
    let authority = Authority::new().unwrap();
    let server = Ejabberd::alone("localhost", ACCOUNTS, &authority).unwrap();
    let (direct_tls, https) = (server.direct_tls.unwrap(), server.https.unwrap());
    over_each_way(&server.peer, direct_tls, https, &server.process).await;
}

/// Those of one of two are cut meanwhile.
async fn over_each_way(peer: &Peer, direct_tls: u16, https: u16, process: &Process) {
    let start_tls = |port| Way::StartTls("localhost".into(), port);
    let tls = |port| Way::DirectTls("localhost".into(), port);
    let web_socket = |port| Way::WebSocket(Some(format!("wss://localhost:{port}/xmpp-websocket")));
    let ways: [(&dyn Fn(u16) -> Way, u16); 3] = [
        (&start_tls, peer.port),
        (&tls, direct_tls),
        (&web_socket, https),
    ];
    for (way, port) in ways {
        let relay = Relay::to(port).unwrap();
        talk(peer, [way(relay.port()), way(port)], Some(&relay))
            .await
            .unwrap_or_else(|error| panic!("{:?}: {error}\n{}", way(port), process.output()));
    }
    // Of requests that are repeated neither server answers more than the last, so what is cut there is lost.
    let bosh = Way::Bosh(Some(format!("https://localhost:{https}/http-bind")));
    talk(peer, [bosh.clone(), bosh], None)
        .await
        .unwrap_or_else(|error| panic!("BOSH: {error}\n{}", process.output()));
}

/// Two of our clients: what one says the other hears, once and in order, also when the connection of the one through the relay is
/// cut meanwhile.
async fn talk(peer: &Peer, ways: [Way; 2], relay: Option<&Relay>) -> Result<(), Failure> {
    let [one, other] = ways;
    let connect = |index: usize, way: Way| {
        let address = format!("{}/ways", peer.jid(index));
        let password = peer.accounts[index].password.clone();
        let trust = Trust::only_added().file(&peer.certificate).unwrap();
        Client::connect(
            ClientConfig::new(&address, password)
                .unwrap()
                .trust(trust)
                .way(way)
                .reconnect(Some(Reconnect {
                    first: Duration::from_millis(100),
                    ..Reconnect::default()
                }))
                .plugins(|host| sestina::profiles::client::plugins(&Default::default(), host)),
        )
    };
    let (romeo, _romeos) = connect(0, one).await?;
    let (juliet, mut events) = connect(1, other).await?;
    let server = Jid::parse(&peer.domain)?;
    let _: Empty = romeo.get(&server, &Ping::default()).await?;
    let mut deliveries = Vec::new();
    let mut said = vec!["But soft! <&> \u{263e}".to_owned(), "x".repeat(20_000)];
    said.extend((0..10).map(|number| format!("{number} over cut connections")));
    for (number, text) in said.iter().enumerate() {
        let message = Stanza::message(StanzaType::Chat)
            .with_to(Jid::parse(juliet.jid().as_str())?)
            .with(&Body::new(text.as_str().into()));
        deliveries.push(romeo.deliver(message).await?);
        if let Some(relay) = relay
            && number % 5 == 4
        {
            relay.cut();
        }
    }
    for text in &said {
        let heard = async {
            while let Some(event) = events.next().await {
                if let Event::Message(message) = event
                    && let Some(body) = message.decode::<Body>()
                {
                    return Some(body.ok()?.text);
                }
            }
            None
        };
        let heard = tokio::time::timeout(Duration::from_secs(45), heard).await?;
        assert_eq!(heard.as_deref(), Some(text.as_str()));
    }
    if relay.is_some() {
        for delivery in deliveries {
            delivery.acknowledged().await?;
        }
    }
    romeo.close().await;
    juliet.close().await;
    Ok(())
}

/// Sessions that say nothing, over WebSocket in plain text, and what each costs the server's process.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_session_over_websocket_is_small() {
    const SESSIONS: u64 = 200;
    let http = free_port().unwrap();
    let settings = format!(
        "require_tls = false\nlisten_http = [\"127.0.0.1:{http}\"]\n[limits]\nsessions_per_account = 1000\n"
    );
    let server = Sestina::start(Path::new(BINARY), "localhost", ACCOUNTS, &settings).unwrap();
    let connect = || async {
        let config = ClientConfig::new("romeo@localhost", "secret-1")
            .unwrap()
            .dangerously_allow_plain_text()
            .way(Way::WebSocket(Some(format!(
                "ws://127.0.0.1:{http}/xmpp-websocket"
            ))));
        Client::connect(config).await.unwrap()
    };
    // The first ones warm up what all share.
    let mut sessions = Vec::new();
    for _ in 0..50 {
        sessions.push(connect().await);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = server.process.resident_kib().unwrap();
    for _ in 0..SESSIONS {
        sessions.push(connect().await);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = server.process.resident_kib().unwrap();
    let each = after.saturating_sub(before) as f64 / SESSIONS as f64;
    println!("{each:.1} KiB resident for each idle session over WebSocket");
    // An optimised build needs less: its futures are smaller.
    assert!(each <= 24.0, "{each:.1} KiB for each session");
}

#[test]
fn slixmpp_over_direct_tls() {
    let python = ready!("slixmpp, direct TLS", slixmpp::installed());
    let ways = start("");
    let mut peer = ways.server.peer.clone();
    peer.port = ways.tls;
    ways.passed(python.run("direct_tls.py", &peer, 60));
}
