//! XEP-0388, 0386, 0480, 0484: logins that take what comes after them with them.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sestina_session::sasl::token::{initiator_proof, responder_proof};
use sestina_session::server::Server;
use sestina_session::testing::Conversation;
use sestina_wire::Frame;

use sestina_storage::Storage;
use sestina_types::rfc_6121::tables::ROSTER;

use super::{Changes, server, server_with};

const SASL2: &str = "urn:xmpp:sasl:2";
const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
const SM: &str = "urn:xmpp:sm:3";
const FAST: &str = "urn:xmpp:fast:0";
const BIND: &str = "urn:xmpp:bind:0";
const AGENT: &str = "<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'><software>Sestina</software><device>Desk</device></user-agent>";

async fn open(server: &Server) -> Conversation {
    Conversation::open(server.connect_memory(), "a.example").await
}

/// A request with the right password, and more in it.
fn plain(more: &str) -> String {
    let data = BASE64_STANDARD.encode("\0laura\0secret");
    format!(
        "<authenticate xmlns='{SASL2}' mechanism='PLAIN'><initial-response>{data}</initial-response>{more}</authenticate>"
    )
}

fn token_login(token: &str, fast: &str, more: &str) -> String {
    let mut message = b"laura\0".to_vec();
    message.extend(initiator_proof(token, b""));
    let data = BASE64_STANDARD.encode(message);
    format!(
        "<authenticate xmlns='{SASL2}' mechanism='HT-SHA-256-NONE'><initial-response>{data}</initial-response>\
         {more}<fast xmlns='{FAST}' {fast}/></authenticate>"
    )
}

/// The success, and the features that follow at once.
async fn success(client: &mut Conversation) -> Frame {
    let success = client
        .expect(&format!("<success xmlns='{SASL2}'><authorization-identifier>*</authorization-identifier></success>"))
        .await;
    client
        .expect("<features xmlns='http://etherx.jabber.org/streams'/>")
        .await;
    success
}

fn identity(success: &Frame) -> String {
    let identity = success.root().child("authorization-identifier", SASL2);
    identity.unwrap().text().to_string()
}

async fn refused(client: &mut Conversation, condition: &str) {
    client
        .expect(&format!(
            "<failure xmlns='{SASL2}'><{condition} xmlns='{SASL}'/></failure>"
        ))
        .await;
}

/// Logs in with the password and gets a token.
async fn token(server: &Server) -> String {
    let mut client = open(server).await;
    let more = format!("{AGENT}<request-token xmlns='{FAST}' mechanism='HT-SHA-256-NONE'/>");
    client.send(&plain(&more)).await;
    let success = success(&mut client).await;
    let token = success.root().child("token", FAST).unwrap();
    assert!(token.attr("expiry").is_some());
    token.attr("token").unwrap().to_string()
}

#[tokio::test]
async fn a_session_comes_with_the_login() {
    let server = server().await;
    let mut client = open(&server).await;
    let features = client.features().as_str().to_owned();
    for part in [
        "<authentication xmlns='urn:xmpp:sasl:2'>",
        "<feature var='urn:xmpp:sm:3'/>",
        "<sm xmlns='urn:xmpp:sm:3'/>",
        "<mechanism>HT-SHA-256-NONE</mechanism>",
        "<max-bytes>10000</max-bytes>",
    ] {
        assert!(features.contains(part), "{part} in {features}");
    }
    let bind = format!(
        "{AGENT}<bind xmlns='{BIND}'><tag>Sestina</tag><enable xmlns='{SM}' resume='true'/></bind>"
    );
    client.send(&plain(&bind)).await;
    let first = client
        .expect(&format!(
            "<success xmlns='{SASL2}'><authorization-identifier>*</authorization-identifier>\
             <bound xmlns='{BIND}'><enabled xmlns='{SM}' id='*' resume='true'/></bound></success>"
        ))
        .await;
    let features = client
        .expect("<features xmlns='http://etherx.jabber.org/streams'><limits xmlns='urn:xmpp:stream-limits:0'/></features>")
        .await;
    assert!(features.as_str().contains("<max-bytes>262144</max-bytes>"));
    assert!(
        features
            .as_str()
            .contains("<idle-seconds>600</idle-seconds>")
    );
    assert!(identity(&first).starts_with("laura@a.example/Sestina/"));
    // Stanzas flow, and are counted from the first on.
    client.send("<presence/>").await;
    client
        .expect(&format!("<presence from='{}'/>", identity(&first)))
        .await;
    client.expect(&format!("<r xmlns='{SM}'/>")).await;
    client.send(&format!("<r xmlns='{SM}'/>")).await;
    client.expect(&format!("<a xmlns='{SM}' h='1'/>")).await;

    // The same client again: the same resource, and the earlier session ends.
    let mut again = open(&server).await;
    again.send(&plain(&bind)).await;
    let second = success(&mut again).await;
    assert_eq!(identity(&first), identity(&second));
    client.expect_stream_error("conflict").await;
}

