//! RFC 6121 from the outside: conversations in raw XML with a server in the same process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::Arc;

use sestina_plugins::rfc_6121;
use sestina_session::accounts::{Accounts, MemoryAccounts};
use sestina_session::plugin::Setup;
use sestina_session::server::{HostConfig, Server};
use sestina_session::testing::Conversation;
use sestina_skeletons::rfc_6121 as skeleton;
use sestina_storage::Storage;
use sestina_wire::BareJid;
use sestina_wire::clock::SystemRandom;

const ROSTER: &str = "jabber:iq:roster";

async fn host(domain: &str, accounts: &[&str], settings: skeleton::Settings) -> HostConfig {
    let all = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    for account in accounts {
        all.create(&BareJid::new(Some(account), domain).unwrap(), "secret")
            .await
            .unwrap();
    }
    HostConfig::new(domain, Storage::memory(), all)
        .unwrap()
        .plugins(move |host| {
            Ok(vec![skeleton::server::<rfc_6121::Server>(&Setup::new(
                &settings, host,
            ))?])
        })
}

async fn server() -> Server {
    let first = host(
        "a.example",
        &["romeo", "juliet", "nurse"],
        skeleton::Settings::default(),
    )
    .await;
    let second = host(
        "b.example",
        &["romeo", "juliet"],
        skeleton::Settings::default(),
    )
    .await;
    Server::builder()
        .host(first)
        .host(second)
        .start()
        .await
        .unwrap()
}

async fn login(server: &Server, jid: &str) -> Conversation {
    Conversation::login(server, jid, "secret").await
}

/// Asks for the roster, so that the session gets pushes.
async fn with_roster(server: &Server, jid: &str) -> Conversation {
    let mut session = login(server, jid).await;
    session
        .send(&format!(
            "<iq type='get' id='roster'><query xmlns='{ROSTER}'/></iq>"
        ))
        .await;
    session
        .expect(&format!(
            "<iq type='result' id='roster'><query xmlns='{ROSTER}'/></iq>"
        ))
        .await;
    session
}

/// Becomes available, and sees itself.
async fn available(server: &Server, jid: &str) -> Conversation {
    let mut session = with_roster(server, jid).await;
    session.send("<presence/>").await;
    session.expect(&format!("<presence from='{jid}'/>")).await;
    session
}

fn push(item: &str) -> String {
    format!("<iq type='set' id='*'><query xmlns='{ROSTER}' ver='*'><item {item}/></query></iq>")
}

/// Two sessions whose accounts see each other.
async fn friends(server: &Server, one: &str, other: &str) -> (Conversation, Conversation) {
    let bare = |jid: &str| jid.split('/').next().unwrap().to_owned();
    let (a, b) = (bare(one), bare(other));
    let mut first = available(server, one).await;
    let mut second = available(server, other).await;
    first
        .send(&format!("<presence type='subscribe' to='{b}'/>"))
        .await;
    first
        .expect(&push(&format!(
            "jid='{b}' subscription='none' ask='subscribe'"
        )))
        .await;
    second
        .expect(&format!("<presence type='subscribe' from='{a}'/>"))
        .await;
    second
        .send(&format!("<presence type='subscribed' to='{a}'/>"))
        .await;
    second
        .expect(&push(&format!("jid='{a}' subscription='from'")))
        .await;
    first
        .expect(&format!("<presence type='subscribed' from='{b}'/>"))
        .await;
    first
        .expect(&push(&format!("jid='{b}' subscription='to'")))
        .await;
    first.expect(&format!("<presence from='{other}'/>")).await;
    second
        .send(&format!("<presence type='subscribe' to='{a}'/>"))
        .await;
    second
        .expect(&push(&format!(
            "jid='{a}' subscription='from' ask='subscribe'"
        )))
        .await;
    first
        .expect(&format!("<presence type='subscribe' from='{b}'/>"))
        .await;
    first
        .send(&format!("<presence type='subscribed' to='{b}'/>"))
        .await;
    first
        .expect(&push(&format!("jid='{b}' subscription='both'")))
        .await;
    second
        .expect(&format!("<presence type='subscribed' from='{a}'/>"))
        .await;
    second
        .expect(&push(&format!("jid='{a}' subscription='both'")))
        .await;
    second.expect(&format!("<presence from='{one}'/>")).await;
    (first, second)
}

