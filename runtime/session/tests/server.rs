//! The server from the outside: connections in memory, raw XML, handwritten plugins.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::Arc;
use std::time::Duration;

use sestina_session::accounts::{Accounts, MemoryAccounts};
use sestina_session::host::SessionLimits;
use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{IqRow, Plugin, PluginError, Registrar};
use sestina_session::server::{HostConfig, Server, ServerLimits, StartError};
use sestina_session::stages::{Flow, Place, Stage};
use sestina_session::testing::Conversation;
use sestina_storage::Storage;
use sestina_types::xep_0199::Ping;
use sestina_wire::clock::SystemRandom;
use sestina_wire::dispatch::{InIq, Only, Scope, Sender, SpecInfo};
use sestina_wire::{
    BareJid, Condition, Content, DecodeError, ElementRef, Kind, Payload, StanzaError, StanzaType,
    Writer,
};

const SPEC: SpecInfo = SpecInfo {
    id: "test",
    number: "",
    title: "What the tests need",
    version: "1",
    status: "",
    summary: "",
    depends: &[],
    features: &[],
    identities: &[],
};

/// A payload of the tests' own: what to do, as text.
struct Order(String);

impl Content for Order {
    fn decode(el: ElementRef<'_>) -> Result<Self, DecodeError> {
        Ok(Order(el.text().to_string()))
    }

    fn encode(&self, w: &mut Writer<'_>, name: &str, ns: &str) {
        w.start(name, ns);
        w.text(self.0.as_str());
        w.end(name);
    }
}

impl Payload for Order {
    const NAME: &'static str = "order";
    const NS: &'static str = "urn:example:order";
}

impl InIq for Order {}

struct Orders;

impl Plugin for Orders {
    fn spec(&self) -> &'static SpecInfo {
        &SPEC
    }

    fn install(self: Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        registrar
            .mux()
            .handle(
                Scope::Host,
                StanzaType::Get,
                |_cx: IqContext, _ping: Ping| async { Ok(Empty) },
            )
            .unwrap();
        let row = IqRow {
            type_: StanzaType::Set,
            scopes: &[Scope::Host, Scope::OwnAccount],
            only: Only::ANY,
            senders: &[Sender::OwnAccount, Sender::Anyone],
        };
        registrar.iq(row, |cx: IqContext, order: Order| async move {
            match order.0.as_str() {
                "panic" => panic!("as ordered"),
                "wait" => tokio::time::sleep(Duration::from_millis(50)).await,
                "refuse" => return Err(StanzaError::new(Condition::NotAcceptable)),
                _ => {}
            }
            Ok(Order(format!(
                "{} for {} in {:?}",
                order.0, cx.from, cx.scope
            )))
        })?;
        let own = IqRow {
            type_: StanzaType::Get,
            scopes: &[Scope::OwnAccount],
            only: Only::ANY,
            senders: &[Sender::OwnAccount],
        };
        registrar.iq(own, |_cx: IqContext, _order: Order| async { Ok(Empty) })?;
        registrar.strip(
            &[Kind::Message],
            "forged",
            "urn:example:server",
            &[Sender::Server],
        );
        let place = Place {
            spec: "test",
            name: "hold",
            after: &[],
            before: &[],
        };
        registrar.stage(Stage::Received, &[Kind::Message], place, |_cx, d| {
            if d.stanza.child("slowly", "urn:example:order").is_some() {
                return Flow::wait(async {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    Flow::Then(Box::new(|d| {
                        d.stanza.append(&Order("slow".into()));
                        Flow::Continue
                    }))
                });
            }
            assert!(
                d.stanza.child("panic", "urn:example:order").is_none(),
                "as ordered"
            );
            if d.stanza.child("never", "urn:example:order").is_some() {
                return Flow::Refuse(StanzaError::new(Condition::PolicyViolation));
            }
            Flow::Continue
        });
        Ok(())
    }
}

async fn host(domain: &str, accounts: &[&str]) -> HostConfig {
    let all = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    for account in accounts {
        all.create(&BareJid::new(Some(account), domain).unwrap(), "secret")
            .await
            .unwrap();
    }
    HostConfig::new(domain, Storage::memory(), all)
        .unwrap()
        .plugins(|_| Ok(vec![Arc::new(Orders)]))
}

