//! RFC 6121 with the rest in play: blocking, carbons, the archive, stored messages, push.

use sestina_session::testing::Conversation;

use super::archive::bodies;
use super::{STANZAS, ask, available, befriend, error, login, server};

const JULIET: &str = "juliet@a.example/balcony";
const ROMEO: &str = "romeo@a.example/orchard";
const DELAY: &str = "<delay xmlns='urn:xmpp:delay' stamp='*'/>";
const CARBONS: &str = "urn:xmpp:carbons:2";

async fn say(session: &mut Conversation, to: &str, type_: &str, body: &str) {
    session
        .send(&format!(
            "<message id='m' to='{to}' type='{type_}'><body>{body}</body></message>"
        ))
        .await;
}

/// Its message comes back, since there is nobody.
async fn comes_back(session: &mut Conversation) {
    session
        .expect(&format!(
            "<message type='error' id='m'><error type='cancel'><service-unavailable xmlns='{STANZAS}'/></error></message>"
        ))
        .await;
}

/// Becomes available; what waited comes behind the own presence, nothing else.
async fn comes(session: &mut Conversation, presence: &str, waited: &[&str]) {
    session.send(presence).await;
    let mut all = vec!["<presence/>".to_owned()];
    all.extend(waited.iter().map(|body| {
        format!("<message from='{ROMEO}' type='chat'><body>{body}</body>{DELAY}</message>")
    }));
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    session.expect_all(&all).await;
    session.expect_nothing().await;
}

#[tokio::test]
async fn what_is_for_somebody_who_is_away_waits_comes_back_or_goes_as_section_8_says() {
    let server = server().await;
    let mut romeo = available(&server, ROMEO).await;
    // §8.5.2.2 and §8.5.3.2.1: a chat waits, to whichever session it was.
    say(&mut romeo, "juliet@a.example", "chat", "one").await;
    say(&mut romeo, "juliet@a.example/gone", "chat", "two").await;
    romeo.expect_nothing().await;
    // A headline and an error are nobody's.
    for type_ in ["headline", "error"] {
        for to in ["juliet@a.example", "juliet@a.example/gone"] {
            say(&mut romeo, to, type_, "passing").await;
        }
    }
    romeo.expect_nothing().await;
    for (type_, to) in [
        ("groupchat", "juliet@a.example"),
        ("groupchat", "juliet@a.example/gone"),
        ("normal", "juliet@a.example/gone"),
    ] {
        say(&mut romeo, to, type_, "back").await;
        comes_back(&mut romeo).await;
    }
    let mut juliet = login(&server, JULIET).await;
    comes(&mut juliet, "<presence/>", &["one", "two"]).await;
    // What was not delivered is not in the archive, and what was is there once.
    assert_eq!(bodies(&mut juliet).await, ["one", "two"]);
    // Nothing is kept twice: a second client finds no more.
    juliet.send("<presence type='unavailable'/>").await;
    juliet.expect("<presence type='unavailable'/>").await;
    let mut later = login(&server, "juliet@a.example/later").await;
    comes(&mut later, "<presence/>", &[]).await;
}

#[tokio::test]
async fn a_session_of_negative_priority_is_not_the_account() {
    const PUSH: &str = "urn:xmpp:push:0";
    let server = server().await;
    let mut romeo = available(&server, ROMEO).await;
    let mut nurse = login(&server, "nurse@a.example/push").await;
    let mut juliet = login(&server, JULIET).await;
    let negative = "<presence><priority>-1</priority></presence>";
    comes(&mut juliet, negative, &[]).await;
    ask(
        &mut juliet,
        "set",
        &format!("<enable xmlns='{CARBONS}'/>"),
        "",
    )
    .await;
    let enable = format!("<enable xmlns='{PUSH}' jid='nurse@a.example/push' node='n'/>");
    ask(&mut juliet, "set", &enable, "").await;
    // §8.5.2.2.1: as if nobody were there; the push service is told, and no copy is made of what nobody was given.
    say(&mut romeo, "juliet@a.example", "chat", "later").await;
    let called = nurse
        .expect("<iq type='set' from='a.example'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n'/></pubsub></iq>")
        .await;
    let id = called.root().attr("id").unwrap();
    nurse
        .send(&format!("<iq type='result' id='{id}' to='a.example'/>"))
        .await;
    juliet.expect_nothing().await;
    // To itself it is a session like others (§8.5.3.1).
    say(&mut romeo, JULIET, "chat", "now").await;
    juliet
        .expect("<message type='chat'><body>now</body></message>")
        .await;
    // With another priority it is the account, and what waited comes.
    comes(&mut juliet, "<presence/>", &["later"]).await;
    assert_eq!(bodies(&mut juliet).await, ["later", "now"]);
}

#[tokio::test]
async fn what_is_sent_to_nobody_is_for_the_own_account_once() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut garden = login(&server, "juliet@a.example/garden").await;
    ask(
        &mut garden,
        "set",
        &format!("<enable xmlns='{CARBONS}'/>"),
        "",
    )
    .await;
    // §8.1.1.1, §10.3.1: without an address it is for the account. The highest priority is the session itself.
    juliet
        .send("<message id='m' type='chat'><body>remember</body></message>")
        .await;
    juliet
        .expect(&format!(
            "<message from='{JULIET}' type='chat'><body>remember</body></message>"
        ))
        .await;
    juliet.expect_nothing().await;
    let copies = garden.recv().await;
    assert!(copies.as_str().contains("remember"), "{}", copies.as_str());
    garden.expect_nothing().await;
    assert_eq!(bodies(&mut juliet).await, ["remember"]);
}

