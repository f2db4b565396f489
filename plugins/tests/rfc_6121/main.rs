//! RFC 6121 from the outside: conversations in raw XML with a server in the same process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod message;
mod presence;
mod roster;
mod storage;
mod subscription;

use std::sync::Arc;

use sestina_plugins::rfc_6121;
use sestina_session::accounts::{Accounts, MemoryAccounts};
use sestina_session::plugin::Setup;
use sestina_session::server::{HostConfig, Server};
use sestina_session::testing::Conversation;
use sestina_skeletons::rfc_6121 as skeleton;
use sestina_storage::Storage;
use sestina_wire::BareJid;
use sestina_wire::clock::SystemRandom;

const ROSTER: &str = "jabber:iq:roster";

async fn host(domain: &str, accounts: &[&str], settings: skeleton::Settings) -> HostConfig {
    host_on(Storage::memory(), domain, accounts, settings).await
}

async fn host_on(
    storage: Storage,
    domain: &str,
    accounts: &[&str],
    settings: skeleton::Settings,
) -> HostConfig {
    let all = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    for account in accounts {
        all.create(&BareJid::new(Some(account), domain).unwrap(), "secret")
            .await
            .unwrap();
    }
    HostConfig::new(domain, storage, all)
        .unwrap()
        .plugins(move |host| {
            Ok(vec![skeleton::server::<rfc_6121::Server>(&Setup::new(
                &settings, host,
            ))?])
        })
}

async fn server() -> Server {
    let first = host(
        "a.example",
        &["romeo", "juliet", "nurse"],
        skeleton::Settings::default(),
    )
    .await;
    let second = host(
        "b.example",
        &["romeo", "juliet"],
        skeleton::Settings::default(),
    )
    .await;
    Server::builder()
        .host(first)
        .host(second)
        .start()
        .await
        .unwrap()
}

async fn login(server: &Server, jid: &str) -> Conversation {
    Conversation::login(server, jid, "secret").await
}

/// Asks for the roster, so that the session gets pushes.
async fn with_roster(server: &Server, jid: &str) -> Conversation {
    let mut session = login(server, jid).await;
    session
        .send(&format!(
            "<iq type='get' id='roster'><query xmlns='{ROSTER}'/></iq>"
        ))
        .await;
    session
        .expect(&format!(
            "<iq type='result' id='roster'><query xmlns='{ROSTER}'/></iq>"
        ))
        .await;
    session
}

/// Becomes available, and sees itself.
async fn available(server: &Server, jid: &str) -> Conversation {
    let mut session = with_roster(server, jid).await;
    session.send("<presence/>").await;
    session.expect(&format!("<presence from='{jid}'/>")).await;
    session
}

fn push(item: &str) -> String {
    format!("<iq type='set' id='*'><query xmlns='{ROSTER}' ver='*'><item {item}/></query></iq>")
}

/// Two sessions whose accounts see each other.
async fn friends(server: &Server, one: &str, other: &str) -> (Conversation, Conversation) {
    let bare = |jid: &str| jid.split('/').next().unwrap().to_owned();
    let (a, b) = (bare(one), bare(other));
    let mut first = available(server, one).await;
    let mut second = available(server, other).await;
    first
        .send(&format!("<presence type='subscribe' to='{b}'/>"))
        .await;
    first
        .expect(&push(&format!(
            "jid='{b}' subscription='none' ask='subscribe'"
        )))
        .await;
    second
        .expect(&format!("<presence type='subscribe' from='{a}'/>"))
        .await;
    second
        .send(&format!("<presence type='subscribed' to='{a}'/>"))
        .await;
    second
        .expect(&push(&format!("jid='{a}' subscription='from'")))
        .await;
    first
        .expect(&format!("<presence type='subscribed' from='{b}'/>"))
        .await;
    first
        .expect(&push(&format!("jid='{b}' subscription='to'")))
        .await;
    first.expect(&format!("<presence from='{other}'/>")).await;
    second
        .send(&format!("<presence type='subscribe' to='{a}'/>"))
        .await;
    second
        .expect(&push(&format!(
            "jid='{a}' subscription='from' ask='subscribe'"
        )))
        .await;
    first
        .expect(&format!("<presence type='subscribe' from='{b}'/>"))
        .await;
    first
        .send(&format!("<presence type='subscribed' to='{b}'/>"))
        .await;
    first
        .expect(&push(&format!("jid='{b}' subscription='both'")))
        .await;
    second
        .expect(&format!("<presence type='subscribed' from='{a}'/>"))
        .await;
    second
        .expect(&push(&format!("jid='{a}' subscription='both'")))
        .await;
    second.expect(&format!("<presence from='{one}'/>")).await;
    (first, second)
}
