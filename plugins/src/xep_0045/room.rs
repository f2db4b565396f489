//! A room: what it is, who is in it, what was said last.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sestina_session::host::Host;
use sestina_storage::Secret;
use sestina_types::xep_0045::user::{Actor as UserActor, Item, MucUser, Status};
use sestina_types::xep_0421::OccupantId;
use sestina_wire::{BareJid, Jid, Stanza, StanzaType, Text, Timestamp};
use tokio::sync::oneshot;

use super::configuration::Configuration;
use super::mailbox::{Mailbox, Sending};
use super::standing::{Actor, Affiliation, Role};

/// One room.
pub(super) struct Room {
    pub(super) jid: BareJid,
    /// What the ids of occupants are made with (XEP-0421).
    pub(super) key: Secret<Vec<u8>>,
    pub(super) created: Timestamp,
    state: Mutex<State>,
    /// Held over the wait for storage while something lasting is changed.
    pub(super) change: tokio::sync::Mutex<()>,
}

/// What changes in a room.
pub(super) struct State {
    pub(super) configuration: Configuration,
    pub(super) subject: Subject,
    pub(super) affiliations: HashMap<BareJid, Standing>,
    /// Of the affiliations.
    pub(super) version: i64,
    pub(super) occupants: BTreeMap<Text, Occupant>,
    /// The nickname of each session.
    pub(super) sessions: HashMap<Jid, Text>,
    pub(super) history: VecDeque<Said>,
    /// Whether its creator has not said yet how it is to be (§10.1).
    pub(super) locked: bool,
    /// Whether it is destroyed: who holds it still looks for another.
    pub(super) ended: bool,
    /// Whether it is in the storage.
    pub(super) stored: bool,
    /// Done once everything said before has been passed on.
    pub(super) tail: Option<oneshot::Receiver<()>>,
    /// Requests that occupants sent each other, by the id they were passed on with.
    pub(super) relayed: VecDeque<(Text, Relayed)>,
}

/// A request between occupants.
#[derive(Clone)]
pub(super) struct Relayed {
    pub(super) id: Text,
    pub(super) asker: Jid,
    pub(super) asked: BareJid,
    /// The address the asker knows.
    pub(super) nick: Text,
}

/// What is talked about.
#[derive(Clone, Default)]
pub(super) struct Subject {
    pub(super) text: String,
    pub(super) by: Option<Text>,
    pub(super) at: Option<Timestamp>,
}

/// What somebody is to the room.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    pub(super) affiliation: Affiliation,
    pub(super) nick: Option<Text>,
    pub(super) reason: Option<Text>,
    pub(super) version: i64,
}

/// Somebody in the room, maybe with several sessions under one nickname.
pub(super) struct Occupant {
    pub(super) account: BareJid,
    pub(super) id: Text,
    pub(super) role: Role,
    /// The one whose presence is shown last.
    pub(super) sessions: Vec<Session>,
}

/// One session of an occupant.
pub(super) struct Session {
    pub(super) jid: Jid,
    /// What it said of itself, with the room's words taken out.
    pub(super) presence: Stanza,
    pub(super) mailbox: Arc<Mailbox>,
}

/// A message of the history.
pub(super) struct Said {
    pub(super) at: Timestamp,
    pub(super) stanza: Stanza,
}

/// What is told with a presence besides what somebody is.
#[derive(Clone, Default)]
pub(super) struct Words {
    /// Status codes for everybody.
    pub(super) codes: Vec<u16>,
    pub(super) actor: Option<Text>,
    pub(super) reason: Option<Text>,
    /// The next nickname (§7.6).
    pub(super) nick: Option<Text>,
}

impl Room {
    pub(super) fn new(
        jid: BareJid,
        key: Secret<Vec<u8>>,
        created: Timestamp,
        configuration: Configuration,
    ) -> Self {
        let state = State {
            configuration,
            subject: Subject::default(),
            affiliations: HashMap::new(),
            version: 0,
            occupants: BTreeMap::new(),
            sessions: HashMap::new(),
            history: VecDeque::new(),
            locked: false,
            ended: false,
            stored: false,
            tail: None,
            relayed: VecDeque::new(),
        };
        Self {
            jid,
            key,
            created,
            state: Mutex::new(state),
            change: tokio::sync::Mutex::default(),
        }
    }