#[tokio::test]
async fn a_roster_is_kept_pushed_and_versioned() {
    let server = server().await;
    let mut first = with_roster(&server, "romeo@a.example/first").await;
    let mut second = with_roster(&server, "romeo@a.example/second").await;
    let mut deaf = login(&server, "romeo@a.example/deaf").await;
    first
        .send(&format!("<iq type='set' id='1'><query xmlns='{ROSTER}'><item jid='Nurse@A.example' name='Nurse'><group>Servants</group></item></query></iq>"))
        .await;
    let item = format!(
        "<iq type='set' id='*'><query xmlns='{ROSTER}' ver='*'><item jid='nurse@a.example' name='Nurse' subscription='none'><group>Servants</group></item></query></iq>"
    );
    first
        .expect_all(&[&item, "<iq type='result' id='1'/>"])
        .await;
    let pushed = second.expect(&item).await;
    deaf.expect_nothing().await;

    let version = pushed
        .root()
        .child("query", ROSTER)
        .unwrap()
        .attr("ver")
        .unwrap();
    second
        .send(&format!(
            "<iq type='get' id='2'><query xmlns='{ROSTER}' ver='{version}'/></iq>"
        ))
        .await;
    let current = second.expect("<iq type='result' id='2'/>").await;
    assert_eq!(current.root().children().count(), 0);
    second
        .send(&format!(
            "<iq type='get' id='3'><query xmlns='{ROSTER}' ver=''/></iq>"
        ))
        .await;
    second
        .expect(&format!("<iq type='result' id='3'><query xmlns='{ROSTER}' ver='{version}'><item jid='nurse@a.example' name='Nurse'/></query></iq>"))
        .await;

    first.send(&format!("<iq type='set' id='4'><query xmlns='{ROSTER}'><item jid='nurse@a.example' subscription='remove'/></query></iq>")).await;
    let gone = push("jid='nurse@a.example' subscription='remove'");
    first
        .expect_all(&[&gone, "<iq type='result' id='4'/>"])
        .await;
    second.expect(&gone).await;
    second
        .send(&format!(
            "<iq type='get' id='5'><query xmlns='{ROSTER}'/></iq>"
        ))
        .await;
    let empty = second
        .expect(&format!(
            "<iq type='result' id='5'><query xmlns='{ROSTER}'/></iq>"
        ))
        .await;
    assert_eq!(
        empty
            .root()
            .child("query", ROSTER)
            .unwrap()
            .children()
            .count(),
        0
    );
}

#[tokio::test]
async fn a_roster_set_that_cannot_be_is_refused() {
    let settings = skeleton::Settings {
        max_roster_items: 1,
        ..skeleton::Settings::default()
    };
    let config = host("a.example", &["romeo", "juliet"], settings).await;
    let server = Server::builder().host(config).start().await.unwrap();
    let mut romeo = login(&server, "romeo@a.example/x").await;
    let cases = [
        ("", "bad-request"),
        (
            "<item jid='a@a.example'/><item jid='b@a.example'/>",
            "bad-request",
        ),
        ("<item/>", "bad-request"),
        ("<item jid='@'/>", "bad-request"),
        (
            "<item jid='a@a.example'><group>x</group><group>x</group></item>",
            "bad-request",
        ),
        ("<item jid='a@a.example'><group/></item>", "not-acceptable"),
        (
            "<item jid='a@a.example' subscription='remove'/>",
            "item-not-found",
        ),
        ("<item jid='romeo@a.example'/>", "not-allowed"),
    ];
    for (items, condition) in cases {
        romeo
            .send(&format!(
                "<iq type='set' id='1'><query xmlns='{ROSTER}'>{items}</query></iq>"
            ))
            .await;
        romeo
            .expect(&format!("<iq type='error' id='1'><error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"))
            .await;
    }
    let set = |jid: &str| {
        format!(
            "<iq type='set' id='2'><query xmlns='{ROSTER}'><item jid='{jid}' subscription='both'/></query></iq>"
        )
    };
    romeo.send(&set("one@a.example")).await;
    romeo.expect("<iq type='result' id='2'/>").await;
    romeo.send(&set("two@a.example")).await;
    romeo.expect("<iq type='error' id='2'><error><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>").await;
    romeo
        .send("<presence type='subscribe' to='two@a.example'/>")
        .await;
    romeo.expect("<presence type='error' from='two@a.example'><error><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>").await;
    // A client's word on the subscription counts for nothing.
    romeo
        .send(&format!(
            "<iq type='get' id='3'><query xmlns='{ROSTER}'/></iq>"
        ))
        .await;
    romeo.expect(&format!("<iq type='result'><query xmlns='{ROSTER}'><item jid='one@a.example' subscription='none'/></query></iq>")).await;
    // Nor may anybody else look or write.
    let mut juliet = login(&server, "juliet@a.example/x").await;
    for type_ in ["get", "set"] {
        juliet
            .send(&format!(
                "<iq type='{type_}' id='4' to='romeo@a.example'><query xmlns='{ROSTER}'/></iq>"
            ))
            .await;
        juliet.expect("<iq type='error' id='4'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>").await;
    }
}

