//! The sender's side of subscriptions (RFC 6121 §3, appendix A.2).

use std::sync::Arc;

use sestina_session::errors;
use sestina_session::host::Host;
use sestina_session::router::Outcome;
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_wire::{BareJid, Condition, Jid, Stanza, StanzaError, StanzaType};

use super::roster::Contact;
use super::subscription::{self, Change, State};
use super::{Server, presence, push, requests};

/// What a presence type does to a subscription, if it is about one.
pub(super) fn change(type_: StanzaType) -> Option<Change> {
    match type_ {
        StanzaType::Subscribe => Some(Change::Subscribe),
        StanzaType::Subscribed => Some(Change::Subscribed),
        StanzaType::Unsubscribe => Some(Change::Unsubscribe),
        StanzaType::Unsubscribed => Some(Change::Unsubscribed),
        _ => None,
    }
}

/// A session asks for, grants, refuses or gives up a subscription: its account's roster changes, and then the stanza
/// goes out, from the account (§3.1.2).
pub(super) fn subscription(
    server: &Arc<Server>,
    cx: &StageContext,
    delivery: &mut Delivery,
) -> Flow {
    let Some(change) = change(delivery.type_()) else {
        return Flow::Continue;
    };
    let account = delivery.account.clone();
    let Some(contact) = delivery.stanza.to().map(Jid::to_bare) else {
        let text = "a subscription is with somebody";
        return Flow::Refuse(StanzaError::new(Condition::BadRequest).with_text(text));
    };
    if contact == account {
        // Everybody sees themselves.
        return Flow::Done;
    }
    let mut stanza = delivery.stanza.clone();
    let head = stanza.head_mut();
    head.from = Some(Jid::clone(&account));
    head.to = Some(Jid::clone(&contact));
    let (server, host) = (Arc::clone(server), Arc::clone(&cx.host));
    Flow::wait(async move {
        match send(&server, &host, &account, &contact, change, stanza).await {
            Ok(()) => Flow::Done,
            Err(error) => Flow::Refuse(error),
        }
    })
}

/// The same where no session says so but the server does for the account.
pub(super) async fn of_account(
    server: &Server,
    host: &Arc<Host>,
    account: &BareJid,
    contact: &BareJid,
    type_: StanzaType,
) -> Result<(), StanzaError> {
    let Some(change) = change(type_) else {
        return Ok(());
    };
    let stanza = Stanza::presence(type_)
        .with_from(account.clone())
        .with_to(contact.clone());
    send(server, host, account, contact, change, stanza).await
}

async fn send(
    server: &Server,
    host: &Arc<Host>,
    account: &BareJid,
    contact: &BareJid,
    kind: Change,
    stanza: Stanza,
) -> Result<(), StanzaError> {
    let page = server.book.open(account).await.map_err(errors::storage)?;
    let mut change = server.book.change(&page).await;
    let before = change.roster().state(contact);
    let step = subscription::outbound(before, kind);
    let known = change.roster().contacts.get(contact).cloned();
    let mut after = known.clone().unwrap_or_default();
    after.state = State {
        pending_in: false,
        ..step.state
    };
    after.approved = step.approved.unwrap_or(after.approved);
    // A contact comes into the roster with the first thing there is to remember of it.
    let changed =
        known.as_ref() != Some(&after) && (known.is_some() || after != Contact::default());
    if changed {
        if known.is_none() && change.roster().contacts.len() >= server.max_roster_items {
            return Err(requests::full(server.max_roster_items));
        }
        change.put(contact, after);
    }
    if before.pending_in && !step.state.pending_in {
        change.remove_request(contact);
    }
    let changing = change.commit().await.map_err(errors::storage)?;
    if changed {
        push::push(host, account, &page, contact).await;
    }
    drop(changing);
    if !step.pass {
        return Ok(());
    }
    if let Outcome::Refused(error) = host.route(stanza).await {
        return Err(error);
    }
    if step.state.from && !before.from {
        presence::show(host, account, contact).await;
    }
    if before.from && !step.state.from {
        presence::take_back(host, account, contact).await;
    }
    Ok(())
}
