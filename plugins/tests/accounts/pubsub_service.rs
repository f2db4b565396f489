//! XEP-0060: a service at a domain of its own.

use sestina_session::testing::Conversation;
use sestina_skeletons as skeletons;
use sestina_storage::Storage;

use super::publishing::{JULIET, form, item, owner, pubsub, refused};
use super::{Changes, available, login, server, server_with};

const SERVICE: &str = "pubsub.a.example";
const EVENT: &str = "http://jabber.org/protocol/pubsub#event";
const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";

async fn request(session: &mut Conversation, type_: &str, payload: &str, answer: &str) {
    session
        .send(&format!(
            "<iq type='{type_}' id='s' to='{SERVICE}'>{payload}</iq>"
        ))
        .await;
    session
        .expect(&format!(
            "<iq type='result' id='s' from='{SERVICE}'>{answer}</iq>"
        ))
        .await;
}

fn create(node: &str, fields: &[(&str, &str)]) -> String {
    pubsub(&format!(
        "<create node='{node}'/><configure>{}</configure>",
        form("node_config", fields)
    ))
}

#[tokio::test]
async fn a_service_is_found_and_says_what_it_has() {
    let server = server().await;
    let mut juliet = login(&server, JULIET).await;
    juliet
        .send(&format!(
            "<iq type='get' id='d' to='a.example'><query xmlns='{ITEMS}'/></iq>"
        ))
        .await;
    juliet
        .expect(&format!(
            "<iq type='result' id='d'><query xmlns='{ITEMS}'><item jid='{SERVICE}'/></query></iq>"
        ))
        .await;
    request(
        &mut juliet,
        "get",
        &format!("<query xmlns='{INFO}'/>"),
        &format!(
            "<query xmlns='{INFO}'><identity category='pubsub' type='service'/>\
             <feature var='http://jabber.org/protocol/pubsub'/><feature var='http://jabber.org/protocol/pubsub#instant-nodes'/></query>"
        ),
    )
    .await;
    request(
        &mut juliet,
        "set",
        &create("news", &[("title", "News")]),
        "",
    )
    .await;
    request(
        &mut juliet,
        "set",
        &pubsub("<create/>"),
        &pubsub("<create node='*'/>"),
    )
    .await;
    request(
        &mut juliet,
        "get",
        &format!("<query xmlns='{ITEMS}'/>"),
        &format!("<query xmlns='{ITEMS}'><item jid='{SERVICE}' node='news' name='News'/></query>"),
    )
    .await;
    request(
        &mut juliet,
        "get",
        &format!("<query xmlns='{INFO}' node='news'/>"),
        &format!(
            "<query xmlns='{INFO}' node='news'><identity category='pubsub' type='leaf'/><x xmlns='jabber:x:data'>\
             <field var='pubsub#owner'><value>juliet@a.example</value></field></x></query>"
        ),
    )
    .await;
    for model in ["presence", "roster"] {
        let wrong = create("other", &[("access_model", model)]);
        refused(
            &mut juliet,
            SERVICE,
            "set",
            &wrong,
            "not-acceptable",
            "unsupported-access-model",
        )
        .await;
    }
}

