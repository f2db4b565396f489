//! XEP-0163: what an account publishes reaches those who see its presence and want to hear of it (XEP-0115).

use sestina_plugins::xep_0115::verification;
use sestina_session::server::Server;
use sestina_session::testing::Conversation;
use sestina_storage::Storage;
use sestina_types::xep_0030::info;
use sestina_wire::{AnyElement, Frame};

use super::{Changes, ask, available, befriend, host, login, server};

const PUBSUB: &str = "http://jabber.org/protocol/pubsub";
const EVENT: &str = "http://jabber.org/protocol/pubsub#event";
const OWNER: &str = "http://jabber.org/protocol/pubsub#owner";
const DISCO: &str = "http://jabber.org/protocol/disco#info";
const TUNE: &str = "http://jabber.org/protocol/tune";
const WANTS_TUNES: &[&str] = &["http://jabber.org/protocol/tune+notify", "urn:xmpp:ping"];

fn about(features: &[&str]) -> String {
    let features: String = features
        .iter()
        .map(|var| format!("<feature var='{var}'/>"))
        .collect();
    format!("<identity category='client' type='pc' name='T'/>{features}")
}

fn hash(features: &[&str]) -> String {
    let query = format!("<query xmlns='{DISCO}'>{}</query>", about(features));
    let query: info::Query = AnyElement::parse(query).unwrap().decode().unwrap();
    verification(&query).unwrap()
}

fn presence(features: &[&str]) -> String {
    format!(
        "<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:t' ver='{}'/></presence>",
        hash(features)
    )
}

/// Says what the client is, is asked what stands behind the hash, and answers with these features.
pub(super) async fn announce(session: &mut Conversation, features: &[&str], answer: &[&str]) {
    session.send(&presence(features)).await;
    loop {
        let frame = session.recv().await;
        let root = frame.root();
        if root.name() != "iq" {
            continue;
        }
        let query = root.child("query", DISCO).unwrap();
        let node = format!("urn:t#{}", hash(features));
        assert_eq!(query.attr("node").unwrap(), node);
        let (id, from) = (root.attr("id").unwrap(), root.attr("from").unwrap());
        session
            .send(&format!(
                "<iq type='result' id='{id}' to='{from}'><query xmlns='{DISCO}' node='{node}'>{}</query></iq>",
                about(answer)
            ))
            .await;
        return;
    }
}

fn publish(id: &str, title: &str) -> String {
    format!(
        "<pubsub xmlns='{PUBSUB}'><publish node='{TUNE}'><item id='{id}'>\
         <tune xmlns='{TUNE}'><title>{title}</title></tune></item></publish></pubsub>"
    )
}

fn published(from: &str, to: &str, id: &str, title: &str) -> String {
    format!(
        "<message type='headline' from='{from}' to='{to}'><event xmlns='{EVENT}'><items node='{TUNE}'>\
         <item id='{id}'><tune xmlns='{TUNE}'><title>{title}</title></tune></item></items></event></message>"
    )
}

fn late(from: &str, to: &str, id: &str, title: &str) -> String {
    published(from, to, id, title).replace(
        "</message>",
        "<delay xmlns='urn:xmpp:delay' stamp='*'/></message>",
    )
}

async fn send_tune(session: &mut Conversation, id: &str, title: &str) {
    session
        .send(&format!(
            "<iq type='set' id='p'>{}</iq>",
            publish(id, title)
        ))
        .await;
}

const PUBLISHED: &str = "<iq type='result' id='p'/>";

/// One more session of an account that has others: available, past what it is shown of them.
pub(super) async fn join(server: &Server, jid: &str) -> Conversation {
    let mut session = login(server, jid).await;
    session.send("<presence/>").await;
    loop {
        let frame = session.recv().await;
        if frame.root().attr("from").as_deref() == Some(jid) {
            session.send(ROUND).await;
            while session.recv().await.root().name() != "iq" {}
            return session;
        }
    }
}

const ROUND: &str = "<iq type='get' id='round' to='a.example'><ping xmlns='urn:xmpp:ping'/></iq>";

/// The next message, past presences.
async fn message(session: &mut Conversation) -> Frame {
    loop {
        let frame = session.recv().await;
        if frame.root().name() == "message" {
            return frame;
        }
    }
}

async fn expect_message(session: &mut Conversation, wanted: &str) {
    let found = message(session).await;
    let text = found.as_str();
    let part = wanted.split("</message>").next().unwrap();
    let title = part.split("<title>").nth(1).unwrap_or("");
    let title = title.split('<').next().unwrap();
    assert!(text.contains(title), "wanted {wanted}\nfound {text}");
    let from = wanted.split("from='").nth(1).unwrap();
    let from = from.split('\'').next().unwrap();
    assert_eq!(found.root().attr("from").unwrap(), from);
    assert_eq!(
        found.root().child("delay", "urn:xmpp:delay").is_some(),
        wanted.contains("urn:xmpp:delay"),
        "{text}"
    );
}

