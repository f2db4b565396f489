//! XEP-0060: nodes of an account, as the examples of the specification use them.

use sestina_session::testing::Conversation;
use sestina_skeletons as skeletons;
use sestina_storage::Storage;
use sestina_wire::Frame;

use super::{Changes, STANZAS, ask, login, server, server_with};

const PUBSUB: &str = "http://jabber.org/protocol/pubsub";
const OWNER: &str = "http://jabber.org/protocol/pubsub#owner";
const ERRORS: &str = "http://jabber.org/protocol/pubsub#errors";
pub(super) const JULIET: &str = "juliet@a.example/balcony";

pub(super) fn pubsub(inside: &str) -> String {
    format!("<pubsub xmlns='{PUBSUB}'>{inside}</pubsub>")
}

pub(super) fn owner(inside: &str) -> String {
    format!("<pubsub xmlns='{OWNER}'>{inside}</pubsub>")
}

pub(super) fn form(kind: &str, fields: &[(&str, &str)]) -> String {
    let fields: String = fields
        .iter()
        .map(|(var, value)| format!("<field var='pubsub#{var}'><value>{value}</value></field>"))
        .collect();
    format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>\
         <value>http://jabber.org/protocol/pubsub#{kind}</value></field>{fields}</x>"
    )
}

fn entry(text: &str) -> String {
    format!("<entry xmlns='urn:entry'>{text}</entry>")
}

pub(super) fn item(id: &str) -> String {
    format!("<item id='{id}'>{}</item>", entry(id))
}

/// Publishes an item whose text is its id.
pub(super) async fn publish(
    session: &mut Conversation,
    node: &str,
    id: &str,
    options: &[(&str, &str)],
) {
    let options = format!(
        "<publish-options>{}</publish-options>",
        form("publish-options", options)
    );
    let request = format!("<publish node='{node}'>{}</publish>{options}", item(id));
    let answer = format!("<publish node='{node}'><item id='{id}'/></publish>");
    ask(session, "set", &pubsub(&request), &pubsub(&answer)).await;
}

/// A request to an account that is refused; `specific` is the condition of the specification, where there is one.
pub(super) async fn refused(
    session: &mut Conversation,
    to: &str,
    type_: &str,
    payload: &str,
    condition: &str,
    specific: &str,
) {
    session
        .send(&format!(
            "<iq type='{type_}' id='no' to='{to}'>{payload}</iq>"
        ))
        .await;
    let specific = match specific {
        "" => String::new(),
        specific => format!("<{specific} xmlns='{ERRORS}'/>"),
    };
    let frame = session
        .expect(&format!(
            "<iq type='error' id='no'><error><{condition} xmlns='{STANZAS}'/></error></iq>"
        ))
        .await;
    assert!(
        frame.as_str().contains(specific.split(' ').next().unwrap()),
        "{specific} is missing in {}",
        frame.as_str()
    );
}

/// The ids of the items that a request gets.
pub(super) async fn items(
    session: &mut Conversation,
    to: &str,
    request: &str,
) -> (Vec<String>, Frame) {
    session
        .send(&format!(
            "<iq type='get' id='i' to='{to}'>{}</iq>",
            pubsub(request)
        ))
        .await;
    let frame = session.expect("<iq type='result' id='i'/>").await;
    let pubsub = frame.root().child("pubsub", PUBSUB).unwrap();
    let items = pubsub.child("items", PUBSUB).unwrap();
    let ids = items.children().map(|item| {
        let id = item.attr("id").unwrap().to_string();
        assert_eq!(item.child("entry", "urn:entry").unwrap().text(), *id);
        id
    });
    (ids.collect(), frame.clone())
}

pub(super) const TO_JULIET: &str = "juliet@a.example";

