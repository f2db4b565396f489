//! XEP-0352: what a client that nobody looks at is given later.

use sestina_session::client::{Client, ClientConfig, ConnectError, Event, Reconnect};
use sestina_session::settings::ByteSize;
use sestina_session::testing::Conversation;
use sestina_skeletons as skeletons;
use sestina_storage::Storage;
use sestina_wire::{Kind, StanzaType};
use std::sync::Arc;
use std::time::Duration;

use super::{Changes, login, server, server_with};

const CSI: &str = "urn:xmpp:csi:0";
const SM: &str = "urn:xmpp:sm:3";
const STATES: &str = "http://jabber.org/protocol/chatstates";
const LAURA: &str = "laura@a.example/desk";

async fn state(client: &mut Conversation, state: &str) {
    client.send(&format!("<{state} xmlns='{CSI}'/>")).await;
    // Elements are handled in order: what asks after it wakes nobody.
    client.send(&format!("<r xmlns='{SM}'/>")).await;
    client.expect(&format!("<a xmlns='{SM}'/>")).await;
}

/// Nothing that was held back has come by now.
async fn rests(client: &mut Conversation) {
    client.send(&format!("<r xmlns='{SM}'/>")).await;
    client.expect(&format!("<a xmlns='{SM}'/>")).await;
}

/// A session that acknowledges, and whose identifier is returned.
async fn managed(client: &mut Conversation) -> String {
    client
        .send(&format!("<enable xmlns='{SM}' resume='true'/>"))
        .await;
    let enabled = client.expect(&format!("<enabled xmlns='{SM}'/>")).await;
    enabled.root().attr("id").unwrap().to_string()
}

async fn say(from: &mut Conversation, xml: &str) {
    from.send(xml).await;
    from.settle().await;
}

fn presence(status: &str) -> String {
    format!("<presence to='{LAURA}'><status>{status}</status></presence>")
}

fn chat_state(name: &str) -> String {
    format!(
        "<message type='chat' to='{LAURA}'><{name} xmlns='{STATES}'/><no-store xmlns='urn:xmpp:hints'/></message>"
    )
}

/// The next stanza; requests for acknowledgements are passed over.
async fn stanza(client: &mut Conversation) -> sestina_wire::Frame {
    loop {
        let frame = client.recv().await;
        if frame.root().ns() != SM {
            return frame;
        }
    }
}

#[tokio::test]
async fn what_can_wait_waits_for_what_cannot() {
    let server = server().await;
    let mut laura = login(&server, LAURA).await;
    assert!(laura.features().root().child("csi", CSI).is_some());
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    managed(&mut laura).await;
    state(&mut laura, "inactive").await;
    say(&mut arnaut, &presence("here")).await;
    say(&mut arnaut, &chat_state("composing")).await;
    rests(&mut laura).await;

    // A message of text takes with it what waits, in order and with the time at which it came.
    say(
        &mut arnaut,
        &format!("<message type='chat' to='{LAURA}'><body>Look!</body></message>"),
    )
    .await;
    laura
        .expect("<presence><status>here</status><delay xmlns='urn:xmpp:delay' from='a.example' stamp='*'/></presence>")
        .await;
    laura
        .expect(&format!("<message><composing xmlns='{STATES}'/></message>"))
        .await;
    let text = laura.expect("<message><body>Look!</body></message>").await;
    assert!(text.root().child("delay", "urn:xmpp:delay").is_none());
    laura.expect(&format!("<r xmlns='{SM}'/>")).await;

    // Requests, subscriptions and errors do as well; the client stays inactive all the while.
    for (what, held) in [
        (
            "<iq type='get' id='1' to='laura@a.example/desk'><ping xmlns='urn:xmpp:ping'/></iq>",
            "iq",
        ),
        (
            "<message type='error' to='laura@a.example/desk'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
            "message",
        ),
    ] {
        say(&mut arnaut, &presence("back")).await;
        rests(&mut laura).await;
        arnaut.send(what).await;
        assert_eq!(stanza(&mut laura).await.root().name(), "presence");
        assert_eq!(stanza(&mut laura).await.root().name(), held);
    }

    // In order with what is asked after it (§5.1).
    say(&mut arnaut, &presence("again")).await;
    rests(&mut laura).await;
    laura
        .send(&format!(
            "<active xmlns='{CSI}'/><iq type='get' id='ping' to='a.example'><ping xmlns='urn:xmpp:ping'/></iq>"
        ))
        .await;
    assert_eq!(stanza(&mut laura).await.root().name(), "presence");
    assert_eq!(stanza(&mut laura).await.root().name(), "iq");
    // Nothing waits any more.
    say(&mut arnaut, &presence("once more")).await;
    let now = stanza(&mut laura).await;
    assert!(now.root().child("delay", "urn:xmpp:delay").is_none());
}

#[tokio::test]
async fn only_the_latest_of_a_kind_is_kept() {
    let server = server().await;
    let mut laura = login(&server, LAURA).await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    let mut other = login(&server, "arnaut@a.example/garden").await;
    managed(&mut laura).await;
    state(&mut laura, "inactive").await;
    say(&mut arnaut, &presence("one")).await;
    say(&mut other, &presence("elsewhere")).await;
    for name in ["composing", "paused"] {
        say(&mut arnaut, &chat_state(name)).await;
    }
    say(&mut arnaut, &presence("two")).await;
    rests(&mut laura).await;
    laura.send(&format!("<active xmlns='{CSI}'/>")).await;
    laura
        .expect("<presence from='arnaut@a.example/garden'><status>elsewhere</status></presence>")
        .await;
    laura
        .expect(&format!("<message><paused xmlns='{STATES}'/></message>"))
        .await;
    laura
        .expect("<presence from='arnaut@a.example/study'><status>two</status></presence>")
        .await;
    laura.expect(&format!("<r xmlns='{SM}'/>")).await;
    rests(&mut laura).await;
}

