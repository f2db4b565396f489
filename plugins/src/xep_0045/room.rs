//! A room: what it is, who is in it, what was said last.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sestina_session::host::{Extensions, Host};
use sestina_storage::Secret;
use sestina_wire::{AnyElement, BareJid, Jid, Stanza, Text, Timestamp};
use tokio::sync::oneshot;

use super::configuration::Configuration;
use super::mailbox::Mailbox;
use super::pace::Pace;
use super::standing::{Actor, Affiliation, Role};
use super::telling::Forms;

/// One room.
pub(crate) struct Room {
    pub(super) jid: BareJid,
    /// What the ids of occupants are made with (XEP-0421).
    pub(super) key: Secret<Vec<u8>>,
    pub(super) created: Timestamp,
    state: Mutex<State>,
    /// Held over the wait for storage while something lasting is changed.
    pub(super) change: tokio::sync::Mutex<()>,
    /// What other specifications keep with it.
    pub(crate) extensions: Extensions,
}

/// What changes in a room.
pub(crate) struct State {
    pub(super) configuration: Configuration,
    pub(super) subject: Subject,
    pub(super) affiliations: HashMap<BareJid, Standing>,
    /// Of the affiliations.
    pub(super) version: i64,
    /// The version since which every change of them is known.
    pub(super) changes_since: i64,
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
    /// How fast people talk.
    pub(super) pace: Pace,
    /// What is told with the presences of some, by their accounts: see [`Muc::adorn`](super::Muc::adorn).
    pub(super) worn: HashMap<BareJid, AnyElement>,
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
    /// In which this has changed last.
    pub(super) version: i64,
    /// In which somebody came to belong to the room, or, where it does not any more, ceased to.
    pub(super) turned: Option<i64>,
}

/// Somebody in the room, maybe with several sessions under one nickname.
pub(super) struct Occupant {
    pub(super) account: BareJid,
    pub(super) id: Text,
    pub(super) role: Role,
    /// The one whose presence is shown last.
    pub(super) sessions: Vec<Session>,
    /// What others are told of it; for nobody who changes it: see [`State::occupant_mut`].
    pub(super) forms: Forms,
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
    /// What another specification adds.
    pub(super) any: Option<AnyElement>,
}

impl Words {
    /// Nothing but what another specification adds.
    pub(super) fn with(any: Option<AnyElement>) -> Self {
        Self {
            any,
            ..Self::default()
        }
    }

    /// Whether nothing is told besides.
    pub(super) fn is_empty(&self) -> bool {
        self.codes.is_empty()
            && self.actor.is_none()
            && self.reason.is_none()
            && self.nick.is_none()
            && self.any.is_none()
    }
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
            changes_since: 0,
            occupants: BTreeMap::new(),
            sessions: HashMap::new(),
            history: VecDeque::new(),
            locked: false,
            ended: false,
            stored: false,
            tail: None,
            relayed: VecDeque::new(),
            pace: Pace::default(),
            worn: HashMap::new(),
        };
        Self {
            jid,
            key,
            created,
            state: Mutex::new(state),
            change: tokio::sync::Mutex::default(),
            extensions: Extensions::default(),
        }
    }

    /// Nothing that waits happens while this is held.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address of an occupant. Nicknames were resources before they came here.
    pub(crate) fn occupant(&self, nick: &str) -> Jid {
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
    /// An occupant that is to change: what others are told of it is made anew.
    pub(super) fn occupant_mut(&mut self, nick: &str) -> Option<&mut Occupant> {
        let occupant = self.occupants.get_mut(nick)?;
        occupant.forms = Forms::default();
        Some(occupant)
    }

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

    /// A session in the room.
    pub(super) fn session(&self, jid: &Jid) -> Option<&Session> {
        let (_, occupant) = self.occupant_of(jid)?;
        occupant.sessions.iter().find(|session| session.jid == *jid)
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
        let is_kept = |standing: &Standing| {
            standing.affiliation > Affiliation::None && standing.nick.as_deref() == Some(nick)
        };
        let mut owners = all.filter(|(_, standing)| is_kept(standing));
        owners.next().map(|(account, _)| account)
    }

    /// Who wants to belong to the room and waits for an admin's word, with the nickname that is wanted (§9.9).
    pub(super) fn waiting(&self) -> impl Iterator<Item = (&BareJid, &Text)> {
        let all = self.affiliations.iter();
        all.filter(|(_, standing)| standing.affiliation == Affiliation::None)
            .filter_map(|(account, standing)| Some((account, standing.nick.as_ref()?)))
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
