//! XEP-0060: how subscribers want to be told, and what owners do about them.

use sestina_session::testing::Conversation;
use sestina_skeletons as skeletons;
use sestina_storage::Storage;
use sestina_types::Stores as _;

use super::personal_events::join;
use super::publishing::{JULIET, TO_JULIET, form, item, items, owner, publish, pubsub, refused};
use super::{Changes, ask, available, login, server, server_with};

const EVENT: &str = "http://jabber.org/protocol/pubsub#event";
const NURSE: &str = "nurse@a.example/house";

/// A request to the account, and its answer.
async fn request(session: &mut Conversation, type_: &str, payload: &str, answer: &str) {
    session
        .send(&format!(
            "<iq type='{type_}' id='r' to='{TO_JULIET}'>{payload}</iq>"
        ))
        .await;
    session
        .expect(&format!("<iq type='result' id='r'>{answer}</iq>"))
        .await;
}

fn news(id: &str) -> String {
    format!(
        "<message from='juliet@a.example' to='nurse@a.example'>\
         <event xmlns='{EVENT}'><items node='blog'>{}</items></event></message>",
        item(id)
    )
}

fn options(fields: &[(&str, &str)]) -> String {
    pubsub(&format!(
        "<options node='blog' jid='nurse@a.example'>{}</options>",
        form("subscribe_options", fields)
    ))
}

#[tokio::test]
async fn a_subscriber_says_whether_until_when_and_while_it_is_how() {
    let server = server().await;
    let mut juliet = login(&server, JULIET).await;
    let mut nurse = available(&server, NURSE).await;
    let quiet = [
        ("access_model", "open"),
        ("send_last_published_item", "never"),
    ];
    publish(&mut juliet, "blog", "1", &quiet).await;
    let form_of = |deliver: &str| {
        format!(
            "<x xmlns='jabber:x:data' type='form'><field var='pubsub#deliver'><value>{deliver}</value></field>\
             <field var='pubsub#expire'/><field var='pubsub#show-values'/></x>"
        )
    };
    request(
        &mut nurse,
        "get",
        &pubsub("<default node='blog'/>"),
        &pubsub(&format!(
            "<default node='blog'>{}</default>",
            form_of("true")
        )),
    )
    .await;
    let about = pubsub("<options node='blog' jid='nurse@a.example'/>");
    refused(
        &mut nurse,
        TO_JULIET,
        "get",
        &about,
        "unexpected-request",
        "not-subscribed",
    )
    .await;
    // With options from the beginning.
    request(
        &mut nurse,
        "set",
        &pubsub(&format!(
            "<subscribe node='blog' jid='nurse@a.example'/><options>{}</options>",
            form("subscribe_options", &[("deliver", "0")])
        )),
        &pubsub("<subscription node='blog' jid='nurse@a.example' subscription='subscribed'/>"),
    )
    .await;
    publish(&mut juliet, "blog", "2", &[]).await;
    nurse.expect_nothing().await;
    let found = pubsub(&format!(
        "<options node='blog' jid='nurse@a.example'>{}</options>",
        form_of("false")
    ));
    request(&mut nurse, "get", &about, &found).await;
    request(
        &mut nurse,
        "set",
        &options(&[("deliver", "true"), ("show-values", "chat")]),
        "",
    )
    .await;
    publish(&mut juliet, "blog", "3", &[]).await;
    nurse.expect_nothing().await;
    nurse.send("<presence><show>chat</show></presence>").await;
    nurse.expect("<presence><show>chat</show></presence>").await;
    publish(&mut juliet, "blog", "4", &[]).await;
    nurse.expect(&news("4")).await;
    for wrong in [
        [("show-values", "asleep")],
        [("expire", "tomorrow")],
        [("expire", "2001-01-01T00:00:00Z")],
        [("digest", "1")],
        [("include_body", "1")],
        [("unheard_of", "1")],
    ] {
        let set = options(&wrong);
        refused(
            &mut nurse,
            TO_JULIET,
            "set",
            &set,
            "bad-request",
            "invalid-options",
        )
        .await;
    }
    let other = pubsub("<options node='blog' jid='romeo@a.example'/>");
    refused(&mut nurse, TO_JULIET, "get", &other, "forbidden", "").await;
    // A lease that ends.
    let soon = sestina_wire::Timestamp::now() + std::time::Duration::from_millis(700);
    let soon = soon.to_string();
    request(&mut nurse, "set", &options(&[("expire", &soon)]), "").await;
    publish(&mut juliet, "blog", "5", &[]).await;
    nurse.expect(&news("5")).await;
    tokio::time::sleep(std::time::Duration::from_millis(800)).await;
    publish(&mut juliet, "blog", "6", &[]).await;
    nurse.expect_nothing().await;
    refused(
        &mut nurse,
        TO_JULIET,
        "get",
        &about,
        "unexpected-request",
        "not-subscribed",
    )
    .await;
}

