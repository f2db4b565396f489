//! How much may be said and how fast: the limits of the service, slow mode (XEP-0500), and what is told of it (XEP-0502).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sestina_session::server::Server;
use sestina_session::testing::Conversation;
use sestina_skeletons::xep_0045::Settings;
use sestina_storage::Storage;
use sestina_wire::Timestamp;
use sestina_wire::clock::{Clock, SystemClock};

use super::{Changes, DONE, ROOM, ask_room, configuration, romeo_in, room, server_of};

const POLICY: &str = "policy-violation";

/// A clock that a test sets on.
#[derive(Default)]
struct Ahead(AtomicU64);

impl Ahead {
    fn passes(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn by(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.by()
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic() + self.by()
    }
}

async fn server_at(clock: &Arc<Ahead>) -> Server {
    let changes = Changes {
        rooms: Some(Settings::default()),
        ..Changes::default()
    };
    let host = crate::host("a.example", changes, Storage::memory()).await;
    let builder = Server::builder().host(host).clock(clock.clone());
    builder.start().await.unwrap()
}

async fn send(session: &mut Conversation, inside: &str) {
    session
        .send(&format!(
            "<message id='m' to='{ROOM}' type='groupchat'>{inside}</message>"
        ))
        .await;
}

/// What the refusal of a message says.
async fn refusal(session: &mut Conversation, type_: &str) -> String {
    let refused = session
        .expect(&format!("<message type='error' id='m'><error type='{type_}'><{POLICY} xmlns='{}'/></error></message>", crate::STANZAS))
        .await;
    let error = refused.root().child("error", "jabber:client").unwrap();
    error
        .child("text", crate::STANZAS)
        .unwrap()
        .text()
        .to_string()
}

#[tokio::test]
async fn too_long_a_message_is_refused_with_the_limit() {
    let settings = Settings {
        max_message: "1KiB".parse().unwrap(),
        ..Settings::default()
    };
    let server = server_of(settings, Storage::memory()).await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    let long = "long ".repeat(205);
    send(&mut romeo, &format!("<body>{long}</body>")).await;
    let text = refusal(&mut romeo, "modify").await;
    assert!(
        text.contains("1024") && text.contains("max_message"),
        "{text}"
    );
    juliet.expect_nothing().await;
    send(&mut romeo, "<body>short</body>").await;
    juliet.expect("<message><body>short</body></message>").await;
}

#[tokio::test]
async fn too_many_messages_at_once_are_refused_with_the_limit() {
    let settings = Settings {
        max_rate: 3,
        ..Settings::default()
    };
    let server = server_of(settings, Storage::memory()).await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    for number in 0..3 {
        send(&mut romeo, &format!("<body>{number}</body>")).await;
        romeo
            .expect(&format!("<message><body>{number}</body></message>"))
            .await;
    }
    send(&mut romeo, "<body>again</body>").await;
    let text = refusal(&mut romeo, "wait").await;
    assert!(
        text.contains("3 messages in 10 seconds") && text.contains("max_rate"),
        "{text}"
    );
    // Others are not slowed by it, nor is what has no text.
    send(
        &mut romeo,
        "<active xmlns='http://jabber.org/protocol/chatstates'/>",
    )
    .await;
    romeo.expect("<message from='garden@conference.a.example/romeo'><active xmlns='http://jabber.org/protocol/chatstates'/></message>").await;
    send(&mut juliet, "<body>hush</body>").await;
    romeo.expect("<message><body>hush</body></message>").await;
}

#[tokio::test]
async fn the_archive_of_a_room_keeps_as_many_messages_as_it_may() {
    let settings = Settings {
        max_archived: 3,
        ..Settings::default()
    };
    let server = server_of(settings, Storage::memory()).await;
    let mut juliet = room(&server, &[("persistentroom", "1")]).await;
    for number in 0..8 {
        send(&mut juliet, &format!("<body>{number}</body>")).await;
        juliet
            .expect(&format!("<message><body>{number}</body></message>"))
            .await;
    }
    // The oldest go beside everything else.
    let mut bodies = Vec::new();
    for _ in 0..100 {
        juliet
            .send(&format!(
                "<iq type='set' id='q' to='{ROOM}'><query xmlns='urn:xmpp:mam:2'/></iq>"
            ))
            .await;
        bodies.clear();
        loop {
            let frame = juliet.recv().await;
            let Some(result) = frame.root().child("result", "urn:xmpp:mam:2") else {
                break;
            };
            let forwarded = result.child("forwarded", "urn:xmpp:forward:0").unwrap();
            let message = forwarded.child("message", "jabber:client").unwrap();
            let body = message.child("body", "jabber:client").unwrap();
            bodies.push(body.text().to_string());
        }
        if bodies.len() <= 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(bodies, ["5", "6", "7"]);
}

#[tokio::test]
async fn in_slow_mode_everybody_but_admins_waits() {
    let clock = Arc::new(Ahead::default());
    let server = server_at(&clock).await;
    let mut juliet = room(&server, &[("slow_mode_duration", "20")]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    for text in ["one", "two"] {
        send(&mut juliet, &format!("<body>{text}</body>")).await;
        romeo
            .expect(&format!("<message><body>{text}</body></message>"))
            .await;
        juliet
            .expect(&format!("<message><body>{text}</body></message>"))
            .await;
    }
    send(&mut romeo, "<body>three</body>").await;
    romeo.expect("<message><body>three</body></message>").await;
    juliet.expect("<message><body>three</body></message>").await;
    send(&mut romeo, "<body>four</body>").await;
    let text = refusal(&mut romeo, "wait").await;
    assert!(text.contains("20 seconds"), "{text}");
    juliet.expect_nothing().await;
    clock.passes(20);
    send(&mut romeo, "<body>five</body>").await;
    romeo.expect("<message><body>five</body></message>").await;
    juliet.expect("<message><body>five</body></message>").await;
    romeo
        .send(&format!("<iq type='get' id='d' to='{ROOM}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"))
        .await;
    romeo
        .expect("<iq type='result' id='d'><query xmlns='http://jabber.org/protocol/disco#info'><x xmlns='jabber:x:data' type='result'><field var='muc#roominfo_slow_mode_duration'><value>20</value></field></x></query></iq>")
        .await;
    // Owners see it in the form, and whoever writes no number is told.
    juliet
        .send(&format!(
            "<iq type='get' id='f' to='{ROOM}'><query xmlns='{}'/></iq>",
            super::OWNER
        ))
        .await;
    juliet
        .expect(&format!("<iq type='result' id='f'><query xmlns='{}'><x xmlns='jabber:x:data' type='form'><field var='muc#roomconfig_slow_mode_duration' type='text-single'><validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:integer'><range min='0'/></validate><value>20</value></field></x></query></iq>", super::OWNER))
        .await;
    ask_room(&mut juliet, &configuration(&[("slow_mode_duration", "-1")])).await;
    juliet.expect(&crate::error("r", "not-acceptable")).await;
    ask_room(&mut juliet, &configuration(&[("slow_mode_duration", "0")])).await;
    juliet
        .expect(&format!(
            "<message type='groupchat'><x xmlns='{}'><status code='104'/></x></message>",
            super::USER
        ))
        .await;
    juliet.expect(DONE).await;
    romeo.expect("<message type='groupchat'/>").await;
    for text in ["six", "seven"] {
        send(&mut romeo, &format!("<body>{text}</body>")).await;
        romeo
            .expect(&format!("<message><body>{text}</body></message>"))
            .await;
    }
}

#[tokio::test]
async fn how_much_is_said_is_told_of_rooms_that_anyone_may_find() {
    const FIELD: &str = "{urn:xmpp:muc-activity}message-activity";
    let clock = Arc::new(Ahead::default());
    let server = server_at(&clock).await;
    let mut juliet = room(&server, &[("persistentroom", "1")]).await;
    let told = async |session: &mut Conversation| {
        session
            .send(&format!("<iq type='get' id='d' to='{ROOM}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"))
            .await;
        let answer = session.expect("<iq type='result' id='d'/>").await;
        let query = answer
            .root()
            .child("query", "http://jabber.org/protocol/disco#info")
            .unwrap();
        let form = query.child("x", "jabber:x:data").unwrap();
        let mut fields = form.children();
        let found = fields.find(|field| field.attr_str("var").as_deref() == Some(FIELD));
        found.map(|field| {
            field
                .child("value", "jabber:x:data")
                .unwrap()
                .text()
                .to_string()
        })
    };
    assert_eq!(told(&mut juliet).await, None);
    // The next full hour has begun; it is the first that is counted.
    clock.passes(3600);
    for text in [
        "<body>one</body>",
        "<body>two</body>",
        "<body>2</body><replace xmlns='urn:xmpp:message-correct:0' id='m'/>",
    ] {
        send(&mut juliet, text).await;
        juliet.expect(&format!("<message>{text}</message>")).await;
    }
    assert_eq!(told(&mut juliet).await, None);
    clock.passes(3600);
    assert_eq!(told(&mut juliet).await.as_deref(), Some("2"));
    clock.passes(3600);
    assert_eq!(told(&mut juliet).await.as_deref(), Some("1"));
    ask_room(&mut juliet, &configuration(&[("membersonly", "1")])).await;
    juliet.expect("<message type='groupchat'/>").await;
    juliet.expect(DONE).await;
    assert_eq!(told(&mut juliet).await, None);
}
