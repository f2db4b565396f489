//! XEP-0033: one message to several.

use sestina_session::testing::Conversation;
use sestina_storage::Storage;

use super::{Changes, login, server_with};

const ADDRESS: &str = "http://jabber.org/protocol/address";
const STANZAS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";

async fn available(server: &sestina_session::server::Server, jid: &str) -> Conversation {
    let mut session = login(server, jid).await;
    session.send("<presence/>").await;
    session.expect("<presence/>").await;
    session
}

fn message(addresses: &str) -> String {
    format!(
        "<message id='m' to='a.example'><addresses xmlns='{ADDRESS}'>{addresses}</addresses><body>hello</body></message>"
    )
}

#[tokio::test]
async fn one_message_reaches_all_who_are_named_and_hides_the_blind_copies() {
    let server = server_with(Changes::default(), Storage::memory()).await;
    let mut laura = available(&server, "laura@a.example/desk").await;
    let mut phone = available(&server, "laura@a.example/phone").await;
    phone.expect("<presence/>").await;
    laura.expect("<presence/>").await;
    let mut arnaut = available(&server, "arnaut@a.example/study").await;
    laura
        .send("<iq type='get' id='d' to='a.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>")
        .await;
    laura
        .expect(&format!("<iq type='result' id='d'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='{ADDRESS}'/></query></iq>"))
        .await;
    laura
        .send(&message(
            "<address type='to' jid='arnaut@a.example'/><address type='bcc' jid='laura@a.example/phone'/>\
             <address type='to' jid='gone@c.example' delivered='true'/>\
             <address type='replyto' jid='list@c.example'/>",
        ))
        .await;
    let open = format!(
        "<addresses xmlns='{ADDRESS}'><address type='to' jid='arnaut@a.example' delivered='true'/>\
         <address type='replyto' jid='list@c.example'/></addresses>"
    );
    let seen = arnaut
        .expect(&format!(
            "<message id='m' from='laura@a.example/desk' to='arnaut@a.example'><body>hello</body>{open}</message>"
        ))
        .await;
    assert!(!seen.as_str().contains("bcc"), "{}", seen.as_str());
    let blind = phone
        .expect(&format!(
            "<message id='m' from='laura@a.example/desk' to='laura@a.example/phone'><body>hello</body><addresses xmlns='{ADDRESS}'>\
             <address type='bcc' jid='laura@a.example/phone' delivered='true'/></addresses></message>"
        ))
        .await;
    assert!(blind.as_str().contains("'to'") || blind.as_str().contains("\"to\""));
    laura.expect_nothing().await;
}

#[tokio::test]
async fn what_cannot_be_sent_to_all_is_sent_to_nobody() {
    let multicast = sestina_skeletons::xep_0033::Settings {
        max_addresses: 2,
        ..Default::default()
    };
    let changes = Changes {
        multicast,
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let mut laura = available(&server, "laura@a.example/desk").await;
    let mut arnaut = available(&server, "arnaut@a.example/study").await;
    let to = "<address type='to' jid='arnaut@a.example'/>";
    for (others, condition, word) in [
        (format!("{to}{to}"), "not-acceptable", "2 addresses"),
        (
            "<address type='to' uri='mailto:x@y.example'/>".to_owned(),
            "jid-malformed",
            "XMPP",
        ),
        (
            "<address type='cc' jid='a.example'/>".to_owned(),
            "forbidden",
            "server",
        ),
    ] {
        laura.send(&message(&format!("{to}{others}"))).await;
        let refused = laura
            .expect(&format!(
                "<message type='error' id='m'><error><{condition} xmlns='{STANZAS}'/></error></message>"
            ))
            .await;
        assert!(refused.as_str().contains(word), "{}", refused.as_str());
    }
    arnaut.expect_nothing().await;
}