#[tokio::test]
async fn items_are_kept_as_the_node_says_and_handed_out() {
    let storage = Storage::memory();
    let server = server_with(Changes::default(), storage.clone()).await;
    let mut juliet = login(&server, JULIET).await;
    // By itself a node keeps one item (XEP-0163 §4.3).
    for id in ["a", "b"] {
        publish(&mut juliet, "one", id, &[]).await;
    }
    assert_eq!(
        items(&mut juliet, TO_JULIET, "<items node='one'/>").await.0,
        ["b"]
    );
    let many = [
        ("persist_items", "true"),
        ("max_items", "max"),
        ("send_last_published_item", "never"),
        ("access_model", "whitelist"),
    ];
    for id in ["1", "2", "3", "4", "5"] {
        publish(&mut juliet, "many", id, &many).await;
    }
    // Published again, an item goes to the end.
    publish(&mut juliet, "many", "2", &many).await;
    drop(juliet);
    server.shutdown().await;

    let server = server_with(Changes::default(), storage).await;
    let mut juliet = login(&server, JULIET).await;
    for (request, ids) in [
        ("<items node='many'/>", vec!["1", "3", "4", "5", "2"]),
        ("<items node='many' max_items='2'/>", vec!["5", "2"]),
        (
            "<items node='many'><item id='4'/><item id='none'/><item id='1'/></items>",
            vec!["4", "1"],
        ),
        (
            "<items node='many'/><set xmlns='http://jabber.org/protocol/rsm'><max>2</max></set>",
            vec!["1", "3"],
        ),
        (
            "<items node='many'/><set xmlns='http://jabber.org/protocol/rsm'><max>2</max><after>3</after></set>",
            vec!["4", "5"],
        ),
        (
            "<items node='many'/><set xmlns='http://jabber.org/protocol/rsm'><max>2</max><before/></set>",
            vec!["5", "2"],
        ),
        (
            "<items node='many'/><set xmlns='http://jabber.org/protocol/rsm'><max>2</max><before>5</before></set>",
            vec!["3", "4"],
        ),
    ] {
        let (found, frame) = items(&mut juliet, TO_JULIET, request).await;
        assert_eq!(found, ids, "{request}");
        if request.contains("rsm") {
            assert!(
                frame
                    .as_str()
                    .contains(&format!("<first>{}</first>", ids[0])),
                "{}",
                frame.as_str()
            );
        }
    }
    ask(
        &mut juliet,
        "set",
        &pubsub("<retract node='many'><item id='2'/></retract>"),
        "",
    )
    .await;
    ask(
        &mut juliet,
        "set",
        &owner(&format!(
            "<configure node='many'>{}</configure>",
            form("node_config", &[("max_items", "2")])
        )),
        "",
    )
    .await;
    assert_eq!(
        items(&mut juliet, TO_JULIET, "<items node='many'/>")
            .await
            .0,
        ["4", "5"]
    );
    refused(
        &mut juliet,
        TO_JULIET,
        "set",
        &pubsub("<retract node='many'><item id='2'/></retract>"),
        "item-not-found",
        "",
    )
    .await;
    ask(&mut juliet, "set", &owner("<purge node='many'/>"), "").await;
    assert!(
        items(&mut juliet, TO_JULIET, "<items node='many'/>")
            .await
            .0
            .is_empty()
    );
    // An item without an id gets one.
    juliet
        .send(&format!(
            "<iq type='set' id='p'>{}</iq>",
            pubsub(&format!(
                "<publish node='many'><item>{}</item></publish>",
                entry("x")
            ))
        ))
        .await;
    let frame = juliet.expect("<iq type='result' id='p'/>").await;
    assert!(frame.as_str().contains("<item id="), "{}", frame.as_str());
}

