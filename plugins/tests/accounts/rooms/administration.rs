//! Kicking, banning, lists, and the end of a room.

use sestina_session::testing::Conversation;

use super::{
    ADMIN, DONE, JOIN, OWNER, ROOM, USER, ask_room, configuration, knock, left, login, no_subject,
    occupant, refused, romeo_in, room, server, standing,
};

fn admin(item: &str) -> String {
    format!("<query xmlns='{ADMIN}'>{item}</query>")
}

#[tokio::test]
async fn moderators_kick_and_others_do_not() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    ask_room(&mut romeo, &admin("<item nick='juliet' role='none'/>")).await;
    romeo.expect(&crate::error("r", "forbidden")).await;
    ask_room(
        &mut juliet,
        &admin("<item nick='romeo' role='none'><reason>late</reason></item>"),
    )
    .await;
    romeo
        .expect(&left("romeo", "<item role='none'><actor nick='juliet'/><reason>late</reason></item><status code='307'/><status code='110'/>"))
        .await;
    juliet
        .expect(&left("romeo", "<item role='none'/><status code='307'/>"))
        .await;
    juliet.expect(DONE).await;
    // It may come back.
    knock(&mut romeo, "romeo", "").await;
    romeo
        .expect(&occupant("juliet", "owner", "moderator", &[]))
        .await;
}

#[tokio::test]
async fn admins_ban_and_lists_say_whom() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    ask_room(
        &mut juliet,
        &admin("<item jid='juliet@a.example' affiliation='outcast'/>"),
    )
    .await;
    juliet.expect(&crate::error("r", "conflict")).await;
    ask_room(
        &mut juliet,
        &admin("<item jid='juliet@a.example' affiliation='none'/>"),
    )
    .await;
    juliet.expect(&crate::error("r", "conflict")).await;
    ask_room(
        &mut juliet,
        &admin("<item jid='romeo@a.example' affiliation='outcast'/>"),
    )
    .await;
    romeo
        .expect(&left(
            "romeo",
            "<item affiliation='outcast' role='none'/><status code='301'/>",
        ))
        .await;
    juliet.expect(&left("romeo", "<status code='301'/>")).await;
    juliet.expect(DONE).await;
    knock(&mut romeo, "romeo", "").await;
    romeo.expect(&refused("forbidden")).await;
    juliet
        .send(&format!(
            "<iq type='get' id='l' to='{ROOM}'>{}</iq>",
            admin("<item affiliation='outcast'/>")
        ))
        .await;
    juliet
        .expect(&format!(
            "<iq type='result' id='l'>{}</iq>",
            admin("<item jid='romeo@a.example' affiliation='outcast'/>")
        ))
        .await;
    romeo
        .send(&format!(
            "<iq type='get' id='l' to='{ROOM}'>{}</iq>",
            admin("<item affiliation='outcast'/>")
        ))
        .await;
    romeo.expect(&crate::error("l", "forbidden")).await;
}

#[tokio::test]
async fn affiliations_are_granted_and_taken() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    ask_room(
        &mut juliet,
        &admin("<item jid='romeo@a.example' affiliation='admin'/>"),
    )
    .await;
    romeo
        .expect(&occupant("romeo", "admin", "moderator", &[110]))
        .await;
    // Who is a moderator now learns who the others are.
    romeo
        .expect(&format!("<presence from='{ROOM}/juliet'><x xmlns='{USER}'><item jid='juliet@a.example/balcony'/></x></presence>"))
        .await;
    juliet
        .expect(&occupant("romeo", "admin", "moderator", &[]))
        .await;
    juliet.expect(DONE).await;
    // An admin cannot make owners, nor ask who they are.
    ask_room(
        &mut romeo,
        &admin("<item jid='nurse@a.example' affiliation='owner'/>"),
    )
    .await;
    romeo.expect(&crate::error("r", "forbidden")).await;
    ask_room(
        &mut romeo,
        &admin("<item jid='juliet@a.example' affiliation='none'/>"),
    )
    .await;
    romeo.expect(&crate::error("r", "not-allowed")).await;
    ask_room(
        &mut juliet,
        &admin("<item jid='romeo@a.example' affiliation='none'/>"),
    )
    .await;
    romeo
        .expect(&occupant("romeo", "none", "participant", &[110]))
        .await;
    juliet
        .expect(&occupant("romeo", "none", "participant", &[]))
        .await;
    juliet.expect(DONE).await;
    // A room for members only has no place for others.
    ask_room(&mut juliet, &configuration(&[("membersonly", "1")])).await;
    romeo.expect(&left("romeo", "<status code='322'/>")).await;
    juliet.expect(&left("romeo", "<status code='322'/>")).await;
}

