//! The rosters in use: loaded once, changed one change at a time, in storage first and then in memory.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use sestina_session::host::Account;
use sestina_session::plugin::PluginError;
use sestina_storage::{ColumnValue as _, Storage, StorageError, Transaction};
use sestina_types::Stores as _;
use sestina_types::rfc_6121::tables::{
    Roster as RosterTable, RosterStore, RosterVersions, RosterVersionsRow, RosterVersionsStore,
    SubscriptionRequests, SubscriptionRequestsRow, SubscriptionRequestsStore,
};
use sestina_wire::clock::Clock;
use sestina_wire::{BareJid, Text};
use tokio::sync::{MutexGuard, OnceCell};

use super::roster::{Contact, Roster};
use crate::held::Held;

/// Finds the roster of an account.
pub(super) struct Book {
    storage: Storage,
    rosters: RosterStore,
    versions: RosterVersionsStore,
    requests: SubscriptionRequestsStore,
    clock: Arc<dyn Clock>,
    /// Rosters somebody holds. An account that is online holds its own.
    open: Held<Page>,
}

/// The roster of one account.
pub(super) struct Page {
    owner: BareJid,
    loaded: OnceCell<()>,
    roster: RwLock<Roster>,
    /// Held while the roster is changed, over the wait for storage.
    change: tokio::sync::Mutex<()>,
}

/// The right to change a roster.
pub(super) struct Change<'a> {
    book: &'a Book,
    page: &'a Page,
    guard: MutexGuard<'a, ()>,
    next: Roster,
    transaction: Transaction,
}

/// A change is stored; the next one waits while this is held, so that pushes keep their order.
pub(super) struct Changed<'a> {
    _guard: MutexGuard<'a, ()>,
}

impl Book {
    /// Rosters in this storage, or, where it has none, in memory.
    pub(super) fn new(storage: &Storage, clock: &Arc<dyn Clock>) -> Result<Self, PluginError> {
        let has = storage.roster().is_some()
            && storage.roster_versions().is_some()
            && storage.subscription_requests().is_some();
        let storage = if has {
            storage.clone()
        } else {
            tracing::warn!("the storage keeps no rosters: they are lost when the server stops");
            Storage::memory()
        };
        let missing = || StorageError::Unsupported("rosters".into());
        Ok(Book {
            rosters: storage.roster().ok_or_else(missing)?,
            versions: storage.roster_versions().ok_or_else(missing)?,
            requests: storage.subscription_requests().ok_or_else(missing)?,
            storage,
            clock: Arc::clone(clock),
            open: Held::default(),
        })
    }

    /// The roster of an account that is online; it stays in memory for as long as that.
    pub(super) async fn open_for(&self, account: &Account) -> Result<Arc<Page>, StorageError> {
        if let Some(page) = Self::at_hand(account) {
            return Ok(page);
        }
        let page = self.open(account.jid()).await?;
        account.extensions().insert(Arc::clone(&page));
        Ok(page)
    }

    /// The roster of an account that is online, where it is at hand, which it is once one of its sessions has sent
    /// presence or asked for it: no storage is asked.
    pub(super) fn at_hand(account: &Account) -> Option<Arc<Page>> {
        account.extensions().get()
    }

    /// The roster of an account.
    pub(super) async fn open(&self, owner: &BareJid) -> Result<Arc<Page>, StorageError> {
        let page = self.page(owner);
        page.loaded.get_or_try_init(|| self.load(&page)).await?;
        Ok(page)
    }

    /// Whether an account, online or not, takes part in a channel (XEP-0405 §2.8).
    pub(super) async fn is_channel(
        &self,
        owner: &BareJid,
        other: &BareJid,
    ) -> Result<bool, StorageError> {
        let row = self.rosters.get(owner, other).await?;
        Ok(row.is_some_and(|row| row.channel.is_some()))
    }

    fn page(&self, owner: &BareJid) -> Arc<Page> {
        self.open.get(owner, |owner| Page {
            owner,
            loaded: OnceCell::new(),
            roster: RwLock::default(),
            change: tokio::sync::Mutex::default(),
        })
    }

    async fn load(&self, page: &Page) -> Result<(), StorageError> {
        let (contacts, requests, version) = tokio::try_join!(
            self.rosters.of_owner(&page.owner),
            self.requests.of_owner(&page.owner),
            self.versions.get(&page.owner),
        )?;
        let roster = Roster {
            contacts: contacts.into_iter().map(Contact::from_row).collect(),
            requests: requests
                .into_iter()
                .map(|row| (row.contact, Text::from(row.stanza)))
                .collect(),
            version: version.map_or(0, |row| row.version),
        };
        *page.roster.write().unwrap_or_else(PoisonError::into_inner) = roster;
        Ok(())
    }

    /// Waits until nobody else changes the roster.
    pub(super) async fn change<'a>(&'a self, page: &'a Page) -> Change<'a> {
        let guard = page.change.lock().await;
        Change {
            book: self,
            page,
            guard,
            next: page.read().clone(),
            transaction: self.storage.transaction(),
        }
    }
}

impl Page {
    /// The roster now. Not to be held over a wait.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Roster> {
        self.roster.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Change<'a> {
    /// The roster as it will be.
    pub(super) fn roster(&self) -> &Roster {
        &self.next
    }

    /// Puts a contact in, or in place of what was there. This is a new version of the roster.
    pub(super) fn put(&mut self, jid: &BareJid, contact: Contact) {
        let (owner, version) = (self.page.owner.clone(), self.bump());
        self.transaction
            .put::<RosterTable>(&contact.row(&owner, jid, version));
        self.next.contacts.insert(jid.detach(), contact);
    }

    /// Takes a contact out. This is a new version of the roster.
    pub(super) fn remove(&mut self, jid: &BareJid) {
        self.bump();
        self.transaction
            .delete::<RosterTable>(&[self.page.owner.to_value(), jid.to_value()]);
        self.next.contacts.remove(jid);
    }

    /// Keeps a request until it is answered. The roster does not show it.
    pub(super) fn put_request(&mut self, from: &BareJid, stanza: String) {
        self.transaction
            .put::<SubscriptionRequests>(&SubscriptionRequestsRow {
                owner: self.page.owner.clone(),
                contact: from.clone(),
                received: self.book.clock.now(),
                stanza: stanza.clone(),
            });
        self.next.requests.insert(from.detach(), Text::from(stanza));
    }

    /// Forgets a request.
    pub(super) fn remove_request(&mut self, from: &BareJid) {
        self.transaction
            .delete::<SubscriptionRequests>(&[self.page.owner.to_value(), from.to_value()]);
        self.next.requests.remove(from);
    }

    /// The next version. It never falls behind the clock: the roster of an account that was removed and made anew
    /// shares no version with the old one.
    fn bump(&mut self) -> i64 {
        let version = self
            .book
            .clock
            .now()
            .as_second()
            .max(self.next.version.saturating_add(1));
        self.next.version = version;
        let row = RosterVersionsRow {
            owner: self.page.owner.clone(),
            version,
        };
        self.transaction.put::<RosterVersions>(&row);
        version
    }

    /// Stores the change; everybody sees it once it is stored.
    pub(super) async fn commit(self) -> Result<Changed<'a>, StorageError> {
        if !self.transaction.is_empty() {
            self.transaction.commit().await?;
            *self
                .page
                .roster
                .write()
                .unwrap_or_else(PoisonError::into_inner) = self.next;
        }
        Ok(Changed { _guard: self.guard })
    }
}