#[tokio::test]
async fn items_go_by_themselves_where_the_node_says_so() {
    let server = server().await;
    let mut juliet = login(&server, JULIET).await;
    let short = [("item_expire", "1"), ("max_items", "max")];
    publish(&mut juliet, "note", "1", &short).await;
    assert_eq!(
        items(&mut juliet, TO_JULIET, "<items node='note'/>")
            .await
            .0,
        ["1"]
    );
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let (found, _) = items(&mut juliet, TO_JULIET, "<items node='note'/>").await;
    assert!(found.is_empty(), "{found:?}");
    let (found, _) = items(
        &mut juliet,
        TO_JULIET,
        "<items node='note'><item id='1'/></items>",
    )
    .await;
    assert!(found.is_empty(), "{found:?}");
    let wrong = owner(&format!(
        "<configure node='note'>{}</configure>",
        form("node_config", &[("item_expire", "0")])
    ));
    refused(&mut juliet, TO_JULIET, "set", &wrong, "not-acceptable", "").await;
    // A node that keeps nothing and shows nothing takes nothing either (§7.1.3).
    let bare = [("persist_items", "0"), ("deliver_payloads", "0")];
    let create = format!(
        "<create node='bell'/><configure>{}</configure>",
        form("node_config", &bare)
    );
    ask(&mut juliet, "set", &pubsub(&create), "").await;
    let ring = pubsub(&format!("<publish node='bell'>{}</publish>", item("1")));
    refused(
        &mut juliet,
        TO_JULIET,
        "set",
        &ring,
        "bad-request",
        "item-forbidden",
    )
    .await;
    let silent = pubsub("<publish node='bell'/>");
    ask(&mut juliet, "set", &silent, &silent).await;
}

