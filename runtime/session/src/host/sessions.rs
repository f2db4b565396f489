//! The sessions of a host: from an account's name to the account and its sessions.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

use sestina_wire::BareJid;

use crate::host::{Account, Host, Resource};

/// Shards, so that threads that look up different accounts rarely meet.
const SHARDS: usize = 64;

type Shard = RwLock<HashMap<Box<str>, Arc<Account>>>;

/// Accounts online, by local part; the domain is the host's.
pub(super) struct Sessions {
    shards: Box<[Shard]>,
    /// Picks the shard; seeded, as the maps are, so that nobody can choose names that meet in one.
    state: RandomState,
}

impl Sessions {
    pub(super) fn new() -> Self {
        Sessions {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            state: RandomState::new(),
        }
    }

    fn shard(&self, local: &str) -> Option<&Shard> {
        let hash = usize::try_from(self.state.hash_one(local) >> 32).unwrap_or_default();
        self.shards.get(hash % SHARDS)
    }

    /// The account, if it is online.
    pub(super) fn account(&self, local: &str) -> Option<Arc<Account>> {
        let accounts = self
            .shard(local)?
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        accounts.get(local).cloned()
    }

    /// Adds a session; returns it and the one of the same address it takes the place of.
    pub(super) fn join(
        &self,
        host: &Arc<Host>,
        jid: BareJid,
        make: impl FnOnce(Arc<Account>) -> Resource,
    ) -> (Arc<Resource>, Option<Arc<Resource>>) {
        let local = jid.local().unwrap_or_default();
        let new = || Arc::new(Account::new(jid.clone(), Arc::clone(host)));
        let Some(shard) = self.shard(local) else {
            return (Arc::new(make(new())), None);
        };
        let mut accounts = shard.write().unwrap_or_else(PoisonError::into_inner);
        let account = Arc::clone(accounts.entry(local.into()).or_insert_with(new));
        let resource = Arc::new(make(Arc::clone(&account)));
        let older = account.add(Arc::clone(&resource));
        (resource, older)
    }

    /// Removes this very session, and its account with the last one. A session that took its place stays.
    pub(super) fn leave(&self, resource: &Arc<Resource>) {
        let account = resource.account();
        let local = account.jid().local().unwrap_or_default();
        let Some(shard) = self.shard(local) else {
            return;
        };
        let mut accounts = shard.write().unwrap_or_else(PoisonError::into_inner);
        if account.remove(resource)
            && accounts
                .get(local)
                .is_some_and(|entry| Arc::ptr_eq(entry, account))
        {
            accounts.remove(local);
        }
    }

    /// Every account online.
    pub(super) fn accounts(&self) -> Vec<Arc<Account>> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let accounts = shard.read().unwrap_or_else(PoisonError::into_inner);
            all.extend(accounts.values().cloned());
        }
        all
    }
}
