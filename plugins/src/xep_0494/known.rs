//! What is kept of clients.

use std::sync::Arc;

use sestina_session::plugin::Setup;
use sestina_session::sasl::Method;
use sestina_session::session::Login;
use sestina_skeletons::xep_0494::Settings;
use sestina_storage::StorageError;
use sestina_types::xep_0494::tables::{ClientsRow, ClientsStore};
use sestina_wire::clock::Clock;
use sestina_wire::{BareJid, Text};

/// The clients that have said what they are.
pub(super) struct Known {
    store: ClientsStore,
    clock: Arc<dyn Clock>,
    user_agents: bool,
    most: usize,
}

impl Known {
    pub(super) fn new(store: ClientsStore, setup: &Setup<'_, Settings>) -> Self {
        Self {
            store,
            clock: setup.host.clock().clone(),
            user_agents: setup.settings.user_agents,
            most: usize::try_from(setup.settings.most).unwrap_or_default(),
        }
    }

    /// The clients of an account.
    pub(super) async fn of(&self, account: &BareJid) -> Result<Vec<ClientsRow>, StorageError> {
        self.store.of_owner(account).await
    }

    /// A client has logged in.
    pub(super) async fn saw(&self, login: &Login) -> Result<(), StorageError> {
        let Some(client) = &login.user_agent.id else {
            return Ok(());
        };
        let now = self.clock.now();
        let known = self.store.get(&login.account, client).await?;
        let is_new = known.is_none();
        let mut row = known.unwrap_or_else(|| ClientsRow {
            owner: login.account.clone(),
            client: client.to_string(),
            software: None,
            device: None,
            first_seen: now,
            last_seen: now,
            password: false,
            granted: false,
            certificate: false,
        });
        row.last_seen = now;
        let name = |said: &Option<Text>| said.as_ref().map(|said| said.to_string());
        if self.user_agents {
            row.software = name(&login.user_agent.software);
            row.device = name(&login.user_agent.device);
        }
        match login.method {
            Method::Password => row.password = true,
            Method::Grant => row.granted = true,
            Method::Certificate => row.certificate = true,
            // A token stands for what it was given for.
            _ => {}
        }
        self.store.put(&row).await?;
        if is_new {
            self.make_room(&login.account).await?;
        }
        Ok(())
    }

    /// Forgets the clients that were away for longest, where there are too many.
    async fn make_room(&self, account: &BareJid) -> Result<(), StorageError> {
        let mut all = self.of(account).await?;
        let more = all.len().saturating_sub(self.most);
        all.sort_by_key(|row| row.last_seen);
        for row in all.iter().take(more) {
            self.forget(account, &row.client).await?;
        }
        Ok(())
    }

    pub(super) async fn forget(&self, account: &BareJid, client: &str) -> Result<(), StorageError> {
        self.store.delete(account, client).await.map(drop)
    }

    /// No client has logged in with the new password yet.
    pub(super) async fn password_changed(&self, account: &BareJid) -> Result<(), StorageError> {
        for mut row in self.of(account).await? {
            if row.granted || row.certificate {
                row.password = false;
                self.store.put(&row).await?;
            } else {
                self.forget(account, &row.client).await?;
            }
        }
        Ok(())
    }
}
