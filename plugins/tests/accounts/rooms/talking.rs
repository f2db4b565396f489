//! What is said, to whom, and who is heard.

use super::{
    ADMIN, DONE, ROOM, USER, ask_room, configuration, knock, login, no_subject, occupant, romeo_in,
    room, server,
};

#[tokio::test]
async fn everybody_hears_what_somebody_says() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    romeo
        .send(&format!(
            "<message id='m1' to='{ROOM}' type='groupchat'><body>what light</body></message>"
        ))
        .await;
    let expected = format!(
        "<message id='m1' from='{ROOM}/romeo' type='groupchat'><body>what light</body><occupant-id xmlns='urn:xmpp:occupant-id:0'/><stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}'/></message>"
    );
    juliet.expect(&expected).await;
    romeo.expect(&expected).await;
    // Who is not there says nothing.
    let mut nurse = login(&server, "nurse@a.example/kitchen").await;
    nurse
        .send(&format!(
            "<message id='m2' to='{ROOM}' type='groupchat'><body>madam!</body></message>"
        ))
        .await;
    nurse.expect("<message type='error' id='m2'><error><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>").await;
    juliet.expect_nothing().await;
}

#[tokio::test]
async fn newcomers_get_the_history_that_they_ask_for() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    for text in ["one", "two", "three"] {
        juliet
            .send(&format!(
                "<message to='{ROOM}' type='groupchat'><body>{text}</body></message>"
            ))
            .await;
        juliet
            .expect(&format!("<message><body>{text}</body></message>"))
            .await;
    }
    let long_ago = "1970-01-01T00:00:00Z";
    let soon = "2999-01-01T00:00:00Z";
    for (asked, expected) in [
        (String::new(), &["one", "two", "three"][..]),
        ("<history maxstanzas='2'/>".to_owned(), &["two", "three"]),
        ("<history maxchars='0'/>".to_owned(), &[]),
        (
            format!("<history since='{long_ago}'/>"),
            &["one", "two", "three"],
        ),
        (format!("<history since='{soon}'/>"), &[]),
        (
            "<history seconds='1000' maxstanzas='1'/>".to_owned(),
            &["three"],
        ),
    ] {
        let mut romeo = login(&server, "romeo@a.example/orchard").await;
        knock(&mut romeo, "romeo", &asked).await;
        romeo
            .expect(&occupant("juliet", "owner", "moderator", &[]))
            .await;
        romeo
            .expect(&occupant("romeo", "none", "participant", &[110]))
            .await;
        for text in expected {
            romeo
                .expect(&format!("<message from='{ROOM}/juliet' type='groupchat'><body>{text}</body><delay xmlns='urn:xmpp:delay' from='{ROOM}'/></message>"))
                .await;
        }
        romeo.expect(&no_subject()).await;
        romeo.close().await;
    }
}

#[tokio::test]
async fn the_subject_is_told_and_only_some_change_it() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    romeo
        .send(&format!(
            "<message id='s' to='{ROOM}' type='groupchat'><subject>moon</subject></message>"
        ))
        .await;
    romeo.expect("<message type='error' id='s'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>").await;
    juliet
        .send(&format!(
            "<message to='{ROOM}' type='groupchat'><subject>sun</subject></message>"
        ))
        .await;
    for session in [&mut juliet, &mut romeo] {
        session
            .expect(&format!(
                "<message from='{ROOM}/juliet' type='groupchat'><subject>sun</subject></message>"
            ))
            .await;
    }
    // A subject with a body is none.
    romeo
        .send(&format!(
            "<message to='{ROOM}' type='groupchat'><subject>moon</subject><body>x</body></message>"
        ))
        .await;
    juliet.expect("<message><body>x</body></message>").await;
    let mut nurse = login(&server, "nurse@a.example/kitchen").await;
    knock(&mut nurse, "nurse", "<history maxstanzas='0'/>").await;
    nurse
        .expect_all(&[
            &occupant("juliet", "owner", "moderator", &[]),
            &occupant("romeo", "none", "participant", &[]),
        ])
        .await;
    nurse
        .expect(&occupant("nurse", "none", "participant", &[110]))
        .await;
    nurse
        .expect(&format!("<message from='{ROOM}/juliet' type='groupchat'><subject>sun</subject><delay xmlns='urn:xmpp:delay' from='{ROOM}'/></message>"))
        .await;
}

#[tokio::test]
async fn private_messages_go_to_one_and_the_room_may_forbid_them() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    romeo
        .send(&format!(
            "<message to='{ROOM}/juliet' type='chat'><body>psst</body></message>"
        ))
        .await;
    juliet
        .expect(&format!("<message from='{ROOM}/romeo' type='chat'><body>psst</body><x xmlns='{USER}'/></message>"))
        .await;
    romeo
        .send(&format!(
            "<message id='n' to='{ROOM}/nobody' type='chat'><body>psst</body></message>"
        ))
        .await;
    romeo.expect("<message type='error' id='n'><error><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>").await;
    romeo
        .send(&format!(
            "<message id='g' to='{ROOM}/juliet' type='groupchat'><body>psst</body></message>"
        ))
        .await;
    romeo.expect("<message type='error' id='g'><error><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>").await;
    ask_room(&mut juliet, &configuration(&[("allowpm", "none")])).await;
    romeo
        .expect(&format!(
            "<message type='groupchat'><x xmlns='{USER}'><status code='104'/></x></message>"
        ))
        .await;
    romeo
        .send(&format!(
            "<message id='p' to='{ROOM}/juliet' type='chat'><body>psst</body></message>"
        ))
        .await;
    romeo.expect("<message type='error' id='p'><error><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>").await;
}

