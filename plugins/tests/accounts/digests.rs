//! XEP-0390: what servers and clients can do, by digests.

use sestina_plugins::xep_0390::{digests, node};
use sestina_session::testing::Conversation;
use sestina_types::xep_0030::info;
use sestina_types::xep_0390::Caps;
use sestina_wire::{AnyElement, Content as _, Frame, Payload as _};

use super::{available, befriend, error, login, server};

const DISCO: &str = "http://jabber.org/protocol/disco#info";
const CAPS: &str = "urn:xmpp:caps";
const JULIET: &str = "juliet@a.example/balcony";
const ROMEO: &str = "romeo@a.example/orchard";

fn query(inside: &str) -> info::Query {
    let query = format!("<query xmlns='{DISCO}'>{inside}</query>");
    AnyElement::parse(query).unwrap().decode().unwrap()
}

fn about(feature: &str) -> String {
    format!("<identity category='client' type='pc' name='T'/><feature var='{feature}'/>")
}

fn nodes(caps: &Caps) -> Vec<String> {
    let node = |hash: &sestina_types::xep_0300::HashElement| node(&hash.algo, hash.text.as_ref());
    caps.hashes.iter().map(node).collect()
}

fn presence(caps: &Caps) -> String {
    format!("<presence>{}</presence>", caps.to_any().to_document())
}

fn ask(id: &str, to: &str, node: Option<&str>) -> String {
    let node = node
        .map(|node| format!("node='{node}'"))
        .unwrap_or_default();
    format!("<iq type='get' id='{id}' to='{to}'><query xmlns='{DISCO}' {node}/></iq>")
}

/// The next request of discovery, past presences.
async fn asked(session: &mut Conversation) -> Frame {
    loop {
        let frame = session.recv().await;
        if frame.root().name() == "iq" {
            return frame;
        }
    }
}

async fn answer(session: &mut Conversation, request: &Frame, inside: &str) {
    let root = request.root();
    let (id, from) = (root.attr("id").unwrap(), root.attr("from").unwrap());
    let node = root.child("query", DISCO).unwrap().attr("node").unwrap();
    session
        .send(&format!(
            "<iq type='result' id='{id}' to='{from}'><query xmlns='{DISCO}' node='{node}'>{inside}</query></iq>"
        ))
        .await;
}

#[tokio::test]
async fn a_server_offers_the_digests_of_what_it_says_of_itself() {
    let server = server().await;
    let mut juliet = login(&server, JULIET).await;
    let offered = juliet.features().root().child("c", CAPS).unwrap();
    let offered = Caps::read(offered).unwrap();
    assert_eq!(
        offered
            .hashes
            .iter()
            .map(|hash| hash.algo.as_str())
            .collect::<Vec<_>>(),
        ["sha-256", "sha3-256"]
    );
    for node in nodes(&offered) {
        juliet.send(&ask("1", "a.example", Some(&node))).await;
        let found = juliet
            .expect(&format!(
                "<iq type='result' id='1'><query xmlns='{DISCO}' node='{node}'/></iq>"
            ))
            .await;
        let said = info::Query::decode(found.root().child("query", DISCO).unwrap()).unwrap();
        assert!(
            said.features
                .iter()
                .any(|feature| feature.var.as_str() == CAPS)
        );
        assert_eq!(digests(&said), Ok(offered.clone()));
    }
    juliet
        .send(&ask("2", "a.example", Some("urn:xmpp:caps#sha-256.AAAA")))
        .await;
    juliet.expect(&error("2", "item-not-found")).await;
}

