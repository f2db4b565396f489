//! Servers that lie: raw XML against one of ours.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::setup::{Site, at, free_port, site};

const PATIENCE: Duration = Duration::from_secs(10);

/// A connection in plain text that says what no server says.
struct Raw {
    socket: TcpStream,
    text: String,
}

impl Raw {
    async fn open(site: &Site, from: &str) -> Raw {
        let address = site.server.server_addresses()[0];
        let mut raw = Raw {
            socket: TcpStream::connect(address).await.unwrap(),
            text: String::new(),
        };
        raw.send(&header(from, "a.example")).await;
        raw.until("</stream:features>").await;
        raw
    }

    async fn send(&mut self, xml: &str) {
        self.socket.write_all(xml.as_bytes()).await.unwrap();
    }

    /// Reads until this has come; returns all up to there.
    async fn until(&mut self, wanted: &str) -> String {
        let reading = async {
            loop {
                if let Some(at) = self.text.find(wanted) {
                    let rest = self.text.split_off(at + wanted.len());
                    return std::mem::replace(&mut self.text, rest);
                }
                let mut bytes = [0; 4096];
                let read = self.socket.read(&mut bytes).await.unwrap_or(0);
                assert!(read > 0, "ended without {wanted:?}: {:?}", self.text);
                self.text
                    .push_str(std::str::from_utf8(&bytes[..read]).unwrap());
            }
        };
        let read = tokio::time::timeout(PATIENCE, reading).await;
        read.unwrap_or_else(|_| panic!("no {wanted:?}"))
    }

    /// The stream ends with this error.
    async fn ends(mut self, condition: &str) {
        let text = self.until("</stream:stream>").await;
        assert!(
            text.contains(&format!("<{condition} ")),
            "{condition}: {text}"
        );
    }
}

fn header(from: &str, to: &str) -> String {
    format!(
        "<stream:stream xmlns='jabber:server' xmlns:db='jabber:server:dialback' \
         xmlns:stream='http://etherx.jabber.org/streams' from='{from}' to='{to}' version='1.0'>"
    )
}

/// A server for `evil.example` that says of every key that it is its own.
async fn evil() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let open = header("evil.example", "a.example");
                let open = open.replace(" version", " id='x' version");
                let _ = socket
                    .write_all(format!("{open}<stream:features/>").as_bytes())
                    .await;
                let mut text = String::new();
                let mut bytes = [0; 4096];
                while let Ok(read @ 1..) = socket.read(&mut bytes).await {
                    text.push_str(&String::from_utf8_lossy(&bytes[..read]));
                    if let Some(id) = text
                        .split_once(" id='")
                        .or_else(|| text.split_once(" id=\""))
                        .and_then(|(_, rest)| rest.split(['\'', '"']).next())
                        .filter(|_| text.contains("</verify>") || text.contains(":verify>"))
                    {
                        let from = if text.contains("other.example") {
                            "other.example"
                        } else {
                            "evil.example"
                        };
                        let answer = format!(
                            "<db:verify from='{from}' to='a.example' id='{id}' type='valid'/>"
                        );
                        let _ = socket.write_all(answer.as_bytes()).await;
                    }
                }
            });
        }
    });
    port
}

/// Our server, which knows where evil and honest others are; no TLS is asked for, so that raw text does.
async fn ours(evil: u16, honest: u16) -> Site {
    site(
        "a.example",
        free_port(),
        &["xep-0178", "xep-0220", "xep-0288"],
        |config| {
            config.default.require_tls = false;
            config.limits.domains_per_stream = 4;
            config.limits.outgoing = 4;
            for (domain, port) in [
                ("evil.example", evil),
                ("other.example", evil),
                ("b.example", honest),
            ] {
                let mut policy = at(port);
                policy.require_tls = false;
                config.domains.insert(domain.to_owned(), policy);
            }
            for index in 0..10 {
                let mut policy = at(evil);
                policy.require_tls = false;
                config.domains.insert(format!("d{index}.example"), policy);
            }
            config.domains.insert("tls.example".to_owned(), at(evil));
        },
    )
    .await
}

