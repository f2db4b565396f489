//! XEP-0490, Message Displayed Synchronization: how far somebody has read in every conversation, the same on every device.
//!
//! Clients publish it, for themselves alone. A client that tells the other side in a message how far it has read lets the
//! server publish it along with that (§4), which saves a request.

use std::sync::Arc;

use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_skeletons::xep_0490::{self as skeleton, Settings};
use sestina_types::xep_0060::forms::{AccessModel, NodeConfig, SendLastPublishedItem};
use sestina_types::xep_0490::Displayed;
use sestina_wire::{Payload as _, Text};

use crate::xep_0060::{self, Companion, Edit};

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        if let Some(nodes) = xep_0060::Server::of(registrar.host()) {
            nodes.set_companion(&(Arc::new(ForOneself) as Arc<dyn Companion>));
        }
        Ok(())
    }

    fn assist(self: &Arc<Self>, cx: &StageContext, delivery: &mut Delivery) -> Flow {
        let Some(session) = &delivery.from_session else {
            return Flow::Continue;
        };
        let Some(displayed) = delivery.stanza.decode::<Displayed>() else {
            return Flow::Continue;
        };
        // The ids of an account's archive are nobody else's business (§6), even where they make no sense.
        delivery
            .stanza
            .retain(|child| !Displayed::matches(child.element()));
        let (Ok(displayed), Some(to), Some(nodes)) = (
            displayed,
            delivery.stanza.to(),
            xep_0060::Server::of(&cx.host),
        ) else {
            return Flow::Continue;
        };
        let edit = Edit {
            node: Displayed::NS.to_owned(),
            put: vec![(Text::from(to.as_str()), displayed.to_any())],
            ..Edit::default()
        };
        let (host, session) = (Arc::clone(&cx.host), Arc::clone(session));
        Flow::wait(async move {
            let (jid, account) = (session.jid(), session.account().jid());
            if let Err(error) = nodes.edit(&host, account, jid, edit).await {
                tracing::warn!(%error, %account, "how far it has read is not published");
            }
            Flow::Continue
        })
    }
}

/// The node is for the account's own devices, whatever a client forgets to say (§5).
struct ForOneself;

impl Companion for ForOneself {
    fn nodes(&self) -> &[&str] {
        &[Displayed::NS]
    }

    fn defaults(&self, _: &str) -> NodeConfig {
        NodeConfig {
            access_model: Some(AccessModel::Whitelist),
            max_items: Some(Text::from_static("max")),
            persist_items: Some(true),
            send_last_published_item: Some(SendLastPublishedItem::Never),
            ..NodeConfig::default()
        }
    }
}
