//! Probes (§17.3): what somebody in the room is, asked by somebody in the room.

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_session::router::{Outcome, Routed};
use sestina_types::xep_0045::user::{Item, MucUser};
use sestina_wire::{Condition, ErrorKind, Jid, Stanza, StanzaType, Text};

use super::mailbox::Sending;
use super::room::{Room, State};
use super::standing::{Affiliation, Role};
use super::{Muc, refused};

/// Shows an occupant again, or that nobody has the nickname now; nobody outside is told either.
pub(super) fn answer(
    muc: &Arc<Muc>,
    host: &Arc<Host>,
    stanza: &Stanza,
    from: &Jid,
    to: &Jid,
) -> Routed {
    let (Some(room), Some(nick)) = (muc.rooms.find(&to.to_bare()), to.resource()) else {
        return Routed::Now(Outcome::NoSession);
    };
    let mut sending = Sending::new(host);
    let state = room.lock();
    let asker = state.occupant_of(from);
    let found = asker.and_then(|(own, asker)| {
        let mut sessions = asker.sessions.iter();
        Some((own, asker, sessions.find(|session| session.jid == *from)?))
    });
    let Some((own, asker, session)) = found else {
        drop(state);
        let mut error = refused(
            Condition::NotAcceptable,
            "only who is in the room is told who else is; enter it first",
        );
        // As it is, asking again is of no use.
        error.kind = ErrorKind::Cancel;
        error.by = Some(Jid::clone(&room.jid));
        return host.route(stanza.error(&error));
    };
    let is_moderator = asker.role == Role::Moderator;
    let sees = state.configuration.non_anonymous || is_moderator;
    let there = state
        .occupants
        .get_key_value(nick)
        .filter(|(nick, occupant)| {
            *nick == own || is_moderator || state.configuration.shown.has(occupant.role)
        });
    match there {
        Some((nick, occupant)) => {
            let shown = room.shown(&state, nick, occupant, sees || nick == own);
            sending.give(&session.mailbox, &shown);
        }
        None => sending.send(&session.mailbox, nobody(&room, &state, nick, sees)),
    }
    drop(state);
    sending.done()
}

/// That nobody is there under a nickname; and for whom it is kept.
fn nobody(room: &Room, state: &State, nick: &str, with_address: bool) -> Stanza {
    let owner = state.reserved_for(nick);
    let affiliation = owner.map_or(Affiliation::None, |owner| state.affiliation(owner));
    let item = Item {
        affiliation: Some(affiliation.to_user()),
        role: Some(Role::None.to_user()),
        jid: owner
            .filter(|_| with_address)
            .map(|owner| Jid::clone(owner)),
        nick: owner.map(|_| Text::from(nick)),
        ..Item::default()
    };
    let user = MucUser {
        items: vec![item],
        ..MucUser::default()
    };
    Stanza::presence(StanzaType::Unavailable)
        .with_from(room.occupant(nick))
        .with(&user)
}
