//! XEP-0406: owners configure a channel, and say who may take part.

use sestina_skeletons::xep_0369::Settings;
use sestina_storage::Storage;

use super::{
    ADMIN, CORE, COVEN, EVENT, MESSAGES, MIX, PARTICIPANTS, PUBSUB, asks, available, client_join,
    coven, is_refused, joins, says, server, server_of,
};

const CONFIG: &str = "urn:xmpp:mix:nodes:config";
const ALLOWED: &str = "urn:xmpp:mix:nodes:allowed";
const BANNED: &str = "urn:xmpp:mix:nodes:banned";

fn settings(fields: &[(&str, &[&str])]) -> String {
    let fields: String = fields
        .iter()
        .map(|(var, values)| {
            let values: String = values
                .iter()
                .map(|value| format!("<value>{value}</value>"))
                .collect();
            format!("<field var='{var}'>{values}</field>")
        })
        .collect();
    format!(
        "<pubsub xmlns='{PUBSUB}'><publish node='{CONFIG}'><item><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>{ADMIN}</value></field>{fields}</x></item></publish></pubsub>"
    )
}

fn published(node: &str) -> String {
    format!("<pubsub xmlns='{PUBSUB}'><publish node='{node}'><item/></publish></pubsub>")
}

fn put(list: &str, id: &str) -> String {
    format!("<pubsub xmlns='{PUBSUB}'><publish node='{list}'><item id='{id}'/></publish></pubsub>")
}

fn take(list: &str, id: &str) -> String {
    format!("<pubsub xmlns='{PUBSUB}'><retract node='{list}'><item id='{id}'/></retract></pubsub>")
}

fn items(node: &str, inside: &str) -> String {
    format!("<pubsub xmlns='{PUBSUB}'><items node='{node}'>{inside}</items></pubsub>")
}

const OWN: &str = "romeo@a.example";

