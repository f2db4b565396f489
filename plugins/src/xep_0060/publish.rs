//! Items are published (§7.1) and taken back (§7.2).

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_storage::ColumnValue as _;
use sestina_types::xep_0004::Form;
use sestina_types::xep_0060::errors::{
    InvalidPayload, ItemRequired, MaxItemsExceeded, PayloadRequired, PayloadTooBig,
};
use sestina_types::xep_0060::pubsub::{Item, Publish, Pubsub, PubsubChoice, Retract};
use sestina_types::xep_0060::tables::{PubsubItems, PubsubItemsRow, PubsubNodes};
use sestina_wire::{BareJid, Condition, Jid, StanzaError, Text};

use super::book::{Node, Page};
use super::notify::{self, News};
use super::{Server, check_name, owner, standing};

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
    let mut node = match page.node(&request.node) {
        Some(node) => {
            standing::may_publish(host, account, &node, who).await?;
            if let Some(options) = options {
                node.configuration.meets(options, &server.limits)?;
            }
            Node::clone(&node)
        }
        None => {
            if who.bare_str() != account.as_str() {
                return Err(StanzaError::new(Condition::ItemNotFound));
            }
            owner::make_room(server, &page, &request.node)?;
            let defaults = super::Configuration::default_of(&server.limits);
            let configuration = match options {
                Some(options) => defaults.expected(options, &server.limits)?,
                None => defaults,
            };
            Node::new(&request.node, configuration, host.clock().now())
        }
    };
    let rows = rows(server, host, account, who, &mut node, request.items)?;
    let kept = usize::try_from(node.configuration.kept(&server.limits)).unwrap_or(usize::MAX);
    let mut transaction = server.book.transaction();
    transaction.put::<PubsubNodes>(&node.row(account));
    let mut gone = Vec::new();
    if kept > 0 {
        if rows.len() > kept {
            return Err(StanzaError::new(Condition::NotAllowed)
                .with_application(&MaxItemsExceeded::default())
                .with_text(format!("the node keeps no more than {kept} items")));
        }
        let mut order = server.book.order(account, &node).await?;
        order.retain(|_, id| !rows.iter().any(|row| row.item == *id));
        // The oldest make room for the new ones.
        let more = (order.len() + rows.len()).saturating_sub(kept);
        gone = order.into_values().take(more).collect();
        for id in &gone {
            transaction.delete::<PubsubItems>(&key(account, &node, id));
        }
        for row in &rows {
            transaction.put::<PubsubItems>(row);
        }
    }
    transaction.commit().await?;
    if kept > 0 {
        for row in &rows {
            node.added(row, &gone);
        }
    }
    page.put(node.clone());
    notify::tell(server, host, &page, &node, News::Published(&rows)).await;
    let published = rows.iter().map(|row| Item {
        id: Some(row.item.as_str().into()),
        ..Item::default()
    });
    let answer = Publish {
        items: published.collect(),
        ..Publish::new(request.node)
    };
    Ok(Pubsub {
        action: Some(PubsubChoice::Publish(answer)),
        ..Pubsub::default()
    })
}

/// The items as they are stored, each behind the last one of the node.
fn rows(
    server: &Server,
    host: &Host,
    account: &BareJid,
    who: &Jid,
    node: &mut Node,
    items: Vec<Item>,
) -> Result<Vec<PubsubItemsRow>, StanzaError> {
    let bad = || StanzaError::new(Condition::BadRequest);
    if items.is_empty() {
        return Err(bad().with_application(&ItemRequired::default()));
    }
    let most = node.configuration.max_payload_size(&server.limits);
    let mut rows: Vec<PubsubItemsRow> = Vec::with_capacity(items.len());
    for item in items {
        let payload = match item.payload.as_slice() {
            [payload] => payload.to_document(),
            [] => return Err(bad().with_application(&PayloadRequired::default())),
            _ => {
                return Err(bad()
                    .with_application(&InvalidPayload::default())
                    .with_text("an item holds one element"));
            }
        };
        if payload.len() as u64 > most {
            return Err(StanzaError::new(Condition::NotAcceptable)
                .with_application(&PayloadTooBig::default())
                .with_text(format!(
                    "an item of this node has no more than {most} octets; this one has {}",
                    payload.len()
                )));
        }
        let id = match item.id.filter(|id| !id.is_empty()) {
            Some(id) => id,
            None => host.random().token(),
        };
        check_name("an item", &id)?;
        if rows.iter().any(|row| row.item == *id) {
            return Err(bad().with_text("two items have the same id"));
        }
        node.last_position = node.last_position.saturating_add(1);
        rows.push(PubsubItemsRow {
            service: account.clone(),
            node: node.name.clone(),
            item: id.to_string(),
            position: node.last_position,
            published: host.clock().now(),
            expires: None,
            publisher: Some(who.detach()),
            payload: Some(payload.to_string()),
        });
    }
    Ok(rows)
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
    let is_owner = standing::must_own(account, &node, who).is_ok();
    if !is_owner {
        standing::may_publish(host, account, &node, who).await?;
    }
    let ids: Option<Vec<Text>> = request.items.into_iter().map(|item| item.id).collect();
    let Some(ids) = ids.filter(|ids| !ids.is_empty()) else {
        return Err(
            StanzaError::new(Condition::BadRequest).with_application(&ItemRequired::default())
        );
    };
    let mut transaction = server.book.transaction();
    for id in &ids {
        let Some(row) = server.book.items().get(account, &node.name, id).await? else {
            return Err(StanzaError::new(Condition::ItemNotFound));
        };
        let is_own = row
            .publisher
            .is_some_and(|publisher| publisher.bare_str() == who.bare_str());
        if !is_owner && !is_own {
            return Err(StanzaError::new(Condition::Forbidden));
        }
        transaction.delete::<PubsubItems>(&key(account, &node, id));
    }
    transaction.commit().await?;
    let gone: Vec<String> = ids.iter().map(ToString::to_string).collect();
    node.removed(&gone);
    if request.notify == Some(true) || node.configuration.tells_of_retraction() {
        notify::tell(server, host, &page, &node, News::Retracted(&ids)).await;
    }
    Ok(())
}

fn key(account: &BareJid, node: &Node, id: &str) -> [sestina_storage::Value; 3] {
    [account.to_value(), node.name.as_str().into(), id.into()]
}
