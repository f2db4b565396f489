//! XEP-0485: whom a server is connected with.

use std::time::Duration;

use sestina_plugins::{xep_0157, xep_0220, xep_0485};
use sestina_session::plugin::Setup;
use sestina_session::server::{HostConfig, Server};
use sestina_session::settings::Interval;
use sestina_session::testing::Conversation;
use sestina_skeletons as skeletons;
use sestina_storage::Storage;

use super::publishing::{JULIET, pubsub};
use super::sites::{free_port, site};
use super::{Changes, login, server_with};

const SERVICE: &str = "pubsub.a.example";
const INFO: &str = "http://jabber.org/protocol/disco#info";

/// A host; one that publishes announces it.
async fn host(domain: &str, publishes: bool, storage: Storage) -> HostConfig {
    let changes = Changes::default();
    let host = super::host(domain, changes.clone(), storage).await;
    host.plugins(move |host| {
        let mut plugins = super::plugins(&changes, host)?;
        plugins.push(skeletons::xep_0220::server::<xep_0220::Server>(
            &Setup::new(&Default::default(), host),
        )?);
        if publishes {
            let contact = skeletons::xep_0157::Settings {
                abuse: vec!["mailto:abuse@a.example".to_owned()],
                ..Default::default()
            };
            plugins.push(skeletons::xep_0157::server::<xep_0157::Server>(
                &Setup::new(&contact, host),
            )?);
            let often = skeletons::xep_0485::Settings {
                interval: Interval(Duration::from_millis(50)),
                ..Default::default()
            };
            plugins.push(skeletons::xep_0485::server::<xep_0485::Server>(
                &Setup::new(&often, host),
            )?);
            plugins.push(skeletons::xep_0128::server(&Setup::new(
                &Default::default(),
                host,
            ))?);
        }
        Ok(plugins)
    })
}

/// Waits for a publication that is so; none before it may say what nobody may say.
async fn published(session: &mut Conversation, is_so: impl Fn(&str) -> bool, never: &str) {
    for _ in 0..50 {
        let event = session.recv().await;
        let event = event.as_str();
        assert!(!event.contains(never), "{event}");
        if event.contains("urn:xmpp:serverinfo:0") && is_so(event) {
            return;
        }
    }
    panic!("it is never published");
}

#[tokio::test]
async fn a_host_publishes_whom_it_is_connected_with_and_names_who_wants_to_be_named() {
    let (a, b, c) = (free_port(), free_port(), free_port());
    let ours = host("a.example", true, Storage::memory()).await;
    let server = site(ours, a, &[("b.example", b), ("c.example", c)]).await;
    let mut other = Vec::new();
    for (domain, port, publishes) in [("b.example", b, true), ("c.example", c, false)] {
        let host = host(domain, publishes, Storage::memory()).await;
        other.push(site(host, port, &[("a.example", a)]).await);
    }
    let mut juliet = login(&server, JULIET).await;
    juliet
        .send(&format!(
            "<iq type='get' id='d' to='a.example'><query xmlns='{INFO}'/></iq>"
        ))
        .await;
    // One form says both who is responsible and where it is published.
    let said = juliet
        .expect(&format!(
            "<iq type='result' id='d'><query xmlns='{INFO}'><feature var='urn:xmpp:serverinfo:0'/>\
             <x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'>\
             <value>http://jabber.org/network/serverinfo</value></field>\
             <field var='abuse-addresses'><value>mailto:abuse@a.example</value></field>\
             <field var='serverinfo-pubsub-node'><value>xmpp:{SERVICE}?;node=serverinfo</value></field></x></query></iq>"
        ))
        .await;
    let said = said.as_str();
    assert_eq!(said.matches("network/serverinfo").count(), 1, "{said}");
    let subscribe = pubsub(&format!("<subscribe node='serverinfo' jid='{JULIET}'/>"));
    juliet
        .send(&format!(
            "<iq type='set' id='s' to='{SERVICE}'>{subscribe}</iq>"
        ))
        .await;
    let alone = format!(
        "<message from='{SERVICE}'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='serverinfo'>\
         <item id='current'><serverinfo xmlns='urn:xmpp:serverinfo:0'><domain name='a.example'><federation/></domain></serverinfo>\
         </item></items></event></message>"
    );
    juliet
        .expect_all(&["<iq type='result' id='s'/>", &alone])
        .await;
    for domain in ["b.example", "c.example"] {
        juliet
            .send(&format!(
                "<message to='romeo@{domain}' type='chat'><body>where are you?</body></message>"
            ))
            .await;
    }
    // Who did not say so is there, without a name.
    let both = "<connection type='incoming'/><connection type='outgoing'/></remote-domain>";
    let expected = format!(
        "<federation><remote-domain name='b.example'>{both}<remote-domain>{both}</federation>"
    );
    published(
        &mut juliet,
        |event| event.replace('"', "'").contains(&expected),
        "c.example",
    )
    .await;
    let c = other.pop().unwrap();
    let b = other.pop().unwrap();
    b.shutdown().await;
    let without = format!("<federation><remote-domain>{both}</federation>");
    published(
        &mut juliet,
        |event| event.replace('"', "'").contains(&without),
        "c.example",
    )
    .await;
    c.shutdown().await;
    published(
        &mut juliet,
        |event| event.contains("<federation/>"),
        "c.example",
    )
    .await;
    // One item, for everybody.
    let mut romeo = login(&server, "romeo@a.example/orchard").await;
    romeo
        .send(&format!(
            "<iq type='get' id='i' to='{SERVICE}'>{}</iq>",
            pubsub("<items node='serverinfo'/>")
        ))
        .await;
    let items = romeo
        .expect(&format!(
            "<iq type='result' id='i'>{}</iq>",
            pubsub("<items node='serverinfo'><item id='current' publisher='a.example'/></items>")
        ))
        .await;
    assert_eq!(items.as_str().matches("<item ").count(), 1);
}

#[tokio::test]
async fn a_node_that_others_made_is_not_published_at() {
    let storage = Storage::memory();
    let server = server_with(Changes::default(), storage.clone()).await;
    let mut juliet = login(&server, JULIET).await;
    juliet
        .send(&format!(
            "<iq type='set' id='c' to='{SERVICE}'>{}</iq>",
            pubsub("<create node='serverinfo'/>")
        ))
        .await;
    juliet.expect("<iq type='result' id='c'/>").await;
    server.shutdown().await;
    let host = host("a.example", true, storage).await;
    let Err(error) = Server::builder().host(host).start().await else {
        panic!("it started");
    };
    let error = error.to_string();
    assert!(error.contains("somebody else made the node"), "{error}");
}
