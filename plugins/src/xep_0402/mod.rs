//! XEP-0402, PEP Native Bookmarks: the rooms that somebody keeps, an item each.
//!
//! Older clients keep all of them in one element, as the item of another node (XEP-0048) or as private XML (XEP-0049).
//! Whichever of the three is changed, the others change with it (§6.3): the list of XEP-0048 is stored beside the items,
//! in the same transaction, and private XML is that list.

mod convert;

use std::sync::{Arc, Weak};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sestina_session::host::Host;
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0402::{self as skeleton, Settings};
use sestina_types::xep_0048::Storage;
use sestina_types::xep_0060::forms::{AccessModel, NodeConfig, SendLastPublishedItem};
use sestina_types::xep_0402::Conference;
use sestina_wire::{AnyElement, BareJid, Condition, Jid, Payload as _, StanzaError, Text};

use crate::xep_0049::{self, Keeper};
use crate::xep_0060::{self, Companion, Edit, Nodes};

/// The list of all bookmarks (XEP-0048 §3).
const LIST: &str = "storage:bookmarks";
/// The id of its one item.
const CURRENT: &str = "current";

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let host = registrar.host();
        let Some(nodes) = xep_0060::Server::of(host) else {
            return Ok(());
        };
        nodes.set_companion(&(Arc::new(InStep) as Arc<dyn Companion>));
        if let Some(private) = xep_0049::Server::of(host) {
            private.set_keeper(Arc::new(AsPrivateXml(Arc::downgrade(&nodes))));
        }
        Ok(())
    }
}

/// Keeps the items and the list in step.
struct InStep;

impl Companion for InStep {
    fn nodes(&self) -> &[&str] {
        &[Conference::NS, LIST]
    }

    /// Nobody else is shown where somebody goes (§5), whatever a client forgets to say.
    fn defaults(&self, node: &str) -> NodeConfig {
        let private = NodeConfig {
            access_model: Some(AccessModel::Whitelist),
            persist_items: Some(true),
            ..NodeConfig::default()
        };
        if node == LIST {
            return private;
        }
        NodeConfig {
            max_items: Some(Text::from_static("max")),
            send_last_published_item: Some(SendLastPublishedItem::Never),
            ..private
        }
    }

    fn follow<'a>(
        &'a self,
        nodes: &'a Nodes<'a>,
        edit: &'a Edit,
    ) -> BoxFuture<'a, Result<Vec<Edit>, StanzaError>> {
        async move {
            let follows = if edit.node == LIST {
                follow_list(nodes, edit).await?
            } else {
                follow_items(nodes, edit).await?
            };
            Ok(follows.into_iter().collect())
        }
        .boxed()
    }
}

/// The list is another one: the items become what it says. A list that is only taken away says nothing of the rooms.
async fn follow_list(nodes: &Nodes<'_>, edit: &Edit) -> Result<Option<Edit>, StanzaError> {
    let Some((_, list)) = edit.put.last() else {
        return Ok(None);
    };
    let list = list.decode::<Storage>().map_err(|error| {
        StanzaError::new(Condition::BadRequest).with_text(format!("no list of bookmarks: {error}"))
    })?;
    let before = nodes.items(Conference::NS).await?;
    Ok(Some(convert::differences(&before, &list)))
}

/// Items have changed: the list is written anew; what else it has, such as web pages, stays.
async fn follow_items(nodes: &Nodes<'_>, edit: &Edit) -> Result<Option<Edit>, StanzaError> {
    for (_, item) in &edit.put {
        item.decode::<Conference>().map_err(|error| {
            StanzaError::new(Condition::BadRequest).with_text(format!("no bookmark: {error}"))
        })?;
    }
    let mut items = nodes.items(Conference::NS).await?;
    items.retain(|(id, _)| {
        !edit.retract.contains(id) && !edit.put.iter().any(|(changed, _)| changed == id)
    });
    items.extend(edit.put.iter().cloned());
    let before = nodes.items(LIST).await?;
    let before = before
        .last()
        .and_then(|(_, list)| list.decode::<Storage>().ok())
        .unwrap_or_default();
    let list = convert::list(before, &items);
    Ok(Some(Edit {
        node: LIST.to_owned(),
        put: vec![(Text::from_static(CURRENT), list.to_any())],
        ..Edit::default()
    }))
}

/// The list as private XML.
struct AsPrivateXml(Weak<xep_0060::Server>);

impl Keeper for AsPrivateXml {
    fn keeps(&self, namespace: &str, name: &str) -> bool {
        namespace == Storage::NS && name == Storage::NAME
    }

    fn get<'a>(
        &'a self,
        host: &'a Arc<Host>,
        owner: &'a BareJid,
    ) -> BoxFuture<'a, Result<Option<AnyElement>, StanzaError>> {
        async move {
            let Some(nodes) = self.0.upgrade() else {
                return Ok(None);
            };
            let found = nodes.item_for(host, owner, LIST, None, owner).await?;
            Ok(found.map(|(_, list)| list))
        }
        .boxed()
    }

    fn set<'a>(
        &'a self,
        host: &'a Arc<Host>,
        session: &'a Jid,
        element: AnyElement,
    ) -> BoxFuture<'a, Result<(), StanzaError>> {
        async move {
            let Some(nodes) = self.0.upgrade() else {
                return Err(StanzaError::new(Condition::ServiceUnavailable));
            };
            let edit = Edit {
                node: LIST.to_owned(),
                put: vec![(Text::from_static(CURRENT), element)],
                ..Edit::default()
            };
            nodes.edit(host, &session.to_bare(), session, edit).await
        }
        .boxed()
    }
}
