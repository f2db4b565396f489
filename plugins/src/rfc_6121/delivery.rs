//! Which sessions get a message (RFC 6121 §8.5).

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_session::router::Outcome;
use sestina_session::stages::{Delivery, Flow};
use sestina_wire::{Condition, StanzaError, StanzaType};

use super::{Server, channels};

/// Chooses the sessions for a message to an account, or to a session that is not there.
pub(super) fn message(server: &Arc<Server>, host: &Arc<Host>, delivery: &mut Delivery) -> Flow {
    let to_session = delivery
        .stanza
        .to()
        .is_some_and(|to| to.resource().is_some());
    if to_session && !delivery.resources.is_empty() {
        return Flow::Continue;
    }
    if !to_session && channels::may_speak(&delivery.stanza) {
        return channels::deliver(server, host, delivery);
    }
    usual(host, delivery)
}

/// Where a message goes that no channel sent.
pub(super) fn usual(host: &Arc<Host>, delivery: &mut Delivery) -> Flow {
    let to_session = delivery
        .stanza
        .to()
        .is_some_and(|to| to.resource().is_some());
    match delivery.type_() {
        // To a session that is gone: the conversation goes on with the account (§8.5.3.2.1).
        StanzaType::Chat => {
            if to_session {
                delivery.resources = host.resources(&delivery.account);
            }
            keep_best(delivery);
            Flow::Continue
        }
        StanzaType::Normal if !to_session => {
            keep_best(delivery);
            Flow::Continue
        }
        StanzaType::Headline if !to_session => {
            delivery
                .resources
                .retain(|resource| resource.priority().is_some_and(|priority| priority >= 0));
            Flow::Continue
        }
        StanzaType::Headline | StanzaType::Error => {
            delivery.outcome = Some(Outcome::NoSession);
            Flow::Done
        }
        // What a room sends goes to the session that is in the room, and nowhere else.
        _ => Flow::Refuse(StanzaError::new(Condition::ServiceUnavailable)),
    }
}

/// Keeps the sessions of the highest priority that is not negative: the most available ones. Where there is none, the
/// message is undeliverable.
fn keep_best(delivery: &mut Delivery) {
    let priorities = delivery
        .resources
        .iter()
        .filter_map(|resource| resource.priority());
    let best = priorities.max().filter(|priority| *priority >= 0);
    delivery
        .resources
        .retain(|resource| best.is_some() && resource.priority() == best);
}