#[tokio::test]
async fn friends_see_each_other_come_change_and_go() {
    let server = server().await;
    let (mut romeo, mut juliet) = friends(
        &server,
        "romeo@a.example/orchard",
        "juliet@a.example/balcony",
    )
    .await;
    romeo
        .send("<presence><show>away</show><priority>5</priority></presence>")
        .await;
    let away = "<presence from='romeo@a.example/orchard'><show>away</show><priority>5</priority></presence>";
    romeo.expect(away).await;
    juliet.expect(away).await;

    // A second session learns of the first, and of the contact; everybody learns of it.
    let mut second = with_roster(&server, "romeo@a.example/garden").await;
    second.send("<presence/>").await;
    second
        .expect_all(&[
            "<presence from='romeo@a.example/garden'/>",
            away,
            "<presence from='juliet@a.example/balcony'/>",
        ])
        .await;
    romeo
        .expect("<presence from='romeo@a.example/garden'/>")
        .await;
    juliet
        .expect("<presence from='romeo@a.example/garden'/>")
        .await;

    // Taken back, and lost.
    second
        .send("<presence type='unavailable'><status>bye</status></presence>")
        .await;
    let gone = "<presence type='unavailable' from='romeo@a.example/garden'><status>bye</status></presence>";
    second.expect(gone).await;
    romeo.expect(gone).await;
    juliet.expect(gone).await;
    second.close().await;
    drop(romeo);
    juliet
        .expect(
            "<presence type='unavailable' from='romeo@a.example/orchard' to='juliet@a.example'/>",
        )
        .await;
    juliet.expect_nothing().await;
}

#[tokio::test]
async fn a_request_waits_for_who_is_not_there() {
    let server = server().await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    romeo.send("<presence type='subscribe' id='s' to='juliet@a.example/anything'><status>please</status></presence>").await;
    romeo
        .expect(&push(
            "jid='juliet@a.example' subscription='none' ask='subscribe'",
        ))
        .await;
    romeo.settle().await;
    let request = "<presence type='subscribe' from='romeo@a.example' to='juliet@a.example'><status>please</status></presence>";
    for _ in 0..2 {
        let mut juliet = with_roster(&server, "juliet@a.example/balcony").await;
        juliet.expect_nothing().await;
        juliet.send("<presence/>").await;
        juliet
            .expect_all(&["<presence from='juliet@a.example/balcony'/>", request])
            .await;
        // It is not in the roster meanwhile.
        juliet
            .send(&format!(
                "<iq type='get' id='r'><query xmlns='{ROSTER}'/></iq>"
            ))
            .await;
        let roster = juliet.expect("<iq type='result' id='r'/>").await;
        assert_eq!(
            roster
                .root()
                .child("query", ROSTER)
                .unwrap()
                .children()
                .count(),
            0
        );
        juliet.close().await;
    }
    // Refused while nobody who asked for a roster is there to hear of it.
    let mut juliet = login(&server, "juliet@a.example/balcony").await;
    juliet
        .send("<presence type='unsubscribed' to='romeo@a.example'/>")
        .await;
    romeo
        .expect("<presence type='unsubscribed' from='juliet@a.example'/>")
        .await;
    romeo
        .expect(&push("jid='juliet@a.example' subscription='none'"))
        .await;
    juliet.send("<presence/>").await;
    juliet
        .expect("<presence from='juliet@a.example/balcony'/>")
        .await;
    juliet.expect_nothing().await;
}

