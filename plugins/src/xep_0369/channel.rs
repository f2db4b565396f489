//! A channel: who takes part, who hears what is said.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sestina_types::xep_0369::Participant as ParticipantElement;
use sestina_wire::{AnyElement, BareJid, Jid, Payload as _, Stanza, Text, Timestamp};
use tokio::sync::oneshot;

use super::configuration::Configuration;
use crate::xep_0045::{Mailbox, Pace};

/// One channel.
pub(super) struct Channel {
    pub(super) jid: BareJid,
    pub(super) creator: BareJid,
    /// Whether the service lists it.
    pub(super) listed: bool,
    pub(super) created: Timestamp,
    state: Mutex<State>,
    /// Held over the wait for storage while something lasting is changed.
    pub(super) change: tokio::sync::Mutex<()>,
}

/// What changes in a channel.
pub(super) struct State {
    pub(super) configuration: Configuration,
    pub(super) participants: HashMap<BareJid, Participant>,
    /// The nicks that are taken, as they are compared.
    pub(super) nicks: HashMap<String, BareJid>,
    /// What the channel is called; its address where it says nothing.
    pub(super) name: Option<Text>,
    /// Addresses and domains that may take part.
    pub(super) allowed: BTreeSet<BareJid>,
    /// Addresses and domains that may not.
    pub(super) banned: BTreeSet<BareJid>,
    /// Where what is said goes, by account.
    pub(super) hearers: HashMap<BareJid, Arc<Mailbox>>,
    /// Where presence goes (XEP-0403), the same way.
    pub(super) watchers: HashMap<BareJid, Arc<Mailbox>>,
    /// What the clients of participants said of themselves last, by resource.
    pub(super) shown: HashMap<BareJid, BTreeMap<Text, Stanza>>,
    /// How fast people talk.
    pub(super) pace: Pace,
    /// Done once everything said before has been passed on.
    pub(super) tail: Option<oneshot::Receiver<()>>,
    /// Whether it is destroyed: who holds it still looks for another.
    pub(super) ended: bool,
}

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Participant {
    /// The stable id (§4.5).
    pub(super) id: Text,
    pub(super) nick: Option<Text>,
}

impl Participant {
    /// As an item of the node (§4.6.3).
    pub(super) fn item(&self, account: &BareJid) -> (Text, AnyElement) {
        let element = ParticipantElement {
            nick: self.nick.clone(),
            jid: Some(account.clone()),
            ..ParticipantElement::default()
        };
        (self.id.clone(), element.to_any())
    }

    /// From an item of the node.
    pub(super) fn of_item(id: Text, payload: &AnyElement) -> Option<(BareJid, Self)> {
        let element: ParticipantElement = payload.decode().ok()?;
        let nick = element.nick;
        Some((element.jid?.detach(), Self { id, nick }))
    }
}

impl Channel {
    pub(super) fn new(
        jid: BareJid,
        creator: BareJid,
        listed: bool,
        created: Timestamp,
        configuration: Configuration,
    ) -> Self {
        Self {
            jid,
            creator,
            listed,
            created,
            state: Mutex::new(State {
                configuration,
                participants: HashMap::new(),
                nicks: HashMap::new(),
                name: None,
                allowed: BTreeSet::new(),
                banned: BTreeSet::new(),
                hearers: HashMap::new(),
                watchers: HashMap::new(),
                shown: HashMap::new(),
                pace: Pace::default(),
                tail: None,
                ended: false,
            }),
            change: tokio::sync::Mutex::default(),
        }
    }

    /// What it is now. Not to be held over a wait.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Somebody takes part from now on, or is called otherwise.
    pub(super) fn put(&mut self, account: &BareJid, participant: Participant) {
        self.remove(account);
        if let Some(nick) = &participant.nick {
            let key = super::nicks::key(nick);
            self.nicks.insert(key, account.clone());
        }
        self.participants.insert(account.clone(), participant);
    }

    /// Somebody takes part no more.
    pub(super) fn remove(&mut self, account: &BareJid) -> Option<Participant> {
        let known = self.participants.remove(account)?;
        if let Some(nick) = &known.nick {
            self.nicks.remove(&super::nicks::key(nick));
        }
        Some(known)
    }

    /// Who hears what is said, and who sees presence, are these lists from now on. To one account all goes in one order.
    pub(super) fn set_subscribers(&mut self, hearers: Vec<BareJid>, watchers: Vec<BareJid>) {
        let mut mailboxes = std::mem::take(&mut self.hearers);
        mailboxes.extend(std::mem::take(&mut self.watchers));
        let mut of = |account: &BareJid| {
            let mailbox = mailboxes.entry(account.clone());
            Arc::clone(mailbox.or_insert_with(|| Mailbox::new(Jid::clone(account))))
        };
        let mut all = |accounts: Vec<BareJid>| -> HashMap<BareJid, Arc<Mailbox>> {
            let with_mailbox = |account: BareJid| {
                let mailbox = of(&account);
                (account, mailbox)
            };
            accounts.into_iter().map(with_mailbox).collect()
        };
        self.hearers = all(hearers);
        self.watchers = all(watchers);
    }
}
