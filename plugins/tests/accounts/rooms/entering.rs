//! Entering, being refused, changing, leaving.

use sestina_skeletons::xep_0045::Settings;
use sestina_storage::Storage;

use super::{
    ADMIN, DONE, JOIN, ROOM, USER, ask_room, configuration, knock, left, login, no_subject,
    occupant, refused, romeo_in, room, server, server_of, standing,
};

#[tokio::test]
async fn a_room_is_locked_until_its_owner_has_configured_it() {
    let server = server().await;
    let mut juliet = login(&server, "juliet@a.example/balcony").await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    knock(&mut juliet, "juliet", "").await;
    juliet
        .expect(&occupant("juliet", "owner", "moderator", &[110, 201]))
        .await;
    juliet.expect(&no_subject()).await;
    knock(&mut romeo, "romeo", "").await;
    romeo.expect(&refused("item-not-found")).await;
    // Whoever lost its connection meanwhile is told again what is to be done.
    let mut again = login(&server, "juliet@a.example/garden").await;
    knock(&mut again, "juliet", "").await;
    again
        .expect(&occupant("juliet", "owner", "moderator", &[110, 201]))
        .await;
    juliet
        .expect(&format!("<presence from='{ROOM}/juliet'/>"))
        .await;
    // An empty form takes everything as it is.
    ask_room(
        &mut juliet,
        &format!(
            "<query xmlns='{}'><x xmlns='jabber:x:data' type='submit'/></query>",
            super::OWNER
        ),
    )
    .await;
    juliet.expect(DONE).await;
    knock(&mut romeo, "romeo", "").await;
    romeo
        .expect(&occupant("juliet", "owner", "moderator", &[]))
        .await;
}

#[tokio::test]
async fn who_enters_is_told_of_the_others_then_of_itself_then_the_subject() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    knock(&mut romeo, "romeo", "").await;
    let others = romeo
        .expect(&occupant("juliet", "owner", "moderator", &[]))
        .await;
    // Only moderators know who somebody is.
    let item = others.root().child("x", USER).unwrap();
    let item = item.child("item", USER).unwrap();
    assert!(item.attr("jid").is_none());
    let own = romeo
        .expect(&occupant("romeo", "none", "participant", &[110]))
        .await;
    assert!(
        own.root()
            .child("occupant-id", "urn:xmpp:occupant-id:0")
            .is_some()
    );
    romeo.expect(&no_subject()).await;
    juliet
        .expect(&format!("<presence from='{ROOM}/romeo'><x xmlns='{USER}'><item jid='romeo@a.example/orchard' role='participant' affiliation='none'/></x></presence>"))
        .await;
}

#[tokio::test]
async fn everybody_may_know_everybody_where_the_room_is_so() {
    let server = server().await;
    let _juliet = room(&server, &[("whois", "anyone")]).await;
    // The room is new: nothing has been announced of it.
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    knock(&mut romeo, "romeo", "").await;
    romeo
        .expect(&format!("<presence from='{ROOM}/juliet'><x xmlns='{USER}'><item jid='juliet@a.example/balcony'/></x></presence>"))
        .await;
    romeo
        .expect(&occupant("romeo", "none", "participant", &[110, 100]))
        .await;
}

