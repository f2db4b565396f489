//! XEP-0486: the picture of a room.

use sestina_session::testing::Conversation;
use sestina_skeletons::xep_0045::Settings;
use sestina_storage::Storage;

use crate::server_with;

use super::{
    Changes, DONE, OWNER, ROOM, USER, ask_room, configuration, knock, login, no_subject, occupant,
    romeo_in, room, server_of,
};

const INFO: &str = "http://jabber.org/protocol/disco#info";
/// `hello`, and its SHA-1.
const PHOTO: &str = "<PHOTO><TYPE>image/png</TYPE><BINVAL>aGVsbG8=</BINVAL></PHOTO>";
const HASH: &str = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";

fn card(inside: &str) -> String {
    format!("<vCard xmlns='vcard-temp'>{inside}</vCard>")
}

/// Asks the room something, and what it answers.
async fn get(session: &mut Conversation, payload: &str, answer: &str) -> String {
    session
        .send(&format!("<iq type='get' id='g' to='{ROOM}'>{payload}</iq>"))
        .await;
    let frame = session
        .expect(&format!("<iq type='result' id='g'>{answer}</iq>"))
        .await;
    frame.as_str().to_owned()
}

async fn info(session: &mut Conversation) -> String {
    get(session, &format!("<query xmlns='{INFO}'/>"), "").await
}

fn changed() -> String {
    format!(
        "<message type='groupchat' from='{ROOM}'><x xmlns='{USER}'><status code='104'/></x></message>"
    )
}

#[tokio::test]
async fn owners_give_a_room_a_picture_and_everybody_sees_it() {
    let cards = sestina_skeletons::xep_0054::Settings {
        max_size: "1KiB".parse().unwrap(),
        ..Default::default()
    };
    let changes = Changes {
        rooms: Some(Settings::default()),
        cards,
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    let found = info(&mut romeo).await;
    assert!(
        found.contains("vcard-temp") && !found.contains("avatarhash"),
        "{found}"
    );
    ask_room(&mut romeo, &card(PHOTO)).await;
    romeo.expect(&crate::error("r", "forbidden")).await;
    ask_room(&mut juliet, &card(PHOTO)).await;
    juliet.expect(&changed()).await;
    juliet.expect(DONE).await;
    romeo.expect(&changed()).await;
    let found = info(&mut romeo).await;
    assert!(found.contains(HASH), "{found}");
    // Nobody has to be in the room for that.
    let mut nurse = login(&server, "nurse@a.example/kitchen").await;
    get(&mut nurse, &card(""), &card(PHOTO)).await;
    ask_room(&mut juliet, &card("")).await;
    juliet.expect(&changed()).await;
    juliet.expect(DONE).await;
    romeo.expect(&changed()).await;
    let found = info(&mut romeo).await;
    assert!(!found.contains("avatarhash"), "{found}");
    let large = "a".repeat(2000);
    ask_room(&mut juliet, &card(&format!("<DESC>{large}</DESC>"))).await;
    juliet.expect(&crate::error("r", "policy-violation")).await;
}

#[tokio::test]
async fn the_picture_of_a_room_that_stays_comes_back_after_a_restart() {
    let storage = Storage::memory();
    let server = server_of(Settings::default(), storage.clone()).await;
    let mut juliet = room(&server, &[]).await;
    // It is there before the room stays.
    ask_room(&mut juliet, &card(PHOTO)).await;
    juliet.expect(&changed()).await;
    juliet.expect(DONE).await;
    ask_room(&mut juliet, &configuration(&[("persistentroom", "1")])).await;
    juliet.expect(&changed()).await;
    juliet.expect(DONE).await;
    server.shutdown().await;

    let server = server_of(Settings::default(), storage).await;
    let mut juliet = login(&server, "juliet@a.example/balcony").await;
    let found = info(&mut juliet).await;
    assert!(found.contains(HASH), "{found}");
    get(&mut juliet, &card(""), &card(PHOTO)).await;
    // A room that is destroyed takes it along: another of the same name has none.
    ask_room(
        &mut juliet,
        &format!("<query xmlns='{OWNER}'><destroy/></query>"),
    )
    .await;
    juliet.expect(DONE).await;
    knock(&mut juliet, "juliet", "").await;
    juliet
        .expect(&occupant("juliet", "owner", "moderator", &[110, 201]))
        .await;
    juliet.expect(&no_subject()).await;
    ask_room(&mut juliet, &configuration(&[("persistentroom", "1")])).await;
    juliet.expect(DONE).await;
    let found = info(&mut juliet).await;
    assert!(!found.contains("avatarhash"), "{found}");
    let empty = get(&mut juliet, &card(""), &card("")).await;
    assert!(!empty.contains("PHOTO"), "{empty}");
}