#[tokio::test]
async fn only_owners_configure_and_destroy() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    romeo
        .send(&format!(
            "<iq type='get' id='f' to='{ROOM}'><query xmlns='{OWNER}'/></iq>"
        ))
        .await;
    romeo.expect(&crate::error("f", "forbidden")).await;
    ask_room(
        &mut romeo,
        &format!("<query xmlns='{OWNER}'><destroy/></query>"),
    )
    .await;
    romeo.expect(&crate::error("r", "forbidden")).await;
    juliet
        .send(&format!(
            "<iq type='get' id='f' to='{ROOM}'><query xmlns='{OWNER}'/></iq>"
        ))
        .await;
    // Converse shows choices by their labels alone, and sends in the first where what is chosen is not among them.
    let choices = |field: &str, value: &str| {
        format!(
            "<field var='muc#roomconfig_{field}'><value>{value}</value><option label='{value}'><value>{value}</value></option></field>"
        )
    };
    let fields: String = [
        ("getmemberlist", "moderator"),
        ("maxusers", "none"),
        ("presencebroadcast", "visitor"),
    ]
    .map(|(field, value)| choices(field, value))
    .concat();
    juliet
        .expect(&format!("<iq type='result' id='f'><query xmlns='{OWNER}'><x xmlns='jabber:x:data' type='form'>{fields}<field var='muc#roomconfig_roomname'/></x></query></iq>"))
        .await;
    ask_room(&mut juliet, &configuration(&[("maxusers", "many")])).await;
    juliet.expect(&crate::error("r", "not-acceptable")).await;
    ask_room(
        &mut juliet,
        &format!("<query xmlns='{OWNER}'><destroy jid='tomb@conference.a.example'><reason>over</reason></destroy></query>"),
    )
    .await;
    let gone = |nick: &str| {
        left(
            nick,
            "<destroy jid='tomb@conference.a.example'><reason>over</reason></destroy><item role='none' affiliation='none'/>",
        )
    };
    romeo.expect(&gone("romeo")).await;
    juliet.expect(&gone("juliet")).await;
    juliet.expect(DONE).await;
    romeo
        .send(&format!(
            "<message id='m' to='{ROOM}' type='groupchat'><body>?</body></message>"
        ))
        .await;
    romeo.expect("<message id='m' type='error'><error><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>").await;
}

#[tokio::test]
async fn a_nickname_is_kept_for_who_registers_it() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    ask_room(&mut romeo, "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field><field var='muc#register_roomnick'><value>rose</value></field></x></query>").await;
    romeo.expect(DONE).await;
    juliet.expect(&standing("romeo@a.example", "member")).await;
    romeo
        .send(&format!("<iq type='get' id='n' to='{ROOM}'><query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'/></iq>"))
        .await;
    romeo
        .expect("<iq type='result' id='n'><query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'><identity category='conference' type='text' name='rose'/></query></iq>")
        .await;
    let mut nurse = login(&server, "nurse@a.example/kitchen").await;
    knock(&mut nurse, "rose", "").await;
    nurse.expect(&refused("conflict")).await;
    knock(&mut romeo, "rose", "").await;
    romeo
        .expect(&occupant("juliet", "owner", "moderator", &[]))
        .await;
    romeo
        .expect(&occupant("rose", "member", "participant", &[110]))
        .await;
    juliet
        .expect(&occupant("rose", "member", "participant", &[]))
        .await;
}

/// Where everybody may see everybody, members learn who the others are before they enter (§9.5).
#[tokio::test]
async fn members_of_a_room_for_members_see_its_lists() {
    let server = server().await;
    let fields = [("membersonly", "1"), ("whois", "anyone")];
    let mut juliet = room(&server, &fields).await;
    ask_room(
        &mut juliet,
        &admin("<item jid='romeo@a.example' affiliation='member'/>"),
    )
    .await;
    juliet
        .expect(&format!(
            "<message from='{ROOM}'><x xmlns='{USER}'><item affiliation='member' jid='romeo@a.example'/></x></message>"
        ))
        .await;
    juliet.expect(DONE).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let mut nurse = login(&server, "nurse@a.example/hall").await;
    for (affiliation, who) in [("owner", "juliet@a.example"), ("member", "romeo@a.example")] {
        let asked = admin(&format!("<item affiliation='{affiliation}'/>"));
        let request = format!("<iq type='get' id='r' to='{ROOM}'>{asked}</iq>");
        romeo.send(&request).await;
        let item = admin(&format!("<item affiliation='{affiliation}' jid='{who}'/>"));
        romeo
            .expect(&format!("<iq type='result' id='r'>{item}</iq>"))
            .await;
        nurse.send(&request).await;
        nurse.expect(&crate::error("r", "forbidden")).await;
    }
    romeo
        .send(&format!(
            "<iq type='get' id='r' to='{ROOM}'>{}</iq>",
            admin("<item affiliation='outcast'/>")
        ))
        .await;
    romeo.expect(&crate::error("r", "forbidden")).await;
}

