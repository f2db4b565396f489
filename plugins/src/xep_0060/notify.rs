//! Notifications (§7.1.2, §7.2.2 and others): headlines from the account, each said once and sent to many.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::{FutureExt as _, join_all};
use sestina_session::host::Host;
use sestina_session::router::{Outcome, Routed};
use sestina_storage::StorageError;
use sestina_types::xep_0060::event::{
    Delete, Event, EventChoice, Item, Items, Purge, Retract, Subscription, SubscriptionState,
};
use sestina_types::xep_0060::tables::{PubsubItemsRow, PubsubSubscriptionsRow};
use sestina_types::xep_0203::Delay;
use sestina_wire::{AnyElement, BareJid, DateTime, Jid, Payload, Stanza, StanzaType, Text};

use super::approval::SUBSCRIBED;
use super::book::{Node, Page};
use super::{Server, is_service, options, standing};
use crate::{rfc_6121, xep_0191};

/// Who knows which sessions want to hear of a node without having subscribed to it (§9.2).
pub trait Audience: Send + Sync {
    /// Of the sessions of these accounts, those that want to hear of the node.
    fn of(&self, host: &Host, accounts: &[BareJid], node: &str) -> Vec<Jid>;
}

/// What happened at a node.
pub(super) enum News<'a> {
    /// Items were published.
    Published(&'a [PubsubItemsRow]),
    /// Items were taken back.
    Retracted(&'a [Text]),
    /// All items were taken back.
    Purged,
    /// The node is no more.
    Deleted(Option<Text>),
    /// The node is configured otherwise.
    Configured(Box<EventChoice>),
}

/// Tells everybody who may and wants to hear of it. What a slow reader holds up is waited for together.
pub(super) async fn tell(
    server: &Server,
    host: &Arc<Host>,
    page: &Page,
    node: &Node,
    news: News<'_>,
) {
    if !node.configuration.notifies() {
        return;
    }
    let recipients = match recipients(server, host, page.owner(), node).await {
        Ok(recipients) if recipients.is_empty() => return,
        Ok(recipients) => recipients,
        Err(error) => {
            tracing::warn!(%error, account = %page.owner(), "nobody is told of what was published");
            return;
        }
    };
    let name = || Text::from(node.name.as_str());
    // Who is away and gets the last item coming online is not to have it twice.
    let last = match &news {
        News::Published(rows)
            if is_service(page.owner())
                && node.configuration.sends_last_on_presence()
                && !node.configuration.sends_headlines() =>
        {
            rows.last().map(|row| row.item.clone())
        }
        _ => None,
    };
    let change = match news {
        News::Published(rows) => EventChoice::Items(Items {
            items: rows
                .iter()
                .map(|row| item(page.owner(), row, node.configuration.delivers_payloads()))
                .collect(),
            ..Items::new(name())
        }),
        News::Retracted(ids) => EventChoice::Items(Items {
            retracts: ids.iter().cloned().map(Retract::new).collect(),
            ..Items::new(name())
        }),
        News::Purged => EventChoice::Purge(Purge::new(name())),
        News::Deleted(to) => EventChoice::Delete(Delete {
            redirect: to.map(sestina_types::xep_0060::event::Redirect::new),
            ..Delete::new(name())
        }),
        News::Configured(choice) => *choice,
    };
    let message = message(host, page.owner(), node, &Event::new(change));
    let sending = recipients.into_iter().filter_map(|to| {
        let account = last.is_some().then(|| to.to_bare().detach());
        match host.route(message.clone().with_to(to)) {
            Routed::Later(future) => Some(future.map(|outcome| (account, outcome))),
            Routed::Now(_) => None,
        }
    });
    let outcomes = join_all(sending.collect::<Vec<_>>()).await;
    if let Some(last) = last {
        let stored = outcomes
            .into_iter()
            .filter(|(_, outcome)| *outcome == Outcome::Queued);
        node.waits_for(&last, stored.filter_map(|(account, _)| account));
    }
}

/// The last item of a node, as somebody gets it who was not there when it was published; nothing where there is none.
pub(super) async fn last(
    server: &Server,
    host: &Host,
    owner: &BareJid,
    node: &Node,
) -> Result<Option<Stanza>, StorageError> {
    let Some(row) = server.book.last(host, owner, node).await? else {
        return Ok(None);
    };
    let items = Items {
        items: vec![item(owner, &row, node.configuration.delivers_payloads())],
        ..Items::new(node.name.as_str().into())
    };
    let event = Event::new(EventChoice::Items(items));
    let delay = Delay::new(DateTime::from(row.published), Text::new());
    Ok(Some(message(host, owner, node, &event).with(&delay)))
}

/// Sends the last item to somebody whose subscription has begun, where the node says so. An account that is away gets it as
/// it comes online, from nodes that send it then too.
pub(super) async fn last_to_subscriber(
    server: &Server,
    host: &Arc<Host>,
    owner: &BareJid,
    node: &Node,
    subscriber: &Jid,
) -> Result<(), StorageError> {
    let configuration = &node.configuration;
    if !configuration.sends_last_on_subscription() || !configuration.notifies() {
        return Ok(());
    }
    let comes_later = is_service(owner)
        && configuration.sends_last_on_presence()
        && host.serves(subscriber)
        && subscriber.local().is_some();
    if comes_later && !is_there(host, subscriber) {
        return Ok(());
    }
    if let Some(last) = last(server, host, owner, node).await? {
        host.send(last.with_to(subscriber.clone()));
    }
    Ok(())
}

/// Whether messages for an account, or for a session of it, reach it now.
fn is_there(host: &Host, who: &Jid) -> bool {
    let sessions = host.resources(&who.to_bare());
    let mut all = sessions.iter();
    match who.resource() {
        Some(_) => all.any(|one| one.jid().as_str() == who.as_str()),
        None => all.any(|one| one.is_available()),
    }
}

/// Tells a subscriber that its subscription began or ended without its doing (§12.19), and the owners that want to hear of
/// it.
pub(super) fn subscription(
    host: &Arc<Host>,
    service: &BareJid,
    node: &Node,
    row: &PubsubSubscriptionsRow,
    subscribed: bool,
) {
    send_state(host, service, row, subscribed, row.subscriber.clone());
    to_owners(host, service, node, row, subscribed);
}

/// Tells owners that want to hear of it who comes and goes (`pubsub#notify_sub`).
pub(super) fn to_owners(
    host: &Arc<Host>,
    service: &BareJid,
    node: &Node,
    row: &PubsubSubscriptionsRow,
    subscribed: bool,
) {
    if !node.configuration.tells_of_subscriptions() {
        return;
    }
    for owner in standing::owners(service, node) {
        send_state(host, service, row, subscribed, owner.into_jid());
    }
}

fn send_state(
    host: &Arc<Host>,
    service: &BareJid,
    row: &PubsubSubscriptionsRow,
    subscribed: bool,
    to: Jid,
) {
    let (state, subid) = if subscribed {
        (
            SubscriptionState::Subscribed,
            Some(row.subid.as_str().into()),
        )
    } else {
        (SubscriptionState::None, None)
    };
    let told = Subscription {
        node: Some(row.node.as_str().into()),
        subscription: Some(state),
        subid,
        ..Subscription::new(row.subscriber.clone())
    };
    let message = Stanza::message(StanzaType::Normal)
        .with_from(Jid::clone(service))
        .with_to(to)
        .with_id(host.random().token())
        .with(&Event::new(EventChoice::Subscription(told)));
    host.send(message);
}

fn message(host: &Host, owner: &BareJid, node: &Node, event: &impl Payload) -> Stanza {
    let type_ = if node.configuration.sends_headlines() {
        StanzaType::Headline
    } else {
        StanzaType::Normal
    };
    Stanza::message(type_)
        .with_from(Jid::clone(owner))
        .with_id(host.random().token())
        .with(event)
}

fn item(owner: &BareJid, row: &PubsubItemsRow, with_payload: bool) -> Item {
    Item {
        id: Some(row.item.as_str().into()),
        publisher: publisher(owner, row),
        payload: payload(row).filter(|_| with_payload).into_iter().collect(),
        ..Item::default()
    }
}

/// Who published an item, where it was not the account itself.
pub(super) fn publisher(owner: &BareJid, row: &PubsubItemsRow) -> Option<Text> {
    let publisher = row.publisher.as_ref()?;
    (publisher.bare_str() != owner.as_str()).then(|| publisher.bare_str().into())
}

/// What was published.
pub(super) fn payload(row: &PubsubItemsRow) -> Option<AnyElement> {
    let payload = AnyElement::parse(row.payload.clone()?);
    payload
        .inspect_err(
            |error| tracing::error!(%error, account = %row.service, "a stored item cannot be read"),
        )
        .ok()
}

/// Those who hear of the node: sessions of the account and of contacts that said so, and whoever subscribed; each once.
async fn recipients(
    server: &Server,
    host: &Host,
    owner: &BareJid,
    node: &Node,
) -> Result<BTreeSet<Jid>, StorageError> {
    let mut all = BTreeSet::new();
    if let Some(audience) = server.audience.get().filter(|_| server.is_account(owner)) {
        let mut contacts = match rfc_6121::Server::of(host) {
            Some(rosters) => rosters.subscribers(owner).await?,
            None => Vec::new(),
        };
        contacts.push(owner.clone());
        all.extend(audience.of(host, &contacts, &node.name));
    }
    let now = host.clock().now();
    for row in &node.subscriptions {
        // Somebody who hears of it anyway is not told twice.
        let hears = |jid: &Jid| jid.bare_str() == row.subscriber.as_str();
        if row.state == SUBSCRIBED
            && options::is_live(row, now)
            && options::wants(host, row)
            && !all.iter().any(hears)
        {
            all.insert(row.subscriber.clone());
        }
    }
    let mut allowed = BTreeSet::new();
    for jid in all {
        // A later change may have taken the right that a subscriber once had.
        if standing::may_read(host, owner, node, &jid).await.is_ok()
            && (!server.is_account(owner) || !xep_0191::blocks(host, owner, &jid).await?)
        {
            allowed.insert(jid);
        }
    }
    Ok(allowed)
}
