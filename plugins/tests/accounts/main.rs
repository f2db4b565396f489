//! What a server keeps for accounts and does for them, from the outside: conversations in raw XML with a server in the
//! same process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod archive;
mod avatars;
mod away;
mod blocking;
mod bookmarks;
mod channels;
mod committed;
mod digests;
mod displayed;
mod gate;
mod in_play;
mod keeping;
mod node_access;
mod personal_events;
mod preferences;
mod publishing;
mod pubsub_service;
mod rooms;
mod search;
mod server_information;
mod sites;
mod subscribing;
mod untouched;
mod without_tables;

use std::sync::Arc;

use sestina_plugins::{
    rfc_6120, rfc_6121, xep_0012, xep_0030, xep_0045, xep_0049, xep_0050, xep_0054, xep_0055,
    xep_0060, xep_0115, xep_0133, xep_0160, xep_0163, xep_0191, xep_0198, xep_0199, xep_0202,
    xep_0280, xep_0313, xep_0317, xep_0328, xep_0352, xep_0357, xep_0369, xep_0377, xep_0390,
    xep_0398, xep_0402, xep_0405, xep_0424, xep_0425, xep_0431, xep_0433, xep_0441, xep_0463,
    xep_0486, xep_0490, xep_0500, xep_0502, xep_0513,
};
use sestina_session::accounts::{Accounts, MemoryAccounts};
use sestina_session::plugin::{Plugin, PluginError, Setup};
use sestina_session::server::{HostConfig, Server};
use sestina_session::testing::Conversation;
use sestina_skeletons as skeletons;
use sestina_storage::Storage;
use sestina_wire::BareJid;
use sestina_wire::clock::SystemRandom;

const STANZAS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";

/// What differs from the default settings.
#[derive(Clone, Default)]
struct Changes {
    blocking: skeletons::xep_0191::Settings,
    archive: skeletons::xep_0313::Settings,
    private: skeletons::xep_0049::Settings,
    cards: skeletons::xep_0054::Settings,
    nodes: skeletons::xep_0060::Settings,
    search: skeletons::xep_0055::Settings,
    preferences: skeletons::xep_0441::Settings,
    push: skeletons::xep_0357::Settings,
    management: skeletons::xep_0198::Settings,
    reports: skeletons::xep_0377::Settings,
    administration: skeletons::xep_0133::Settings,
    /// Whether there are rooms, and how.
    rooms: Option<skeletons::xep_0045::Settings>,
    /// Whether there are channels, and how.
    channels: Option<skeletons::xep_0369::Settings>,
}

