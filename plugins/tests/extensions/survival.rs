//! A client whose connection breaks: over a wire that a test can cut.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use sestina_plugins::xep_0198;
use sestina_session::accounts::Accounts;
use sestina_session::client::{
    Client, ClientConfig, ConnectError, End, Event, Events, Progress, Reconnect, RequestError,
    Undelivered,
};
use sestina_session::mux::Empty;
use sestina_session::plugin::Setup;
use sestina_session::server::Server;
use sestina_session::testing::Conversation;
use sestina_session::transport::{OutBuffer, Transport, memory};
use sestina_skeletons as skeletons;
use sestina_storage::Storage;
use sestina_types::rfc_6121::client::Body;
use sestina_types::xep_0199::Ping;
use sestina_wire::{BareJid, Condition, Jid, Stanza, StanzaType};
use tokio::sync::watch;

use super::{Changes, login, server, server_with};

const FRIEND: &str = "arnaut@a.example/study";

/// What the wire does with what is sent over it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carries {
    /// Both directions.
    All,
    /// Nothing reaches the server; the client does not notice.
    Nothing,
    /// It is cut.
    Cut,
}

/// Connections to a server, of which the last one can be broken.
#[derive(Clone)]
struct Wire {
    server: Arc<Server>,
    last: Arc<Mutex<watch::Sender<Carries>>>,
    /// What the client has sent over it.
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Wire {
    fn to(server: Server) -> Wire {
        Wire {
            server: Arc::new(server),
            last: Arc::new(Mutex::new(watch::channel(Carries::All).0)),
            sent: Arc::default(),
        }
    }

    fn dial(&self) -> Transport {
        let (near, mut far) = memory::pair();
        let sent = self.sent.clone();
        let mut server = self.server.connect_memory();
        let (carries, carried) = watch::channel(Carries::All);
        *self.last.lock().unwrap() = carries;
        tokio::spawn(async move {
            let (mut up, mut down) = (OutBuffer::default(), OutBuffer::default());
            let mut cut = carried.clone();
            let cut = cut.wait_for(|carries| *carries == Carries::Cut);
            tokio::pin!(cut);
            poll_fn(|cx| {
                if cut.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
                let nothing = *carried.borrow() == Carries::Nothing;
                let mut ended = false;
                while let Poll::Ready(read) = far.poll_read_with(cx, |bytes| {
                    if !nothing {
                        sent.lock().unwrap().extend_from_slice(bytes);
                        up.vec().extend_from_slice(bytes);
                    }
                    bytes.len()
                }) {
                    if read.unwrap_or(0) == 0 {
                        ended = true;
                        break;
                    }
                }
                while let Poll::Ready(read) = server.poll_read_with(cx, |bytes| {
                    down.vec().extend_from_slice(bytes);
                    bytes.len()
                }) {
                    if read.unwrap_or(0) == 0 {
                        ended = true;
                        break;
                    }
                }
                let written = [
                    server.poll_write_out(cx, &mut up),
                    far.poll_write_out(cx, &mut down),
                ];
                let broken = written
                    .iter()
                    .any(|written| matches!(written, Poll::Ready(Err(_))));
                if ended || broken {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
        });
        near.trusted()
    }

    fn set(&self, carries: Carries) {
        self.last.lock().unwrap().send_replace(carries);
    }

    /// What the client has sent since this was asked last.
    fn sent(&self) -> String {
        let sent = std::mem::take(&mut *self.sent.lock().unwrap());
        String::from_utf8_lossy(&sent).replace('"', "'")
    }

    fn config(&self, managed: bool) -> ClientConfig {
        self.config_of("laura@a.example/desk", managed)
    }

    fn config_of(&self, address: &str, managed: bool) -> ClientConfig {
        let wire = self.clone();
        let config = ClientConfig::new(address, "secret")
            .unwrap()
            .dial_with(move || {
                let transport = wire.dial();
                async move { Ok::<_, ConnectError>(transport) }
            })
            .reconnect(Some(Reconnect {
                first: Duration::from_millis(20),
                most: Duration::from_millis(100),
                attempts: Some(50),
            }));
        if !managed {
            return config;
        }
        config.plugins(|host| {
            Ok(vec![
                skeletons::rfc_6120::client(&Setup::new(&Default::default(), host))?,
                skeletons::rfc_6121::client::<sestina_plugins::rfc_6121::Client>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0082::client(&Setup::new(&Default::default(), host))?,
                skeletons::xep_0198::client::<xep_0198::Client>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0203::client(&Setup::new(&Default::default(), host))?,
            ])
        })
    }
}

async fn connect(config: ClientConfig) -> (Client, Events) {
    let (client, events) = Client::connect(config).await.unwrap();
    client.presence().available().await.unwrap();
    (client, events)
}

async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(15), future)
        .await
        .expect("this should have come by now")
}

fn message(text: &str) -> Stanza {
    Stanza::message(StanzaType::Chat)
        .with_to(Jid::parse(FRIEND).unwrap())
        .with_id(text.to_owned())
        .with(&Body::new(text.to_owned().into()))
}

/// The next event that is not what others said.
async fn news(events: &mut Events) -> Event {
    loop {
        match soon(events.next()).await.expect("more events") {
            Event::Message(_) | Event::Presence(_) => {}
            event => return event,
        }
    }
}

async fn next_text(events: &mut Events) -> String {
    loop {
        if let Event::Message(message) = soon(events.next()).await.expect("more events") {
            return message.decode::<Body>().unwrap().unwrap().text.to_string();
        }
    }
}

/// The next message a conversation gets.
async fn heard(friend: &mut Conversation) -> String {
    loop {
        let frame = friend.recv().await;
        if frame.root().name() == "message" {
            return frame.root().attr("id").unwrap().to_string();
        }
    }
}

#[tokio::test]
async fn a_client_goes_on_where_its_connection_broke() {
    let wire = Wire::to(server().await);
    let mut friend = login(&wire.server, FRIEND).await;
    friend.send("<presence/>").await;
    let (laura, mut events) = connect(wire.config(true)).await;
    // What breaks before the server has agreed to keep the session cannot be gone on with.
    let first = laura.deliver(message("first")).await.unwrap();
    soon(first.acknowledged()).await.unwrap();
    assert_eq!(heard(&mut friend).await, "first");
    let mut deliveries = Vec::new();
    let mut expected = Vec::new();
    for round in 0..4 {
        for number in 0..20 {
            let text = format!("m{round}-{number}");
            deliveries.push(laura.deliver(message(&text)).await.unwrap());
            expected.push(text);
            if number == 10 {
                wire.set(Carries::Cut);
            }
        }
        friend
            .send(&format!(
                "<message to='laura@a.example/desk' type='chat' id='b{round}'><body>b{round}</body></message>"
            ))
            .await;
        assert_eq!(next_text(&mut events).await, format!("b{round}"));
    }
    for delivery in deliveries {
        soon(delivery.acknowledged()).await.unwrap();
    }
    for text in expected {
        assert_eq!(heard(&mut friend).await, text);
    }
    assert_eq!(laura.jid().as_str(), "laura@a.example/desk");
    soon(laura.close()).await;
}

#[tokio::test]
async fn the_program_is_told() {
    let wire = Wire::to(server().await);
    let (laura, mut events) = connect(wire.config(true)).await;
    // The answer comes over another connection than the question went.
    let asked = tokio::spawn({
        let laura = laura.clone();
        async move {
            let host = Jid::parse("a.example").unwrap();
            laura.get::<_, Empty>(&host, &Ping::default()).await
        }
    });
    soon(
        laura
            .deliver(Stanza::presence(StanzaType::Available))
            .await
            .unwrap()
            .acknowledged(),
    )
    .await
    .unwrap();
    soon(asked).await.unwrap().unwrap();
    wire.set(Carries::Nothing);
    let asked = tokio::spawn({
        let laura = laura.clone();
        async move {
            let host = Jid::parse("a.example").unwrap();
            laura.get::<_, Empty>(&host, &Ping::default()).await
        }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    wire.set(Carries::Cut);
    assert!(matches!(
        news(&mut events).await,
        Event::Disconnected(End::Broken(_))
    ));
    assert!(matches!(news(&mut events).await, Event::Resumed));
    soon(asked).await.unwrap().unwrap();
    soon(laura.close()).await;
    assert!(matches!(
        news(&mut events).await,
        Event::Closed(End::Orderly)
    ));
}

#[tokio::test]
async fn what_was_not_acknowledged_is_sent_again_in_a_new_session() {
    // A server that keeps no sessions.
    let management = skeletons::xep_0198::Settings {
        resume: sestina_session::settings::Interval(Duration::ZERO),
        ..Default::default()
    };
    let changes = Changes {
        management,
        ..Changes::default()
    };
    let wire = Wire::to(server_with(changes, Storage::memory()).await);
    let mut friend = login(&wire.server, FRIEND).await;
    friend.send("<presence/>").await;
    let (laura, mut events) = connect(wire.config(true)).await;
    let first = laura.deliver(message("first")).await.unwrap();
    soon(first.acknowledged()).await.unwrap();
    wire.set(Carries::Nothing);
    let second = laura.deliver(message("second")).await.unwrap();
    let presence = Stanza::presence(StanzaType::Available).with_to(Jid::parse(FRIEND).unwrap());
    let directed = laura.deliver(presence).await.unwrap();
    let asked = tokio::spawn({
        let laura = laura.clone();
        async move {
            let host = Jid::parse("a.example").unwrap();
            laura.get::<_, Empty>(&host, &Ping::default()).await
        }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    wire.set(Carries::Cut);
    assert!(matches!(news(&mut events).await, Event::Disconnected(_)));
    match news(&mut events).await {
        Event::Renewed(jid) => assert_eq!(jid.as_str(), "laura@a.example/desk"),
        other => panic!("{other:?}"),
    }
    soon(second.acknowledged()).await.unwrap();
    assert_eq!(
        soon(directed.acknowledged()).await,
        Err(Undelivered::SessionGone)
    );
    assert!(matches!(
        soon(asked).await.unwrap(),
        Err(RequestError::Refused(error)) if error.condition == Condition::RemoteServerTimeout
    ));
    let third = laura.deliver(message("third")).await.unwrap();
    soon(third.acknowledged()).await.unwrap();
    for text in ["first", "second", "third"] {
        assert_eq!(heard(&mut friend).await, text);
    }
    // The presence to everybody is there again.
    friend
        .send("<message to='laura@a.example' type='chat' id='x'><body>to the account</body></message>")
        .await;
    assert_eq!(next_text(&mut events).await, "to the account");
    soon(laura.close()).await;
}

#[tokio::test]
async fn silence_is_noticed() {
    for managed in [true, false] {
        let wire = Wire::to(server().await);
        let config = wire
            .config(managed)
            .keep_alive(Duration::from_millis(100), Duration::from_millis(300));
        let (laura, mut events) = connect(config).await;
        // A server that answers is not left.
        tokio::time::sleep(Duration::from_millis(800)).await;
        wire.set(Carries::Nothing);
        assert!(matches!(
            news(&mut events).await,
            Event::Disconnected(End::Broken(_))
        ));
        match news(&mut events).await {
            Event::Resumed => assert!(managed),
            Event::Renewed(_) => assert!(!managed),
            other => panic!("{other:?}"),
        }
        soon(laura.close()).await;
    }
}

#[tokio::test]
async fn without_acknowledgements_nobody_knows() {
    let wire = Wire::to(server().await);
    let (laura, _events) = connect(wire.config(false)).await;
    let mut delivery = laura.deliver(message("there")).await.unwrap();
    assert_eq!(soon(delivery.changed()).await, Some(Progress::Sent));
    assert_eq!(
        soon(delivery.acknowledged()).await,
        Err(Undelivered::Unknown)
    );
    soon(laura.close()).await;
    assert!(laura.deliver(message("late")).await.is_err());
}

#[tokio::test]
async fn a_client_that_is_not_let_in_any_more_ends() {
    let wire = Wire::to(server().await);
    let (laura, mut events) = connect(wire.config(true)).await;
    let account = BareJid::parse("laura@a.example").unwrap();
    let host = wire.server.host("a.example").unwrap();
    let accounts: Accounts = host.accounts().unwrap().clone();
    accounts.set_password(&account, "another").await.unwrap();
    wire.set(Carries::Cut);
    assert!(matches!(news(&mut events).await, Event::Disconnected(_)));
    assert!(matches!(
        news(&mut events).await,
        Event::Closed(End::Broken(_))
    ));
    soon(laura.close()).await;
}

#[tokio::test]
async fn attempts_are_bounded_and_can_be_called_off() {
    let wire = Wire::to(server().await);
    for closed in [false, true] {
        let refusing = wire.clone();
        let calls = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        let config = wire
            .config(true)
            .dial_with(move || {
                let first = counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
                let transport = first.then(|| refusing.dial());
                async move {
                    transport.ok_or_else(|| {
                        ConnectError::from(std::io::Error::from(
                            std::io::ErrorKind::ConnectionRefused,
                        ))
                    })
                }
            })
            .reconnect(Some(Reconnect {
                first: Duration::from_millis(100),
                most: Duration::from_millis(200),
                attempts: (!closed).then_some(3),
            }));
        let (laura, mut events) = connect(config).await;
        wire.set(Carries::Cut);
        assert!(matches!(news(&mut events).await, Event::Disconnected(_)));
        let waiting = laura.deliver(message("waits")).await.unwrap();
        if closed {
            soon(laura.close()).await;
        }
        assert!(matches!(news(&mut events).await, Event::Closed(_)));
        assert_eq!(soon(waiting.acknowledged()).await, Err(Undelivered::Closed));
        if !closed {
            assert_eq!(calls.load(std::sync::atomic::Ordering::Relaxed), 4);
        }
    }
}

#[tokio::test]
async fn refusals_are_counted_like_all_that_is_sent() {
    let wire = Wire::to(server().await);
    let mut friend = login(&wire.server, FRIEND).await;
    let config = wire
        .config(true)
        .handle(StanzaType::Get, |_, _: Ping| async {
            std::future::pending::<Result<Empty, _>>().await
        });
    let (laura, mut events) = connect(config).await;
    let first = laura.deliver(message("first")).await.unwrap();
    soon(first.acknowledged()).await.unwrap();
    assert_eq!(heard(&mut friend).await, "first");
    for number in 0..80 {
        friend
            .send(&format!(
                "<iq type='get' id='p{number}' to='laura@a.example/desk'><ping xmlns='urn:xmpp:ping'/></iq>"
            ))
            .await;
    }
    for _ in 0..16 {
        let frame = friend.recv().await;
        assert_eq!(frame.root().attr("type").as_deref(), Some("error"));
    }
    // A count that is wrong ends the stream.
    let second = laura.deliver(message("second")).await.unwrap();
    soon(second.acknowledged()).await.unwrap();
    soon(laura.close()).await;
    assert!(matches!(
        news(&mut events).await,
        Event::Closed(End::Orderly)
    ));
}

/// With a resource of the server's making all of it travels inside the login (XEP-0386 §4, XEP-0198 §5.1).
#[tokio::test]
async fn a_session_begins_and_goes_on_with_the_login() {
    const SM: &str = "xmlns='urn:xmpp:sm:3'";
    let wire = Wire::to(server().await);
    let mut friend = login(&wire.server, FRIEND).await;
    let (laura, mut events) = connect(wire.config_of("laura@a.example", true)).await;
    let first = laura.deliver(message("first")).await.unwrap();
    soon(first.acknowledged()).await.unwrap();
    assert_eq!(heard(&mut friend).await, "first");
    let sent = wire.sent();
    let (login, rest) = sent.split_once("</authenticate>").unwrap();
    let (_, bind) = login.split_once("<bind ").unwrap();
    assert!(
        bind.contains(&format!("<enable {SM} resume='true'/>")),
        "{login}"
    );
    assert!(!rest.contains("<enable") && !rest.contains("<iq"), "{rest}");
    let jid = laura.jid();

    // The stream breaks: the next one goes on with the session, and asks for another where there is none.
    wire.set(Carries::Nothing);
    let second = laura.deliver(message("second")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    wire.set(Carries::Cut);
    assert!(matches!(news(&mut events).await, Event::Disconnected(_)));
    assert!(matches!(news(&mut events).await, Event::Resumed));
    soon(second.acknowledged()).await.unwrap();
    assert_eq!(heard(&mut friend).await, "second");
    friend.expect_nothing().await;
    assert_eq!(laura.jid(), jid);
    let sent = wire.sent();
    let (login, rest) = sent.split_once("</authenticate>").unwrap();
    assert!(
        login.contains(&format!("<resume {SM} ")) && login.contains("<bind "),
        "{login}"
    );
    assert!(!rest.contains("<resume") && !rest.contains("<iq"), "{rest}");

    // The session is gone: in the same login another one begins.
    let host = wire.server.host("a.example").unwrap();
    let session = host.resource(&jid).unwrap();
    session.end(Some(sestina_wire::StreamError::new(
        sestina_wire::StreamCondition::Reset,
    )));
    assert!(matches!(news(&mut events).await, Event::Disconnected(_)));
    assert!(matches!(news(&mut events).await, Event::Renewed(_)));
    let third = laura.deliver(message("third")).await.unwrap();
    soon(third.acknowledged()).await.unwrap();
    assert_eq!(heard(&mut friend).await, "third");
    let sent = wire.sent();
    let (login, rest) = sent.split_once("</authenticate>").unwrap();
    assert!(
        login.contains("<resume ") && login.contains("<enable "),
        "{login}"
    );
    assert!(!rest.contains("<enable") && !rest.contains("<iq"), "{rest}");
    soon(laura.close()).await;
}
