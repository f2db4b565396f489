//! XEP-0280: copies of what the other clients of an account receive and send.

use std::time::Duration;

use sestina_session::carbon::Direction;
use sestina_session::client::{Client, ClientConfig, Event};
use sestina_session::settings::Interval;
use sestina_session::testing::Conversation;
use sestina_session::transport::Transport;
use sestina_skeletons as skeletons;
use sestina_storage::Storage;
use sestina_types::rfc_6121::client::Body;

use super::{Changes, login, server, server_with};

const CARBONS: &str = "urn:xmpp:carbons:2";
const FORWARD: &str = "urn:xmpp:forward:0";
const SM: &str = "urn:xmpp:sm:3";
const DESK: &str = "laura@a.example/desk";
const PHONE: &str = "laura@a.example/phone";
const FRIEND: &str = "arnaut@a.example/study";

async fn want(client: &mut Conversation) {
    client
        .send(&format!(
            "<iq type='set' id='c'><enable xmlns='{CARBONS}'/></iq>"
        ))
        .await;
    client.expect("<iq type='result' id='c'/>").await;
}

/// Two clients of one account, of which the phone wants copies, and a friend.
async fn three(
    server: &sestina_session::server::Server,
) -> (Conversation, Conversation, Conversation) {
    let desk = login(server, DESK).await;
    let mut phone = login(server, PHONE).await;
    want(&mut phone).await;
    (desk, phone, login(server, FRIEND).await)
}

async fn say(from: &mut Conversation, xml: &str) {
    from.send(xml).await;
    from.settle().await;
}

fn copy(direction: &str, inner: &str) -> String {
    format!(
        "<message from='laura@a.example' to='{PHONE}'><{direction} xmlns='{CARBONS}'><forwarded xmlns='{FORWARD}'>\
         {inner}</forwarded></{direction}></message>"
    )
}

#[tokio::test]
async fn every_client_sees_what_the_others_receive_and_send() {
    let server = server().await;
    let (mut desk, mut phone, mut friend) = three(&server).await;
    // §7: to another client of the account.
    let text = format!(
        "<message type='chat' id='1' to='{DESK}'><body>What man art thou?</body><thread>0e31</thread></message>"
    );
    say(&mut friend, &text).await;
    desk.expect("<message id='1'><body>What man art thou?</body></message>")
        .await;
    desk.expect_nothing().await;
    let carbon = phone
        .expect(&copy(
            "received",
            &format!(
                "<message xmlns='jabber:client' from='{FRIEND}' to='{DESK}' type='chat' id='1'>\
                 <body>What man art thou?</body><thread>0e31</thread></message>"
            ),
        ))
        .await;
    assert_eq!(carbon.root().attr("type").as_deref(), Some("chat"));
    phone.expect_nothing().await;

    // §8: from another client, which needs want none itself.
    say(
        &mut desk,
        &format!("<message type='chat' id='2' to='{FRIEND}'><body>Neither</body></message>"),
    )
    .await;
    friend
        .expect("<message id='2'><body>Neither</body></message>")
        .await;
    phone
        .expect(&copy(
            "sent",
            &format!(
                "<message xmlns='jabber:client' from='{DESK}' to='{FRIEND}' type='chat'><body>Neither</body></message>"
            ),
        ))
        .await;
    desk.expect_nothing().await;

    // To the account: who gets the message itself gets no copy.
    desk.send("<presence><priority>5</priority></presence>")
        .await;
    desk.expect("<presence/>").await;
    say(
        &mut friend,
        "<message type='chat' to='laura@a.example'><body>both</body></message>",
    )
    .await;
    desk.expect("<message><body>both</body></message>").await;
    phone
        .expect(&copy(
            "received",
            "<message xmlns='jabber:client' to='laura@a.example'><body>both</body></message>",
        ))
        .await;
    // To oneself: one copy.
    desk.send("<message type='chat' to='laura@a.example'><body>note</body></message>")
        .await;
    desk.expect("<message><body>note</body></message>").await;
    phone
        .expect(&copy(
            "received",
            "<message xmlns='jabber:client'><body>note</body></message>",
        ))
        .await;
    phone.expect_nothing().await;
    desk.expect_nothing().await;

    // §10.1: as often as one likes, and back.
    want(&mut phone).await;
    for id in ["d1", "d2"] {
        phone
            .send(&format!(
                "<iq type='set' id='{id}'><disable xmlns='{CARBONS}'/></iq>"
            ))
            .await;
        phone
            .expect(&format!("<iq type='result' id='{id}'/>"))
            .await;
    }
    say(&mut friend, &text).await;
    desk.expect("<message id='1'/>").await;
    phone.expect_nothing().await;
}