#[tokio::test]
async fn an_owner_changes_several_subscriptions_and_hears_of_others() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut nurse = available(&server, NURSE).await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    let quiet = [
        ("access_model", "open"),
        ("send_last_published_item", "never"),
        ("notify_sub", "1"),
    ];
    publish(&mut juliet, "blog", "1", &quiet).await;
    let state = |who: &str, to: &str, state: &str| {
        format!(
            "<message from='juliet@a.example' to='{to}@a.example'><event xmlns='{EVENT}'>\
             <subscription node='blog' jid='{who}@a.example' subscription='{state}'/></event></message>"
        )
    };
    let subscribe = pubsub("<subscribe node='blog' jid='nurse@a.example'/>");
    request(&mut nurse, "set", &subscribe, "").await;
    juliet.expect(&state("nurse", "juliet", "subscribed")).await;
    let both = owner(
        "<subscriptions node='blog'><subscription jid='nurse@a.example' subscription='none'/>\
         <subscription jid='romeo@a.example' subscription='subscribed'/></subscriptions>",
    );
    juliet
        .send(&format!("<iq type='set' id='b'>{both}</iq>"))
        .await;
    juliet
        .expect_all(&[
            "<iq type='result' id='b'/>",
            &state("nurse", "juliet", "none"),
            &state("romeo", "juliet", "subscribed"),
        ])
        .await;
    nurse.expect(&state("nurse", "nurse", "none")).await;
    romeo.expect(&state("romeo", "romeo", "subscribed")).await;
    // One that cannot be comes back as it is; the others are done (§8.8.2.4).
    let wrong = owner(
        "<subscriptions node='blog'><subscription jid='romeo@a.example' subscription='none'/>\
         <subscription jid='nurse@a.example' subscription='unconfigured'/></subscriptions>",
    );
    juliet
        .send(&format!("<iq type='set' id='w'>{wrong}</iq>"))
        .await;
    let same = owner(
        "<subscriptions node='blog'><subscription jid='nurse@a.example' subscription='none'/></subscriptions>",
    );
    let answer = format!(
        "<iq type='error' id='w'>{same}<error type='modify'><not-acceptable xmlns='{}'/></error></iq>",
        super::STANZAS
    );
    juliet
        .expect_all(&[&answer, &state("romeo", "juliet", "none")])
        .await;
    romeo.expect(&state("romeo", "romeo", "none")).await;
    juliet
        .send(&format!(
            "<iq type='get' id='l'>{}</iq>",
            owner("<subscriptions node='blog'/>")
        ))
        .await;
    let list = juliet.expect("<iq type='result' id='l'/>").await;
    assert!(
        !list.as_str().contains("<subscription "),
        "{}",
        list.as_str()
    );
    // What says nothing changes nothing.
    let silent =
        owner("<subscriptions node='blog'><subscription jid='romeo@a.example'/></subscriptions>");
    ask(&mut juliet, "set", &silent, "").await;
    // Nobody at all.
    let closed = owner(&format!(
        "<configure node='blog'>{}</configure>",
        form("node_config", &[("subscribe", "0")])
    ));
    ask(&mut juliet, "set", &closed, "").await;
    refused(
        &mut nurse,
        TO_JULIET,
        "set",
        &subscribe,
        "feature-not-implemented",
        "unsupported",
    )
    .await;
}

