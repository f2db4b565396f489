//! XEP-0060: who may read, publish, own and subscribe.

use sestina_session::testing::Conversation;

use super::publishing::{JULIET, TO_JULIET, form, item, items, owner, publish, pubsub, refused};
use super::{STANZAS, ask, available, befriend, server};

const EVENT: &str = "http://jabber.org/protocol/pubsub#event";
const ROMEO: &str = "romeo@a.example/orchard";

#[tokio::test]
async fn a_node_is_for_those_whom_its_access_model_names() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut romeo = available(&server, ROMEO).await;
    let mut nurse = available(&server, "nurse@a.example/house").await;
    befriend(&mut romeo, ROMEO, &mut juliet, JULIET).await;
    for model in ["open", "presence", "roster", "whitelist"] {
        publish(&mut juliet, model, "1", &[("access_model", model)]).await;
    }
    for (node, condition, specific) in [
        (
            "presence",
            "not-authorized",
            "presence-subscription-required",
        ),
        ("roster", "not-authorized", "not-in-roster-group"),
        ("whitelist", "not-allowed", "closed-node"),
    ] {
        let request = pubsub(&format!("<items node='{node}'/>"));
        refused(&mut nurse, TO_JULIET, "get", &request, condition, specific).await;
    }
    for session in [&mut nurse, &mut romeo, &mut juliet] {
        let (ids, _) = items(session, TO_JULIET, "<items node='open'/>").await;
        assert_eq!(ids, ["1"]);
    }
    let (ids, _) = items(&mut romeo, TO_JULIET, "<items node='presence'/>").await;
    assert_eq!(ids, ["1"]);
    refused(
        &mut romeo,
        TO_JULIET,
        "get",
        &pubsub("<items node='roster'/>"),
        "not-authorized",
        "not-in-roster-group",
    )
    .await;
    // A group that may, and somebody in it.
    ask(
        &mut juliet,
        "set",
        "<query xmlns='jabber:iq:roster'><item jid='romeo@a.example'><group>Lovers</group></item></query>",
        "",
    )
    .await;
    ask(
        &mut juliet,
        "set",
        &owner(&format!(
            "<configure node='roster'>{}</configure>",
            form("node_config", &[("roster_groups_allowed", "Lovers")])
        )),
        "",
    )
    .await;
    let (ids, _) = items(&mut romeo, TO_JULIET, "<items node='roster'/>").await;
    assert_eq!(ids, ["1"]);
    // Those who are named; and who may publish.
    let affiliate = |node: &str, who: &str, what: &str| {
        owner(&format!(
            "<affiliations node='{node}'><affiliation jid='{who}' affiliation='{what}'/></affiliations>"
        ))
    };
    ask(
        &mut juliet,
        "set",
        &affiliate("whitelist", "nurse@a.example", "member"),
        "",
    )
    .await;
    let (ids, _) = items(&mut nurse, TO_JULIET, "<items node='whitelist'/>").await;
    assert_eq!(ids, ["1"]);
    let mine = pubsub(&format!(
        "<publish node='whitelist'>{}</publish>",
        item("2")
    ));
    refused(&mut nurse, TO_JULIET, "set", &mine, "forbidden", "").await;
    ask(
        &mut juliet,
        "set",
        &affiliate("whitelist", "nurse@a.example", "publisher"),
        "",
    )
    .await;
    nurse
        .send(&format!(
            "<iq type='set' id='p' to='{TO_JULIET}'>{mine}</iq>"
        ))
        .await;
    nurse.expect("<iq type='result' id='p'/>").await;
    ask(
        &mut juliet,
        "get",
        &pubsub("<items node='whitelist'/>"),
        &pubsub("<items node='whitelist'><item id='2' publisher='nurse@a.example'/></items>"),
    )
    .await;
    ask(
        &mut juliet,
        "get",
        &owner("<affiliations node='whitelist'/>"),
        &owner(
            "<affiliations node='whitelist'><affiliation jid='juliet@a.example' affiliation='owner'/>\
             <affiliation jid='nurse@a.example' affiliation='publisher'/></affiliations>",
        ),
    )
    .await;
    ask(
        &mut juliet,
        "set",
        &affiliate("open", "nurse@a.example", "outcast"),
        "",
    )
    .await;
    let open = pubsub("<items node='open'/>");
    refused(&mut nurse, TO_JULIET, "get", &open, "forbidden", "").await;
    // Only the account makes nodes, and only owners own.
    let other = pubsub(&format!("<publish node='new'>{}</publish>", item("1")));
    refused(&mut romeo, TO_JULIET, "set", &other, "item-not-found", "").await;
    let create = pubsub("<create node='new'/>");
    refused(&mut romeo, TO_JULIET, "set", &create, "forbidden", "").await;
    let delete = owner("<delete node='open'/>");
    refused(&mut romeo, TO_JULIET, "set", &delete, "forbidden", "").await;
}

