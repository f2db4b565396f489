//! Who may send what, end to end: a server in the same process, clients over memory, and people who forge.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sestina_session::accounts::{Accounts, MemoryAccounts};
use sestina_session::client::{Client, ClientConfig, Event, Events};
use sestina_session::mux::StanzaContext;
use sestina_session::plugin::{Plugin, PluginError, Registrar, StanzaRow};
use sestina_session::server::{HostConfig, Server};
use sestina_session::stages::Flow;
use sestina_session::testing::Conversation;
use sestina_storage::Storage;
use sestina_wire::clock::SystemRandom;
use sestina_wire::dispatch::{InMessage, InPresence, Only, Scope, Sender, SpecInfo};
use sestina_wire::{
    BareJid, Content, DecodeError, ElementRef, Frame, Kind, Payload, Stanza, Writer,
};

const NS: &str = "urn:example:senders";

static SPEC: SpecInfo = SpecInfo {
    id: "rules",
    number: "",
    title: "",
    version: "",
    status: "",
    summary: "",
    depends: &[],
    features: &[],
    identities: &[],
};

/// A payload that handlers take.
struct Note(String);

impl Content for Note {
    fn decode(el: ElementRef<'_>) -> Result<Self, DecodeError> {
        Ok(Note(el.text().to_string()))
    }

    fn encode(&self, w: &mut Writer<'_>, name: &str, ns: &str) {
        w.text_element(name, ns, self.0.as_str());
    }
}

impl Payload for Note {
    const NAME: &'static str = "note";
    const NS: &'static str = NS;
}

impl InMessage for Note {}
impl InPresence for Note {}

type Seen = Arc<Mutex<Vec<String>>>;

/// Elements that only certain senders may assert, and a note that only certain senders may send.
struct Rules {
    seen: Seen,
    scope: &'static [Scope],
    from: &'static [Sender],
}

impl Plugin for Rules {
    fn spec(&self) -> &'static SpecInfo {
        &SPEC
    }

    fn install(self: Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        const BOTH: &[Kind] = &[Kind::Message, Kind::Presence];
        registrar.strip(BOTH, "by-server", NS, &[Sender::Server]);
        registrar.strip(BOTH, "by-account", NS, &[Sender::OwnAccount]);
        registrar.strip(BOTH, "by-room", NS, &[Sender::Room]);
        registrar.strip(BOTH, "by-contact", NS, &[Sender::Contact]);
        // Somebody has to be asked, and takes a while.
        registrar.check_sender(
            Sender::Contact,
            Arc::new(|_host, from, _own| {
                let known = from.local() == Some("nurse");
                Box::pin(async move {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    known
                })
            }),
        );
        let row = StanzaRow {
            scopes: self.scope,
            only: Only::ANY,
            senders: self.from,
        };
        let note = |seen: Seen, kind: &'static str| {
            move |cx: &StanzaContext<'_>, note: Note| {
                let from = cx.stanza.from().unwrap().local().unwrap_or("the server");
                seen.lock()
                    .unwrap()
                    .push(format!("{kind} {from} {}", note.0));
                Flow::Done
            }
        };
        registrar.message(row, note(self.seen.clone(), "message"));
        registrar.presence(row, note(self.seen.clone(), "presence"));
        Ok(())
    }
}

/// A server, with the rules or without any.
async fn server(rules: Option<Seen>) -> Server {
    let accounts = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    for account in ["romeo", "juliet", "nurse"] {
        let account = BareJid::new(Some(account), "a.example").unwrap();
        accounts.create(&account, "secret").await.unwrap();
    }
    let host = HostConfig::new("a.example", Storage::memory(), accounts)
        .unwrap()
        .plugins(move |_| {
            Ok(match rules {
                Some(seen) => vec![Arc::new(Rules {
                    seen,
                    scope: &[Scope::Host],
                    from: &[Sender::Contact],
                })],
                None => vec![],
            })
        });
    Server::builder().host(host).start().await.unwrap()
}

async fn login(server: &Server, jid: &str) -> Conversation {
    Conversation::login(server, jid, "secret").await
}

const CLAIMS: &str = "<by-server xmlns='urn:example:senders'/><by-account xmlns='urn:example:senders'/>\
                      <by-room xmlns='urn:example:senders'/><by-contact xmlns='urn:example:senders'/>";

/// A message or presence that claims everything, twice.
fn claiming(kind: &str, to: &str) -> String {
    format!("<{kind} to='{to}'>{CLAIMS}<x xmlns='urn:x'/>{CLAIMS}</{kind}>")
}

fn children(frame: &Frame) -> Vec<String> {
    let children = frame.root().children();
    children.map(|child| child.name().to_owned()).collect()
}

#[tokio::test]
async fn a_server_takes_out_what_a_sender_may_not_assert_in_every_copy() {
    let server = server(Some(Seen::default())).await;
    let mut juliet = login(&server, "juliet@a.example/balcony").await;
    let mut garden = login(&server, "juliet@a.example/garden").await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let mut nurse = login(&server, "nurse@a.example/house").await;
    for kind in ["message", "presence"] {
        let to_juliet = claiming(kind, "juliet@a.example/balcony");
        romeo.send(&to_juliet).await;
        assert_eq!(
            children(&juliet.recv().await),
            ["x"],
            "{kind} of a stranger"
        );
        nurse.send(&to_juliet).await;
        assert_eq!(
            children(&juliet.recv().await),
            ["by-contact", "x", "by-contact"],
            "{kind} of a contact"
        );
        garden.send(&to_juliet).await;
        assert_eq!(
            children(&juliet.recv().await),
            ["by-account", "x", "by-account"],
            "{kind} of the account itself"
        );
    }
    server.shutdown().await;
}

