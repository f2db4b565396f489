//! Who may touch the stored messages of an account when, and where the next one goes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sestina_storage::{Range, StorageError};
use sestina_types::xep_0160::tables::OfflineStore;
use sestina_wire::BareJid;
use tokio::sync::{OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The shelves in use, by account.
#[derive(Default)]
pub(super) struct Shelves(Mutex<HashMap<BareJid, Arc<Shelf>>>);

impl Shelves {
    /// The shelf of an account.
    pub(super) fn of(&self, account: &BareJid) -> Arc<Shelf> {
        let mut shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shelf) = shelves.get(account) {
            return Arc::clone(shelf);
        }
        let shelf = Arc::default();
        shelves.insert(account.detach(), Arc::clone(&shelf));
        shelf
    }

    /// Forgets an empty shelf that nobody else is at.
    pub(super) fn tidy(&self, account: &BareJid, shelf: Arc<Shelf>) {
        let mut shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One reference is ours, one the map's; new ones are made only under the lock we hold.
        if Arc::strong_count(&shelf) == 2 {
            shelves.remove(account);
        }
    }
}

/// The stored messages of one account. Many may add to them at a time, each with its own write that
/// storage can commit together with the others; taking them down is done by one, alone.
#[derive(Default)]
pub(super) struct Shelf(RwLock<OnceCell<Numbers>>);

/// The numbers of the stored messages: `first..next`. Messages are removed from the front only, so that
/// the difference is how many there are.
struct Numbers {
    first: i64,
    next: AtomicI64,
}

impl Shelf {
    /// Waits until messages may be added.
    pub(super) async fn enter(&self) -> Place<'_> {
        Place(self.0.read().await)
    }

    /// Waits until nobody adds messages, and keeps it so.
    pub(super) async fn close(&self) -> Closed<'_> {
        Closed(self.0.write().await)
    }
}

/// The right to add messages.
pub(super) struct Place<'a>(RwLockReadGuard<'a, OnceCell<Numbers>>);

impl Place<'_> {
    /// The number of the next message; none when there are `max` already.
    pub(super) async fn next(
        &self,
        messages: &OfflineStore,
        account: &BareJid,
        max: i64,
    ) -> Result<Option<i64>, StorageError> {
        let numbers = self
            .0
            .get_or_try_init(|| Numbers::read(messages, account))
            .await?;
        let claim = |next: i64| (next - numbers.first < max).then_some(next + 1);
        Ok(numbers
            .next
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, claim)
            .ok())
    }
}

/// The right to remove messages.
pub(super) struct Closed<'a>(RwLockWriteGuard<'a, OnceCell<Numbers>>);

impl Closed<'_> {
    /// The numbers are read anew when they are needed again: some messages go.
    pub(super) fn forget(&mut self) {
        self.0.take();
    }
}

impl Numbers {
    async fn read(messages: &OfflineStore, account: &BareJid) -> Result<Self, StorageError> {
        let first = messages
            .of_owner_page(account, Range::all(), 1, false)
            .await?;
        let last = messages
            .of_owner_page(account, Range::all(), 1, true)
            .await?;
        let first = first.first().map_or(0, |row| row.seq);
        let next = last.first().map_or(0, |row| row.seq.saturating_add(1));
        Ok(Self {
            first,
            next: AtomicI64::new(next),
        })
    }
}