#[tokio::test]
async fn nodes_of_a_service_outlive_their_server_and_reach_subscribers_who_are_away() {
    let storage = Storage::memory();
    let server = server_with(Changes::default(), storage.clone()).await;
    let mut juliet = login(&server, JULIET).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    request(
        &mut juliet,
        "set",
        &create(
            "news",
            &[("max_items", "10"), ("send_last_published_item", "on_sub")],
        ),
        "",
    )
    .await;
    let subscribed =
        pubsub("<subscription node='news' jid='romeo@a.example' subscription='subscribed'/>");
    let subscribe = pubsub("<subscribe node='news' jid='romeo@a.example'/>");
    request(&mut romeo, "set", &subscribe, &subscribed).await;
    // Only its owner, and whom it names, may publish and configure.
    let publish = |id: &str| pubsub(&format!("<publish node='news'>{}</publish>", item(id)));
    refused(&mut romeo, SERVICE, "set", &publish("x"), "forbidden", "").await;
    refused(
        &mut romeo,
        SERVICE,
        "get",
        &owner("<configure node='news'/>"),
        "forbidden",
        "",
    )
    .await;
    let alone = owner(
        "<affiliations node='news'><affiliation jid='juliet@a.example' affiliation='none'/></affiliations>",
    );
    refused(&mut juliet, SERVICE, "set", &alone, "not-acceptable", "").await;
    let named = owner(
        "<affiliations node='news'><affiliation jid='romeo@a.example' affiliation='publisher'/></affiliations>",
    );
    request(&mut juliet, "set", &named, "").await;
    drop(romeo);
    drop(juliet);
    server.shutdown().await;

    let server = server_with(Changes::default(), storage).await;
    let mut juliet = login(&server, JULIET).await;
    request(
        &mut juliet,
        "get",
        &owner("<affiliations node='news'/>"),
        &owner(
            "<affiliations node='news'><affiliation jid='juliet@a.example' affiliation='owner'/>\
             <affiliation jid='romeo@a.example' affiliation='publisher'/></affiliations>",
        ),
    )
    .await;
    request(&mut juliet, "set", &publish("1"), "").await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    romeo.send("<presence/>").await;
    romeo
        .expect_all(&[
            "<presence/>",
            &format!(
                "<message from='{SERVICE}' to='romeo@a.example'><event xmlns='{EVENT}'><items node='news'>{}</items></event></message>",
                item("1")
            ),
        ])
        .await;
    romeo
        .send(&format!(
            "<iq type='set' id='s' to='{SERVICE}'>{}</iq>",
            publish("2")
        ))
        .await;
    romeo
        .expect_all(&[
            &format!("<iq type='result' id='s' from='{SERVICE}'/>"),
            &format!("<message from='{SERVICE}'><event xmlns='{EVENT}'><items node='news'><item id='2'/></items></event></message>"),
        ])
        .await;
    request(
        &mut juliet,
        "get",
        &pubsub("<items node='news'/>"),
        &pubsub(
            "<items node='news'><item id='1'/><item id='2' publisher='romeo@a.example'/></items>",
        ),
    )
    .await;
    request(
        &mut juliet,
        "set",
        &owner("<delete node='news'><redirect uri='xmpp:pubsub.a.example?;node=later'/></delete>"),
        "",
    )
    .await;
    romeo
        .expect_all(&[&format!(
            "<message from='{SERVICE}'><event xmlns='{EVENT}'><delete node='news'><redirect uri='xmpp:pubsub.a.example?;node=later'/></delete></event></message>"
        )])
        .await;
}

#[tokio::test]
async fn whoever_asks_is_let_in_by_the_owner_of_the_node() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    request(
        &mut juliet,
        "set",
        &create("diary", &[("access_model", "authorize")]),
        "",
    )
    .await;
    let subscribe = pubsub("<subscribe node='diary' jid='romeo@a.example'/>");
    let pending =
        pubsub("<subscription node='diary' jid='romeo@a.example' subscription='pending'/>");
    request(&mut romeo, "set", &subscribe, &pending).await;
    juliet
        .expect(&format!("<message from='{SERVICE}' to='juliet@a.example'><x xmlns='jabber:x:data' type='form'/></message>"))
        .await;
    let answer = |allow: &str| {
        form(
            "subscribe_authorization",
            &[
                ("allow", allow),
                ("node", "diary"),
                ("subscriber_jid", "romeo@a.example"),
            ],
        )
    };
    // Not by the one who asks.
    romeo
        .send(&format!(
            "<message id='f' to='{SERVICE}'>{}</message>",
            answer("1")
        ))
        .await;
    romeo.expect("<message type='error' id='f'/>").await;
    juliet
        .send(&format!(
            "<message to='{SERVICE}'>{}</message>",
            answer("1")
        ))
        .await;
    let answered = pubsub(
        "<subscriptions><subscription node='diary' jid='romeo@a.example' subscription='subscribed'/></subscriptions>",
    );
    for _ in 0..50 {
        romeo
            .send(&format!(
                "<iq type='get' id='l' to='{SERVICE}'>{}</iq>",
                pubsub("<subscriptions/>")
            ))
            .await;
        let list = romeo.expect("<iq type='result' id='l'/>").await;
        if list.as_str().contains("subscribed'") || list.as_str().contains("subscribed\"") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    request(&mut romeo, "get", &pubsub("<subscriptions/>"), &answered).await;
}

