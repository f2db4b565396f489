//! Requests that occupants send each other through the room (§17.2 of the notes), and pings of oneself (XEP-0410).

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_session::router::{Outcome, Routed};
use sestina_types::xep_0030;
use sestina_wire::{BareJid, Condition, Jid, Stanza, StanzaError, StanzaType, Text};

use super::Muc;
use super::message::refuse;
use super::refused;
use super::room::Relayed;

/// How many requests of a room wait for their answers at most; older ones are forgotten.
const MOST: usize = 2000;

/// Takes a request to an occupant, or an answer of one; nothing where it is for the service or the room.
pub(super) fn take(muc: &Arc<Muc>, host: &Arc<Host>, stanza: &Stanza) -> Option<Routed> {
    let (from, to) = (stanza.from()?, stanza.to()?);
    let (_, nick) = (to.local()?, to.resource()?);
    let Some(room) = muc.rooms.find(&to.to_bare()) else {
        return Some(refuse(StanzaError::new(Condition::ItemNotFound)));
    };
    let mut state = room.lock();
    if !matches!(stanza.type_(), StanzaType::Get | StanzaType::Set) {
        let id = stanza.id()?;
        let at = state.relayed.iter().position(|(known, relayed)| {
            known == id && relayed.asked.as_str() == from.bare_str()
        })?;
        let (_, relayed) = state.relayed.remove(at)?;
        drop(state);
        let answer = stanza
            .clone()
            .with_from(room.occupant(&relayed.nick))
            .with_to(relayed.asker)
            .with_id(relayed.id);
        return Some(host.route(answer));
    }
    let Some((own, _)) = state.occupant_of(from) else {
        // What an occupant is, only those learn who are in the room (§6.6).
        let is_discovery = stanza.payload().is_some_and(|payload| {
            [xep_0030::info::NS, xep_0030::items::NS].contains(&payload.ns())
        });
        let condition = if is_discovery {
            Condition::BadRequest
        } else {
            Condition::NotAcceptable
        };
        return Some(refuse(refused(condition, "you are not in this room")));
    };
    let own = own.clone();
    let Some(occupant) = state.occupants.get(nick) else {
        return Some(refuse(refused(
            Condition::ItemNotFound,
            format!("nobody in the room is called {nick:?}"),
        )));
    };
    let is_ping = stanza
        .payload()
        .is_some_and(|payload| payload.is("ping", sestina_types::xep_0199::NS));
    if own == *nick && is_ping {
        // One is in the room: there is no need to ask the session itself (XEP-0410 §3.3).
        return Some(host.route(stanza.result()));
    }
    let id: Text = muc.random.token();
    let card = stanza
        .payload()
        .is_some_and(|payload| payload.is("vCard", "vcard-temp"));
    let asked: BareJid = occupant.account.clone();
    let session = occupant.sessions.last().map(|session| session.jid.clone());
    let to = match session {
        // A card is the account's.
        Some(_) if card => Jid::clone(&asked),
        Some(session) => session,
        None => return Some(Routed::Now(Outcome::NoSession)),
    };
    let (Some(asked_with), from_nick) = (stanza.id().cloned(), room.occupant(&own)) else {
        return Some(refuse(StanzaError::new(Condition::BadRequest)));
    };
    let relayed = Relayed {
        id: asked_with.detach(),
        asker: from.detach(),
        asked,
        nick: nick.into(),
    };
    while state.relayed.len() >= MOST {
        state.relayed.pop_front();
    }
    state.relayed.push_back((id.clone(), relayed));
    drop(state);
    let request = stanza.clone().with_from(from_nick).with_to(to).with_id(id);
    Some(host.route(request))
}