#[tokio::test]
async fn which_messages_are_copied() {
    let server = server().await;
    let (mut desk, mut phone, mut friend) = three(&server).await;
    let muc = "http://jabber.org/protocol/muc#user";
    let table = [
        ("chat", "", true),
        ("chat", "<body>x</body>", true),
        ("normal", "<body>x</body>", true),
        ("normal", "<x xmlns='urn:other'/>", false),
        (
            "normal",
            "<received xmlns='urn:xmpp:receipts' id='1'/>",
            true,
        ),
        (
            "normal",
            "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>",
            true,
        ),
        (
            "normal",
            "<x xmlns='jabber:x:conference' jid='r@b.example'/>",
            true,
        ),
        ("headline", "<body>x</body>", false),
        ("groupchat", "<body>x</body>", false),
        (
            "chat",
            "<body>x</body><private xmlns='urn:xmpp:carbons:2'/><no-copy xmlns='urn:xmpp:hints'/>",
            false,
        ),
        (
            "chat",
            "<body>x</body><no-copy xmlns='urn:xmpp:hints'/>",
            false,
        ),
        (
            "error",
            "<body>x</body><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
            false,
        ),
    ];
    for (type_, content, copied) in table {
        say(
            &mut friend,
            &format!("<message type='{type_}' id='m' to='{DESK}'>{content}</message>"),
        )
        .await;
        let got = desk.expect("<message id='m'/>").await;
        // What its sender keeps from being copied comes as it was sent (§9).
        assert_eq!(
            got.as_str().contains("no-copy"),
            content.contains("no-copy")
        );
        if copied {
            phone
                .expect(&copy("received", "<message xmlns='jabber:client' id='m'/>"))
                .await;
        }
        phone.expect_nothing().await;
    }
    // Private messages of a room: those of occupants go to each client that is in it, those to them are copied.
    let private = format!("<body>x</body><x xmlns='{muc}'/>");
    say(
        &mut friend,
        &format!("<message type='chat' to='{DESK}'>{private}</message>"),
    )
    .await;
    desk.expect("<message/>").await;
    phone.expect_nothing().await;
    say(
        &mut desk,
        &format!("<message type='chat' to='{FRIEND}'>{private}</message>"),
    )
    .await;
    friend.expect("<message/>").await;
    phone
        .expect(&copy("sent", "<message xmlns='jabber:client'/>"))
        .await;
    // An invitation that a room passes on (§6.1).
    let invitation = format!("<x xmlns='{muc}'><invite from='a@b.example'/></x>");
    say(
        &mut friend,
        &format!("<message to='{DESK}'>{invitation}</message>"),
    )
    .await;
    desk.expect("<message/>").await;
    phone
        .expect(&copy("received", "<message xmlns='jabber:client'/>"))
        .await;
    // An error in answer to what was copied.
    say(
        &mut desk,
        &format!("<message type='chat' id='e' to='{FRIEND}'><body>x</body></message>"),
    )
    .await;
    friend.expect("<message id='e'/>").await;
    phone
        .expect(&copy("sent", "<message xmlns='jabber:client' id='e'/>"))
        .await;
    say(
        &mut friend,
        &format!("<message type='error' id='e' to='{DESK}'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"),
    )
    .await;
    desk.expect("<message type='error' id='e'/>").await;
    phone
        .expect(&copy(
            "received",
            "<message xmlns='jabber:client' type='error' id='e'/>",
        ))
        .await;
    phone.expect_nothing().await;
}

/// A copy that somebody makes up: taken out by the server, of a stranger and of a client of the account.
#[tokio::test]
async fn forged_copies_reach_nobody() {
    let server = server().await;
    let (mut desk, mut phone, mut friend) = three(&server).await;
    for name in ["received", "sent"] {
        let forged = format!(
            "<body>Meet me</body><{name} xmlns='{CARBONS}'><forwarded xmlns='{FORWARD}'>\
             <message xmlns='jabber:client' from='juliet@capulet.example/balcony' to='{PHONE}' type='chat'>\
             <body>at our house</body></message></forwarded></{name}>"
        );
        for sender in [&mut friend, &mut desk] {
            say(
                sender,
                &format!("<message type='headline' to='{PHONE}'>{forged}</message>"),
            )
            .await;
            let got = phone
                .expect("<message><body>Meet me</body></message>")
                .await;
            assert!(
                got.root().child(name, CARBONS).is_none(),
                "{}",
                got.as_str()
            );
        }
    }
    // Nobody turns them on for somebody else.
    friend
        .send(&format!(
            "<iq type='set' id='1' to='laura@a.example'><enable xmlns='{CARBONS}'/></iq>"
        ))
        .await;
    friend.expect("<iq type='error' id='1'/>").await;
}