#[tokio::test]
async fn a_subscription_ends_from_either_side() {
    let server = server().await;
    let (mut romeo, mut juliet) = friends(
        &server,
        "romeo@a.example/orchard",
        "juliet@a.example/balcony",
    )
    .await;
    let mut deaf = login(&server, "juliet@a.example/deaf").await;
    deaf.send("<presence><priority>-1</priority></presence>")
        .await;
    deaf.expect_all(&[
        "<presence from='juliet@a.example/deaf'/>",
        "<presence from='juliet@a.example/balcony'/>",
    ])
    .await;
    juliet
        .expect("<presence from='juliet@a.example/deaf'/>")
        .await;
    romeo
        .expect("<presence from='juliet@a.example/deaf'/>")
        .await;

    romeo
        .send("<presence type='unsubscribe' to='juliet@a.example'/>")
        .await;
    romeo
        .expect(&push("jid='juliet@a.example' subscription='from'"))
        .await;
    juliet
        .expect("<presence type='unsubscribe' from='romeo@a.example'/>")
        .await;
    juliet
        .expect(&push("jid='romeo@a.example' subscription='to'"))
        .await;
    romeo
        .expect_all(&[
            "<presence type='unavailable' from='juliet@a.example/balcony'/>",
            "<presence type='unavailable' from='juliet@a.example/deaf'/>",
        ])
        .await;
    romeo
        .send("<presence type='unsubscribed' to='juliet@a.example'/>")
        .await;
    romeo
        .expect(&push("jid='juliet@a.example' subscription='none'"))
        .await;
    juliet
        .expect("<presence type='unsubscribed' from='romeo@a.example'/>")
        .await;
    juliet
        .expect(&push("jid='romeo@a.example' subscription='none'"))
        .await;
    juliet
        .expect("<presence type='unavailable' from='romeo@a.example/orchard'/>")
        .await;
    // The session that never asked for the roster heard of presence only.
    deaf.expect("<presence from='romeo@a.example/orchard'/>")
        .await;
    deaf.expect("<presence type='unavailable' from='romeo@a.example/orchard'/>")
        .await;
    deaf.expect_nothing().await;
}

#[tokio::test]
async fn removing_a_contact_ends_both_subscriptions() {
    let server = server().await;
    let (mut romeo, mut juliet) = friends(
        &server,
        "romeo@a.example/orchard",
        "juliet@a.example/balcony",
    )
    .await;
    romeo
        .send(&format!("<iq type='set' id='1'><query xmlns='{ROSTER}'><item jid='juliet@a.example' subscription='remove'/></query></iq>"))
        .await;
    juliet
        .expect("<presence type='unsubscribe' from='romeo@a.example'/>")
        .await;
    juliet
        .expect(&push("jid='romeo@a.example' subscription='to'"))
        .await;
    juliet
        .expect("<presence type='unsubscribed' from='romeo@a.example'/>")
        .await;
    juliet
        .expect(&push("jid='romeo@a.example' subscription='none'"))
        .await;
    juliet
        .expect("<presence type='unavailable' from='romeo@a.example/orchard'/>")
        .await;
    romeo
        .expect_all(&[
            &push("jid='juliet@a.example' subscription='remove'"),
            "<presence type='unavailable' from='juliet@a.example/balcony'/>",
            "<iq type='result' id='1'/>",
        ])
        .await;
    romeo.expect_nothing().await;
}

#[tokio::test]
async fn who_was_approved_before_is_let_in_at_once() {
    let server = server().await;
    let mut juliet = available(&server, "juliet@a.example/balcony").await;
    juliet
        .send("<presence type='subscribed' to='romeo@a.example'/>")
        .await;
    juliet
        .expect(&push(
            "jid='romeo@a.example' subscription='none' approved='true'",
        ))
        .await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    romeo
        .send("<presence type='subscribe' to='juliet@a.example'/>")
        .await;
    romeo
        .expect(&push(
            "jid='juliet@a.example' subscription='none' ask='subscribe'",
        ))
        .await;
    romeo
        .expect("<presence type='subscribed' from='juliet@a.example'/>")
        .await;
    romeo
        .expect(&push("jid='juliet@a.example' subscription='to'"))
        .await;
    romeo
        .expect("<presence from='juliet@a.example/balcony'/>")
        .await;
    juliet
        .expect(&push("jid='romeo@a.example' subscription='from'"))
        .await;
    juliet.expect_nothing().await;
}

#[tokio::test]
async fn directed_presence_is_taken_back_with_the_session() {
    let server = server().await;
    let mut nurse = login(&server, "nurse@a.example/kitchen").await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    romeo
        .send("<presence to='nurse@a.example/kitchen'><status>psst</status></presence>")
        .await;
    nurse
        .expect("<presence from='romeo@a.example/orchard'><status>psst</status></presence>")
        .await;
    // Broadcast goes to no stranger, nor does a probe learn anything.
    romeo.send("<presence/>").await;
    romeo
        .expect("<presence from='romeo@a.example/orchard'/>")
        .await;
    nurse
        .send("<presence type='probe' to='romeo@a.example'/>")
        .await;
    nurse.expect_nothing().await;
    drop(romeo);
    nurse.expect("<presence type='unavailable' from='romeo@a.example/orchard' to='nurse@a.example/kitchen'/>").await;
    nurse.expect_nothing().await;
}