#[tokio::test]
async fn who_may_not_enter_is_told_why() {
    let server = server().await;
    let mut juliet = room(
        &server,
        &[("passwordprotectedroom", "1"), ("roomsecret", "rose")],
    )
    .await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    romeo
        .send(&format!(
            "<presence to='{ROOM}'><x xmlns='{JOIN}'/></presence>"
        ))
        .await;
    romeo.expect(&refused("jid-malformed")).await;
    romeo.send(&format!("<presence to='{ROOM}/romeo'/>")).await;
    romeo.expect(&refused("not-acceptable")).await;
    knock(&mut romeo, "romeo", "").await;
    romeo.expect(&refused("not-authorized")).await;
    knock(&mut romeo, "romeo", "<password>thorn</password>").await;
    romeo.expect(&refused("not-authorized")).await;
    knock(&mut romeo, "juliet", "<password>rose</password>").await;
    romeo.expect(&refused("conflict")).await;

    ask_room(&mut juliet, &configuration(&[("membersonly", "1")])).await;
    juliet
        .expect(&format!(
            "<message type='groupchat'><x xmlns='{USER}'><status code='104'/></x></message>"
        ))
        .await;
    juliet.expect(DONE).await;
    knock(&mut romeo, "romeo", "<password>rose</password>").await;
    romeo.expect(&refused("registration-required")).await;

    ask_room(
        &mut juliet,
        &format!(
            "<query xmlns='{ADMIN}'><item jid='romeo@a.example' affiliation='outcast'/></query>"
        ),
    )
    .await;
    juliet.expect(&standing("romeo@a.example", "outcast")).await;
    juliet.expect(DONE).await;
    knock(&mut romeo, "romeo", "<password>rose</password>").await;
    romeo.expect(&refused("forbidden")).await;

    ask_room(
        &mut juliet,
        &format!(
            "<query xmlns='{ADMIN}'><item jid='romeo@a.example' affiliation='member'/></query>"
        ),
    )
    .await;
    juliet.expect(&standing("romeo@a.example", "member")).await;
    juliet.expect(DONE).await;
    knock(&mut romeo, "romeo", "<password>rose</password>").await;
    romeo
        .expect(&occupant("juliet", "owner", "moderator", &[]))
        .await;
    romeo
        .expect(&occupant("romeo", "member", "participant", &[110]))
        .await;
}

#[tokio::test]
async fn limits_say_which_they_are() {
    let settings = Settings {
        max_rooms: 1,
        max_nickname: 10,
        max_occupants: 1,
        ..Settings::default()
    };
    let server = server_of(settings, Storage::memory()).await;
    let mut juliet = room(&server, &[]).await;
    juliet
        .send(&format!(
            "<presence to='other@conference.a.example/j'><x xmlns='{JOIN}'/></presence>"
        ))
        .await;
    let error = juliet.expect(&refused("resource-constraint")).await;
    assert!(error.root().to_any().to_document().contains("max_rooms"));
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    knock(&mut romeo, "a-very-long-name", "").await;
    let error = romeo.expect(&refused("not-acceptable")).await;
    assert!(error.root().to_any().to_document().contains("max_nickname"));
    knock(&mut romeo, "romeo", "").await;
    romeo.expect(&refused("service-unavailable")).await;
}

#[tokio::test]
async fn a_nickname_is_shared_by_the_sessions_of_one_account() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut tower = login(&server, "juliet@a.example/tower").await;
    knock(&mut tower, "juliet", "").await;
    tower
        .expect(&occupant("juliet", "owner", "moderator", &[110]))
        .await;
    tower.expect(&no_subject()).await;
    juliet
        .expect(&occupant("juliet", "owner", "moderator", &[110]))
        .await;
    tower
        .send(&format!(
            "<message to='{ROOM}' type='groupchat'><body>both</body></message>"
        ))
        .await;
    for session in [&mut juliet, &mut tower] {
        session
            .expect(&format!(
                "<message from='{ROOM}/juliet' type='groupchat'><body>both</body></message>"
            ))
            .await;
    }
    // One of them goes: the other is still there.
    tower
        .send(&format!(
            "<presence to='{ROOM}/juliet' type='unavailable'/>"
        ))
        .await;
    tower.expect(&left("juliet", "<status code='110'/>")).await;
    juliet
        .expect(&occupant("juliet", "owner", "moderator", &[110]))
        .await;
}

/// Nobody who sends a password in wants a room that is open to everybody.
#[tokio::test]
async fn a_password_alone_protects_the_room() {
    let server = server().await;
    let mut juliet = room(&server, &[("roomsecret", "rose")]).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    knock(&mut romeo, "romeo", "").await;
    // The room says so, not whoever has the nickname.
    romeo
        .expect(&format!(
            "<presence type='error' from='{ROOM}/romeo'><error type='auth' by='{ROOM}'>\
             <not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"
        ))
        .await;
    let emptied = configuration(&[("roomsecret", "")]).replace("<value></value>", "");
    ask_room(&mut juliet, &emptied).await;
    juliet
        .expect(&format!(
            "<message type='groupchat'><x xmlns='{USER}'><status code='104'/></x></message>"
        ))
        .await;
    juliet.expect(DONE).await;
    knock(&mut romeo, "romeo", "").await;
    romeo
        .expect(&occupant("juliet", "owner", "moderator", &[]))
        .await;
}