#[tokio::test]
async fn without_binding_the_old_way_is_open() {
    let server = server().await;
    let mut client = open(&server).await;
    client.send(&plain("")).await;
    let first = client.expect(&format!("<success xmlns='{SASL2}'/>")).await;
    assert_eq!(identity(&first), "laura@a.example");
    client
        .expect("<features xmlns='http://etherx.jabber.org/streams'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></features>")
        .await;
    client
        .send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
        .await;
    client.expect("<iq type='result' id='b'/>").await;
    // Logging in a second time ends the stream (XEP-0388 §5).
    let mut client = open(&server).await;
    client.send(&plain("")).await;
    success(&mut client).await;
    client.send(&plain("")).await;
    client.expect_stream_error("unsupported-stanza-type").await;
}

#[tokio::test]
async fn a_session_is_resumed_with_the_login_by_its_owner_only() {
    let server = server().await;
    let mut client = open(&server).await;
    let bind = format!("<bind xmlns='{BIND}'><enable xmlns='{SM}' resume='true'/></bind>");
    client.send(&plain(&bind)).await;
    let first = success(&mut client).await;
    let bound = first.root().child("bound", BIND).unwrap();
    let id = bound.child("enabled", SM).unwrap().attr("id").unwrap();
    drop(client);

    // Somebody else's: refused, and a session of his own is bound in its place.
    let mut thief = open(&server).await;
    let data = BASE64_STANDARD.encode("\0arnaut\0secret");
    thief
        .send(&format!(
            "<authenticate xmlns='{SASL2}' mechanism='PLAIN'><initial-response>{data}</initial-response>\
             <resume xmlns='{SM}' previd='{id}' h='0'/><bind xmlns='{BIND}'/></authenticate>"
        ))
        .await;
    let theirs = success(&mut thief).await;
    assert!(theirs.root().child("failed", SM).is_some());
    assert!(theirs.root().child("resumed", SM).is_none());
    assert!(identity(&theirs).starts_with("arnaut@a.example/"));

    let mut client = open(&server).await;
    let resume = format!("<resume xmlns='{SM}' previd='{id}' h='0'/><bind xmlns='{BIND}'/>");
    client.send(&plain(&resume)).await;
    let second = success(&mut client).await;
    assert!(second.root().child("resumed", SM).is_some());
    assert!(second.root().child("bound", BIND).is_none());
    assert_eq!(identity(&first), identity(&second));
    client.send(&format!("<r xmlns='{SM}'/>")).await;
    client.expect(&format!("<a xmlns='{SM}' h='0'/>")).await;
}

#[tokio::test]
async fn hostile_logins_get_their_conditions() {
    let server = server().await;
    let request = |mechanism: &str, data: &str| {
        format!(
            "<authenticate xmlns='{SASL2}' mechanism='{mechanism}'><initial-response>{data}</initial-response></authenticate>"
        )
    };
    let encoded = |message: &str| BASE64_STANDARD.encode(message);
    let long = format!("<user-agent id='{}'/>", "x".repeat(300));
    for (xml, condition) in [
        (request("X-NONSENSE", ""), "invalid-mechanism"),
        (request("PLAIN", "***"), "incorrect-encoding"),
        (request("PLAIN", ""), "malformed-request"),
        (
            request("PLAIN", &encoded("\0laura\0wrong")),
            "not-authorized",
        ),
        (
            request("PLAIN", &encoded("\0nobody\0secret")),
            "not-authorized",
        ),
        (
            request("PLAIN", &encoded("arnaut@a.example\0laura\0secret")),
            "invalid-authzid",
        ),
        (plain(&long), "malformed-request"),
        (
            format!("<authenticate xmlns='{SASL2}'/>"),
            "malformed-request",
        ),
        // A token without the word that it is one, and without a client that it is bound to.
        (
            request("HT-SHA-256-NONE", &encoded("laura\0x")),
            "malformed-request",
        ),
    ] {
        let mut client = open(&server).await;
        client.send(&xml).await;
        refused(&mut client, condition).await;
        // The stream is still usable, and nothing of what was refused was done.
        client.send(&plain("")).await;
        success(&mut client).await;
    }
    let begin = request("SCRAM-SHA-256", &encoded("n,,n=laura,r=abc"));
    let mut client = open(&server).await;
    client.send(&begin).await;
    client
        .expect(&format!("<challenge xmlns='{SASL2}'>*</challenge>"))
        .await;
    client.send(&format!("<abort xmlns='{SASL2}'/>")).await;
    refused(&mut client, "aborted").await;
    for out_of_order in [
        plain(""),
        "<message><body>x</body></message>".to_owned(),
        format!("<next xmlns='{SASL2}' task='UPGR-SCRAM-SHA-512'/>"),
    ] {
        let mut client = open(&server).await;
        client.send(&begin).await;
        client
            .expect(&format!("<challenge xmlns='{SASL2}'>*</challenge>"))
            .await;
        client.send(&out_of_order).await;
        client.expect_stream_error("not-authorized").await;
    }
    let mut client = open(&server).await;
    client.send(&begin).await;
    client
        .expect(&format!("<challenge xmlns='{SASL2}'>*</challenge>"))
        .await;
    client
        .send(&format!("<response xmlns='{SASL2}'>*</response>"))
        .await;
    refused(&mut client, "incorrect-encoding").await;
    let mut client = open(&server).await;
    client.send(&request("PLAIN", &"A".repeat(12_000))).await;
    client.expect_stream_error("policy-violation").await;
}

