//! Items are published (§7.1) and taken back (§7.2).

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_types::xep_0004::Form;
use sestina_types::xep_0060::errors::ItemRequired;
use sestina_types::xep_0060::pubsub::{Item, Publish, Pubsub, PubsubChoice, Retract};
use sestina_wire::{BareJid, Condition, Jid, StanzaError, Text};

use super::book::{self, Node, Page};
use super::change::{self, Changing};
use super::companion::Edit;
use super::{Server, standing};

/// Publishes items; the node is made where the account has none of this name (§7.1.4).
pub(super) async fn publish(
    server: &Server,
    host: &Arc<Host>,
    account: &BareJid,
    who: &Jid,
    request: Publish,
    options: Option<&Form>,
) -> Result<Pubsub, StanzaError> {
    let page = server.book.open(host, account).await?;
    let _change = page.change().await;
    let changing = Changing {
        server,
        host,
        page: &page,
        who,
    };
    let node = match page.node(&request.node) {
        Some(node) => {
            standing::may_publish(host, account, &node, who).await?;
            if let Some(options) = options {
                node.configuration.meets(options, server.limits(account))?;
            }
            Node::clone(&node)
        }
        None => {
            if !server.may_create(host, account, who) {
                return Err(StanzaError::new(Condition::ItemNotFound));
            }
            let defaults = changing.defaults(&request.node);
            let configuration = match options {
                Some(options) => defaults.expected(options, server.limits(account))?,
                None => defaults,
            };
            changing.new_node(&request.node, configuration)?
        }
    };
    let edit = Edit {
        node: node.name.clone(),
        ..change::items(host, &node, request.items)?
    };
    let published = edit.put.iter().map(|(id, _)| Item {
        id: Some(id.clone()),
        ..Item::default()
    });
    let answer = Publish {
        items: published.collect(),
        ..Publish::new(request.node)
    };
    changing.apply(changing.prepare(node, edit).await?).await?;
    Ok(Pubsub {
        action: Some(PubsubChoice::Publish(answer)),
        ..Pubsub::default()
    })
}

/// Takes items back: the owner all, others what they published themselves.
pub(super) async fn retract(
    server: &Server,
    host: &Arc<Host>,
    account: &BareJid,
    who: &Jid,
    request: Retract,
) -> Result<(), StanzaError> {
    let page: Arc<Page> = server.book.open(host, account).await?;
    let _change = page.change().await;
    let node = page
        .node(&request.node)
        .ok_or_else(|| StanzaError::new(Condition::ItemNotFound))?;
    let is_owner = standing::must_own(host, account, &node, who).is_ok();
    if !is_owner {
        standing::may_publish(host, account, &node, who).await?;
    }
    let ids: Option<Vec<Text>> = request.items.into_iter().map(|item| item.id).collect();
    let Some(ids) = ids.filter(|ids| !ids.is_empty()) else {
        return Err(
            StanzaError::new(Condition::BadRequest).with_application(&ItemRequired::default())
        );
    };
    for id in &ids {
        let now = host.clock().now();
        let row = server.book.items().get(account, &node.name, id).await?;
        let Some(row) = row.filter(|row| book::is_live(row, now)) else {
            return Err(StanzaError::new(Condition::ItemNotFound));
        };
        let is_own = row
            .publisher
            .is_some_and(|publisher| publisher.bare_str() == who.bare_str());
        if !is_owner && !is_own {
            return Err(StanzaError::new(Condition::Forbidden));
        }
    }
    let changing = Changing {
        server,
        host,
        page: &page,
        who,
    };
    let edit = Edit {
        node: node.name.clone(),
        retract: ids,
        ..Edit::default()
    };
    let mut change = changing.prepare(Node::clone(&node), edit).await?;
    if request.notify == Some(true) {
        change.tell_of_retraction();
    }
    changing.apply(change).await
}