fn plugins(
    changes: &Changes,
    host: &Arc<sestina_session::host::Host>,
) -> Result<Vec<Arc<dyn Plugin>>, PluginError> {
    macro_rules! usual {
        ($($spec:ident),*) => {
            vec![$(skeletons::$spec::server::<$spec::Server>(&Setup::new(&Default::default(), host))?),*]
        };
    }
    macro_rules! passive {
        ($($spec:ident),*) => {
            vec![$(skeletons::$spec::server(&Setup::new(&Default::default(), host))?),*]
        };
    }
    let mut plugins = usual!(
        rfc_6120, rfc_6121, xep_0012, xep_0030, xep_0115, xep_0160, xep_0163, xep_0199, xep_0202
    );
    plugins.extend(passive!(
        xep_0004, xep_0048, xep_0059, xep_0082, xep_0084, xep_0122, xep_0153, xep_0203, xep_0297,
        xep_0300, xep_0334, xep_0359
    ));
    plugins.push(skeletons::xep_0191::server::<xep_0191::Server>(
        &Setup::new(&changes.blocking, host),
    )?);
    plugins.push(skeletons::xep_0313::server::<xep_0313::Server>(
        &Setup::new(&changes.archive, host),
    )?);
    plugins.push(skeletons::xep_0049::server::<xep_0049::Server>(
        &Setup::new(&changes.private, host),
    )?);
    plugins.push(skeletons::xep_0054::server::<xep_0054::Server>(
        &Setup::new(&changes.cards, host),
    )?);
    plugins.push(skeletons::xep_0060::server::<xep_0060::Server>(
        &Setup::new(&changes.nodes, host),
    )?);
    plugins.push(skeletons::xep_0055::server::<xep_0055::Server>(
        &Setup::new(&changes.search, host),
    )?);
    plugins.push(skeletons::xep_0441::server::<xep_0441::Server>(
        &Setup::new(&changes.preferences, host),
    )?);
    plugins.push(skeletons::xep_0357::server::<xep_0357::Server>(
        &Setup::new(&changes.push, host),
    )?);
    plugins.push(skeletons::xep_0198::server::<xep_0198::Server>(
        &Setup::new(&changes.management, host),
    )?);
    plugins.push(skeletons::xep_0377::server::<xep_0377::Server>(
        &Setup::new(&changes.reports, host),
    )?);
    plugins.push(skeletons::xep_0133::server::<xep_0133::Server>(
        &Setup::new(&changes.administration, host),
    )?);
    plugins.extend(usual!(
        xep_0050, xep_0280, xep_0328, xep_0352, xep_0390, xep_0398, xep_0402, xep_0431, xep_0490
    ));
    if let Some(rooms) = &changes.rooms {
        plugins.push(skeletons::xep_0045::server::<xep_0045::Server>(
            &Setup::new(rooms, host),
        )?);
        plugins.extend(passive!(xep_0128, xep_0421));
        plugins.extend(usual!(
            xep_0317, xep_0424, xep_0425, xep_0433, xep_0463, xep_0486, xep_0500, xep_0502,
            xep_0513
        ));
    }
    if let Some(channels) = &changes.channels {
        plugins.push(skeletons::xep_0369::server::<xep_0369::Server>(
            &Setup::new(channels, host),
        )?);
        plugins.extend(usual!(xep_0405));
        plugins.extend(passive!(xep_0403, xep_0406));
    }
    Ok(plugins)
}

async fn server_with(changes: Changes, storage: Storage) -> Server {
    let host = host("a.example", changes, storage).await;
    Server::builder().host(host).start().await.unwrap()
}

async fn host(domain: &str, changes: Changes, storage: Storage) -> HostConfig {
    let accounts = Accounts::new(Arc::new(MemoryAccounts::new()), Arc::new(SystemRandom));
    for account in ["juliet", "romeo", "nurse"] {
        let jid = BareJid::new(Some(account), domain).unwrap();
        accounts.create(&jid, "secret").await.unwrap();
    }
    HostConfig::new(domain, storage, accounts)
        .unwrap()
        .plugins(move |host| plugins(&changes, host))
}

async fn server() -> Server {
    server_with(Changes::default(), Storage::memory()).await
}

async fn login(server: &Server, jid: &str) -> Conversation {
    Conversation::login(server, jid, "secret").await
}

/// Becomes available, and sees itself.
async fn available(server: &Server, jid: &str) -> Conversation {
    let mut session = login(server, jid).await;
    session.send("<presence/>").await;
    session.expect(&format!("<presence from='{jid}'/>")).await;
    session
}

fn error(id: &str, condition: &str) -> String {
    format!("<iq type='error' id='{id}'><error><{condition} xmlns='{STANZAS}'/></error></iq>")
}

/// A request that is answered with the payload.
async fn ask(session: &mut Conversation, type_: &str, payload: &str, answer: &str) {
    session
        .send(&format!("<iq type='{type_}' id='ask'>{payload}</iq>"))
        .await;
    session
        .expect(&format!("<iq type='result' id='ask'>{answer}</iq>"))
        .await;
}

/// The account lets the other see its presence.
async fn befriend(
    one: &mut Conversation,
    one_jid: &str,
    other: &mut Conversation,
    other_jid: &str,
) {
    let bare = |jid: &str| jid.split('/').next().unwrap().to_owned();
    let (a, b) = (bare(one_jid), bare(other_jid));
    one.send(&format!("<presence type='subscribe' to='{b}'/>"))
        .await;
    other
        .expect(&format!("<presence type='subscribe' from='{a}'/>"))
        .await;
    other
        .send(&format!("<presence type='subscribed' to='{a}'/>"))
        .await;
    one.expect(&format!("<presence from='{other_jid}'/>")).await;
}
