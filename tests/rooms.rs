//! A room comes back whole after its server was stopped, and after it was killed: the real server on every backend that
//! keeps something, a client before and after. (What the seventh, the memory, keeps within a process the tests of the
//! rooms look at.)
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "acknowledged/connect.rs"]
mod connect;

use std::path::Path;
use std::time::Duration;

use connect::connect;
use sestina::client::{Client, Event, Events};
use sestina::session::mux::Empty;
use sestina::types::rfc_6121::client::Body;
use sestina::types::xep_0045::user::MucUser;
use sestina::types::xep_0045::{admin, owner};
use sestina::types::xep_0463::Mav;
use sestina::types::{xep_0030, xep_0050, xep_0054, xep_0077, xep_0313, xep_0513};
use sestina::wire::dispatch::Extensible as _;
use sestina::wire::{AnyElement, Jid, Payload, Stanza, StanzaType};
use sestina_interop::database::backing::{Backing, installed};
use sestina_interop::peer::Peer;
use sestina_interop::ready;
use sestina_interop::sestina::Sestina;

const ACCOUNTS: &[(&str, &str)] = &[("romeo", "secret-1"), ("juliet", "secret-2")];
const ROOM: &str = "garden@conference.localhost";
const HAT: &str = "http://schemas.example.com/hats#host";

fn room() -> Jid {
    Jid::parse(ROOM).unwrap()
}

/// A payload that is written down.
fn written<P: Payload>(xml: &str) -> P {
    let element = AnyElement::parse(xml.to_owned()).unwrap();
    element.decode::<P>().unwrap()
}

/// What the room answers.
async fn ask<P: Payload>(client: &Client, xml: &str) -> P {
    let request: P = written(xml);
    client.get(&room(), &request).await.unwrap()
}

/// A request that is answered with success.
async fn set<P: Payload>(client: &Client, xml: &str) {
    let request: P = written(xml);
    let _: Empty = client.set(&room(), &request).await.unwrap();
}

/// A command of the room, and the form it answers with.
async fn command(client: &Client, name: &str, fields: &[(&str, &str)]) -> String {
    let form = match fields {
        [] => String::new(),
        fields => filled_in("urn:xmpp:hats:commands", fields),
    };
    let request: xep_0050::Command = written(&format!(
        "<command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:hats:commands:{name}'>{form}</command>"
    ));
    let answer: xep_0050::Command = client.set(&room(), &request).await.unwrap();
    let forms = answer.any.iter();
    forms.map(|form| form.to_document().to_string()).collect()
}

fn filled_in(form_type: &str, fields: &[(&str, &str)]) -> String {
    let fields: String = fields
        .iter()
        .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"))
        .collect();
    format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{form_type}</value></field>{fields}</x>"
    )
}

async fn grant(client: &Client, item: &str) {
    let query = format!("<query xmlns='http://jabber.org/protocol/muc#admin'>{item}</query>");
    set::<admin::Query>(client, &query).await;
}

async fn send(client: &Client, xml: &str) {
    client.send(Stanza::parse(xml).unwrap()).await.unwrap();
}

/// What comes, up to what is waited for.
async fn until(events: &mut Events, is_it: impl Fn(&Stanza) -> bool) -> Vec<Stanza> {
    let mut all = Vec::new();
    loop {
        let event = tokio::time::timeout(Duration::from_secs(20), events.next()).await;
        let event = event.unwrap_or_else(|_| panic!("it does not come, but {all:?}"));
        if let Some(Event::Message(stanza) | Event::Presence(stanza)) = event {
            let found = is_it(&stanza);
            all.push(stanza);
            if found {
                return all;
            }
        }
    }
}

fn is_subject(stanza: &Stanza) -> bool {
    let has = |name| stanza.child(name, "jabber:client").is_some();
    has("subject") && !has("body")
}

/// Enters, with the version of the affiliations that is known; everything up to the subject.
async fn enter(client: &Client, events: &mut Events, nick: &str, since: &str) -> Vec<Stanza> {
    let mav = "urn:xmpp:muc:affiliations:1";
    send(
        client,
        &format!(
            "<presence to='{ROOM}/{nick}'><x xmlns='http://jabber.org/protocol/muc'><mav xmlns='{mav}' {since}/></x></presence>"
        ),
    )
    .await;
    until(events, is_subject).await
}

async fn leave(client: &Client, events: &mut Events, nick: &str) {
    let leave = format!("<presence type='unavailable' to='{ROOM}/{nick}'/>");
    send(client, &leave).await;
    until(events, |stanza| stanza.type_() == StanzaType::Unavailable).await;
}

async fn say(client: &Client, events: &mut Events, inside: &str) {
    let message = format!("<message type='groupchat' id='said' to='{ROOM}'>{inside}</message>");
    send(client, &message).await;
    until(events, |stanza| {
        stanza.id().is_some_and(|id| &**id == "said")
    })
    .await;
}

fn texts(stanzas: &[Stanza]) -> Vec<String> {
    let bodies = stanzas.iter().filter_map(|stanza| stanza.decode::<Body>());
    bodies.map(|body| body.unwrap().text.to_string()).collect()
}