#[tokio::test]
async fn too_many_requests_and_affiliations_are_refused_with_the_limit() {
    let nodes = skeletons::xep_0060::Settings {
        max_pending: 1,
        max_affiliations: 1,
        max_subscriptions: 2,
        ..Default::default()
    };
    let changes = Changes {
        nodes,
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let mut juliet = login(&server, JULIET).await;
    let mut nurse = login(&server, NURSE).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    publish(&mut juliet, "blog", "1", &[("access_model", "authorize")]).await;
    let subscribe = |who: &str| pubsub(&format!("<subscribe node='blog' jid='{who}@a.example'/>"));
    request(&mut nurse, "set", &subscribe("nurse"), "").await;
    let second = subscribe("romeo");
    romeo
        .send(&format!(
            "<iq type='set' id='r' to='{TO_JULIET}'>{second}</iq>"
        ))
        .await;
    let answer = romeo
        .expect(&super::error("r", "resource-constraint"))
        .await;
    assert!(
        answer.as_str().contains("1 requests wait"),
        "{}",
        answer.as_str()
    );
    // Whoever is named needs not wait.
    let member = owner(
        "<affiliations node='blog'><affiliation jid='nurse@a.example' affiliation='member'/></affiliations>",
    );
    ask(&mut juliet, "set", &member, "").await;
    ask(
        &mut juliet,
        "get",
        &owner("<subscriptions node='blog'/>"),
        &owner("<subscriptions node='blog'><subscription jid='nurse@a.example' subscription='subscribed'/></subscriptions>"),
    )
    .await;
    let more = owner(
        "<affiliations node='blog'><affiliation jid='romeo@a.example' affiliation='member'/></affiliations>",
    );
    refused(&mut juliet, TO_JULIET, "set", &more, "not-allowed", "").await;
    // One more may subscribe, and no third.
    let more = owner(
        "<subscriptions node='blog'><subscription jid='romeo@a.example' subscription='subscribed'/>\
         <subscription jid='juliet@a.example' subscription='subscribed'/></subscriptions>",
    );
    refused(
        &mut juliet,
        TO_JULIET,
        "set",
        &more,
        "not-allowed",
        "too-many-subscriptions",
    )
    .await;
    ask(
        &mut juliet,
        "get",
        &owner("<subscriptions node='blog'/>"),
        &owner(
            "<subscriptions node='blog'><subscription jid='nurse@a.example' subscription='subscribed'/>\
             <subscription jid='romeo@a.example' subscription='subscribed'/></subscriptions>",
        ),
    )
    .await;
}

#[tokio::test]
async fn a_subscription_ends_with_the_presence_of_its_subscriber() {
    let storage = Storage::memory();
    let server = server_with(Changes::default(), storage.clone()).await;
    let mut juliet = login(&server, JULIET).await;
    let quiet = [
        ("access_model", "open"),
        ("send_last_published_item", "never"),
    ];
    publish(&mut juliet, "blog", "1", &quiet).await;
    let mut nurse = login(&server, NURSE).await;
    let subscribe = |jid: &str| {
        pubsub(&format!(
            "<subscribe node='blog' jid='{jid}'/><options>{}</options>",
            form("subscribe_options", &[("expire", "presence")])
        ))
    };
    let listed = async |session: &mut Conversation, jids: &[&str]| {
        session
            .send(&format!(
                "<iq type='get' id='l' to='{TO_JULIET}'>{}</iq>",
                pubsub("<subscriptions/>")
            ))
            .await;
        let list = session.expect("<iq type='result' id='l'/>").await;
        let found = list.as_str().matches("<subscription ").count();
        assert_eq!(found, jids.len(), "{}", list.as_str());
        for jid in jids {
            assert!(list.as_str().contains(jid), "{}", list.as_str());
        }
    };
    // Only for those who are there.
    refused(
        &mut nurse,
        TO_JULIET,
        "set",
        &subscribe("nurse@a.example"),
        "bad-request",
        "invalid-options",
    )
    .await;
    nurse.send("<presence/>").await;
    nurse.expect("<presence/>").await;
    let mut other = join(&server, "nurse@a.example/garden").await;
    nurse
        .expect("<presence from='nurse@a.example/garden'/>")
        .await;
    for jid in ["nurse@a.example", NURSE] {
        request(&mut nurse, "set", &subscribe(jid), "").await;
    }
    let about = pubsub("<options node='blog' jid='nurse@a.example'/>");
    let form_of =
        "<x xmlns='jabber:x:data'><field var='pubsub#expire'><value>presence</value></field></x>";
    let found = pubsub(&format!("<options node='blog'>{form_of}</options>"));
    request(&mut nurse, "get", &about, &found).await;
    publish(&mut juliet, "blog", "2", &[]).await;
    let to = |jid: &str, id: &str| news(id).replace("to='nurse@a.example'", &format!("to='{jid}'"));
    nurse
        .expect_all(&[&to("nurse@a.example", "2"), &to(NURSE, "2")])
        .await;
    other.expect(&to("nurse@a.example", "2")).await;
    // One session goes, the account stays.
    nurse.send("<presence type='unavailable'/>").await;
    nurse.expect("<presence type='unavailable'/>").await;
    other.expect("<presence type='unavailable'/>").await;
    nurse.settle().await;
    juliet.settle().await;
    listed(&mut other, &["nurse@a.example"]).await;
    // The last one goes without a word.
    drop(other);
    let list = format!(
        "<iq type='get' id='l' to='{TO_JULIET}'>{}</iq>",
        pubsub("<subscriptions/>")
    );
    loop {
        nurse.send(&list).await;
        let found = nurse.expect("<iq type='result' id='l'/>").await;
        if !found.as_str().contains("<subscription ") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // It may become one that stays, and none is stored until then.
    nurse.send("<presence/>").await;
    nurse.expect("<presence/>").await;
    let rows = storage.pubsub_subscriptions().unwrap();
    let juliet_jid = sestina_wire::BareJid::parse(TO_JULIET).unwrap();
    request(&mut nurse, "set", &subscribe("nurse@a.example"), "").await;
    assert_eq!(rows.of_service(&juliet_jid).await.unwrap().len(), 0);
    request(&mut nurse, "set", &options(&[("expire", "")]), "").await;
    assert_eq!(rows.of_service(&juliet_jid).await.unwrap().len(), 1);
    nurse.send("<presence type='unavailable'/>").await;
    nurse.expect("<presence type='unavailable'/>").await;
    nurse.settle().await;
    listed(&mut nurse, &["nurse@a.example"]).await;
}
