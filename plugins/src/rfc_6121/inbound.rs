//! The recipient's side of presence: subscriptions (RFC 6121 §3, appendix A.3), probes, presence of contacts.

use std::sync::Arc;

use sestina_session::errors;
use sestina_session::host::Host;
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_wire::{BareJid, Condition, Jid, Stanza, StanzaError, StanzaType, ns};

use super::book::Book;
use super::roster::Contact;
use super::subscription::{self, Change, State};
use super::{Server, channels, outbound, presence, push};
use crate::xep_0405;

/// Bytes of a request up to which all of it is kept: a stranger's words cost memory as long as they are not answered.
const LONGEST_REQUEST: usize = 4096;

/// Presence for an account or one of its sessions.
pub(super) fn presence(server: &Arc<Server>, cx: &StageContext, delivery: &mut Delivery) -> Flow {
    if let Some(change) = outbound::change(delivery.type_()) {
        return subscription(server, &cx.host, delivery, change);
    }
    match delivery.type_() {
        StanzaType::Probe => probe(&cx.host, delivery),
        // To an account: for whoever is there. To a session: for that one (§8.5.3.1).
        StanzaType::Available | StanzaType::Unavailable | StanzaType::Error
            if is_to_account(delivery) =>
        {
            delivery
                .resources
                .retain(|resource| resource.is_available());
            // Presence of channels is for those who know them (XEP-0405 §2.1).
            let is_of_participant = delivery.resources.first().is_some_and(|one| {
                let from = delivery.stanza.from();
                from.is_some_and(|from| channels::is_of_participant(one.account(), from))
            });
            if is_of_participant {
                delivery.resources.retain(|one| xep_0405::knows(one));
            }
            Flow::Continue
        }
        _ => Flow::Continue,
    }
}

fn is_to_account(delivery: &Delivery) -> bool {
    delivery.stanza.to().is_none_or(Jid::is_bare)
}

fn probe(host: &Arc<Host>, delivery: &mut Delivery) -> Flow {
    let Some(from) = delivery.stanza.from().cloned() else {
        return Flow::Done;
    };
    // Nobody is there: the prober hears nothing, as if everybody were away.
    let Some(account) = host.account(&delivery.account) else {
        return Flow::Done;
    };
    let Some(page) = Book::at_hand(&account) else {
        return Flow::Done;
    };
    if from.bare_str() == delivery.account.as_str() || page.read().sees(from.bare_str()) {
        if channels::is_channel(&account, &from) == Some(true) {
            delivery.resources.retain(|one| xep_0405::knows(one));
        }
        return presence::answer_probe(host, &delivery.resources, &from);
    }
    // The prober believes in a subscription that is none here (§4.3.2).
    let refusal = Stanza::presence(StanzaType::Unsubscribed);
    host.send(
        refusal
            .with_from(Jid::clone(&delivery.account))
            .with_to(from.to_bare()),
    );
    Flow::Done
}

fn subscription(
    server: &Arc<Server>,
    host: &Arc<Host>,
    delivery: &Delivery,
    change: Change,
) -> Flow {
    let Some(from) = delivery.stanza.from() else {
        return Flow::Done;
    };
    let contact = from.to_bare();
    let account = delivery.account.clone();
    if contact == account {
        return Flow::Done;
    }
    let mut stanza = delivery.stanza.clone();
    let head = stanza.head_mut();
    head.from = Some(Jid::clone(&contact));
    head.to = Some(Jid::clone(&account));
    let (server, host) = (Arc::clone(server), Arc::clone(host));
    Flow::wait(async move {
        match receive(&server, &host, &account, &contact, change, stanza).await {
            Ok(()) => Flow::Done,
            Err(error) => Flow::Refuse(error),
        }
    })
}

async fn receive(
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
    let known = change.roster().contacts.get(contact).cloned();
    let approved = known.as_ref().is_some_and(|contact| contact.approved);
    let step = subscription::inbound(before, kind, approved);
    let mut after = known.clone().unwrap_or_default();
    after.state = State {
        pending_in: false,
        ..step.state
    };
    after.approved = step.approved.unwrap_or(after.approved);
    // A request alone does not bring anybody into the roster (§3.1.3).
    let changed =
        known.as_ref() != Some(&after) && (known.is_some() || after != Contact::default());
    if changed {
        change.put(contact, after);
    }
    if step.state.pending_in && !before.pending_in {
        let most = server.max_subscription_requests;
        if change.roster().requests.len() >= most {
            return Err(
                StanzaError::new(Condition::ResourceConstraint).with_text(format!(
                    "{most} requests wait for an answer here, as many as may; ask again later"
                )),
            );
        }
        change.put_request(contact, text(&stanza));
    }
    if before.pending_in && !step.state.pending_in {
        change.remove_request(contact);
    }
    let changing = change.commit().await.map_err(errors::storage)?;
    if step.pass {
        deliver(host, account, kind, &stanza).await;
    }
    if changed {
        push::push(host, account, &page, contact).await;
    }
    drop(changing);
    if let Some(reply) = step.reply {
        let type_ = match reply {
            Change::Subscribe => StanzaType::Subscribe,
            Change::Subscribed => StanzaType::Subscribed,
            Change::Unsubscribe => StanzaType::Unsubscribe,
            Change::Unsubscribed => StanzaType::Unsubscribed,
        };
        let reply = Stanza::presence(type_)
            .with_from(account.clone())
            .with_to(contact.clone());
        let _ = host.route(reply).await;
    }
    if step.state.from && (!before.from || step.reply.is_some()) {
        presence::show(host, account, contact).await;
    }
    if before.from && !step.state.from {
        presence::take_back(host, account, contact).await;
    }
    Ok(())
}

/// A request reaches every available session (§3.1.3), everything else those that asked for the roster.
async fn deliver(host: &Arc<Host>, account: &BareJid, kind: Change, stanza: &Stanza) {
    if kind != Change::Subscribe {
        return push::to_interested(host, account, stanza).await;
    }
    for session in host.resources(account) {
        if session.is_available() {
            let _ = host.deliver_to(&session, stanza.clone()).await;
        }
    }
}

/// A request as it is kept: without what came with it, where that is long.
fn text(stanza: &Stanza) -> String {
    let mut bytes = Vec::new();
    stanza.write(&mut bytes, ns::CLIENT);
    if bytes.len() > LONGEST_REQUEST {
        bytes.clear();
        Stanza::new(stanza.head().clone()).write(&mut bytes, ns::CLIENT);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
