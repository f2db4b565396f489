//! BOSH (XEP-0124, XEP-0206), request by request.

use std::net::SocketAddr;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sestina_wire::Frame;

use super::{open_server, request};

const BIND: &str = "http://jabber.org/protocol/httpbind";

/// One client's session.
struct Client {
    address: SocketAddr,
    sid: String,
    rid: u64,
}

fn post(address: SocketAddr, body: &str) -> String {
    let (head, body) = request(
        address,
        "POST /http-bind HTTP/1.1\r\nHost: a.example\r\nContent-Type: text/xml",
        body,
    );
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    body
}

fn attribute(body: &str, name: &str) -> Option<String> {
    let frame =
        Frame::parse_in(body.to_owned(), "").unwrap_or_else(|error| panic!("{error}: {body}"));
    assert!(frame.root().is("body", BIND), "{body}");
    frame.root().attr(name).map(|value| value.to_string())
}

impl Client {
    /// Begins a session; also its first answer.
    fn begin(address: SocketAddr, extra: &str) -> (Client, String) {
        let rid = 1_573_741_820;
        let answer = post(
            address,
            &format!(
                "<body rid='{rid}' to='a.example' ver='1.6' xml:lang='en' xmpp:version='1.0' xmlns='{BIND}' \
                 xmlns:xmpp='urn:xmpp:xbosh' {extra}/>"
            ),
        );
        let sid = attribute(&answer, "sid").unwrap_or_default();
        (Client { address, sid, rid }, answer)
    }

    fn body(&self, rid: u64, attributes: &str, content: &str) -> String {
        format!(
            "<body rid='{rid}' sid='{}' xmlns='{BIND}' xmlns:xmpp='urn:xmpp:xbosh' {attributes}>{content}</body>",
            self.sid
        )
    }

    fn send(&mut self, attributes: &str, content: &str) -> String {
        self.rid += 1;
        post(self.address, &self.body(self.rid, attributes, content))
    }

    /// The same without waiting.
    fn send_later(&mut self, content: &str) -> JoinHandle<String> {
        self.rid += 1;
        self.again(self.rid, content)
    }

    fn again(&self, rid: u64, content: &str) -> JoinHandle<String> {
        let (address, body) = (self.address, self.body(rid, "", content));
        thread::spawn(move || post(address, &body))
    }
}