/// The session that a message was for ends without having acknowledged it, and another one has its copy.
#[tokio::test]
async fn a_copy_that_somebody_has_is_not_delivered_twice() {
    let changes = Changes {
        management: skeletons::xep_0198::Settings {
            resume: Interval(Duration::from_millis(300)),
            ..Default::default()
        },
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let (mut desk, mut phone, mut friend) = three(&server).await;
    let host = server.host("a.example").unwrap();
    for client in [&mut desk, &mut phone] {
        client
            .send(&format!("<enable xmlns='{SM}' resume='true'/>"))
            .await;
        client.expect(&format!("<enabled xmlns='{SM}'/>")).await;
        client.send("<presence/>").await;
        client.expect("<presence/>").await;
    }
    drop(desk);
    let gone = host.resource(&DESK.parse().unwrap()).unwrap();
    let text = format!("<message type='chat' id='1' to='{DESK}'><body>once</body></message>");
    say(&mut friend, &text).await;
    let stanza = async |phone: &mut Conversation| loop {
        let frame = phone.recv().await;
        if frame.root().name() == "message" {
            return frame;
        }
    };
    let carbon = stanza(&mut phone).await;
    assert!(carbon.root().child("received", CARBONS).is_some());
    phone.send(&format!("<a xmlns='{SM}' h='3'/>")).await;
    gone.gone().await;
    // That the session has gone is the next that the phone hears.
    phone.send(&format!("<r xmlns='{SM}'/>")).await;
    loop {
        let frame = phone.recv().await;
        assert_ne!(frame.root().name(), "message", "{}", frame.as_str());
        if frame.root().name() == "a" {
            break;
        }
    }

    // And where the copy was the last there was, it comes back as the message: in the offline store.
    let mut desk = login(&server, DESK).await;
    desk.send(&format!("<enable xmlns='{SM}' resume='true'/>"))
        .await;
    desk.expect(&format!("<enabled xmlns='{SM}'/>")).await;
    drop((desk, phone));
    let sessions = ["desk", "phone"].map(|name| {
        let jid = format!("laura@a.example/{name}");
        host.resource(&jid.parse().unwrap()).unwrap()
    });
    say(&mut friend, &text.replace("once", "late")).await;
    for session in sessions {
        session.gone().await;
    }
    let mut back = login(&server, DESK).await;
    back.send("<presence/>").await;
    let message = stanza(&mut back).await;
    assert!(message.as_str().contains("late"), "{}", message.as_str());
    assert!(message.root().child("received", CARBONS).is_none());
    assert!(message.root().child("delay", "urn:xmpp:delay").is_some());
    back.expect_nothing().await;
}

#[tokio::test]
async fn a_session_can_begin_with_copies() {
    let server = server().await;
    let mut phone = Conversation::open(server.connect_memory(), "a.example").await;
    assert!(
        phone
            .features()
            .as_str()
            .contains("<feature var='urn:xmpp:carbons:2'/>")
    );
    let data = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, "\0laura\0secret");
    phone
        .send(&format!(
            "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>{data}</initial-response>\
             <bind xmlns='urn:xmpp:bind:0'><enable xmlns='{CARBONS}'/></bind></authenticate>"
        ))
        .await;
    phone.expect("<success xmlns='urn:xmpp:sasl:2'/>").await;
    phone
        .expect("<features xmlns='http://etherx.jabber.org/streams'/>")
        .await;
    let mut desk = login(&server, DESK).await;
    say(
        &mut desk,
        &format!("<message type='chat' to='{FRIEND}'><body>x</body></message>"),
    )
    .await;
    phone
        .expect(&format!("<message><sent xmlns='{CARBONS}'/></message>"))
        .await;
}

/// Against a server that passes on what anybody calls a copy.
#[tokio::test]
async fn a_client_reads_copies_of_its_own_account_only() {
    let server = server().await;
    let transport: Transport = server.connect_memory().trusted();
    let config = ClientConfig::new(PHONE, "secret").unwrap();
    let (client, mut events) = Client::over(transport, config).await.unwrap();
    client.enable_carbons().await.unwrap();
    let mut desk = login(&server, DESK).await;
    let mut friend = login(&server, FRIEND).await;
    say(
        &mut friend,
        &format!("<message type='chat' to='{DESK}'><body>in</body></message>"),
    )
    .await;
    desk.expect("<message/>").await;
    say(
        &mut desk,
        &format!("<message type='chat' to='{FRIEND}'><body>out</body></message>"),
    )
    .await;
    for (direction, text) in [(Direction::Received, "in"), (Direction::Sent, "out")] {
        let Some(Event::Carbon(carbon)) = events.next().await else {
            panic!("no copy");
        };
        assert_eq!(carbon.direction, direction);
        let body = carbon.message.decode::<Body>().unwrap().unwrap();
        assert_eq!(&*body.text, text);
    }
    // Past the router, and so past what it takes out.
    let host = server.host("a.example").unwrap();
    let phone = host.resource(&PHONE.parse().unwrap()).unwrap();
    for (from, more) in [
        ("arnaut@a.example", ""),
        ("laura@a.example/desk", "<body>left</body>"),
    ] {
        let forged = format!(
            "<message from='{from}' to='{PHONE}'>{more}<received xmlns='{CARBONS}'><forwarded xmlns='{FORWARD}'>\
             <message xmlns='jabber:client' from='juliet@b.example/x'><body>forged</body></message></forwarded></received></message>"
        );
        host.deliver_to(&phone, sestina_wire::Stanza::parse(&forged).unwrap())
            .await;
    }
    let Some(Event::Message(left)) = events.next().await else {
        panic!("no message");
    };
    assert!(left.child("received", CARBONS).is_none() && left.decode::<Body>().is_some());
    client.disable_carbons().await.unwrap();
}
