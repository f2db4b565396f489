//! Subscriptions that wait for an owner's word (§8.6), at nodes with the access model `authorize`.

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_session::stages::{Delivery, Flow};
use sestina_types::xep_0004::{Field, Form, FormType};
use sestina_types::xep_0060::forms::SubscribeAuthorization;
use sestina_types::xep_0060::tables::{PubsubSubscriptions, PubsubSubscriptionsRow};
use sestina_wire::{BareJid, Condition, Jid, Stanza, StanzaError, StanzaType, Text};

use super::book::{Node, Page};
use super::{Server, notify, standing, subscription, temporary};

/// The word for a subscription that waits, as it is stored.
pub(super) const PENDING: &str = "pending";
/// The word for one that does not.
pub(super) const SUBSCRIBED: &str = "subscribed";

/// Refuses one more that would have to wait.
pub(super) fn make_room(node: &Node, most: usize) -> Result<(), StanzaError> {
    let pending = node.subscriptions.iter().filter(|row| row.state == PENDING);
    if pending.count() >= most {
        return Err(
            StanzaError::new(Condition::ResourceConstraint).with_text(format!(
                "{most} requests wait for the owner's answer here, as many as may; ask again later"
            )),
        );
    }
    Ok(())
}

/// Asks the owners about a subscription that waits (§8.6.1). Nobody need be online: it is a message like others.
pub(super) fn ask(host: &Arc<Host>, service: &BareJid, node: &Node, row: &PubsubSubscriptionsRow) {
    for owner in standing::owners(service, node) {
        ask_one(host, service, row, owner.into_jid());
    }
}

/// Asks one of them.
pub(super) fn ask_one(
    host: &Arc<Host>,
    service: &BareJid,
    row: &PubsubSubscriptionsRow,
    owner: Jid,
) {
    let question = SubscribeAuthorization {
        allow: Some(false),
        node: Some(row.node.as_str().into()),
        subscriber_jid: Some(row.subscriber.clone()),
        subid: Some(row.subid.as_str().into()),
        ..SubscribeAuthorization::default()
    };
    let mut form = question.write(FormType::Form);
    form.title = Some(Text::from_static("Somebody wants to subscribe"));
    let message = Stanza::message(StanzaType::Normal)
        .with_from(Jid::clone(service))
        .with_to(owner)
        .with_id(host.random().token())
        .with(&form);
    host.send(message);
}

/// The answer of an owner, in a message to its account (§8.6.2); nothing for any other message.
pub(super) fn answer(server: &Arc<Server>, host: &Arc<Host>, delivery: &Delivery) -> Option<Flow> {
    let session = delivery.from_session.as_ref()?;
    let account = session.account().jid();
    let service = match delivery.stanza.to() {
        Some(to) if to.as_str() != account.as_str() => server
            .service()
            .filter(|service| to.as_str() == service.as_str())?,
        _ => account,
    };
    let form = delivery.stanza.decode::<Form>()?.ok()?;
    let says = |field: &Field| {
        let value = field.values.first().map(Text::as_str);
        field.var.as_deref() == Some("FORM_TYPE")
            && value == Some(SubscribeAuthorization::FORM_TYPE)
    };
    if !form.fields.iter().any(says) {
        return None;
    }
    if form.type_ == FormType::Cancel {
        return Some(Flow::Done);
    }
    if form.type_ != FormType::Submit {
        return None;
    }
    let (server, host) = (Arc::clone(server), Arc::clone(host));
    let (service, who) = (service.clone(), Jid::clone(session.jid()));
    Some(Flow::wait(async move {
        match decide(&server, &host, &service, &who, &form).await {
            Ok(()) => Flow::Done,
            Err(error) => Flow::Refuse(error),
        }
    }))
}

async fn decide(
    server: &Server,
    host: &Arc<Host>,
    service: &BareJid,
    who: &Jid,
    form: &Form,
) -> Result<(), StanzaError> {
    let answer = SubscribeAuthorization::read(form)?;
    let (Some(name), Some(subscriber)) = (answer.node, answer.subscriber_jid) else {
        return Err(StanzaError::new(Condition::BadRequest)
            .with_text("the answer has to name node and subscriber"));
    };
    let page = server.book.open(host, service).await?;
    let _change = page.change().await;
    let node = page
        .node(&name)
        .ok_or_else(|| StanzaError::new(Condition::ItemNotFound))?;
    standing::must_own(host, service, &node, who)?;
    let waits = node.subscriptions.iter().any(|row| {
        row.state == PENDING
            && row.subscriber == subscriber
            && answer
                .subid
                .as_ref()
                .is_none_or(|subid| **subid == *row.subid)
    });
    if !waits {
        return Err(StanzaError::new(Condition::ItemNotFound)
            .with_text("no such subscription waits for an answer"));
    }
    settle(
        server,
        host,
        &page,
        &node,
        &subscriber,
        answer.allow == Some(true),
    )
    .await
}

/// A subscription that waits becomes one, or is refused; the subscriber is told (§8.6).
pub(super) async fn settle(
    server: &Server,
    host: &Arc<Host>,
    page: &Page,
    node: &Node,
    subscriber: &Jid,
    allowed: bool,
) -> Result<(), StanzaError> {
    let mut changed = node.clone();
    let mut transaction = server.book.transaction();
    let mut settled = None;
    for row in &mut changed.subscriptions {
        if row.subscriber == *subscriber && row.state == PENDING {
            if allowed {
                row.state = SUBSCRIBED.to_owned();
                temporary::put(&mut transaction, row);
            } else {
                transaction.delete::<PubsubSubscriptions>(&subscription::key(row));
            }
            settled = Some(row.clone());
        }
    }
    if !allowed {
        let waits =
            |row: &PubsubSubscriptionsRow| row.subscriber == *subscriber && row.state == PENDING;
        changed.subscriptions.retain(|row| !waits(row));
    }
    transaction.commit().await?;
    page.put(changed.clone());
    if let Some(row) = settled {
        notify::subscription(host, page.owner(), &changed, &row, allowed);
    }
    if allowed {
        notify::last_to_subscriber(server, host, page.owner(), &changed, subscriber).await?;
    }
    Ok(())
}
