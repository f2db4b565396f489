//! Jingle (XEP-0166, 0167, 0176, 0320) and its messages (XEP-0353) go through as they are, to the right session.

use sestina_session::testing::Conversation;

use super::{login, server};

const JINGLE: &str = "urn:xmpp:jingle:1";

/// What stands inside the element, octet for octet.
fn inside<'a>(stanza: &'a str, name: &str) -> &'a str {
    let start = stanza.find(&format!("<{name}")).unwrap();
    let end = stanza.rfind(&format!("</{name}>")).unwrap();
    &stanza[start..end + name.len() + 3]
}

/// Sends a request and returns what the other one gets, which has to be the same.
async fn passes(from: &mut Conversation, to: &mut Conversation, address: &str, jingle: &str) {
    from.send(&format!(
        "<iq type='set' id='j1' to='{address}'>{jingle}</iq>"
    ))
    .await;
    let got = to.recv().await;
    assert_eq!(inside(got.as_str(), "jingle"), jingle);
    let asked = got.root().attr("from").unwrap();
    to.send(&format!("<iq type='result' id='j1' to='{asked}'/>"))
        .await;
    from.expect(&format!("<iq type='result' id='j1' from='{address}'/>"))
        .await;
}

#[tokio::test]
async fn a_call_is_set_up_octet_for_octet() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let mut phone = login(&server, "arnaut@a.example/phone").await;
    let mut tablet = login(&server, "arnaut@a.example/tablet").await;
    let session = |action: &str, content: &str| {
        format!(
            "<jingle xmlns='{JINGLE}' action='{action}' sid='a73sjjvkla37jfea'>{content}</jingle>"
        )
    };
    let description = "<content creator='initiator' name='voice' senders='both'>\
        <description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'>\
        <payload-type id='96' name='opus' clockrate='48000' channels='2'><parameter name='useinbandfec' value='1'/>\
        <rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='nack'/></payload-type>\
        <rtp-hdrext xmlns='urn:xmpp:jingle:apps:rtp:rtp-hdrext:0' id='1' uri='urn:ietf:params:rtp-hdrext:ssrc-audio-level'/><rtcp-mux/></description>\
        <transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' pwd='asd88fgpdd777uzjYhagZg' ufrag='8hhy'>\
        <fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='actpass'>02:1A:CC:54:27:AB:EB:9C:53:3F:3E:4B:65:2E:7D:46</fingerprint></transport></content>";
    let candidate = "<content creator='initiator' name='voice'><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' pwd='asd88fgpdd777uzjYhagZg' ufrag='8hhy'>\
        <candidate component='1' foundation='1' generation='0' id='el0747fg11' ip='10.0.1.1' network='1' port='8998' priority='2130706431' protocol='udp' type='host'/></transport></content>";
    let (ours, theirs) = ("laura@a.example/desk", "arnaut@a.example/phone");
    passes(
        &mut laura,
        &mut phone,
        theirs,
        &session("session-initiate", description),
    )
    .await;
    passes(
        &mut laura,
        &mut phone,
        theirs,
        &session("transport-info", candidate),
    )
    .await;
    passes(
        &mut phone,
        &mut laura,
        ours,
        &session("session-accept", description),
    )
    .await;
    passes(
        &mut phone,
        &mut laura,
        ours,
        &session("transport-info", candidate),
    )
    .await;
    let done = session(
        "session-terminate",
        "<reason><success/><text>A &amp; B are &lt;done&gt;</text></reason>",
    );
    passes(&mut laura, &mut phone, theirs, &done).await;
    tablet.expect_nothing().await;
    // To a session that is not there.
    laura
        .send(&format!(
            "<iq type='set' id='j2' to='arnaut@a.example/gone'>{done}</iq>"
        ))
        .await;
    laura
        .expect("<iq type='error' id='j2' from='arnaut@a.example/gone'><error><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")
        .await;
}

#[tokio::test]
async fn all_phones_ring_and_one_picks_up() {
    const MESSAGES: &str = "urn:xmpp:jingle-message:0";
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    let mut phone = login(&server, "arnaut@a.example/phone").await;
    let mut tablet = login(&server, "arnaut@a.example/tablet").await;
    for one in [&mut phone, &mut tablet] {
        one.send("<presence/>").await;
        one.expect("<presence/>").await;
    }
    let propose = format!(
        "<propose xmlns='{MESSAGES}' id='ca3cf894'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='video'/></propose>"
    );
    laura
        .send(&format!("<message type='chat' id='m1' to='arnaut@a.example'>{propose}<store xmlns='urn:xmpp:hints'/></message>"))
        .await;
    for one in [&mut phone, &mut tablet] {
        loop {
            let got = one.recv().await;
            if got.root().name() == "message" {
                assert_eq!(inside(got.as_str(), "propose"), propose);
                break;
            }
        }
    }
    // To the session that called.
    phone
        .send(&format!("<message type='chat' id='m2' to='laura@a.example/desk'><proceed xmlns='{MESSAGES}' id='ca3cf894'/></message>"))
        .await;
    laura
        .expect(&format!("<message from='arnaut@a.example/phone' id='m2'><proceed xmlns='{MESSAGES}' id='ca3cf894'/></message>"))
        .await;
}
