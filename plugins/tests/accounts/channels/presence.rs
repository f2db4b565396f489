//! XEP-0403: who is there just now.

use sestina_session::server::Server;
use sestina_session::testing::Conversation;

use super::{
    CORE, COVEN, MESSAGES, PUBSUB, asks, available, client_join, client_leave, coven, is_refused,
    server,
};

pub(super) const PRESENCE: &str = "urn:xmpp:mix:nodes:presence";
const SHOWN: &str = "urn:xmpp:mix:presence:0";
const ROSTER: &str = "jabber:iq:roster";

/// A presence that the channel passes on.
pub(super) fn shown(client: &str, nick: &str, type_: &str, inside: &str) -> String {
    let type_ = match type_ {
        "" => String::new(),
        type_ => format!(" type='{type_}'"),
    };
    format!(
        "<presence{type_}>{inside}<mix xmlns='{SHOWN}'><jid>{client}</jid><nick>{nick}</nick></mix></presence>"
    )
}

/// Joins to hear and to see, and meets these and oneself.
pub(super) async fn comes_in(
    session: &mut Conversation,
    client: &str,
    nick: &str,
    others: &[String],
) {
    session
        .send(&format!(
            "<iq type='set' id='j'>{}</iq>",
            client_join(COVEN, &[MESSAGES, PRESENCE], Some(nick))
        ))
        .await;
    let own = shown(client, nick, "", "");
    let answer = format!(
        "<iq type='result' id='j'><client-join xmlns='urn:xmpp:mix:pam:2'><join xmlns='{CORE}'><subscribe node='{MESSAGES}'/><subscribe node='{PRESENCE}'/></join></client-join></iq>"
    );
    let mut all: Vec<&str> = others.iter().map(String::as_str).collect();
    all.extend([own.as_str(), answer.as_str()]);
    session.expect_all(&all).await;
}

async fn both(server: &Server) -> (Conversation, Conversation) {
    let mut juliet = coven(server).await;
    comes_in(&mut juliet, "juliet@a.example/balcony", "first", &[]).await;
    let mut romeo = available(server, "romeo@a.example/orchard").await;
    let others = [shown("juliet@a.example/balcony", "first", "", "")];
    comes_in(&mut romeo, "romeo@a.example/orchard", "second", &others).await;
    juliet
        .expect(&shown("romeo@a.example/orchard", "second", "", ""))
        .await;
    (juliet, romeo)
}

#[tokio::test]
async fn participants_see_who_comes_changes_and_goes() {
    let server = server().await;
    let (mut juliet, mut romeo) = both(&server).await;
    let client = "romeo@a.example/orchard";
    // What the client claims of channels, the channel says itself.
    romeo
        .send(&format!("<presence><show>dnd</show><status>brewing</status><mix xmlns='{SHOWN}'><nick>first</nick></mix></presence>"))
        .await;
    let busy = shown(
        client,
        "second",
        "",
        "<show>dnd</show><status>brewing</status>",
    );
    let seen = juliet.expect(&busy).await;
    assert_eq!(
        seen.as_str().matches("<mix").count(),
        1,
        "{}",
        seen.as_str()
    );
    let from = seen.root().attr("from").unwrap().to_string();
    assert!(from.ends_with("#coven@mix.a.example/orchard"), "{from}");
    romeo
        .expect_all(&[
            &busy,
            &format!("<presence from='{client}'><show>dnd</show></presence>"),
        ])
        .await;
    // Another nick is seen as a change of the same participant.
    let nick = format!("<setnick xmlns='{CORE}'><nick>third</nick></setnick>");
    romeo
        .send(&format!("<iq type='set' id='n' to='{COVEN}'>{nick}</iq>"))
        .await;
    let renamed = shown(client, "third", "", "<show>dnd</show>");
    romeo
        .expect_all(&[&renamed, "<iq type='result' id='n'/>"])
        .await;
    let seen = juliet.expect(&renamed).await;
    assert_eq!(&*seen.root().attr("from").unwrap(), from);
    romeo.send("<presence type='unavailable'/>").await;
    let gone = shown(client, "third", "unavailable", "");
    let seen = juliet.expect(&gone).await;
    assert_eq!(&*seen.root().attr("from").unwrap(), from);
    // Back again, it sees who is there, and is gone with its stream.
    romeo
        .expect(&format!("<presence type='unavailable' from='{client}'/>"))
        .await;
    romeo.send("<presence/>").await;
    let here = shown(client, "third", "", "");
    romeo
        .expect_all(&[
            &format!("<presence from='{client}'/>"),
            &shown("juliet@a.example/balcony", "first", "", ""),
            &here,
            &here,
        ])
        .await;
    juliet.expect(&here).await;
    romeo.close().await;
    juliet.expect(&gone).await;
    // Who leaves is gone as well.
    let mut romeo = super::comes_back(&server, client).await;
    juliet.expect_nothing().await;
    romeo.send(&format!("<iq type='get' id='k'><query xmlns='{ROSTER}'><annotate xmlns='urn:xmpp:mix:roster:0'/></query></iq>")).await;
    romeo
        .expect_all(&[
            &format!("<iq type='result' id='k'><query xmlns='{ROSTER}'><item jid='{COVEN}'/></query></iq>"),
            &here,
            &here,
            &shown("juliet@a.example/balcony", "first", "", ""),
        ])
        .await;
    juliet.expect(&here).await;
    romeo
        .send(&format!(
            "<iq type='set' id='l'>{}</iq>",
            client_leave(COVEN)
        ))
        .await;
    romeo
        .expect_all(&[
            &format!("<iq type='set'><query xmlns='{ROSTER}'><item jid='{COVEN}' subscription='remove'/></query></iq>"),
            "<iq type='result' id='l'/>",
        ])
        .await;
    juliet.expect(&gone).await;
}

