//! What was said before (§7.2.13, §7.2.14) and what is talked about (§7.2.15).

use std::sync::Arc;

use sestina_types::rfc_6121::client::Subject as SubjectElement;
use sestina_types::xep_0045::muc::Join;
use sestina_types::xep_0203::Delay;
use sestina_wire::{DateTime, Extra, Jid, Stanza, StanzaType, Text, Timestamp, ns};

use super::Muc;
use super::mailbox::{Mailbox, Sending};
use super::room::{Room, Said, State};

/// That the room kept something since.
fn delay(room: &Room, since: Timestamp) -> Delay {
    Delay {
        from: Some(Jid::clone(&room.jid)),
        stamp: DateTime::from_timestamp(since),
        reason: Text::default(),
        extra: Extra::default(),
    }
}

/// History and subject for a session that has entered.
pub(super) fn hand_out(
    muc: &Muc,
    room: &Room,
    state: &State,
    sending: &mut Sending<'_>,
    mailbox: &Arc<Mailbox>,
    join: &Join,
) {
    for stanza in chosen(muc, room, state, join) {
        sending.send(mailbox, stanza);
    }
    sending.send(mailbox, subject(room, state));
}

/// The messages that meet everything that is asked for, the latest of them.
fn chosen(muc: &Muc, room: &Room, state: &State, join: &Join) -> Vec<Stanza> {
    let asked = join.history.as_ref();
    let number = |asked: Option<u32>| asked.and_then(|asked| usize::try_from(asked).ok());
    let most = usize::try_from(state.configuration.history).unwrap_or(usize::MAX);
    let most =
        number(asked.and_then(|asked| asked.maxstanzas)).map_or(most, |asked| asked.min(most));
    let mut characters = number(asked.and_then(|asked| asked.maxchars));
    let since = asked.and_then(|asked| asked.since.as_ref().map(DateTime::timestamp));
    let recent = asked.and_then(|asked| asked.seconds).map(|seconds| {
        muc.clock
            .now()
            .as_second()
            .saturating_sub(i64::from(seconds))
    });
    let mut found = Vec::new();
    for said in state.history.iter().rev().take(most) {
        let is_old = since.is_some_and(|since| said.at < since)
            || recent.is_some_and(|recent| said.at.as_second() < recent);
        if is_old {
            break;
        }
        let stanza = said.stanza.clone().with(&delay(room, said.at));
        if let Some(left) = &mut characters {
            let mut xml = Vec::new();
            stanza.write(&mut xml, ns::CLIENT);
            let length = String::from_utf8_lossy(&xml).chars().count();
            if length > *left {
                break;
            }
            *left -= length;
        }
        found.push(stanza);
    }
    found.reverse();
    found
}

/// The subject as a message, also where there is none.
pub(super) fn subject(room: &Room, state: &State) -> Stanza {
    let subject = &state.subject;
    let from = match &subject.by {
        Some(nick) => room.occupant(nick),
        None => Jid::clone(&room.jid),
    };
    let message = Stanza::message(StanzaType::Groupchat)
        .with_from(from)
        .with(&SubjectElement::new(subject.text.as_str().into()));
    match subject.at {
        Some(at) => message.with(&delay(room, at)),
        None => message,
    }
}

/// Keeps a message for those who come later.
pub(super) fn keep(state: &mut State, at: Timestamp, stanza: &Stanza, most: usize) {
    if most == 0 {
        return;
    }
    let mut stanza = stanza.clone();
    stanza.compact();
    while state.history.len() >= most {
        state.history.pop_front();
    }
    state.history.push_back(Said { at, stanza });
}