async fn server() -> Server {
    let builder = Server::builder().host(host("a.example", &["romeo", "juliet"]).await);
    builder
        .host(host("b.example", &["romeo"]).await)
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn requests_are_dispatched_by_scope_and_answered_once() {
    let server = server().await;
    let mut romeo = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
    romeo
        .send("<iq type='get' id='1' to='a.example'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    romeo
        .expect("<iq type='result' id='1' from='a.example' to='romeo@a.example/orchard'/>")
        .await;
    romeo
        .send("<iq type='set' id='2'><order xmlns='urn:example:order'>tea</order></iq>")
        .await;
    romeo
        .expect("<iq type='result' id='2'><order xmlns='urn:example:order'>tea for romeo@a.example/orchard in OwnAccount</order></iq>")
        .await;
    // Nobody handles a ping for an account; only its owner may ask for an order.
    romeo
        .send("<iq type='get' id='3' to='juliet@a.example'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    romeo.expect("<iq type='error' id='3' from='juliet@a.example'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>").await;
    romeo
        .send("<iq type='get' id='4' to='juliet@a.example'><order xmlns='urn:example:order'/></iq>")
        .await;
    romeo.expect("<iq type='error' id='4'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>").await;
    // An account that does not exist says the same.
    for (payload, condition) in [
        ("<ping xmlns='urn:xmpp:ping'/>", "service-unavailable"),
        ("<order xmlns='urn:example:order'/>", "forbidden"),
    ] {
        romeo
            .send(&format!(
                "<iq type='get' id='5' to='nobody@a.example'>{payload}</iq>"
            ))
            .await;
        romeo
            .expect(&format!("<iq type='error' id='5' from='nobody@a.example'><error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"))
            .await;
    }
}

#[tokio::test]
async fn what_is_no_iq_gets_the_error_of_the_rfc_and_the_session_lives() {
    let server = server().await;
    let mut romeo = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
    let bad =
        "<error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    romeo
        .send("<iq type='get' to='a.example'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    romeo.expect(&format!("<iq type='error'>{bad}</iq>")).await;
    romeo
        .send("<iq type='query' id='1' to='a.example'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    romeo
        .expect(&format!("<iq type='error' id='1'>{bad}</iq>"))
        .await;
    romeo.send("<iq type='get' id='2' to='a.example'><ping xmlns='urn:xmpp:ping'/><ping xmlns='urn:xmpp:ping'/></iq>").await;
    romeo
        .expect(&format!("<iq type='error' id='2'>{bad}</iq>"))
        .await;
    romeo.send("<iq type='get' id='3' to='a.example'/>").await;
    romeo
        .expect(&format!("<iq type='error' id='3'>{bad}</iq>"))
        .await;
    romeo
        .send("<iq type='get' id='4' to='@a.example'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    romeo.expect("<iq type='error' id='4'><error type='modify'><jid-malformed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>").await;
    // Neither an error nor a result is ever answered.
    romeo.send("<iq type='error' id='5' to='juliet@a.example/x'/><iq type='result' id='6' to='juliet@a.example/x'/>").await;
    romeo
        .send("<message type='error' to='juliet@a.example/x'/><iq type='result' to='a.example'/>")
        .await;
    romeo.expect_nothing().await;
}

#[tokio::test]
async fn a_handler_may_fail_and_even_panic() {
    let server = server().await;
    let mut romeo = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
    romeo
        .send("<iq type='set' id='1'><order xmlns='urn:example:order'>refuse</order></iq>")
        .await;
    romeo.expect("<iq type='error' id='1'><error><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>").await;
    romeo
        .send("<iq type='set' id='2'><order xmlns='urn:example:order'>panic</order></iq>")
        .await;
    romeo.expect("<iq type='error' id='2'><error><internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>").await;
    romeo.expect_nothing().await;
}

#[tokio::test]
async fn a_stage_that_panics_costs_its_session_only() {
    let server = server().await;
    let mut romeo = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
    let mut juliet = Conversation::login(&server, "juliet@a.example/balcony", "secret").await;
    romeo
        .send("<message to='juliet@a.example/balcony'><panic xmlns='urn:example:order'/></message>")
        .await;
    romeo.expect_stream_error("internal-server-error").await;
    juliet.expect_nothing().await;
    let host = server.host("a.example").unwrap();
    assert!(
        host.resources(&BareJid::parse("romeo@a.example").unwrap())
            .is_empty()
    );
}

#[tokio::test]
async fn a_sessions_stanzas_are_handled_in_order() {
    let server = server().await;
    let mut romeo = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
    let mut juliet = Conversation::login(&server, "juliet@a.example/balcony", "secret").await;
    romeo
        .send(
            "<iq type='set' id='1'><order xmlns='urn:example:order'>wait</order></iq>\
             <message id='a' to='juliet@a.example/balcony'><slowly xmlns='urn:example:order'/></message>\
             <message id='b' to='juliet@a.example/balcony'><forged xmlns='urn:example:server'/><body>b</body></message>\
             <iq type='get' id='2' to='a.example'><ping xmlns='urn:xmpp:ping'/></iq>",
        )
        .await;
    romeo.expect("<iq type='result' id='1'/>").await;
    romeo.expect("<iq type='result' id='2'/>").await;
    juliet.expect("<message id='a' from='romeo@a.example/orchard'><order xmlns='urn:example:order'>slow</order></message>").await;
    let frame = juliet
        .expect("<message id='b' from='romeo@a.example/orchard'><body>b</body></message>")
        .await;
    assert!(frame.root().child("forged", "urn:example:server").is_none());
    romeo.send("<message id='c' to='juliet@a.example/balcony'><never xmlns='urn:example:order'/></message>").await;
    romeo.expect("<message type='error' id='c' from='juliet@a.example/balcony'><error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>").await;
    juliet.expect_nothing().await;
}

#[tokio::test]
async fn a_false_sender_ends_the_stream() {
    let server = server().await;
    for from in [
        "juliet@a.example",
        "juliet@a.example/orchard",
        "romeo@a.example/other",
        "a.example",
        "romeo@b.example/orchard",
    ] {
        for kind in ["message", "presence", "iq type='get' id='1'"] {
            let mut romeo = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
            let name = kind.split(' ').next().unwrap();
            romeo
                .send(&format!(
                    "<{kind} from='{from}' to='juliet@a.example'><x xmlns='urn:x'/></{name}>"
                ))
                .await;
            romeo.expect_stream_error("invalid-from").await;
        }
    }
    let mut romeo = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
    for from in ["romeo@a.example", "romeo@a.example/orchard"] {
        romeo.send(&format!("<iq type='get' id='1' from='{from}' to='a.example'><ping xmlns='urn:xmpp:ping'/></iq>")).await;
        romeo
            .expect("<iq type='result' id='1' to='romeo@a.example/orchard'/>")
            .await;
    }
}

#[tokio::test]
async fn two_hosts_with_one_local_part_are_kept_apart() {
    let server = server().await;
    let mut first = Conversation::login(&server, "romeo@a.example/x", "secret").await;
    let mut second = Conversation::login(&server, "romeo@b.example/x", "secret").await;
    let mut juliet = Conversation::login(&server, "juliet@a.example/x", "secret").await;
    juliet
        .send("<message type='chat' to='romeo@b.example/x'><body>over there</body></message>")
        .await;
    second
        .expect("<message type='chat' from='juliet@a.example/x'><body>over there</body></message>")
        .await;
    juliet
        .send("<message type='chat' to='romeo@a.example/x'><body>over here</body></message>")
        .await;
    first
        .expect("<message type='chat' from='juliet@a.example/x'><body>over here</body></message>")
        .await;
    // An account of one host is none on the other.
    second
        .send("<message type='chat' id='1' to='juliet@b.example/x'><body>?</body></message>")
        .await;
    second.expect("<message type='error' id='1' from='juliet@b.example/x'><error><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>").await;
    first.expect_nothing().await;
    second.expect_nothing().await;
}

#[tokio::test]
async fn what_is_for_nobody_is_answered_or_dropped_as_its_type_wants() {
    let server = server().await;
    let mut romeo = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
    romeo
        .send("<message id='1' to='x@elsewhere.example'><body>?</body></message>")
        .await;
    romeo.expect("<message type='error' id='1'><error type='cancel'><remote-server-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>").await;
    let unavailable = "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    for type_ in ["normal", "chat", "groupchat"] {
        romeo
            .send(&format!(
                "<message id='2' type='{type_}' to='juliet@a.example/gone'><body>?</body></message>"
            ))
            .await;
        romeo
            .expect(&format!(
                "<message type='error' id='2'>{unavailable}</message>"
            ))
            .await;
    }
    romeo
        .send("<iq type='get' id='3' to='juliet@a.example/gone'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    romeo
        .expect(&format!(
            "<iq type='error' id='3' from='juliet@a.example/gone'>{unavailable}</iq>"
        ))
        .await;
    romeo.send("<message type='headline' to='juliet@a.example/gone'/><presence to='juliet@a.example/gone'/>").await;
    romeo.expect_nothing().await;
}

#[tokio::test]
async fn a_resource_in_use_goes_to_the_newcomer() {
    let server = server().await;
    let mut juliet = Conversation::login(&server, "juliet@a.example/balcony", "secret").await;
    let mut older = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
    let mut newer = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
    older.expect_stream_error("conflict").await;
    newer.settle().await;
    // The clean-up of the older session has not taken the newer one with it.
    tokio::time::sleep(Duration::from_millis(50)).await;
    juliet
        .send("<message to='romeo@a.example/orchard'><body>who?</body></message>")
        .await;
    newer.expect("<message><body>who?</body></message>").await;
    assert_eq!(
        server
            .host("a.example")
            .unwrap()
            .resources(&BareJid::parse("romeo@a.example").unwrap())
            .len(),
        1
    );
    newer.close().await;
}

#[tokio::test]
async fn a_shutdown_says_goodbye_and_writes_what_is_queued() {
    let server = server().await;
    let mut juliet = Conversation::login(&server, "juliet@a.example/balcony", "secret").await;
    let mut romeo = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
    romeo
        .send("<message to='juliet@a.example/balcony'><body>last words</body></message>")
        .await;
    romeo.settle().await;
    let down = tokio::spawn(server.shutdown());
    juliet
        .expect("<message><body>last words</body></message>")
        .await;
    juliet.expect_stream_error("system-shutdown").await;
    romeo.expect_stream_error("system-shutdown").await;
    drop((juliet, romeo));
    down.await.unwrap();
}

#[tokio::test]
async fn who_sends_too_much_is_read_more_slowly() {
    let limits = ServerLimits {
        sessions: SessionLimits {
            stanza_rate: std::num::NonZeroU32::new(20),
            ..SessionLimits::default()
        },
        ..ServerLimits::default()
    };
    let server = Server::builder()
        .host(host("a.example", &["romeo"]).await)
        .limits(limits)
        .start()
        .await
        .unwrap();
    let mut romeo = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
    let begun = std::time::Instant::now();
    let ask = "<iq type='get' id='1' to='a.example'><x xmlns='urn:x'/></iq>";
    let mut asked = async |count: usize| {
        romeo.send(&ask.repeat(count)).await;
        for _ in 0..count {
            romeo.expect("<iq type='error' id='1'/>").await;
        }
    };
    // Ten seconds' worth are taken at once, and every one is answered.
    asked(150).await;
    assert!(begun.elapsed() < Duration::from_secs(7));
    asked(70).await;
    assert!(begun.elapsed() >= Duration::from_millis(500));
}

#[tokio::test]
async fn an_account_has_so_many_sessions_and_may_replace_them() {
    let limits = ServerLimits {
        sessions: SessionLimits {
            per_account: 2,
            ..SessionLimits::default()
        },
        ..ServerLimits::default()
    };
    let server = Server::builder()
        .host(host("a.example", &["romeo"]).await)
        .limits(limits)
        .start()
        .await
        .unwrap();
    let _one = Conversation::login(&server, "romeo@a.example/one", "secret").await;
    let mut two = Conversation::login(&server, "romeo@a.example/two", "secret").await;
    let mut three = Conversation::authenticate(&server, "romeo@a.example/three", "secret").await;
    three
        .send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>three</resource></bind></iq>")
        .await;
    let refused = three
        .expect(
            "<iq type='error' id='b'><error><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
        )
        .await;
    assert!(
        refused.as_str().contains("2 sessions"),
        "{}",
        refused.as_str()
    );
    let _again = Conversation::login(&server, "romeo@a.example/two", "secret").await;
    two.expect_stream_error("conflict").await;
}

#[tokio::test]
async fn who_sends_too_many_bytes_is_read_more_slowly() {
    let limits = ServerLimits {
        sessions: SessionLimits {
            byte_rate: std::num::NonZeroU64::new(4096),
            ..SessionLimits::default()
        },
        ..ServerLimits::default()
    };
    let server = Server::builder()
        .host(host("a.example", &["romeo"]).await)
        .limits(limits)
        .start()
        .await
        .unwrap();
    let mut romeo = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
    let begun = std::time::Instant::now();
    let long = format!(
        "<iq type='get' id='1' to='a.example'><x xmlns='urn:x'>{}</x></iq>",
        "o".repeat(8 * 1024)
    );
    let mut asked = async |count: usize| {
        for _ in 0..count {
            romeo.send(&long).await;
            romeo.expect("<iq type='error' id='1'/>").await;
        }
    };
    // Ten seconds' worth are taken at once; then a stanza takes two seconds.
    asked(4).await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    asked(3).await;
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn who_does_not_read_is_ended_and_its_senders_go_on() {
    let limits = ServerLimits {
        sessions: SessionLimits {
            queue_bytes: 16 * 1024,
            slow_reader: Duration::from_millis(200),
            ..SessionLimits::default()
        },
        ..ServerLimits::default()
    };
    let server = Server::builder()
        .host(host("a.example", &["romeo", "juliet"]).await)
        .limits(limits)
        .start()
        .await
        .unwrap();
    let juliet = Conversation::login(&server, "juliet@a.example/balcony", "secret").await;
    let mut romeo = Conversation::login(&server, "romeo@a.example/orchard", "secret").await;
    let body = "x".repeat(4000);
    for _ in 0..100 {
        romeo.send(&format!("<message type='headline' to='juliet@a.example/balcony'><body>{body}</body></message>")).await;
    }
    romeo.settle().await;
    let host = server.host("a.example").unwrap();
    assert_eq!(
        host.resources(&BareJid::parse("juliet@a.example").unwrap())
            .len(),
        0
    );
    drop(juliet);
}

#[tokio::test]
async fn connections_past_the_cap_are_turned_away() {
    let limits = ServerLimits {
        connections: 2,
        ..ServerLimits::default()
    };
    let server = Server::builder()
        .host(host("a.example", &["romeo"]).await)
        .limits(limits)
        .listen("127.0.0.1:0".parse().unwrap())
        .start()
        .await
        .unwrap();
    assert_ne!(server.addresses()[0].port(), 0);
    let romeo = Conversation::login(&server, "romeo@a.example/x", "secret").await;
    let _half_open = tokio::net::TcpStream::connect(server.addresses()[0])
        .await
        .unwrap();
    while server.connections() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut third = tokio::net::TcpStream::connect(server.addresses()[0])
        .await
        .unwrap();
    let mut byte = [0];
    assert_eq!(
        tokio::io::AsyncReadExt::read(&mut third, &mut byte)
            .await
            .unwrap_or(0),
        0
    );
    drop(romeo);
}

#[tokio::test]
async fn a_port_in_use_and_a_missing_plugin_say_so() {
    let server = Server::builder()
        .listen("127.0.0.1:0".parse().unwrap())
        .start()
        .await
        .unwrap();
    let taken = Server::builder()
        .listen(server.addresses()[0])
        .start()
        .await;
    assert!(matches!(taken, Err(StartError::Listen { .. })));

    struct Needy;
    impl Plugin for Needy {
        fn spec(&self) -> &'static SpecInfo {
            const NEEDY: SpecInfo = SpecInfo {
                id: "needy",
                depends: &["test", "absent"],
                ..SPEC
            };
            &NEEDY
        }
        fn install(self: Arc<Self>, _registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
            Ok(())
        }
    }
    let config = host("a.example", &[])
        .await
        .plugins(|_| Ok(vec![Arc::new(Needy), Arc::new(Orders)]));
    let Err(error) = Server::builder().host(config).start().await else {
        panic!("started")
    };
    assert_eq!(
        error.to_string(),
        "a.example: needy needs absent, which is not enabled on this host"
    );
}