    /// Nothing that waits happens while this is held.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address of an occupant. Nicknames were resources before they came here.
    pub(super) fn occupant(&self, nick: &str) -> Jid {
        self.jid
            .with_resource(nick)
            .map_or_else(|_| Jid::clone(&self.jid), Jid::from)
    }

    /// The same for the same person here, and telling nothing (XEP-0421 §3).
    pub(super) fn occupant_id(&self, host: &Host, account: &BareJid) -> Text {
        let parts: [&[u8]; 2] = [self.key.expose_secret(), account.as_str().as_bytes()];
        let id = host.key("occupant-id", &parts);
        let hex = id.expose_secret().iter().take(20);
        hex.map(|byte| format!("{byte:02x}"))
            .collect::<String>()
            .into()
    }

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
            role: Some(if left { Role::None } else { occupant.role }.to_user()),
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
        let user = MucUser {
            items,
            statuses: words.codes.iter().copied().map(Status::new).collect(),
            ..MucUser::default()
        };
        stanza
            .with_from(self.occupant(nick))
            .with(&OccupantId::new(occupant.id.clone()))
            .with(&user)
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
        self.tell(
            state,
            sending,
            nick,
            occupant,
            StanzaType::Available,
            words,
            own,
        );
    }

    /// Tells everybody of an occupant, who may have been taken off the list.
    #[expect(clippy::too_many_arguments, reason = "what is told, of whom and how")]
    pub(super) fn tell(
        &self,
        state: &State,
        sending: &mut Sending<'_>,
        nick: &str,
        occupant: &Occupant,
        type_: StanzaType,
        words: &Words,
        own: &[u16],
    ) {
        let full = self.presence(state, nick, occupant, type_, true, words);
        let is_shown = state.configuration.shown.has(occupant.role);
        let hidden = if state.configuration.non_anonymous {
            None
        } else {
            Some(self.presence(state, nick, occupant, type_, false, words))
        };
        for (other, recipient) in state.occupants.iter().filter(|_| is_shown) {
            if &**other == nick {
                continue;
            }
            let stanza = match &hidden {
                Some(hidden) if recipient.role < Role::Moderator => hidden,
                _ => &full,
            };
            for session in &recipient.sessions {
                sending.give(
                    &session.mailbox,
                    stanza.clone().with_to(session.jid.clone()),
                );
            }
        }
        for session in &occupant.sessions {
            let place = (&session.jid, &session.mailbox);
            self.tell_session(state, sending, nick, occupant, type_, place, words, own);
        }
    }

    /// Tells the sessions of an occupant alone.
    pub(super) fn tell_own(
        &self,
        state: &State,
        sending: &mut Sending<'_>,
        nick: &str,
        occupant: &Occupant,
        type_: StanzaType,
        words: &Words,
    ) {
        for session in &occupant.sessions {
            let place = (&session.jid, &session.mailbox);
            self.tell_session(state, sending, nick, occupant, type_, place, words, &[]);
        }
    }

    /// Shows one session its own occupant.
    pub(super) fn show_to(
        &self,
        state: &State,
        sending: &mut Sending<'_>,
        nick: &str,
        occupant: &Occupant,
        place: (&Jid, &Arc<Mailbox>),
        own: &[u16],
    ) {
        let (type_, words) = (StanzaType::Available, Words::default());
        self.tell_session(state, sending, nick, occupant, type_, place, &words, own);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "what is told, of whom, to whom and how"
    )]
    fn tell_session(
        &self,
        state: &State,
        sending: &mut Sending<'_>,
        nick: &str,
        occupant: &Occupant,
        type_: StanzaType,
        place: (&Jid, &Arc<Mailbox>),
        words: &Words,
        own: &[u16],
    ) {
        let mut words = words.clone();
        words.codes.push(110);
        words.codes.extend(own);
        let stanza = self.presence(state, nick, occupant, type_, true, &words);
        sending.give(place.1, stanza.with_to(place.0.clone()));
    }

    /// For everybody else an occupant whose presence is not shown any more is gone (§10.2).
    pub(super) fn hide(&self, state: &State, sending: &mut Sending<'_>, nick: &Text) {
        let Some(occupant) = state.occupants.get(nick) else {
            return;
        };
        let words = Words::default();
        let stanza = self.presence(
            state,
            nick,
            occupant,
            StanzaType::Unavailable,
            false,
            &words,
        );
        let others = state.occupants.iter().filter(|(other, _)| *other != nick);
        for session in others.flat_map(|(_, other)| &other.sessions) {
            sending.give(
                &session.mailbox,
                stanza.clone().with_to(session.jid.clone()),
            );
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
            let place = (&session.jid, &session.mailbox);
            self.show_others(state, sending, nick, occupant.role, place);
        }
    }

    /// The presences of all others, for one who enters.
    pub(super) fn show_others(
        &self,
        state: &State,
        sending: &mut Sending<'_>,
        nick: &Text,
        role: Role,
        session: (&Jid, &Arc<Mailbox>),
    ) {
        let with_address = state.configuration.non_anonymous || role == Role::Moderator;
        let words = Words::default();
        for (other, occupant) in &state.occupants {
            if other == nick || !state.configuration.shown.has(occupant.role) {
                continue;
            }
            let stanza = self.presence(
                state,
                other,
                occupant,
                StanzaType::Available,
                with_address,
                &words,
            );
            sending.give(session.1, stanza.with_to(session.0.clone()));
        }
    }

    /// A message in the name of the room, to everybody.
    pub(super) fn announce(&self, state: &State, sending: &mut Sending<'_>, stanza: &Stanza) {
        for session in state.everybody() {
            sending.give(
                &session.mailbox,
                stanza.clone().with_to(session.jid.clone()),
            );
        }
    }
}