#[tokio::test]
async fn who_may_make_nodes_is_a_setting() {
    let nodes = skeletons::xep_0060::Settings {
        service_creators: "administrators".to_owned(),
        service_max_nodes: 1,
        ..Default::default()
    };
    let changes = Changes {
        nodes,
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let mut juliet = login(&server, JULIET).await;
    refused(
        &mut juliet,
        SERVICE,
        "set",
        &create("news", &[]),
        "forbidden",
        "",
    )
    .await;
    let publish = pubsub(&format!("<publish node='news'>{}</publish>", item("1")));
    refused(&mut juliet, SERVICE, "set", &publish, "item-not-found", "").await;
    let nodes = skeletons::xep_0060::Settings {
        service_max_nodes: 1,
        ..Default::default()
    };
    let changes = Changes {
        nodes,
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let mut juliet = login(&server, JULIET).await;
    request(&mut juliet, "set", &create("one", &[]), "").await;
    refused(
        &mut juliet,
        SERVICE,
        "set",
        &create("two", &[]),
        "conflict",
        "max-nodes-exceeded",
    )
    .await;
}

#[tokio::test]
async fn who_comes_online_gets_the_last_items_once() {
    let server = server().await;
    let mut juliet = login(&server, JULIET).await;
    let options = |when: &str| [("send_last_published_item", when.to_owned())];
    for (node, when) in [
        ("news", "on_sub_and_presence"),
        ("rare", "on_sub"),
        ("never", "never"),
    ] {
        let options = options(when);
        let options: Vec<_> = options.iter().map(|(k, v)| (*k, v.as_str())).collect();
        request(&mut juliet, "set", &create(node, &options), "").await;
        let publish = pubsub(&format!("<publish node='{node}'>{}</publish>", item("1")));
        request(&mut juliet, "set", &publish, "").await;
    }
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    for (node, subscriber, last) in [
        ("news", "romeo@a.example", true),
        ("rare", "romeo@a.example/orchard", true),
        ("never", "romeo@a.example", false),
    ] {
        romeo
            .send(&format!(
                "<iq type='set' id='s' to='{SERVICE}'>{}</iq>",
                pubsub(&format!("<subscribe node='{node}' jid='{subscriber}'/>"))
            ))
            .await;
        // What is for a session comes at once, and what is for its account waits until it is available.
        let answered = "<iq type='result' id='s'/>";
        if last && subscriber.contains('/') {
            let item = format!("<message from='{SERVICE}'/>");
            romeo.expect_all(&[answered, &item]).await;
        } else {
            romeo.expect(answered).await;
        }
    }
    let last = |to: &str| {
        format!(
            "<message from='{SERVICE}' to='{to}'><event xmlns='{EVENT}'><items node='news'><item id='1'/></items></event>\
             <delay xmlns='urn:xmpp:delay' stamp='*'/></message>"
        )
    };
    // Romeo was away when he subscribed: he gets it now, and once.
    romeo.send("<presence/>").await;
    romeo
        .expect_all(&["<presence/>", &last("romeo@a.example/orchard")])
        .await;
    romeo.expect_nothing().await;
    // Once, however often it shows itself, and again after it was away.
    romeo.send("<presence><show>away</show></presence>").await;
    romeo.expect("<presence/>").await;
    romeo.expect_nothing().await;
    romeo.send("<presence type='unavailable'/>").await;
    romeo.expect("<presence type='unavailable'/>").await;
    romeo.send("<presence/>").await;
    romeo
        .expect_all(&["<presence/>", &last("romeo@a.example/orchard")])
        .await;
    romeo.expect_nothing().await;
    // What is published while he is away waits for him, all of it, and does not come twice.
    romeo.send("<presence type='unavailable'/>").await;
    romeo.expect("<presence type='unavailable'/>").await;
    for id in ["2", "3"] {
        let publish = pubsub(&format!("<publish node='news'>{}</publish>", item(id)));
        request(&mut juliet, "set", &publish, "").await;
    }
    let stored = |id: &str| {
        format!(
            "<message from='{SERVICE}' to='romeo@a.example'><event xmlns='{EVENT}'><items node='news'><item id='{id}'/></items></event></message>"
        )
    };
    romeo.send("<presence/>").await;
    romeo
        .expect_all(&["<presence/>", &stored("2"), &stored("3")])
        .await;
    romeo.expect_nothing().await;
    romeo.send("<presence type='unavailable'/>").await;
    romeo.expect("<presence type='unavailable'/>").await;
    romeo.send("<presence/>").await;
    let last = last("romeo@a.example/orchard").replace("id='1'", "id='3'");
    romeo.expect_all(&["<presence/>", &last]).await;
    romeo.expect_nothing().await;
    // Who unsubscribed hears nothing more.
    request(
        &mut romeo,
        "set",
        &pubsub("<unsubscribe node='news' jid='romeo@a.example'/>"),
        "",
    )
    .await;
    let mut later = login(&server, "romeo@a.example/later").await;
    later.send("<presence/>").await;
    later
        .expect_all(&[
            "<presence from='romeo@a.example/later'/>",
            "<presence from='romeo@a.example/orchard'/>",
        ])
        .await;
    later.expect_nothing().await;
}

#[tokio::test]
async fn an_owner_asks_again_who_waits() {
    const COMMANDS: &str = "http://jabber.org/protocol/commands";
    const PENDING: &str = "http://jabber.org/protocol/pubsub#get-pending";
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    request(
        &mut romeo,
        "get",
        &format!("<query xmlns='{ITEMS}' node='{COMMANDS}'/>"),
        &format!("<query xmlns='{ITEMS}'><item jid='{SERVICE}' node='{PENDING}'/></query>"),
    )
    .await;
    let command = |inside: &str| format!("<command xmlns='{COMMANDS}' node='{PENDING}' {inside}");
    refused(&mut romeo, SERVICE, "set", &command("/>"), "forbidden", "").await;
    let closed = [("access_model", "authorize")];
    for node in ["diary", "letters"] {
        request(&mut juliet, "set", &create(node, &closed), "").await;
    }
    let note = command(
        "status='completed'><note type='info'>nobody waits at a node of yours</note></command>",
    );
    request(&mut juliet, "set", &command("/>"), &note).await;
    let subscribe = pubsub("<subscribe node='diary' jid='romeo@a.example'/>");
    request(&mut romeo, "set", &subscribe, "").await;
    let question = format!(
        "<message from='{SERVICE}' to='juliet@a.example*'><x xmlns='jabber:x:data' type='form'>\
         <field var='pubsub#node'><value>diary</value></field>\
         <field var='pubsub#subscriber_jid'><value>romeo@a.example</value></field></x></message>"
    );
    juliet
        .expect(&question.replace("a.example*", "a.example"))
        .await;
    juliet
        .send(&format!(
            "<iq type='set' id='s' to='{SERVICE}'>{}</iq>",
            command("action='execute'/>")
        ))
        .await;
    let asked = juliet
        .expect(&format!(
            "<iq type='result' id='s'>{}",
            command(
                "status='executing'><x xmlns='jabber:x:data' type='form'><field var='pubsub#node' type='list-single'>\
                 <option><value>diary</value></option></field></x></command></iq>"
            )
        ))
        .await;
    assert!(!asked.as_str().contains("letters"));
    let id = asked
        .root()
        .child("command", COMMANDS)
        .unwrap()
        .attr("sessionid")
        .unwrap();
    let chosen = command(&format!(
        "sessionid='{id}'>{}</command>",
        form("subscribe_authorization", &[("node", "diary")])
    ));
    juliet
        .send(&format!(
            "<iq type='set' id='s' to='{SERVICE}'>{chosen}</iq>"
        ))
        .await;
    let done = format!(
        "<iq type='result' id='s'>{}</iq>",
        command("status='completed'/>")
    );
    juliet
        .expect_all(&[&done, &question.replace("a.example*", "a.example/balcony")])
        .await;
}

#[tokio::test]
async fn an_owner_changes_several_affiliations_and_gets_back_what_cannot_be() {
    let server = server().await;
    let mut juliet = login(&server, JULIET).await;
    request(&mut juliet, "set", &create("news", &[]), "").await;
    let affiliations = |inside: &str| {
        owner(&format!(
            "<affiliations node='news'>{inside}</affiliations>"
        ))
    };
    let many = affiliations(
        "<affiliation jid='juliet@a.example' affiliation='none'/><affiliation jid='romeo@a.example' affiliation='publisher'/>\
         <affiliation jid='nurse@a.example' affiliation='member'/>",
    );
    juliet
        .send(&format!("<iq type='set' id='m' to='{SERVICE}'>{many}</iq>"))
        .await;
    // The last owner stays one (§8.9.2.5, the example).
    let same = affiliations("<affiliation jid='juliet@a.example' affiliation='owner'/>");
    let answer = juliet
        .expect(&format!(
            "<iq type='error' id='m' from='{SERVICE}'>{same}<error type='modify'>\
             <not-acceptable xmlns='{}'/></error></iq>",
            super::STANZAS
        ))
        .await;
    let answer = answer.as_str();
    assert_eq!(answer.matches("<affiliation ").count(), 1, "{answer}");
    assert!(answer.find("</pubsub>") < answer.find("<error"), "{answer}");
    let now = affiliations(
        "<affiliation jid='juliet@a.example' affiliation='owner'/><affiliation jid='nurse@a.example' affiliation='member'/>\
         <affiliation jid='romeo@a.example' affiliation='publisher'/>",
    );
    request(&mut juliet, "get", &affiliations(""), &now).await;
    // She may go where another takes over in the same request.
    let over = affiliations(
        "<affiliation jid='juliet@a.example' affiliation='none'/><affiliation jid='romeo@a.example' affiliation='owner'/>",
    );
    request(&mut juliet, "set", &over, "").await;
    refused(
        &mut juliet,
        SERVICE,
        "get",
        &affiliations(""),
        "forbidden",
        "",
    )
    .await;
}

#[tokio::test]
async fn collections_are_refused_as_such() {
    let server = server().await;
    let mut juliet = login(&server, JULIET).await;
    request(
        &mut juliet,
        "set",
        &create("leaf", &[("node_type", "leaf")]),
        "",
    )
    .await;
    let configure = owner(&format!(
        "<configure node='leaf'>{}</configure>",
        form("node_config", &[("collection", "library")])
    ));
    for (type_, payload) in [
        ("set", create("library", &[("node_type", "collection")])),
        ("set", create("other", &[("collection", "library")])),
        ("set", create("other", &[("children", "leaf")])),
        ("set", configure),
        ("get", owner("<default type='collection'/>")),
        ("get", pubsub("<default type='collection'/>")),
    ] {
        juliet
            .send(&format!(
                "<iq type='{type_}' id='c' to='{SERVICE}'>{payload}</iq>"
            ))
            .await;
        juliet
            .expect(&format!(
                "<iq type='error' id='c'><error type='cancel'><feature-not-implemented xmlns='{}'/>\
                 <unsupported xmlns='http://jabber.org/protocol/pubsub#errors' feature='collections'/></error></iq>",
                super::STANZAS
            ))
            .await;
    }
    // Nor is the service one itself.
    for payload in [
        pubsub("<subscribe jid='juliet@a.example'/>"),
        pubsub("<unsubscribe jid='juliet@a.example'/>"),
    ] {
        refused(
            &mut juliet,
            SERVICE,
            "set",
            &payload,
            "bad-request",
            "nodeid-required",
        )
        .await;
    }
}
