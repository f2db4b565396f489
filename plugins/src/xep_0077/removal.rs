//! The end of an account (§3.2), whoever ends it.

use std::sync::Arc;
use std::time::Duration;

use sestina_session::accounts::AccountError;
use sestina_session::host::{Host, Resources};
use sestina_types::TABLES;
use sestina_wire::{BareJid, Stanza};

use crate::{rfc_6121, xep_0363};

/// How long the sessions of a removed account may take to end.
const SESSIONS_END: Duration = Duration::from_secs(3);

/// An account into which nobody can log in any more, with what is left of it.
#[must_use = "its sessions and what it stored are still there"]
pub struct Removal {
    host: Arc<Host>,
    account: BareJid,
    farewells: Vec<Stanza>,
}

impl Removal {
    /// Takes the account away.
    ///
    /// # Errors
    /// [`AccountError::Unknown`], or what storage reports.
    pub async fn begin(host: &Arc<Host>, account: &BareJid) -> Result<Self, AccountError> {
        let unknown = || AccountError::Unknown(account.clone());
        let accounts = host.accounts().ok_or_else(unknown)?;
        let farewells = rfc_6121::farewells(host.storage(), account).await?;
        accounts.remove(account).await?;
        Ok(Self {
            host: Arc::clone(host),
            account: account.clone(),
            farewells,
        })
    }

    /// Ends its sessions, then erases what was kept for it and tells its contacts. Returns how many sessions there were.
    pub fn finish(self) -> usize {
        let sessions = self.host.resources(&self.account);
        let ended = self.host.end_account(&self.account);
        tokio::spawn(self.clear(sessions));
        ended
    }

    /// Clears away what its sessions stored to the last, and its subscriptions.
    async fn clear(self, sessions: Resources) {
        for session in sessions {
            // A session that does not end in time can store nothing that anybody would get.
            let _ = tokio::time::timeout(SESSIONS_END, session.gone()).await;
        }
        let (host, account) = (self.host, self.account);
        if let Err(error) = host.storage().erase(TABLES, account.as_str()).await {
            tracing::error!(%account, %error, "something that was kept for a removed account stays");
        }
        if let Some(files) = xep_0363::Files::of(&host) {
            files.tidy_soon();
        }
        for farewell in self.farewells {
            host.send(farewell);
        }
    }
}
