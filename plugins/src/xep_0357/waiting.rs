//! What the push services of accounts are to be told next.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sestina_wire::{BareJid, Jid, Text};

/// What is said of the last message, as far as services may know.
pub(super) struct Last {
    pub(super) sender: Option<Jid>,
    pub(super) body: Option<Text>,
}

/// By account what waits since a client was there.
#[derive(Default)]
pub(super) struct Waiting(Mutex<HashMap<BareJid, Account>>);

struct Account {
    /// How many messages.
    count: u32,
    /// To be told; nothing while services have been told all.
    last: Option<Last>,
    /// Somebody tells them.
    busy: bool,
}

impl Waiting {
    /// More waits. True when the caller is to tell the services, what [`next`](Self::next) returns until it returns nothing.
    pub(super) fn add(&self, account: &BareJid, count: u32, last: Last) -> bool {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = accounts.entry(account.clone()).or_insert(Account {
            count: 0,
            last: None,
            busy: false,
        });
        entry.count = entry.count.saturating_add(count);
        entry.last = Some(last);
        !std::mem::replace(&mut entry.busy, true)
    }

    /// What is to be told.
    pub(super) fn next(&self, account: &BareJid) -> Option<(u32, Last)> {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = accounts.get_mut(account)?;
        let last = entry.last.take();
        entry.busy = last.is_some();
        Some((entry.count, last?))
    }

    /// Nothing waits any more.
    pub(super) fn forget(&self, account: &BareJid) {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.remove(account);
    }
}
