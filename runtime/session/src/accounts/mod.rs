//! Accounts and the keys that prove a password, without the password.

pub(crate) mod keys;
mod memory;
mod stored;

use std::sync::Arc;

use async_trait::async_trait;
use sestina_storage::StorageError;
use sestina_wire::BareJid;
use sestina_wire::clock::Random;
use thiserror::Error;

use crate::sasl::{AccountKeys, Authenticator};

pub use keys::{ITERATIONS, derive, verify};
pub use memory::MemoryAccounts;
pub use stored::StoredAccounts;

/// Where accounts are kept.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Adds an account.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] when it is there already.
    async fn insert(&self, account: &BareJid, keys: AccountKeys) -> Result<(), StorageError>;

    /// Replaces the keys of an account; `false` when there is no such account.
    ///
    /// # Errors
    /// What storage reports.
    async fn replace(&self, account: &BareJid, keys: AccountKeys) -> Result<bool, StorageError>;

    /// Removes an account and its keys; `false` when there is no such account.
    ///
    /// # Errors
    /// What storage reports.
    async fn remove(&self, account: &BareJid) -> Result<bool, StorageError>;

    /// Whether there is such an account.
    ///
    /// # Errors
    /// What storage reports.
    async fn exists(&self, account: &BareJid) -> Result<bool, StorageError>;

    /// The keys of an account; `None` also for an account that has none.
    ///
    /// # Errors
    /// What storage reports.
    async fn keys(&self, account: &BareJid) -> Result<Option<AccountKeys>, StorageError>;

    /// The accounts of a domain, in order.
    ///
    /// # Errors
    /// What storage reports.
    async fn list(&self, domain: &str) -> Result<Vec<BareJid>, StorageError>;
}

/// Why an account could not be made or changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AccountError {
    /// There is an account of this name already.
    #[error("{0} exists already")]
    Exists(BareJid),
    /// There is no account of this name.
    #[error("there is no account {0}")]
    Unknown(BareJid),
    /// An account has a localpart; a domain alone has none.
    #[error("{0} is no account: a name before the @ is missing")]
    NoLocalpart(BareJid),
    /// The password is empty, or holds characters that SASLprep forbids (RFC 4013).
    #[error(
        "this password cannot be used: it is empty or holds characters that cannot be typed everywhere"
    )]
    Password,
    /// Storage did not do it.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The accounts of all hosts in one storage.
#[derive(Clone)]
pub struct Accounts {
    store: Arc<dyn AccountStore>,
    random: Arc<dyn Random>,
}

impl Accounts {
    /// Accounts kept in `store`; salts come from `random`.
    pub fn new(store: Arc<dyn AccountStore>, random: Arc<dyn Random>) -> Accounts {
        Accounts { store, random }
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`AccountError::Exists`], [`AccountError::NoLocalpart`], [`AccountError::Password`], or what storage reports.
    pub async fn create(&self, account: &BareJid, password: &str) -> Result<(), AccountError> {
        if account.local().is_none() {
            return Err(AccountError::NoLocalpart(account.clone()));
        }
        let keys = self.derive(password).await?;
        match self.store.insert(account, keys).await {
            Err(StorageError::Conflict) => Err(AccountError::Exists(account.clone())),
            other => Ok(other?),
        }
    }

    /// Changes the password of an account.
    ///
    /// # Errors
    /// [`AccountError::Unknown`], [`AccountError::Password`], or what storage reports.
    pub async fn set_password(
        &self,
        account: &BareJid,
        password: &str,
    ) -> Result<(), AccountError> {
        let keys = self.derive(password).await?;
        if self.store.replace(account, keys).await? {
            Ok(())
        } else {
            Err(AccountError::Unknown(account.clone()))
        }
    }

    /// Removes an account. Its roster and whatever else belongs to it are removed by those who keep them.
    ///
    /// # Errors
    /// [`AccountError::Unknown`], or what storage reports.
    pub async fn remove(&self, account: &BareJid) -> Result<(), AccountError> {
        if self.store.remove(account).await? {
            Ok(())
        } else {
            Err(AccountError::Unknown(account.clone()))
        }
    }

    /// Whether there is such an account.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn exists(&self, account: &BareJid) -> Result<bool, StorageError> {
        self.store.exists(account).await
    }

    /// The accounts of a domain, in order.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn list(&self, domain: &str) -> Result<Vec<BareJid>, StorageError> {
        self.store.list(domain).await
    }

    /// Whether this is the password of that account. Costs the same for an account that does not exist.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn authenticate(
        &self,
        account: &BareJid,
        password: &str,
    ) -> Result<bool, StorageError> {
        let keys = self.store.keys(account).await?.unwrap_or_default();
        let password = zeroize::Zeroizing::new(password.to_owned());
        Ok(keys::off_the_runtime(move || verify(&keys, &password)).await)
    }

    /// What a host's door needs of its accounts.
    pub fn authenticator(&self, domain: BareJid) -> Arc<dyn Authenticator> {
        Arc::new(OfHost {
            store: self.store.clone(),
            domain,
        })
    }

    async fn derive(&self, password: &str) -> Result<AccountKeys, AccountError> {
        let mut salts = [[0; 16]; 2];
        for salt in &mut salts {
            self.random.fill(salt);
        }
        let password = zeroize::Zeroizing::new(password.to_owned());
        keys::off_the_runtime(move || derive(&password, salts))
            .await
            .ok_or(AccountError::Password)
    }
}

/// The accounts of one domain.
struct OfHost {
    store: Arc<dyn AccountStore>,
    domain: BareJid,
}

#[async_trait]
impl Authenticator for OfHost {
    async fn keys(&self, user: &str) -> Result<Option<AccountKeys>, StorageError> {
        match BareJid::new(Some(user), self.domain.domain()) {
            Ok(account) => self.store.keys(&account).await,
            // A name that can be no account's is one more account that does not exist.
            Err(_) => Ok(None),
        }
    }
}
