//! What the user's server does: the roster, and which clients hear what a channel says.

use super::{
    COVEN, EVENT, MESSAGES, PARTICIPANTS, asks, available, client_join, client_leave, coven,
    is_refused, joins, said, says, server,
};

const ROSTER: &str = "jabber:iq:roster";
const MARKS: &str = "urn:xmpp:mix:roster:0";

#[tokio::test]
async fn channels_are_marked_in_the_roster_for_those_who_ask() {
    let server = server().await;
    let mut juliet = coven(&server).await;
    let mut other = super::login(&server, "juliet@a.example/chamber").await;
    other.send("<presence/>").await;
    other
        .expect_all(&[
            "<presence from='juliet@a.example/chamber'/>",
            "<presence from='juliet@a.example/balcony'/>",
        ])
        .await;
    juliet
        .expect("<presence from='juliet@a.example/chamber'/>")
        .await;
    let own = "juliet@a.example";
    asks(
        &mut juliet,
        "get",
        own,
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:mix:pam:2'/><feature var='urn:xmpp:mix:pam:2#archive'/></query>",
    )
    .await;
    let plain = format!("<query xmlns='{ROSTER}'/>");
    let marked = format!("<query xmlns='{ROSTER}'><annotate xmlns='{MARKS}'/></query>");
    asks(&mut juliet, "get", own, &marked, &plain).await;
    asks(&mut other, "get", own, &plain, &plain).await;
    juliet
        .send(&format!(
            "<iq type='set' id='j'>{}</iq>",
            client_join(COVEN, &[MESSAGES], Some("first"))
        ))
        .await;
    let push = juliet
        .expect(&format!("<iq type='set'><query xmlns='{ROSTER}'><item jid='{COVEN}' subscription='from'><channel xmlns='{MARKS}'/></item></query></iq>"))
        .await;
    let answer = juliet.expect("<iq type='result' id='j'/>").await;
    let id = push.as_str().split("participant-id='").nth(1).unwrap();
    let id = id.split('\'').next().unwrap();
    assert!(answer.as_str().contains(id), "{}", answer.as_str());
    let push = other
        .expect(&format!("<iq type='set'><query xmlns='{ROSTER}'><item jid='{COVEN}' subscription='from'/></query></iq>"))
        .await;
    assert!(!push.as_str().contains(MARKS), "{}", push.as_str());
    // Each request says anew whether there are to be marks.
    juliet
        .send(&format!("<iq type='get' id='p'>{plain}</iq>"))
        .await;
    let unmarked = juliet
        .expect(&format!(
            "<iq type='result' id='p'><query xmlns='{ROSTER}'><item jid='{COVEN}'/></query></iq>"
        ))
        .await;
    assert!(!unmarked.as_str().contains(MARKS), "{}", unmarked.as_str());
    // A name is given as to any contact, and the channel stays one.
    let named = format!("<query xmlns='{ROSTER}'><item jid='{COVEN}' name='Coven'/></query>");
    other
        .send(&format!("<iq type='set' id='n'>{named}</iq>"))
        .await;
    other
        .expect_all(&[
            &format!("<iq type='set'>{named}</iq>"),
            "<iq type='result' id='n'/>",
        ])
        .await;
    juliet.expect(&format!("<iq type='set'>{named}</iq>")).await;
    let gone =
        format!("<query xmlns='{ROSTER}'><item jid='{COVEN}' subscription='remove'/></query>");
    let text = is_refused(&mut juliet, "set", own, &gone, "not-allowed").await;
    assert!(text.contains("client-leave"), "{text}");
    juliet
        .send(&format!(
            "<iq type='set' id='l'>{}</iq>",
            client_leave(COVEN)
        ))
        .await;
    juliet.expect(&format!("<iq type='set'>{gone}</iq>")).await;
    juliet.expect("<iq type='result' id='l'/>").await;
    other.expect(&format!("<iq type='set'>{gone}</iq>")).await;
}

#[tokio::test]
async fn what_a_channel_says_reaches_clients_that_know_channels_and_the_archive() {
    let server = server().await;
    let mut juliet = coven(&server).await;
    let first = joins(&mut juliet, "first").await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    joins(&mut romeo, "second").await;
    // One more client that knows channels, of a negative priority, and one that does not.
    let mut knowing = super::login(&server, "juliet@a.example/knowing").await;
    knowing
        .send("<presence><priority>-1</priority></presence>")
        .await;
    knowing
        .expect_all(&[
            super::ASKED,
            "<presence from='juliet@a.example/knowing'/>",
            "<presence from='juliet@a.example/balcony'/>",
        ])
        .await;
    juliet
        .expect("<presence from='juliet@a.example/knowing'/>")
        .await;
    asks(
        &mut knowing,
        "get",
        "juliet@a.example",
        &format!("<query xmlns='{ROSTER}'><annotate xmlns='{MARKS}'/></query>"),
        &format!("<query xmlns='{ROSTER}'/>"),
    )
    .await;
    let mut plain = super::login(&server, "juliet@a.example/plain").await;
    plain.send("<presence/>").await;
    plain
        .expect_all(&[
            super::ASKED,
            "<presence from='juliet@a.example/plain'/>",
            "<presence from='juliet@a.example/knowing'/>",
            "<presence from='juliet@a.example/balcony'/>",
        ])
        .await;
    for session in [&mut juliet, &mut knowing] {
        session
            .expect("<presence from='juliet@a.example/plain'/>")
            .await;
    }
    says(&mut juliet, "when").await;
    let heard = said(&first, "first", "juliet@a.example", "when");
    for session in [&mut juliet, &mut knowing, &mut romeo] {
        let message = session.expect(&heard).await;
        assert_eq!(
            message.as_str().matches("<stanza-id").count(),
            2,
            "{}",
            message.as_str()
        );
    }
    plain.expect_nothing().await;
    let found = crate::archive::query(&mut plain, "").await;
    assert_eq!(found.bodies, ["when"]);
    // Somebody who is away is told nothing later but by the archive, and the channel nothing of it.
    romeo.close().await;
    says(&mut juliet, "where").await;
    juliet
        .expect("<message type='groupchat'><body>where</body></message>")
        .await;
    juliet.expect_nothing().await;
    let mut romeo = super::comes_back(&server, "romeo@a.example/orchard").await;
    romeo.expect_nothing().await;
}

#[tokio::test]
async fn only_channels_that_were_joined_speak_to_the_account() {
    let server = server().await;
    let mut juliet = coven(&server).await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    joins(&mut romeo, "second").await;
    // What looks like a channel's, from somebody else.
    juliet
        .send("<message id='x' to='romeo@a.example' type='groupchat'><body>psst</body></message>")
        .await;
    juliet
        .expect("<message type='error' id='x'><error><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")
        .await;
    juliet
        .send(&format!("<message id='y' to='romeo@a.example'><event xmlns='{EVENT}'><items node='{PARTICIPANTS}'/></event><body>b</body></message>"))
        .await;
    romeo
        .expect("<message id='y'><body>b</body></message>")
        .await;
    romeo.expect_nothing().await;
}
