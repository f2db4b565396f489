//! What many are told at once: each gets it once, in order, and nobody who may not or does not want to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sestina_session::plugin::{Plugin, PluginError, Registrar};
use sestina_session::server::Server;
use sestina_session::stages::{Flow, Place, Stage};
use sestina_session::testing::Conversation;
use sestina_skeletons::xep_0045::Settings;
use sestina_storage::Storage;
use sestina_wire::dispatch::SpecInfo;
use sestina_wire::{ElementRef, Kind};

use super::{ROOM, USER, knock, login, occupant, romeo_in, room, server};
use crate::{Changes, ask, host, plugins};

const SM: &str = "urn:xmpp:sm:3";

fn said(by: &str, text: &str) -> String {
    format!("<message from='{ROOM}/{by}' type='groupchat'><body>{text}</body></message>")
}

async fn say(session: &mut Conversation, text: &str) {
    session
        .send(&format!(
            "<message to='{ROOM}' type='groupchat'><body>{text}</body></message>"
        ))
        .await;
}

fn nick(presence: ElementRef<'_>) -> String {
    let from = presence.attr("from").unwrap();
    from.strip_prefix(&format!("{ROOM}/")).unwrap().to_owned()
}

fn is_own(presence: ElementRef<'_>) -> bool {
    let user = presence.child("x", USER).unwrap();
    user.children()
        .any(|status| status.attr("code").as_deref() == Some("110"))
}

/// Enters; whom it sees before itself, in this order, and then until it has seen so many.
async fn see(server: Arc<Server>, jid: String, own: String, all: usize) -> (Seen, Conversation) {
    let mut session = login(&server, &jid).await;
    knock(&mut session, &own, "<history maxstanzas='0'/>").await;
    let mut seen = Seen::default();
    while seen.before.len() + seen.after.len() < all {
        let frame = session.recv().await;
        if frame.root().name() != "presence" {
            continue;
        }
        let who = nick(frame.root());
        assert_eq!(is_own(frame.root()), who == own);
        let list = if seen.after.is_empty() && who != own {
            &mut seen.before
        } else {
            &mut seen.after
        };
        assert!(list.insert(who), "{own} sees somebody twice");
    }
    session.expect_nothing_but("message").await;
    (seen, session)
}

#[derive(Default)]
struct Seen {
    /// Who was there.
    before: BTreeSet<String>,
    /// The session itself and who came later.
    after: BTreeSet<String>,
}

trait Quiet {
    async fn expect_nothing_but(&mut self, name: &str);
}

impl Quiet for Conversation {
    /// What the session asks now is answered before anything but such stanzas.
    async fn expect_nothing_but(&mut self, name: &str) {
        self.send("<iq type='get' id='still' to='a.example'><ping xmlns='urn:xmpp:ping'/></iq>")
            .await;
        loop {
            let frame = self.recv().await;
            if frame.root().name() == "iq" {
                return;
            }
            assert_eq!(frame.root().name(), name);
        }
    }
}

/// The later of two who enter sees the other before itself, and the earlier one afterwards: whoever else enters at the same
/// time, nobody is missing, and nobody is shown twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_who_enters_at_once_sees_everybody_once() {
    const EACH: usize = 6;
    let people = ["juliet", "romeo", "nurse"];
    let server = Arc::new(server().await);
    let mut owner = room(&server, &[]).await;
    let all = people.len() * EACH + 1;
    let mut tasks = Vec::new();
    for person in people {
        for number in 0..EACH {
            let (jid, own) = (
                format!("{person}@a.example/{number}"),
                format!("{person}-{number}"),
            );
            let seeing = see(Arc::clone(&server), jid, own.clone(), all);
            tasks.push((own, tokio::spawn(seeing)));
        }
    }
    let mut found = BTreeMap::new();
    // Nobody leaves before all have seen all.
    let mut stay = Vec::new();
    for (own, task) in tasks {
        let (seen, session) = task.await.unwrap();
        stay.push(session);
        assert!(seen.before.contains("juliet"), "the owner was there first");
        found.insert(own, seen);
    }
    for (own, seen) in &found {
        for (other, of_other) in found.iter().filter(|(other, _)| *other != own) {
            let (one, two) = (seen.before.contains(other), of_other.before.contains(own));
            assert!(one != two, "{own} and {other} do not agree who came first");
            assert_ne!(one, seen.after.contains(other));
        }
    }
    let mut of_owner = BTreeSet::new();
    while of_owner.len() < all - 1 {
        let frame = owner.recv().await;
        assert!(of_owner.insert(nick(frame.root())));
    }
}

