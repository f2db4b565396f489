//! Leaving a room (§7.14), being taken out of it, and having gone without a word.

use std::sync::Arc;

use sestina_session::host::{Host, Spread};
use sestina_session::router::{Outcome, Routed};
use sestina_types::xep_0045::user::{Item, MucUser, Status};
use sestina_wire::{Condition, Jid, Kind, Stanza, StanzaType, Text};

use super::Muc;
use super::entry::cleaned;
use super::mailbox::Sending;
use super::room::{Occupant, Room, State, Words};
use super::standing::{Affiliation, Role};
use super::telling::Forms;

/// A session that was taken out of its occupant.
pub(super) struct Parted {
    pub(super) nick: Text,
    /// The occupant with this session alone.
    pub(super) occupant: Occupant,
    /// Whether others of the occupant's sessions are still there.
    pub(super) stays: bool,
}

impl Parted {
    /// Tells of it: only the session itself where others keep the nickname, everybody where nobody does.
    pub(super) fn tell(
        &self,
        room: &Room,
        state: &State,
        sending: &mut Sending<'_>,
        words: &Words,
    ) {
        let (nick, left) = (&self.nick, &self.occupant);
        if self.stays {
            let type_ = StanzaType::Unavailable;
            room.tell_own(state, sending, nick, left, type_, words, &[]);
        } else {
            room.tell_gone(state, sending, nick, left, words);
        }
    }
}

impl State {
    /// Takes a session out of its occupant, and an occupant without another off the list. `said` is what it says as it goes.
    pub(super) fn part(&mut self, from: &Jid, said: Stanza) -> Option<Parted> {
        let nick = self.sessions.remove(from)?;
        let occupant = self.occupant_mut(&nick)?;
        let mut session = occupant.take(from)?;
        session.presence = said;
        let left = Occupant {
            account: occupant.account.clone(),
            id: occupant.id.clone(),
            role: occupant.role,
            sessions: vec![session],
            forms: Forms::default(),
        };
        let stays = !occupant.sessions.is_empty();
        if !stays {
            self.occupants.remove(&nick);
        }
        Some(Parted {
            nick,
            occupant: left,
            stays,
        })
    }
}

/// Somebody leaves.
pub(super) fn gone(
    muc: &Arc<Muc>,
    host: &Arc<Host>,
    stanza: &Stanza,
    from: &Jid,
    to: &Jid,
) -> Routed {
    let Some(room) = muc.rooms.find(&to.to_bare()) else {
        return Routed::Now(Outcome::NoSession);
    };
    leave(
        muc,
        host,
        &room,
        from,
        Some(cleaned(stanza)),
        &Words::default(),
    )
}

/// One session is gone; who has no other is not in the room any more.
pub(super) fn leave(
    muc: &Arc<Muc>,
    host: &Arc<Host>,
    room: &Arc<Room>,
    from: &Jid,
    said: Option<Stanza>,
    words: &Words,
) -> Routed {
    let mut sending = Sending::new(host);
    let mut state = room.lock();
    let said = said.unwrap_or_else(|| Stanza::presence(StanzaType::Unavailable));
    let Some(left) = state.part(from, said) else {
        return Routed::Now(Outcome::NoSession);
    };
    left.tell(room, &state, &mut sending, words);
    if left.stays {
        room.show(&state, &mut sending, &left.nick, &Words::default(), &[]);
    }
    muc.tidy(room, &mut state);
    drop(state);
    sending.done()
}

/// Takes an occupant out of the room, for a reason that everybody is told (§8.2, §9.1, §9.4, §10.2).
pub(super) fn expel(
    room: &Room,
    state: &mut State,
    sending: &mut Sending<'_>,
    nick: &Text,
    words: &Words,
) {
    let Some(mut occupant) = state.remove(nick) else {
        return;
    };
    for session in &mut occupant.sessions {
        session.presence = Stanza::presence(StanzaType::Unavailable);
    }
    room.tell_gone(state, sending, nick, &occupant, words);
}

/// Everybody is out, and told so each with the own address alone (§10.9, §11.2).
pub(super) fn dismiss(room: &Room, state: &mut State, sending: &mut Sending<'_>, user: &MucUser) {
    let gone = Stanza::presence(StanzaType::Unavailable).with(user);
    for (nick, occupant) in std::mem::take(&mut state.occupants) {
        let gone = gone.clone().with_from(room.occupant(&nick));
        let gone = Spread::new(gone);
        for session in occupant.sessions {
            sending.give(&session.mailbox, &gone);
        }
    }
    state.sessions.clear();
}

/// The server stops. Who is still inside is of another server, and would believe to be so until somebody speaks (§11.2).
pub(super) async fn close(muc: &Muc, host: &Arc<Host>) {
    let user = MucUser {
        items: vec![nobody()],
        statuses: vec![Status::new(110), Status::new(332)],
        ..MucUser::default()
    };
    let mut all = Vec::new();
    for room in muc.rooms.all() {
        let mut sending = Sending::new(host);
        dismiss(&room, &mut room.lock(), &mut sending, &user);
        all.push(sending.done());
    }
    for routed in all {
        routed.await;
    }
}

/// Somebody who is nothing to the room any more.
pub(super) fn nobody() -> Item {
    Item {
        affiliation: Some(Affiliation::None.to_user()),
        role: Some(Role::None.to_user()),
        ..Item::default()
    }
}

/// A stanza came back from where an occupant was: the occupant is not there any more.
pub(super) fn unreachable(
    muc: &Arc<Muc>,
    host: &Arc<Host>,
    stanza: &Stanza,
    from: &Jid,
    to: &Jid,
) -> Routed {
    let Some(error) = stanza.stanza_error() else {
        // A presence says it without a condition as well.
        return if stanza.kind() == Kind::Presence {
            without_a_word(muc, host, from, to)
        } else {
            Routed::Now(Outcome::NoSession)
        };
    };
    let is_gone = matches!(
        error.condition,
        Condition::Gone
            | Condition::ItemNotFound
            | Condition::JidMalformed
            | Condition::RecipientUnavailable
            | Condition::Redirect
            | Condition::RemoteServerNotFound
            | Condition::RemoteServerTimeout
            | Condition::ServiceUnavailable
    );
    if is_gone {
        without_a_word(muc, host, from, to)
    } else {
        Routed::Now(Outcome::NoSession)
    }
}

/// Takes out whoever is found to be gone.
fn without_a_word(muc: &Arc<Muc>, host: &Arc<Host>, from: &Jid, to: &Jid) -> Routed {
    let Some(room) = muc.rooms.find(&to.to_bare()) else {
        return Routed::Now(Outcome::NoSession);
    };
    let words = Words {
        codes: vec![333],
        ..Words::default()
    };
    leave(muc, host, &room, from, None, &words)
}