async fn server() -> (sestina_session::server::Server, SocketAddr) {
    open_server(|builder| builder).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_begins_as_the_examples_say() {
    let (_server, address) = server().await;
    let (client, answer) = Client::begin(
        address,
        "content='text/xml; charset=utf-8' hold='1' wait='60'",
    );
    assert_eq!(client.sid.len(), 32, "128 bits: {answer}");
    for (name, value) in [
        ("wait", "60"),
        ("requests", "2"),
        ("hold", "1"),
        ("inactivity", "60"),
        ("from", "a.example"),
    ] {
        assert_eq!(
            attribute(&answer, name).as_deref(),
            Some(value),
            "{name}: {answer}"
        );
    }
    assert!(
        answer.contains("xmpp:version='1.0'") && answer.contains("xmpp:restartlogic='true'"),
        "{answer}"
    );
    assert!(attribute(&answer, "authid").is_some_and(|id| !id.is_empty()));
    assert!(
        attribute(&answer, "polling").is_none(),
        "only who polls has to know"
    );
    assert!(answer.contains("<stream:features"), "{answer}");
    let (polling, answer) = Client::begin(address, "hold='0' wait='60'");
    assert_ne!(polling.sid, client.sid);
    assert_eq!(attribute(&answer, "polling").as_deref(), Some("2"));
    assert_eq!(attribute(&answer, "requests").as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_begin_or_is_unknown_is_terminated() {
    let (_server, address) = server().await;
    let ended = |body: &str, condition: &str| {
        let answer = post(address, body);
        assert_eq!(
            attribute(&answer, "type").as_deref(),
            Some("terminate"),
            "{answer}"
        );
        assert_eq!(
            attribute(&answer, "condition").as_deref(),
            Some(condition),
            "{answer}"
        );
        answer
    };
    ended(
        &format!("<body xmlns='{BIND}' to='a.example'/>"),
        "bad-request",
    );
    ended(
        &format!("<body xmlns='{BIND}' rid='1'/>"),
        "improper-addressing",
    );
    ended(
        &format!("<body xmlns='{BIND}' rid='1' sid='guessed'/>"),
        "item-not-found",
    );
    ended("<body/>", "bad-request");
    ended("", "bad-request");
    let xmpp = "xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0'";
    let answer = ended(
        &format!("<body xmlns='{BIND}' rid='1' to='b.example' {xmpp}/>"),
        "host-unknown",
    );
    assert!(
        answer.contains("<host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"),
        "{answer}"
    );
    let (mut client, _) = Client::begin(address, "hold='1' wait='5'");
    let answer = client.send("", "<message xmlns='jabber:client'/>");
    assert_eq!(
        attribute(&answer, "condition").as_deref(),
        Some("remote-stream-error"),
        "{answer}"
    );
    assert!(
        answer.contains("<not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_given_again_and_nothing_is_done_twice() {
    let (_server, address) = server().await;
    let (mut client, _) = Client::begin(address, "hold='1' wait='5'");
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>biwsbj1yb21lbyxyPWFiYw==</auth>";
    let answer = client.send("", auth);
    assert!(answer.contains("<challenge "), "{answer}");
    // The same request gets the same answer, nonce and all; it was not taken twice.
    let again = client.again(client.rid, auth).join().unwrap();
    assert_eq!(again, answer);
    let later = client.send("", "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    assert!(later.contains("<aborted"), "{later}");
    // An answer that is too old is gone, and with it the session.
    client.send("", auth);
    let gone = client.again(client.rid - 3, "").join().unwrap();
    assert_eq!(
        attribute(&gone, "condition").as_deref(),
        Some("item-not-found"),
        "{gone}"
    );
    let after = client.send("", "");
    assert_eq!(
        attribute(&after, "type").as_deref(),
        Some("terminate"),
        "{after}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_held_taken_in_order_and_bounded() {
    let (_server, address) = server().await;
    let (mut client, _) = Client::begin(address, "hold='1' wait='2'");
    // Held until the time is over.
    let begun = Instant::now();
    let answer = client.send("", "");
    assert!(
        begun.elapsed() >= Duration::from_millis(1_800),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(attribute(&answer, "type"), None, "{answer}");
    // The second request frees the first.
    let held = client.send_later("");
    thread::sleep(Duration::from_millis(200));
    let begun = Instant::now();
    let second = client.send_later("");
    held.join().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
    second.join().unwrap();
    // Out of order: the later waits for the earlier.
    client.rid += 2;
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>biwsbj1yb21lbyxyPWFiYw==</auth>";
    let later = client.again(
        client.rid,
        "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
    );
    thread::sleep(Duration::from_millis(200));
    let earlier = client.again(client.rid - 1, auth).join().unwrap();
    let later = later.join().unwrap();
    // The later one frees the earlier, which may go without an answer of its own.
    let third = client.send("", "");
    let both = format!("{earlier}{later}{third}");
    let (challenge, aborted) = (both.find("<challenge "), both.find("<aborted"));
    assert!(challenge.is_some() && challenge < aborted, "{both}");
    // A repeated request that is held: whoever waited first is told to make it again.
    let first = client.send_later("");
    thread::sleep(Duration::from_millis(200));
    let again = client.again(client.rid, "");
    assert_eq!(
        attribute(&first.join().unwrap(), "type").as_deref(),
        Some("error")
    );
    assert_eq!(attribute(&again.join().unwrap(), "type"), None);
    // Past the window.
    let answer = client.again(client.rid + 3, "").join().unwrap();
    assert_eq!(
        attribute(&answer, "condition").as_deref(),
        Some("item-not-found"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_or_too_much_is_ended() {
    let (_server, address) = server().await;
    let (mut polling, _) = Client::begin(address, "hold='0' wait='5'");
    let begun = Instant::now();
    polling.send("", "");
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "who polls is not held"
    );
    let answer = polling.send("", "");
    assert_eq!(
        attribute(&answer, "condition").as_deref(),
        Some("policy-violation"),
        "{answer}"
    );
    // Before login little may be sent, whether it says of which session or not.
    let (client, _) = Client::begin(address, "hold='1' wait='5'");
    for sid in [client.sid.as_str(), "none"] {
        let large = format!(
            "<body xmlns='{BIND}' rid='2' sid='{sid}'>{}</body>",
            "x".repeat(20_000)
        );
        let (head, _) = request(
            address,
            "POST /http-bind HTTP/1.1\r\nHost: a.example",
            &large,
        );
        assert!(head.starts_with("HTTP/1.1 413"), "{head}");
    }
    let mut client = client;
    let long = format!(
        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{}</auth>",
        "x".repeat(10_500)
    );
    let answer = client.send("", &long);
    assert!(answer.contains("<policy-violation "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_its_client() {
    let (server, address) = server().await;
    let (mut client, _) = Client::begin(address, "hold='1' wait='5'");
    let held = client.send_later("");
    thread::sleep(Duration::from_millis(100));
    let answer = client.send("type='terminate'", "");
    assert_eq!(
        attribute(&answer, "type").as_deref(),
        Some("terminate"),
        "{answer}"
    );
    held.join().unwrap();
    let answer = client.send("", "");
    assert_eq!(
        attribute(&answer, "condition").as_deref(),
        Some("item-not-found"),
        "{answer}"
    );
    let begun = Instant::now();
    while server.connections() > 0 && begun.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_before_its_turn_waits_no_longer_than_others() {
    let (_server, address) = server().await;
    let (client, _) = Client::begin(address, "hold='1' wait='1'");
    let begun = Instant::now();
    // The one before it never comes: this one is to be made again.
    let answer = client.again(client.rid + 2, "").join().unwrap();
    assert_eq!(
        attribute(&answer, "type").as_deref(),
        Some("error"),
        "{answer}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_say_that_it_is_away_for_a_while() {
    let (server, address) = server().await;
    let (mut client, answer) = Client::begin(address, "hold='1' wait='20'");
    assert_eq!(attribute(&answer, "maxpause").as_deref(), Some("120"));
    let held = client.send_later("");
    thread::sleep(Duration::from_millis(200));
    // Who waits is let go, and the answer holds nothing, although there is something to say.
    let begun = Instant::now();
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>biwsbj1yb21lbyxyPWFiYw==</auth>";
    let answer = client.send("pause='100'", auth);
    let held = held.join().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2));
    let frame = Frame::parse_in(answer.clone(), "").unwrap();
    assert_eq!(frame.root().children().count(), 0, "{answer}");
    assert_eq!(attribute(&answer, "type"), None, "{answer}");
    assert_eq!(attribute(&held, "type"), None, "{held}");
    thread::sleep(Duration::from_millis(200));
    let back = client.send("", "");
    assert!(back.contains("<challenge "), "{back}");
    // A pause that is longer than may be is none: the request waits like any other.
    let long = client.body(client.rid + 1, "pause='121'", "");
    let waits = thread::spawn(move || post(address, &long));
    client.rid += 1;
    thread::sleep(Duration::from_millis(300));
    assert!(!waits.is_finished());
    // A short one finds out sooner that nobody comes back.
    client.send("pause='1'", "");
    waits.join().unwrap();
    let begun = Instant::now();
    while server.connections() > 0 && begun.elapsed() < Duration::from_secs(10) {
        thread::sleep(Duration::from_millis(50));
    }
    let gone = client.send("", "");
    assert_eq!(
        attribute(&gone, "condition").as_deref(),
        Some("item-not-found"),
        "{gone}"
    );
}
