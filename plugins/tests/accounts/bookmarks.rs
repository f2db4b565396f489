//! XEP-0402: bookmarks are the same as items of their own, as the list of XEP-0048, and as private XML (XEP-0049).

use sestina_session::testing::Conversation;

use super::personal_events::announce;
use super::publishing::{owner, pubsub, refused};
use super::{ask, available, login, server};

const NODE: &str = "urn:xmpp:bookmarks:1";
const LIST: &str = "storage:bookmarks";
const PLAY: &str = "theplay@conference.a.example";
const ORCHARD: &str = "orchard@conference.a.example";

fn bookmark(room: &str, attributes: &str, inside: &str) -> String {
    format!(
        "<item id='{room}'><conference xmlns='{NODE}' {attributes}>{inside}</conference></item>"
    )
}

fn items(items: &str) -> String {
    pubsub(&format!("<items node='{NODE}'>{items}</items>"))
}

fn list(inside: &str) -> String {
    format!("<storage xmlns='{LIST}'>{inside}</storage>")
}

fn private(inside: &str) -> String {
    format!("<query xmlns='jabber:iq:private'>{}</query>", list(inside))
}

async fn publish(session: &mut Conversation, node: &str, item: &str, id: &str) {
    let request = pubsub(&format!("<publish node='{node}'>{item}</publish>"));
    let answer = pubsub(&format!(
        "<publish node='{node}'><item id='{id}'/></publish>"
    ));
    ask(session, "set", &request, &answer).await;
}

#[tokio::test]
async fn bookmarks_are_the_same_in_every_form() {
    let server = server().await;
    let mut juliet = login(&server, "juliet@a.example/balcony").await;
    // An item: with what other clients keep with it.
    let state = "<state xmlns='urn:state' minimized='true'/>";
    let inside = format!("<nick>JC</nick><extensions>{state}</extensions>");
    let play = bookmark(PLAY, "name='The Play' autojoin='true'", &inside);
    publish(&mut juliet, NODE, &play, PLAY).await;
    let listed = format!(
        "<conference jid='{PLAY}' name='The Play' autojoin='true'><nick>JC</nick>{state}</conference>"
    );
    let read = private("");
    ask(&mut juliet, "get", &read, &private(&listed)).await;
    let as_item = pubsub(&format!(
        "<items node='{LIST}'><item id='current'>{}</item></items>",
        list(&listed)
    ));
    let asked = pubsub(&format!("<items node='{LIST}'/>"));
    ask(&mut juliet, "get", &asked, &as_item).await;

    // Private XML: one more room, and a page, which stays where it is.
    let page = "<url name='Works' url='http://a.example/'/>";
    let orchard = format!("<conference jid='{ORCHARD}'><nick>J</nick></conference>");
    let set = private(&format!("{listed}{orchard}{page}"));
    ask(&mut juliet, "set", &set, "").await;
    let orchard = bookmark(ORCHARD, "", "<nick>J</nick>");
    ask(
        &mut juliet,
        "get",
        &items(""),
        &items(&format!("{play}{orchard}")),
    )
    .await;

    // The list at its node: a room less, another one changed. The page is kept as the list has it.
    let changed = format!(
        "<conference jid='{ORCHARD}' name='Orchard' autojoin='1'><nick>J</nick></conference>"
    );
    let published = format!(
        "<item id='current'>{}</item>",
        list(&format!("{changed}{page}"))
    );
    publish(&mut juliet, LIST, &published, "current").await;
    let orchard = bookmark(ORCHARD, "name='Orchard' autojoin='true'", "<nick>J</nick>");
    ask(&mut juliet, "get", &items(""), &items(&orchard)).await;
    ask(
        &mut juliet,
        "get",
        &read,
        &private(&format!("{changed}{page}")),
    )
    .await;

    // An item is taken back, then all.
    publish(&mut juliet, NODE, &play, PLAY).await;
    let retract = format!("<retract node='{NODE}' notify='1'><item id='{ORCHARD}'/></retract>");
    ask(&mut juliet, "set", &pubsub(&retract), "").await;
    ask(
        &mut juliet,
        "get",
        &read,
        &private(&format!("{listed}{page}")),
    )
    .await;
    ask(
        &mut juliet,
        "set",
        &owner(&format!("<purge node='{NODE}'/>")),
        "",
    )
    .await;
    ask(&mut juliet, "get", &read, &private(page)).await;

    let broken = pubsub(&format!(
        "<publish node='{LIST}'><item id='current'>{}</item></publish>",
        list("<conference name='Nowhere'/>")
    ));
    refused(
        &mut juliet,
        "juliet@a.example",
        "set",
        &broken,
        "bad-request",
        "",
    )
    .await;
    ask(&mut juliet, "get", &read, &private(page)).await;
}

#[tokio::test]
async fn other_devices_hear_of_bookmarks_in_their_own_form() {
    let server = server().await;
    let mut juliet = login(&server, "juliet@a.example/balcony").await;
    let mut phone = login(&server, "juliet@a.example/phone").await;
    let wants = &["urn:xmpp:bookmarks:1+notify"];
    announce(&mut phone, wants, wants).await;
    phone.settle().await;
    let room = format!("<conference jid='{PLAY}' autojoin='true'/>");
    ask(&mut juliet, "set", &private(&room), "").await;
    phone
        .expect(&format!(
            "<message type='headline' from='juliet@a.example'><event xmlns='http://jabber.org/protocol/pubsub#event'>\
             <items node='{NODE}'><item id='{PLAY}'><conference xmlns='{NODE}' autojoin='true'/></item></items></event></message>"
        ))
        .await;
    ask(&mut juliet, "set", &private(""), "").await;
    phone
        .expect(&format!(
            "<message type='headline' from='juliet@a.example'><event xmlns='http://jabber.org/protocol/pubsub#event'>\
             <items node='{NODE}'><retract id='{PLAY}'/></items></event></message>"
        ))
        .await;
}

#[tokio::test]
async fn bookmarks_are_for_their_owner_alone_whatever_the_client_forgets_to_say() {
    let server = server().await;
    let mut juliet = login(&server, "juliet@a.example/balcony").await;
    let mut romeo = available(&server, "romeo@a.example/garden").await;
    juliet.send("<presence/>").await;
    juliet
        .expect("<presence from='juliet@a.example/balcony'/>")
        .await;
    super::befriend(
        &mut romeo,
        "romeo@a.example/garden",
        &mut juliet,
        "juliet@a.example/balcony",
    )
    .await;
    publish(&mut juliet, NODE, &bookmark(PLAY, "", ""), PLAY).await;
    for node in [NODE, LIST] {
        let asked = pubsub(&format!("<items node='{node}'/>"));
        refused(
            &mut romeo,
            "juliet@a.example",
            "get",
            &asked,
            "not-allowed",
            "closed-node",
        )
        .await;
    }
    let features = "<query xmlns='http://jabber.org/protocol/disco#info'>\
        <feature var='urn:xmpp:bookmarks:1#compat'/><feature var='urn:xmpp:bookmarks:1#compat-pep'/></query>";
    juliet
        .send("<iq type='get' id='d' to='juliet@a.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>")
        .await;
    juliet
        .expect(&format!("<iq type='result' id='d'>{features}</iq>"))
        .await;
}