#[tokio::test]
async fn what_is_published_reaches_those_who_see_the_account_and_want_to_hear_of_it() {
    let server = server().await;
    let mut juliet = available(&server, "juliet@a.example/balcony").await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    let mut nurse = available(&server, "nurse@a.example/house").await;
    befriend(
        &mut romeo,
        "romeo@a.example/orchard",
        &mut juliet,
        "juliet@a.example/balcony",
    )
    .await;
    announce(&mut romeo, WANTS_TUNES, WANTS_TUNES).await;
    romeo.settle().await;
    // The hash says the same of everybody: nobody else is asked.
    for (session, jid) in [
        (&mut juliet, "juliet@a.example/balcony"),
        (&mut nurse, "nurse@a.example/house"),
    ] {
        session.send(&presence(WANTS_TUNES)).await;
        session.expect(&format!("<presence from='{jid}'/>")).await;
        session.settle().await;
    }
    romeo
        .expect("<presence from='juliet@a.example/balcony'/>")
        .await;
    let mut deaf = join(&server, "romeo@a.example/deaf").await;
    romeo
        .expect("<presence from='romeo@a.example/deaf'/>")
        .await;

    send_tune(&mut juliet, "1", "Heart of Gold").await;
    juliet
        .expect_all(&[
            PUBLISHED,
            &published(
                "juliet@a.example",
                "juliet@a.example/balcony",
                "1",
                "Heart of Gold",
            ),
        ])
        .await;
    romeo
        .expect(&published(
            "juliet@a.example",
            "romeo@a.example/orchard",
            "1",
            "Heart of Gold",
        ))
        .await;
    nurse.expect_nothing().await;

    // Who comes later gets the last item, once.
    let mut late_romeo = join(&server, "romeo@a.example/late").await;
    late_romeo.send(&presence(WANTS_TUNES)).await;
    expect_message(
        &mut late_romeo,
        &late(
            "juliet@a.example",
            "romeo@a.example/late",
            "1",
            "Heart of Gold",
        ),
    )
    .await;
    late_romeo.send(&presence(WANTS_TUNES)).await;
    late_romeo
        .expect("<presence from='romeo@a.example/late'/>")
        .await;
    late_romeo.expect_nothing().await;

    // What is taken back, and the end of the node.
    juliet
        .send(&format!(
            "<iq type='set' id='r'><pubsub xmlns='{PUBSUB}'><retract node='{TUNE}'><item id='1'/></retract></pubsub></iq>"
        ))
        .await;
    let retracted = |to: &str| {
        format!(
            "<message type='headline' from='juliet@a.example' to='{to}'><event xmlns='{EVENT}'><items node='{TUNE}'>\
             <retract id='1'/></items></event></message>"
        )
    };
    juliet
        .expect_all(&[
            "<iq type='result' id='r'/>",
            &retracted("juliet@a.example/balcony"),
        ])
        .await;
    late_romeo.expect(&retracted("romeo@a.example/late")).await;
    juliet
        .send(&format!(
            "<iq type='set' id='d'><pubsub xmlns='{OWNER}'><delete node='{TUNE}'/></pubsub></iq>"
        ))
        .await;
    juliet
        .expect_all(&[
            "<iq type='result' id='d'/>",
            &format!("<message type='headline'><event xmlns='{EVENT}'><delete node='{TUNE}'/></event></message>"),
        ])
        .await;
    late_romeo
        .expect(&format!(
            "<message type='headline'><event xmlns='{EVENT}'><delete node='{TUNE}'/></event></message>"
        ))
        .await;
    while let Ok(frame) =
        tokio::time::timeout(std::time::Duration::from_millis(50), deaf.recv()).await
    {
        assert_eq!(frame.root().name(), "presence", "{}", frame.as_str());
    }
}