#[tokio::test]
async fn messages_go_where_section_8_says() {
    let server = server().await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let present = |priority: i8| format!("<presence><priority>{priority}</priority></presence>");
    let mut high = login(&server, "juliet@a.example/high").await;
    high.send(&present(5)).await;
    high.expect("<presence/>").await;
    let mut low = login(&server, "juliet@a.example/low").await;
    low.send(&present(1)).await;
    low.expect_all(&["<presence/>", "<presence/>"]).await;
    high.expect("<presence/>").await;
    let mut negative = login(&server, "juliet@a.example/negative").await;
    negative.send(&present(-1)).await;
    negative
        .expect_all(&["<presence/>", "<presence/>", "<presence/>"])
        .await;
    high.expect("<presence/>").await;
    low.expect("<presence/>").await;
    let mut silent = login(&server, "juliet@a.example/silent").await;
    let message = |type_: &str, to: &str| {
        format!("<message id='1' type='{type_}' to='{to}'><body>?</body></message>")
    };
    let unavailable = "<message type='error' id='1'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";

    // To the account: the most available session; a headline to all that are not negative.
    for type_ in ["normal", "chat"] {
        romeo.send(&message(type_, "juliet@a.example")).await;
        high.expect("<message><body>?</body></message>").await;
    }
    romeo.send(&message("headline", "juliet@a.example")).await;
    high.expect("<message type='headline'/>").await;
    low.expect("<message type='headline'/>").await;
    romeo.send(&message("groupchat", "juliet@a.example")).await;
    romeo.expect(unavailable).await;
    romeo.send(&message("error", "juliet@a.example")).await;

    // To a session: that one, whatever its priority.
    for type_ in ["normal", "chat", "headline", "groupchat", "error"] {
        for (session, name) in [(&mut negative, "negative"), (&mut silent, "silent")] {
            romeo
                .send(&message(type_, &format!("juliet@a.example/{name}")))
                .await;
            session
                .expect("<message from='romeo@a.example/orchard'><body>?</body></message>")
                .await;
        }
    }
    // To a session that is gone: a chat goes on with the account.
    romeo.send(&message("chat", "juliet@a.example/gone")).await;
    high.expect("<message type='chat' to='juliet@a.example/gone'/>")
        .await;
    for type_ in ["normal", "groupchat"] {
        romeo.send(&message(type_, "juliet@a.example/gone")).await;
        romeo.expect(unavailable).await;
    }
    for type_ in ["headline", "error"] {
        romeo.send(&message(type_, "juliet@a.example/gone")).await;
    }
    romeo.expect_nothing().await;

    // With negative sessions only, nobody takes it; nor where there is no such account.
    high.close().await;
    low.expect("<presence type='unavailable'/>").await;
    low.close().await;
    for to in ["juliet@a.example", "nobody@a.example", "nobody@a.example/x"] {
        romeo.send(&message("chat", to)).await;
        romeo.expect(unavailable).await;
    }
    negative
        .expect_all(&[
            "<presence type='unavailable'/>",
            "<presence type='unavailable'/>",
        ])
        .await;
    negative.expect_nothing().await;
    silent.expect_nothing().await;
}

#[tokio::test]
async fn one_local_part_on_two_hosts_is_two_accounts() {
    let server = server().await;
    let (mut romeo_a, mut juliet_b) =
        friends(&server, "romeo@a.example/x", "juliet@b.example/x").await;
    let mut romeo_b = available(&server, "romeo@b.example/x").await;
    let mut juliet_a = available(&server, "juliet@a.example/x").await;
    romeo_a
        .send("<presence><status>a</status></presence>")
        .await;
    romeo_a
        .expect("<presence from='romeo@a.example/x'><status>a</status></presence>")
        .await;
    juliet_b
        .expect("<presence from='romeo@a.example/x'><status>a</status></presence>")
        .await;
    romeo_b
        .send("<presence><status>b</status></presence>")
        .await;
    romeo_b
        .expect("<presence from='romeo@b.example/x'><status>b</status></presence>")
        .await;
    romeo_b
        .send(&format!(
            "<iq type='get' id='1'><query xmlns='{ROSTER}'/></iq>"
        ))
        .await;
    let roster = romeo_b.expect("<iq type='result' id='1'/>").await;
    assert_eq!(
        roster
            .root()
            .child("query", ROSTER)
            .unwrap()
            .children()
            .count(),
        0
    );
    juliet_b
        .send("<message type='chat' to='romeo@a.example'><body>a</body></message>")
        .await;
    romeo_a.expect("<message><body>a</body></message>").await;
    for session in [&mut romeo_a, &mut romeo_b, &mut juliet_a, &mut juliet_b] {
        session.expect_nothing().await;
    }
}
