//! Rosters (§2).

use sestina_session::server::Server;
use sestina_skeletons::rfc_6121 as skeleton;

use crate::{ROSTER, friends, host, login, push, server, with_roster};

#[tokio::test]
async fn a_roster_is_kept_pushed_and_versioned() {
    let server = server().await;
    let mut first = with_roster(&server, "romeo@a.example/first").await;
    let mut second = with_roster(&server, "romeo@a.example/second").await;
    let mut deaf = login(&server, "romeo@a.example/deaf").await;
    for (name, ns) in [
        ("ver", "urn:xmpp:features:rosterver"),
        ("sub", "urn:xmpp:features:pre-approval"),
    ] {
        assert!(deaf.features().root().child(name, ns).is_some(), "{name}");
    }
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