#[tokio::test]
async fn the_last_items_of_those_who_are_away_come_too_and_of_those_who_let_in() {
    let server = server().await;
    let mut juliet = available(&server, "juliet@a.example/balcony").await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    ask(
        &mut juliet,
        "set",
        &publish("1", "Heart of Gold"),
        &format!(
            "<pubsub xmlns='{PUBSUB}'><publish node='{TUNE}'><item id='1'/></publish></pubsub>"
        ),
    )
    .await;
    announce(&mut romeo, WANTS_TUNES, WANTS_TUNES).await;
    romeo.settle().await;
    romeo
        .send("<presence type='subscribe' to='juliet@a.example'/>")
        .await;
    juliet
        .expect("<presence type='subscribe' from='romeo@a.example'/>")
        .await;
    juliet
        .send("<presence type='subscribed' to='romeo@a.example'/>")
        .await;
    let last = late(
        "juliet@a.example",
        "romeo@a.example/orchard",
        "1",
        "Heart of Gold",
    );
    expect_message(&mut romeo, &last).await;
    juliet.close().await;

    let mut again = join(&server, "romeo@a.example/again").await;
    again.send(&presence(WANTS_TUNES)).await;
    expect_message(&mut again, &last.replace("/orchard", "/again")).await;

    // Not to whom it blocks, whether it is there or not.
    let mut juliet = login(&server, "juliet@a.example/balcony").await;
    ask(
        &mut juliet,
        "set",
        "<block xmlns='urn:xmpp:blocking'><item jid='romeo@a.example'/></block>",
        "",
    )
    .await;
    send_tune(&mut juliet, "2", "Old Man").await;
    juliet.expect(PUBLISHED).await;
    juliet.close().await;
    let mut blocked = join(&server, "romeo@a.example/blocked").await;
    blocked.send(&presence(WANTS_TUNES)).await;
    blocked
        .expect("<presence from='romeo@a.example/blocked'/>")
        .await;
    for session in [&mut blocked, &mut again] {
        session.send(ROUND).await;
        loop {
            let frame = session.recv().await;
            assert_ne!(frame.root().name(), "message", "{}", frame.as_str());
            if frame.root().name() == "iq" {
                break;
            }
        }
    }
}

#[tokio::test]
async fn who_says_something_else_than_it_announced_hears_nothing() {
    let server = server().await;
    let mut juliet = available(&server, "juliet@a.example/balcony").await;
    announce(&mut juliet, &["urn:xmpp:ping"], WANTS_TUNES).await;
    juliet.settle().await;
    send_tune(&mut juliet, "1", "Heart of Gold").await;
    juliet.expect(PUBLISHED).await;
    juliet.expect_nothing().await;
    // Somebody else who announces the same is asked in turn, and may say what is true.
    let mut other = join(&server, "juliet@a.example/other").await;
    announce(&mut other, &["urn:xmpp:ping"], &["urn:xmpp:ping"]).await;
    other.settle().await;
    other.expect_nothing().await;
}

/// Two hosts of one process know of each other as two servers do: by what is routed.
#[tokio::test]
async fn contacts_elsewhere_are_told_as_well() {
    let server: Server = Server::builder()
        .host(host("a.example", Changes::default(), Storage::memory()).await)
        .host(host("b.example", Changes::default(), Storage::memory()).await)
        .start()
        .await
        .unwrap();
    let (a, b) = ("juliet@a.example/balcony", "romeo@b.example/orchard");
    let mut juliet = available(&server, a).await;
    let mut romeo = available(&server, b).await;
    befriend(&mut romeo, b, &mut juliet, a).await;
    befriend(&mut juliet, a, &mut romeo, b).await;
    send_tune(&mut juliet, "1", "Heart of Gold").await;
    juliet.expect(PUBLISHED).await;
    // Both servers ask, each for those whose presence it handles.
    romeo.send(&presence(WANTS_TUNES)).await;
    let mut asked = 0;
    loop {
        let frame = romeo.recv().await;
        let root = frame.root();
        match root.name() {
            "iq" => {
                asked += 1;
                let (id, from) = (root.attr("id").unwrap(), root.attr("from").unwrap());
                romeo
                    .send(&format!(
                        "<iq type='result' id='{id}' to='{from}'><query xmlns='{DISCO}'>{}</query></iq>",
                        about(WANTS_TUNES)
                    ))
                    .await;
            }
            "message" => {
                assert!(frame.as_str().contains("Heart of Gold"));
                assert!(root.child("delay", "urn:xmpp:delay").is_some());
                break;
            }
            _ => {}
        }
    }
    assert_eq!(asked, 2);
    send_tune(&mut juliet, "2", "Old Man").await;
    expect_message(
        &mut romeo,
        &published("juliet@a.example", b, "2", "Old Man"),
    )
    .await;

    // Who went hears nothing, and comes back as somebody new.
    romeo.send("<presence type='unavailable'/>").await;
    romeo
        .expect("<presence type='unavailable' from='romeo@b.example/orchard'/>")
        .await;
    romeo.settle().await;
    send_tune(&mut juliet, "3", "Harvest").await;
    romeo.send(&presence(WANTS_TUNES)).await;
    expect_message(&mut romeo, &late("juliet@a.example", b, "3", "Harvest")).await;
}