#[tokio::test]
async fn what_is_kept_is_bounded() {
    let changes = Changes {
        state: skeletons::xep_0352::Settings {
            held: ByteSize(900),
            ..Default::default()
        },
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let mut laura = login(&server, LAURA).await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    managed(&mut laura).await;
    state(&mut laura, "inactive").await;
    say(&mut arnaut, &presence("short")).await;
    rests(&mut laura).await;
    let headline = |number: u32| {
        format!(
            "<message type='headline' to='{LAURA}'><event xmlns='http://jabber.org/protocol/pubsub#event'>\
             <items node='n'><item id='{number}'>{}</item></items></event></message>",
            "x".repeat(200)
        )
    };
    say(&mut arnaut, &headline(1)).await;
    say(&mut arnaut, &headline(2)).await;
    // All of it has come, in its order.
    assert_eq!(stanza(&mut laura).await.root().name(), "presence");
    for _ in 0..2 {
        assert_eq!(stanza(&mut laura).await.root().name(), "message");
    }
}

#[tokio::test]
async fn what_was_held_back_comes_with_a_resumed_session() {
    let server = server().await;
    let mut laura = login(&server, LAURA).await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    let id = managed(&mut laura).await;
    state(&mut laura, "inactive").await;
    say(&mut arnaut, &presence("before")).await;
    rests(&mut laura).await;
    drop(laura);
    say(&mut arnaut, &presence("meanwhile")).await;
    let mut laura = Conversation::authenticate(&server, LAURA, "secret").await;
    laura
        .send(&format!("<resume xmlns='{SM}' previd='{id}' h='0'/>"))
        .await;
    laura.expect(&format!("<resumed xmlns='{SM}'/>")).await;
    laura
        .expect("<presence><status>meanwhile</status></presence>")
        .await;
    // The new stream has begun active (§5.2).
    say(&mut arnaut, &presence("after")).await;
    let after = stanza(&mut laura).await;
    assert_eq!(after.root().name(), "presence");
    // What is held back is counted when it is sent.
    laura.send(&format!("<a xmlns='{SM}' h='2'/>")).await;
    rests(&mut laura).await;
}

#[tokio::test]
async fn a_session_can_begin_with_nobody_looking() {
    let server = server().await;
    let mut laura = Conversation::open(server.connect_memory(), "a.example").await;
    let features = laura.features().as_str().to_owned();
    assert!(features.contains("<feature var='urn:xmpp:csi:0'/>"));
    let data = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, "\0laura\0secret");
    laura
        .send(&format!(
            "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>{data}</initial-response>\
             <bind xmlns='urn:xmpp:bind:0'><enable xmlns='{SM}' resume='true'/><inactive xmlns='{CSI}'/></bind></authenticate>"
        ))
        .await;
    let success = laura.expect("<success xmlns='urn:xmpp:sasl:2'/>").await;
    laura
        .expect(&format!(
            "<features xmlns='http://etherx.jabber.org/streams'><csi xmlns='{CSI}'/></features>"
        ))
        .await;
    let own = success
        .root()
        .child("authorization-identifier", "urn:xmpp:sasl:2");
    let own = own.unwrap().text().to_string();
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    say(&mut arnaut, &format!("<presence to='{own}'/>")).await;
    rests(&mut laura).await;
    laura.send(&format!("<active xmlns='{CSI}'/>")).await;
    laura
        .expect("<presence from='arnaut@a.example/study'/>")
        .await;
}

/// Our own client says it again where a stream is another one, and not to a server that does not want to know.
#[tokio::test]
async fn a_client_says_it_again_on_each_stream() {
    let server = Arc::new(server().await);
    let dialled = server.clone();
    let config = ClientConfig::new(LAURA, "secret")
        .unwrap()
        .dial_with(move || {
            let transport = dialled.connect_memory().trusted();
            async move { Ok::<_, ConnectError>(transport) }
        })
        .reconnect(Some(Reconnect {
            first: Duration::from_millis(20),
            most: Duration::from_millis(100),
            attempts: Some(50),
        }));
    let (client, mut events) = Client::connect(config).await.unwrap();
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    client.inactive();
    let host = server.host("a.example").unwrap();
    for round in 0..2 {
        // The word is on its way: presences are held back from some moment on.
        let held = async {
            loop {
                say(&mut arnaut, &presence("soon")).await;
                let news = tokio::time::timeout(Duration::from_millis(200), events.next()).await;
                if news.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(15), held)
            .await
            .expect("presence is held back by now");
        if round == 0 {
            // Another stream, and another session.
            let resource = host.resource(&LAURA.parse().unwrap()).unwrap();
            resource.end(Some(sestina_wire::StreamError::new(
                sestina_wire::StreamCondition::Reset,
            )));
            while !matches!(events.next().await, Some(Event::Renewed(_))) {}
        }
    }
    client.active();
    match events.next().await {
        Some(Event::Presence(stanza)) => {
            assert_eq!(
                (stanza.kind(), stanza.type_()),
                (Kind::Presence, StanzaType::Available)
            );
            assert!(stanza.decode::<sestina_types::xep_0203::Delay>().is_some());
        }
        other => panic!("{other:?}"),
    }
}