#[tokio::test]
async fn a_handler_of_a_server_runs_for_those_who_may_send_its_payload() {
    let seen = Seen::default();
    let server = server(Some(seen.clone())).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let mut nurse = login(&server, "nurse@a.example/house").await;
    let note =
        |kind: &str| format!("<{kind} to='a.example'><note xmlns='{NS}'>hear me</note></{kind}>");
    for kind in ["message", "presence"] {
        romeo.send(&note(kind)).await;
        nurse.send(&note(kind)).await;
        nurse.settle().await;
    }
    assert_eq!(
        *seen.lock().unwrap(),
        ["message nurse hear me", "presence nurse hear me"]
    );
    server.shutdown().await;
}

async fn client(server: &Server, seen: &Seen) -> (Client, Events) {
    let seen = seen.clone();
    let config = ClientConfig::new("juliet@a.example/balcony", "secret").unwrap();
    let config = config.plugins(move |_| {
        Ok(vec![Arc::new(Rules {
            seen,
            scope: &[Scope::Client],
            from: &[Sender::OwnAccount],
        })])
    });
    Client::over(server.connect_memory(), config).await.unwrap()
}

async fn next(events: &mut Events) -> Stanza {
    let event = tokio::time::timeout(Duration::from_secs(10), events.next()).await;
    match event.expect("this should have come by now") {
        Some(Event::Message(stanza) | Event::Presence(stanza)) => stanza,
        other => panic!("{other:?}"),
    }
}

fn names(stanza: &Stanza) -> Vec<String> {
    stanza
        .children()
        .map(|child| child.name().to_owned())
        .collect()
}

/// The server has no rules: whatever anyone forges arrives at the client.
#[tokio::test]
async fn a_client_believes_nobody_who_claims_to_be_its_account_a_room_or_a_contact() {
    let server = server(None).await;
    let seen = Seen::default();
    let (client, mut events) = client(&server, &seen).await;
    let to = client.jid().as_str().to_owned();
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let mut nurse = login(&server, "nurse@a.example/house").await;
    let mut garden = login(&server, "juliet@a.example/garden").await;
    for kind in ["message", "presence"] {
        // What servers assert our own server answers for.
        romeo.send(&claiming(kind, &to)).await;
        assert_eq!(
            names(&next(&mut events).await),
            ["by-server", "x", "by-server"]
        );
        nurse.send(&claiming(kind, &to)).await;
        assert_eq!(
            names(&next(&mut events).await),
            ["by-server", "by-contact", "x", "by-server", "by-contact"]
        );
        garden.send(&claiming(kind, &to)).await;
        assert_eq!(
            names(&next(&mut events).await),
            ["by-server", "by-account", "x", "by-server", "by-account"]
        );
    }
    // A message that is nothing but forgery is none.
    romeo
        .send(&format!("<message to='{to}'><by-account xmlns='{NS}'><forwarded xmlns='urn:f'/></by-account></message>"))
        .await;
    romeo
        .send(&format!(
            "<message to='{to}'><body>after it</body></message>"
        ))
        .await;
    assert_eq!(names(&next(&mut events).await), ["body"]);
    client.close().await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_handler_of_a_client_runs_for_those_who_may_send_its_payload() {
    let server = server(None).await;
    let seen = Seen::default();
    let (client, mut events) = client(&server, &seen).await;
    let to = client.jid().as_str().to_owned();
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let mut garden = login(&server, "juliet@a.example/garden").await;
    for kind in ["message", "presence"] {
        let note = format!("<{kind} to='{to}'><note xmlns='{NS}'>hear me</note></{kind}>");
        garden.send(&note).await;
        garden.settle().await;
        romeo.send(&note).await;
        // The handler keeps what it takes; the other one is a stanza like any.
        assert_eq!(
            next(&mut events).await.from().unwrap().local(),
            Some("romeo")
        );
    }
    assert_eq!(
        *seen.lock().unwrap(),
        ["message juliet hear me", "presence juliet hear me"]
    );
    client.close().await;
    server.shutdown().await;
}

/// CVE-2015-8688 and its like: a contact list changed by somebody else.
#[tokio::test]
async fn a_forged_roster_push_is_refused_and_changes_nothing() {
    let server = server(None).await;
    let (client, mut events) = client(&server, &Seen::default()).await;
    let to = client.jid().as_str().to_owned();
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    romeo
        .send(&format!("<iq type='set' id='p' to='{to}'><query xmlns='jabber:iq:roster'><item jid='paris@a.example' subscription='both'/></query></iq>"))
        .await;
    romeo.expect("<iq type='error' id='p'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>").await;
    romeo
        .send(&format!("<message to='{to}'><body>sorry</body></message>"))
        .await;
    // The first thing the program hears of is the message.
    assert_eq!(names(&next(&mut events).await), ["body"]);
    client.close().await;
    server.shutdown().await;
}
