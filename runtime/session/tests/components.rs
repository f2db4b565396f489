//! Components and the server in one process: joining, refusals, both ways, and joining again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sestina_session::accounts::{Accounts, MemoryAccounts};
use sestina_session::component::{
    Component, ComponentAccess, ComponentConfig, ComponentError, Event,
};
use sestina_session::mux::{Empty, IqContext};
use sestina_session::server::{HostConfig, Server};
use sestina_session::testing::Conversation;
use sestina_storage::Storage;
use sestina_types::rfc_6121::client::Body;
use sestina_types::xep_0199::Ping;
use sestina_wire::clock::SystemRandom;
use sestina_wire::{BareJid, Condition, Jid, Stanza, StanzaType, StreamCondition};

const DOMAIN: &str = "echo.a.example";

async fn start(listen: SocketAddr) -> Server {
    let accounts = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    let romeo = BareJid::parse("romeo@a.example").unwrap();
    accounts.create(&romeo, "secret").await.unwrap();
    Server::builder()
        .host(HostConfig::new("a.example", Storage::memory(), accounts).unwrap())
        .component(ComponentAccess::new(DOMAIN, "between us").unwrap())
        .listen_components(listen)
        .start()
        .await
        .unwrap()
}

async fn server() -> Server {
    start(SocketAddr::from(([127, 0, 0, 1], 0))).await
}

fn config(server: &Server, domain: &str, secret: &str) -> ComponentConfig {
    let port = server.component_addresses()[0].port();
    ComponentConfig::new(domain, secret, "127.0.0.1", port).unwrap()
}

fn services(server: &Server) -> Vec<String> {
    let services = server.host("a.example").unwrap().services();
    services.iter().map(|jid| jid.as_str().to_owned()).collect()
}

#[tokio::test]
async fn a_wrong_secret_or_domain_is_refused() {
    let server = server().await;
    for (domain, secret, condition) in [
        (DOMAIN, "between them", StreamCondition::NotAuthorized),
        (DOMAIN, "", StreamCondition::NotAuthorized),
        ("a.example", "between us", StreamCondition::HostUnknown),
        ("b.example", "between us", StreamCondition::HostUnknown),
    ] {
        match Component::connect(config(&server, domain, secret)).await {
            Err(ComponentError::Refused(error)) => assert_eq!(error.condition, condition),
            other => panic!("{other:?}"),
        }
    }
    assert!(services(&server).is_empty());
}

#[tokio::test]
async fn a_component_answers_asks_and_is_known_while_it_is_there() {
    let server = server().await;
    let mut romeo = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
    let ping = format!("<iq type='get' id='1' to='{DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>");
    romeo.send(&ping).await;
    romeo.expect(&format!("<iq type='error' id='1' from='{DOMAIN}'><error type='wait'><remote-server-timeout xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")).await;

    let config = config(&server, DOMAIN, "between us")
        .handle(StanzaType::Get, |_: IqContext, _: Ping| async { Ok(Empty) });
    let (component, mut events) = Component::connect(config).await.unwrap();
    assert_eq!(services(&server), [DOMAIN]);
    romeo.send(&ping).await;
    romeo
        .expect(&format!("<iq type='result' id='1' from='{DOMAIN}'/>"))
        .await;
    romeo
        .send(&format!(
            "<message type='chat' to='x@{DOMAIN}/y'><body>hi</body></message>"
        ))
        .await;
    let Some(Event::Message(message)) = events.next().await else {
        panic!("no message");
    };
    assert_eq!(message.from().unwrap().as_str(), "romeo@a.example/orchard");
    assert_eq!(message.to().unwrap().as_str(), "x@echo.a.example/y");
    let answer = Stanza::message(StanzaType::Chat)
        .with_from(message.to().unwrap().clone())
        .with_to(message.from().unwrap().clone())
        .with(&Body::new("hello".into()));
    component.send(answer).await.unwrap();
    romeo
        .expect(&format!("<message type='chat' from='x@{DOMAIN}/y' to='romeo@a.example/orchard'><body>hello</body></message>"))
        .await;
    // What it asks is answered, by the server as by others.
    let host = Jid::parse("a.example").unwrap();
    let error = component
        .get::<Empty>(&host, &Ping::default())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("service-unavailable"), "{error}");

    component.close().await;
    assert!(matches!(events.next().await, Some(Event::Closed(None))));
    tokio::time::timeout(Duration::from_secs(5), async {
        while !services(&server).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    romeo.expect_nothing().await;
}

#[tokio::test]
async fn a_second_connection_of_a_component_is_a_conflict() {
    let server = server().await;
    let (first, _events) = Component::connect(config(&server, DOMAIN, "between us"))
        .await
        .unwrap();
    match Component::connect(config(&server, DOMAIN, "between us")).await {
        Err(ComponentError::Refused(error)) => {
            assert_eq!(error.condition, StreamCondition::Conflict);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(services(&server), [DOMAIN]);
    first.close().await;
}

#[tokio::test]
async fn a_component_speaks_for_its_own_domain_only() {
    let server = server().await;
    let mut romeo = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
    for from in [
        "juliet@a.example",
        "a.example",
        "b.example",
        "x.echo.a.example",
    ] {
        let config = config(&server, DOMAIN, "between us").reconnect(false);
        let (component, mut events) = Component::connect(config).await.unwrap();
        let forged = Stanza::message(StanzaType::Chat)
            .with_from(Jid::parse(from).unwrap())
            .with_to(Jid::parse("romeo@a.example/orchard").unwrap());
        component
            .send(forged.with(&Body::new("forged".into())))
            .await
            .unwrap();
        match events.next().await {
            Some(Event::Closed(Some(reason))) => {
                assert!(reason.contains("invalid-from"), "{reason}")
            }
            other => panic!("{other:?}"),
        }
    }
    romeo.expect_nothing().await;
}

#[tokio::test]
async fn a_component_joins_again_when_its_server_comes_back() {
    let first = server().await;
    let address = first.component_addresses()[0];
    let (component, mut events) = Component::connect(config(&first, DOMAIN, "between us"))
        .await
        .unwrap();
    first.shutdown().await;
    assert!(matches!(events.next().await, Some(Event::Disconnected(_))));
    // Said while nobody listens; it waits.
    let romeo = Jid::parse("romeo@a.example").unwrap();
    let ask = tokio::spawn({
        let component = component.clone();
        async move { component.get::<Empty>(&romeo, &Ping::default()).await }
    });
    let second = start(address).await;
    assert!(matches!(events.next().await, Some(Event::Connected)));
    assert_eq!(services(&second), [DOMAIN]);
    let error = ask.await.unwrap().unwrap_err();
    assert!(
        error
            .to_string()
            .contains(Condition::ServiceUnavailable.as_str()),
        "{error}"
    );
    component.close().await;
    second.shutdown().await;
}
