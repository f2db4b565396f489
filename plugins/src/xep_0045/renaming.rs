//! Another nickname (§7.6).

use sestina_wire::{Jid, Stanza, StanzaError, Text};

use super::entry::{cleaned, is_free};
use super::mailbox::Sending;
use super::room::{Room, State, Words};

/// For the old nickname the room says who it is now, then the new one is there. Who has several sessions under one nickname
/// takes this one of them along.
pub(super) fn rename(
    room: &Room,
    state: &mut State,
    sending: &mut Sending<'_>,
    from: &Jid,
    nick: &Text,
    stanza: &Stanza,
) -> Result<(), StanzaError> {
    is_free(state, nick, &from.to_bare())?;
    let Some(parted) = state.part(from, cleaned(stanza)) else {
        return Ok(());
    };
    let nick = nick.detach();
    let words = Words {
        codes: vec![303],
        nick: Some(nick.clone()),
        ..Words::default()
    };
    parted.tell(room, state, sending, &words);
    let moved = parted.occupant;
    for session in &moved.sessions {
        state.sessions.insert(session.jid.clone(), nick.clone());
    }
    match state.occupant_mut(&nick) {
        Some(there) => there.sessions.extend(moved.sessions),
        None => {
            state.occupants.insert(nick.clone(), moved);
        }
    }
    room.show(state, sending, &nick, &Words::default(), &[]);
    Ok(())
}
