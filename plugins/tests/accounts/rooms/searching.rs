//! XEP-0433: rooms are looked for at the service that has them.

use sestina_session::testing::Conversation;

use super::{DONE, ask_room, configuration, login, room, server};

const SEARCH: &str = "urn:xmpp:channel-search:0:search";
const PARAMETERS: &str = "urn:xmpp:channel-search:0:search-params";
const ERROR: &str = "urn:xmpp:channel-search:0:error";
const RSM: &str = "http://jabber.org/protocol/rsm";

/// A request with these fields and this set.
async fn ask(session: &mut Conversation, fields: &[(&str, &str)], set: &str) {
    let fields: String = fields
        .iter()
        .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"))
        .collect();
    session
        .send(&format!("<iq type='get' id='s' to='conference.a.example'><search xmlns='{SEARCH}'>{set}<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{PARAMETERS}</value></field>{fields}</x></search></iq>"))
        .await;
}

/// The addresses that are found.
async fn found(session: &mut Conversation, fields: &[(&str, &str)], set: &str) -> Vec<String> {
    ask(session, fields, set).await;
    let answer = session
        .expect(&format!(
            "<iq type='result' id='s' from='conference.a.example'><result xmlns='{SEARCH}'/></iq>"
        ))
        .await;
    let result = answer.root().child("result", SEARCH).unwrap();
    let items = result.children().filter(|child| child.is("item", SEARCH));
    items
        .map(|item| item.attr("address").unwrap().to_string())
        .collect()
}

/// Juliet makes a room of this name.
async fn another(juliet: &mut Conversation, name: &str, fields: &[(&str, &str)]) {
    let room = format!("{name}@conference.a.example");
    juliet
        .send(&format!(
            "<presence to='{room}/juliet'><x xmlns='{}'/></presence>",
            super::JOIN
        ))
        .await;
    juliet.expect("<presence/>").await;
    juliet.expect("<message><subject/></message>").await;
    juliet
        .send(&format!(
            "<iq type='set' id='c' to='{room}'>{}</iq>",
            configuration(fields)
        ))
        .await;
    juliet.expect("<iq type='result' id='c'/>").await;
}

#[tokio::test]
async fn rooms_are_found_by_words_in_pages() {
    let server = server().await;
    let mut juliet = room(
        &server,
        &[("roomname", "The Garden"), ("roomdesc", "Under the Moon")],
    )
    .await;
    another(
        &mut juliet,
        "tomb",
        &[
            ("roomname", "Tomb"),
            ("passwordprotectedroom", "1"),
            ("roomsecret", "x"),
        ],
    )
    .await;
    another(&mut juliet, "vault", &[("publicroom", "0")]).await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    romeo
        .send(&format!(
            "<iq type='get' id='f' to='conference.a.example'><search xmlns='{SEARCH}'/></iq>"
        ))
        .await;
    romeo
        .expect(&format!("<iq type='result' id='f'><search xmlns='{SEARCH}'><x xmlns='jabber:x:data' type='form'><field var='FORM_TYPE' type='hidden'><value>{PARAMETERS}</value></field><field var='q' type='text-single'/><field var='sinname' type='boolean'><value>true</value></field><field var='key' type='list-single'><value>{{urn:xmpp:channel-search:0:order}}nusers</value></field></x></search></iq>"))
        .await;
    ask(&mut romeo, &[("q", "MOON garden")], "").await;
    romeo
        .expect(&format!("<iq type='result' id='s'><result xmlns='{SEARCH}'><item address='garden@conference.a.example'><name>The Garden</name><description>Under the Moon</description><nusers>1</nusers><service-type>xep-0045</service-type><is-open>true</is-open><anonymity-mode>muc_semianonymous</anonymity-mode></item><set xmlns='{RSM}'><count>1</count></set></result></iq>"))
        .await;
    let garden = "garden@conference.a.example".to_owned();
    let tomb = "tomb@conference.a.example".to_owned();
    let key = ("key", "{urn:xmpp:channel-search:0:order}address");
    // What is hidden is found by nobody.
    let all = found(&mut romeo, &[("all", "true"), key], "").await;
    assert_eq!(all, [garden.clone(), tomb.clone()]);
    let none = found(
        &mut romeo,
        &[("q", "moon"), ("sindescription", "false")],
        "",
    )
    .await;
    assert!(none.is_empty());
    let none = found(&mut romeo, &[("q", "moon"), ("types", "xep-0369")], "").await;
    assert!(none.is_empty());
    let set = format!("<set xmlns='{RSM}'><max>1</max></set>");
    let first = found(&mut romeo, &[("all", "true"), key], &set).await;
    assert_eq!(first, [garden.as_str()]);
    let set = format!("<set xmlns='{RSM}'><max>1</max><after>{garden}</after></set>");
    let second = found(&mut romeo, &[("all", "true"), key], &set).await;
    assert_eq!(second, [tomb]);
    ask_room(&mut juliet, &configuration(&[("publicroom", "0")])).await;
    juliet.expect("<message type='groupchat'/>").await;
    juliet.expect(DONE).await;
    let none = found(&mut romeo, &[("q", "garden")], "").await;
    assert!(none.is_empty());
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_refused_with_the_reason() {
    let server = server().await;
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    for (fields, condition, reason) in [
        (
            &[("q", "a"), ("all", "1")][..],
            "bad-request",
            "<conflicting-fields xmlns='{E}'><var>all</var><var>q</var></conflicting-fields>",
        ),
        (&[], "bad-request", "<no-search-conditions xmlns='{E}'/>"),
        (
            &[("q", "?!")],
            "bad-request",
            "<invalid-search-terms xmlns='{E}'/>",
        ),
        (
            &[("q", "a"), ("key", "age")],
            "feature-not-implemented",
            "<invalid-sort-key xmlns='{E}'/>",
        ),
    ] {
        ask(&mut romeo, fields, "").await;
        let reason = reason.replace("{E}", ERROR);
        romeo
            .expect(&format!("<iq type='error' id='s'><error type='modify'><{condition} xmlns='{}'/>{reason}</error></iq>", crate::STANZAS))
            .await;
    }
}
