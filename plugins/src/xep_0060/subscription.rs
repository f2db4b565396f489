//! Somebody subscribes to a node (§6.1, §6.2), looks at what there is (§5.6, §5.7), or an owner does it for them (§8.8).

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_storage::ColumnValue as _;
use sestina_types::xep_0060::errors::{
    InvalidJid, InvalidSubid, NodeidRequired, NotSubscribed, TooManySubscriptions,
};
use sestina_types::xep_0060::owner;
use sestina_types::xep_0060::pubsub::{
    Affiliation, Affiliations, Pubsub, PubsubChoice, Subscribe, Subscription, SubscriptionState,
    Subscriptions, Unsubscribe,
};
use sestina_types::xep_0060::tables::{PubsubSubscriptions, PubsubSubscriptionsRow};
use sestina_wire::{BareJid, Condition, Jid, StanzaError, Text};

use super::book::{Node, Page};
use super::{Server, approval, notify, standing};

/// Subscribes; whoever has subscribed already is told so again.
pub(super) async fn subscribe(
    server: &Server,
    host: &Arc<Host>,
    account: &BareJid,
    who: &Jid,
    request: Subscribe,
) -> Result<Pubsub, StanzaError> {
    if request.jid.bare_str() != who.bare_str() {
        return Err(
            StanzaError::new(Condition::BadRequest).with_application(&InvalidJid::default())
        );
    }
    let name = request.node.ok_or_else(no_node)?;
    let page = server.book.open(host, account).await?;
    let _change = page.change().await;
    let node = page
        .node(&name)
        .ok_or_else(|| StanzaError::new(Condition::ItemNotFound))?;
    let known = node
        .subscriptions
        .iter()
        .find(|row| row.subscriber == request.jid);
    let waits = standing::has_to_wait(account, &node, who);
    if !waits {
        standing::may_read(host, account, &node, who).await?;
    }
    let row = match known {
        Some(row) => row.clone(),
        None => {
            let mut changed = Node::clone(&node);
            let state = if waits {
                approval::make_room(&node)?;
                approval::PENDING
            } else {
                approval::SUBSCRIBED
            };
            let row = add(server, host, &page, &mut changed, &request.jid, state)?;
            let mut transaction = server.book.transaction();
            transaction.put::<PubsubSubscriptions>(&row);
            transaction.commit().await?;
            page.put(changed);
            if waits {
                approval::ask(host, account, &row);
            }
            row
        }
    };
    if !waits && node.configuration.sends_last_on_subscription() {
        let last = notify::last(server, host, account, &node).await?;
        if let Some(last) = last {
            host.send(last.with_to(request.jid.clone()));
        }
    }
    Ok(Pubsub {
        action: Some(PubsubChoice::Subscription(answer(&row))),
        ..Pubsub::default()
    })
}

/// Adds a subscription to a node that is to be stored.
fn add(
    server: &Server,
    host: &Host,
    page: &Page,
    node: &mut Node,
    subscriber: &Jid,
    state: &str,
) -> Result<PubsubSubscriptionsRow, StanzaError> {
    if node.subscriptions.len() >= server.limits.max_subscriptions {
        return Err(StanzaError::new(Condition::NotAllowed)
            .with_application(&TooManySubscriptions::default())
            .with_text(format!(
                "a node has no more than {} subscriptions",
                server.limits.max_subscriptions
            )));
    }
    let row = PubsubSubscriptionsRow {
        service: page.owner().clone(),
        node: node.name.clone(),
        subscriber: subscriber.detach(),
        subid: host.random().token().to_string(),
        account: subscriber.to_bare().detach(),
        state: state.to_owned(),
        options: None,
        expires: None,
    };
    node.subscriptions.push(row.clone());
    Ok(row)
}

/// Ends a subscription.
pub(super) async fn unsubscribe(
    server: &Server,
    host: &Arc<Host>,
    account: &BareJid,
    who: &Jid,
    request: Unsubscribe,
) -> Result<(), StanzaError> {
    if request.jid.bare_str() != who.bare_str() {
        return Err(StanzaError::new(Condition::Forbidden));
    }
    let name = request.node.ok_or_else(no_node)?;
    let page = server.book.open(host, account).await?;
    let _change = page.change().await;
    let node = page
        .node(&name)
        .ok_or_else(|| StanzaError::new(Condition::ItemNotFound))?;
    let row = node
        .subscriptions
        .iter()
        .find(|row| row.subscriber == request.jid)
        .ok_or_else(|| {
            StanzaError::new(Condition::UnexpectedRequest)
                .with_application(&NotSubscribed::default())
        })?;
    if request.subid.is_some_and(|subid| *subid != *row.subid) {
        return Err(
            StanzaError::new(Condition::NotAcceptable).with_application(&InvalidSubid::default())
        );
    }
    remove(server, &page, &node, &request.jid).await
}

async fn remove(
    server: &Server,
    page: &Page,
    node: &Node,
    subscriber: &Jid,
) -> Result<(), StanzaError> {
    let mut changed = node.clone();
    let mut transaction = server.book.transaction();
    for row in &node.subscriptions {
        if row.subscriber == *subscriber {
            transaction.delete::<PubsubSubscriptions>(&key(row));
        }
    }
    transaction.commit().await?;
    changed
        .subscriptions
        .retain(|row| row.subscriber != *subscriber);
    page.put(changed);
    Ok(())
}

