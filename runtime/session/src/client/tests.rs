//! Clients against a server, and a client against hand-written XML.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sestina_storage::Storage;
use sestina_types::rfc_6121::client::Body;
use sestina_types::xep_0199::Ping;
use sestina_wire::clock::SystemRandom;
use sestina_wire::{
    BareJid, Condition, Event as StreamEvent, Frame, Jid, Limits, Stanza, StanzaType, ns,
};

use super::*;
use crate::accounts::{Accounts, MemoryAccounts};
use crate::server::{HostConfig, Server};
use crate::stages::Flow;
use crate::stream::{Header, XmlStream};
use crate::tls::{TlsServer, Trust};
use crate::transport::memory;

async fn host() -> HostConfig {
    let accounts = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    for account in ["romeo@example.org", "juliet@example.org"] {
        let account = BareJid::parse(account).unwrap();
        accounts.create(&account, "secret").await.unwrap();
    }
    HostConfig::new("example.org", Storage::memory(), accounts).unwrap()
}

async fn server() -> Server {
    Server::builder().host(host().await).start().await.unwrap()
}

fn config(jid: &str) -> ClientConfig {
    ClientConfig::new(jid, "secret").unwrap()
}

async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("this should have come by now")
}

fn refused(result: Result<Empty, RequestError>) -> Condition {
    match result {
        Err(RequestError::Refused(error)) => error.condition,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn requests_are_answered_by_handlers_and_refused_without() {
    let server = server().await;
    let romeo =
        config("romeo@example.org/orchard").handle(StanzaType::Get, |cx, _: Ping| async move {
            assert_eq!(cx.from.as_str(), "juliet@example.org/balcony");
            Ok(Empty)
        });
    let (romeo, _romeo_events) = Client::over(server.connect_memory(), romeo).await.unwrap();
    let juliet = config("juliet@example.org/balcony");
    let (juliet, _) = Client::over(server.connect_memory(), juliet).await.unwrap();
    let Empty = soon(juliet.get(&romeo.jid(), &Ping::default()))
        .await
        .unwrap();
    assert_eq!(
        refused(soon(juliet.set(&romeo.jid(), &Ping::default())).await),
        Condition::ServiceUnavailable
    );
    // The other one handles nothing.
    assert_eq!(
        refused(soon(romeo.get(&juliet.jid(), &Ping::default())).await),
        Condition::ServiceUnavailable
    );
    // Many at a time.
    let ping = Ping::default();
    let to = romeo.jid();
    let many = (0..200).map(|_| juliet.get::<_, Empty>(&to, &ping));
    for answer in soon(futures_util::future::join_all(many)).await {
        // Past the bound the client refuses; it never loses one.
        assert!(
            matches!(&answer, Ok(Empty))
                || matches!(&answer, Err(RequestError::Refused(error)) if error.condition == Condition::ResourceConstraint)
        );
    }
    soon(romeo.close()).await;
    server.shutdown().await;
}

#[tokio::test]
async fn messages_arrive_as_events_unless_a_handler_takes_them() {
    let server = server().await;
    let romeo = config("romeo@example.org/orchard").on_message(|_cx, body: Body| {
        if &*body.text == "psst" {
            Flow::Done
        } else {
            Flow::Continue
        }
    });
    let (romeo, mut events) = Client::over(server.connect_memory(), romeo).await.unwrap();
    let juliet = config("juliet@example.org/balcony");
    let (juliet, _) = Client::over(server.connect_memory(), juliet).await.unwrap();
    for text in ["psst", "art thou not Romeo?"] {
        juliet.say(&romeo.jid(), text).await.unwrap();
    }
    match soon(events.next()).await {
        Some(Event::Message(message)) => {
            let body = message.decode::<Body>().unwrap().unwrap();
            assert_eq!(&*body.text, "art thou not Romeo?");
            assert_eq!(message.from().unwrap().as_str(), juliet.jid().as_str());
        }
        other => panic!("{other:?}"),
    }
    server.shutdown().await;
    match soon(events.next()).await {
        Some(Event::Closed(_)) => {}
        other => panic!("{other:?}"),
    }
    assert!(soon(events.next()).await.is_none());
    assert!(matches!(
        soon(romeo.get::<_, Empty>(&juliet.jid(), &Ping::default())).await,
        Err(RequestError::Closed)
    ));
    assert_eq!(romeo.say(&juliet.jid(), "x").await, Err(Closed));
    soon(romeo.close()).await;
}

#[tokio::test]
async fn a_client_finds_an_explicit_server_over_tcp_and_tls() {
    let made = rcgen::generate_simple_self_signed(["example.org".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let tls = TlsServer::new(vec![certificate.clone()], key).unwrap();
    let server = Server::builder()
        .host(host().await.tls(tls))
        .listen("127.0.0.1:0".parse().unwrap())
        .start()
        .await
        .unwrap();
    let port = server.addresses().first().unwrap().port();
    let at = |trust| {
        config("romeo@example.org/orchard")
            .server("127.0.0.1", port)
            .trust(trust)
    };
    let trust = Trust::only_added().certificate(certificate);
    let (client, mut events) = Client::connect(at(trust)).await.unwrap();
    assert_eq!(client.jid().as_str(), "romeo@example.org/orchard");
    soon(client.close()).await;
    assert!(matches!(
        soon(events.next()).await,
        Some(Event::Closed(End::Orderly))
    ));
    let refused = Client::connect(at(Trust::system())).await;
    assert!(
        matches!(
            refused,
            Err(ConnectError::Session(
                SessionError::Tls(_) | SessionError::TlsSettings(_)
            ))
        ),
        "{refused:?}"
    );
    server.shutdown().await;
    let unreachable = Client::connect(config("romeo@example.org").server("127.0.0.1", port)).await;
    assert!(matches!(unreachable, Err(ConnectError::Unreachable { .. })));
}

/// A server written by hand, for one client.
struct Raw(XmlStream);

impl Raw {
    /// Lets the client log in and bind.
    async fn ready(config: ClientConfig) -> (Raw, Client, Events) {
        let (left, right) = memory::pair();
        let client = tokio::spawn(Client::over(left.trusted(), config));
        let mut raw = Raw(XmlStream::new(right, Limits::from_own_server(), ns::CLIENT));
        raw.header("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>")
            .await;
        raw.element().await;
        raw.send("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
            .await;
        raw.0.restart();
        raw.header("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>")
            .await;
        let bind = raw.element().await;
        let id = bind.root().attr("id").unwrap();
        raw.send(&format!(
            "<iq type='result' id='{id}'><bind xmlns='{}'><jid>romeo@example.org/orchard</jid></bind></iq>",
            ns::BIND
        ))
        .await;
        let (client, events) = client.await.unwrap().unwrap();
        (raw, client, events)
    }

    async fn header(&mut self, features: &str) {
        assert!(matches!(
            self.0.event().await.unwrap(),
            Some(StreamEvent::Open(_))
        ));
        self.0.queue_header(&Header {
            from: Some("example.org"),
            id: Some("1"),
            ..Header::default()
        });
        self.send(&format!("<stream:features>{features}</stream:features>"))
            .await;
    }

    async fn send(&mut self, xml: &str) {
        self.0.queue_bytes(xml.as_bytes());
        self.0.flush().await.unwrap();
    }

    async fn element(&mut self) -> Frame {
        match soon(self.0.event()).await.unwrap() {
            Some(StreamEvent::Element(frame)) => frame,
            other => panic!("no element but {other:?}"),
        }
    }

    async fn stanza(&mut self) -> Stanza {
        Stanza::from_frame(self.element().await).unwrap()
    }
}

#[tokio::test]
async fn an_answer_counts_only_from_whom_the_request_went_to() {
    let (mut raw, client, _events) = Raw::ready(config("romeo@example.org")).await;
    let asked = tokio::spawn(async move {
        let juliet = Jid::parse("juliet@example.org/balcony").unwrap();
        client.get::<_, Empty>(&juliet, &Ping::default()).await
    });
    let request = raw.stanza().await;
    let id = request.id().unwrap();
    for forger in [
        "from='tybalt@example.org/square'",
        "from='juliet@example.org'",
        "from='example.org'",
        "",
    ] {
        raw.send(&format!("<iq type='result' id='{id}' {forger}/>"))
            .await;
    }
    raw.send(&format!(
        "<iq type='error' id='{id}' from='juliet@example.org/balcony'><error type='cancel'><conflict xmlns='{}'/></error></iq>",
        ns::STANZAS
    ))
    .await;
    assert_eq!(refused(soon(asked).await.unwrap()), Condition::Conflict);
}

#[tokio::test]
async fn the_roster_is_the_accounts_own() {
    let (mut raw, client, mut events) = Raw::ready(config("romeo@example.org")).await;
    let item = "<query xmlns='jabber:iq:roster'><item jid='juliet@example.org' subscription='both'/></query>";
    let got = tokio::spawn({
        let client = client.clone();
        async move { client.roster().get().await }
    });
    let request = raw.stanza().await;
    raw.send(&format!(
        "<iq type='result' id='{}'>{item}</iq>",
        request.id().unwrap()
    ))
    .await;
    let items = soon(got).await.unwrap().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].jid.as_str(), "juliet@example.org");

    // A push from anybody else changes nothing.
    raw.send(&format!(
        "<iq type='set' id='p1' from='tybalt@example.org/square'>{item}</iq>"
    ))
    .await;
    assert_eq!(raw.stanza().await.type_(), StanzaType::Error);
    for from in ["", "from='romeo@example.org'"] {
        raw.send(&format!("<iq type='set' id='p2' {from}>{item}</iq>"))
            .await;
        let answer = raw.stanza().await;
        assert_eq!(answer.type_(), StanzaType::Result);
        assert_eq!(answer.id().map(|id| &**id), Some("p2"));
        match soon(events.next()).await {
            Some(Event::Roster(items)) => assert_eq!(items.len(), 1),
            other => panic!("{other:?}"),
        }
    }

    let removed = tokio::spawn(async move {
        let juliet = BareJid::parse("juliet@example.org").unwrap();
        client.roster().remove(&juliet).await
    });
    let request = raw.stanza().await;
    let query = request.child("query", "jabber:iq:roster").unwrap();
    let item = query.element().child("item", "jabber:iq:roster").unwrap();
    assert_eq!(item.attr("subscription").as_deref(), Some("remove"));
    raw.send(&format!(
        "<iq type='result' id='{}'/>",
        request.id().unwrap()
    ))
    .await;
    soon(removed).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_end_of_a_session_says_why() {
    let (mut raw, _client, mut events) = Raw::ready(config("romeo@example.org")).await;
    raw.send("<presence from='juliet@example.org/balcony'/>")
        .await;
    assert!(matches!(
        soon(events.next()).await,
        Some(Event::Presence(_))
    ));
    raw.send(&format!(
        "<stream:error><system-shutdown xmlns='{}'/></stream:error></stream:stream>",
        ns::STREAMS
    ))
    .await;
    match soon(events.next()).await {
        Some(Event::Closed(End::Server(error))) => {
            assert_eq!(
                error.condition,
                sestina_wire::StreamCondition::SystemShutdown
            );
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_flood_of_events_waits_and_loses_nothing() {
    let (mut raw, _client, mut events) = Raw::ready(config("romeo@example.org")).await;
    let count = INBOUND * 3;
    let flood = tokio::spawn(async move {
        for number in 0..count {
            raw.send(&format!(
                "<message from='juliet@example.org' id='{number}'><body>x</body></message>"
            ))
            .await;
        }
        raw
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    for number in 0..count {
        match soon(events.next()).await {
            Some(Event::Message(message)) => {
                assert_eq!(message.id().unwrap().parse::<usize>().unwrap(), number);
            }
            other => panic!("{other:?}"),
        }
    }
    soon(flood).await.unwrap();
}

#[tokio::test]
async fn a_client_that_nobody_holds_leaves() {
    let server = server().await;
    let romeo = config("romeo@example.org/orchard");
    let (client, events) = Client::over(server.connect_memory(), romeo).await.unwrap();
    drop(client);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.connections(), 1);
    drop(events);
    soon(async {
        while server.connections() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_login_goes_step_by_step() {
    use crate::client::login::Login;

    let server = server().await;
    let login = Login::over(
        server.connect_memory(),
        config("juliet@example.org/balcony"),
    );
    let login = soon(login.unwrap().secure()).await.unwrap();
    let login = soon(login.authenticate()).await.unwrap();
    // Nobody is there before a resource is bound.
    let (romeo, mut events) =
        Client::over(server.connect_memory(), config("romeo@example.org/orchard"))
            .await
            .unwrap();
    let full = Jid::parse("juliet@example.org/balcony").unwrap();
    assert_eq!(
        refused(soon(romeo.get(&full, &Ping::default())).await),
        Condition::ServiceUnavailable
    );
    let login = soon(login.bind()).await.unwrap();
    assert_eq!(login.client().jid().as_str(), full.as_str());
    login.say(&romeo.jid(), "here I am").await.unwrap();
    assert!(matches!(soon(events.next()).await, Some(Event::Message(_))));
    let (juliet, mut inbound) = login.into_parts();
    soon(juliet.close()).await;
    assert!(matches!(
        soon(inbound.next()).await,
        Some(Event::Closed(End::Orderly))
    ));
    server.shutdown().await;
}

#[tokio::test]
async fn a_login_ends_where_it_is_refused_or_given_up() {
    use crate::client::login::Login;

    let server = server().await;
    let wrong = ClientConfig::new("juliet@example.org", "wrong").unwrap();
    let login = Login::over(server.connect_memory(), wrong).unwrap();
    let login = soon(login.secure()).await.unwrap();
    assert!(matches!(
        soon(login.authenticate()).await,
        Err(SessionError::Login(_))
    ));
    let login = Login::over(server.connect_memory(), config("juliet@example.org")).unwrap();
    soon(soon(login.secure()).await.unwrap().abandon()).await;
    server.shutdown().await;
}

/// A server that offers no encryption gets no password, whatever the configuration allows.
#[tokio::test]
async fn a_login_is_never_secure_in_plain_text() {
    use crate::client::login::Login;

    let (ours, theirs) = memory::pair();
    let config = config("juliet@example.org").dangerously_allow_plain_text();
    let login = Login::over(ours, config).unwrap();
    let server = async {
        let mut stream = XmlStream::new(theirs, Limits::from_own_server(), ns::CLIENT);
        assert!(matches!(
            stream.event().await,
            Ok(Some(StreamEvent::Open(_)))
        ));
        stream.queue_header(&Header {
            id: Some("s"),
            ..Header::default()
        });
        stream.queue_bytes(b"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>");
        stream.flush().await.unwrap();
        // Nothing but the end of the stream.
        assert!(matches!(
            stream.event().await,
            Ok(Some(StreamEvent::Close) | None)
        ));
    };
    let (outcome, ()) = soon(async { tokio::join!(login.secure(), server) }).await;
    assert!(matches!(
        outcome,
        Err(SessionError::Impasse(
            crate::negotiation::Impasse::NoEncryption
        ))
    ));
}
