//! Servers that talk with each other over loopback: proofs, both directions, and what others try.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod hostile;
mod setup;

use std::time::Duration;

use sestina_session::federation::{
    Authentication, Authorities, DomainPolicy, FederationConfig, Identity,
};
use sestina_session::testing::Conversation;

use setup::{Authority, Site, eventually, pair};

/// Romeo of one server and Juliet of the other say something and ask the other's server something.
async fn talk(a: &Site, b: &Site) {
    let mut romeo = Conversation::login(&a.server, "romeo@a.example/orchard", "secret").await;
    let mut juliet = Conversation::login(&b.server, "juliet@b.example/balcony", "secret").await;
    for round in 0..2 {
        let text = format!("wherefore {round}");
        romeo
            .send(&format!(
                "<message to='juliet@b.example/balcony' type='chat'><body>{text}</body></message>"
            ))
            .await;
        juliet
            .expect(&format!("<message from='romeo@a.example/orchard' to='juliet@b.example/balcony' type='chat'><body>{text}</body></message>"))
            .await;
        juliet
            .send("<message to='romeo@a.example/orchard' type='chat'><body>therefore</body></message>")
            .await;
        romeo
            .expect("<message from='juliet@b.example/balcony' type='chat'><body>therefore</body></message>")
            .await;
    }
    romeo
        .send("<iq type='get' id='1' to='b.example'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    romeo
        .expect("<iq type='result' id='1' from='b.example' to='romeo@a.example/orchard'/>")
        .await;
    juliet
        .send("<iq type='get' id='2' to='a.example'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    juliet
        .expect("<iq type='result' id='2' from='a.example'/>")
        .await;
    // What is not there is refused as at home.
    romeo
        .send("<iq type='get' id='3' to='nobody@b.example/x'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    romeo
        .expect("<iq type='error' id='3' from='nobody@b.example/x'><error><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")
        .await;
}

/// A message of Romeo's comes back with this condition.
async fn bounces(a: &Site, to: &str, condition: &str) {
    let mut romeo = Conversation::login(&a.server, "romeo@a.example/orchard", "secret").await;
    romeo
        .send(&format!(
            "<message id='m' to='{to}' type='chat'><body>hello?</body></message>"
        ))
        .await;
    romeo
        .expect(&format!("<message id='m' type='error' from='{to}'><error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"))
        .await;
}

#[tokio::test]
async fn servers_make_sure_of_each_other_by_dialback() {
    let (a, b) = pair(&["xep-0220"], |_, _| {}).await;
    talk(&a, &b).await;
    // Each direction has its own connection.
    assert_eq!((a.server.links(), a.server.server_connections()), (1, 1));
    assert_eq!((b.server.links(), b.server.server_connections()), (1, 1));
}

#[tokio::test]
async fn a_service_is_reached_at_its_own_domain() {
    let authority = Authority::new();
    let certified = |config: &mut FederationConfig, own: &str| {
        config.authorities = Authorities::none().certificate(authority.certificate());
        let service = format!("rooms.{own}");
        let identity = authority.identity(&[own, &service], 0..1_000);
        config.identities.insert(own.to_owned(), identity);
    };
    let dialback = |_: &mut FederationConfig, _: &str| {};
    type Configure<'a> = &'a dyn Fn(&mut FederationConfig, &str);
    let ways: [(&str, Configure<'_>); 2] = [("xep-0220", &dialback), ("xep-0178", &certified)];
    for (way, configure) in ways {
        let (a, _b) = pair(&[way], |config: &mut FederationConfig, own: &str| {
            let others: Vec<_> = config.domains.drain().collect();
            for (domain, policy) in others {
                config
                    .domains
                    .insert(format!("rooms.{domain}"), policy.clone());
                config.domains.insert(domain, policy);
            }
            configure(config, own);
        })
        .await;
        let mut romeo = Conversation::login(&a.server, "romeo@a.example/orchard", "secret").await;
        romeo
            .send("<iq type='get' id='1' to='rooms.b.example'><ping xmlns='urn:xmpp:ping'/></iq>")
            .await;
        romeo
            .expect(
                "<iq type='result' id='1' from='rooms.b.example' to='romeo@a.example/orchard'/>",
            )
            .await;
    }
}

#[tokio::test]
async fn without_certificates_dialback_goes_without_tls_where_policy_lets_it() {
    let (a, b) = pair(&["xep-0220"], |config, _| {
        config.identities.clear();
        for policy in config.domains.values_mut() {
            policy.require_tls = false;
        }
        config.default.require_tls = false;
    })
    .await;
    talk(&a, &b).await;
    let (a, _b) = pair(&["xep-0220"], |config, own| {
        if own == "b.example" {
            config.identities.clear();
        }
    })
    .await;
    bounces(&a, "juliet@b.example/balcony", "remote-server-timeout").await;
}

#[tokio::test]
async fn servers_prove_who_they_are_with_certificates() {
    let authority = Authority::new();
    let configure = |config: &mut FederationConfig, own: &str| {
        config.authorities = Authorities::none().certificate(authority.certificate());
        let identity = authority.identity(&[own], 0..1_000);
        config.identities.insert(own.to_owned(), identity);
        for policy in config.domains.values_mut() {
            policy.authentication = Authentication::Certificate;
        }
    };
    let (a, b) = pair(&["xep-0178"], &configure).await;
    talk(&a, &b).await;
    // Where that is switched off there is no other proof.
    let (a, _b) = pair(&[], &configure).await;
    bounces(&a, "juliet@b.example/balcony", "remote-server-timeout").await;
}

#[tokio::test]
async fn tls_may_begin_with_the_connection() {
    let authority = Authority::new();
    let (a, b) = pair(&["xep-0178"], |config, own| {
        config.authorities = Authorities::none().certificate(authority.certificate());
        let identity = authority.identity(&["*.example", own], 0..1_000);
        config.identities.insert(own.to_owned(), identity);
        for policy in config.domains.values_mut() {
            policy.authentication = Authentication::Certificate;
            policy.direct_tls = true;
            if let Some((_, port)) = &mut policy.address {
                *port += 1;
            }
        }
    })
    .await;
    talk(&a, &b).await;
}

#[tokio::test]
async fn certificates_for_another_name_or_out_of_time_are_refused() {
    let authority = Authority::new();
    let stranger = Authority::new();
    // For another name, for one below, out of time, and of a stranger's authority.
    let wrong: [Identity; 4] = [
        authority.identity(&["c.example"], 0..1_000),
        authority.identity(&["x.b.example"], 0..1_000),
        authority.identity(&["b.example"], -20..-10),
        stranger.identity(&["b.example"], 0..1_000),
    ];
    for identity in wrong {
        let (a, b) = pair(&["xep-0178", "xep-0220"], |config, own| {
            config.authorities = Authorities::none().certificate(authority.certificate());
            let good = authority.identity(&[own], 0..1_000);
            let identity = match own {
                "b.example" => identity.clone(),
                _ => good,
            };
            config.identities.insert(own.to_owned(), identity);
            for (domain, policy) in &mut config.domains {
                if domain == "b.example" {
                    policy.authentication = Authentication::Certificate;
                }
            }
        })
        .await;
        // Neither as the one who is connected to nor as the one who connects.
        bounces(&a, "juliet@b.example/balcony", "remote-server-timeout").await;
        let mut juliet = Conversation::login(&b.server, "juliet@b.example/balcony", "secret").await;
        juliet
            .send("<message id='m' to='romeo@a.example/orchard' type='chat'><body>hi</body></message>")
            .await;
        juliet
            .expect("<message id='m' type='error'><error/></message>")
            .await;
    }
}

#[tokio::test]
async fn one_connection_carries_both_directions() {
    let (a, b) = pair(&["xep-0220", "xep-0288"], |_, _| {}).await;
    talk(&a, &b).await;
    assert_eq!((a.server.links(), a.server.server_connections()), (1, 0));
    assert_eq!((b.server.links(), b.server.server_connections()), (0, 1));
}

#[tokio::test]
async fn streams_without_work_are_closed_and_made_again() {
    let (a, b) = pair(&["xep-0220"], |config, _| {
        config.limits.idle = Duration::from_millis(300);
    })
    .await;
    for _ in 0..2 {
        talk(&a, &b).await;
        eventually(|| {
            let open = [a.server.links(), b.server.links()];
            let opened = [a.server.server_connections(), b.server.server_connections()];
            open == [0, 0] && opened == [0, 0]
        })
        .await;
    }
}

#[tokio::test]
async fn what_cannot_be_delivered_comes_back() {
    let (a, b) = pair(&["xep-0220"], |config, _| {
        config.limits.connect = Duration::from_millis(500);
        config.limits.retry = Duration::from_millis(300);
        let denied = DomainPolicy {
            allow: false,
            ..DomainPolicy::default()
        };
        config.domains.insert("denied.example".to_owned(), denied);
    })
    .await;
    bounces(&a, "juliet@denied.example", "not-allowed").await;
    let address = b.server.server_addresses()[0];
    b.server.shutdown().await;
    bounces(&a, "juliet@b.example/balcony", "remote-server-timeout").await;
    // For a while nothing is tried: it comes back at once.
    let at = std::time::Instant::now();
    bounces(&a, "juliet@b.example/balcony", "remote-server-timeout").await;
    assert!(
        at.elapsed() < Duration::from_millis(400),
        "{:?}",
        at.elapsed()
    );
    // Then it is tried again.
    let b = setup::site("b.example", address.port(), &["xep-0220"], |config| {
        config.domains.insert("a.example".to_owned(), a.policy());
    })
    .await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    talk(&a, &b).await;
}
