//! Channels are made, found, described and destroyed; and their limits.

use sestina_skeletons::xep_0369::Settings;
use sestina_storage::Storage;

use super::{
    CORE, COVEN, EVENT, INFO, MESSAGES, MIX, PUBSUB, asks, available, client_join, coven,
    is_refused, joins, says, server, server_of,
};

const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
const DISCO_ITEMS: &str = "http://jabber.org/protocol/disco#items";

fn info(fields: &[(&str, &str)], type_: &str) -> String {
    let fields: String = fields
        .iter()
        .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"))
        .collect();
    format!(
        "<x xmlns='jabber:x:data' type='{type_}'><field var='FORM_TYPE'><value>{CORE}</value></field>{fields}</x>"
    )
}

fn publish(form: &str) -> String {
    format!(
        "<pubsub xmlns='{PUBSUB}'><publish node='{INFO}'><item>{form}</item></publish></pubsub>"
    )
}

#[tokio::test]
async fn channels_are_made_found_and_destroyed() {
    let server = server().await;
    let mut juliet = coven(&server).await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    asks(
        &mut romeo,
        "get",
        "a.example",
        &format!("<query xmlns='{DISCO_ITEMS}'/>"),
        &format!("<query xmlns='{DISCO_ITEMS}'><item jid='{MIX}'/></query>"),
    )
    .await;
    romeo
        .send(&format!(
            "<iq type='get' id='i' to='{MIX}'><query xmlns='{DISCO_INFO}'/></iq>"
        ))
        .await;
    let about = romeo
        .expect(&format!("<iq type='result' id='i'><query xmlns='{DISCO_INFO}'><identity category='conference' type='mix'/><feature var='{CORE}'/><feature var='{CORE}#searchable'/><feature var='{CORE}#create-channel'/></query></iq>"))
        .await;
    // The channels have archives and nodes; the service has not (§6.1).
    let about = about.as_str();
    assert!(
        !about.contains("urn:xmpp:mam") && !about.contains("protocol/pubsub"),
        "{about}"
    );

    let create = |name: &str| format!("<create xmlns='{CORE}' channel='{name}'/>");
    is_refused(&mut romeo, "set", MIX, &create("coven"), "conflict").await;
    is_refused(&mut romeo, "set", MIX, &create("a#b"), "not-acceptable").await;
    is_refused(&mut romeo, "set", COVEN, &create("other"), "bad-request").await;
    // For the occasion: nobody finds it who is not told.
    romeo
        .send(&format!(
            "<iq type='set' id='c' to='{MIX}'><create xmlns='{CORE}'/></iq>"
        ))
        .await;
    let made = romeo
        .expect(&format!(
            "<iq type='result' id='c'><create xmlns='{CORE}'/></iq>"
        ))
        .await;
    let name = made.root().child("create", CORE).unwrap();
    let name = name.attr("channel").unwrap().to_string();
    assert!(name.len() >= 16, "{name}");

    // What it is about, its owner says; what is not said stays.
    let form = info(
        &[("Name", "Witches Coven"), ("Contact", "juliet@a.example")],
        "submit",
    );
    is_refused(&mut romeo, "set", COVEN, &publish(&form), "forbidden").await;
    let done = format!("<pubsub xmlns='{PUBSUB}'><publish node='{INFO}'/></pubsub>");
    asks(&mut juliet, "set", COVEN, &publish(&form), &done).await;
    let more = info(&[("Description", "not far from the heath")], "submit");
    asks(&mut juliet, "set", COVEN, &publish(&more), &done).await;
    juliet
        .send(&format!(
            "<iq type='set' id='j'>{}</iq>",
            client_join(COVEN, &[MESSAGES, INFO], Some("first"))
        ))
        .await;
    juliet.expect("<iq type='result' id='j'/>").await;
    let whole = info(
        &[
            ("Name", "Witches Coven"),
            ("Description", "not far from the heath"),
            ("Contact", "juliet@a.example"),
        ],
        "result",
    );
    let read = format!("<pubsub xmlns='{PUBSUB}'><items node='{INFO}'/></pubsub>");
    asks(
        &mut juliet,
        "get",
        COVEN,
        &read,
        &format!(
            "<pubsub xmlns='{PUBSUB}'><items node='{INFO}'><item>{whole}</item></items></pubsub>"
        ),
    )
    .await;
    is_refused(&mut romeo, "get", COVEN, &read, "forbidden").await;
    asks(
        &mut romeo,
        "get",
        MIX,
        &format!("<query xmlns='{DISCO_ITEMS}'/>"),
        &format!("<query xmlns='{DISCO_ITEMS}'><item jid='{COVEN}' name='Witches Coven'/></query>"),
    )
    .await;
    romeo
        .send(&format!(
            "<iq type='get' id='l' to='{MIX}'><query xmlns='{DISCO_ITEMS}'/></iq>"
        ))
        .await;
    let listed = romeo.recv().await;
    assert!(!listed.as_str().contains(&name), "{}", listed.as_str());
    asks(
        &mut romeo,
        "get",
        COVEN,
        &format!("<query xmlns='{DISCO_INFO}'/>"),
        &format!("<query xmlns='{DISCO_INFO}'><identity category='conference' type='mix' name='Witches Coven'/><feature var='{CORE}'/><feature var='urn:xmpp:mam:2'/></query>"),
    )
    .await;
    // Nodes are those that whoever asks may read, and asked for by name.
    asks(
        &mut juliet,
        "get",
        COVEN,
        &format!("<query xmlns='{DISCO_ITEMS}' node='mix'/>"),
        &format!("<query xmlns='{DISCO_ITEMS}' node='mix'><item jid='{COVEN}' node='{MESSAGES}'/><item jid='{COVEN}' node='{INFO}'/></query>"),
    )
    .await;
    is_refused(
        &mut juliet,
        "get",
        COVEN,
        &format!("<query xmlns='{DISCO_ITEMS}'/>"),
        "item-not-found",
    )
    .await;
    asks(
        &mut romeo,
        "get",
        COVEN,
        &format!("<query xmlns='{DISCO_ITEMS}' node='mix'/>"),
        &format!("<query xmlns='{DISCO_ITEMS}' node='mix'/>"),
    )
    .await;

    let destroy = format!("<destroy xmlns='{CORE}' channel='coven'/>");
    is_refused(&mut romeo, "set", MIX, &destroy, "forbidden").await;
    juliet
        .send(&format!("<iq type='set' id='d' to='{MIX}'>{destroy}</iq>"))
        .await;
    let gone = |node: &str| {
        format!(
            "<message from='{COVEN}'><event xmlns='{EVENT}'><delete node='{node}'/></event></message>"
        )
    };
    juliet
        .expect_all(&[&gone(MESSAGES), &gone(INFO), "<iq type='result' id='d'/>"])
        .await;
    is_refused(&mut juliet, "set", MIX, &destroy, "item-not-found").await;
    says(&mut juliet, "anybody?").await;
    juliet
        .expect("<message type='error' id='m'><error><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")
        .await;
    // The name is free, and the new channel has nothing of the old.
    asks(&mut romeo, "set", MIX, &create("coven"), &create("coven")).await;
    joins(&mut romeo, "second").await;
    romeo
        .send(&format!("<iq type='get' id='n' to='{COVEN}'>{read}</iq>"))
        .await;
    let empty = romeo.expect("<iq type='result' id='n'/>").await;
    assert!(!empty.as_str().contains("Witches"), "{}", empty.as_str());
}