#[tokio::test]
async fn who_announces_digests_is_asked_once_and_answered_for() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut romeo = available(&server, ROMEO).await;
    befriend(&mut romeo, ROMEO, &mut juliet, JULIET).await;
    let what = about("urn:xmpp:ping");
    let caps = digests(&query(&what)).unwrap();
    let [first, other] = nodes(&caps).try_into().unwrap();
    juliet.send(&presence(&caps)).await;
    let request = asked(&mut juliet).await;
    assert_eq!(
        request
            .root()
            .child("query", DISCO)
            .unwrap()
            .attr("node")
            .unwrap(),
        first
    );
    answer(&mut juliet, &request, &what).await;
    juliet.settle().await;
    // The digests reach those who see the presence as they are.
    romeo
        .expect(&format!(
            "<presence from='{JULIET}'>{}</presence>",
            caps.to_any().to_document()
        ))
        .await;
    // Juliet is not asked any more, neither about herself nor about the node.
    let said = |id: &str, node: &str| {
        format!(
            "<iq type='result' id='{id}' from='{JULIET}' to='{ROMEO}'><query xmlns='{DISCO}' {node}>{what}</query></iq>"
        )
    };
    romeo.send(&ask("1", JULIET, None)).await;
    romeo.expect(&said("1", "")).await;
    romeo.send(&ask("2", JULIET, Some(&first))).await;
    romeo.expect(&said("2", &format!("node='{first}'"))).await;
    juliet.expect_nothing().await;
    // What is not known here is for her to say, and so is what strangers ask, and other nodes.
    romeo.send(&ask("3", JULIET, Some(&other))).await;
    juliet.expect("<iq type='get' id='3'/>").await;
    romeo.send(&ask("4", JULIET, Some("commands"))).await;
    juliet.expect("<iq type='get' id='4'/>").await;
    let mut nurse = login(&server, "nurse@a.example/house").await;
    nurse.send(&ask("5", JULIET, None)).await;
    juliet.expect("<iq type='get' id='5'/>").await;
    // Whoever announces the same is not asked at all, whatever it says of its language.
    nurse.send(&presence(&caps)).await;
    nurse.expect("<presence/>").await;
    nurse.expect_nothing().await;
    // Another announcement stands for another answer; without one in a presence the last one holds.
    juliet.send("<presence><show>away</show></presence>").await;
    juliet.expect("<presence/>").await;
    romeo
        .expect(&format!(
            "<presence from='{JULIET}'><show>away</show></presence>"
        ))
        .await;
    romeo.send(&ask("6", JULIET, None)).await;
    romeo.expect(&said("6", "")).await;
    let next = digests(&query(&about("urn:xmpp:time"))).unwrap();
    juliet.send(&presence(&next)).await;
    asked(&mut juliet).await;
    romeo.expect(&format!("<presence from='{JULIET}'/>")).await;
    romeo.send(&ask("7", JULIET, None)).await;
    let request = asked(&mut juliet).await;
    assert_eq!(request.root().attr("id").unwrap(), "7");
}

#[tokio::test]
async fn who_says_something_else_than_its_digest_is_not_answered_for() {
    let server = server().await;
    let mut juliet = available(&server, JULIET).await;
    let mut romeo = available(&server, ROMEO).await;
    befriend(&mut romeo, ROMEO, &mut juliet, JULIET).await;
    let caps = digests(&query(&about("urn:xmpp:ping"))).unwrap();
    juliet.send(&presence(&caps)).await;
    let request = asked(&mut juliet).await;
    answer(&mut juliet, &request, &about("urn:evil")).await;
    juliet.settle().await;
    romeo.expect(&format!("<presence from='{JULIET}'/>")).await;
    romeo.send(&ask("1", JULIET, None)).await;
    juliet.expect("<iq type='get' id='1'/>").await;
    // A name without a language has that of what is around it, which the digest may or may not say.
    let spoken = "<identity category='client' type='pc' name='T' xml:lang='en'/>";
    let caps = digests(&query(spoken)).unwrap();
    juliet.send(&presence(&caps)).await;
    let request = asked(&mut juliet).await;
    let root = request.root();
    let (id, from) = (root.attr("id").unwrap(), root.attr("from").unwrap());
    juliet
        .send(&format!(
            "<iq type='result' id='{id}' to='{from}' xml:lang='en'><query xmlns='{DISCO}'>\
             <identity category='client' type='pc' name='T'/></query></iq>"
        ))
        .await;
    juliet.settle().await;
    romeo.expect(&format!("<presence from='{JULIET}'/>")).await;
    romeo.send(&ask("2", JULIET, None)).await;
    let found = romeo.expect("<iq type='result' id='2'/>").await;
    let said = info::Query::decode(found.root().child("query", DISCO).unwrap()).unwrap();
    assert_eq!(said.identities, query(spoken).identities);
}
