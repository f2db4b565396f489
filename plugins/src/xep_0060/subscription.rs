//! Somebody subscribes to a node (§6.1, §6.2), looks at what there is (§5.6, §5.7), or an owner does it for them (§8.8).

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_storage::ColumnValue as _;
use sestina_types::xep_0060::errors::{
    InvalidJid, InvalidSubid, NodeidRequired, NotSubscribed, TooManySubscriptions,
};
use sestina_types::xep_0060::owner;
use sestina_types::xep_0060::pubsub::{
    Affiliation, Affiliations, Options, Pubsub, PubsubChoice, Subscribe, Subscription,
    SubscriptionState, Subscriptions, Unsubscribe,
};
use sestina_types::xep_0060::tables::{PubsubSubscriptions, PubsubSubscriptionsRow};
use sestina_wire::{BareJid, Condition, Jid, StanzaError, Text};

use super::book::{Node, Page};
use super::{Server, approval, notify, options, standing, temporary};

/// Subscribes, with options where some are sent along (§6.3.7); whoever has subscribed already is told so again.
pub(super) async fn subscribe(
    server: &Server,
    host: &Arc<Host>,
    account: &BareJid,
    who: &Jid,
    request: Subscribe,
    options: Option<Options>,
) -> Result<Pubsub, StanzaError> {
    if request.jid.bare_str() != who.bare_str() {
        return Err(
            StanzaError::new(Condition::BadRequest).with_application(&InvalidJid::default())
        );
    }
    if options
        .as_ref()
        .is_some_and(|options| options.node.is_some() || options.jid.is_some())
    {
        return Err(StanzaError::new(Condition::BadRequest)
            .with_text("the options of a subscription are about that one: without node and jid"));
    }
    let name = request.node.ok_or_else(no_node)?;
    let page = server.book.open(host, account).await?;
    let _change = page.change().await;
    let node = page
        .node(&name)
        .ok_or_else(|| StanzaError::new(Condition::ItemNotFound))?;
    let owns = standing::must_own(host, account, &node, who).is_ok();
    if !owns && !node.configuration.takes_subscriptions() {
        return Err(super::unsupported("subscribe"));
    }
    let now = host.clock().now();
    let known = node
        .subscriptions
        .iter()
        .find(|row| row.subscriber == request.jid && options::is_live(row, now));
    let waits = !owns && standing::has_to_wait(host, account, &node, who);
    if !waits && !owns {
        standing::may_read(host, account, &node, who).await?;
    }
    let form = options.and_then(|options| options.form);
    let mut changed = Node::clone(&node);
    let (mut row, is_new) = match known {
        Some(row) => (row.clone(), false),
        None => {
            let state = if waits {
                approval::make_room(&node, server.limits(account).max_pending)?;
                approval::PENDING
            } else {
                approval::SUBSCRIBED
            };
            (
                add(server, host, &page, &mut changed, &request.jid, state)?,
                true,
            )
        }
    };
    if let Some(form) = &form {
        options::take(host, &mut row, form)?;
    }
    if is_new || form.is_some() {
        for known in &mut changed.subscriptions {
            if known.subscriber == row.subscriber && known.subid == row.subid {
                known.clone_from(&row);
            }
        }
        temporary::hold(host, &page, &row)?;
        let mut transaction = server.book.transaction();
        temporary::put(&mut transaction, &row);
        transaction.commit().await?;
        page.put(changed.clone());
    }
    if is_new && waits {
        approval::ask(host, account, &changed, &row);
    } else if is_new {
        notify::to_owners(host, account, &changed, &row, true);
    }
    if !waits && options::wants(host, &row) {
        notify::last_to_subscriber(server, host, account, &node, &request.jid).await?;
    }
    Ok(Pubsub {
        action: Some(PubsubChoice::Subscription(answer(&row))),
        ..Pubsub::default()
    })
}