#[tokio::test]
async fn visitors_are_silent_until_a_moderator_lets_them_speak() {
    let server = server().await;
    let mut juliet = room(&server, &[("moderatedroom", "1")]).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    knock(&mut romeo, "romeo", "").await;
    romeo
        .expect(&occupant("juliet", "owner", "moderator", &[]))
        .await;
    romeo
        .expect(&occupant("romeo", "none", "visitor", &[110]))
        .await;
    romeo.expect(&no_subject()).await;
    juliet
        .expect(&occupant("romeo", "none", "visitor", &[]))
        .await;
    romeo
        .send(&format!(
            "<message id='v' to='{ROOM}' type='groupchat'><body>hark</body></message>"
        ))
        .await;
    romeo.expect("<message type='error' id='v'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>").await;
    let form = |inside: &str| {
        format!(
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field><field var='muc#role'><value>participant</value></field>{inside}</x>"
        )
    };
    romeo
        .send(&format!("<message to='{ROOM}'>{}</message>", form("")))
        .await;
    juliet
        .expect(&format!(
            "<message from='{ROOM}'><x xmlns='jabber:x:data' type='form'/></message>"
        ))
        .await;
    // The visitor cannot answer that.
    let answer = form(
        "<field var='muc#roomnick'><value>romeo</value></field><field var='muc#request_allow'><value>1</value></field>",
    );
    romeo
        .send(&format!("<message id='w' to='{ROOM}'>{answer}</message>"))
        .await;
    romeo.expect("<message type='error' id='w'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>").await;
    juliet
        .send(&format!("<message to='{ROOM}'>{answer}</message>"))
        .await;
    juliet
        .expect(&occupant("romeo", "none", "participant", &[]))
        .await;
    romeo
        .expect(&occupant("romeo", "none", "participant", &[110]))
        .await;
    ask_room(
        &mut juliet,
        &format!("<query xmlns='{ADMIN}'><item nick='romeo' role='visitor'/></query>"),
    )
    .await;
    juliet
        .expect(&occupant("romeo", "none", "visitor", &[]))
        .await;
    juliet.expect(DONE).await;
}

#[tokio::test]
async fn people_are_invited_through_the_room_and_decline() {
    let server = server().await;
    let mut juliet = room(&server, &[("membersonly", "1")]).await;
    let mut nurse = login(&server, "nurse@a.example/kitchen").await;
    nurse.send("<presence/>").await;
    nurse
        .expect("<presence from='nurse@a.example/kitchen'/>")
        .await;
    juliet
        .send(&format!("<message to='{ROOM}'><x xmlns='{USER}'><invite to='nurse@a.example'><reason>come</reason></invite></x></message>"))
        .await;
    nurse
        .expect(&format!("<message from='{ROOM}'><x xmlns='{USER}'><invite from='juliet@a.example/balcony'><reason>come</reason></invite></x><x xmlns='jabber:x:conference' jid='{ROOM}' reason='come'/></message>"))
        .await;
    juliet
        .expect(&super::standing("nurse@a.example", "member"))
        .await;
    nurse
        .send(&format!("<message to='{ROOM}'><x xmlns='{USER}'><decline to='juliet@a.example/balcony'><reason>busy</reason></decline></x></message>"))
        .await;
    juliet
        .expect(&format!("<message from='{ROOM}'><x xmlns='{USER}'><decline from='nurse@a.example'><reason>busy</reason></decline></x></message>"))
        .await;
    // Who was invited is a member.
    knock(&mut nurse, "nurse", "").await;
    nurse
        .expect(&occupant("juliet", "owner", "moderator", &[]))
        .await;
    nurse
        .expect(&occupant("nurse", "member", "participant", &[110]))
        .await;
}

#[tokio::test]
async fn occupants_ask_each_other_and_themselves() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    // XEP-0410: one is in the room, or not.
    romeo
        .send(&format!(
            "<iq type='get' id='p' to='{ROOM}/romeo'><ping xmlns='urn:xmpp:ping'/></iq>"
        ))
        .await;
    romeo
        .expect(&format!("<iq type='result' id='p' from='{ROOM}/romeo'/>"))
        .await;
    let mut nurse = login(&server, "nurse@a.example/kitchen").await;
    nurse
        .send(&format!(
            "<iq type='get' id='p' to='{ROOM}/nurse'><ping xmlns='urn:xmpp:ping'/></iq>"
        ))
        .await;
    nurse.expect(&crate::error("p", "not-acceptable")).await;
    romeo
        .send(&format!(
            "<iq type='get' id='v' to='{ROOM}/juliet'><query xmlns='jabber:iq:version'/></iq>"
        ))
        .await;
    let asked = juliet
        .expect(&format!("<iq type='get' from='{ROOM}/romeo' to='juliet@a.example/balcony'><query xmlns='jabber:iq:version'/></iq>"))
        .await;
    let id = asked.root().attr("id").unwrap().to_string();
    juliet
        .send(&format!("<iq type='result' id='{id}' to='{ROOM}/romeo'><query xmlns='jabber:iq:version'><name>x</name></query></iq>"))
        .await;
    romeo
        .expect(&format!(
            "<iq type='result' id='v' from='{ROOM}/juliet'><query xmlns='jabber:iq:version'/></iq>"
        ))
        .await;
}
