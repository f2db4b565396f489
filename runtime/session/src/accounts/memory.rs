//! Accounts that last as long as the process.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use sestina_storage::StorageError;
use sestina_wire::BareJid;

use crate::accounts::AccountStore;
use crate::sasl::{AccountKeys, Hash, ScramKeys};

/// An [`AccountStore`] in memory.
#[derive(Debug, Default)]
pub struct MemoryAccounts {
    accounts: Mutex<BTreeMap<BareJid, AccountKeys>>,
}

impl MemoryAccounts {
    /// No accounts yet.
    pub fn new() -> MemoryAccounts {
        MemoryAccounts::default()
    }

    fn with<R>(&self, work: impl FnOnce(&mut BTreeMap<BareJid, AccountKeys>) -> R) -> R {
        // Every change is one call on the map, so a panic elsewhere leaves it whole.
        work(&mut self.accounts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl AccountStore for MemoryAccounts {
    async fn insert(&self, account: &BareJid, keys: AccountKeys) -> Result<(), StorageError> {
        self.with(|accounts| {
            if accounts.contains_key(account) {
                return Err(StorageError::Conflict);
            }
            accounts.insert(account.clone(), keys);
            Ok(())
        })
    }

    async fn replace(&self, account: &BareJid, keys: AccountKeys) -> Result<bool, StorageError> {
        Ok(self.with(|accounts| {
            accounts
                .get_mut(account)
                .map(|stored| *stored = keys)
                .is_some()
        }))
    }

    async fn remove(&self, account: &BareJid) -> Result<bool, StorageError> {
        Ok(self.with(|accounts| accounts.remove(account).is_some()))
    }

    async fn exists(&self, account: &BareJid) -> Result<bool, StorageError> {
        Ok(self.with(|accounts| accounts.contains_key(account)))
    }

    async fn keys(&self, account: &BareJid) -> Result<Option<AccountKeys>, StorageError> {
        Ok(self.with(|accounts| accounts.get(account).cloned()))
    }

    async fn add_keys(
        &self,
        account: &BareJid,
        hash: Hash,
        keys: ScramKeys,
    ) -> Result<bool, StorageError> {
        Ok(self.with(|accounts| match accounts.get_mut(account) {
            Some(stored) if stored.of(hash).is_none() => {
                stored.set(hash, keys);
                true
            }
            _ => false,
        }))
    }

    async fn list(&self, domain: &str) -> Result<Vec<BareJid>, StorageError> {
        Ok(self.with(|accounts| {
            accounts
                .keys()
                .filter(|account| account.domain() == domain)
                .cloned()
                .collect()
        }))
    }
}
