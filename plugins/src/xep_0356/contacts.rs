//! The presence of contacts elsewhere, for the components that may see it (§7.4): each once, however many accounts have the
//! contact, and all of it for a component that comes later (§8).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sestina_wire::{Jid, Stanza, StanzaType, ns};

/// How many sessions of contacts are remembered. Of those beyond, a component hears once for each account.
const MOST: usize = 50_000;

/// What sessions of contacts said last, by their full address.
#[derive(Default)]
pub(super) struct Contacts(Mutex<HashMap<Jid, Presence>>);

struct Presence {
    stanza: Stanza,
    written: Vec<u8>,
}

impl Contacts {
    /// Remembers what a contact says, without the address it says it to; whether that is new.
    pub(super) fn note(&self, presence: &Stanza) -> bool {
        let Some(from) = presence.from() else {
            return false;
        };
        let mut known = self.lock();
        if presence.type_() == StanzaType::Unavailable {
            return known.remove(from).is_some() || known.len() >= MOST;
        }
        let mut stanza = presence.clone();
        stanza.head_mut().to = None;
        stanza.head_mut().id = None;
        let mut written = Vec::new();
        stanza.write(&mut written, ns::CLIENT);
        match known.get(from) {
            Some(before) if before.written == written => return false,
            None if known.len() >= MOST => return true,
            _ => {}
        }
        stanza.compact();
        known.insert(from.detach(), Presence { stanza, written });
        true
    }

    /// All who are there.
    pub(super) fn all(&self) -> Vec<Stanza> {
        let known = self.lock();
        known
            .values()
            .map(|presence| presence.stanza.clone())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Jid, Presence>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