#[tokio::test]
async fn who_is_in_the_room_may_probe_who_else_is() {
    let server = server().await;
    let mut juliet = room(&server, &[("presencebroadcast", "moderator")]).await;
    let probe = |nick: &str| format!("<presence to='{ROOM}/{nick}' type='probe'/>");
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    romeo.send(&probe("juliet")).await;
    romeo
        .expect(&format!(
            "<presence type='error' from='{ROOM}/juliet'><error by='{ROOM}'>\
             <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"
        ))
        .await;
    knock(&mut romeo, "romeo", "").await;
    romeo
        .expect(&occupant("juliet", "owner", "moderator", &[]))
        .await;
    romeo
        .expect(&occupant("romeo", "none", "participant", &[110]))
        .await;
    romeo.expect(&no_subject()).await;
    romeo.send(&probe("juliet")).await;
    romeo
        .expect(&occupant("juliet", "owner", "moderator", &[]))
        .await;
    // Whose presence is not shown is there for moderators, with the address.
    juliet.send(&probe("romeo")).await;
    juliet
        .expect(&format!(
            "<presence from='{ROOM}/romeo'><x xmlns='{USER}'>\
             <item affiliation='none' role='participant' jid='romeo@a.example/orchard'/></x></presence>"
        ))
        .await;
    juliet.send(&probe("nobody")).await;
    juliet
        .expect(&left("nobody", "<item affiliation='none' role='none'/>"))
        .await;
}

#[tokio::test]
async fn presence_and_nickname_change() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    romeo
        .send(&format!(
            "<presence to='{ROOM}/romeo'><show>away</show></presence>"
        ))
        .await;
    juliet
        .expect(&format!(
            "<presence from='{ROOM}/romeo'><show>away</show></presence>"
        ))
        .await;
    romeo
        .expect(&format!(
            "<presence from='{ROOM}/romeo'><show>away</show></presence>"
        ))
        .await;
    romeo.send(&format!("<presence to='{ROOM}/juliet'/>")).await;
    romeo.expect(&refused("conflict")).await;
    romeo
        .send(&format!("<presence to='{ROOM}/montague'/>"))
        .await;
    juliet
        .expect(&left(
            "romeo",
            "<item nick='montague' role='participant'/><status code='303'/>",
        ))
        .await;
    juliet
        .expect(&occupant("montague", "none", "participant", &[]))
        .await;
    romeo
        .expect(&left(
            "romeo",
            "<item nick='montague' role='participant'/><status code='303'/><status code='110'/>",
        ))
        .await;
    romeo
        .expect(&occupant("montague", "none", "participant", &[110]))
        .await;
}

#[tokio::test]
async fn who_leaves_or_ends_the_session_is_gone() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    romeo
        .send(&format!(
            "<presence to='{ROOM}/romeo' type='unavailable'><status>adieu</status></presence>"
        ))
        .await;
    romeo
        .expect(&left("romeo", "<item role='none'/><status code='110'/>"))
        .await;
    juliet
        .expect(&format!(
            "<presence type='unavailable' from='{ROOM}/romeo'><status>adieu</status></presence>"
        ))
        .await;
    knock(&mut romeo, "romeo", "").await;
    juliet
        .expect(&occupant("romeo", "none", "participant", &[]))
        .await;
    romeo.close().await;
    juliet.expect(&left("romeo", "<item role='none'/>")).await;
}

#[tokio::test]
async fn a_room_that_does_not_stay_is_gone_with_the_last() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    juliet
        .send(&format!(
            "<presence to='{ROOM}/juliet' type='unavailable'/>"
        ))
        .await;
    juliet.expect(&left("juliet", "<status code='110'/>")).await;
    juliet
        .send(&format!("<iq type='get' id='1' to='{ROOM}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"))
        .await;
    juliet.expect(&crate::error("1", "item-not-found")).await;
}