async fn honest(port: u16, a: &Site) -> Site {
    site("b.example", port, &["xep-0220"], |config| {
        config.default.require_tls = false;
        let mut policy = a.policy();
        policy.require_tls = false;
        config.domains.insert("a.example".to_owned(), policy);
    })
    .await
}

async fn servers() -> (Site, Site) {
    let port = free_port();
    let a = ours(evil().await, port).await;
    let b = honest(port, &a).await;
    (a, b)
}

/// A stream on which evil.example has proved that it is evil.example.
async fn proved(a: &Site) -> Raw {
    let mut raw = Raw::open(a, "evil.example").await;
    raw.send("<db:result from='evil.example' to='a.example'>key</db:result>")
        .await;
    let text = raw.until("/>").await;
    assert!(
        text.contains("'valid'") || text.contains("\"valid\""),
        "{text}"
    );
    raw
}

#[tokio::test]
async fn forged_and_unsolicited_results_are_refused() {
    let (a, _b) = servers().await;
    // The true server says that the key is not its own.
    let mut raw = Raw::open(&a, "b.example").await;
    raw.send("<db:result from='b.example' to='a.example'>0123456789abcdef</db:result>")
        .await;
    let text = raw.until("</stream:stream>").await;
    assert!(text.contains("invalid"), "{text}");
    // Nobody asked.
    for unsolicited in [
        "<db:result from='b.example' to='a.example' type='valid'/>",
        "<db:verify from='b.example' to='a.example' id='x' type='valid'/>",
    ] {
        let mut raw = Raw::open(&a, "b.example").await;
        raw.send(unsolicited).await;
        raw.ends("not-authorized").await;
    }
    // The answer of one domain says nothing about another: a.example asks b.example itself.
    let mut raw = Raw::open(&a, "evil.example").await;
    raw.send("<db:result from='b.example' to='a.example'>key</db:result>")
        .await;
    let text = raw.until("</stream:stream>").await;
    assert!(text.contains("invalid"), "{text}");
    // Nobody else serves our own domain.
    let mut raw = Raw::open(&a, "evil.example").await;
    raw.send("<db:result from='a.example' to='a.example'>key</db:result>")
        .await;
    let text = raw.until("</").await;
    assert!(text.contains("error"), "{text}");
}

#[tokio::test]
async fn a_key_is_confirmed_only_for_its_stream_and_pair() {
    let (a, _b) = servers().await;
    let mut raw = Raw::open(&a, "evil.example").await;
    for (to, verdict) in [
        ("a.example", "invalid"),
        ("b.example", "error"),
        ("x@a.example", "error"),
    ] {
        raw.send(&format!(
            "<db:verify from='evil.example' to='{to}' id='abc'>0123</db:verify>"
        ))
        .await;
        let text = raw
            .until(if verdict == "error" {
                "</db:verify>"
            } else {
                "/>"
            })
            .await;
        assert!(text.contains(verdict), "{to}: {text}");
    }
}

#[tokio::test]
async fn nothing_is_taken_before_its_time() {
    let (a, _b) = servers().await;
    for (what, condition) in [
        (
            "<message from='x@evil.example' to='romeo@a.example'><body>hi</body></message>",
            "not-authorized",
        ),
        (
            "<iq type='get' id='1' from='evil.example' to='a.example'><ping xmlns='urn:xmpp:ping'/></iq>",
            "not-authorized",
        ),
        (
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>\
          <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>\
          <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>",
            "policy-violation",
        ),
        (
            "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><message/>",
            "policy-violation",
        ),
    ] {
        let mut raw = Raw::open(&a, "evil.example").await;
        raw.send(what).await;
        raw.ends(condition).await;
    }
    // Dialback waits for TLS where policy says so.
    let mut raw = Raw::open(&a, "tls.example").await;
    raw.send("<db:result from='tls.example' to='a.example'>key</db:result>")
        .await;
    raw.ends("policy-violation").await;
    // A domain that asks for TLS cannot be slipped into a stream that has none.
    let mut raw = proved(&a).await;
    raw.send("<db:result from='tls.example' to='a.example'>key</db:result>")
        .await;
    let text = raw.until("</db:result>").await;
    assert!(text.contains("policy-violation"), "{text}");
}

