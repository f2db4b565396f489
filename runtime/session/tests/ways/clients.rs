//! Our client over every way, against our server.

use std::time::Duration;

use sestina_session::client::{Client, ClientConfig, Event, Events, Way};
use sestina_session::server::{Entry, Listener, Server};
use sestina_session::tls::Trust;
use sestina_types::rfc_6121::client::Body;
use sestina_wire::Jid;

use super::{anywhere, certificate, host};

async fn body(events: &mut Events) -> String {
    let search = async {
        loop {
            if let Event::Message(message) = events.next().await.expect("the session goes on") {
                return message.decode::<Body>().unwrap().unwrap().text.to_string();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), search)
        .await
        .expect("in time")
}

/// Two people on two ways: what one says the other hears, small and large, once and in order.
async fn talk(first: ClientConfig, second: ClientConfig) {
    let (romeo, mut to_romeo) = Client::connect(first).await.unwrap();
    let (juliet, mut to_juliet) = Client::connect(second).await.unwrap();
    let large = "O, \u{263e} & <swear> 'not'. ".repeat(2_000);
    let juliets = Jid::parse(juliet.jid().as_str()).unwrap();
    let romeos = Jid::parse(romeo.jid().as_str()).unwrap();
    for text in ["one", "two", large.as_str(), "three"] {
        romeo.say(&juliets, text).await.unwrap();
    }
    for text in ["one", "two", large.as_str(), "three"] {
        assert_eq!(body(&mut to_juliet).await, text);
    }
    for number in 0..200 {
        juliet.say(&romeos, number.to_string()).await.unwrap();
    }
    for number in 0..200 {
        assert_eq!(body(&mut to_romeo).await, number.to_string());
    }
    juliet.close().await;
    // The last event says that it ended in order.
    loop {
        match tokio::time::timeout(Duration::from_secs(10), to_juliet.next())
            .await
            .unwrap()
        {
            Some(Event::Closed(end)) => {
                assert_eq!(end, sestina_session::client::End::Orderly);
                break;
            }
            Some(_) => {}
            None => panic!("no end"),
        }
    }
    romeo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_every_way_with_tls() {
    let (trusted, tls) = certificate("localhost");
    let server = Server::builder()
        .host(host("localhost").await.tls(tls))
        .listener(Listener::new(anywhere(), Entry::StartTls))
        .listener(Listener::new(anywhere(), Entry::DirectTls))
        .listener(Listener::new(anywhere(), Entry::Https))
        .start()
        .await
        .unwrap();
    let port = |index: usize| server.addresses()[index].port();
    let config = |name: &str, way: Way| {
        let config = ClientConfig::new(&format!("{name}@localhost/x"), "secret").unwrap();
        config
            .way(way)
            .trust(Trust::only_added().certificate(trusted.clone()))
    };
    let ways = [
        Way::StartTls("127.0.0.1".into(), port(0)),
        Way::DirectTls("127.0.0.1".into(), port(1)),
        Way::WebSocket(Some(format!("wss://localhost:{}/xmpp-websocket", port(2)))),
        Way::Bosh(Some(format!("https://localhost:{}/http-bind", port(2)))),
    ];
    for (index, way) in ways.iter().enumerate() {
        let other = &ways[(index + 1) % ways.len()];
        talk(
            config("romeo", way.clone()),
            config("juliet", other.clone()),
        )
        .await;
    }
    // Neither is used without encryption unless that is allowed.
    for way in [
        Way::WebSocket(Some(format!("ws://localhost:{}/xmpp-websocket", port(2)))),
        Way::Bosh(Some(format!("http://localhost:{}/http-bind", port(2)))),
    ] {
        assert!(Client::connect(config("romeo", way)).await.is_err());
    }
    // A path that is something else is no WebSocket.
    let wrong = Way::WebSocket(Some(format!("wss://localhost:{}/http-bind", port(2))));
    assert!(Client::connect(config("romeo", wrong)).await.is_err());
    let wrong = Way::Bosh(Some(format!("https://localhost:{}/nowhere", port(2))));
    assert!(Client::connect(config("romeo", wrong)).await.is_err());
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_says_so_on_every_way() {
    let server = Server::builder()
        .host(host("localhost").await)
        .require_tls(false)
        .listener(Listener::new(anywhere(), Entry::Http))
        .start()
        .await
        .unwrap();
    let port = server.addresses()[0].port();
    let mut sessions = Vec::new();
    for (name, way) in [
        (
            "romeo",
            Way::WebSocket(Some(format!("ws://127.0.0.1:{port}/xmpp-websocket"))),
        ),
        (
            "juliet",
            Way::Bosh(Some(format!("http://127.0.0.1:{port}/http-bind"))),
        ),
    ] {
        let config = ClientConfig::new(&format!("{name}@localhost/x"), "secret").unwrap();
        let config = config
            .way(way)
            .dangerously_allow_plain_text()
            .reconnect(None);
        sessions.push(Client::connect(config).await.unwrap());
    }
    // A client of BOSH can be told as soon as its next request waits.
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.shutdown().await;
    for (client, mut events) in sessions {
        let end = loop {
            match tokio::time::timeout(Duration::from_secs(10), events.next())
                .await
                .unwrap()
            {
                Some(Event::Closed(end)) => break end,
                Some(_) => {}
                None => panic!("no end"),
            }
        };
        let said = format!("{end:?}");
        assert!(
            said.contains("SystemShutdown"),
            "{}: {said}",
            client.jid().as_str()
        );
    }
}