#[tokio::test]
async fn owners_configure_a_channel() {
    let server = server().await;
    let mut juliet = coven(&server).await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    let look = items(CONFIG, "");
    is_refused(&mut romeo, "get", COVEN, &look, "forbidden").await;
    juliet
        .send(&format!("<iq type='get' id='f' to='{COVEN}'>{look}</iq>"))
        .await;
    let found = juliet.expect("<iq type='result' id='f'/>").await;
    let found = found.as_str();
    for word in [
        "Owner",
        "juliet@a.example",
        "Mandatory Nicks",
        "Nodes Present",
    ] {
        assert!(found.contains(word), "{found}");
    }
    let free = settings(&[("Mandatory Nicks", &["false"])]);
    is_refused(&mut romeo, "set", COVEN, &free, "forbidden").await;
    let odd = settings(&[("No Private Messages", &["true"])]);
    let text = is_refused(&mut juliet, "set", COVEN, &odd, "not-acceptable").await;
    assert!(text.contains("No Private Messages"), "{text}");
    is_refused(
        &mut juliet,
        "set",
        COVEN,
        &settings(&[("Owner", &[])]),
        "not-acceptable",
    )
    .await;
    asks(&mut juliet, "set", COVEN, &free, &published(CONFIG)).await;
    romeo
        .send(&format!(
            "<iq type='set' id='j'>{}</iq>",
            client_join(COVEN, &[MESSAGES], None)
        ))
        .await;
    let joined = romeo.expect("<iq type='result' id='j'/>").await;
    assert!(!joined.as_str().contains("<nick"), "{}", joined.as_str());
    // Administrators say what it is about; everybody may read it now; then Romeo owns it, and Juliet does not any more.
    let next = settings(&[
        ("Administrator", &[OWN]),
        ("Information Node Subscription", &["anyone"]),
        ("Configuration Node Access", &["admins"]),
    ]);
    asks(&mut juliet, "set", COVEN, &next, &published(CONFIG)).await;
    let info = format!(
        "<pubsub xmlns='{PUBSUB}'><publish node='urn:xmpp:mix:nodes:info'><item><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{CORE}</value></field><field var='Name'><value>The Heath</value></field></x></item></publish></pubsub>"
    );
    asks(
        &mut romeo,
        "set",
        COVEN,
        &info,
        &published("urn:xmpp:mix:nodes:info"),
    )
    .await;
    asks(&mut romeo, "get", COVEN, &look, &items(CONFIG, "<item/>")).await;
    let mut nurse = available(&server, "nurse@a.example/kitchen").await;
    let read = items("urn:xmpp:mix:nodes:info", "");
    asks(
        &mut nurse,
        "get",
        COVEN,
        &read,
        &items("urn:xmpp:mix:nodes:info", "<item/>"),
    )
    .await;
    let subscribe = format!(
        "<pubsub xmlns='{PUBSUB}'><subscribe node='urn:xmpp:mix:nodes:info' jid='nurse@a.example'/></pubsub>"
    );
    asks(&mut nurse, "set", COVEN, &subscribe, &format!("<pubsub xmlns='{PUBSUB}'><subscription node='urn:xmpp:mix:nodes:info' subscription='subscribed' jid='nurse@a.example'/></pubsub>")).await;
    let owner = settings(&[("Owner", &[OWN])]);
    is_refused(&mut romeo, "set", COVEN, &owner, "forbidden").await;
    asks(&mut juliet, "set", COVEN, &owner, &published(CONFIG)).await;
    let destroy = format!("<destroy xmlns='{CORE}' channel='coven'/>");
    is_refused(&mut juliet, "set", MIX, &destroy, "forbidden").await;
    romeo
        .send(&format!("<iq type='set' id='d' to='{MIX}'>{destroy}</iq>"))
        .await;
    romeo
        .expect_all(&[
            &format!("<message from='{COVEN}'><event xmlns='{EVENT}'><delete node='{MESSAGES}'/></event></message>"),
            "<iq type='result' id='d'/>",
        ])
        .await;
    nurse
        .expect(&format!("<message from='{COVEN}'><event xmlns='{EVENT}'><delete node='urn:xmpp:mix:nodes:info'/></event></message>"))
        .await;
}

