//! What those in a room are told of each other (§7.1, §7.2.2): made once for all who may see the same, kept where it will be asked
//! for again.

use std::cell::OnceCell;
use std::sync::{Arc, OnceLock};

use sestina_session::host::Spread;
use sestina_types::xep_0045::user::{Actor as UserActor, Item, MucUser, Status};
use sestina_types::xep_0421::OccupantId;
use sestina_wire::dispatch::Extensible as _;
use sestina_wire::{AnyElement, Jid, Stanza, StanzaType, Text};

use super::mailbox::{Mailbox, Sending};
use super::room::{Occupant, Room, State, Words};
use super::standing::Role;

/// The presence of an occupant in the forms that there are: with real addresses, and without.
#[derive(Default)]
pub(super) struct Forms {
    full: OnceLock<Arc<Spread>>,
    hidden: OnceLock<Arc<Spread>>,
}

impl Room {
    /// A presence of an occupant for one recipient.
    fn presence(
        &self,
        state: &State,
        nick: &str,
        occupant: &Occupant,
        type_: StanzaType,
        with_address: bool,
        words: &Words,
    ) -> Stanza {
        let shown = occupant.sessions.last();
        let mut stanza = match shown {
            Some(session) => session.presence.clone(),
            None => Stanza::presence(type_),
        };
        stanza.head_mut().type_ = type_;
        stanza.head_mut().id = None;
        let left = type_ == StanzaType::Unavailable;
        let item = |jid: Option<Jid>| Item {
            affiliation: Some(state.affiliation(&occupant.account).to_user()),
            // Who only takes another nickname is still what it was (§7.6).
            role: Some(
                if left && words.nick.is_none() {
                    Role::None
                } else {
                    occupant.role
                }
                .to_user(),
            ),
            jid,
            nick: words.nick.clone(),
            actor: words.actor.as_ref().map(|nick| UserActor {
                nick: Some(nick.clone()),
                ..UserActor::default()
            }),
            reason: words.reason.clone(),
            ..Item::default()
        };
        let items = if with_address && !occupant.sessions.is_empty() {
            let addresses = occupant.sessions.iter().rev();
            addresses
                .map(|session| item(Some(session.jid.clone())))
                .collect()
        } else {
            vec![item(None)]
        };
        let mut user = MucUser {
            items,
            statuses: words.codes.iter().copied().map(Status::new).collect(),
            ..MucUser::default()
        };
        if let Some(any) = &words.any {
            user.add(any.clone());
        }
        let stanza = stanza
            .with_from(self.occupant(nick))
            .with(&OccupantId::new(occupant.id.clone()))
            .with(&user);
        match state.worn.get(&occupant.account) {
            Some(worn) if !left => stanza.with_any(worn),
            _ => stanza,
        }
    }

    /// What an occupant is, for those who may see its addresses or may not. It is made when somebody is told first, and kept until
    /// it changes.
    pub(super) fn shown(
        &self,
        state: &State,
        nick: &str,
        occupant: &Occupant,
        with_address: bool,
    ) -> Arc<Spread> {
        let Forms { full, hidden } = &occupant.forms;
        let form = if with_address { full } else { hidden };
        let made = form.get_or_init(|| {
            let (type_, words) = (StanzaType::Available, Words::default());
            Spread::new(self.presence(state, nick, occupant, type_, with_address, &words))
        });
        Arc::clone(made)
    }

    /// Tells everybody what an occupant is; the occupant's own sessions with the code 110 and those in `own`.
    pub(super) fn show(
        &self,
        state: &State,
        sending: &mut Sending<'_>,
        nick: &Text,
        words: &Words,
        own: &[u16],
    ) {
        let Some(occupant) = state.occupants.get(nick) else {
            return;
        };
        let type_ = StanzaType::Available;
        let form = |with_address| {
            if words.is_empty() {
                return self.shown(state, nick, occupant, with_address);
            }
            Spread::new(self.presence(state, nick, occupant, type_, with_address, words))
        };
        tell_others(state, sending, nick, occupant, form);
        self.tell_own(state, sending, nick, occupant, type_, words, own);
    }

    /// The same for one who has just entered, with an element in what its own sessions are told.
    pub(super) fn show_entered(
        &self,
        state: &State,
        sending: &mut Sending<'_>,
        nick: &Text,
        own: &[u16],
        any: Option<AnyElement>,
    ) {
        let Some(occupant) = state.occupants.get(nick) else {
            return;
        };
        let form = |with_address| self.shown(state, nick, occupant, with_address);
        tell_others(state, sending, nick, occupant, form);
        let (type_, words) = (StanzaType::Available, Words::with(any));
        self.tell_own(state, sending, nick, occupant, type_, &words, own);
    }

    /// Tells everybody that an occupant is gone, who has been taken off the list.
    pub(super) fn tell_gone(
        &self,
        state: &State,
        sending: &mut Sending<'_>,
        nick: &str,
        occupant: &Occupant,
        words: &Words,
    ) {
        let type_ = StanzaType::Unavailable;
        let form = |with_address| {
            Spread::new(self.presence(state, nick, occupant, type_, with_address, words))
        };
        tell_others(state, sending, nick, occupant, form);
        self.tell_own(state, sending, nick, occupant, type_, words, &[]);
    }