#[tokio::test]
async fn who_is_not_there_and_who_does_not_exist_are_told_apart_by_nobody() {
    let server = server().await;
    let mut romeo = available(&server, ROMEO).await;
    // §8.5.1 for one who does not exist, §8.5.2 and §8.5.3 for one who is away: presence of any kind is met with silence, a
    // request with the same error.
    for account in ["nobody@a.example", "juliet@a.example"] {
        for to in [account.to_owned(), format!("{account}/x")] {
            for type_ in ["", "type='unavailable'", "type='probe'", "type='error'"] {
                romeo.send(&format!("<presence to='{to}' {type_}/>")).await;
            }
            romeo
                .send(&format!(
                    "<iq id='i' type='get' to='{to}'><query xmlns='urn:example:unknown'/></iq>"
                ))
                .await;
            romeo.expect(&error("i", "service-unavailable")).await;
            // An answer that nobody asked for is nobody's.
            romeo
                .send(&format!("<iq id='r' type='result' to='{to}'/>"))
                .await;
        }
    }
    for type_ in ["subscribe", "subscribed", "unsubscribe", "unsubscribed"] {
        romeo
            .send(&format!("<presence to='nobody@a.example' type='{type_}'/>"))
            .await;
    }
    romeo.expect_nothing().await;
}

#[tokio::test]
async fn a_request_of_somebody_who_is_blocked_waits_until_it_is_not() {
    const BLOCKING: &str = "urn:xmpp:blocking";
    let server = server().await;
    let mut romeo = available(&server, ROMEO).await;
    romeo
        .send("<presence type='subscribe' to='juliet@a.example'/>")
        .await;
    romeo.expect_nothing().await;
    let mut juliet = login(&server, JULIET).await;
    let block = format!("<block xmlns='{BLOCKING}'><item jid='romeo@a.example'/></block>");
    ask(&mut juliet, "set", &block, "").await;
    // §3.1.3: a request comes again with each session until it is answered, but for one that is blocked (XEP-0191 §3.3).
    comes(&mut juliet, "<presence/>", &[]).await;
    ask(
        &mut juliet,
        "set",
        &format!("<unblock xmlns='{BLOCKING}'/>"),
        "",
    )
    .await;
    juliet.send("<presence type='unavailable'/>").await;
    juliet.expect("<presence type='unavailable'/>").await;
    juliet.send("<presence/>").await;
    juliet
        .expect_all(&[
            "<presence/>",
            "<presence type='subscribe' from='romeo@a.example'/>",
        ])
        .await;
    juliet
        .send("<presence type='subscribed' to='romeo@a.example'/>")
        .await;
    romeo.expect(&format!("<presence from='{JULIET}'/>")).await;
}

#[tokio::test]
async fn directed_presence_ends_where_it_went_also_for_who_was_blocked_since() {
    const BLOCKING: &str = "urn:xmpp:blocking";
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut romeo = available(&server, ROMEO).await;
    let mut nurse = available(&server, "nurse@a.example/house").await;
    befriend(&mut romeo, ROMEO, &mut juliet, JULIET).await;
    // §4.6: to somebody who is no contact, and to a session of a contact.
    juliet
        .send("<presence to='nurse@a.example'><show>chat</show></presence>")
        .await;
    nurse
        .expect(&format!(
            "<presence from='{JULIET}'><show>chat</show></presence>"
        ))
        .await;
    // What is broadcast does not reach who is no contact (§4.6.3).
    juliet.send("<presence><show>away</show></presence>").await;
    juliet.expect("<presence/>").await;
    romeo
        .expect(&format!(
            "<presence from='{JULIET}'><show>away</show></presence>"
        ))
        .await;
    nurse.expect_nothing().await;
    let block = format!("<block xmlns='{BLOCKING}'><item jid='romeo@a.example'/></block>");
    ask(&mut juliet, "set", &block, "").await;
    romeo
        .expect(&format!("<presence type='unavailable' from='{JULIET}'/>"))
        .await;
    // Who is blocked after presence was directed to it is told that it ends: its real end does not come through any more.
    ask(&mut juliet, "set", &block.replace("romeo@", "nurse@"), "").await;
    nurse
        .expect(&format!("<presence type='unavailable' from='{JULIET}'/>"))
        .await;
    let mut desk = login(&server, "juliet@a.example/desk").await;
    desk.send("<presence/>").await;
    let unblock = format!("<unblock xmlns='{BLOCKING}'><item jid='nurse@a.example'/></unblock>");
    desk.send(&format!("<iq type='set' id='u'>{unblock}</iq>"))
        .await;
    while desk.recv().await.root().name() != "iq" {}
    desk.send("<presence to='nurse@a.example/house'/>").await;
    nurse
        .expect("<presence from='juliet@a.example/desk'/>")
        .await;
    juliet.close().await;
    desk.close().await;
    nurse
        .expect("<presence type='unavailable' from='juliet@a.example/desk'/>")
        .await;
    romeo.expect_nothing().await;
    nurse.expect_nothing().await;
}