/// What one enters with: the version that the room is in, and what has changed since the one that was known.
fn versions(stanzas: &[Stanza]) -> (String, Vec<String>) {
    let users = stanzas.iter().filter_map(|stanza| {
        let user = stanza.decode::<MucUser>()?.unwrap();
        let mav = user.extension::<Mav>()?.unwrap();
        Some((stanza, user, mav))
    });
    let (mut version, mut changes) = (String::new(), Vec::new());
    for (stanza, user, mav) in users {
        if stanza.kind() == sestina::wire::Kind::Presence {
            version = mav.until.unwrap().to_string();
            continue;
        }
        assert!(mav.since.is_some(), "the version is not known any more");
        let item = |item: sestina::types::xep_0045::user::Item| {
            format!("{} {:?}", item.jid.unwrap(), item.affiliation.unwrap())
        };
        changes.extend(user.items.into_iter().map(item));
    }
    (version, changes)
}

/// All that a room says of itself to its owner, from outside.
async fn told(client: &Client) -> Vec<String> {
    let mut all = Vec::new();
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    let info: xep_0030::info::Query = ask(client, info).await;
    all.push(info.to_any().to_document().to_string());
    let form = "<query xmlns='http://jabber.org/protocol/muc#owner'/>";
    all.push(
        ask::<owner::Query>(client, form)
            .await
            .to_any()
            .to_document()
            .to_string(),
    );
    for affiliation in ["owner", "admin", "member", "outcast"] {
        let list = format!(
            "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='{affiliation}'/></query>"
        );
        let list: admin::Query = ask(client, &list).await;
        all.push(list.to_any().to_document().to_string());
    }
    let card: xep_0054::VCard = ask(client, "<vCard xmlns='vcard-temp'/>").await;
    all.push(card.to_any().to_document().to_string());
    let mentions: xep_0513::Query = ask(client, "<query xmlns='urn:xmpp:mentions:0'/>").await;
    all.push(mentions.to_any().to_document().to_string());
    for list in ["list", "list-assigned"] {
        all.push(command(client, list, &[]).await);
    }
    all
}

/// The texts in the archive of the room.
async fn archived(client: &Client, events: &mut Events) -> Vec<String> {
    let request = xep_0313::Query::default();
    let _: xep_0313::Fin = client.set(&room(), &request).await.unwrap();
    send(
        client,
        &format!("<message to='{}' id='end' type='chat'/>", client.jid()),
    )
    .await;
    let is_end = |stanza: &Stanza| stanza.id().is_some_and(|id| &**id == "end");
    let all = until(events, is_end).await;
    let mut texts = Vec::new();
    for stanza in &all {
        let mut xml = Vec::new();
        stanza.write(&mut xml, "jabber:client");
        let xml = String::from_utf8(xml).unwrap();
        for part in xml.split("<body>").skip(1) {
            texts.push(part.split("</body>").next().unwrap().to_owned());
        }
    }
    texts
}

/// The room as its owner wants it.
async fn set_up(client: &Client, events: &mut Events) {
    enter(client, events, "romeo", "").await;
    let config = filled_in(
        "http://jabber.org/protocol/muc#roomconfig",
        &[
            ("muc#roomconfig_persistentroom", "1"),
            ("muc#roomconfig_whois", "anyone"),
            ("muc#roomconfig_roomname", "The Garden"),
            ("muc#roomconfig_roomdesc", "of Capulet &amp; others"),
            ("muc#roomconfig_lang", "it"),
            ("muc#roomconfig_moderatedroom", "1"),
            ("muc#roomconfig_changesubject", "1"),
            ("muc#roomconfig_allowpm", "moderators"),
            ("muc#roomconfig_maxusers", "50"),
            ("muc#roomconfig_slow_mode_duration", "3"),
        ],
    );
    let config = format!("<query xmlns='http://jabber.org/protocol/muc#owner'>{config}</query>");
    set::<owner::Query>(client, &config).await;
    let mentions = filled_in(
        "urn:xmpp:mentions:0",
        &[
            ("mentions#count", "7"),
            ("mentions#individual", "participants"),
            ("mentions#channel", "moderators"),
            ("mentions#server", "none"),
            ("mentions#associations", "participants"),
            ("mentions#hats", "participants"),
        ],
    );
    let mentions = format!("<query xmlns='urn:xmpp:mentions:0'>{mentions}</query>");
    set::<xep_0513::Query>(client, &mentions).await;
    grant(client, "<item jid='juliet@localhost' affiliation='admin'/>").await;
    grant(
        client,
        "<item jid='tybalt@localhost' affiliation='outcast'><reason>brawls</reason></item>",
    )
    .await;
    let hat = [
        ("hats#title", "Host"),
        ("hats#uri", HAT),
        ("hats#hue", "12.5"),
    ];
    command(client, "create", &hat).await;
    let wearer = [("hats#jid", "juliet@localhost"), ("hats#uri", HAT)];
    command(client, "assign", &wearer).await;
    set::<xep_0054::VCard>(
        client,
        "<vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE><BINVAL>aGVsbG8=</BINVAL></PHOTO></vCard>",
    )
    .await;
    say(client, events, "<subject>Light &amp; window</subject>").await;
    say(client, events, "<body>one</body>").await;
    leave(client, events, "romeo").await;
}

