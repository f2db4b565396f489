//! What a session's client has not acknowledged when the session is over goes the way of stanzas for somebody who is
//! not there: to another session, into the offline store, or back (XEP-0198 §5).

use std::sync::Arc;

use sestina_types::xep_0203::Delay;
use sestina_wire::{
    Condition, DateTime, Extra, Frame, Jid, Kind, Stanza, StanzaError, StanzaType, Text, Timestamp,
    ns,
};

use crate::host::{Host, Resource};
use crate::router::Outcome;

/// Finds another way for everything that is left, one after the other, so that the order stays.
pub(super) async fn rescue(host: &Arc<Host>, resource: &Resource) {
    let lost = resource.take_lost();
    if lost.is_empty() {
        return;
    }
    tracing::debug!(
        stanzas = lost.len(),
        "not acknowledged; they go another way"
    );
    for (bytes, sent) in lost {
        let Some(stanza) = read(bytes) else {
            tracing::error!("what was written cannot be read");
            continue;
        };
        match (stanza.kind(), stanza.type_()) {
            (Kind::Message, StanzaType::Normal | StanzaType::Chat) => {
                message(host, stanza, sent).await;
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

async fn message(host: &Arc<Host>, mut stanza: Stanza, sent: Timestamp) {
    if stanza.decode::<Delay>().is_none() {
        stanza.append(&Delay {
            from: Some(Jid::clone(host.domain())),
            stamp: DateTime::from_timestamp(sent),
            reason: Text::default(),
            extra: Extra::default(),
        });
    }
    if stanza.type_() == StanzaType::Normal {
        // To a session that is gone this type would be refused; it had been taken already.
        let account = stanza.to().map(|to| Jid::from(to.to_bare()));
        stanza.head_mut().to = account;
    }
    if let Outcome::Refused(error) = host.route(stanza.clone()).await {
        host.send(stanza.error(&error));
    }
}

fn read(bytes: Vec<u8>) -> Option<Stanza> {
    let frame = Frame::parse_in(String::from_utf8(bytes).ok()?, ns::CLIENT).ok()?;
    Stanza::from_frame(frame).ok()
}
