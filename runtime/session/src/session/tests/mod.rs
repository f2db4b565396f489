//! Both sides against each other, and each side against hand-written XML.

mod any_order;
mod login;
mod mechanisms;
mod server_by_hand;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sestina_wire::clock::SystemRandom;
use sestina_wire::negotiation::SessionState;
use sestina_wire::{
    BareJid, Condition, Event, Frame, FullJid, Limits, Payload, Stanza, StanzaError, StanzaType,
    StreamCondition, StreamError, ns,
};

use super::*;
use crate::accounts::{Accounts, MemoryAccounts};
use crate::negotiation::Impasse;
use crate::sasl::{LoginFailure, Mechanism, SaslCondition};
use crate::stream::Header;
use crate::tls::{TlsServer, Trust};
use crate::transport::memory;

struct OneHost(Arc<HostAccess>);

impl Hosts for OneHost {
    fn host(&self, domain: &str) -> Option<Arc<HostAccess>> {
        (domain == self.0.domain.domain()).then(|| self.0.clone())
    }
}

/// Makes resources up, and refuses one.
struct AnyBut(&'static str);

#[async_trait]
impl Binder for AnyBut {
    async fn bind(&self, account: &BareJid, wanted: Option<&str>) -> Result<FullJid, StanzaError> {
        if wanted == Some(self.0) {
            return Err(StanzaError::new(Condition::Conflict));
        }
        Ok(account.with_resource(wanted.unwrap_or("made")).unwrap())
    }
}

fn certificate() -> (TlsServer, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["example.org".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let server = TlsServer::new(vec![certificate.clone()], key).unwrap();
    (server, certificate)
}

struct World {
    accept: AcceptConfig,
    certificate: CertificateDer<'static>,
}

async fn world() -> World {
    world_with(|_| {}).await
}

/// With a door of another kind.
async fn world_with(change: impl FnOnce(&mut HostAccess)) -> World {
    let (tls, certificate) = certificate();
    let accounts = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    let romeo = BareJid::parse("romeo@example.org").unwrap();
    accounts.create(&romeo, "montague").await.unwrap();
    let domain = BareJid::parse("example.org").unwrap();
    let mut access = HostAccess {
        tls: Some(tls),
        ..HostAccess::new(
            domain.clone(),
            accounts.authenticator(domain),
            Arc::new(AnyBut("taken")),
        )
    };
    change(&mut access);
    let hosts = Arc::new(OneHost(Arc::new(access)));
    let mut accept = AcceptConfig::new(hosts, sestina_types::NEGOTIATION);
    accept.timeouts.close = Duration::from_millis(200);
    World {
        accept,
        certificate,
    }
}

impl World {
    fn connect(&self, account: &str, password: &str) -> ConnectConfig {
        let account = BareJid::parse(account).unwrap();
        let mut config = ConnectConfig::new(account, password, sestina_types::NEGOTIATION);
        config.trust = Trust::only_added().certificate(self.certificate.clone());
        config.timeouts.close = Duration::from_millis(200);
        config
    }

    /// Both sides over memory.
    async fn meet(
        &self,
        connect: &ConnectConfig,
    ) -> (Result<Session, SessionError>, Result<Session, SessionError>) {
        let (left, right) = memory::pair();
        let accept = Arc::new(self.accept.clone());
        let server = tokio::spawn(Session::accept(right, accept));
        let client = Session::connect(left, connect).await;
        (client, server.await.unwrap())
    }

    /// A hand-written client, over a carrier that counts as secure or not.
    async fn raw(&self, secure: bool) -> Raw {
        let (left, right) = memory::pair();
        let right = if secure { right.trusted() } else { right };
        tokio::spawn(Session::accept(right, Arc::new(self.accept.clone())));
        let mut raw = Raw::new(left);
        raw.header(Some("example.org")).await;
        raw
    }
}

/// One side written by hand.
struct Raw(XmlStream);

impl Raw {
    fn new(transport: Transport) -> Raw {
        Raw(XmlStream::new(
            transport,
            Limits::from_own_server(),
            ns::CLIENT,
        ))
    }

    async fn send(&mut self, xml: &str) {
        self.0.queue_bytes(xml.as_bytes());
        self.0.flush().await.unwrap();
    }

    /// Sends a header and takes header and features of the server.
    async fn header(&mut self, to: Option<&str>) -> Frame {
        self.0.queue_header(&Header {
            to,
            ..Header::default()
        });
        self.0.flush().await.unwrap();
        match self.0.event().await.unwrap() {
            Some(Event::Open(_)) => self.element().await,
            other => panic!("no header but {other:?}"),
        }
    }

    async fn element(&mut self) -> Frame {
        match self.0.event().await.unwrap() {
            Some(Event::Element(frame)) => frame,
            other => panic!("no element but {other:?}"),
        }
    }

    /// The condition of the SASL failure that comes next.
    async fn failure(&mut self) -> SaslCondition {
        let frame = self.element().await;
        assert!(frame.root().is("failure", ns::SASL), "{}", frame.as_str());
        SaslCondition::from_name(frame.root().children().next().unwrap().name()).unwrap()
    }

    /// The condition of the stream error that comes next, and the end after it.
    async fn ended(mut self) -> StreamCondition {
        let frame = self.element().await;
        let error = StreamError::read(frame.root()).unwrap();
        assert!(matches!(
            self.0.event().await.unwrap(),
            Some(Event::Close) | None
        ));
        error.condition
    }

    async fn challenge(&mut self) -> String {
        let frame = self.element().await;
        assert!(frame.root().is("challenge", ns::SASL), "{}", frame.as_str());
        String::from_utf8(BASE64_STANDARD.decode(&*frame.root().text()).unwrap()).unwrap()
    }
}

fn auth(mechanism: &str, message: &str) -> String {
    let message = BASE64_STANDARD.encode(message);
    format!(
        "<auth xmlns='{}' mechanism='{mechanism}'>{message}</auth>",
        ns::SASL
    )
}

fn response(message: &str) -> String {
    let message = BASE64_STANDARD.encode(message);
    format!("<response xmlns='{}'>{message}</response>", ns::SASL)
}

#[tokio::test]
async fn a_client_and_a_server_reach_a_session_over_tls() {
    let world = world().await;
    let mut config = world.connect("romeo@example.org", "montague");
    config.resource = Some("orchard".into());
    let (client, server) = world.meet(&config).await;
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    assert_eq!(client.jid().as_str(), "romeo@example.org/orchard");
    assert_eq!(client.jid(), server.jid());
    let reached = SessionState::SECURE
        | SessionState::AUTHENTICATED
        | SessionState::BOUND
        | SessionState::READY;
    assert_eq!(client.state(), reached);
    assert_eq!(server.state(), reached | SessionState::SERVER);
    assert!(!client.id().is_empty());
    assert_eq!(client.id(), server.id());

    let ping = Stanza::parse("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>").unwrap();
    client.send(&ping).await.unwrap();
    let frame = server.recv().await.unwrap().unwrap();
    let received = Stanza::from_frame(frame).unwrap();
    assert!(received.child("ping", "urn:xmpp:ping").is_some());
    server.send(&received.result()).await.unwrap();
    let answer = client.recv().await.unwrap().unwrap();
    assert_eq!(
        Stanza::from_frame(answer).unwrap().type_(),
        StanzaType::Result
    );

    let closing = tokio::spawn(client.close(None));
    assert!(server.recv().await.unwrap().is_none());
    server.close(None).await;
    closing.await.unwrap();
}

#[tokio::test]
async fn every_mechanism_logs_in_and_refuses_the_wrong() {
    let world = world().await;
    // What needs no more than a password.
    for mechanism in Mechanism::ALL {
        if mechanism.scram().is_none() && mechanism != Mechanism::Plain {
            continue;
        }
        let mut config = world.connect("romeo@example.org", "montague");
        config.mechanisms = vec![mechanism];
        let (client, server) = world.meet(&config).await;
        assert_eq!(
            client.unwrap().jid().as_str(),
            "romeo@example.org/made",
            "{mechanism:?}"
        );
        server.unwrap();
        for (account, password) in [
            ("romeo@example.org", "capulet"),
            ("nobody@example.org", "montague"),
        ] {
            let mut config = world.connect(account, password);
            config.mechanisms = vec![mechanism];
            let (client, server) = world.meet(&config).await;
            let Err(SessionError::Login(LoginFailure::Refused { condition, .. })) = client else {
                panic!("{mechanism:?}: {client:?}");
            };
            assert_eq!(condition, SaslCondition::NotAuthorized);
            assert!(server.is_err());
        }
    }
    let mut config = world.connect("romeo@example.org", "montague");
    config.mechanisms = Vec::new();
    let (client, _) = world.meet(&config).await;
    assert!(
        matches!(client, Err(SessionError::Login(LoginFailure::NoMechanism(offered))) if offered == "SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 PLAIN")
    );
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_ends_the_attempt() {
    let world = world().await;
    let (_, foreign) = certificate();
    let mut config = world.connect("romeo@example.org", "montague");
    config.trust = Trust::only_added().certificate(foreign);
    let (client, server) = world.meet(&config).await;
    assert!(matches!(client, Err(SessionError::Tls(_))), "{client:?}");
    assert!(server.is_err());
    config.trust = Trust::only_added().dangerously_accept_any_certificate();
    let (client, _) = world.meet(&config).await;
    assert!(client.is_ok());
}

#[tokio::test]
async fn what_comes_before_login_gets_the_error_of_the_rfc() {
    let world = world().await;
    let message = "<message to='a@example.org'><body>hi</body></message>";
    for secure in [false, true] {
        let mut raw = world.raw(secure).await;
        raw.send(message).await;
        assert_eq!(raw.ended().await, StreamCondition::NotAuthorized);
    }
    let bind = "<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
    let mut raw = world.raw(true).await;
    raw.send(bind).await;
    assert_eq!(raw.ended().await, StreamCondition::NotAuthorized);
    let mut raw = world.raw(false).await;
    raw.send(bind).await;
    assert_eq!(raw.ended().await, StreamCondition::PolicyViolation);
    let mut raw = world.raw(true).await;
    raw.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        .await;
    assert_eq!(raw.ended().await, StreamCondition::UnsupportedStanzaType);
    let mut raw = world.raw(true).await;
    raw.send("<what xmlns='urn:example:what'/>").await;
    assert_eq!(raw.ended().await, StreamCondition::UnsupportedStanzaType);
}

#[tokio::test]
async fn headers_must_fit() {
    let world = world().await;
    for (header, condition) in [
        ("to='example.org' version='1.0'", None),
        (
            "to='example.net' version='1.0'",
            Some(StreamCondition::HostUnknown),
        ),
        ("version='1.0'", Some(StreamCondition::ImproperAddressing)),
        (
            "to='example.org'",
            Some(StreamCondition::UnsupportedVersion),
        ),
        (
            "to='example.org' version='0.9'",
            Some(StreamCondition::UnsupportedVersion),
        ),
    ] {
        let (left, right) = memory::pair();
        tokio::spawn(Session::accept(right, Arc::new(world.accept.clone())));
        let mut raw = Raw::new(left);
        raw.send(&format!(
            "<stream:stream xmlns='jabber:client' xmlns:stream='{}' {header}>",
            ns::STREAM
        ))
        .await;
        // Even an error stands in a stream of the server.
        assert!(matches!(
            raw.0.event().await.unwrap(),
            Some(Event::Open(header)) if header.id.is_some()
        ));
        match condition {
            None => assert!(raw.element().await.root().is("features", ns::STREAM)),
            Some(condition) => assert_eq!(raw.ended().await, condition),
        }
    }
    let (left, right) = memory::pair();
    tokio::spawn(Session::accept(right, Arc::new(world.accept.clone())));
    let mut raw = Raw::new(left);
    raw.send("<!DOCTYPE x>").await;
    assert!(matches!(raw.0.event().await.unwrap(), Some(Event::Open(_))));
    assert_eq!(raw.ended().await, StreamCondition::RestrictedXml);
}

#[tokio::test]
async fn another_domain_after_login_is_refused() {
    let world = world().await;
    let mut raw = world.raw(true).await;
    raw.send(&auth("PLAIN", "\0romeo\0montague")).await;
    assert!(raw.element().await.root().is("success", ns::SASL));
    raw.0.restart();
    raw.0.queue_header(&Header {
        to: Some("example.net"),
        ..Header::default()
    });
    raw.0.flush().await.unwrap();
    assert!(matches!(raw.0.event().await.unwrap(), Some(Event::Open(_))));
    assert_eq!(raw.ended().await, StreamCondition::NotAuthorized);
}

#[tokio::test]
async fn bytes_behind_starttls_end_the_stream() {
    let world = world().await;
    let mut raw = world.raw(false).await;
    raw.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><message/>")
        .await;
    assert_eq!(raw.ended().await, StreamCondition::PolicyViolation);
}

#[tokio::test]
async fn resources_are_bound_or_refused() {
    let world = world().await;
    let mut raw = world.raw(true).await;
    raw.send(&auth("PLAIN", "\0romeo\0montague")).await;
    assert!(raw.element().await.root().is("success", ns::SASL));
    raw.0.restart();
    let features = raw.header(Some("example.org")).await;
    let session = features.root().child("session", ns::SESSION).unwrap();
    assert!(session.child("optional", ns::SESSION).is_some());
    let bind = |id: &str, resource: &str| {
        format!(
            "<iq type='set' id='{id}'><bind xmlns='{}'><resource>{resource}</resource></bind></iq>",
            ns::BIND
        )
    };
    for (resource, condition) in [
        ("taken", Condition::Conflict),
        ("a&#9;b", Condition::BadRequest),
    ] {
        raw.send(&bind("x", resource)).await;
        let error = Stanza::from_frame(raw.element().await).unwrap();
        assert_eq!(error.id().map(|id| &**id), Some("x"));
        assert_eq!(error.stanza_error().unwrap().condition, condition);
    }
    raw.send(&bind("y", "orchard")).await;
    let bound = raw.element().await;
    assert_eq!(
        bind::bound(bound.root()).unwrap().as_str(),
        "romeo@example.org/orchard"
    );
}

#[tokio::test]
async fn negotiation_has_a_time_limit() {
    let mut world = world().await;
    world.accept.timeouts.login = Duration::from_millis(50);
    let raw = world.raw(true).await;
    assert_eq!(raw.ended().await, StreamCondition::ConnectionTimeout);

    let (left, _silent) = memory::pair();
    let mut config = world.connect("romeo@example.org", "montague");
    config.timeouts.login = Duration::from_millis(50);
    let client = Session::connect(left, &config).await;
    assert!(matches!(client, Err(SessionError::TimedOut)));
}

#[tokio::test]
async fn a_stream_error_reaches_the_other_side_as_what_it_is() {
    let world = world().await;
    let config = world.connect("romeo@example.org", "montague");
    let (client, server) = world.meet(&config).await;
    let (mut client, server) = (client.unwrap(), server.unwrap());
    let shutdown = StreamError::new(StreamCondition::SystemShutdown);
    let closing = tokio::spawn(server.close(Some(shutdown.clone())));
    match client.recv().await {
        Err(SessionError::PeerEnded(error)) => assert_eq!(error, shutdown),
        other => panic!("{other:?}"),
    }
    assert!(client.recv().await.unwrap().is_none());
    client.close(None).await;
    closing.await.unwrap();
}

#[tokio::test]
async fn xml_that_is_forbidden_ends_a_session_with_its_error() {
    let world = world().await;
    let config = world.connect("romeo@example.org", "montague");
    let (client, server) = world.meet(&config).await;
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    client.queue_bytes(b"<!-- psst -->");
    client.flush().await.unwrap();
    match server.recv().await {
        Err(SessionError::Ended(error)) => {
            assert_eq!(error.condition, StreamCondition::RestrictedXml);
        }
        other => panic!("{other:?}"),
    }
    let closing = tokio::spawn(server.close(None));
    assert!(
        matches!(client.recv().await, Err(SessionError::PeerEnded(error)) if error.condition == StreamCondition::RestrictedXml)
    );
    drop(client);
    closing.await.unwrap();
}
