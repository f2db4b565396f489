//! Accounts that are there, and into which nobody is let (§4.3).

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use sestina_session::accounts::Suspensions;
use sestina_storage::{Range, Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::xep_0133::tables::{DisabledAccountsRow, DisabledAccountsStore};
use sestina_wire::{BareJid, Jid, Timestamp};

/// How many are read at a time.
const PAGE: u32 = 1000;

/// The disabled accounts of a host. All are in memory, so that a login into any other asks no storage.
pub(super) struct Disabled {
    rows: DisabledAccountsStore,
    known: RwLock<BTreeSet<BareJid>>,
}

impl Disabled {
    pub(super) fn new(storage: &Storage) -> Result<Self, StorageError> {
        let rows = storage.disabled_accounts().or_else(|| {
            tracing::warn!(
                "the storage keeps no disabled accounts: they are let in again when the server stops"
            );
            Storage::memory().disabled_accounts()
        });
        Ok(Self {
            rows: rows.ok_or_else(|| StorageError::Unsupported("disabled accounts".into()))?,
            known: RwLock::default(),
        })
    }

    /// Reads those of a host.
    pub(super) async fn load(&self, host: &str) -> Result<(), StorageError> {
        let mut all: Vec<BareJid> = Vec::new();
        loop {
            let range = all.last().map_or(Range::all(), Range::after);
            let page = self.rows.of_host_page(host, range, PAGE, false).await?;
            let last = page.len() < PAGE as usize;
            all.extend(page.into_iter().map(|row| row.account));
            if last {
                break;
            }
        }
        self.with(|known| known.extend(all));
        Ok(())
    }

    pub(super) async fn add(
        &self,
        account: &BareJid,
        by: &Jid,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.rows
            .put(&DisabledAccountsRow {
                account: account.clone(),
                host: account.domain().to_owned(),
                since: now,
                by: by.bare_str().to_owned(),
            })
            .await?;
        self.with(|known| known.insert(account.detach()));
        Ok(())
    }

    /// Whether it was disabled until now.
    pub(super) async fn remove(&self, account: &BareJid) -> Result<bool, StorageError> {
        let was = self.rows.delete(account).await?;
        self.with(|known| known.remove(account));
        Ok(was)
    }

    /// Those that are disabled, in order.
    pub(super) fn all(&self) -> Vec<BareJid> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().cloned().collect()
    }

    fn with<R>(&self, work: impl FnOnce(&mut BTreeSet<BareJid>) -> R) -> R {
        work(&mut self.known.write().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Suspensions for Disabled {
    async fn is_suspended(&self, account: &BareJid) -> Result<bool, StorageError> {
        let is_known = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known.contains(account)
        };
        if !is_known {
            return Ok(false);
        }
        // An account that was removed meanwhile took its row along; another of its name may be there now.
        let is_there = self.rows.get(account).await?.is_some();
        if !is_there {
            self.with(|known| known.remove(account));
        }
        Ok(is_there)
    }
}
