//! XEP-0513: who may mention whom.

use sestina_session::testing::Conversation;
use sestina_skeletons::xep_0045::Settings;
use sestina_storage::Storage;

use super::{DONE, ROOM, ask_room, login, romeo_in, room, server, server_of};

const NS: &str = "urn:xmpp:mentions:0";
const DATA: &str = "jabber:x:data";

/// The form sent in: how many, and who may mention people, the room, servers, roles and hats.
fn filled_in(values: [&str; 6]) -> String {
    let vars = [
        "count",
        "individual",
        "channel",
        "server",
        "associations",
        "hats",
    ];
    let fields: String = vars
        .iter()
        .zip(values)
        .map(|(var, value)| format!("<field var='mentions#{var}'><value>{value}</value></field>"))
        .collect();
    format!(
        "<query xmlns='{NS}'><x xmlns='{DATA}' type='submit'><field var='FORM_TYPE'><value>{NS}</value></field>{fields}</x></query>"
    )
}

async fn info(session: &mut Conversation) -> String {
    session
        .send(&format!("<iq type='get' id='i' to='{ROOM}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"))
        .await;
    let answer = session.expect("<iq type='result' id='i'/>").await;
    answer.as_str().to_owned()
}

#[tokio::test]
async fn owners_say_who_may_mention_whom() {
    let storage = Storage::memory();
    let server = server_of(Settings::default(), storage.clone()).await;
    let mut juliet = room(&server, &[("persistentroom", "1")]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    romeo
        .send(&format!(
            "<iq type='get' id='g' to='{ROOM}'><query xmlns='{NS}'/></iq>"
        ))
        .await;
    romeo
        .expect(&format!(
            "<iq type='result' id='g'><query xmlns='{NS}'><x xmlns='{DATA}' type='form'>\
             <field var='mentions#count' type='text-single'><required/><value>20</value></field>\
             <field var='mentions#individual' type='list-single'><required/><value>participants</value>\
             <option><value>participants</value></option><option><value>moderators</value></option><option><value>none</value></option></field>\
             <field var='mentions#channel'><value>participants</value></field></x></query></iq>"
        ))
        .await;
    let wanted = filled_in([
        "2",
        "participants",
        "moderators",
        "none",
        "participants",
        "participants",
    ]);
    ask_room(&mut romeo, &wanted).await;
    romeo.expect(&crate::error("r", "forbidden")).await;
    for wrong in [
        filled_in(["many", "participants", "none", "none", "none", "none"]),
        filled_in(["2", "friends", "none", "none", "none", "none"]),
    ] {
        ask_room(&mut juliet, &wrong).await;
        juliet.expect(&crate::error("r", "not-acceptable")).await;
    }
    ask_room(&mut juliet, &format!("<query xmlns='{NS}'/>")).await;
    juliet.expect(&crate::error("r", "bad-request")).await;
    // Everybody hears what is different, and nothing else.
    ask_room(&mut juliet, &wanted).await;
    for session in [&mut juliet, &mut romeo] {
        let news = session
            .expect(&format!(
                "<message type='groupchat' from='{ROOM}'><x xmlns='{DATA}' type='result'><field var='mentions#count'><value>2</value></field>\
                 <field var='mentions#channel'><value>moderators</value></field><field var='mentions#server'><value>none</value></field></x></message>"
            ))
            .await;
        assert!(
            !news.as_str().contains("mentions#hats"),
            "{}",
            news.as_str()
        );
    }
    juliet.expect(DONE).await;
    server.shutdown().await;

    let server = server_of(Settings::default(), storage).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let told = info(&mut romeo).await;
    for part in [
        "<feature var='urn:xmpp:mentions:0'/>",
        "<feature var='urn:xmpp:mentions:0#channel'/>",
        "<field var='mentions#channel'><value>moderators</value></field>",
        "<field var='mentions#count'><value>2</value></field>",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[tokio::test]
async fn nobody_hears_of_mentions_that_are_not_permitted() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    ask_room(
        &mut juliet,
        &filled_in([
            "2",
            "participants",
            "moderators",
            "none",
            "moderators",
            "none",
        ]),
    )
    .await;
    juliet.expect("<message/>").await;
    juliet.expect(DONE).await;
    romeo.expect("<message/>").await;
    let one = "<mention xmlns='urn:xmpp:mentions:0' occupantid='x'/>";
    let group = |what: &str| format!("<mention xmlns='{NS}' mentions='{NS}#{what}'/>");
    let other = "<mention xmlns='urn:xmpp:mentions:0' mentions='urn:example:crew'/>".to_owned();
    // What is said, by a moderator or not, and what everybody hears of it.
    let cases = [
        (true, one.repeat(2), one.repeat(2)),
        (false, one.repeat(2), one.repeat(2)),
        (false, one.repeat(3), String::new()),
        (true, group("channel"), group("channel")),
        (false, group("channel"), String::new()),
        (true, group("server"), String::new()),
        (true, group("admin"), group("admin")),
        (false, group("admin"), String::new()),
        (true, group("hats"), String::new()),
        (false, format!("{one}{}", group("channel")), one.to_owned()),
        // The room knows nothing of it.
        (false, other.clone(), other),
    ];
    for (moderator, said, heard) in cases {
        let speaker = match moderator {
            true => &mut juliet,
            false => &mut romeo,
        };
        speaker
            .send(&format!(
                "<message to='{ROOM}' type='groupchat'><body>hello</body>{said}</message>"
            ))
            .await;
        for session in [&mut juliet, &mut romeo] {
            let got = session
                .expect(&format!("<message><body>hello</body>{heard}</message>"))
                .await;
            let count = got.as_str().matches("<mention").count();
            assert_eq!(count, heard.matches("<mention").count(), "{}", got.as_str());
        }
    }
}
