//! What lasts: channels, who takes part, what was said.

use sestina_skeletons::xep_0369::Settings;
use sestina_storage::Storage;

use super::{
    COVEN, MESSAGES, PARTICIPANTS, PUBSUB, asks, available, coven, is_refused, joins, said, says,
    server, server_of,
};

const MAM: &str = "urn:xmpp:mam:2";

/// What the archive of the channel has.
async fn archive(session: &mut sestina_session::testing::Conversation, texts: &[(&str, &str)]) {
    session
        .send(&format!(
            "<iq type='set' id='q' to='{COVEN}'><query xmlns='{MAM}' queryid='f'/></iq>"
        ))
        .await;
    for (id, text) in texts {
        let found = session
            .expect(&format!("<message from='{COVEN}'><result xmlns='{MAM}' queryid='f'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='{COVEN}/{id}' type='groupchat'><body>{text}</body><mix xmlns='{}'/></message></forwarded></result></message>", super::CORE))
            .await;
        let result = found.root().child("result", MAM).unwrap();
        let message = result
            .child("forwarded", "urn:xmpp:forward:0")
            .and_then(|forwarded| forwarded.child("message", "jabber:client"))
            .unwrap();
        assert_eq!(message.attr("to"), None);
        assert_eq!(message.attr("id"), result.attr("id"));
    }
    session
        .expect(&format!(
            "<iq type='result' id='q'><fin xmlns='{MAM}' complete='true'/></iq>"
        ))
        .await;
}

#[tokio::test]
async fn a_channel_and_what_was_said_outlive_the_server() {
    let storage = Storage::memory();
    let server = server_of(Settings::default(), storage.clone()).await;
    let mut juliet = coven(&server).await;
    let first = joins(&mut juliet, "first witch").await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    let second = joins(&mut romeo, "second witch").await;
    says(&mut juliet, "when").await;
    romeo
        .expect(&said(&first, "first witch", "juliet@a.example", "when"))
        .await;
    server.shutdown().await;

    let server = server_of(Settings::default(), storage).await;
    let mut romeo = super::comes_back(&server, "romeo@a.example/orchard").await;
    archive(&mut romeo, &[(&first, "when")]).await;
    let items = format!("<pubsub xmlns='{PUBSUB}'><items node='{PARTICIPANTS}'/></pubsub>");
    asks(
        &mut romeo,
        "get",
        COVEN,
        &items,
        &format!("<pubsub xmlns='{PUBSUB}'><items node='{PARTICIPANTS}'><item id='{first}'/><item id='{second}'/></items></pubsub>"),
    )
    .await;
    // Who asks for its roster with marks knows channels, and hears what is said as before.
    asks(
        &mut romeo,
        "get",
        "romeo@a.example",
        "<query xmlns='jabber:iq:roster'><annotate xmlns='urn:xmpp:mix:roster:0'/></query>",
        &format!("<query xmlns='jabber:iq:roster'><item jid='{COVEN}' subscription='from'><channel xmlns='urn:xmpp:mix:roster:0' participant-id='{second}'/></item></query>"),
    )
    .await;
    says(&mut romeo, "where").await;
    romeo
        .expect(&said(&second, "second witch", "romeo@a.example", "where"))
        .await;
    // And who was away finds it in its own archive (§7.2.2).
    let mut juliet = super::comes_back(&server, "juliet@a.example/balcony").await;
    let found = crate::archive::query(
        &mut juliet,
        &format!("<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>{MAM}</value></field><field var='with'><value>{COVEN}</value></field></x>"),
    )
    .await;
    assert_eq!(found.bodies, ["when", "where"]);
}

#[tokio::test]
async fn what_was_said_is_for_those_who_may_hear_it() {
    let server = server().await;
    let mut juliet = coven(&server).await;
    let first = joins(&mut juliet, "first witch").await;
    says(&mut juliet, "when").await;
    juliet
        .expect(&said(&first, "first witch", "juliet@a.example", "when"))
        .await;
    // What is not to be kept is passed on, and not kept.
    juliet
        .send(&format!("<message to='{COVEN}' type='groupchat'><body>psst</body><no-store xmlns='urn:xmpp:hints'/></message>"))
        .await;
    juliet
        .expect("<message type='groupchat'><body>psst</body></message>")
        .await;
    archive(&mut juliet, &[(&first, "when")]).await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    let query = format!("<query xmlns='{MAM}'/>");
    is_refused(&mut romeo, "set", COVEN, &query, "forbidden").await;
    let subscribe = format!(
        "<pubsub xmlns='{PUBSUB}'><subscribe node='{MESSAGES}' jid='romeo@a.example'/></pubsub>"
    );
    is_refused(&mut romeo, "set", COVEN, &subscribe, "forbidden").await;
    joins(&mut romeo, "second witch").await;
    archive(&mut romeo, &[(&first, "when")]).await;
}