/// Adds a subscription to a node that is to be stored.
pub(super) fn add(
    server: &Server,
    host: &Host,
    page: &Page,
    node: &mut Node,
    subscriber: &Jid,
    state: &str,
) -> Result<PubsubSubscriptionsRow, StanzaError> {
    let now = host.clock().now();
    node.subscriptions.retain(|row| options::is_live(row, now));
    let most = server.limits(page.owner()).max_subscriptions;
    if node.subscriptions.len() >= most {
        return Err(StanzaError::new(Condition::NotAllowed)
            .with_application(&TooManySubscriptions::default())
            .with_text(format!(
                "a node has no more than {most} subscriptions; some have to end first"
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
    let now = host.clock().now();
    let row = node
        .subscriptions
        .iter()
        .find(|row| row.subscriber == request.jid && options::is_live(row, now))
        .ok_or_else(|| {
            StanzaError::new(Condition::UnexpectedRequest)
                .with_application(&NotSubscribed::default())
        })?;
    if request.subid.is_some_and(|subid| *subid != *row.subid) {
        return Err(
            StanzaError::new(Condition::NotAcceptable).with_application(&InvalidSubid::default())
        );
    }
    remove(server, &page, &node, &request.jid).await?;
    notify::to_owners(host, account, &node, row, false);
    Ok(())
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

/// An owner subscribes others, and ends their subscriptions. What cannot be changed stays as it is and comes back, the rest is
/// changed (§8.8.2.4).
pub(super) async fn set_by_owner(
    server: &Server,
    host: &Arc<Host>,
    page: &Page,
    node: &Node,
    wanted: Vec<owner::Subscription>,
) -> Result<(), StanzaError> {
    let mut changed = node.clone();
    let mut transaction = server.book.transaction();
    let mut news = Vec::new();
    let mut refused = Vec::new();
    for wanted in wanted {
        // What says nothing changes nothing.
        let Some(state) = wanted.subscription else {
            continue;
        };
        let known = changed
            .subscriptions
            .iter()
            .position(|row| row.subscriber == wanted.jid);
        let row = known.and_then(|index| changed.subscriptions.get(index));
        let waits = row.is_some_and(|row| row.state == approval::PENDING);
        let is_another = |row: &PubsubSubscriptionsRow| {
            let subid = wanted.subid.as_ref();
            subid.is_some_and(|subid| **subid != *row.subid)
        };
        let made = match (state, known) {
            _ if row.is_some_and(is_another) => Err(StanzaError::new(Condition::NotAcceptable)
                .with_application(&InvalidSubid::default())),
            (owner::SubscriptionState::None, Some(index)) => {
                let row = changed.subscriptions.remove(index);
                transaction.delete::<PubsubSubscriptions>(&key(&row));
                news.push((row, false));
                Ok(())
            }
            (owner::SubscriptionState::Subscribed, None) => {
                let state = approval::SUBSCRIBED;
                add(server, host, page, &mut changed, &wanted.jid, state).map(|row| {
                    transaction.put::<PubsubSubscriptions>(&row);
                    news.push((row, true));
                })
            }
            (owner::SubscriptionState::Subscribed, Some(index)) if waits => {
                if let Some(row) = changed.subscriptions.get_mut(index) {
                    row.state = approval::SUBSCRIBED.to_owned();
                    temporary::put(&mut transaction, row);
                    news.push((row.clone(), true));
                }
                Ok(())
            }
            // As an owner reads them, and sends them back.
            (owner::SubscriptionState::Pending, Some(_)) if waits => Ok(()),
            (owner::SubscriptionState::None, None)
            | (owner::SubscriptionState::Subscribed, Some(_)) => Ok(()),
            _ => Err(
                StanzaError::new(Condition::NotAcceptable).with_text(format!(
                    "{}: subscribed or none, nobody has to wait or to configure here",
                    wanted.jid
                )),
            ),
        };
        if let Err(error) = made {
            refused.push((as_it_is(&changed, wanted.jid), error));
        }
    }
    if !news.is_empty() {
        transaction.commit().await?;
        page.put(changed.clone());
    }
    for (row, subscribed) in news {
        notify::subscription(host, page.owner(), &changed, &row, subscribed);
        if subscribed {
            let (owner, subscriber) = (page.owner(), &row.subscriber);
            notify::last_to_subscriber(server, host, owner, &changed, subscriber).await?;
        }
    }
    let (entries, errors): (Vec<_>, Vec<_>) = refused.into_iter().unzip();
    let Some(error) = errors.into_iter().next() else {
        return Ok(());
    };
    let about = owner::Subscriptions {
        subscriptions: entries,
        ..owner::Subscriptions::new(node.name.as_str().into())
    };
    Err(
        error.with_about(&owner::Pubsub::new(owner::PubsubChoice::Subscriptions(
            about,
        ))),
    )
}

/// A subscription that stays what it is, or that is none.
fn as_it_is(node: &Node, subscriber: Jid) -> owner::Subscription {
    let row = node
        .subscriptions
        .iter()
        .find(|row| row.subscriber == subscriber);
    let state = match row {
        None => owner::SubscriptionState::None,
        Some(row) if row.state == approval::PENDING => owner::SubscriptionState::Pending,
        Some(_) => owner::SubscriptionState::Subscribed,
    };
    owner::Subscription {
        subid: row.map(|row| row.subid.as_str().into()),
        subscription: Some(state),
        ..owner::Subscription::new(subscriber)
    }
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
    let now = host.clock().now();
    let own = nodes
        .iter()
        .flat_map(|node| &node.subscriptions)
        .filter(|row| row.account.as_str() == who.bare_str() && options::is_live(row, now));
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

pub(super) fn no_node() -> StanzaError {
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
