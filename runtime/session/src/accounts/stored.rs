//! Accounts in the server's storage.

use std::sync::Arc;

use async_trait::async_trait;
use sestina_storage::{ColumnValue as _, Range, Storage, StorageError};
use sestina_types::rfc_6120::tables::{
    Credentials, CredentialsRow, CredentialsStore, Users, UsersRow, UsersStore,
};
use sestina_types::{Stores as _, TABLES};
use sestina_wire::BareJid;
use sestina_wire::clock::{Clock, SystemClock};
use tokio::sync::Mutex;

use crate::accounts::{AccountStore, MemoryAccounts};
use crate::sasl::{AccountKeys, Hash, ScramKeys};

/// How many accounts are read at a time for a list.
const PAGE: u32 = 1000;

/// An [`AccountStore`] over the tables `users` and `credentials`.
///
/// Where the backend does not have them, accounts last as long as the process, and a warning says so.
pub struct StoredAccounts {
    storage: Storage,
    tables: Option<Tables>,
    instead: MemoryAccounts,
    clock: Arc<dyn Clock>,
    /// Held while an account is changed or removed: new keys must not outlive the account.
    changing: Mutex<()>,
}

struct Tables {
    users: UsersStore,
    credentials: CredentialsStore,
}

impl StoredAccounts {
    /// The accounts of this storage, whose tables are prepared.
    pub fn new(storage: &Storage) -> StoredAccounts {
        StoredAccounts::with_clock(storage, Arc::new(SystemClock))
    }

    /// The same with another clock, which tells when accounts were made.
    pub fn with_clock(storage: &Storage, clock: Arc<dyn Clock>) -> StoredAccounts {
        let tables = storage
            .users()
            .zip(storage.credentials())
            .map(|(users, credentials)| Tables { users, credentials });
        if tables.is_none() {
            tracing::warn!(
                storage = storage.backend_name(),
                "the storage keeps no accounts: they are lost when the server stops"
            );
        }
        StoredAccounts {
            storage: storage.clone(),
            tables,
            instead: MemoryAccounts::new(),
            clock,
            changing: Mutex::default(),
        }
    }
}

/// The row of one hash's keys.
fn row(account: &BareJid, hash: Hash, keys: ScramKeys) -> CredentialsRow {
    CredentialsRow {
        account: account.clone(),
        mechanism: hash.scram().to_owned(),
        salt: keys.salt,
        iterations: keys.iterations.into(),
        stored_key: keys.stored_key,
        server_key: keys.server_key,
    }
}

/// The keys in a row.
fn stored(row: CredentialsRow) -> Result<ScramKeys, StorageError> {
    Ok(ScramKeys {
        iterations: row.iterations.try_into().map_err(StorageError::corrupt)?,
        salt: row.salt,
        stored_key: row.stored_key,
        server_key: row.server_key,
    })
}

/// The rows of an account's keys.
fn rows<'a>(
    account: &'a BareJid,
    keys: &'a AccountKeys,
) -> impl Iterator<Item = CredentialsRow> + 'a {
    Hash::ALL
        .into_iter()
        .filter_map(|hash| Some(row(account, hash, keys.of(hash)?.clone())))
}

#[async_trait]
impl AccountStore for StoredAccounts {
    async fn insert(&self, account: &BareJid, keys: AccountKeys) -> Result<(), StorageError> {
        if self.tables.is_none() {
            return self.instead.insert(account, keys).await;
        }
        let mut transaction = self.storage.transaction();
        transaction.insert::<Users>(&UsersRow {
            account: account.clone(),
            domain: account.domain().to_owned(),
            created: self.clock.now(),
        });
        for row in rows(account, &keys) {
            transaction.put::<Credentials>(&row);
        }
        transaction.commit().await.map(drop)
    }

