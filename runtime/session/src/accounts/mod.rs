//! Accounts and the keys that prove a password, without the password.

pub(crate) mod keys;
mod memory;
mod stored;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use sestina_storage::{Secret, StorageError};
use sestina_wire::BareJid;
use sestina_wire::clock::Random;
use thiserror::Error;

use crate::sasl::{AccountKeys, Authenticator, Hash, PasswordCheck, ScramKeys};

pub(crate) use keys::verify_apart;
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

    /// The keys of one hash, where that is all that is needed.
    ///
    /// # Errors
    /// What storage reports.
    async fn keys_of(
        &self,
        account: &BareJid,
        hash: Hash,
    ) -> Result<Option<ScramKeys>, StorageError> {
        let keys = self.keys(account).await?;
        Ok(keys.and_then(|keys| keys.of(hash).cloned()))
    }

    /// Puts the keys of one hash beside those of the others; `false` when there is no such account, or it has keys of
    /// that hash already.
    ///
    /// # Errors
    /// What storage reports.
    async fn add_keys(
        &self,
        account: &BareJid,
        hash: Hash,
        keys: ScramKeys,
    ) -> Result<bool, StorageError>;

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

/// Hears when an account gets another password: before that, and again after, before whoever changed it is told. So
/// nothing given out for the old one outlives it, wherever it is kept.
#[async_trait]
pub trait PasswordWatcher: Send + Sync {
    /// The account gets another password: what was given out for the old one is to be of no use.
    ///
    /// # Errors
    /// What storage reports.
    async fn password_changed(&self, account: &BareJid) -> Result<(), StorageError>;
}

/// Knows of accounts that are there, and into which nobody is let for now, whatever they show (XEP-0133 §4.3).
#[async_trait]
pub trait Suspensions: Send + Sync {
    /// Whether it is so for this account. Asked at every login, once that is right otherwise.
    ///
    /// # Errors
    /// What storage reports.
    async fn is_suspended(&self, account: &BareJid) -> Result<bool, StorageError>;
}

/// The accounts of all hosts in one storage.
#[derive(Clone)]
pub struct Accounts {
    store: Arc<dyn AccountStore>,
    watchers: Arc<Mutex<Vec<Arc<dyn PasswordWatcher>>>>,
    suspensions: Arc<Mutex<Vec<Arc<dyn Suspensions>>>>,
    random: Arc<dyn Random>,
}

impl Accounts {
    /// Accounts kept in `store`; salts come from `random`.
    pub fn new(store: Arc<dyn AccountStore>, random: Arc<dyn Random>) -> Accounts {
        Accounts {
            store,
            watchers: Arc::default(),
            suspensions: Arc::default(),
            random,
        }
    }

    /// Lets somebody know when an account gets another password.
    pub fn watch_passwords(&self, watcher: Arc<dyn PasswordWatcher>) {
        self.watchers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(watcher);
    }

    /// Asks somebody at every login whether the account is suspended.
    pub fn ask_suspensions(&self, suspensions: Arc<dyn Suspensions>) {
        self.suspensions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(suspensions);
    }

    /// Whether somebody says that nobody is let into this account.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn is_suspended(&self, account: &BareJid) -> Result<bool, StorageError> {
        let asked = {
            let suspensions = self.suspensions.lock();
            suspensions.unwrap_or_else(PoisonError::into_inner).clone()
        };
        for suspensions in asked {
            if suspensions.is_suspended(account).await? {
                return Ok(true);
            }
        }
        Ok(false)
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
        self.tell_watchers(account).await?;
        if !self.store.replace(account, keys).await? {
            return Err(AccountError::Unknown(account.clone()));
        }
        // Somebody may have come with the old one meanwhile.
        self.tell_watchers(account).await?;
        Ok(())
    }

    async fn tell_watchers(&self, account: &BareJid) -> Result<(), StorageError> {
        let watchers = {
            let watchers = self.watchers.lock();
            watchers.unwrap_or_else(PoisonError::into_inner).clone()
        };
        for watcher in watchers {
            watcher.password_changed(account).await?;
        }
        Ok(())
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
        Ok(verify_apart(keys, password).await)
    }

    /// Makes the account unless it is there. It has no password here: somebody else vouches for it.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn admit(&self, account: &BareJid) -> Result<(), StorageError> {
        if self.store.exists(account).await? {
            return Ok(());
        }
        match self.store.insert(account, AccountKeys::default()).await {
            Err(StorageError::Conflict) => Ok(()),
            other => other,
        }
    }

    /// What a host's door needs of its accounts.
    pub fn authenticator(&self, domain: BareJid) -> Arc<dyn Authenticator> {
        self.authenticator_with(domain, None)
    }

    /// The same with passwords that somebody else checks.
    pub fn authenticator_with(
        &self,
        domain: BareJid,
        passwords: Option<Arc<dyn PasswordCheck>>,
    ) -> Arc<dyn Authenticator> {
        Arc::new(OfHost {
            accounts: self.clone(),
            domain,
            passwords,
        })
    }

    async fn derive(&self, password: &str) -> Result<AccountKeys, AccountError> {
        let mut salts = [[0; 16]; 3];
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
    accounts: Accounts,
    domain: BareJid,
    passwords: Option<Arc<dyn PasswordCheck>>,
}

impl OfHost {
    /// A name that can be no account's is one more account that does not exist.
    fn account(&self, user: &str) -> Option<BareJid> {
        BareJid::new(Some(user), self.domain.domain()).ok()
    }
}

#[async_trait]
impl Authenticator for OfHost {
    async fn keys(&self, user: &str) -> Result<Option<AccountKeys>, StorageError> {
        match self.account(user) {
            Some(account) => self.accounts.store.keys(&account).await,
            None => Ok(None),
        }
    }

    async fn keys_of(&self, user: &str, hash: Hash) -> Result<Option<ScramKeys>, StorageError> {
        match self.account(user) {
            Some(account) => self.accounts.store.keys_of(&account, hash).await,
            None => Ok(None),
        }
    }

    async fn exists(&self, user: &str) -> Result<bool, StorageError> {
        match self.account(user) {
            Some(account) => self.accounts.exists(&account).await,
            None => Ok(false),
        }
    }

    async fn is_suspended(&self, user: &str) -> Result<bool, StorageError> {
        match self.account(user) {
            Some(account) => self.accounts.is_suspended(&account).await,
            None => Ok(false),
        }
    }

    async fn check(&self, user: &str, password: &Secret<String>) -> Result<bool, StorageError> {
        let Some(passwords) = &self.passwords else {
            let keys = self.keys(user).await?.unwrap_or_default();
            return Ok(verify_apart(keys, password.expose_secret()).await);
        };
        let Some(account) = self.account(user) else {
            return Ok(false);
        };
        let right = passwords.check(&account, password).await?;
        if right {
            self.accounts.admit(&account).await?;
        }
        Ok(right)
    }

    async fn admit(&self, user: &str) -> Result<(), StorageError> {
        match self.account(user) {
            Some(account) => self.accounts.admit(&account).await,
            None => Ok(()),
        }
    }

    async fn add_keys(
        &self,
        user: &str,
        hash: Hash,
        keys: ScramKeys,
    ) -> Result<bool, StorageError> {
        match self.account(user) {
            Some(account) => self.accounts.store.add_keys(&account, hash, keys).await,
            None => Ok(false),
        }
    }
}
