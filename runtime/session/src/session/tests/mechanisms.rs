//! The mechanisms over real TLS.

use rcgen::{CertificateParams, KeyPair, SanType};

use super::*;
use crate::tls::TlsIdentity;

/// The features that come over TLS, as a client sees them that negotiates it by itself.
async fn features_over_tls(world: &World) -> Frame {
    let (left, right) = memory::pair();
    tokio::spawn(Session::accept(right, Arc::new(world.accept.clone())));
    let mut raw = Raw::new(left);
    raw.header(Some("example.org")).await;
    raw.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        .await;
    raw.element().await;
    let config = world.connect("romeo@example.org", "montague");
    let connector = config.trust.connector(None).unwrap();
    let name = crate::tls::server_name("example.org").unwrap();
    let transport = raw.0.transport_mut();
    transport.connect_tls(&connector, name).await.unwrap();
    raw.0.restart();
    raw.header(Some("example.org")).await
}

#[tokio::test]
async fn a_login_over_tls_is_bound_to_its_channel() {
    let mut world = world().await;
    let features = features_over_tls(&world).await;
    let bindings = features
        .root()
        .child("sasl-channel-binding", "urn:xmpp:sasl-cb:0");
    let types: Vec<String> = bindings
        .unwrap()
        .children()
        .map(|child| child.attr("type").unwrap().to_string())
        .collect();
    assert_eq!(types, ["tls-exporter", "tls-server-end-point"]);

    // Where types are not announced the old profile has a binding all the same; with the new one somebody has taken them out
    // (XEP-0440 §3).
    let host = world.accept.hosts.host("example.org").unwrap();
    let mut silent = (*host).clone();
    silent.announces_bindings = false;
    world.accept.hosts = Arc::new(OneHost(Arc::new(silent)));
    let features = features_over_tls(&world).await;
    assert!(
        features
            .root()
            .child("sasl-channel-binding", "urn:xmpp:sasl-cb:0")
            .is_none()
    );
    let mut config = world.connect("romeo@example.org", "montague");
    config.mechanisms = vec![Mechanism::ScramSha1Plus];
    let (client, _) = world.meet(&config).await;
    assert!(
        matches!(
            client,
            Err(SessionError::Login(LoginFailure::Downgraded(_)))
        ),
        "{client:?}"
    );
    config.sasl2 = false;
    let (client, _) = world.meet(&config).await;
    assert!(client.is_ok(), "{client:?}");
    let raw = world.raw(true).await;
    drop(raw);
}

/// A world whose server takes the certificates of an authority, and what that has signed for these addresses.
async fn with_certificate(addresses: &[&str]) -> (World, TlsIdentity) {
    let mut world = world().await;
    let authority_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::from_params(&params, &authority_key);

    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    for address in addresses {
        let oid = vec![1, 3, 6, 1, 5, 5, 7, 8, 5];
        let name = SanType::OtherName((oid, (*address).to_owned().into()));
        params.subject_alt_names.push(name);
    }
    let signed = params.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let identity = TlsIdentity::new(vec![signed.der().clone()], key);

    let made = rcgen::generate_simple_self_signed(["example.org".to_owned()]).unwrap();
    world.certificate = made.cert.der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let authorities = vec![authority.der().clone()];
    let tls = TlsServer::with_client_authorities(vec![world.certificate.clone()], key, authorities);
    let host = world.accept.hosts.host("example.org").unwrap();
    let mut host = (*host).clone();
    host.tls = Some(tls.unwrap());
    world.accept.hosts = Arc::new(OneHost(Arc::new(host)));
    (world, identity)
}

#[tokio::test]
async fn a_certificate_logs_in() {
    let (world, identity) = with_certificate(&["romeo@example.org"]).await;
    let mut config = world.connect("romeo@example.org", "not the password");
    config.identity = Some(identity.clone());
    let (client, server) = world.meet(&config).await;
    assert_eq!(client.unwrap().jid().as_str(), "romeo@example.org/made");
    server.unwrap();
    // Only as whom it says, and only an account that exists.
    for account in ["juliet@example.org", "nobody@example.org"] {
        let mut config = world.connect(account, "montague");
        config.identity = Some(identity.clone());
        config.mechanisms = vec![Mechanism::External];
        let (client, _) = world.meet(&config).await;
        assert!(matches!(
            client,
            Err(SessionError::Login(LoginFailure::Refused {
                condition: SaslCondition::InvalidAuthzid,
                ..
            }))
        ));
    }
    // Without a certificate there is no EXTERNAL, and the password does.
    let config = world.connect("romeo@example.org", "montague");
    assert!(world.meet(&config).await.0.is_ok());

    let (world, stranger) = with_certificate(&[]).await;
    let mut config = world.connect("romeo@example.org", "montague");
    config.identity = Some(stranger);
    config.mechanisms = vec![Mechanism::External];
    let (client, _) = world.meet(&config).await;
    assert!(matches!(
        client,
        Err(SessionError::Login(LoginFailure::NoMechanism(_)))
    ));
}

