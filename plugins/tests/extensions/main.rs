//! The extensions from the outside: conversations in raw XML with a server in the same process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod administration;
mod bytestreams;
mod calls;
mod carbons;
mod client_access;
mod client_state;
mod commands;
mod discovery;
mod files;
mod invitations;
mod items;
mod multicast;
mod offline;
mod registration;
mod sasl2;
mod services;
mod stream_management;
mod survival;
mod unavailable;
mod uploads;

use std::sync::Arc;

use sestina_plugins::{
    rfc_6120, rfc_6121, xep_0012, xep_0030, xep_0033, xep_0050, xep_0077, xep_0092, xep_0115,
    xep_0133, xep_0157, xep_0160, xep_0175, xep_0198, xep_0199, xep_0280, xep_0352, xep_0379,
    xep_0386, xep_0388, xep_0401, xep_0440, xep_0445, xep_0455, xep_0478, xep_0484, xep_0494,
    xep_0504,
};
use sestina_session::accounts::{Accounts, MemoryAccounts};
use sestina_session::plugin::{Plugin, Setup};
use sestina_session::server::{HostConfig, Server};
use sestina_session::testing::Conversation;
use sestina_skeletons as skeletons;
use sestina_storage::Storage;
use sestina_wire::BareJid;
use sestina_wire::clock::SystemRandom;

const STANZAS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";

/// What differs from the default settings.
#[derive(Default)]
struct Changes {
    offline: skeletons::xep_0160::Settings,
    registration: skeletons::xep_0077::Settings,
    management: skeletons::xep_0198::Settings,
    state: skeletons::xep_0352::Settings,
    commands: skeletons::xep_0050::Settings,
    administration: skeletons::xep_0133::Settings,
    multicast: skeletons::xep_0033::Settings,
    contacts: skeletons::xep_0157::Settings,
    outage: skeletons::xep_0455::Settings,
    policy: skeletons::xep_0504::Settings,
    /// Whether there are invitations, and how.
    invitations: Option<skeletons::xep_0401::Settings>,
    /// Whether people without an account may come.
    anonymous: bool,
}

async fn server_with(changes: Changes, storage: Storage) -> Server {
    server_of(changes, storage, Vec::new()).await
}

/// With plugins of the test's own.
async fn server_and(more: Vec<Arc<dyn Plugin>>) -> Server {
    server_of(Changes::default(), Storage::memory(), more).await
}

/// Laura and Arnaut, who have accounts at `a.example`.
async fn people() -> Accounts {
    let accounts = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    for account in ["laura", "arnaut"] {
        let account = BareJid::new(Some(account), "a.example").unwrap();
        accounts.create(&account, "secret").await.unwrap();
    }
    accounts
}