#[tokio::test]
async fn limits_say_which_they_are() {
    let settings = Settings {
        max_channels: 1,
        max_participants: 1,
        max_rate: 2,
        max_message: sestina_session::settings::ByteSize(200),
        ..Settings::default()
    };
    let server = server_of(settings, Storage::memory()).await;
    let mut juliet = coven(&server).await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    let create = format!("<create xmlns='{CORE}' channel='heath'/>");
    let text = is_refused(&mut juliet, "set", MIX, &create, "resource-constraint").await;
    assert!(text.contains("max_channels"), "{text}");
    joins(&mut juliet, "first").await;
    let join = client_join(COVEN, &[MESSAGES], Some("second"));
    let text = is_refused(
        &mut romeo,
        "set",
        "romeo@a.example",
        &join,
        "resource-constraint",
    )
    .await;
    assert!(text.contains("max_participants"), "{text}");
    for (text, limit) in [
        ("x".repeat(200), "max_message"),
        ("a".to_owned(), ""),
        ("b".to_owned(), ""),
        ("c".to_owned(), "max_rate"),
    ] {
        says(&mut juliet, &text).await;
        let heard = juliet.recv().await;
        let is_refused = heard.as_str().contains("policy-violation");
        assert_eq!(is_refused, !limit.is_empty(), "{}", heard.as_str());
        assert!(heard.as_str().contains(limit), "{}", heard.as_str());
    }
}
