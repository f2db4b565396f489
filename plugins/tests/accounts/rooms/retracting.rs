//! XEP-0424 and XEP-0425 in rooms: what is taken back, by whom, and what is left of it.

use sestina_session::testing::Conversation;

use super::{DONE, ROOM, ask_room, knock, login, no_subject, occupant, romeo_in, room, server};

const RETRACT: &str = "urn:xmpp:message-retract:1";
const MODERATE: &str = "urn:xmpp:message-moderate:1";

/// Says something, which the speaker and another hear; under which id the room keeps it.
async fn say(speaker: &mut Conversation, other: &mut Conversation, inside: &str) -> String {
    speaker
        .send(&format!(
            "<message id='m' to='{ROOM}' type='groupchat'>{inside}</message>"
        ))
        .await;
    let expected = format!("<message type='groupchat'>{inside}</message>");
    other.expect(&expected).await;
    let said = speaker.expect(&expected).await;
    let id = said.root().child("stanza-id", "urn:xmpp:sid:0").unwrap();
    id.attr("id").unwrap().to_string()
}

/// The archive of the room, message by message.
async fn archived(session: &mut Conversation, inside: &[String]) {
    session
        .send(&format!(
            "<iq type='set' id='q' to='{ROOM}'><query xmlns='urn:xmpp:mam:2'/></iq>"
        ))
        .await;
    for inside in inside {
        session
            .expect(&format!("<message from='{ROOM}'><result xmlns='urn:xmpp:mam:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' type='groupchat'>{inside}</message></forwarded></result></message>"))
            .await;
    }
    session
        .expect("<iq type='result' id='q'><fin xmlns='urn:xmpp:mam:2' complete='true'/></iq>")
        .await;
}

#[tokio::test]
async fn who_takes_a_message_back_leaves_a_tombstone() {
    let server = server().await;
    let mut juliet = room(&server, &[("persistentroom", "1")]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    let id = say(&mut romeo, &mut juliet, "<body>by yonder moon</body>").await;
    say(&mut juliet, &mut romeo, "<body>swear not</body>").await;
    let retract = format!("<retract xmlns='{RETRACT}' id='{id}'/>");
    romeo
        .send(&format!(
            "<message id='r1' to='{ROOM}' type='groupchat'>{retract}</message>"
        ))
        .await;
    for session in [&mut juliet, &mut romeo] {
        session
            .expect(&format!(
                "<message id='r1' type='groupchat'>{retract}</message>"
            ))
            .await;
    }
    let tombstone = format!(
        "<occupant-id xmlns='urn:xmpp:occupant-id:0'/><retracted xmlns='{RETRACT}' id='r1'/>"
    );
    archived(
        &mut romeo,
        &[
            tombstone,
            "<body>swear not</body>".to_owned(),
            retract.clone(),
        ],
    )
    .await;
    // Newcomers are not given it.
    let mut nurse = login(&server, "nurse@a.example/kitchen").await;
    knock(&mut nurse, "nurse", "").await;
    nurse
        .expect(&occupant("juliet", "owner", "moderator", &[]))
        .await;
    nurse
        .expect(&occupant("romeo", "none", "participant", &[]))
        .await;
    nurse
        .expect(&occupant("nurse", "none", "participant", &[110]))
        .await;
    nurse
        .expect("<message><body>swear not</body></message>")
        .await;
    nurse.expect(&format!("<message>{retract}</message>")).await;
    nurse.expect(&no_subject()).await;
    nurse
        .send(&format!("<iq type='get' id='d' to='{ROOM}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"))
        .await;
    nurse
        .expect(&format!("<iq type='result' id='d'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='{RETRACT}'/><feature var='{RETRACT}#tombstone'/><feature var='{MODERATE}'/></query></iq>"))
        .await;
}

#[tokio::test]
async fn nobody_takes_back_what_another_said() {
    let server = server().await;
    let mut juliet = room(&server, &[("persistentroom", "1")]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    let id = say(&mut juliet, &mut romeo, "<body>good night</body>").await;
    let retract = format!("<retract xmlns='{RETRACT}' id='{id}'/>");
    say(&mut romeo, &mut juliet, &retract).await;
    archived(
        &mut romeo,
        &["<body>good night</body>".to_owned(), retract.clone()],
    )
    .await;
}

#[tokio::test]
async fn a_moderator_takes_back_what_others_said() {
    let server = server().await;
    for stays in ["0", "1"] {
        let mut juliet = room(&server, &[("persistentroom", stays)]).await;
        let mut romeo = romeo_in(&server, &mut juliet).await;
        let id = say(&mut romeo, &mut juliet, "<body>buy magic potions</body>").await;
        ask_room(
            &mut juliet,
            &format!("<moderate xmlns='{MODERATE}' id='{id}'><retract xmlns='{RETRACT}'/><reason>no trade</reason></moderate>"),
        )
        .await;
        let moderated = format!(
            "<moderated xmlns='{MODERATE}' by='{ROOM}/juliet'><occupant-id xmlns='urn:xmpp:occupant-id:0'/></moderated><reason>no trade</reason>"
        );
        let told = format!("<retract xmlns='{RETRACT}' id='{id}'>{moderated}</retract>");
        for session in [&mut juliet, &mut romeo] {
            session
                .expect(&format!(
                    "<message type='groupchat' from='{ROOM}'>{told}</message>"
                ))
                .await;
        }
        juliet.expect(DONE).await;
        if stays == "1" {
            let tombstone = format!("<retracted xmlns='{RETRACT}'>{moderated}</retracted>");
            archived(&mut romeo, &[tombstone, told]).await;
        }
        // It cannot be taken back twice.
        ask_room(
            &mut juliet,
            &format!(
                "<moderate xmlns='{MODERATE}' id='{id}'><retract xmlns='{RETRACT}'/></moderate>"
            ),
        )
        .await;
        juliet.expect(&crate::error("r", "item-not-found")).await;
        ask_room(
            &mut juliet,
            &format!("<query xmlns='{}'><destroy/></query>", super::OWNER),
        )
        .await;
        juliet.expect("<presence type='unavailable'/>").await;
        juliet.expect(DONE).await;
        romeo.close().await;
        juliet.close().await;
    }
}

#[tokio::test]
async fn only_moderators_moderate_and_only_what_is_there() {
    let server = server().await;
    let mut juliet = room(&server, &[("persistentroom", "1")]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    let id = say(&mut juliet, &mut romeo, "<body>good night</body>").await;
    let moderate = |id: &str| {
        format!("<moderate xmlns='{MODERATE}' id='{id}'><retract xmlns='{RETRACT}'/></moderate>")
    };
    ask_room(&mut romeo, &moderate(&id)).await;
    romeo.expect(&crate::error("r", "forbidden")).await;
    let mut nurse = login(&server, "nurse@a.example/kitchen").await;
    ask_room(&mut nurse, &moderate(&id)).await;
    nurse.expect(&crate::error("r", "not-acceptable")).await;
    ask_room(&mut juliet, &moderate("no-such-id")).await;
    juliet.expect(&crate::error("r", "item-not-found")).await;
    ask_room(
        &mut juliet,
        &format!("<moderate xmlns='{MODERATE}' id='{id}'/>"),
    )
    .await;
    juliet
        .expect(&crate::error("r", "feature-not-implemented"))
        .await;
    archived(&mut romeo, &["<body>good night</body>".to_owned()]).await;
}