#[tokio::test]
async fn a_token_brings_a_client_back() {
    let server = server().await;
    let token = token(&server).await;
    let mut client = open(&server).await;
    let bind = format!("{AGENT}<bind xmlns='{BIND}'/>");
    client.send(&token_login(&token, "", &bind)).await;
    let answer = success(&mut client).await;
    let proof = answer.root().child("additional-data", SASL2).unwrap();
    assert_eq!(
        BASE64_STANDARD.decode(&*proof.text()).unwrap(),
        responder_proof(&token, b"")
    );
    assert!(identity(&answer).starts_with("laura@a.example/"));
    // It is young, so there is no new one.
    assert!(answer.root().child("token", FAST).is_none());
}

#[tokio::test]
async fn a_token_is_its_clients_and_is_counted_and_taken_back() {
    let server = server().await;
    let other = AGENT.replace("d4565fa7", "ffffffff");
    let good = token(&server).await;
    let attempt = async |fast: &str, agent: &str, token: &str| {
        let mut client = open(&server).await;
        client.send(&token_login(token, fast, agent)).await;
        let answer = client.recv().await;
        answer.root().name().to_owned()
    };
    assert_eq!(attempt("", &other, &good).await, "failure");
    assert_eq!(attempt("", "", &good).await, "failure");
    assert_eq!(attempt("", AGENT, "made up").await, "failure");
    // Each count once, and only upwards.
    assert_eq!(attempt("count='2'", AGENT, &good).await, "success");
    assert_eq!(attempt("count='2'", AGENT, &good).await, "failure");
    assert_eq!(attempt("count='1'", AGENT, &good).await, "failure");
    assert_eq!(attempt("count='3'", AGENT, &good).await, "success");
    // A new one leaves the old one good until it is used itself.
    let newer = token(&server).await;
    assert_eq!(attempt("", AGENT, &good).await, "success");
    assert_eq!(attempt("", AGENT, &newer).await, "success");
    assert_eq!(attempt("", AGENT, &good).await, "failure");
    // Taken back, it is good this once more.
    assert_eq!(attempt("invalidate='true'", AGENT, &newer).await, "success");
    assert_eq!(attempt("", AGENT, &newer).await, "failure");
    // The table alone lets nobody in.
    let kept = server.host("a.example").unwrap();
    let rows = sestina_types::Stores::fast_tokens(kept.storage()).unwrap();
    let token = self::token(&server).await;
    let laura = sestina_wire::BareJid::parse("laura@a.example").unwrap();
    for row in rows.of_owner(&laura).await.unwrap() {
        let stolen = String::from_utf8_lossy(row.token.expose_secret()).into_owned();
        assert!(!stolen.contains(&token));
        assert_eq!(attempt("", AGENT, &stolen).await, "failure");
    }
}

#[tokio::test]
async fn announced_limits_are_those_that_hold() {
    let server = server().await;
    let mut client = open(&server).await;
    let bind = format!("<bind xmlns='{BIND}'/>");
    client.send(&plain(&bind)).await;
    success(&mut client).await;
    let message = |length: usize| {
        let (start, end) = ("<message to='arnaut@a.example'><body>", "</body></message>");
        format!(
            "{start}{}{end}",
            "x".repeat(length - start.len() - end.len())
        )
    };
    assert_eq!(message(262_144).len(), 262_144);
    client.send(&message(262_144)).await;
    client.settle().await;
    client.send(&message(262_145)).await;
    client.expect_stream_error("policy-violation").await;

    let mut client = open(&server).await;
    client.send(&plain(&"<a xmlns='urn:x'/>".repeat(600))).await;
    client.expect_stream_error("policy-violation").await;
}

/// Whoever comes without an account gets one, and with his last session goes what was kept for him (XEP-0175).
#[tokio::test]
async fn an_account_without_a_name_goes_with_its_session() {
    let storage = Storage::memory();
    let changes = Changes {
        anonymous: true,
        ..Changes::default()
    };
    let server = server_with(changes, storage.clone()).await;
    let mut client = open(&server).await;
    client
        .send(&format!(
            "<authenticate xmlns='{SASL2}' mechanism='ANONYMOUS'><initial-response/><bind xmlns='{BIND}'/></authenticate>"
        ))
        .await;
    let success = success(&mut client).await;
    assert!(identity(&success).starts_with("anon-"));
    client
        .send("<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='arnaut@a.example'/></query></iq>")
        .await;
    client.expect("<iq type='result' id='1'/>").await;
    assert_eq!(storage.count(&ROSTER).await.unwrap(), 1);
    client.close().await;
    for _ in 0..100 {
        if storage.count(&ROSTER).await.unwrap() == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("what was kept stays");
}