/// Juliet keeps a nickname, and sees the room as it is.
async fn as_juliet(peer: &Peer, register: bool) {
    let (juliet, mut events) = connect(peer, 1, "balcony").await.unwrap();
    if register {
        let nickname = filled_in(
            "http://jabber.org/protocol/muc#register",
            &[("muc#register_roomnick", "jules")],
        );
        let query = format!("<query xmlns='jabber:iq:register'>{nickname}</query>");
        set::<xep_0077::register::Query>(&juliet, &query).await;
    }
    let kept = "<query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'/>";
    let kept: xep_0030::info::Query = ask(&juliet, kept).await;
    assert_eq!(kept.identities[0].name.as_deref(), Some("jules"));
    let seen = enter(&juliet, &mut events, "jules", "").await;
    let shown = seen.iter().find(|stanza| {
        let from = stanza.from().and_then(Jid::resource);
        stanza.kind() == sestina::wire::Kind::Presence && from == Some("jules")
    });
    let hats = shown.unwrap().child("hats", "urn:xmpp:hats:0");
    assert!(hats.is_some(), "{shown:?}");
    leave(&juliet, &mut events, "jules").await;
    juliet.close().await;
}

async fn comes_back(backend: &str) {
    let ready = ready!(&format!("rooms::{backend}"), installed(backend));
    let backing = Backing::start(backend, &ready, false).unwrap();
    let settings = format!("storage = \"{}\"", backing.url());
    let binary = Path::new(env!("CARGO_BIN_EXE_sestina"));
    let mut server = Sestina::start(binary, "localhost", ACCOUNTS, &settings).unwrap();
    let peer = server.peer.clone();

    let (romeo, mut events) = connect(&peer, 0, "orchard").await.unwrap();
    set_up(&romeo, &mut events).await;
    as_juliet(&peer, true).await;
    let entered = enter(&romeo, &mut events, "romeo", "").await;
    let first = entered.iter().rev().find_map(|stanza| {
        let user = stanza.decode::<MucUser>()?.unwrap();
        user.extension::<Mav>()?.unwrap().until
    });
    let first = first.unwrap();
    leave(&romeo, &mut events, "romeo").await;
    let before = told(&romeo).await;
    romeo.close().await;

    server.restart("TERM").unwrap();
    let (romeo, mut events) = connect(&peer, 0, "orchard").await.unwrap();
    assert_eq!(told(&romeo).await, before);
    as_juliet(&peer, false).await;
    assert_eq!(archived(&romeo, &mut events).await, ["one"]);
    let since = format!("since='{first}'");
    let entered = enter(&romeo, &mut events, "romeo", &since).await;
    assert_eq!(versions(&entered), (first.to_string(), Vec::new()));
    assert_eq!(texts(&entered), ["one"]);
    let mut subject = Vec::new();
    entered.last().unwrap().write(&mut subject, "jabber:client");
    let subject = String::from_utf8(subject).unwrap();
    assert!(subject.contains("Light &amp; window"), "{subject}");
    assert!(subject.contains("/romeo"), "{subject}");

    // What has been answered has been stored: then the server may be gone.
    grant(&romeo, "<item jid='tybalt@localhost' affiliation='none'/>").await;
    grant(&romeo, "<item jid='paris@localhost' affiliation='member'/>").await;
    let other = [("hats#title", "Hostess"), ("hats#uri", HAT)];
    command(&romeo, "create", &other).await;
    say(&romeo, &mut events, "<subject>Night</subject>").await;
    say(&romeo, &mut events, "<body>two</body>").await;
    server.restart("KILL").unwrap();

    let (romeo, mut events) = connect(&peer, 0, "orchard").await.unwrap();
    assert_eq!(archived(&romeo, &mut events).await, ["one", "two"]);
    let entered = enter(&romeo, &mut events, "romeo", &since).await;
    let (_, changes) = versions(&entered);
    assert_eq!(changes, ["tybalt@localhost None", "paris@localhost Member"]);
    assert_eq!(texts(&entered), ["one", "two"]);
    assert!(entered.last().is_some_and(is_subject));
    let hats = command(&romeo, "list-assigned", &[]).await;
    assert!(
        hats.contains("juliet@localhost") && hats.contains("Hostess"),
        "{hats}"
    );
    let info: xep_0030::info::Query = ask(
        &romeo,
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
    )
    .await;
    let info = info.to_any().to_document().to_string();
    assert!(info.contains("<value>Night</value>"), "{info}");
    romeo.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_comes_back_from_sqlite() {
    comes_back("sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_comes_back_from_files() {
    comes_back("file").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_comes_back_from_postgres() {
    comes_back("postgres").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_comes_back_from_mysql() {
    comes_back("mysql").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_comes_back_from_mongodb() {
    comes_back("mongodb").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_comes_back_from_redis() {
    comes_back("redis").await;
}
