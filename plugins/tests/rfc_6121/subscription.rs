//! Subscriptions (§3).

use sestina_session::server::Server;
use sestina_skeletons::rfc_6121 as skeleton;

use crate::{ROSTER, available, friends, host, login, push, server, with_roster};

#[tokio::test]
async fn a_request_waits_for_who_is_not_there() {
    let server = server().await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    romeo.send("<presence type='subscribe' id='s' to='juliet@a.example/anything'><status>please</status></presence>").await;
    romeo
        .expect(&push(
            "jid='juliet@a.example' subscription='none' ask='subscribe'",
        ))
        .await;
    romeo.settle().await;
    let request = "<presence type='subscribe' from='romeo@a.example' to='juliet@a.example'><status>please</status></presence>";
    for _ in 0..2 {
        let mut juliet = with_roster(&server, "juliet@a.example/balcony").await;
        juliet.expect_nothing().await;
        juliet.send("<presence/>").await;
        juliet
            .expect_all(&["<presence from='juliet@a.example/balcony'/>", request])
            .await;
        // It is not in the roster meanwhile.
        juliet
            .send(&format!(
                "<iq type='get' id='r'><query xmlns='{ROSTER}'/></iq>"
            ))
            .await;
        let roster = juliet.expect("<iq type='result' id='r'/>").await;
        assert_eq!(
            roster
                .root()
                .child("query", ROSTER)
                .unwrap()
                .children()
                .count(),
            0
        );
        juliet.close().await;
    }
    // Refused while nobody who asked for a roster is there to hear of it.
    let mut juliet = login(&server, "juliet@a.example/balcony").await;
    juliet
        .send("<presence type='unsubscribed' to='romeo@a.example'/>")
        .await;
    romeo
        .expect("<presence type='unsubscribed' from='juliet@a.example'/>")
        .await;
    romeo
        .expect(&push("jid='juliet@a.example' subscription='none'"))
        .await;
    juliet.send("<presence/>").await;
    juliet
        .expect("<presence from='juliet@a.example/balcony'/>")
        .await;
    juliet.expect_nothing().await;
}

#[tokio::test]
async fn a_subscription_ends_from_either_side() {
    let server = server().await;
    let (mut romeo, mut juliet) = friends(
        &server,
        "romeo@a.example/orchard",
        "juliet@a.example/balcony",
    )
    .await;
    let mut deaf = login(&server, "juliet@a.example/deaf").await;
    deaf.send("<presence><priority>-1</priority></presence>")
        .await;
    deaf.expect_all(&[
        "<presence from='juliet@a.example/deaf'/>",
        "<presence from='juliet@a.example/balcony'/>",
    ])
    .await;
    juliet
        .expect("<presence from='juliet@a.example/deaf'/>")
        .await;
    romeo
        .expect("<presence from='juliet@a.example/deaf'/>")
        .await;

    romeo
        .send("<presence type='unsubscribe' to='juliet@a.example'/>")
        .await;
    romeo
        .expect(&push("jid='juliet@a.example' subscription='from'"))
        .await;
    juliet
        .expect("<presence type='unsubscribe' from='romeo@a.example'/>")
        .await;
    juliet
        .expect(&push("jid='romeo@a.example' subscription='to'"))
        .await;
    romeo
        .expect_all(&[
            "<presence type='unavailable' from='juliet@a.example/balcony'/>",
            "<presence type='unavailable' from='juliet@a.example/deaf'/>",
        ])
        .await;
    romeo
        .send("<presence type='unsubscribed' to='juliet@a.example'/>")
        .await;
    romeo
        .expect(&push("jid='juliet@a.example' subscription='none'"))
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
    // The session that never asked for the roster heard of presence only.
    deaf.expect("<presence from='romeo@a.example/orchard'/>")
        .await;
    deaf.expect("<presence type='unavailable' from='romeo@a.example/orchard'/>")
        .await;
    deaf.expect_nothing().await;
}

#[tokio::test]
async fn who_was_approved_before_is_let_in_at_once() {
    let server = server().await;
    let mut juliet = available(&server, "juliet@a.example/balcony").await;
    juliet
        .send("<presence type='subscribed' to='romeo@a.example'/>")
        .await;
    juliet
        .expect(&push(
            "jid='romeo@a.example' subscription='none' approved='true'",
        ))
        .await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    romeo
        .send("<presence type='subscribe' to='juliet@a.example'/>")
        .await;
    romeo
        .expect(&push(
            "jid='juliet@a.example' subscription='none' ask='subscribe'",
        ))
        .await;
    romeo
        .expect("<presence type='subscribed' from='juliet@a.example'/>")
        .await;
    romeo
        .expect(&push("jid='juliet@a.example' subscription='to'"))
        .await;
    romeo
        .expect("<presence from='juliet@a.example/balcony'/>")
        .await;
    juliet
        .expect(&push("jid='romeo@a.example' subscription='from'"))
        .await;
    juliet.expect_nothing().await;
}

#[tokio::test]
async fn one_request_too_many_is_refused_with_the_limit() {
    let settings = skeleton::Settings {
        max_subscription_requests: 1,
        ..skeleton::Settings::default()
    };
    let config = host("a.example", &["romeo", "juliet", "nurse"], settings).await;
    let server = Server::builder().host(config).start().await.unwrap();
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let mut nurse = login(&server, "nurse@a.example/house").await;
    let ask = "<presence type='subscribe' id='s' to='juliet@a.example'/>";
    romeo.send(ask).await;
    romeo.settle().await;
    nurse.send(ask).await;
    let refused = nurse
        .expect(
            "<presence type='error'><error><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>",
        )
        .await;
    assert!(
        refused.as_str().contains("1 requests wait"),
        "{}",
        refused.as_str()
    );
}
