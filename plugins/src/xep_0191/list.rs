//! The lists in use: loaded once, changed one change at a time, in storage first and then in memory.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use sestina_session::host::{Account, Host};
use sestina_session::plugin::PluginError;
use sestina_storage::{ColumnValue as _, Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::xep_0191::tables::{BlockedAddresses, BlockedAddressesRow, BlockingStore};
use sestina_wire::{BareJid, Jid};
use tokio::sync::{Mutex, OnceCell, OwnedMutexGuard};

/// Finds the list of an account.
pub(super) struct Lists {
    storage: Storage,
    rows: BlockingStore,
}

/// Whom one account blocks.
pub(super) struct List {
    owner: BareJid,
    loaded: OnceCell<()>,
    addresses: RwLock<BTreeSet<Jid>>,
    /// Held while the list is changed, over the wait for storage.
    changing: Arc<Mutex<()>>,
}

/// The right to change a list.
pub(super) struct Changing {
    list: Arc<List>,
    order: OwnedMutexGuard<()>,
}

/// A change: the list as it will be, and what is different.
pub(super) struct Change {
    changing: Changing,
    next: BTreeSet<Jid>,
    /// What comes on the list or leaves it.
    different: BTreeSet<Jid>,
}

impl Lists {
    /// Lists in this storage, or, where it has none, in memory.
    pub(super) fn new(storage: &Storage) -> Result<Self, PluginError> {
        let storage = if storage.blocking().is_some() {
            storage.clone()
        } else {
            tracing::warn!(
                "the storage keeps no lists of those blocked: they are lost when the server stops"
            );
            Storage::memory()
        };
        let rows = storage
            .blocking()
            .ok_or_else(|| StorageError::Unsupported("blocking".into()))?;
        Ok(Self { storage, rows })
    }

    /// The list of an account that is online, from storage only once.
    pub(super) async fn load(&self, account: &Account) -> Result<Arc<List>, StorageError> {
        let list = account
            .extensions()
            .get_or_insert_with(|| List::of(account.jid()));
        list.loaded.get_or_try_init(|| self.read(&list)).await?;
        Ok(list)
    }

    /// The list of an account, online or not.
    pub(super) async fn of(&self, host: &Host, owner: &BareJid) -> Result<Arc<List>, StorageError> {
        if let Some(account) = host.account(owner) {
            return self.load(&account).await;
        }
        let list = Arc::new(List::of(owner));
        self.read(&list).await?;
        Ok(list)
    }

    async fn read(&self, list: &List) -> Result<(), StorageError> {
        let rows = self.rows.of_owner(&list.owner).await?;
        *list
            .addresses
            .write()
            .unwrap_or_else(PoisonError::into_inner) =
            rows.into_iter().map(|row| row.address).collect();
        Ok(())
    }

    /// Stores a change.
    pub(super) async fn store(
        &self,
        owner: &BareJid,
        change: Change,
    ) -> Result<Change, StorageError> {
        let mut transaction = self.storage.transaction();
        for address in &change.different {
            if change.next.contains(address) {
                transaction.put::<BlockedAddresses>(&BlockedAddressesRow {
                    owner: owner.clone(),
                    address: address.clone(),
                });
            } else {
                transaction.delete::<BlockedAddresses>(&[owner.to_value(), address.to_value()]);
            }
        }
        if !transaction.is_empty() {
            transaction.commit().await?;
        }
        Ok(change)
    }
}

impl List {
    fn of(owner: &BareJid) -> Self {
        List {
            owner: owner.detach(),
            loaded: OnceCell::new(),
            addresses: RwLock::default(),
            changing: Arc::default(),
        }
    }

    /// The list of an account that is online, where it has been loaded.
    pub(super) fn at_hand(account: &Account) -> Option<Arc<List>> {
        let list = account.extensions().get::<List>()?;
        list.loaded.initialized().then_some(list)
    }

    /// Whether somebody is on the list. The account itself never is: no client blocks another of the same account.
    pub(super) fn blocks(&self, other: &Jid) -> bool {
        let addresses = self
            .addresses
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        !addresses.is_empty()
            && other.bare_str() != self.owner.as_str()
            && covers(&addresses, other)
    }

    /// Everybody on it.
    pub(super) fn addresses(&self) -> Vec<Jid> {
        let addresses = self
            .addresses
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        addresses.iter().cloned().collect()
    }

    /// Waits until nobody else changes the list.
    pub(super) async fn change(self: &Arc<Self>) -> Changing {
        Changing {
            list: Arc::clone(self),
            order: Arc::clone(&self.changing).lock_owned().await,
        }
    }
}

impl Changing {
    fn to(self, next: BTreeSet<Jid>, now: &BTreeSet<Jid>) -> Change {
        Change {
            different: now.symmetric_difference(&next).cloned().collect(),
            next,
            changing: self,
        }
    }

    fn now(&self) -> BTreeSet<Jid> {
        self.list
            .addresses
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts addresses on the list.
    pub(super) fn block(self, addresses: impl Iterator<Item = Jid>) -> Change {
        let now = self.now();
        let mut next = now.clone();
        next.extend(addresses);
        self.to(next, &now)
    }

    /// Takes addresses off the list.
    pub(super) fn unblock<'a>(self, addresses: impl Iterator<Item = &'a Jid>) -> Change {
        let now = self.now();
        let mut next = now.clone();
        for address in addresses {
            next.remove(address);
        }
        self.to(next, &now)
    }

    /// Takes everybody off the list.
    pub(super) fn unblock_all(self) -> Change {
        let now = self.now();
        self.to(BTreeSet::new(), &now)
    }
}

impl Change {
    /// How long the list will be.
    pub(super) fn len(&self) -> usize {
        self.next.len()
    }

    /// Whether somebody was not blocked and will be, or the other way round.
    pub(super) fn concerns(&self, other: &Jid) -> bool {
        covers(&self.different, other) && {
            let now = self
                .changing
                .list
                .addresses
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            covers(&now, other) != covers(&self.next, other)
        }
    }

    /// From now on the list is the new one. The next change waits while what is returned is held, so that pushes keep
    /// their order.
    pub(super) fn apply(self) -> OwnedMutexGuard<()> {
        let Changing { list, order } = self.changing;
        *list
            .addresses
            .write()
            .unwrap_or_else(PoisonError::into_inner) = self.next;
        order
    }
}

/// Whether one of the addresses stands for this one (§5): itself, its account, its domain with the resource, its
/// domain.
fn covers(addresses: &BTreeSet<Jid>, other: &Jid) -> bool {
    let has = |address: &str| addresses.contains(address);
    has(other.as_str())
        || has(other.bare_str())
        || has(other.domain())
        || other.local().is_some()
            && other
                .resource()
                .is_some_and(|resource| has(&format!("{}/{resource}", other.domain())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_for_what_is_below_it() {
        let blocks = |address: &str, other: &str| {
            covers(
                &BTreeSet::from([Jid::parse(address).unwrap()]),
                &Jid::parse(other).unwrap(),
            )
        };
        let others = [
            "a@d.example/r",
            "a@d.example/s",
            "b@d.example/r",
            "d.example/r",
            "d.example",
            "a@e.example/r",
        ];
        for (address, expected) in [
            ("a@d.example/r", [true, false, false, false, false, false]),
            ("a@d.example", [true, true, false, false, false, false]),
            ("d.example/r", [true, false, true, true, false, false]),
            ("d.example", [true, true, true, true, true, false]),
        ] {
            assert_eq!(
                others.map(|other| blocks(address, other)),
                expected,
                "{address}"
            );
        }
    }
}