impl Occupant {
    /// Takes one session out.
    pub(super) fn take(&mut self, jid: &Jid) -> Option<Session> {
        let mut sessions = self.sessions.iter();
        let at = sessions.position(|session| session.jid == *jid)?;
        Some(self.sessions.remove(at))
    }
}

impl State {
    /// What an account is to the room: itself, or else with its domain.
    pub(super) fn affiliation(&self, account: &BareJid) -> Affiliation {
        if let Some(standing) = self.affiliations.get(account)
            && standing.affiliation != Affiliation::None
        {
            return standing.affiliation;
        }
        self.affiliations
            .get(&account.domain_jid())
            .map_or(Affiliation::None, |standing| standing.affiliation)
    }

    /// The role somebody enters with, or has after a change of affiliation.
    pub(super) fn role_of(&self, account: &BareJid) -> Role {
        self.affiliation(account).role(self.configuration.moderated)
    }

    /// Who acts.
    pub(super) fn actor(&self, from: &Jid) -> Actor {
        let occupant = self
            .sessions
            .get(from)
            .and_then(|nick| self.occupants.get(nick));
        Actor {
            affiliation: self.affiliation(&from.to_bare()),
            role: occupant.map_or(Role::None, |occupant| occupant.role),
        }
    }

    /// The occupant behind an address, with the nickname.
    pub(super) fn occupant_of(&self, from: &Jid) -> Option<(&Text, &Occupant)> {
        let nick = self.sessions.get(from)?;
        self.occupants.get_key_value(nick)
    }

    /// The nicknames under which somebody is here.
    pub(super) fn nicks_of(&self, address: &BareJid) -> Vec<Text> {
        let is_meant = |account: &BareJid| {
            account == address || (address.is_domain() && account.domain() == address.domain())
        };
        let occupants = self.occupants.iter();
        let found = occupants.filter(|(_, occupant)| is_meant(&occupant.account));
        found.map(|(nick, _)| nick.clone()).collect()
    }

    /// Every session in the room.
    pub(super) fn everybody(&self) -> impl Iterator<Item = &Session> {
        self.occupants
            .values()
            .flat_map(|occupant| &occupant.sessions)
    }

    /// Whose nickname it is, where somebody has reserved it (§7.10).
    pub(super) fn reserved_for(&self, nick: &str) -> Option<&BareJid> {
        let all = self.affiliations.iter();
        let mut owners =
            all.filter(|(_, standing)| standing.nick.as_deref().is_some_and(|own| own == nick));
        owners.next().map(|(account, _)| account)
    }

    /// Takes somebody off the list, with all sessions.
    pub(super) fn remove(&mut self, nick: &str) -> Option<Occupant> {
        let occupant = self.occupants.remove(nick)?;
        for session in &occupant.sessions {
            self.sessions.remove(&session.jid);
        }
        Some(occupant)
    }
}