/// An owner subscribes others, and ends their subscriptions.
pub(super) async fn set_by_owner(
    server: &Server,
    host: &Arc<Host>,
    page: &Page,
    node: &Node,
    wanted: Vec<owner::Subscription>,
) -> Result<(), StanzaError> {
    // Those that wait are answered, and told so.
    let mut node = Arc::new(node.clone());
    for wanted in &wanted {
        let waits = |row: &&PubsubSubscriptionsRow| {
            row.subscriber == wanted.jid && row.state == approval::PENDING
        };
        let allowed = match wanted.subscription {
            owner::SubscriptionState::Subscribed => true,
            owner::SubscriptionState::None => false,
            _ => continue,
        };
        if node.subscriptions.iter().any(|row| waits(&row)) {
            approval::settle(server, host, page, &node, &wanted.jid, allowed).await?;
            node = page.node(&node.name).unwrap_or(node);
        }
    }
    let mut changed = Node::clone(&node);
    let mut transaction = server.book.transaction();
    for wanted in wanted {
        let known = changed
            .subscriptions
            .iter()
            .position(|row| row.subscriber == wanted.jid);
        match (wanted.subscription, known) {
            (owner::SubscriptionState::None, Some(index)) => {
                let row = changed.subscriptions.remove(index);
                transaction.delete::<PubsubSubscriptions>(&key(&row));
            }
            (owner::SubscriptionState::Subscribed, None) => {
                let state = approval::SUBSCRIBED;
                let row = add(server, host, page, &mut changed, &wanted.jid, state)?;
                transaction.put::<PubsubSubscriptions>(&row);
            }
            // As an owner reads them, and sends them back.
            (owner::SubscriptionState::Pending, Some(index))
                if changed
                    .subscriptions
                    .get(index)
                    .is_some_and(|row| row.state == approval::PENDING) => {}
            (owner::SubscriptionState::None, None)
            | (owner::SubscriptionState::Subscribed, Some(_)) => {}
            _ => {
                return Err(StanzaError::new(Condition::NotAcceptable)
                    .with_text("subscribed or none: nobody has to wait or to configure here"));
            }
        }
    }
    transaction.commit().await?;
    page.put(changed);
    Ok(())
}

/// The subscriptions of whoever asks, with one node or with all of the account.
pub(super) async fn list(
    server: &Server,
    host: &Arc<Host>,
    account: &BareJid,
    who: &Jid,
    node: Option<Text>,
) -> Result<Pubsub, StanzaError> {
    let nodes = nodes(server, host, account, node.as_deref()).await?;
    let own = nodes
        .iter()
        .flat_map(|node| &node.subscriptions)
        .filter(|row| row.account.as_str() == who.bare_str());
    let answer = Subscriptions {
        node,
        subscriptions: own.map(answer).collect(),
        ..Subscriptions::default()
    };
    Ok(Pubsub {
        action: Some(PubsubChoice::Subscriptions(answer)),
        ..Pubsub::default()
    })
}

/// The affiliations of whoever asks.
pub(super) async fn affiliations(
    server: &Server,
    host: &Arc<Host>,
    account: &BareJid,
    who: &Jid,
    node: Option<Text>,
) -> Result<Pubsub, StanzaError> {
    let nodes = nodes(server, host, account, node.as_deref()).await?;
    let own = nodes.iter().filter_map(|node| {
        let affiliation = standing::of(account, node, who)?;
        Some(Affiliation::new(
            node.name.as_str().into(),
            affiliation.to_holder(),
        ))
    });
    let answer = Affiliations {
        affiliations: own.collect(),
        node,
        ..Affiliations::default()
    };
    Ok(Pubsub {
        action: Some(PubsubChoice::Affiliations(answer)),
        ..Pubsub::default()
    })
}

async fn nodes(
    server: &Server,
    host: &Arc<Host>,
    account: &BareJid,
    name: Option<&str>,
) -> Result<Vec<Arc<Node>>, StanzaError> {
    match name {
        Some(name) => Ok(vec![server.node(host, account, name).await?]),
        None => Ok(server.book.open(host, account).await?.nodes()),
    }
}

fn no_node() -> StanzaError {
    StanzaError::new(Condition::BadRequest).with_application(&NodeidRequired::default())
}

fn answer(row: &PubsubSubscriptionsRow) -> Subscription {
    Subscription {
        node: Some(row.node.as_str().into()),
        subid: Some(row.subid.as_str().into()),
        subscription: Some(if row.state == approval::PENDING {
            SubscriptionState::Pending
        } else {
            SubscriptionState::Subscribed
        }),
        ..Subscription::new(row.subscriber.clone())
    }
}

pub(super) fn key(row: &PubsubSubscriptionsRow) -> [sestina_storage::Value; 4] {
    [
        row.service.to_value(),
        row.node.as_str().into(),
        row.subscriber.to_value(),
        row.subid.as_str().into(),
    ]
}