    /// Tells the sessions of an occupant alone, with the code 110 and those in `own`.
    #[expect(clippy::too_many_arguments, reason = "what is told, of whom and how")]
    pub(super) fn tell_own(
        &self,
        state: &State,
        sending: &mut Sending<'_>,
        nick: &str,
        occupant: &Occupant,
        type_: StanzaType,
        words: &Words,
        own: &[u16],
    ) {
        let mut words = words.clone();
        words.codes.push(110);
        words.codes.extend(own);
        let told = Spread::new(self.presence(state, nick, occupant, type_, true, &words));
        for session in &occupant.sessions {
            sending.give(&session.mailbox, &told);
        }
    }

    /// Shows one session its own occupant.
    #[expect(clippy::too_many_arguments, reason = "what is told, of whom and how")]
    pub(super) fn show_to(
        &self,
        state: &State,
        sending: &mut Sending<'_>,
        nick: &str,
        occupant: &Occupant,
        mailbox: &Arc<Mailbox>,
        own: &[u16],
        any: Option<AnyElement>,
    ) {
        let mut words = Words::with(any);
        words.codes.push(110);
        words.codes.extend(own);
        let type_ = StanzaType::Available;
        let told = self.presence(state, nick, occupant, type_, true, &words);
        sending.send(mailbox, told);
    }

    /// For everybody else an occupant whose presence is not shown any more is gone (§10.2).
    pub(super) fn hide(&self, state: &State, sending: &mut Sending<'_>, nick: &Text) {
        let Some(occupant) = state.occupants.get(nick) else {
            return;
        };
        let (type_, words) = (StanzaType::Unavailable, Words::default());
        let gone = Spread::new(self.presence(state, nick, occupant, type_, false, &words));
        let others = state.occupants.iter().filter(|(other, _)| *other != nick);
        for session in others.flat_map(|(_, other)| &other.sessions) {
            sending.give(&session.mailbox, &gone);
        }
    }

    /// Who has become a moderator learns the addresses of the others, where only moderators know them (§9.6).
    pub(super) fn reveal(&self, state: &State, sending: &mut Sending<'_>, nick: &Text) {
        let Some(occupant) = state.occupants.get(nick) else {
            return;
        };
        if state.configuration.non_anonymous {
            return;
        }
        for session in &occupant.sessions {
            self.show_others(state, sending, nick, occupant.role, &session.mailbox);
        }
    }

    /// Gives an occupant a role, and tells what is to be told of it.
    pub(super) fn give_role(
        &self,
        state: &mut State,
        sending: &mut Sending<'_>,
        nick: &Text,
        role: Role,
        words: &Words,
    ) {
        let Some(occupant) = state.occupant_mut(nick) else {
            return;
        };
        let before = std::mem::replace(&mut occupant.role, role);
        // Whose presence is not shown any more is gone for the others.
        let shown = state.configuration.shown;
        if shown.has(before) && !shown.has(role) {
            self.hide(state, sending, nick);
        }
        self.show(state, sending, nick, words, &[]);
        if role == Role::Moderator && before != Role::Moderator {
            self.reveal(state, sending, nick);
        }
    }

    /// The presences of all others, for one who enters.
    pub(super) fn show_others(
        &self,
        state: &State,
        sending: &mut Sending<'_>,
        nick: &Text,
        role: Role,
        mailbox: &Arc<Mailbox>,
    ) {
        let with_address = state.configuration.non_anonymous || role == Role::Moderator;
        for (other, occupant) in &state.occupants {
            if other == nick || !state.configuration.shown.has(occupant.role) {
                continue;
            }
            sending.give(mailbox, &self.shown(state, other, occupant, with_address));
        }
    }

    /// A message in the name of the room, to everybody.
    pub(super) fn announce(&self, state: &State, sending: &mut Sending<'_>, stanza: Stanza) {
        let said = Spread::new(stanza);
        for session in state.everybody() {
            sending.give(&session.mailbox, &said);
        }
    }
}

/// Tells everybody but an occupant's own sessions, each in the form that it may see.
fn tell_others(
    state: &State,
    sending: &mut Sending<'_>,
    nick: &str,
    occupant: &Occupant,
    form: impl Fn(bool) -> Arc<Spread>,
) {
    if !state.configuration.shown.has(occupant.role) {
        return;
    }
    let (full, hidden) = (OnceCell::new(), OnceCell::new());
    for (_, recipient) in state
        .occupants
        .iter()
        .filter(|(other, _)| ***other != *nick)
    {
        let sees = state.configuration.non_anonymous || recipient.role == Role::Moderator;
        let told = if sees { &full } else { &hidden };
        let told = told.get_or_init(|| form(sees));
        for session in &recipient.sessions {
            sending.give(&session.mailbox, told);
        }
    }
}