#[tokio::test]
async fn whoever_blocks_an_occupant_hears_the_others() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    let mut nurse = login(&server, "nurse@a.example/kitchen").await;
    knock(&mut nurse, "nurse", "").await;
    for session in [&mut juliet, &mut romeo] {
        session
            .expect(&occupant("nurse", "none", "participant", &[]))
            .await;
    }
    let item = format!("<item jid='{ROOM}/juliet'/>");
    let block = format!("<block xmlns='urn:xmpp:blocking'>{item}</block>");
    ask(&mut romeo, "set", &block, "").await;
    say(&mut juliet, "o romeo").await;
    juliet
        .send(&format!(
            "<presence to='{ROOM}/juliet'><show>away</show></presence>"
        ))
        .await;
    juliet.expect(&said("juliet", "o romeo")).await;
    juliet
        .expect(&occupant("juliet", "owner", "moderator", &[110]))
        .await;
    say(&mut nurse, "madam").await;
    romeo.expect(&said("nurse", "madam")).await;
    let unblock = format!("<unblock xmlns='urn:xmpp:blocking'>{item}</unblock>");
    ask(&mut romeo, "set", &unblock, "").await;
    say(&mut juliet, "by and by").await;
    romeo.expect(&said("juliet", "by and by")).await;
}

/// Nobody says in a room under which id something is in somebody's archive (XEP-0359 §5).
#[tokio::test]
async fn no_occupant_speaks_for_the_archive_of_another() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    juliet
        .send(&format!(
            "<message to='{ROOM}' type='groupchat'><body>x</body><stanza-id xmlns='urn:xmpp:sid:0' by='romeo@a.example' id='forged'/></message>"
        ))
        .await;
    let heard = romeo.expect(&said("juliet", "x")).await;
    let ids = heard
        .root()
        .children()
        .filter(|child| child.name() == "stanza-id");
    let by: Vec<String> = ids.map(|id| id.attr("by").unwrap().to_string()).collect();
    assert_eq!(by, [ROOM]);
}

/// What a client has of a room counts as all else that it is sent (XEP-0198 §4).
#[tokio::test]
async fn what_a_room_says_is_acknowledged() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    romeo.send(&format!("<enable xmlns='{SM}'/>")).await;
    romeo.expect(&format!("<enabled xmlns='{SM}'/>")).await;
    knock(&mut romeo, "romeo", "").await;
    juliet
        .expect(&occupant("romeo", "none", "participant", &[]))
        .await;
    say(&mut juliet, "one").await;
    let mut stanzas = Vec::new();
    while stanzas.len() < 4 {
        let frame = romeo.recv().await;
        if frame.root().ns() != SM {
            stanzas.push(frame);
        }
    }
    let last = stanzas.last().unwrap().root();
    assert_eq!(last.child("body", "jabber:client").unwrap().text(), "one");
    // One more would end the stream.
    romeo.send(&format!("<a xmlns='{SM}' h='4'/>")).await;
    say(&mut juliet, "two").await;
    loop {
        let frame = romeo.recv().await;
        assert_ne!(frame.root().name(), "error");
        if frame.root().name() == "message" {
            break;
        }
    }
    romeo.send(&format!("<a xmlns='{SM}' h='6'/>")).await;
    loop {
        let frame = romeo.recv().await;
        if frame.root().name() == "error" {
            break;
        }
    }
}

/// Looks at every message that a session is given.
struct Watching(Arc<AtomicUsize>);

static WATCHING: SpecInfo = SpecInfo {
    id: "watching",
    number: "",
    title: "",
    version: "",
    status: "",
    summary: "",
    depends: &[],
    features: &[],
    identities: &[],
};

impl Plugin for Watching {
    fn spec(&self) -> &'static SpecInfo {
        &WATCHING
    }

    fn install(self: Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let place = Place {
            spec: WATCHING.id,
            name: "watch",
            after: &[],
            before: &[],
        };
        registrar.stage(Stage::BeforeWrite, &[Kind::Message], place, move |_, _| {
            self.0.fetch_add(1, Ordering::Relaxed);
            Flow::Continue
        });
        Ok(())
    }
}

