//! Entering a room (§7.2), and what occupants say of themselves meanwhile (§7.7).

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_session::router::{Outcome, Routed, Source};
use sestina_types::xep_0045::muc::Join;
use sestina_types::xep_0045::{muc, user};
use sestina_wire::{AnyElement, BareJid, Condition, Jid, Stanza, StanzaError, StanzaType, Text};

use super::companion::Entering;
use super::mailbox::{Mailbox, Sending};
use super::room::{Occupant, Room, Session, State, Words};
use super::standing::Affiliation;
use super::telling::Forms;
use super::{Muc, history, leaving, probing, refused, registration, renaming};

/// How many may come besides those a room has place for, if they are its admins (§7.2.9).
const RESERVE: usize = 20;

/// Takes a presence for a room.
pub(super) fn take(muc: &Arc<Muc>, host: &Arc<Host>, stanza: &Stanza, source: &Source) -> Routed {
    let (Some(from), Some(to)) = (stanza.from(), stanza.to()) else {
        return Routed::Now(Outcome::NoSession);
    };
    let result = match stanza.type_() {
        StanzaType::Available => available(muc, host, stanza, source, from, to),
        StanzaType::Unavailable => Ok(leaving::gone(muc, host, stanza, from, to)),
        StanzaType::Error => Ok(leaving::unreachable(muc, host, stanza, from, to)),
        StanzaType::Probe => return probing::answer(muc, host, stanza, from, to),
        // Nobody subscribes to rooms.
        _ => Ok(Routed::Now(Outcome::NoSession)),
    };
    result.unwrap_or_else(|mut error| {
        // The room says so, not whoever has this nickname.
        error.by = Some(Jid::clone(&to.to_bare()));
        // By this clients know that it is their entry that was refused (§7.2.5).
        host.route(stanza.error(&error).with(&Join::default()))
    })
}

fn available(
    muc: &Arc<Muc>,
    host: &Arc<Host>,
    stanza: &Stanza,
    source: &Source,
    from: &Jid,
    to: &Jid,
) -> Result<Routed, StanzaError> {
    let join = stanza.decode::<Join>().transpose().ok().flatten();
    let Some(nick) = to.resource() else {
        return Err(refused(
            Condition::JidMalformed,
            "write the nickname behind the address of the room, after a slash",
        ));
    };
    if to.local().is_none() {
        return Err(refused(
            Condition::ItemNotFound,
            "a room has a name before the @",
        ));
    }
    if nick.len() > muc.limits.nick {
        return Err(refused(
            Condition::NotAcceptable,
            format!(
                "a nickname has at most {} octets (max_nickname), this one has {}",
                muc.limits.nick,
                nick.len()
            ),
        ));
    }
    let nick = Text::from(nick);
    let address = to.to_bare();
    loop {
        let room = match (muc.rooms.find(&address), &join) {
            (Some(room), _) => room,
            (None, Some(_)) => muc.create(host, &address, from)?,
            (None, None) => return Err(StanzaError::new(Condition::ItemNotFound)),
        };
        let mut state = room.lock();
        // It was destroyed between being found and being held.
        if state.ended {
            continue;
        }
        let mut sending = Sending::new(host);
        match (state.sessions.get(from).cloned(), &join) {
            (Some(before), None) if before == nick => {
                update(
                    &room,
                    &mut state,
                    &mut sending,
                    source,
                    from,
                    &before,
                    stanza,
                );
            }
            (Some(before), Some(join)) if before == nick => {
                // It has lost what it knew of the room (§7.2.1).
                let session = state
                    .session(from)
                    .map(|session| Arc::clone(&session.mailbox));
                let with = session.and_then(|mailbox| {
                    greet(muc, &room, &state, &mut sending, from, &mailbox, join)
                });
                update(
                    &room,
                    &mut state,
                    &mut sending,
                    source,
                    from,
                    &before,
                    stanza,
                );
                welcome(muc, &room, &state, &mut sending, from, &nick, join, with);
            }
            (Some(_), _) => {
                renaming::rename(&room, &mut state, &mut sending, from, &nick, stanza)?;
            }
            (None, Some(join)) => {
                if let Err(error) = may_enter(muc, &state, from, &nick, join) {
                    drop(state);
                    return Err(error);
                }
                enter(
                    muc,
                    host,
                    &room,
                    &mut state,
                    &mut sending,
                    source,
                    from,
                    &nick,
                    stanza,
                    join,
                );
            }
            (None, None) => {
                return Err(refused(
                    Condition::NotAcceptable,
                    "you are not in this room; to enter, send presence with an element x of http://jabber.org/protocol/muc",
                ));
            }
        }
        drop(state);
        return Ok(sending.done());
    }
}

/// The rules of §7.2.5 to §7.2.10.
fn may_enter(
    muc: &Muc,
    state: &State,
    from: &Jid,
    nick: &Text,
    join: &Join,
) -> Result<(), StanzaError> {
    let account = from.to_bare();
    let affiliation = state.affiliation(&account);
    if state.locked && affiliation < Affiliation::Owner {
        return Err(refused(
            Condition::ItemNotFound,
            "the room is locked until its owner has configured it",
        ));
    }
    let configuration = &state.configuration;
    if affiliation == Affiliation::Outcast {
        return Err(refused(
            Condition::Forbidden,
            "you are banned from this room",
        ));
    }
    if configuration.members_only && affiliation < Affiliation::Member {
        return Err(refused(
            Condition::RegistrationRequired,
            "the room is for members only",
        ));
    }
    if let Some(password) = &configuration.password
        && affiliation < Affiliation::Owner
        && join.password.as_deref() != Some(password.as_str())
    {
        return Err(refused(
            Condition::NotAuthorized,
            "the room asks for its password",
        ));
    }
    is_free(state, nick, &account)?;
    let most = muc.limits.occupants;
    let own = configuration.max_users.map_or(most, |users| {
        usize::try_from(users).unwrap_or(usize::MAX).min(most)
    });
    let allowed = if affiliation >= Affiliation::Admin {
        own.saturating_add(RESERVE)
    } else {
        own
    };
    if state.sessions.len() >= allowed {
        return Err(refused(
            Condition::ServiceUnavailable,
            format!("the room is full: {own} occupants are as many as fit"),
        ));
    }
    Ok(())
}

