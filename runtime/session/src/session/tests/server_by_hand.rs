//! A client against a server that is written by hand, and does not mean well.

use super::*;

/// Plays a server for one client by hand, up to the point where `play` takes over.
async fn against<F, Fut>(config: ConnectConfig, features: &str, play: F) -> SessionError
where
    F: FnOnce(Raw) -> Fut,
    Fut: Future<Output = Raw>,
{
    let (left, right) = memory::pair();
    let client = tokio::spawn(async move { Session::connect(left.trusted(), &config).await });
    let mut raw = Raw::new(right);
    assert!(matches!(raw.0.event().await.unwrap(), Some(Event::Open(_))));
    raw.0.queue_header(&Header {
        from: Some("example.org"),
        id: Some("1"),
        ..Header::default()
    });
    raw.send(&format!("<stream:features>{features}</stream:features>"))
        .await;
    let _raw = play(raw).await;
    client.await.unwrap().unwrap_err()
}

const SCRAM_ONLY: &str = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism></mechanisms>";

#[tokio::test]
async fn a_server_that_proves_nothing_is_not_believed() {
    let world = world().await;
    let config = || world.connect("romeo@example.org", "montague");
    let success = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";

    let error = against(config(), SCRAM_ONLY, |mut raw| async {
        raw.element().await;
        raw.send(success).await;
        raw
    })
    .await;
    assert!(
        matches!(error, SessionError::Login(LoginFailure::ServerUnproven)),
        "{error:?}"
    );

    for verifier in [None, Some([1; 32])] {
        let error = against(config(), SCRAM_ONLY, |mut raw| async move {
            let auth = raw.element().await;
            let first = BASE64_STANDARD.decode(&*auth.root().text()).unwrap();
            let first = String::from_utf8(first).unwrap();
            let nonce = first.split_once(",r=").unwrap().1.to_owned();
            raw.send(&format!(
                "<challenge xmlns='{}'>{}</challenge>",
                ns::SASL,
                BASE64_STANDARD.encode(format!("r={nonce}more,s=c2FsdA==,i=4096"))
            ))
            .await;
            raw.element().await;
            let last = verifier.map(|bytes| format!("v={}", BASE64_STANDARD.encode(bytes)));
            raw.send(&format!(
                "<success xmlns='{}'>{}</success>",
                ns::SASL,
                BASE64_STANDARD.encode(last.unwrap_or_default())
            ))
            .await;
            raw
        })
        .await;
        assert!(
            matches!(error, SessionError::Login(LoginFailure::ServerUnproven)),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_server_cannot_ask_for_too_little_or_too_much_work() {
    let world = world().await;
    for iterations in ["1", "4095", "4000000000", "x"] {
        let config = world.connect("romeo@example.org", "montague");
        let error = against(config, SCRAM_ONLY, |mut raw| async move {
            let auth = raw.element().await;
            let first = BASE64_STANDARD.decode(&*auth.root().text()).unwrap();
            let first = String::from_utf8(first).unwrap();
            let nonce = first.split_once(",r=").unwrap().1.to_owned();
            let challenge = format!("r={nonce}more,s=c2FsdA==,i={iterations}");
            raw.send(&format!(
                "<challenge xmlns='{}'>{}</challenge>",
                ns::SASL,
                BASE64_STANDARD.encode(challenge)
            ))
            .await;
            assert!(raw.element().await.root().is("abort", ns::SASL));
            raw
        })
        .await;
        assert!(
            matches!(error, SessionError::Login(LoginFailure::Protocol)),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_client_that_wants_encryption_does_not_go_on_without() {
    let world = world().await;
    let config = world.connect("romeo@example.org", "montague");
    let (left, right) = memory::pair();
    let client = tokio::spawn(async move { Session::connect(left, &config).await });
    let mut raw = Raw::new(right);
    raw.0.event().await.unwrap();
    raw.0.queue_header(&Header::default());
    raw.send(&format!("<stream:features>{SCRAM_ONLY}</stream:features>"))
        .await;
    let error = client.await.unwrap().unwrap_err();
    assert!(
        matches!(error, SessionError::Impasse(Impasse::NoEncryption)),
        "{error:?}"
    );
}
