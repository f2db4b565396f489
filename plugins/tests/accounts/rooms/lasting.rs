//! What lasts: rooms that stay, what was said in them, and how they are found.

use sestina_skeletons::xep_0045::Settings;
use sestina_storage::Storage;

use super::{
    ROOM, ask_room, configuration, knock, login, occupant, refused, romeo_in, room, server,
    server_of,
};

const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";

#[tokio::test]
async fn a_room_that_stays_comes_back_after_a_restart() {
    let storage = Storage::memory();
    let server = server_of(Settings::default(), storage.clone()).await;
    let mut juliet = room(
        &server,
        &[
            ("persistentroom", "1"),
            ("roomname", "The Garden"),
            ("passwordprotectedroom", "1"),
            ("roomsecret", "rose"),
        ],
    )
    .await;
    for inside in [
        "<subject>sun</subject>",
        "<body>one</body>",
        "<body>two</body>",
    ] {
        juliet
            .send(&format!(
                "<message to='{ROOM}' type='groupchat'>{inside}</message>"
            ))
            .await;
        juliet.expect(&format!("<message>{inside}</message>")).await;
    }
    ask_room(&mut juliet, "<query xmlns='http://jabber.org/protocol/muc#admin'><item jid='nurse@a.example' affiliation='outcast'/></query>").await;
    juliet
        .expect(&super::standing("nurse@a.example", "outcast"))
        .await;
    juliet.expect(super::DONE).await;
    server.shutdown().await;

    let server = server_of(Settings::default(), storage).await;
    let mut nurse = login(&server, "nurse@a.example/kitchen").await;
    knock(&mut nurse, "nurse", "<password>rose</password>").await;
    nurse.expect(&refused("forbidden")).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    knock(&mut romeo, "romeo", "").await;
    romeo.expect(&refused("not-authorized")).await;
    knock(&mut romeo, "romeo", "<password>rose</password>").await;
    romeo
        .expect(&occupant("romeo", "none", "participant", &[110]))
        .await;
    for text in ["one", "two"] {
        romeo
            .expect(&format!("<message from='{ROOM}/juliet' type='groupchat'><body>{text}</body><stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}'/><delay xmlns='urn:xmpp:delay'/></message>"))
            .await;
    }
    romeo
        .expect(&format!("<message from='{ROOM}/juliet' type='groupchat'><subject>sun</subject><delay xmlns='urn:xmpp:delay'/></message>"))
        .await;
    romeo
        .send(&format!(
            "<iq type='get' id='1' to='{ROOM}'><query xmlns='{INFO}'/></iq>"
        ))
        .await;
    romeo
        .expect(&format!("<iq type='result' id='1'><query xmlns='{INFO}'><identity category='conference' type='text' name='The Garden'/><feature var='muc_persistent'/><feature var='muc_passwordprotected'/><feature var='urn:xmpp:mam:2'/></query></iq>"))
        .await;
}

#[tokio::test]
async fn the_archive_of_a_room_is_for_those_who_may_enter() {
    let server = server().await;
    let mut juliet = room(&server, &[("persistentroom", "1")]).await;
    let mut ids = Vec::new();
    for text in ["one", "two"] {
        juliet
            .send(&format!(
                "<message to='{ROOM}' type='groupchat'><body>{text}</body></message>"
            ))
            .await;
        let said = juliet
            .expect(&format!("<message><body>{text}</body></message>"))
            .await;
        let id = said.root().child("stanza-id", "urn:xmpp:sid:0").unwrap();
        ids.push(id.attr("id").unwrap().to_string());
    }
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    romeo
        .send(&format!(
            "<iq type='set' id='q' to='{ROOM}'><query xmlns='urn:xmpp:mam:2' queryid='f'/></iq>"
        ))
        .await;
    for (text, id) in ["one", "two"].iter().zip(&ids) {
        romeo
            .expect(&format!("<message from='{ROOM}'><result xmlns='urn:xmpp:mam:2' queryid='f' id='{id}'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='{ROOM}/juliet' type='groupchat'><body>{text}</body></message></forwarded></result></message>"))
            .await;
    }
    romeo
        .expect("<iq type='result' id='q'><fin xmlns='urn:xmpp:mam:2' complete='true'/></iq>")
        .await;
    ask_room(&mut juliet, &configuration(&[("membersonly", "1")])).await;
    juliet.expect("<message type='groupchat'/>").await;
    juliet.expect(super::DONE).await;
    romeo
        .send(&format!(
            "<iq type='set' id='q' to='{ROOM}'><query xmlns='urn:xmpp:mam:2'/></iq>"
        ))
        .await;
    romeo.expect(&crate::error("q", "forbidden")).await;
}

#[tokio::test]
async fn public_rooms_are_listed_page_by_page_and_hidden_ones_are_not() {
    let server = server().await;
    let mut juliet = room(&server, &[("roomname", "The Garden")]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    romeo
        .send(&format!(
            "<iq type='get' id='0' to='a.example'><query xmlns='{ITEMS}'/></iq>"
        ))
        .await;
    romeo
        .expect(&format!("<iq type='result' id='0'><query xmlns='{ITEMS}'><item jid='conference.a.example'/></query></iq>"))
        .await;
    romeo
        .send(&format!(
            "<iq type='get' id='1' to='conference.a.example'><query xmlns='{INFO}'/></iq>"
        ))
        .await;
    romeo
        .expect(&format!("<iq type='result' id='1'><query xmlns='{INFO}'><identity category='conference' type='text'/><feature var='http://jabber.org/protocol/muc'/></query></iq>"))
        .await;
    romeo
        .send(&format!("<iq type='get' id='2' to='conference.a.example'><query xmlns='{ITEMS}'><set xmlns='http://jabber.org/protocol/rsm'><max>1</max></set></query></iq>"))
        .await;
    romeo
        .expect(&format!("<iq type='result' id='2'><query xmlns='{ITEMS}'><item jid='{ROOM}' name='The Garden'/><set xmlns='http://jabber.org/protocol/rsm'><count>1</count></set></query></iq>"))
        .await;
    ask_room(&mut juliet, &configuration(&[("publicroom", "0")])).await;
    romeo.expect("<message type='groupchat'/>").await;
    romeo
        .send(&format!(
            "<iq type='get' id='3' to='conference.a.example'><query xmlns='{ITEMS}'/></iq>"
        ))
        .await;
    let answer = romeo
        .expect(&format!(
            "<iq type='result' id='3'><query xmlns='{ITEMS}'/></iq>"
        ))
        .await;
    assert_eq!(
        answer
            .root()
            .child("query", ITEMS)
            .unwrap()
            .children()
            .count(),
        0
    );
}
