//! XEP-0494, Client Access Management: which clients have access to an account, and how to take it from one.
//!
//! A client is known by the id of its user agent (XEP-0388 §2.2), from its logins and its tokens. One that logs in without
//! saying what it is can be told from others only as long as it is connected, and is listed as long.

mod known;
mod listing;

use std::sync::Arc;

use async_trait::async_trait;
use sestina_session::accounts::PasswordWatcher;
use sestina_session::errors::storage;
use sestina_session::host::{Host, Resource};
use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::sasl::Method;
use sestina_session::session::{Login, LoginWatcher};
use sestina_session::stages::{Flow, StageContext};
use sestina_skeletons::xep_0494::{self as skeleton, Settings};
use sestina_storage::{Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::xep_0494::{Clients, List, PasswordResetRequired, Revoke};
use sestina_wire::{
    BareJid, Condition, Payload as _, StanzaError, StreamCondition, StreamError, Timestamp,
};

use known::Known;
use listing::{Access, Listed};

/// The server's part.
pub struct Server {
    known: Arc<Known>,
}

/// Since when a session is there.
struct Began(Timestamp);

/// Since when a session is there, where this plugin is.
#[must_use]
pub fn began(session: &Resource) -> Option<Timestamp> {
    session.extensions().get::<Began>().map(|began| began.0)
}

/// Kept with a session whose login was with a password that the account has no more.
struct Outdated;

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let store = setup.storage().clients().or_else(|| {
            tracing::warn!("the storage keeps no clients: they are lost when the server stops");
            Storage::memory().clients()
        });
        let store = store.ok_or_else(|| StorageError::Unsupported("clients".into()))?;
        Ok(Self {
            known: Arc::new(Known::new(store, setup)),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        registrar.login_watcher(self.clone());
        if let Some(accounts) = registrar.host().accounts() {
            let host = Arc::downgrade(registrar.host());
            let known = self.known.clone();
            accounts.watch_passwords(Arc::new(Passwords { host, known }));
        }
        Ok(())
    }

    async fn list(&self, cx: &IqContext, _: List) -> Result<Clients, StanzaError> {
        let listed = self.listed(&cx.host, &cx.from.to_bare()).await?;
        let now = cx.host.clock().now();
        Ok(Clients {
            clients: listed.into_iter().map(|one| one.into_client(now)).collect(),
            ..Clients::default()
        })
    }

    async fn revoke(&self, cx: &IqContext, request: Revoke) -> Result<Empty, StanzaError> {
        let account = cx.from.to_bare();
        let listed = self.listed(&cx.host, &account).await?;
        let Some(client) = listed.into_iter().find(|one| *one.id == *request.id) else {
            return Err(StanzaError::new(Condition::ItemNotFound));
        };
        if client.access.password {
            // It would come back with it (§3.2).
            let mut error = StanzaError::new(Condition::ServiceUnavailable);
            error.application = Some(PasswordResetRequired::default().to_any());
            return Err(error);
        }
        if client.access.certificate {
            return Err(StanzaError::new(Condition::ServiceUnavailable)
                .with_text("its certificate is not this server's to take back"));
        }
        if let Some(name) = &client.client {
            if let Some(tokens) = cx.host.token_keeper() {
                tokens.revoke(&account, name).await.map_err(storage)?;
            }
            self.known.forget(&account, name).await.map_err(storage)?;
        }
        for session in client.sessions {
            session.end(Some(
                StreamError::new(StreamCondition::NotAuthorized)
                    .with_text("the owner of the account has taken the access back"),
            ));
        }
        Ok(Empty)
    }

    fn session_started(self: &Arc<Self>, cx: &StageContext, session: &Arc<Resource>) -> Flow {
        let began = Began(cx.host.clock().now());
        session.extensions().insert(Arc::new(began));
        Flow::Continue
    }
}

#[async_trait]
impl LoginWatcher for Server {
    async fn logged_in(&self, login: &Login) {
        if login.method == Method::Anonymous {
            return;
        }
        if let Err(error) = self.known.saw(login).await {
            tracing::error!(%error, "a client's login is not noted");
        }
    }
}

impl Server {
    /// Everything that has access to the account.
    async fn listed(
        &self,
        host: &Arc<Host>,
        account: &BareJid,
    ) -> Result<Vec<Listed>, StanzaError> {
        let rows = self.known.of(account).await.map_err(storage)?;
        let tokens = match host.token_keeper() {
            Some(tokens) => tokens.held(account).await.map_err(storage)?,
            None => Vec::new(),
        };
        Ok(listing::list(host, account, rows, tokens))
    }
}

/// Learns of new passwords: what an old one opened is no access any more.
struct Passwords {
    host: std::sync::Weak<Host>,
    known: Arc<Known>,
}

#[async_trait]
impl PasswordWatcher for Passwords {
    async fn password_changed(&self, account: &BareJid) -> Result<(), StorageError> {
        let sessions = self.host.upgrade().map(|host| host.resources(account));
        for session in sessions.unwrap_or_default() {
            session.extensions().insert(Arc::new(Outdated));
        }
        self.known.password_changed(account).await
    }
}

impl Access {
    /// What a session's login says.
    fn of(session: &Resource) -> Access {
        let method = session.login().map(|login| login.method);
        let outdated = session.extensions().get::<Outdated>().is_some();
        Access {
            password: method.is_none_or(|method| method == Method::Password) && !outdated,
            granted: method == Some(Method::Grant),
            certificate: method == Some(Method::Certificate),
            tokens: false,
        }
    }
}
