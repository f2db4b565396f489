//! Logging in: the conditions of RFC 6120 §6.5, and what must not be found out.

use super::*;

#[tokio::test]
async fn sasl_failures_have_the_conditions_of_the_rfc() {
    let world = world().await;
    let mut cases = vec![
        (auth("X-NONSENSE", "x"), SaslCondition::InvalidMechanism),
        (
            auth("SCRAM-SHA-256-PLUS", "p=tls-exporter,,n=romeo,r=x"),
            SaslCondition::InvalidMechanism,
        ),
        (
            auth("SCRAM-SHA-256", "nonsense"),
            SaslCondition::MalformedRequest,
        ),
        (auth("PLAIN", "nonsense"), SaslCondition::MalformedRequest),
        (
            auth("PLAIN", "juliet@example.org\0romeo\0montague"),
            SaslCondition::InvalidAuthzid,
        ),
        (
            auth("SCRAM-SHA-1", "n,a=juliet@example.org,n=romeo,r=x"),
            SaslCondition::InvalidAuthzid,
        ),
        (
            auth("PLAIN", "\0romeo\0capulet"),
            SaslCondition::NotAuthorized,
        ),
        (
            auth("PLAIN", "\0ro/meo\0montague"),
            SaslCondition::NotAuthorized,
        ),
    ];
    for text in ["*", "a", "YQ=", " YQ=="] {
        cases.push((
            format!("<auth xmlns='{}' mechanism='PLAIN'>{text}</auth>", ns::SASL),
            SaslCondition::IncorrectEncoding,
        ));
    }
    for (request, condition) in cases {
        let mut raw = world.raw(true).await;
        raw.send(&request).await;
        assert_eq!(raw.failure().await, condition, "{request}");
        // The stream is still usable.
        raw.send(&auth("PLAIN", "\0romeo\0montague")).await;
        assert!(raw.element().await.root().is("success", ns::SASL));
    }
    let mut raw = world.raw(false).await;
    raw.send(&auth("PLAIN", "\0romeo\0montague")).await;
    assert_eq!(raw.failure().await, SaslCondition::EncryptionRequired);
}

#[tokio::test]
async fn plain_needs_encryption_even_where_policy_does_not() {
    let mut world = world().await;
    world.accept.require_tls = false;
    let mut raw = world.raw(false).await;
    raw.send(&auth("PLAIN", "\0romeo\0montague")).await;
    assert_eq!(raw.failure().await, SaslCondition::EncryptionRequired);
    let mut config = world.connect("romeo@example.org", "montague");
    config.mechanisms = vec![Mechanism::Plain];
    config.require_tls = false;
    config.table = config
        .table
        .iter()
        .filter(|row| row.name != "starttls")
        .copied()
        .collect();
    let (client, _) = world.meet(&config).await;
    assert!(matches!(
        client,
        Err(SessionError::Login(LoginFailure::NoMechanism(_)))
    ));
    config.mechanisms = vec![Mechanism::ScramSha256];
    assert!(world.meet(&config).await.0.is_ok());
}

#[tokio::test]
async fn attempts_are_limited() {
    let world = world().await;
    let mut raw = world.raw(true).await;
    for _ in 0..2 {
        raw.send(&auth("PLAIN", "\0romeo\0capulet")).await;
        assert_eq!(raw.failure().await, SaslCondition::NotAuthorized);
    }
    raw.send(&auth("PLAIN", "\0romeo\0capulet")).await;
    assert_eq!(raw.failure().await, SaslCondition::NotAuthorized);
    assert_eq!(raw.ended().await, StreamCondition::PolicyViolation);
}

#[tokio::test]
async fn an_unknown_account_looks_like_a_wrong_password() {
    let world = world().await;
    let mut salts = Vec::new();
    for user in ["nobody", "nobody", "somebody", "romeo", "romeo", "ro/meo"] {
        let mut raw = world.raw(true).await;
        raw.send(&auth("SCRAM-SHA-256", &format!("n,,n={user},r=abc")))
            .await;
        let first = raw.challenge().await;
        let (nonce, rest) = first.split_once(",s=").unwrap();
        let (salt, iterations) = rest.split_once(',').unwrap();
        // What protects the offer (XEP-0474) is the same for all.
        let (iterations, _protection) = iterations.split_once(",h=").unwrap();
        assert_eq!(iterations, "i=10000");
        salts.push((BASE64_STANDARD.decode(salt).unwrap().len(), salt.to_owned()));
        let proof = BASE64_STANDARD.encode([7; 32]);
        raw.send(&response(&format!("c=biws,{nonce},p={proof}")))
            .await;
        assert_eq!(raw.failure().await, SaslCondition::NotAuthorized, "{user}");
    }
    assert!(salts.iter().all(|(length, _)| *length == 16));
    assert_eq!(salts[0], salts[1], "the same salt at every try");
    assert_ne!(salts[0], salts[2]);
    assert_eq!(salts[3], salts[4]);
}

#[tokio::test]
async fn an_exchange_can_be_aborted_and_must_be_in_order() {
    let world = world().await;
    let begin = auth("SCRAM-SHA-256", "n,,n=romeo,r=abc");
    let mut raw = world.raw(true).await;
    raw.send(&begin).await;
    raw.challenge().await;
    raw.send(&format!("<abort xmlns='{}'/>", ns::SASL)).await;
    assert_eq!(raw.failure().await, SaslCondition::Aborted);
    raw.send(&begin).await;
    raw.challenge().await;
    raw.send(&begin).await;
    assert_eq!(raw.failure().await, SaslCondition::MalformedRequest);

    let mut raw = world.raw(true).await;
    raw.send(&begin).await;
    raw.challenge().await;
    raw.send("<message/>").await;
    assert_eq!(raw.ended().await, StreamCondition::NotAuthorized);

    // Without initial response the server asks for it.
    let mut raw = world.raw(true).await;
    raw.send(&format!(
        "<auth xmlns='{}' mechanism='SCRAM-SHA-256'/>",
        ns::SASL
    ))
    .await;
    assert_eq!(raw.challenge().await, "");
    raw.send(&response("n,,n=romeo,r=abc")).await;
    assert!(raw.challenge().await.starts_with("r=abc"));
    raw.send(&response("c=biws,r=wrong,p=")).await;
    assert_ne!(raw.failure().await, SaslCondition::TemporaryAuthFailure);
}