#[tokio::test]
async fn who_is_banned_is_out_and_who_is_not_allowed_does_not_get_in() {
    let server = server().await;
    let mut juliet = coven(&server).await;
    joins(&mut juliet, "first").await;
    juliet
        .send(&format!("<iq type='set' id='u' to='{COVEN}'><update-subscription xmlns='{CORE}'><subscribe node='{PARTICIPANTS}'/></update-subscription></iq>"))
        .await;
    juliet.expect("<iq type='result' id='u'/>").await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    let second = joins(&mut romeo, "second").await;
    juliet
        .expect(&format!(
            "<message from='{COVEN}'><event xmlns='{EVENT}'/></message>"
        ))
        .await;
    is_refused(
        &mut romeo,
        "set",
        COVEN,
        &put(BANNED, "nurse@a.example"),
        "forbidden",
    )
    .await;
    is_refused(
        &mut juliet,
        "set",
        COVEN,
        &put(ALLOWED, OWN),
        "item-not-found",
    )
    .await;
    is_refused(&mut juliet, "set", COVEN, &put(BANNED, ""), "bad-request").await;
    juliet
        .send(&format!(
            "<iq type='set' id='b' to='{COVEN}'>{}</iq>",
            put(BANNED, OWN)
        ))
        .await;
    juliet
        .expect(&format!("<message from='{COVEN}'><event xmlns='{EVENT}'><items node='{PARTICIPANTS}'><retract id='{second}'/></items></event></message>"))
        .await;
    juliet.expect("<iq type='result' id='b'/>").await;
    says(&mut romeo, "hello").await;
    romeo
        .expect("<message type='error' id='m'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")
        .await;
    says(&mut juliet, "alone").await;
    juliet
        .expect("<message type='groupchat'><body>alone</body></message>")
        .await;
    romeo.expect_nothing().await;
    let join = client_join(COVEN, &[MESSAGES], Some("second"));
    is_refused(&mut romeo, "set", OWN, &join, "forbidden").await;
    let find = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    is_refused(&mut romeo, "get", COVEN, find, "item-not-found").await;
    is_refused(&mut romeo, "get", COVEN, &items(BANNED, ""), "forbidden").await;
    asks(
        &mut juliet,
        "get",
        COVEN,
        &items(BANNED, ""),
        &items(BANNED, &format!("<item id='{OWN}'/>")),
    )
    .await;
    is_refused(
        &mut juliet,
        "set",
        COVEN,
        &take(BANNED, "nurse@a.example"),
        "item-not-found",
    )
    .await;
    asks(&mut juliet, "set", COVEN, &take(BANNED, OWN), "").await;
    assert_eq!(joins(&mut romeo, "second").await, second);
    juliet
        .expect(&format!(
            "<message from='{COVEN}'><event xmlns='{EVENT}'/></message>"
        ))
        .await;

    // With a list of those who are allowed, nobody else gets in; whole domains may be on it, and who is banned stays out.
    let closed = settings(&[("Nodes Present", &["participants", "allowed", "banned"])]);
    asks(&mut juliet, "set", COVEN, &closed, &published(CONFIG)).await;
    let mut nurse = available(&server, "nurse@a.example/kitchen").await;
    let join = client_join(COVEN, &[MESSAGES], Some("third"));
    is_refused(&mut nurse, "set", "nurse@a.example", &join, "forbidden").await;
    says(&mut romeo, "still here").await;
    juliet
        .expect("<message type='groupchat'><body>still here</body></message>")
        .await;
    asks(
        &mut juliet,
        "set",
        COVEN,
        &put(ALLOWED, "a.example"),
        &put(ALLOWED, "a.example"),
    )
    .await;
    asks(
        &mut juliet,
        "set",
        COVEN,
        &put(BANNED, "nurse@a.example"),
        &put(BANNED, "nurse@a.example"),
    )
    .await;
    is_refused(&mut nurse, "set", "nurse@a.example", &join, "forbidden").await;
    asks(
        &mut juliet,
        "set",
        COVEN,
        &take(BANNED, "nurse@a.example"),
        "",
    )
    .await;
    joins(&mut nurse, "third").await;
}

#[tokio::test]
async fn lists_and_settings_outlive_the_server() {
    let storage = Storage::memory();
    let limits = || Settings {
        max_listed: 1,
        ..Settings::default()
    };
    let server = server_of(limits(), storage.clone()).await;
    let mut juliet = coven(&server).await;
    asks(
        &mut juliet,
        "set",
        COVEN,
        &put(BANNED, OWN),
        &put(BANNED, OWN),
    )
    .await;
    let text = is_refused(
        &mut juliet,
        "set",
        COVEN,
        &put(BANNED, "nurse@a.example"),
        "resource-constraint",
    )
    .await;
    assert!(text.contains("max_listed"), "{text}");
    let next = settings(&[
        ("Mandatory Nicks", &["false"]),
        ("Administrator", &["nurse@a.example"]),
    ]);
    asks(&mut juliet, "set", COVEN, &next, &published(CONFIG)).await;
    server.shutdown().await;

    let server = server_of(limits(), storage).await;
    let mut romeo = available(&server, "romeo@a.example/orchard").await;
    let join = client_join(COVEN, &[MESSAGES], Some("second"));
    is_refused(&mut romeo, "set", OWN, &join, "forbidden").await;
    let mut nurse = available(&server, "nurse@a.example/kitchen").await;
    asks(&mut nurse, "set", COVEN, &take(BANNED, OWN), "").await;
    romeo
        .send(&format!(
            "<iq type='set' id='j'>{}</iq>",
            client_join(COVEN, &[MESSAGES], None)
        ))
        .await;
    romeo.expect("<iq type='result' id='j'/>").await;
}
