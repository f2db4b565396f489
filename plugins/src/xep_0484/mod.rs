//! XEP-0484, Fast Authentication Streamlining Tokens: a client that has logged in once comes back with a token.
//!
//! The table holds no tokens: each is made from a random seed in it and a secret of the host that is not in the storage.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use sestina_session::accounts::PasswordWatcher;
use sestina_session::host::Host;
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::sasl::HashedToken;
use sestina_session::sasl::token::{initiator_proof, responder_proof, same_proof};
use sestina_session::session::{
    HeldToken, IssuedToken, Login, TokenAttempt, TokenKeeper, TokenOutcome,
};
use sestina_skeletons::xep_0484::{self as skeleton, Settings};
use sestina_storage::{Secret, StorageError};
use sestina_types::Stores as _;
use sestina_types::xep_0484::tables::{FastTokensRow, FastTokensStore};
use sestina_wire::{BareJid, Timestamp};
use tokio::sync::Mutex;

/// Accounts whose tokens are checked at a time, about.
const LANES: usize = 64;

/// The server's part.
pub struct Server {
    keeper: Option<Arc<Keeper>>,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let Some(store) = setup.storage().fast_tokens() else {
            tracing::warn!("the storage keeps no tokens: clients log in with their passwords");
            return Ok(Self { keeper: None });
        };
        let keeper = Keeper {
            store,
            host: Arc::downgrade(setup.host),
            lifetime: setup.settings.token_lifetime.0,
            renew_after: setup.settings.renew_after.0,
            lanes: (0..LANES).map(|_| Mutex::new(())).collect(),
            hasher: RandomState::new(),
        };
        Ok(Self {
            keeper: Some(Arc::new(keeper)),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        if let Some(keeper) = &self.keeper {
            registrar.tokens(keeper.clone());
            if let Some(accounts) = registrar.host().accounts() {
                accounts.watch_passwords(keeper.clone());
            }
        }
        Ok(())
    }
}

/// Knows the tokens of a host.
struct Keeper {
    store: FastTokensStore,
    host: std::sync::Weak<Host>,
    lifetime: Duration,
    renew_after: Duration,
    /// Held while a token is used, so that one count is taken once (§3.4).
    lanes: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Keeper {
    fn host(&self) -> Result<Arc<Host>, StorageError> {
        let gone = || StorageError::Unavailable("the host has stopped".into());
        self.host.upgrade().ok_or_else(gone)
    }

    async fn lane(&self, account: &BareJid) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let hash = usize::try_from(self.hasher.hash_one(account) >> 32).unwrap_or_default();
        match self.lanes.get(hash % LANES) {
            Some(lane) => Some(lane.lock().await),
            None => None,
        }
    }
}

/// A time so long after another; the end of time where there is none.
fn later(from: Timestamp, by: Duration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The token of a row.
fn token(host: &Host, row: &FastTokensRow) -> Secret<String> {
    let parts: [&[u8]; 7] = [
        row.owner.as_str().as_bytes(),
        b"\0",
        row.client.as_bytes(),
        b"\0",
        row.mechanism.as_bytes(),
        b"\0",
        row.token.expose_secret(),
    ];
    let key = host.key("fast token", &parts);
    Secret::new(BASE64_URL_SAFE_NO_PAD.encode(key.expose_secret()))
}

#[async_trait]
impl PasswordWatcher for Keeper {
    /// Who knew the old password may have got tokens with it.
    async fn password_changed(&self, account: &BareJid) -> Result<(), StorageError> {
        self.store.delete_of_owner(account).await.map(drop)
    }
}

#[async_trait]
impl TokenKeeper for Keeper {
    async fn check(&self, attempt: TokenAttempt<'_>) -> Result<TokenOutcome, StorageError> {
        let host = self.host()?;
        let _lane = self.lane(attempt.account).await;
        let rows = self
            .store
            .of_client(attempt.account, attempt.client)
            .await?;
        // All of them are looked at, whichever fits.
        let mut found = None;
        for row in &rows {
            let token = token(&host, row);
            let proof = initiator_proof(token.expose_secret(), attempt.binding);
            // A token is for the mechanism it was asked for, and for no other (§3.3).
            let fits =
                same_proof(&proof, attempt.proof) & (row.mechanism == attempt.mechanism.name());
            if fits {
                found = Some((row.clone(), token));
            }
        }
        let Some((mut row, token)) = found else {
            return Ok(TokenOutcome::Wrong);
        };
        let now = host.clock().now();
        if row.expires <= now {
            self.store
                .delete(&row.owner, &row.client, row.issued)
                .await?;
            return Ok(TokenOutcome::Expired);
        }
        // The same count again is somebody else's, who has listened (§3.4).
        let count = attempt.count.map(i64::from);
        if count.is_some_and(|count| count <= row.last_count) {
            return Ok(TokenOutcome::Wrong);
        }
        if attempt.invalidate {
            self.store
                .delete(&row.owner, &row.client, row.issued)
                .await?;
        } else if !row.current || count.is_some() {
            row.current = true;
            row.last_count = count.unwrap_or(row.last_count);
            self.store.put(&row).await?;
        }
        for older in rows.iter().filter(|older| older.issued < row.issued) {
            self.store
                .delete(&older.owner, &older.client, older.issued)
                .await?;
        }
        Ok(TokenOutcome::Good {
            proof: responder_proof(token.expose_secret(), attempt.binding),
            renew: later(row.issued, self.renew_after) <= now,
        })
    }

    async fn issue(
        &self,
        login: &Login,
        client: &str,
        mechanism: HashedToken,
    ) -> Result<IssuedToken, StorageError> {
        let host = self.host()?;
        let _lane = self.lane(&login.account).await;
        // Those that the client never came back with are of no use to it (§3.4).
        for unused in self.store.of_client(&login.account, client).await? {
            if !unused.current {
                self.store
                    .delete(&unused.owner, &unused.client, unused.issued)
                    .await?;
            }
        }
        let mut seed = vec![0; 32];
        host.random().fill(&mut seed);
        let issued = host.clock().now();
        let row = FastTokensRow {
            owner: login.account.clone(),
            client: client.to_owned(),
            issued,
            mechanism: mechanism.name().to_owned(),
            token: Secret::new(seed),
            expires: later(issued, self.lifetime),
            last_count: 0,
            current: false,
        };
        self.store.put(&row).await?;
        Ok(IssuedToken {
            token: token(&host, &row),
            expires: row.expires,
        })
    }

    async fn held(&self, account: &BareJid) -> Result<Vec<HeldToken>, StorageError> {
        let now = self.host()?.clock().now();
        let rows = self.store.of_owner(account).await?.into_iter();
        let good = rows.filter(|row| row.expires > now);
        Ok(good
            .map(|row| HeldToken {
                client: row.client,
                issued: row.issued,
            })
            .collect())
    }

    async fn revoke(&self, account: &BareJid, client: &str) -> Result<(), StorageError> {
        let _lane = self.lane(account).await;
        self.store.delete_of_client(account, client).await.map(drop)
    }
}