#[tokio::test]
async fn presence_is_for_those_who_subscribed_and_know_channels() {
    let server = server().await;
    let (mut juliet, mut romeo) = both(&server).await;
    // A client that does not know channels is shown to none, and shown none.
    let mut plain = super::login(&server, "romeo@a.example/plain").await;
    plain.send("<presence/>").await;
    plain
        .expect_all(&[
            super::ASKED,
            "<presence from='romeo@a.example/plain'/>",
            "<presence from='romeo@a.example/orchard'/>",
        ])
        .await;
    romeo
        .expect("<presence from='romeo@a.example/plain'/>")
        .await;
    juliet.expect_nothing().await;
    // Who does not take part shows itself to nobody; nobody looks but by subscribing.
    let mut nurse = available(&server, "nurse@a.example/kitchen").await;
    nurse
        .send(&format!("<presence to='{COVEN}' id='p'/>"))
        .await;
    nurse
        .expect("<presence type='error' id='p'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>")
        .await;
    let items = format!("<pubsub xmlns='{PUBSUB}'><items node='{PRESENCE}'/></pubsub>");
    is_refused(&mut juliet, "get", COVEN, &items, "not-allowed").await;
    let less = format!(
        "<update-subscription xmlns='{CORE}'><unsubscribe node='{PRESENCE}'/></update-subscription>"
    );
    asks(&mut romeo, "set", COVEN, &less, &less).await;
    juliet.send("<presence><show>away</show></presence>").await;
    juliet
        .expect_all(&[
            "<presence from='juliet@a.example/balcony'><show>away</show></presence>",
            &shown("juliet@a.example/balcony", "first", "", "<show>away</show>"),
        ])
        .await;
    romeo.expect_nothing().await;
    let more = format!(
        "<update-subscription xmlns='{CORE}'><subscribe node='{PRESENCE}'/></update-subscription>"
    );
    romeo
        .send(&format!("<iq type='set' id='u' to='{COVEN}'>{more}</iq>"))
        .await;
    romeo
        .expect_all(&[
            "<iq type='result' id='u'/>",
            &shown("juliet@a.example/balcony", "first", "", "<show>away</show>"),
            &shown("romeo@a.example/orchard", "second", "", ""),
        ])
        .await;
    // Whoever the owners ban is gone at once.
    let ban = format!(
        "<pubsub xmlns='{PUBSUB}'><publish node='urn:xmpp:mix:nodes:banned'><item id='romeo@a.example'/></publish></pubsub>"
    );
    juliet
        .send(&format!("<iq type='set' id='b' to='{COVEN}'>{ban}</iq>"))
        .await;
    juliet
        .expect_all(&[
            "<iq type='result' id='b'/>",
            &shown("romeo@a.example/orchard", "second", "unavailable", ""),
        ])
        .await;
    plain.expect_nothing().await;
}
