//! XEP-0398, User Avatar to vCard-Based Avatars Conversion: whichever way somebody sets a picture, it is the same both
//! ways.
//!
//! The picture is kept once, as it is published (XEP-0084): who asks for the card of the account gets it there too, if it
//! may see it, and a photo that is set on the card is published. Presence says which picture there is (XEP-0153), so that
//! clients need not find out before they say anything.

mod photo;

use std::sync::{Arc, Weak};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sestina_session::host::{Account, Host};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_skeletons::xep_0398::{self as skeleton, Settings};
use sestina_storage::StorageError;
use sestina_types::xep_0084::data::Data;
use sestina_types::xep_0084::metadata::Metadata;
use sestina_types::xep_0153::Update;
use sestina_wire::{BareJid, Payload as _, Stanza, StanzaType, Text};

use crate::xep_0060::Companion;
use crate::{rfc_6121, xep_0054, xep_0060};

/// The server's part.
pub struct Server;

/// Kept with an account that is online: which picture it has.
#[derive(PartialEq, Eq)]
struct Shown {
    hash: Option<Text>,
    /// Whether everybody may see it, not only those who see the account's presence.
    is_open: bool,
}

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let host = registrar.host();
        if let (Some(nodes), Some(cards)) = (xep_0060::Server::of(host), xep_0054::Server::of(host))
        {
            cards.set_photos(Arc::new(photo::Published(Arc::downgrade(&nodes))));
            let watch = Watch(Arc::downgrade(&nodes));
            nodes.set_companion(&(Arc::new(watch) as Arc<dyn Companion>));
        }
        Ok(())
    }

    fn say_which(self: &Arc<Self>, cx: &StageContext, delivery: &mut Delivery) -> Flow {
        let Some(session) = &delivery.from_session else {
            return Flow::Continue;
        };
        if delivery.type_() != StanzaType::Available {
            return Flow::Continue;
        }
        let account = Arc::clone(session.account());
        if account.extensions().get::<Shown>().is_some() {
            say(&account, &mut delivery.stanza);
            return Flow::Continue;
        }
        // Once for as long as the account is online.
        let host = Arc::clone(&cx.host);
        Flow::wait(async move {
            look(&host, &account).await;
            Flow::Then(Box::new(move |delivery| {
                say(&account, &mut delivery.stanza);
                Flow::Continue
            }))
        })
    }
}

/// Looks which picture an account has; whether it is another one than before.
async fn look(host: &Arc<Host>, account: &Account) -> bool {
    let found = match xep_0060::Server::of(host) {
        Some(nodes) => find(&nodes, host, account.jid()).await,
        None => return false,
    };
    match found {
        Ok(shown) => {
            let before = account.extensions().get::<Shown>();
            let is_new = before.as_deref() != Some(&shown);
            account.extensions().insert(Arc::new(shown));
            is_new
        }
        Err(error) => {
            tracing::warn!(%error, account = %account.jid(), "no picture is announced");
            false
        }
    }
}

async fn find(
    nodes: &xep_0060::Server,
    host: &Arc<Host>,
    account: &BareJid,
) -> Result<Shown, StorageError> {
    let metadata = nodes
        .item_for(host, account, Metadata::NS, None, account)
        .await?;
    let info = metadata.and_then(|(_, metadata)| photo::here(&metadata));
    let is_open = nodes.is_open(host, account, Metadata::NS).await?
        && nodes.is_open(host, account, Data::NS).await?;
    Ok(Shown {
        hash: info.map(|info| info.id),
        is_open,
    })
}

/// Puts into a presence which picture the account has (§4), unless the client says that it has none to show. Whoever may
/// not see the picture is told nothing of it.
fn say(account: &Account, presence: &mut Stanza) {
    let Some(shown) = account.extensions().get::<Shown>() else {
        return;
    };
    let said = presence.decode::<Update>().and_then(Result::ok);
    let says_none = said
        .as_ref()
        .and_then(|said| said.photo.as_ref())
        .is_some_and(|photo| photo.is_empty());
    if says_none || (presence.to().is_some() && !shown.is_open) {
        return;
    }
    let hash = match (&shown.hash, &said) {
        (Some(hash), _) => hash.clone(),
        // It is not known yet, the client says; here it is known that there is none.
        (None, Some(Update { photo: None, .. })) => Text::new(),
        (None, _) => return,
    };
    if said.is_some_and(|said| said.photo.as_ref() == Some(&hash)) {
        return;
    }
    presence.retain(|child| !Update::matches(child.element()));
    presence.append(&Update {
        photo: Some(hash),
        ..Update::default()
    });
}

/// Hears of new pictures.
struct Watch(Weak<xep_0060::Server>);

impl Companion for Watch {
    fn nodes(&self) -> &[&str] {
        &[Metadata::NS, Data::NS]
    }

    /// Who got to know of the last picture by presence hears in the same way of the new one (XEP-0153 §3.2).
    fn changed<'a>(
        &'a self,
        host: &'a Arc<Host>,
        account: &'a BareJid,
        _node: &'a str,
    ) -> BoxFuture<'a, ()> {
        async move {
            let Some(account) = host.account(account) else {
                return;
            };
            if self.0.strong_count() == 0 || account.extensions().get::<Shown>().is_none() {
                return;
            }
            if !look(host, &account).await {
                return;
            }
            for session in account.resources() {
                let Some(presence) = session.presence() else {
                    continue;
                };
                let mut renewed = Stanza::clone(&presence);
                say(&account, &mut renewed);
                if renewed.decode::<Update>() != presence.decode::<Update>() {
                    rfc_6121::renew(host, &session, &renewed).await;
                }
            }
        }
        .boxed()
    }
}
