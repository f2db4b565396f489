//! What a session's client has not acknowledged when the session is over goes the way of stanzas for somebody who is
//! not there: to another session, into the offline store, or back (§5).

use std::sync::Arc;

use sestina_session::carbon::{Carbon, Direction};
use sestina_session::host::{Host, Resource};
use sestina_session::router::Outcome;
use sestina_wire::{Condition, Jid, Kind, Stanza, StanzaError, StanzaType};

use crate::xep_0203;

/// Finds another way for everything that is left, one after the other, so that the order stays.
pub(super) async fn rescue(host: &Arc<Host>, resource: &Resource) {
    for (stanza, sent) in resource.take_unacknowledged() {
        match (stanza.kind(), stanza.type_()) {
            (Kind::Message, StanzaType::Normal | StanzaType::Chat) => {
                let own = resource.account().jid();
                let stanza = match Carbon::read(own, &stanza) {
                    // What it copies was given to somebody else.
                    Some(carbon) if carbon.direction == Direction::Sent => continue,
                    // The copy was the last there was of it.
                    Some(carbon) => carbon.message,
                    None => stanza,
                };
                message(host, xep_0203::mark(stanza, host.domain(), sent, "")).await;
            }
            (Kind::Iq, StanzaType::Get | StanzaType::Set) => {
                let error = StanzaError::new(Condition::ServiceUnavailable);
                host.send(stanza.error(&error));
            }
            // Presence has been answered for by the end of the session; the rest is of the moment.
            _ => {}
        }
    }
}

async fn message(host: &Arc<Host>, mut stanza: Stanza) {
    if stanza.type_() == StanzaType::Normal {
        // To a session that is gone this type would be refused; it had been taken already.
        let account = stanza.to().map(|to| Jid::from(to.to_bare()));
        stanza.head_mut().to = account;
    }
    if let Outcome::Refused(error) = host.route(stanza.clone()).await {
        host.send(stanza.error(&error));
    }
}
