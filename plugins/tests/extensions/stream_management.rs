//! XEP-0198: acknowledgements, and sessions that outlive their streams.

use std::time::Duration;

use sestina_session::server::Server;
use sestina_session::settings::{ByteSize, Interval};
use sestina_session::testing::Conversation;
use sestina_skeletons as skeletons;
use sestina_storage::Storage;

use super::{Changes, STANZAS, error, login, server, server_with};

const SM: &str = "urn:xmpp:sm:3";

/// A server whose sessions wait for their clients only for so long.
async fn waiting(milliseconds: u64) -> Server {
    let management = skeletons::xep_0198::Settings {
        resume: Interval(Duration::from_millis(milliseconds)),
        ..Default::default()
    };
    let changes = Changes {
        management,
        ..Changes::default()
    };
    server_with(changes, Storage::memory()).await
}

/// Enables it; returns the identifier to resume with.
async fn enable(client: &mut Conversation) -> String {
    client
        .send(&format!("<enable xmlns='{SM}' resume='true'/>"))
        .await;
    let enabled = client
        .expect(&format!("<enabled xmlns='{SM}' resume='true' id='*'/>"))
        .await;
    enabled.root().attr("id").unwrap().to_string()
}

async fn resume(server: &Server, jid: &str, id: &str, handled: u32) -> Conversation {
    let mut client = Conversation::authenticate(server, jid, "secret").await;
    client
        .send(&format!(
            "<resume xmlns='{SM}' previd='{id}' h='{handled}'/>"
        ))
        .await;
    client
}

/// Becomes available, with everything acknowledged: stanza number one is the presence itself.
async fn available(client: &mut Conversation, jid: &str) {
    client.send("<presence/>").await;
    client.expect(&format!("<presence from='{jid}'/>")).await;
    client.expect(&format!("<r xmlns='{SM}'/>")).await;
    client.send(&format!("<a xmlns='{SM}' h='1'/>")).await;
}

async fn say(from: &mut Conversation, to: &str, text: &str) {
    from.send(&format!(
        "<message to='{to}' type='chat' id='{text}'><body>{text}</body></message>"
    ))
    .await;
    from.settle().await;
}

fn said(text: &str) -> String {
    format!("<message id='{text}'><body>{text}</body></message>")
}

#[tokio::test]
async fn both_sides_acknowledge() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    enable(&mut laura).await;
    laura.send(&format!("<r xmlns='{SM}'/>")).await;
    laura.expect(&format!("<a xmlns='{SM}' h='0'/>")).await;
    laura.send("<presence/>").await;
    laura
        .expect("<presence from='laura@a.example/desk'/>")
        .await;
    laura.expect(&format!("<r xmlns='{SM}'/>")).await;
    laura.send(&format!("<r xmlns='{SM}'/>")).await;
    laura.expect(&format!("<a xmlns='{SM}' h='1'/>")).await;
    // Until that is answered it does not ask again.
    say(&mut arnaut, "laura@a.example/desk", "one").await;
    say(&mut arnaut, "laura@a.example/desk", "two").await;
    laura.expect(&said("one")).await;
    laura.expect(&said("two")).await;
    laura.send(&format!("<a xmlns='{SM}' h='2'/>")).await;
    say(&mut arnaut, "laura@a.example/desk", "three").await;
    laura.expect(&said("three")).await;
    laura.expect(&format!("<r xmlns='{SM}'/>")).await;
    // A count that is too low says nothing new; one too high cannot be.
    laura.send(&format!("<a xmlns='{SM}' h='1'/>")).await;
    laura.send(&format!("<a xmlns='{SM}' h='5'/>")).await;
    laura.expect_stream_error("undefined-condition").await;
}

#[tokio::test]
async fn it_is_announced_before_binding_and_enabled_after() {
    let server = server().await;
    let mut laura = Conversation::authenticate(&server, "laura@a.example/desk", "secret").await;
    assert!(laura.features().root().child("sm", SM).is_some());
    laura.send(&format!("<enable xmlns='{SM}'/>")).await;
    laura
        .expect(&format!(
            "<failed xmlns='{SM}'><unexpected-request xmlns='{STANZAS}'/></failed>"
        ))
        .await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    laura.send(&format!("<r xmlns='{SM}'/>")).await;
    laura
        .expect(&format!(
            "<failed xmlns='{SM}'><unexpected-request xmlns='{STANZAS}'/></failed>"
        ))
        .await;
    laura.send(&format!("<enable xmlns='{SM}'/>")).await;
    let enabled = laura.expect(&format!("<enabled xmlns='{SM}'/>")).await;
    assert!(enabled.root().attr("id").is_none());
    laura.send(&format!("<enable xmlns='{SM}'/>")).await;
    laura.expect_stream_error("policy-violation").await;
}

#[tokio::test]
async fn a_session_goes_on_where_its_stream_broke() {
    let server = server().await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let id = enable(&mut laura).await;
    available(&mut laura, "laura@a.example/desk").await;
    say(&mut arnaut, "laura@a.example", "one").await;
    say(&mut arnaut, "laura@a.example", "two").await;
    laura.expect(&said("one")).await;
    // It breaks without a word, and what is sent meanwhile waits.
    drop(laura);
    say(&mut arnaut, "laura@a.example", "three").await;

    let mut laura = resume(&server, "laura@a.example/desk", &id, 2).await;
    laura
        .expect(&format!("<resumed xmlns='{SM}' previd='{id}' h='1'/>"))
        .await;
    laura.expect(&said("two")).await;
    laura.expect(&said("three")).await;
    laura.expect(&format!("<r xmlns='{SM}'/>")).await;
    laura.send(&format!("<a xmlns='{SM}' h='4'/>")).await;
    // It is the same session: still available, still counting.
    say(&mut laura, "arnaut@a.example/study", "four").await;
    arnaut.expect(&said("four")).await;
    laura.send(&format!("<r xmlns='{SM}'/>")).await;
    laura.expect(&format!("<r xmlns='{SM}'/>")).await;
    laura.expect(&format!("<a xmlns='{SM}' h='3'/>")).await;
    // And it can break again.
    drop(laura);
    say(&mut arnaut, "laura@a.example", "five").await;
    let mut laura = resume(&server, "laura@a.example/desk", &id, 5).await;
    laura
        .expect(&format!("<resumed xmlns='{SM}' h='3'/>"))
        .await;
    laura.expect(&said("five")).await;
}

