//! XEP-0030 and XEP-0115: what a server says of itself, and of accounts.

use sestina_plugins::xep_0115;
use sestina_session::plugin::On;
use sestina_session::testing::Conversation;

use sestina_skeletons::{xep_0157, xep_0455, xep_0504};
use sestina_storage::Storage;

use super::{Changes, error, login, server, server_with};

const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";

#[tokio::test]
async fn a_host_says_what_it_is_and_can_do() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    laura
        .send(&format!(
            "<iq type='get' id='1' to='a.example'><query xmlns='{INFO}'/></iq>"
        ))
        .await;
    let answer = laura
        .expect(&format!("<iq type='result' id='1'><query xmlns='{INFO}'><identity category='server' type='im'/></query></iq>"))
        .await;
    let query = answer.root().child("query", INFO).unwrap();
    assert!(query.attr("node").is_none());
    let features: Vec<_> = query
        .children()
        .filter_map(|child| child.attr("var"))
        .collect();
    for feature in [
        INFO,
        ITEMS,
        "jabber:iq:version",
        "urn:xmpp:ping",
        "msgoffline",
        "http://jabber.org/protocol/caps",
    ] {
        assert_eq!(
            features.iter().filter(|var| **var == *feature).count(),
            1,
            "{feature} in {features:?}"
        );
    }
    laura
        .send(&format!(
            "<iq type='get' id='2' to='a.example'><query xmlns='{INFO}' node='what'/></iq>"
        ))
        .await;
    laura.expect(&error("2", "item-not-found")).await;
    laura
        .send(&format!(
            "<iq type='get' id='3' to='a.example'><query xmlns='{ITEMS}'/></iq>"
        ))
        .await;
    laura
        .expect(&format!(
            "<iq type='result' id='3'><query xmlns='{ITEMS}'/></iq>"
        ))
        .await;
}

#[tokio::test]
async fn capabilities_are_those_of_the_node_they_name() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let caps = xep_0115::capabilities(&server.host("a.example").unwrap(), On::Host).unwrap();
    let node = xep_0115::node(&caps);
    laura
        .send(&format!(
            "<iq type='get' id='1' to='a.example'><query xmlns='{INFO}' node='{node}'/></iq>"
        ))
        .await;
    let answer = laura
        .expect(&format!(
            "<iq type='result' id='1'><query xmlns='{INFO}' node='{node}'/></iq>"
        ))
        .await;
    let query = answer.root().child("query", INFO).unwrap();
    let query = sestina_wire::Content::decode(query).unwrap();
    assert_eq!(xep_0115::verify(&query, &caps), Ok(()));
}

#[tokio::test]
async fn an_account_is_known_to_its_owner_and_to_those_it_lets_see_it() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    laura.send("<presence/>").await;
    laura
        .expect("<presence from='laura@a.example/desk'/>")
        .await;
    let about = |id: &str, kind: &str, to: &str| {
        format!("<iq type='get' id='{id}' {to}><query xmlns='{kind}'/></iq>")
    };
    let account = format!(
        "<iq type='result'><query xmlns='{INFO}'><identity category='account' type='registered'/></query></iq>"
    );

    for to in ["", "to='laura@a.example'"] {
        laura.send(&about("1", INFO, to)).await;
        laura.expect(&account).await;
    }
    // Whether there is such an account must not show.
    for stranger in ["laura@a.example", "nobody@a.example"] {
        arnaut
            .send(&about("2", INFO, &format!("to='{stranger}'")))
            .await;
        arnaut.expect(&error("2", "service-unavailable")).await;
        arnaut
            .send(&about("3", ITEMS, &format!("to='{stranger}'")))
            .await;
        let answer = arnaut.recv().await;
        assert_eq!(
            answer
                .root()
                .children()
                .flat_map(|query| query.children())
                .count(),
            0
        );
    }

    arnaut
        .send("<presence type='subscribe' to='laura@a.example'/>")
        .await;
    laura
        .expect("<presence type='subscribe' from='arnaut@a.example'/>")
        .await;
    laura
        .send("<presence type='subscribed' to='arnaut@a.example'/>")
        .await;
    laura.settle().await;
    arnaut.send(&about("4", INFO, "to='laura@a.example'")).await;
    arnaut.expect(&account).await;
    arnaut
        .send(&about("5", ITEMS, "to='laura@a.example'"))
        .await;
    arnaut
        .expect(&format!("<iq type='result' id='5'><query xmlns='{ITEMS}'><item jid='laura@a.example/desk'/></query></iq>"))
        .await;
}

