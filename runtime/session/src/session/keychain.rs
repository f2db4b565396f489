//! What a client remembers of a server from one login to the next.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use sestina_storage::Secret;
use sestina_wire::{BareJid, Timestamp};

use crate::sasl::HashedToken;

/// A token with which a client comes back (XEP-0484). To be kept like a password.
#[derive(Clone, Debug)]
pub struct KeptToken {
    /// The mechanism it is for.
    pub mechanism: HashedToken,
    /// The token.
    pub token: Secret<String>,
    /// Until when it is good.
    pub expires: Timestamp,
}

/// Remembers tokens, and that a server once took something better than the bare password.
#[async_trait]
pub trait Keychain: Send + Sync {
    /// The token of an account.
    async fn token(&self, account: &BareJid) -> Option<KeptToken>;

    /// Keeps a token in place of the one before, or forgets that.
    async fn keep_token(&self, account: &BareJid, token: Option<KeptToken>);

    /// Whether the account has once logged in without showing its password: PLAIN is not used any more then
    /// (XEP-0474 §6).
    async fn is_pinned(&self, account: &BareJid) -> bool;

    /// Notes that it has.
    async fn pin(&self, account: &BareJid);
}

/// A [`Keychain`] that forgets everything at the end of the process.
#[derive(Debug, Default)]
pub struct MemoryKeychain {
    accounts: Mutex<HashMap<BareJid, Remembered>>,
}

#[derive(Debug, Default)]
struct Remembered {
    token: Option<KeptToken>,
    pinned: bool,
}

impl MemoryKeychain {
    /// Remembers nothing yet.
    pub fn new() -> MemoryKeychain {
        MemoryKeychain::default()
    }

    fn with<R>(&self, account: &BareJid, work: impl FnOnce(&mut Remembered) -> R) -> R {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        work(accounts.entry(account.clone()).or_default())
    }
}

#[async_trait]
impl Keychain for MemoryKeychain {
    async fn token(&self, account: &BareJid) -> Option<KeptToken> {
        self.with(account, |known| known.token.clone())
    }

    async fn keep_token(&self, account: &BareJid, token: Option<KeptToken>) {
        self.with(account, |known| known.token = token);
    }

    async fn is_pinned(&self, account: &BareJid) -> bool {
        self.with(account, |known| known.pinned)
    }

    async fn pin(&self, account: &BareJid) {
        self.with(account, |known| known.pinned = true);
    }
}