/// A plugin that says nothing of what it lets pass sees everything, and changes nothing of what is heard.
#[tokio::test]
async fn a_stage_that_wants_to_see_everything_does() {
    let seen = Arc::new(AtomicUsize::new(0));
    let changes = Changes {
        rooms: Some(Settings::default()),
        ..Changes::default()
    };
    let (counted, made) = (Arc::clone(&seen), changes.clone());
    let host = host("a.example", changes, Storage::memory()).await;
    let host = host.plugins(move |host| {
        let mut all = plugins(&made, host)?;
        all.push(Arc::new(Watching(counted)));
        Ok(all)
    });
    let server = Server::builder().host(host).start().await.unwrap();
    let host = server.host("a.example").unwrap();
    assert!(!host.spreads(Kind::Message) && host.spreads(Kind::Presence));
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    let before = seen.load(Ordering::Relaxed);
    say(&mut juliet, "x").await;
    juliet.expect(&said("juliet", "x")).await;
    romeo.expect(&said("juliet", "x")).await;
    assert_eq!(seen.load(Ordering::Relaxed) - before, 2);
}

/// Owning rooms is counted over all that happens to them.
#[tokio::test]
async fn a_room_that_is_gone_makes_place_for_another() {
    let settings = Settings {
        max_rooms: 1,
        ..Settings::default()
    };
    let server = super::server_of(settings, Storage::memory()).await;
    for _ in 0..3 {
        let mut juliet = room(&server, &[]).await;
        juliet
            .send(&format!(
                "<presence to='another@conference.a.example/juliet'><x xmlns='{}'/></presence>",
                super::JOIN
            ))
            .await;
        juliet.expect(&super::refused("resource-constraint")).await;
        juliet
            .send(&format!(
                "<presence type='unavailable' to='{ROOM}/juliet'/>"
            ))
            .await;
        juliet
            .expect(&super::left(
                "juliet",
                "<item role='none'/><status code='110'/>",
            ))
            .await;
        juliet.close().await;
    }
    // Whom somebody gives a room has one, too.
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    super::ask_room(
        &mut juliet,
        &format!(
            "<query xmlns='{}'><item jid='romeo@a.example' affiliation='owner'/></query>",
            super::ADMIN
        ),
    )
    .await;
    romeo
        .expect(&format!(
            "<presence from='{ROOM}/romeo'><x xmlns='{USER}'><item affiliation='owner' role='moderator'/></x></presence>"
        ))
        .await;
    romeo
        .send(&format!(
            "<presence to='another@conference.a.example/romeo'><x xmlns='{}'/></presence>",
            super::JOIN
        ))
        .await;
    let mut refused = false;
    while !refused {
        let frame = romeo.recv().await;
        refused = frame.root().attr("type").as_deref() == Some("error");
    }
}

#[tokio::test]
async fn a_client_that_nobody_looks_at_is_woken_by_what_is_said_alone() {
    let server = super::server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    romeo.send("<inactive xmlns='urn:xmpp:csi:0'/>").await;
    romeo.expect_nothing().await;
    for show in ["away", "dnd"] {
        juliet
            .send(&format!(
                "<presence to='{ROOM}/juliet'><show>{show}</show></presence>"
            ))
            .await;
        juliet
            .expect(&format!("<presence><show>{show}</show></presence>"))
            .await;
    }
    for state in ["composing", "paused"] {
        let state = format!("<{state} xmlns='http://jabber.org/protocol/chatstates'/>");
        juliet
            .send(&format!(
                "<message to='{ROOM}' type='groupchat'>{state}</message>"
            ))
            .await;
        juliet.expect(&format!("<message>{state}</message>")).await;
    }
    say(&mut juliet, "wherefore").await;
    juliet.expect(&said("juliet", "wherefore")).await;
    // The last of each, in the order in which it was.
    romeo.expect("<presence><show>dnd</show></presence>").await;
    romeo
        .expect("<message type='groupchat'><paused xmlns='http://jabber.org/protocol/chatstates'/></message>")
        .await;
    romeo.expect(&said("juliet", "wherefore")).await;
    romeo.send("<active xmlns='urn:xmpp:csi:0'/>").await;
    say(&mut juliet, "art thou").await;
    romeo.expect(&said("juliet", "art thou")).await;
}

#[tokio::test]
async fn who_reads_slowly_gets_everything_in_order_and_others_do_not_lose_theirs() {
    const MESSAGES: usize = 400;
    let server = super::server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    let large = "x".repeat(8 << 10);
    let text = |number: usize| format!("{number} {large}");
    let talking = async {
        for number in 0..MESSAGES {
            say(&mut juliet, &text(number)).await;
            juliet.expect(&said("juliet", &text(number))).await;
        }
    };
    let reading = async {
        // More than all buffers on the way hold has been said by then.
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        for number in 0..MESSAGES {
            romeo.expect(&said("juliet", &text(number))).await;
        }
    };
    tokio::join!(talking, reading);
    romeo.expect_nothing().await;
}
