//! WebSocket (RFC 7395), frame by frame.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use tungstenite::protocol::{Role, WebSocket};
use tungstenite::{
    Message,
    protocol::frame::Frame,
    protocol::frame::coding::{Data, OpCode},
};

use super::{connect, open_server};

const OPEN: &str =
    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a.example' version='1.0'/>";

/// The head of a handshake, with lines in place of those for protocol and version.
fn handshake(address: SocketAddr, lines: &str) -> (String, TcpStream) {
    let mut stream = connect(address);
    let head = format!(
        "GET /xmpp-websocket HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
    assert!(reader.buffer().is_empty() || !head.starts_with("HTTP/1.1 101"));
    (head, stream)
}

fn socket(address: SocketAddr) -> WebSocket<TcpStream> {
    let (head, stream) = handshake(
        address,
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, xmpp\r\n",
    );
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let head = head.to_ascii_lowercase();
    // The example of RFC 6455 §1.3.
    assert!(
        head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
        "{head}"
    );
    assert!(head.contains("sec-websocket-protocol: xmpp"), "{head}");
    assert!(!head.contains("extensions"), "{head}");
    WebSocket::from_raw_socket(stream, Role::Client, None)
}

/// The next message that is no answer to a ping.
fn text(socket: &mut WebSocket<TcpStream>) -> String {
    loop {
        match socket.read().unwrap() {
            Message::Text(text) => return text.as_str().to_owned(),
            Message::Close(_) => return String::new(),
            _ => {}
        }
    }
}

fn begin(socket: &mut WebSocket<TcpStream>) -> String {
    socket.send(Message::text(OPEN)).unwrap();
    let open = text(socket);
    assert!(
        open.starts_with("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' version='1.0'"),
        "{open}"
    );
    text(socket)
}

fn log_in(socket: &mut WebSocket<TcpStream>) {
    begin(socket);
    // "\0romeo\0secret"
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>biwsbj1yb21lbyxyPWFiYw==</auth>";
    socket.send(Message::text(auth)).unwrap();
    let challenge = text(socket);
    assert!(challenge.starts_with("<challenge xmlns="), "{challenge}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_subprotocol_is_demanded() {
    let (_server, address) = open_server(|builder| builder).await;
    for (lines, status) in [
        ("Sec-WebSocket-Version: 13\r\n", "400"),
        (
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\n",
            "400",
        ),
        (
            "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Protocol: xmpp\r\n",
            "426",
        ),
    ] {
        let (head, _) = handshake(address, lines);
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}")),
            "{lines}: {head}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_element_comes_alone_with_its_namespaces() {
    let (_server, address) = open_server(|builder| builder).await;
    let mut socket = socket(address);
    let features = begin(&mut socket);
    assert!(
        features.starts_with(
            "<stream:features xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
        ),
        "{features}"
    );
    assert!(
        !features.contains("starttls"),
        "TLS cannot be negotiated inside: {features}"
    );
    socket
        .send(Message::text(
            "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>",
        ))
        .unwrap();
    assert_eq!(
        text(&mut socket),
        "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"
    );
    assert_eq!(text(&mut socket), "", "the WebSocket is closed as well");
}

#[tokio::test(flavor = "multi_thread")]
async fn fragments_and_pings_are_as_good_as_whole_messages() {
    let (_server, address) = open_server(|builder| builder).await;
    let mut socket = socket(address);
    let (first, second) = OPEN.split_at(20);
    let data = |code, text: &str, last| {
        Message::Frame(Frame::message(text.to_owned(), OpCode::Data(code), last))
    };
    socket.send(data(Data::Text, first, false)).unwrap();
    socket.send(Message::Ping("between".into())).unwrap();
    socket.send(data(Data::Continue, second, true)).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong("between".into()));
    assert!(text(&mut socket).starts_with("<open "));
    assert!(text(&mut socket).starts_with("<stream:features"));
    // A session that says nothing answers pings.
    socket.send(Message::Ping("alive?".into())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong("alive?".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_stream_ends_with_the_error_that_says_so() {
    let (server, address) = open_server(|builder| builder).await;
    let large = format!(
        "<message xmlns='jabber:client'><body>{}</body></message>",
        "x".repeat(11_000)
    );
    let cases: &[(&str, Message, &str)] = &[
        (
            "two elements",
            Message::text("<r xmlns='u'/><r xmlns='u'/>"),
            "not-well-formed",
        ),
        (
            "half an element",
            Message::text("<message xmlns='jabber:client'>"),
            "not-well-formed",
        ),
        ("no element", Message::text(" "), "bad-format"),
        ("nothing", Message::text(""), "bad-format"),
        (
            "white space first",
            Message::text(" <r xmlns='u'/>"),
            "bad-format",
        ),
        (
            "a comment",
            Message::text("<r xmlns='u'><!-- x --></r>"),
            "restricted-xml",
        ),
        (
            "binary",
            Message::binary(OPEN.as_bytes().to_vec()),
            "bad-format",
        ),
        ("too large", Message::text(large), "policy-violation"),
        (
            "a header of TCP",
            Message::text(
                "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='a.example' version='1.0'>",
            ),
            "not-well-formed",
        ),
        (
            "a header in another namespace",
            Message::text("<open xmlns='jabber:client' to='a.example' version='1.0'/>"),
            "invalid-namespace",
        ),
        (
            "a stanza before login",
            Message::text("<message xmlns='jabber:client' to='juliet@a.example'/>"),
            "not-authorized",
        ),
        ("a second header", Message::text(OPEN), "bad-format"),
    ];
    for (name, message, condition) in cases {
        let mut socket = socket(address);
        begin(&mut socket);
        socket.send(message.clone()).unwrap();
        let error = text(&mut socket);
        assert!(
            error.starts_with("<stream:error xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
                && error.contains(&format!("<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>")),
            "{name}: {error}"
        );
        assert!(text(&mut socket).starts_with("<close "), "{name}");
        assert_eq!(text(&mut socket), "", "{name}");
    }
    // The error stands in a stream, also where none had begun.
    let mut early = socket(address);
    early
        .send(Message::text(
            "<iq xmlns='jabber:client' type='get' id='1'/>",
        ))
        .unwrap();
    assert!(text(&mut early).starts_with("<open "));
    assert!(text(&mut early).contains("<bad-format "));
    let mut unknown = socket(address);
    unknown
        .send(Message::text(OPEN.replace("a.example", "b.example")))
        .unwrap();
    assert!(text(&mut unknown).starts_with("<open "));
    assert!(text(&mut unknown).contains("<host-unknown "));
    drop((early, unknown));
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_hold_before_a_frame_has_come() {
    let (_server, address) = open_server(|builder| builder).await;
    let mut begun = socket(address);
    log_in(&mut begun);
    // A frame that announces a gigabyte is refused at its header; one without a mask as well.
    for (name, header) in [
        (
            "a gigabyte",
            [0x81, 0xFF, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4].as_slice(),
        ),
        ("no mask", &[0x81, 0x01, b'<']),
        ("a reserved bit", &[0xC1, 0x81, 0, 0, 0, 0, b'<']),
        ("an unknown code", &[0x83, 0x81, 0, 0, 0, 0, b'<']),
        ("a continuation of nothing", &[0x80, 0x81, 0, 0, 0, 0, b'<']),
        ("no UTF-8", &[0x81, 0x81, 0, 0, 0, 0, 0xFF]),
    ] {
        let mut socket = socket(address);
        begin(&mut socket);
        socket.get_mut().write_all(header).unwrap();
        let error = text(&mut socket);
        assert!(error.starts_with("<stream:error "), "{name}: {error}");
        assert!(text(&mut socket).starts_with("<close "), "{name}");
    }
    // Whoever was there before is still.
    begun.send(Message::Ping("x".into())).unwrap();
    assert_eq!(begun.read().unwrap(), Message::Pong("x".into()));
    let mut byte = [0];
    drop(begun);
    let (_, mut raw) = handshake(
        address,
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: xmpp\r\n",
    );
    raw.shutdown(std::net::Shutdown::Write).unwrap();
    while raw.read(&mut byte).is_ok_and(|read| read > 0) {}
}
