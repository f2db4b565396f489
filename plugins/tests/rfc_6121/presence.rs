//! Presence (§4).

use crate::{ROSTER, available, friends, login, server, with_roster};

#[tokio::test]
async fn friends_see_each_other_come_change_and_go() {
    let server = server().await;
    let (mut romeo, mut juliet) = friends(
        &server,
        "romeo@a.example/orchard",
        "juliet@a.example/balcony",
    )
    .await;
    romeo
        .send("<presence><show>away</show><priority>5</priority></presence>")
        .await;
    let away = "<presence from='romeo@a.example/orchard'><show>away</show><priority>5</priority></presence>";
    romeo.expect(away).await;
    juliet.expect(away).await;

    // A second session learns of the first, and of the contact; everybody learns of it.
    let mut second = with_roster(&server, "romeo@a.example/garden").await;
    second.send("<presence/>").await;
    second
        .expect_all(&[
            "<presence from='romeo@a.example/garden'/>",
            away,
            "<presence from='juliet@a.example/balcony'/>",
        ])
        .await;
    romeo
        .expect("<presence from='romeo@a.example/garden'/>")
        .await;
    juliet
        .expect("<presence from='romeo@a.example/garden'/>")
        .await;

    // Taken back, and lost.
    second
        .send("<presence type='unavailable'><status>bye</status></presence>")
        .await;
    let gone = "<presence type='unavailable' from='romeo@a.example/garden'><status>bye</status></presence>";
    second.expect(gone).await;
    romeo.expect(gone).await;
    juliet.expect(gone).await;
    second.close().await;
    drop(romeo);
    juliet
        .expect(
            "<presence type='unavailable' from='romeo@a.example/orchard' to='juliet@a.example'/>",
        )
        .await;
    juliet.expect_nothing().await;
}

#[tokio::test]
async fn directed_presence_is_taken_back_with_the_session() {
    let server = server().await;
    let mut nurse = login(&server, "nurse@a.example/kitchen").await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    romeo
        .send("<presence to='nurse@a.example/kitchen'><status>psst</status></presence>")
        .await;
    nurse
        .expect("<presence from='romeo@a.example/orchard'><status>psst</status></presence>")
        .await;
    // Broadcast goes to no stranger, nor does a probe learn anything.
    romeo.send("<presence/>").await;
    romeo
        .expect("<presence from='romeo@a.example/orchard'/>")
        .await;
    nurse
        .send("<presence type='probe' to='romeo@a.example'/>")
        .await;
    nurse.expect_nothing().await;
    drop(romeo);
    nurse.expect("<presence type='unavailable' from='romeo@a.example/orchard' to='nurse@a.example/kitchen'/>").await;
    nurse.expect_nothing().await;
}

#[tokio::test]
async fn one_local_part_on_two_hosts_is_two_accounts() {
    let server = server().await;
    let (mut romeo_a, mut juliet_b) =
        friends(&server, "romeo@a.example/x", "juliet@b.example/x").await;
    let mut romeo_b = available(&server, "romeo@b.example/x").await;
    let mut juliet_a = available(&server, "juliet@a.example/x").await;
    romeo_a
        .send("<presence><status>a</status></presence>")
        .await;
    romeo_a
        .expect("<presence from='romeo@a.example/x'><status>a</status></presence>")
        .await;
    juliet_b
        .expect("<presence from='romeo@a.example/x'><status>a</status></presence>")
        .await;
    romeo_b
        .send("<presence><status>b</status></presence>")
        .await;
    romeo_b
        .expect("<presence from='romeo@b.example/x'><status>b</status></presence>")
        .await;
    romeo_b
        .send(&format!(
            "<iq type='get' id='1'><query xmlns='{ROSTER}'/></iq>"
        ))
        .await;
    let roster = romeo_b.expect("<iq type='result' id='1'/>").await;
    assert_eq!(
        roster
            .root()
            .child("query", ROSTER)
            .unwrap()
            .children()
            .count(),
        0
    );
    juliet_b
        .send("<message type='chat' to='romeo@a.example'><body>a</body></message>")
        .await;
    romeo_a.expect("<message><body>a</body></message>").await;
    for session in [&mut romeo_a, &mut romeo_b, &mut juliet_a, &mut juliet_b] {
        session.expect_nothing().await;
    }
}

#[tokio::test]
async fn directed_presence_is_bounded() {
    let server = server().await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let to = |number: usize| format!("<presence id='p' to='nobody{number}@a.example'/>");
    for number in 0..1000 {
        romeo.send(&to(number)).await;
    }
    romeo.expect_nothing().await;
    romeo.send(&to(1000)).await;
    let refused = romeo
        .expect("<presence type='error' id='p'><error type='wait'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>")
        .await;
    assert!(refused.as_str().contains("1000"), "{}", refused.as_str());
    // Whoever it went to already may be told more, and what is taken back makes room.
    romeo.send(&to(7)).await;
    romeo
        .send("<presence type='unavailable' to='nobody7@a.example'/>")
        .await;
    romeo.send(&to(1000)).await;
    romeo.expect_nothing().await;
}