async fn server_of(changes: Changes, storage: Storage, more: Vec<Arc<dyn Plugin>>) -> Server {
    let config = HostConfig::new("a.example", storage, people().await)
        .unwrap()
        .plugins(move |host| {
            let Changes {
                offline,
                registration,
                management,
                state,
                commands,
                administration,
                multicast,
                contacts,
                outage,
                policy,
                invitations,
                anonymous,
            } = &changes;
            let mut plugins = vec![
                skeletons::xep_0160::server::<xep_0160::Server>(&Setup::new(offline, host))?,
                skeletons::xep_0077::server::<xep_0077::Server>(&Setup::new(registration, host))?,
                skeletons::rfc_6120::server::<rfc_6120::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::rfc_6121::server::<rfc_6121::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0030::server::<xep_0030::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0012::server::<xep_0012::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0050::server::<xep_0050::Server>(&Setup::new(commands, host))?,
                skeletons::xep_0133::server::<xep_0133::Server>(&Setup::new(administration, host))?,
                skeletons::xep_0033::server::<xep_0033::Server>(&Setup::new(multicast, host))?,
                skeletons::xep_0157::server::<xep_0157::Server>(&Setup::new(contacts, host))?,
                skeletons::xep_0455::server::<xep_0455::Server>(&Setup::new(outage, host))?,
                skeletons::xep_0504::server::<xep_0504::Server>(&Setup::new(policy, host))?,
                skeletons::xep_0122::server(&Setup::new(&Default::default(), host))?,
                skeletons::xep_0128::server(&Setup::new(&Default::default(), host))?,
                skeletons::xep_0082::server(&Setup::new(&Default::default(), host))?,
                skeletons::xep_0092::server::<xep_0092::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0115::server::<xep_0115::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0198::server::<xep_0198::Server>(&Setup::new(management, host))?,
                skeletons::xep_0199::server::<xep_0199::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0280::server::<xep_0280::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0297::server(&Setup::new(&Default::default(), host))?,
                skeletons::xep_0334::server(&Setup::new(&Default::default(), host))?,
                skeletons::xep_0352::server::<xep_0352::Server>(&Setup::new(state, host))?,
                skeletons::xep_0386::server::<xep_0386::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0388::server::<xep_0388::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0440::server::<xep_0440::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0478::server::<xep_0478::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0484::server::<xep_0484::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0494::server::<xep_0494::Server>(&Setup::new(
                    &Default::default(),
                    host,
                ))?,
                skeletons::xep_0474::server(&Setup::new(&Default::default(), host))?,
                skeletons::xep_0480::server(&Setup::new(&Default::default(), host))?,
                skeletons::xep_0203::server(&Setup::new(&Default::default(), host))?,
                skeletons::xep_0004::server(&Setup::new(&Default::default(), host))?,
            ];
            if *anonymous {
                let settings = Default::default();
                let setup = Setup::new(&settings, host);
                plugins.push(skeletons::xep_0175::server::<xep_0175::Server>(&setup)?);
            }
            if let Some(invitations) = invitations {
                let setup = Setup::new(invitations, host);
                plugins.push(skeletons::xep_0401::server::<xep_0401::Server>(&setup)?);
                let setup = &Default::default();
                let setup = Setup::new(setup, host);
                plugins.push(skeletons::xep_0379::server::<xep_0379::Server>(&setup)?);
                let setup = &Default::default();
                let setup = Setup::new(setup, host);
                plugins.push(skeletons::xep_0445::server::<xep_0445::Server>(&setup)?);
            }
            plugins.extend(more.iter().cloned());
            Ok(plugins)
        });
    Server::builder().host(config).start().await.unwrap()
}

async fn server() -> Server {
    server_with(Changes::default(), Storage::memory()).await
}

async fn login(server: &Server, jid: &str) -> Conversation {
    Conversation::login(server, jid, "secret").await
}

fn error(id: &str, condition: &str) -> String {
    format!("<iq type='error' id='{id}'><error><{condition} xmlns='{STANZAS}'/></error></iq>")
}

#[tokio::test]
async fn a_ping_is_answered_by_the_server_and_for_ones_own_account() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    for to in ["", "to='a.example'", "to='laura@a.example'"] {
        laura
            .send(&format!(
                "<iq type='get' id='1' {to}><ping xmlns='urn:xmpp:ping'/></iq>"
            ))
            .await;
        laura.expect("<iq type='result' id='1'/>").await;
    }
    // What only its owner may ask of an account is forbidden to others, whether there is such an account or not.
    for (to, condition) in [
        ("arnaut@a.example", "forbidden"),
        ("nobody@a.example", "forbidden"),
        ("arnaut@a.example/away", "service-unavailable"),
        ("nobody@a.example/away", "service-unavailable"),
    ] {
        laura
            .send(&format!(
                "<iq type='get' id='2' to='{to}'><ping xmlns='urn:xmpp:ping'/></iq>"
            ))
            .await;
        laura.expect(&error("2", condition)).await;
    }
}

#[tokio::test]
async fn the_old_session_request_does_nothing_and_says_so() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    for to in ["", "to='a.example'"] {
        laura
            .send(&format!("<iq type='set' id='1' {to}><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>"))
            .await;
        laura.expect("<iq type='result' id='1'/>").await;
    }
}

#[tokio::test]
async fn the_version_is_told_without_the_system() {
    let server = server().await;
    let mut laura = login(&server, "laura@a.example/desk").await;
    laura
        .send("<iq type='get' id='1' to='a.example'><query xmlns='jabber:iq:version'/></iq>")
        .await;
    let answer = laura
        .expect("<iq type='result' id='1'><query xmlns='jabber:iq:version'><name>Sestina</name><version>*</version></query></iq>")
        .await;
    let query = answer.root().child("query", "jabber:iq:version").unwrap();
    assert!(query.child("os", "jabber:iq:version").is_none());
}