#[tokio::test]
async fn nodes_are_made_configured_and_deleted() {
    let server = server().await;
    let mut juliet = login(&server, JULIET).await;
    let create = format!(
        "<create node='princely_musings'/><configure>{}</configure>",
        form(
            "node_config",
            &[("title", "Princely Musings"), ("access_model", "open")]
        )
    );
    ask(&mut juliet, "set", &pubsub(&create), "").await;
    refused(
        &mut juliet,
        TO_JULIET,
        "set",
        &pubsub(&create),
        "conflict",
        "",
    )
    .await;
    ask(
        &mut juliet,
        "set",
        &pubsub("<create/>"),
        &pubsub("<create node='*'/>"),
    )
    .await;
    ask(
        &mut juliet,
        "get",
        &owner("<configure node='princely_musings'/>"),
        &owner(
            "<configure node='princely_musings'><x xmlns='jabber:x:data' type='form'>\
             <field var='pubsub#access_model'><value>open</value></field>\
             <field var='pubsub#max_items'><value>1</value></field>\
             <field var='pubsub#title'><value>Princely Musings</value></field></x></configure>",
        ),
    )
    .await;
    ask(
        &mut juliet,
        "get",
        &owner("<default/>"),
        &owner(
            "<default><x xmlns='jabber:x:data' type='form'>\
             <field var='pubsub#access_model'><value>presence</value></field></x></default>",
        ),
    )
    .await;
    for (fields, specific) in [
        ([("access_model", "everybody")], "unsupported-access-model"),
        ([("max_items", "0")], ""),
    ] {
        let configure = owner(&format!(
            "<configure node='princely_musings'>{}</configure>",
            form("node_config", &fields)
        ));
        refused(
            &mut juliet,
            TO_JULIET,
            "set",
            &configure,
            "not-acceptable",
            specific,
        )
        .await;
    }
    let unmet = pubsub(&format!(
        "<publish node='princely_musings'>{}</publish><publish-options>{}</publish-options>",
        item("1"),
        form("publish-options", &[("access_model", "presence")])
    ));
    refused(
        &mut juliet,
        TO_JULIET,
        "set",
        &unmet,
        "conflict",
        "precondition-not-met",
    )
    .await;
    publish(
        &mut juliet,
        "princely_musings",
        "1",
        &[("access_model", "open")],
    )
    .await;

    // What discovery says of it.
    let info = "<query xmlns='http://jabber.org/protocol/disco#info' node='princely_musings'/>";
    ask(
        &mut juliet,
        "get",
        info,
        "<query xmlns='http://jabber.org/protocol/disco#info' node='princely_musings'>\
         <identity category='pubsub' type='leaf'/><feature var='http://jabber.org/protocol/pubsub'/>\
         <x xmlns='jabber:x:data' type='result'>\
         <field var='pubsub#title'><value>Princely Musings</value></field></x></query>",
    )
    .await;
    ask(
        &mut juliet,
        "get",
        "<query xmlns='http://jabber.org/protocol/disco#items'/>",
        "<query xmlns='http://jabber.org/protocol/disco#items'>\
         <item jid='juliet@a.example' node='princely_musings' name='Princely Musings'/></query>",
    )
    .await;
    ask(
        &mut juliet,
        "get",
        "<query xmlns='http://jabber.org/protocol/disco#items' node='princely_musings'/>",
        "<query xmlns='http://jabber.org/protocol/disco#items'><item jid='juliet@a.example' name='1'/></query>",
    )
    .await;
    ask(
        &mut juliet,
        "get",
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        "<query xmlns='http://jabber.org/protocol/disco#info'><identity category='pubsub' type='pep'/></query>",
    )
    .await;

    let delete = owner("<delete node='princely_musings'/>");
    ask(&mut juliet, "set", &delete, "").await;
    refused(&mut juliet, TO_JULIET, "set", &delete, "item-not-found", "").await;
    refused(
        &mut juliet,
        TO_JULIET,
        "get",
        &pubsub("<items node='princely_musings'/>"),
        "item-not-found",
        "",
    )
    .await;
}

#[tokio::test]
async fn limits_say_which_they_are() {
    let nodes = skeletons::xep_0060::Settings {
        max_nodes: 2,
        max_items: 3,
        max_item_size: sestina_session::settings::ByteSize(100),
        ..Default::default()
    };
    let changes = Changes {
        nodes,
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let mut juliet = login(&server, JULIET).await;
    for node in ["1", "2"] {
        publish(&mut juliet, node, "a", &[("max_items", "max")]).await;
    }
    let third = pubsub(&format!("<publish node='3'>{}</publish>", item("a")));
    refused(
        &mut juliet,
        TO_JULIET,
        "set",
        &third,
        "conflict",
        "max-nodes-exceeded",
    )
    .await;
    for (inside, condition, specific) in [
        (
            format!("<item>{}</item>", entry(&"x".repeat(100))),
            "not-acceptable",
            "payload-too-big",
        ),
        (String::new(), "bad-request", "item-required"),
        ("<item/>".to_owned(), "bad-request", "payload-required"),
        (
            format!("<item>{0}{0}</item>", entry("x")),
            "bad-request",
            "invalid-payload",
        ),
        (
            ["a", "b", "c", "d"].map(item).concat(),
            "not-allowed",
            "max-items-exceeded",
        ),
        (
            format!("<item id='{}'>{}</item>", "x".repeat(2000), entry("x")),
            "not-acceptable",
            "",
        ),
    ] {
        let request = pubsub(&format!("<publish node='1'>{inside}</publish>"));
        refused(&mut juliet, TO_JULIET, "set", &request, condition, specific).await;
    }
    for id in ["b", "c", "d"] {
        publish(&mut juliet, "1", id, &[]).await;
    }
    assert_eq!(
        items(&mut juliet, TO_JULIET, "<items node='1'/>").await.0,
        ["b", "c", "d"]
    );
    let unsupported = owner("<default/>");
    refused(
        &mut juliet,
        TO_JULIET,
        "set",
        &unsupported,
        "feature-not-implemented",
        "unsupported",
    )
    .await;
}