#[tokio::test]
async fn a_new_stream_takes_the_session_from_one_that_has_not_broken_yet() {
    let server = server().await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    let mut before = login(&server, "laura@a.example/desk").await;
    let id = enable(&mut before).await;
    available(&mut before, "laura@a.example/desk").await;
    let mut laura = resume(&server, "laura@a.example/desk", &id, 1).await;
    laura
        .expect(&format!("<resumed xmlns='{SM}' h='1'/>"))
        .await;
    before.expect_stream_error("conflict").await;
    say(&mut arnaut, "laura@a.example", "one").await;
    laura.expect(&said("one")).await;
}

#[tokio::test]
async fn what_nobody_comes_back_for_goes_another_way() {
    let server = waiting(200).await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let id = enable(&mut laura).await;
    available(&mut laura, "laura@a.example/desk").await;
    say(&mut arnaut, "laura@a.example", "one").await;
    drop(laura);
    arnaut
        .send("<message to='laura@a.example/desk' id='two'><body>two</body></message>")
        .await;
    arnaut
        .send("<iq type='get' id='q' to='laura@a.example/desk'><query xmlns='jabber:iq:version'/></iq>")
        .await;
    // The request is refused once the session is given up.
    arnaut.expect(&error("q", "service-unavailable")).await;
    arnaut.settle().await;

    let mut laura = resume(&server, "laura@a.example/desk", &id, 1).await;
    laura
        .expect(&format!(
            "<failed xmlns='{SM}'><item-not-found xmlns='{STANZAS}'/></failed>"
        ))
        .await;
    // It can still bind.
    laura.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>desk</resource></bind></iq>").await;
    laura.expect("<iq type='result' id='b'/>").await;
    laura.send("<presence/>").await;
    laura
        .expect("<presence from='laura@a.example/desk'/>")
        .await;
    for text in ["one", "two"] {
        laura
            .expect(&format!(
                "<message id='{text}'><body>{text}</body><delay xmlns='urn:xmpp:delay' from='a.example' stamp='*'/></message>"
            ))
            .await;
    }
    laura.expect_nothing().await;
}

#[tokio::test]
async fn what_one_session_has_does_not_come_again_for_another() {
    let server = waiting(200).await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    let mut sofa = login(&server, "laura@a.example/sofa").await;
    sofa.send("<presence/>").await;
    sofa.expect("<presence from='laura@a.example/sofa'/>").await;
    let mut desk = login(&server, "laura@a.example/desk").await;
    enable(&mut desk).await;
    desk.send("<presence/>").await;
    sofa.expect("<presence from='laura@a.example/desk'/>").await;
    say(&mut arnaut, "laura@a.example", "one").await;
    sofa.expect(&said("one")).await;
    drop(desk);
    sofa.expect("<presence type='unavailable' from='laura@a.example/desk'/>")
        .await;
    sofa.expect_nothing().await;
}

#[tokio::test]
async fn a_closed_stream_is_the_end_of_its_session_and_no_other_account_resumes_one() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let id = enable(&mut laura).await;
    let failed = format!("<failed xmlns='{SM}'><item-not-found xmlns='{STANZAS}'/></failed>");
    let mut arnaut = resume(&server, "arnaut@a.example/desk", &id, 0).await;
    arnaut.expect(&failed).await;
    let mut unknown = resume(&server, "laura@a.example/desk", "guessed", 0).await;
    unknown.expect(&failed).await;
    laura.settle().await;
    // More than was ever sent: the stanza that settled, and no more.
    let mut wrong = resume(&server, "laura@a.example/desk", &id, 7).await;
    wrong.expect_stream_error("undefined-condition").await;
    laura.expect(&format!("<r xmlns='{SM}'/>")).await;
    laura.close().await;
    let mut laura = resume(&server, "laura@a.example/desk", &id, 0).await;
    laura.expect(&failed).await;
}

#[tokio::test]
async fn a_session_without_a_stream_keeps_only_so_much() {
    let management = skeletons::xep_0198::Settings {
        unacknowledged: ByteSize(16 * 1024),
        ..Default::default()
    };
    let changes = Changes {
        management,
        ..Changes::default()
    };
    let server = server_with(changes, Storage::memory()).await;
    let mut arnaut = login(&server, "arnaut@a.example/study").await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    enable(&mut laura).await;
    available(&mut laura, "laura@a.example/desk").await;
    drop(laura);
    let long = "x".repeat(1000);
    for number in 0..40 {
        arnaut
            .send(&format!(
                "<message to='laura@a.example' type='chat' id='m{number}'><body>{long}</body></message>"
            ))
            .await;
    }
    arnaut.settle().await;
    // The session is given up, and not one message is lost.
    let mut laura = login(&server, "laura@a.example/sofa").await;
    let mut seen = std::collections::BTreeSet::new();
    laura.send("<presence/>").await;
    while seen.len() < 40 {
        let frame = laura.recv().await;
        if frame.root().name() == "message" {
            assert!(seen.insert(frame.root().attr("id").unwrap().to_string()));
        }
    }
}
