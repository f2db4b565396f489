//! The listener of HTTP: paths, origins, host-meta, and clients that are slow or many.

use std::io::Write as _;
use std::time::{Duration, Instant};

use sestina_session::http::Origins;
use sestina_session::server::{Entry, Listener, Server, ServerLimits};
use sestina_session::web::WebSettings;

use super::{anywhere, connect, host, open_server, request, rest};

#[tokio::test(flavor = "multi_thread")]
async fn host_meta_lists_what_is_open_to_who_asks() {
    let (_server, address) = open_server(|builder| builder).await;
    let at = format!("a.example:{}", address.port());
    let (head, body) = request(
        address,
        &format!("GET /.well-known/host-meta HTTP/1.1\r\nHost: {at}"),
        "",
    );
    assert!(
        head.starts_with("HTTP/1.1 200") && head.contains("application/xrd+xml"),
        "{head}"
    );
    assert!(
        body.contains(&format!(
            "<Link rel='urn:xmpp:alt-connections:websocket' href='ws://{at}/xmpp-websocket'/>"
        )),
        "{body}"
    );
    assert!(
        body.contains(&format!(
            "<Link rel='urn:xmpp:alt-connections:xbosh' href='http://{at}/http-bind'/>"
        )),
        "{body}"
    );
    let (head, body) = request(
        address,
        &format!(
            "GET /.well-known/host-meta.json HTTP/1.1\r\nHost: {at}\r\nOrigin: https://elsewhere.example"
        ),
        "",
    );
    assert!(
        head.to_ascii_lowercase()
            .contains("access-control-allow-origin: *"),
        "{head}"
    );
    assert!(
        body.contains("{\"rel\":\"urn:xmpp:alt-connections:websocket\",\"href\":\"ws://"),
        "{body}"
    );
    for unknown in ["b.example", "a.example'/>", ""] {
        let (head, _) = request(
            address,
            &format!("GET /.well-known/host-meta HTTP/1.1\r\nHost: {unknown}"),
            "",
        );
        assert!(
            head.starts_with("HTTP/1.1 404") || head.starts_with("HTTP/1.1 400"),
            "{head}"
        );
    }
    let (head, _) = request(
        address,
        &format!("GET /elsewhere HTTP/1.1\r\nHost: {at}"),
        "",
    );
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_encryption_nothing_is_listed_or_let_in_where_it_is_required() {
    let (_server, address) = open_server(|builder| {
        builder
            .require_tls(true)
            .trusted_proxies(["127.0.0.1/32".parse().unwrap()])
    })
    .await;
    let meta = "GET /.well-known/host-meta HTTP/1.1\r\nHost: a.example";
    assert!(!request(address, meta, "").1.contains("<Link"));
    let bosh = "POST /http-bind HTTP/1.1\r\nHost: a.example";
    assert!(request(address, bosh, "").0.starts_with("HTTP/1.1 403"));
    // A trusted proxy may have brought it over https.
    let secure = "\r\nX-Forwarded-Proto: https";
    let (_, body) = request(address, &format!("{meta}{secure}"), "");
    assert!(
        body.contains("href='wss://a.example/xmpp-websocket'"),
        "{body}"
    );
    let (head, _) = request(address, &format!("{bosh}{secure}"), "");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_announced_is_what_is_set() {
    let web = WebSettings {
        bosh: None,
        public: Some("https://chat.example/xmpp".to_owned()),
        ..WebSettings::default()
    };
    let (_server, address) = open_server(|builder| builder.web(web)).await;
    let (_, body) = request(
        address,
        "GET /.well-known/host-meta HTTP/1.1\r\nHost: a.example",
        "",
    );
    assert!(
        body.contains("wss://chat.example/xmpp/xmpp-websocket") && !body.contains("xbosh"),
        "{body}"
    );
    let (head, _) = request(address, "POST /http-bind HTTP/1.1\r\nHost: a.example", "");
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_foreign_origins_are_let_in_when_listed() {
    let web = WebSettings {
        origins: Origins::same_host().and("https://chat.example"),
        ..WebSettings::default()
    };
    let (_server, address) = open_server(|builder| builder.web(web)).await;
    let ask = |method: &str, origin: &str| {
        let head =
            format!("{method} /http-bind HTTP/1.1\r\nHost: a.example:5280\r\nOrigin: {origin}");
        request(address, &head, "").0.to_ascii_lowercase()
    };
    let head = ask("OPTIONS", "https://chat.example");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(
        head.contains("access-control-allow-origin: https://chat.example"),
        "{head}"
    );
    assert!(
        head.contains("access-control-allow-headers: content-type"),
        "{head}"
    );
    assert!(
        head.contains("access-control-allow-methods: get, post, options"),
        "{head}"
    );
    assert!(ask("POST", "http://a.example").starts_with("http/1.1 200"));
    for foreign in ["https://evil.example", "null"] {
        assert!(
            ask("POST", foreign).starts_with("http/1.1 403"),
            "{foreign}"
        );
    }
    let upgrade = "GET /xmpp-websocket HTTP/1.1\r\nHost: a.example\r\nOrigin: https://evil.example\r\nUpgrade: websocket";
    assert!(request(address, upgrade, "").0.starts_with("HTTP/1.1 403"));
}

#[tokio::test(flavor = "multi_thread")]
async fn half_open_requests_are_bounded_and_end() {
    let limits = ServerLimits {
        connections: 200,
        ..ServerLimits::default()
    };
    let server = Server::builder()
        .host(host("a.example").await)
        .require_tls(false)
        .limits(limits)
        .listener(Listener::new(anywhere(), Entry::Http))
        .start()
        .await
        .unwrap();
    let address = server.addresses()[0];
    let mut half = Vec::new();
    for _ in 0..1_000 {
        let mut stream = connect(address);
        let _ = stream.write_all(b"POST /http-bind HTTP/1.1\r\nHost: a.exam");
        half.push(stream);
    }
    std::thread::sleep(Duration::from_millis(200));
    assert!(server.connections() <= 200, "{}", server.connections());
    // As soon as some go, others have room.
    drop(half);
    let begun = Instant::now();
    while server.connections() > 0 && begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let (head, _) = request(
        address,
        "GET /.well-known/host-meta HTTP/1.1\r\nHost: a.example",
        "",
    );
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");

    // Header after header, for ever, and one that does not end.
    let mut endless = connect(address);
    let mut sent = 0;
    while endless
        .write_all(b"X-Header: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n")
        .is_ok()
        && sent < 100_000
    {
        sent += 1;
    }
    assert!(sent < 100_000, "headers without end");
    let mut slow = connect(address);
    slow.set_read_timeout(Some(Duration::from_secs(40)))
        .unwrap();
    slow.write_all(b"GET /xmpp-websocket HTTP/1.1\r\n").unwrap();
    let begun = Instant::now();
    rest(slow);
    assert!(
        begun.elapsed() < Duration::from_secs(35),
        "a head that never ends is waited for"
    );
}
