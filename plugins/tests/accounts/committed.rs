//! Nobody is given a message before both archives have it, and both are written at the same time.

use std::sync::atomic::Ordering;

use sestina_session::component::{Component, ComponentAccess, ComponentConfig, Event};
use sestina_session::server::Server;
use sestina_types::rfc_6121::client::Body;
use sestina_wire::{Jid, Stanza, StanzaType};

use super::gate::Gate;
use super::{Changes, STANZAS, available, error, host, login, server_with};

const MESSAGE: &str =
    "<message to='juliet@a.example' type='chat' id='m'><body>Good night</body></message>";

#[tokio::test]
async fn both_are_written_at_once_and_before_anybody_is_given_the_message() {
    let gate = Gate::new();
    let server = server_with(Changes::default(), gate.storage()).await;
    let mut juliet = available(&server, "juliet@a.example/desk").await;
    let mut romeo = available(&server, "romeo@a.example/field").await;
    romeo.send(MESSAGE).await;
    gate.until_wait(2).await;
    juliet.expect_nothing().await;
    gate.through.add_permits(1);
    juliet.expect_nothing().await;
    gate.through.add_permits(1);
    juliet.expect("<message id='m'><body>Good night</body><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@a.example' id='*'/></message>").await;

    // Where it cannot be stored nobody is given it.
    gate.fails.store(true, Ordering::SeqCst);
    gate.through.add_permits(2);
    romeo.send(MESSAGE).await;
    romeo
        .expect("<message type='error' id='m'><error/></message>")
        .await;
    juliet.expect_nothing().await;
}

#[tokio::test]
async fn what_is_sent_at_once_is_written_at_once_and_keeps_its_order() {
    let gate = Gate::new();
    let server = server_with(Changes::default(), gate.storage()).await;
    let mut juliet = available(&server, "juliet@a.example/desk").await;
    let mut romeo = available(&server, "romeo@a.example/field").await;
    gate.through.add_permits(100);
    // What both want archived is asked once.
    romeo.send(MESSAGE).await;
    juliet
        .expect("<message id='m'><body/><stanza-id xmlns='urn:xmpp:sid:0'/></message>")
        .await;
    gate.late.store(3, Ordering::SeqCst);
    let message = |to: &str, id: &str| {
        format!(
            "<message to='{to}@a.example' type='chat' id='{id}'><body>Good night</body></message>"
        )
    };
    let ping = "<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";
    let composing = "<message to='juliet@a.example' type='chat' id='3'>\
         <composing xmlns='http://jabber.org/protocol/chatstates'/></message>";
    let all = [
        message("juliet", "1"),
        message("juliet", "2"),
        composing.to_owned(),
        message("nobody", "4"),
        message("juliet", "5"),
        ping.to_owned(),
    ];
    romeo.send(&all.concat()).await;
    // Both archives of the first two. Whether there is somebody of the fourth is asked when its turn has come, and nothing behind
    // it is looked at before.
    gate.until_wait(6).await;
    juliet.expect_nothing().await;
    gate.at_last.add_permits(1);
    for id in ["1", "2"] {
        juliet
            .expect(&format!(
                "<message id='{id}'><body/><stanza-id xmlns='urn:xmpp:sid:0'/></message>"
            ))
            .await;
    }
    juliet
        .expect(
            "<message id='3'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
        )
        .await;
    juliet
        .expect("<message id='5'><body/><stanza-id xmlns='urn:xmpp:sid:0'/></message>")
        .await;
    romeo
        .expect("<message type='error' id='4'><error/></message>")
        .await;
    romeo.expect("<iq type='result' id='p'/>").await;
}

#[tokio::test]
async fn what_a_component_sends_at_once_is_written_at_once_and_keeps_its_order() {
    let gate = Gate::new();
    let server = Server::builder()
        .host(host("a.example", Changes::default(), gate.storage()).await)
        .component(ComponentAccess::new("bridge.a.example", "between us").unwrap())
        .listen_components(([127, 0, 0, 1], 0).into())
        .start()
        .await
        .unwrap();
    let mut juliet = available(&server, "juliet@a.example/desk").await;
    let port = server.component_addresses()[0].port();
    let config = ComponentConfig::new("bridge.a.example", "between us", "127.0.0.1", port).unwrap();
    let (component, mut events) = Component::connect(config).await.unwrap();
    let send = async |to: &str, id: &str| {
        let message = Stanza::message(StanzaType::Chat)
            .with_from(Jid::parse("romeo@bridge.a.example").unwrap())
            .with_to(Jid::parse(&format!("{to}@a.example")).unwrap())
            .with_id(id)
            .with(&Body::new("Good night".into()));
        component.send(message).await.unwrap();
    };
    // What is wanted archived is asked once.
    send("juliet", "0").await;
    gate.through.add_permits(1);
    juliet.expect("<message id='0'><body/></message>").await;
    // The first of the others is written last.
    gate.late.store(2, Ordering::SeqCst);
    for (to, id) in [
        ("juliet", "1"),
        ("juliet", "2"),
        ("nobody", "3"),
        ("juliet", "4"),
    ] {
        send(to, id).await;
    }
    // Whether there is somebody of the third is asked when its turn has come.
    gate.until_wait(3).await;
    juliet.expect_nothing().await;
    gate.through.add_permits(100);
    gate.at_last.add_permits(1);
    for id in ["1", "2", "4"] {
        juliet
            .expect(&format!(
                "<message id='{id}' from='romeo@bridge.a.example'><body>Good night</body></message>"
            ))
            .await;
    }
    let Some(Event::Message(error)) = events.next().await else {
        panic!("no answer");
    };
    assert_eq!(error.id().map(|id| &**id), Some("3"));
    assert_eq!(error.type_(), StanzaType::Error);
}

#[tokio::test]
async fn what_is_refused_on_its_way_is_in_the_archive_of_its_sender() {
    let gate = Gate::new();
    let server = server_with(Changes::default(), gate.storage()).await;
    gate.through.add_permits(1);
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    juliet
        .send("<message to='nobody@a.example' type='chat' id='m'><body>Who is there?</body></message>")
        .await;
    juliet
        .expect(&format!(
            "<message type='error' id='m'><error><service-unavailable xmlns='{STANZAS}'/></error></message>"
        ))
        .await;
    let bodies = super::archive::bodies(&mut juliet).await;
    assert_eq!(bodies, ["Who is there?"]);
}

#[tokio::test]
async fn words_cannot_be_asked_for_where_the_storage_does_not_search() {
    let server = server_with(Changes::default(), Gate::new().storage()).await;
    let mut juliet = login(&server, "juliet@a.example/desk").await;
    let form = super::archive::form(&[("{urn:xmpp:fulltext:0}fulltext", "name")]);
    juliet
        .send(&format!(
            "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'>{form}</query></iq>"
        ))
        .await;
    juliet.expect(&error("q", "feature-not-implemented")).await;
}