/// Whether somebody may have a nickname: nobody else is called that, nor has kept it for himself (§7.2.8).
pub(super) fn is_free(state: &State, nick: &str, account: &BareJid) -> Result<(), StanzaError> {
    let is_taken = state
        .occupants
        .get(nick)
        .is_some_and(|occupant| occupant.account != *account);
    let is_reserved = state
        .reserved_for(nick)
        .is_some_and(|owner| owner != account);
    if is_taken || is_reserved {
        return Err(refused(
            Condition::Conflict,
            "somebody else has this nickname; choose another",
        ));
    }
    Ok(())
}

/// What somebody says of himself without the words that are the room's to say.
pub(super) fn cleaned(stanza: &Stanza) -> Stanza {
    let mut stanza = stanza.clone();
    stanza.retain(|child| {
        !child.is("x", muc::NS)
            && !child.is("x", user::NS)
            && !child.is("occupant-id", sestina_types::xep_0421::NS)
            && !child.is("hats", sestina_types::xep_0317::NS)
    });
    stanza.head_mut().to = None;
    stanza.compact();
    stanza
}

#[expect(clippy::too_many_arguments, reason = "who enters what, and how")]
fn enter(
    muc: &Arc<Muc>,
    host: &Arc<Host>,
    room: &Room,
    state: &mut State,
    sending: &mut Sending<'_>,
    source: &Source,
    from: &Jid,
    nick: &Text,
    stanza: &Stanza,
    join: &Join,
) {
    let account = from.to_bare().detach();
    let role = state.role_of(&account);
    let from = from.detach();
    let mailbox = Mailbox::new(from.clone());
    connect(&mailbox, source);
    let session = Session {
        jid: from,
        presence: cleaned(stanza),
        mailbox,
    };
    let nick = nick.detach();
    state.sessions.insert(session.jid.clone(), nick.clone());
    let occupant = state
        .occupants
        .entry(nick.clone())
        .or_insert_with(|| Occupant {
            id: room.occupant_id(host, &account),
            account,
            role,
            sessions: Vec::new(),
            forms: Forms::default(),
        });
    let role = occupant.role;
    let mailbox = Arc::clone(&session.mailbox);
    occupant.forms = Forms::default();
    occupant.sessions.push(session);
    let with = greet(muc, room, state, sending, mailbox.to(), &mailbox, join);
    room.show_others(state, sending, &nick, role, &mailbox);
    let mut own = entering(state);
    // Whoever made it is told to configure it, at each way in until that is done (§10.1.1).
    if state.locked {
        own.push(201);
    }
    room.show_entered(state, sending, &nick, &own, with);
    history::hand_out(muc, room, state, sending, &mailbox, join);
    registration::remind(room, state, sending, &mailbox);
}

/// What other specifications tell a session that enters before anything else; and what they add to its own presence.
fn greet(
    muc: &Muc,
    room: &Room,
    state: &State,
    sending: &mut Sending<'_>,
    from: &Jid,
    mailbox: &Arc<Mailbox>,
    join: &Join,
) -> Option<AnyElement> {
    let entering = Entering {
        room,
        state,
        from,
        join,
    };
    let companions = muc.companions.all().iter();
    let mut greetings = companions.filter_map(|companion| companion.greet(&entering));
    let greeting = greetings.next()?;
    for message in greeting.before {
        sending.send(mailbox, message);
    }
    greeting.with
}

/// What is for a session of this server goes straight into its queue.
fn connect(mailbox: &Mailbox, source: &Source) {
    if let Source::Session(session) = source {
        mailbox.connect(session);
    }
}

/// The codes that warn who enters (§7.2.3, §7.2.12).
fn entering(state: &State) -> Vec<u16> {
    let mut codes = Vec::new();
    if state.configuration.non_anonymous {
        codes.push(100);
    }
    if state.configuration.logging {
        codes.push(170);
    }
    codes
}

/// Everything again for a session that is in the room already.
#[expect(clippy::too_many_arguments, reason = "who enters what, and how")]
fn welcome(
    muc: &Arc<Muc>,
    room: &Room,
    state: &State,
    sending: &mut Sending<'_>,
    from: &Jid,
    nick: &Text,
    join: &Join,
    with: Option<AnyElement>,
) {
    let (Some(occupant), Some(session)) = (state.occupants.get(nick), state.session(from)) else {
        return;
    };
    let place = &session.mailbox;
    room.show_others(state, sending, nick, occupant.role, place);
    let own = entering(state);
    room.show_to(state, sending, nick, occupant, place, &own, with);
    history::hand_out(muc, room, state, sending, place, join);
}

/// Another presence of an occupant (§7.7).
fn update(
    room: &Room,
    state: &mut State,
    sending: &mut Sending<'_>,
    source: &Source,
    from: &Jid,
    nick: &Text,
    stanza: &Stanza,
) {
    if let Some(occupant) = state.occupant_mut(nick)
        && let Some(mut session) = occupant.take(from)
    {
        session.presence = cleaned(stanza);
        connect(&session.mailbox, source);
        occupant.sessions.push(session);
    }
    room.show(state, sending, nick, &Words::default(), &[]);
}