#[tokio::test]
async fn who_is_proved_speaks_for_that_domain_and_to_us_only() {
    let (a, _b) = servers().await;
    for (stanza, condition) in [
        (
            "<message from='juliet@b.example' to='romeo@a.example'/>",
            "invalid-from",
        ),
        (
            "<message from='romeo@a.example' to='romeo@a.example'/>",
            "invalid-from",
        ),
        (
            "<message from='x@sub.evil.example' to='romeo@a.example'/>",
            "invalid-from",
        ),
        (
            "<message from='x@evil.example' to='juliet@b.example'/>",
            "host-unknown",
        ),
        ("<message from='x@evil.example'/>", "improper-addressing"),
        ("<message to='romeo@a.example'/>", "improper-addressing"),
    ] {
        let mut raw = proved(&a).await;
        raw.send(stanza).await;
        raw.ends(condition).await;
    }
    // The stream stays one for whom it was opened for.
    let address = a.server.server_addresses()[0];
    for (to, condition) in [("c.example", "host-unknown"), ("", "host-unknown")] {
        let mut raw = Raw {
            socket: TcpStream::connect(address).await.unwrap(),
            text: String::new(),
        };
        raw.send(&header("evil.example", to)).await;
        raw.ends(condition).await;
    }
    let mut raw = Raw {
        socket: TcpStream::connect(address).await.unwrap(),
        text: String::new(),
    };
    raw.send(&header("a.example", "a.example")).await;
    raw.ends("invalid-from").await;
}

#[tokio::test]
async fn one_connection_may_prove_several_domains_but_not_without_bound() {
    let (a, _b) = servers().await;
    let mut raw = proved(&a).await;
    // Another domain of the same server, and again.
    raw.send("<db:result from='other.example' to='a.example'>key</db:result>")
        .await;
    let text = raw.until("/>").await;
    assert!(
        text.contains("valid") && !text.contains("invalid"),
        "{text}"
    );
    let ping = |from: &str| {
        format!(
            "<iq type='get' id='1' from='{from}' to='a.example'><ping xmlns='urn:xmpp:ping'/></iq>"
        )
    };
    for from in ["evil.example", "other.example"] {
        raw.send(&ping(from)).await;
        raw.send("<db:verify from='evil.example' to='b.example' id='marker'>0</db:verify>")
            .await;
        let text = raw.until("</db:verify>").await;
        assert!(!text.contains("stream:error"), "{text}");
    }
    let mut flood = String::new();
    for index in 0..10 {
        flood.push_str(&format!(
            "<db:result from='d{index}.example' to='a.example'>key</db:result>"
        ));
    }
    raw.send(&flood).await;
    let mut refused = 0;
    while refused < 8 {
        raw.until("resource-constraint").await;
        refused += 1;
    }
    // Nor do our own users reach more domains at a time than is allowed.
    let mut romeo = sestina_session::testing::Conversation::login(
        &a.server,
        "romeo@a.example/orchard",
        "secret",
    )
    .await;
    let mut constrained = 0;
    for index in 0..10 {
        romeo
            .send(&format!("<message id='{index}' to='x@d{index}.example'/>"))
            .await;
    }
    while constrained < 6 {
        let frame = romeo.recv().await;
        let error = frame.root().child("error", "jabber:client").unwrap();
        let stanzas = "urn:ietf:params:xml:ns:xmpp-stanzas";
        constrained += usize::from(error.child("resource-constraint", stanzas).is_some());
    }
}