    async fn replace(&self, account: &BareJid, keys: AccountKeys) -> Result<bool, StorageError> {
        let Some(tables) = &self.tables else {
            return self.instead.replace(account, keys).await;
        };
        let _changing = self.changing.lock().await;
        if tables.users.get(account).await?.is_none() {
            return Ok(false);
        }
        let mut transaction = self.storage.transaction();
        // A mechanism the new keys lack must not go on with the old password.
        for hash in Hash::ALL {
            transaction.delete::<Credentials>(&[account.to_value(), hash.scram().into()]);
        }
        for row in rows(account, &keys) {
            transaction.put::<Credentials>(&row);
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Removes with the account every row of every table that belongs to it.
    async fn remove(&self, account: &BareJid) -> Result<bool, StorageError> {
        if self.tables.is_none() {
            return self.instead.remove(account).await;
        }
        let _changing = self.changing.lock().await;
        let mut transaction = self.storage.transaction();
        transaction.delete::<Users>(&[account.to_value()]);
        for table in TABLES {
            if self.storage.supports(table) {
                transaction.erase(table, account.as_str());
            }
        }
        let outcomes = transaction.commit().await?;
        Ok(outcomes.first().is_some_and(|users| users.removed() > 0))
    }

    async fn exists(&self, account: &BareJid) -> Result<bool, StorageError> {
        match &self.tables {
            Some(tables) => Ok(tables.users.get(account).await?.is_some()),
            None => self.instead.exists(account).await,
        }
    }

    async fn keys(&self, account: &BareJid) -> Result<Option<AccountKeys>, StorageError> {
        let Some(tables) = &self.tables else {
            return self.instead.keys(account).await;
        };
        let rows = tables.credentials.of_account(account).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let mut keys = AccountKeys::default();
        for row in rows {
            let mut hashes = Hash::ALL.into_iter();
            let Some(hash) = hashes.find(|hash| hash.scram() == row.mechanism) else {
                // Of a later version.
                continue;
            };
            keys.set(hash, stored(row)?);
        }
        Ok(Some(keys))
    }

    /// One row, where a login needs no other.
    async fn keys_of(
        &self,
        account: &BareJid,
        hash: Hash,
    ) -> Result<Option<ScramKeys>, StorageError> {
        let Some(tables) = &self.tables else {
            return self.instead.keys_of(account, hash).await;
        };
        let row = tables.credentials.get(account, hash.scram()).await?;
        row.map(stored).transpose()
    }

    async fn add_keys(
        &self,
        account: &BareJid,
        hash: Hash,
        keys: ScramKeys,
    ) -> Result<bool, StorageError> {
        let Some(tables) = &self.tables else {
            return self.instead.add_keys(account, hash, keys).await;
        };
        let _changing = self.changing.lock().await;
        if tables.users.get(account).await?.is_none() {
            return Ok(false);
        }
        // A new password brings keys of every hash: what was made from the old one is not to take their place.
        let there = tables.credentials.of_account(account).await?;
        if there.iter().any(|row| row.mechanism == hash.scram()) {
            return Ok(false);
        }
        let mut transaction = self.storage.transaction();
        transaction.put::<Credentials>(&row(account, hash, keys));
        transaction.commit().await?;
        Ok(true)
    }

    async fn list(&self, domain: &str) -> Result<Vec<BareJid>, StorageError> {
        let Some(tables) = &self.tables else {
            return self.instead.list(domain).await;
        };
        let mut accounts: Vec<BareJid> = Vec::new();
        loop {
            let range = accounts.last().map_or(Range::all(), Range::after);
            let page = tables
                .users
                .of_domain_page(domain, range, PAGE, false)
                .await?;
            let last = page.len() < PAGE as usize;
            accounts.extend(page.into_iter().map(|row| row.account));
            if last {
                return Ok(accounts);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sestina_storage::memory::Memory;
    use sestina_wire::clock::SystemRandom;

    use super::*;
    use crate::accounts::{AccountError, Accounts};

    fn jid(text: &str) -> BareJid {
        BareJid::parse(text).unwrap()
    }

    async fn come_and_go(storage: Storage) {
        let store = Arc::new(StoredAccounts::new(&storage));
        let accounts = Accounts::new(store.clone(), Arc::new(SystemRandom));
        let (romeo, juliet) = (jid("romeo@one.example"), jid("juliet@one.example"));
        for account in [&romeo, &juliet, &jid("romeo@two.example")] {
            accounts.create(account, "secret").await.unwrap();
        }
        let again = accounts.create(&romeo, "other").await;
        assert!(matches!(again, Err(AccountError::Exists(_))));
        assert!(accounts.authenticate(&romeo, "secret").await.unwrap());
        let all = accounts.list("one.example").await.unwrap();
        assert_eq!(all, [juliet.clone(), romeo.clone()]);

        accounts.set_password(&romeo, "other").await.unwrap();
        assert!(accounts.authenticate(&romeo, "other").await.unwrap());
        assert!(!accounts.authenticate(&romeo, "secret").await.unwrap());

        accounts.remove(&romeo).await.unwrap();
        assert!(!accounts.exists(&romeo).await.unwrap());
        assert!(accounts.exists(&juliet).await.unwrap());
        assert!(accounts.exists(&jid("romeo@two.example")).await.unwrap());
        let gone = accounts.remove(&romeo).await;
        assert!(matches!(gone, Err(AccountError::Unknown(_))));
        let gone = accounts.set_password(&romeo, "new").await;
        assert!(matches!(gone, Err(AccountError::Unknown(_))));
        assert!(store.keys(&romeo).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn in_tables() {
        let storage = Storage::memory();
        storage.prepare(TABLES, &[]).await.unwrap();
        come_and_go(storage).await;
    }

    #[tokio::test]
    async fn without_tables() {
        come_and_go(Storage::new(Arc::new(Memory::without(&["users"])))).await;
    }

    #[tokio::test]
    async fn what_belongs_to_it_goes_with_it() {
        use sestina_types::rfc_6121::tables::RosterVersionsRow;
        let storage = Storage::memory();
        storage.prepare(TABLES, &[]).await.unwrap();
        let accounts = StoredAccounts::new(&storage);
        let versions = storage.roster_versions().unwrap();
        for account in ["romeo@one.example", "romeo@two.example"] {
            accounts
                .insert(&jid(account), AccountKeys::default())
                .await
                .unwrap();
            let row = RosterVersionsRow {
                owner: jid(account),
                version: 7,
            };
            versions.put(&row).await.unwrap();
        }
        assert!(accounts.remove(&jid("romeo@one.example")).await.unwrap());
        assert!(
            versions
                .get(&jid("romeo@one.example"))
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            versions
                .get(&jid("romeo@two.example"))
                .await
                .unwrap()
                .is_some()
        );
    }
}