#[tokio::test]
async fn each_feature_is_announced_in_its_time() {
    let server = server().await;
    let names = |session: &Conversation| -> Vec<String> {
        let features = session.features().root();
        features
            .children()
            .map(|feature| feature.name().to_owned())
            .collect()
    };
    let nobody = Conversation::open(server.connect_memory(), "a.example").await;
    assert_eq!(
        names(&nobody),
        ["authentication", "mechanisms", "register", "limits"]
    );
    let laura = login(&server, "laura@a.example/desk").await;
    assert_eq!(
        names(&laura),
        ["sm", "bind", "session", "ver", "sub", "c", "limits", "csi"]
    );
    let caps = laura
        .features()
        .root()
        .child("c", "http://jabber.org/protocol/caps")
        .unwrap();
    let caps = <sestina_types::xep_0115::Caps as sestina_wire::Payload>::read(caps).unwrap();
    let host = server.host("a.example").unwrap();
    assert_eq!(xep_0115::capabilities(&host, On::Host), Ok(caps));
}

#[tokio::test]
async fn a_host_says_whom_to_reach_and_what_it_does_with_data() {
    let text = |text: &str| text.to_owned();
    let changes = Changes {
        contacts: xep_0157::Settings {
            abuse: vec![text("mailto:abuse@a.example"), text("xmpp:abuse@a.example")],
            security: vec![text("xmpp:security@a.example")],
            ..Default::default()
        },
        outage: xep_0455::Settings {
            addresses: vec![text("https://status.b.example/a.json")],
            ..Default::default()
        },
        policy: xep_0504::Settings {
            retention: text("infinite"),
            full_erasure: text("true"),
            access: vec![text("none")],
            ..Default::default()
        },
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let host = server.host("a.example").unwrap();
    let caps = xep_0115::capabilities(&host, On::Host).unwrap();
    // The forms are part of what is hashed.
    let node = xep_0115::node(&caps);
    for node in ["", &format!("node='{node}'")] {
        laura
            .send(&format!(
                "<iq type='get' id='1' to='a.example'><query xmlns='{INFO}' {node}/></iq>"
            ))
            .await;
        let answer = laura
            .expect(&format!(
                "<iq type='result' id='1'><query xmlns='{INFO}'>\
                 <x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>http://jabber.org/network/serverinfo</value></field>\
                 <field var='abuse-addresses' type='list-multi'><value>mailto:abuse@a.example</value><value>xmpp:abuse@a.example</value></field>\
                 <field var='security-addresses'><value>xmpp:security@a.example</value></field></x>\
                 <x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE'><value>urn:xmpp:sos:0</value></field>\
                 <field var='external-status-addresses'><value>https://status.b.example/a.json</value></field></x>\
                 <x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE'><value>urn:xmpp:data-policy:0</value></field>\
                 <field var='data_retention'><value>infinite</value></field><field var='access_policy'><value>none</value></field>\
                 <field var='full_erasure'/></x></query></iq>"
            ))
            .await;
        let query = answer
            .root()
            .child("query", INFO)
            .unwrap()
            .decode()
            .unwrap();
        assert_eq!(xep_0115::verify(&query, &caps), Ok(()));
    }
    // Nobody is told what nobody said.
    let server = self::server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    laura
        .send(&format!(
            "<iq type='get' id='2' to='a.example'><query xmlns='{INFO}'/></iq>"
        ))
        .await;
    let answer = laura.expect("<iq type='result' id='2'/>").await;
    assert!(
        !answer.as_str().contains("jabber:x:data'"),
        "{}",
        answer.as_str()
    );
}