/// A stranger does not keep whom a nickname is kept for from coming (§7.10).
#[tokio::test]
async fn a_stranger_goes_from_a_nickname_that_is_kept_for_somebody() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    ask_room(
        &mut juliet,
        &admin("<item jid='nurse@a.example' affiliation='member' nick='romeo'/>"),
    )
    .await;
    romeo
        .expect(&left(
            "romeo",
            "<item affiliation='none' role='none'><reason>This nickname is reserved</reason></item>\
             <status code='307'/><status code='110'/>",
        ))
        .await;
    knock(&mut romeo, "romeo", "").await;
    romeo.expect(&refused("conflict")).await;
    let mut nurse = login(&server, "nurse@a.example/hall").await;
    knock(&mut nurse, "romeo", "").await;
    nurse
        .expect(&occupant("juliet", "owner", "moderator", &[]))
        .await;
    nurse
        .expect(&occupant("romeo", "member", "participant", &[110]))
        .await;
    nurse.expect(&no_subject()).await;
}

#[tokio::test]
async fn who_is_unreachable_is_taken_out() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    romeo
        .send(&format!("<message to='{ROOM}' type='error'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"))
        .await;
    juliet.expect(&left("romeo", "<status code='333'/>")).await;
    // A presence says it without a condition as well.
    let mut romeo = romeo_in(&server, &mut juliet).await;
    romeo
        .send(&format!("<presence to='{ROOM}/romeo' type='error'/>"))
        .await;
    juliet.expect(&left("romeo", "<status code='333'/>")).await;
    let _ = (JOIN, USER);
}

/// Asks to be registered with the room.
async fn register(session: &mut Conversation, nick: &str) {
    ask_room(session, &format!("<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field><field var='muc#register_roomnick'><value>{nick}</value></field></x></query>")).await;
}

/// What admins are asked, or answer.
fn registration(type_: &str, nick: &str, allow: &str) -> String {
    format!(
        "<x xmlns='jabber:x:data' type='{type_}'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field><field var='muc#register_allow'><value>{allow}</value></field><field var='muc#register_roomnick'><value>{nick}</value></field></x>"
    )
}

#[tokio::test]
async fn where_admins_say_who_is_a_member_they_are_asked() {
    let server = server().await;
    let mut juliet = room(&server, &[("membersonly", "1"), ("persistentroom", "1")]).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    let asked = format!(
        "<message from='{ROOM}'>{}</message>",
        registration("form", "rose", "false")
    );
    let who = "<message><x xmlns='jabber:x:data'><field var='x-jid'><value>romeo@a.example</value></field></x></message>";
    let answer = |allow: &str| {
        format!(
            "<message id='a' to='{ROOM}'>{}</message>",
            registration("submit", "rose", allow)
        )
    };
    for allow in ["0", "1"] {
        register(&mut romeo, "rose").await;
        romeo.expect(DONE).await;
        juliet.expect(&standing("romeo@a.example", "none")).await;
        juliet.expect(&asked).await;
        knock(&mut romeo, "rose", "").await;
        romeo.expect(&refused("registration-required")).await;
        // Only admins answer.
        romeo.send(&answer("1")).await;
        romeo.expect("<message type='error' id='a'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>").await;
        // An admin who comes later is asked as well.
        juliet
            .send(&format!(
                "<presence type='unavailable' to='{ROOM}/juliet'/>"
            ))
            .await;
        juliet.expect("<presence type='unavailable'/>").await;
        knock(&mut juliet, "juliet", "").await;
        juliet.expect("<presence/>").await;
        juliet.expect(&super::no_subject()).await;
        juliet.expect(who).await;
        juliet.send(&answer(allow)).await;
        let becomes = if allow == "1" { "member" } else { "none" };
        juliet.expect(&standing("romeo@a.example", becomes)).await;
    }
    juliet.send(&answer("1")).await;
    juliet.expect("<message type='error' id='a'><error><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>").await;
    knock(&mut romeo, "rose", "").await;
    romeo
        .expect(&occupant("juliet", "owner", "moderator", &[]))
        .await;
    romeo
        .expect(&occupant("rose", "member", "participant", &[110]))
        .await;
}