#[tokio::test]
async fn anybody_may_come_where_it_is_allowed() {
    let mut world = world().await;
    let mut raw = world.raw(true).await;
    raw.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>")
        .await;
    assert_eq!(raw.failure().await, SaslCondition::InvalidMechanism);

    let host = world.accept.hosts.host("example.org").unwrap();
    let mut open = (*host).clone();
    open.anonymous = true;
    world.accept.hosts = Arc::new(OneHost(Arc::new(open)));
    let config = world.connect("example.org", "");
    let mut names = std::collections::HashSet::new();
    for _ in 0..2 {
        let (client, server) = world.meet(&config).await;
        let jid = client.unwrap().jid().clone();
        assert_eq!(server.unwrap().jid(), &jid);
        assert!(jid.as_str().starts_with("anon-"), "{jid}");
        names.insert(jid);
    }
    assert_eq!(names.len(), 2);
}

/// An account with keys of older hash functions than this server makes now, and a world that has it.
async fn older() -> (World, Accounts) {
    let mut world = world().await;
    let store = Arc::new(MemoryAccounts::new());
    let mut keys = crate::accounts::derive("montague", [[1; 16], [2; 16], [3; 16]]).unwrap();
    keys.sha512 = None;
    let romeo = BareJid::parse("romeo@example.org").unwrap();
    crate::accounts::AccountStore::insert(store.as_ref(), &romeo, keys)
        .await
        .unwrap();
    let accounts = Accounts::new(store, Arc::new(SystemRandom));
    let host = world.accept.hosts.host("example.org").unwrap();
    let mut host = (*host).clone();
    host.authenticator = accounts.authenticator(host.domain.clone());
    host.inline.upgrades = true;
    world.accept.hosts = Arc::new(OneHost(Arc::new(host)));
    (world, accounts)
}

/// A login with an older hash leaves keys for the newer one behind (XEP-0480), made by the client: the server never sees
/// the password.
#[tokio::test]
async fn a_login_brings_keys_for_a_newer_hash() {
    let (world, accounts) = older().await;
    let domain = BareJid::parse("example.org").unwrap();
    let authenticator = accounts.authenticator(domain);
    let newest = async || {
        let keys = authenticator.keys("romeo").await.unwrap().unwrap();
        keys.sha512.is_some()
    };
    // A client that proves nothing brings nothing, and the old profile has no place for it.
    let mut config = world.connect("romeo@example.org", "capulet");
    assert!(world.meet(&config).await.0.is_err());
    config = world.connect("romeo@example.org", "montague");
    config.sasl2 = false;
    assert!(world.meet(&config).await.0.is_ok());
    assert!(!newest().await);

    config.sasl2 = true;
    let (client, server) = world.meet(&config).await;
    assert!(client.is_ok() && server.is_ok(), "{client:?}");
    assert!(newest().await);
    config.mechanisms = vec![Mechanism::ScramSha512, Mechanism::ScramSha512Plus];
    let (client, _) = world.meet(&config).await;
    assert!(client.is_ok(), "{client:?}");
    config.password = sestina_storage::Secret::new("capulet".to_owned());
    assert!(world.meet(&config).await.0.is_err());
}

/// What tells accounts that are older than a hash function from the others is not shown to those who cannot prove
/// anything: an account that does not exist is offered everything.
#[tokio::test]
async fn an_account_is_offered_what_it_has_keys_for() {
    let (world, _) = older().await;
    for (from, has) in [
        (None, true),
        (Some("romeo@example.org"), false),
        (Some("nobody@example.org"), true),
    ] {
        let (left, right) = memory::pair();
        tokio::spawn(Session::accept(
            right.trusted(),
            Arc::new(world.accept.clone()),
        ));
        let mut raw = Raw::new(left);
        raw.0.queue_header(&Header {
            to: Some("example.org"),
            from,
            ..Header::default()
        });
        raw.0.flush().await.unwrap();
        raw.0.event().await.unwrap();
        let features = raw.element().await;
        assert_eq!(
            features.as_str().contains(">SCRAM-SHA-512<"),
            has,
            "{from:?}"
        );
    }
    let config = world.connect("romeo@example.org", "montague");
    assert!(world.meet(&config).await.0.is_ok());
}