#[tokio::test]
async fn whoever_subscribes_is_told_until_it_unsubscribes() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut nurse = available(&server, "nurse@a.example/house").await;
    publish(&mut juliet, "blog", "1", &[("access_model", "open")]).await;
    let ask_juliet = async |nurse: &mut Conversation, inside: &str| {
        nurse
            .send(&format!(
                "<iq type='set' id='s' to='{TO_JULIET}'>{}</iq>",
                pubsub(inside)
            ))
            .await;
    };
    let subscribe = "<subscribe node='blog' jid='nurse@a.example'/>";
    ask_juliet(&mut nurse, subscribe).await;
    let event = |id: &str| {
        format!(
            "<message type='headline' from='juliet@a.example' to='nurse@a.example'>\
             <event xmlns='{EVENT}'><items node='blog'>{}</items></event></message>",
            item(id)
        )
    };
    nurse
        .expect_all(&[
            &event("1"),
            &format!(
                "<iq type='result' id='s'>{}</iq>",
                pubsub(
                    "<subscription node='blog' jid='nurse@a.example' subid='*' subscription='subscribed'/>"
                )
            ),
        ])
        .await;
    publish(&mut juliet, "blog", "2", &[]).await;
    nurse.expect(&event("2")).await;
    nurse
        .send(&format!(
            "<iq type='get' id='l' to='{TO_JULIET}'>{}</iq>",
            pubsub("<subscriptions/>")
        ))
        .await;
    nurse
        .expect(&format!(
            "<iq type='result' id='l'>{}</iq>",
            pubsub(
                "<subscriptions><subscription node='blog' jid='nurse@a.example'/></subscriptions>"
            )
        ))
        .await;
    ask(
        &mut juliet,
        "get",
        &owner("<subscriptions node='blog'/>"),
        &owner("<subscriptions node='blog'><subscription jid='nurse@a.example' subscription='subscribed'/></subscriptions>"),
    )
    .await;
    ask_juliet(
        &mut nurse,
        "<unsubscribe node='blog' jid='nurse@a.example'/>",
    )
    .await;
    nurse.expect("<iq type='result' id='s'/>").await;
    publish(&mut juliet, "blog", "3", &[]).await;
    nurse.expect_nothing().await;
    for (request, condition, specific) in [
        (
            "<unsubscribe node='blog' jid='nurse@a.example'/>",
            "unexpected-request",
            "not-subscribed",
        ),
        (
            "<subscribe node='blog' jid='romeo@a.example'/>",
            "bad-request",
            "invalid-jid",
        ),
        (
            "<subscribe jid='nurse@a.example'/>",
            "bad-request",
            "nodeid-required",
        ),
    ] {
        refused(
            &mut nurse,
            TO_JULIET,
            "set",
            &pubsub(request),
            condition,
            specific,
        )
        .await;
    }
}

#[tokio::test]
async fn an_owner_lets_subscribers_in_one_by_one() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut romeo = available(&server, ROMEO).await;
    let mut nurse = available(&server, "nurse@a.example/room").await;
    publish(&mut juliet, "diary", "1", &[("access_model", "authorize")]).await;
    let items_of = pubsub("<items node='diary'/>");
    let closed = ("not-authorized", "not-subscribed");
    refused(&mut romeo, TO_JULIET, "get", &items_of, closed.0, closed.1).await;

    let form = |who: &str, kind: &str, allow: &str| {
        let field = |var: &str, value: &str| {
            format!("<field var='pubsub#{var}'><value>{value}</value></field>")
        };
        format!(
            "<x xmlns='jabber:x:data' type='{kind}'><field var='FORM_TYPE' type='hidden'>\
             <value>http://jabber.org/protocol/pubsub#subscribe_authorization</value></field>{}{}{}</x>",
            field("allow", allow),
            field("node", "diary"),
            field("subscriber_jid", &format!("{who}@a.example")),
        )
    };
    for (session, who) in [(&mut romeo, "romeo"), (&mut nurse, "nurse")] {
        let subscribe = pubsub(&format!("<subscribe node='diary' jid='{who}@a.example'/>"));
        session
            .send(&format!(
                "<iq type='set' id='s' to='{TO_JULIET}'>{subscribe}</iq>"
            ))
            .await;
        let pending =
            format!("<subscription node='diary' jid='{who}@a.example' subscription='pending'/>");
        session
            .expect(&format!(
                "<iq type='result' id='s'>{}</iq>",
                pubsub(&pending)
            ))
            .await;
        juliet
            .expect(&format!(
                "<message from='juliet@a.example'>{}</message>",
                form(who, "form", "false")
                    .replace("'pubsub#allow'", "'pubsub#allow' type='boolean'")
            ))
            .await;
    }
    // Until the owner says so, it is as if nobody had asked.
    refused(&mut romeo, TO_JULIET, "get", &items_of, closed.0, closed.1).await;
    let told = |who: &str, state: &str| {
        format!(
            "<message from='juliet@a.example'><event xmlns='http://jabber.org/protocol/pubsub#event'>\
             <subscription node='diary' jid='{who}@a.example' subscription='{state}'/></event></message>"
        )
    };
    juliet
        .send(&format!(
            "<message to='juliet@a.example'>{}</message>",
            form("romeo", "submit", "true")
        ))
        .await;
    romeo.expect(&told("romeo", "subscribed")).await;
    romeo
        .expect("<message><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='diary'><item id='1'/></items></event></message>")
        .await;
    let (ids, _) = items(&mut romeo, TO_JULIET, "<items node='diary'/>").await;
    assert_eq!(ids, ["1"]);
    // The other one by the list of subscriptions.
    let none = "<subscription jid='nurse@a.example' subscription='none'/>";
    let set = owner(&format!(
        "<subscriptions node='diary'>{none}</subscriptions>"
    ));
    ask(&mut juliet, "set", &set, "").await;
    nurse.expect(&told("nurse", "none")).await;
    refused(&mut nurse, TO_JULIET, "get", &items_of, closed.0, closed.1).await;
    // An answer to what nobody asked is none.
    juliet
        .send(&format!(
            "<message id='late' to='juliet@a.example'>{}</message>",
            form("nurse", "submit", "1")
        ))
        .await;
    juliet
        .expect(&format!(
            "<message type='error' id='late'><error><item-not-found xmlns='{STANZAS}'/></error></message>"
        ))
        .await;
}