#[tokio::test]
async fn whose_presence_is_not_shown_any_more_is_gone_for_the_others() {
    let server = server().await;
    let mut juliet = room(&server, &[]).await;
    let mut romeo = romeo_in(&server, &mut juliet).await;
    let changed = format!("<message><x xmlns='{USER}'><status code='104'/></x></message>");
    ask_room(
        &mut juliet,
        &configuration(&[("presencebroadcast", "moderator")]),
    )
    .await;
    juliet.expect(&changed).await;
    juliet.expect(&left("romeo", "")).await;
    juliet.expect(DONE).await;
    romeo.expect(&changed).await;
    ask_room(
        &mut juliet,
        &configuration(&[("presencebroadcast", "participant")]),
    )
    .await;
    juliet.expect(&changed).await;
    juliet
        .expect(&occupant("romeo", "none", "participant", &[]))
        .await;
    juliet.expect(DONE).await;
    romeo.expect(&changed).await;
    romeo.expect(&left("juliet", "")).await;
    romeo
        .expect(&occupant("romeo", "none", "participant", &[110]))
        .await;
}

#[tokio::test]
async fn members_of_a_room_that_hides_nobody_see_who_belongs_to_it() {
    let server = server().await;
    let mut juliet = room(&server, &[("whois", "anyone")]).await;
    ask_room(
        &mut juliet,
        &admin("<item jid='romeo@a.example' affiliation='member'/>"),
    )
    .await;
    juliet.expect(&standing("romeo@a.example", "member")).await;
    juliet.expect(DONE).await;
    let list = |affiliation: &str| {
        let item = format!("<item affiliation='{affiliation}'/>");
        format!("<iq type='get' id='l' to='{ROOM}'>{}</iq>", admin(&item))
    };
    // Also those who are not inside.
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    for (affiliation, jid) in [("owner", "juliet"), ("member", "romeo")] {
        romeo.send(&list(affiliation)).await;
        romeo
            .expect(&format!("<iq type='result' id='l'><query xmlns='{ADMIN}'><item jid='{jid}@a.example'/></query></iq>"))
            .await;
    }
    romeo.send(&list("outcast")).await;
    romeo.expect(&crate::error("l", "forbidden")).await;
    let mut nurse = login(&server, "nurse@a.example/kitchen").await;
    nurse.send(&list("member")).await;
    nurse.expect(&crate::error("l", "forbidden")).await;
    // There is no list of what passes: everything does.
    nurse
        .send(&format!("<iq type='get' id='t' to='{ROOM}'><query xmlns='http://jabber.org/protocol/disco#info' node='http://jabber.org/protocol/muc#traffic'/></iq>"))
        .await;
    nurse
        .expect(&crate::error("t", "feature-not-implemented"))
        .await;
    // A nickname that is kept is given back with an empty one.
    for (item, kept) in [
        (
            "<item jid='romeo@a.example' affiliation='member' nick='rose'/>",
            true,
        ),
        (
            "<item jid='romeo@a.example' affiliation='member' nick=''/>",
            false,
        ),
    ] {
        ask_room(&mut juliet, &admin(item)).await;
        juliet.expect("<message/>").await;
        juliet.expect(DONE).await;
        romeo
            .send(&format!("<iq type='get' id='n' to='{ROOM}'><query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'/></iq>"))
            .await;
        let answer = romeo.expect("<iq type='result' id='n'/>").await;
        assert_eq!(
            answer.as_str().contains("rose"),
            kept,
            "{}",
            answer.as_str()
        );
    }
}

/// Everybody would be told of everybody, at a word of one.
#[tokio::test]
async fn in_a_large_room_nobody_is_shown_anew_to_all() {
    const PEOPLE: usize = 100;
    let server = server().await;
    let mut juliet = room(&server, &[("presencebroadcast", "moderator")]).await;
    let mut stay = Vec::new();
    for number in 0..PEOPLE {
        let account = ["romeo", "nurse"][number % 2];
        let mut session = login(&server, &format!("{account}@a.example/{number}")).await;
        knock(&mut session, &format!("n{number}"), "").await;
        session
            .expect(&occupant("juliet", "owner", "moderator", &[]))
            .await;
        session
            .expect(&occupant(
                &format!("n{number}"),
                "none",
                "participant",
                &[110],
            ))
            .await;
        stay.push(session);
    }
    ask_room(
        &mut juliet,
        &configuration(&[("presencebroadcast", "participant")]),
    )
    .await;
    juliet
        .expect(&format!(
            "<message><x xmlns='{USER}'><status code='104'/></x></message>"
        ))
        .await;
    juliet.expect(DONE).await;
}
