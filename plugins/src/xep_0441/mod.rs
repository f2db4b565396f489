//! XEP-0441, Message Archive Management Preferences: what of its messages an account wants in its archive.
//!
//! The archive asks before it stores anything; the preferences of an account that is online are read once.

mod chosen;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_session::host::{Account, Host};
use sestina_session::mux::IqContext;
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0441::{self as skeleton, Settings};
use sestina_storage::{ColumnValue as _, Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::xep_0441::tables::{
    ArchiveExceptions, ArchiveExceptionsRow, ArchiveExceptionsStore, ArchivePreferences,
    ArchivePreferencesRow, ArchivePreferencesStore,
};
use sestina_types::xep_0441::{Policy, Preferences, SPEC};
use sestina_wire::{BareJid, Condition, Jid, StanzaError};

use crate::rfc_6121;
use chosen::{Chosen, Rule, Shared};

/// The server's part.
pub struct Server {
    storage: Storage,
    policies: ArchivePreferencesStore,
    exceptions: ArchiveExceptionsStore,
    default: Policy,
    max_exceptions: usize,
}

/// Whether a message is archived.
pub(crate) enum Wish {
    /// It is at hand.
    Known(bool),
    /// Storage has to be asked.
    Asked(BoxFuture<'static, Result<bool, StorageError>>),
}

/// Whether an account wants in its archive what it exchanges with somebody (§2.2). Where accounts have no preferences
/// everything is kept.
pub(crate) fn wish(host: &Arc<Host>, account: &BareJid, other: &Jid) -> Wish {
    let Some(server) = host.extensions().get::<Server>() else {
        return Wish::Known(true);
    };
    let online = host.account(account);
    if let Some(online) = &online
        && let Some(chosen) = Shared::at_hand(online)
    {
        match chosen.rule(other) {
            Rule::Decided(keeps) => return Wish::Known(keeps),
            Rule::Roster => {
                if let Some(is_contact) = rfc_6121::is_contact(online, other) {
                    return Wish::Known(is_contact);
                }
            }
        }
    }
    let (host, account, other) = (Arc::clone(host), account.detach(), other.detach());
    Wish::Asked(Box::pin(async move {
        let chosen = server.of(online.as_deref(), &account).await?;
        match (chosen.rule(&other), rfc_6121::Server::of(&host)) {
            (Rule::Decided(keeps), _) => Ok(keeps),
            (Rule::Roster, Some(rosters)) => {
                let groups = rosters.groups(&account, &other).await?;
                Ok(groups.is_some())
            }
            (Rule::Roster, None) => Ok(false),
        }
    }))
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let storage = setup.storage();
        let has_both =
            storage.archive_preferences().is_some() && storage.archive_exceptions().is_some();
        let storage = if has_both {
            storage.clone()
        } else {
            tracing::warn!(
                "the storage keeps no wishes of what is stored: they are lost when the server stops"
            );
            Storage::memory()
        };
        let missing = || StorageError::Unsupported("preferences of archives".into());
        let default = setup.settings.default_policy.as_str();
        Ok(Self {
            policies: storage.archive_preferences().ok_or_else(missing)?,
            exceptions: storage.archive_exceptions().ok_or_else(missing)?,
            storage,
            default: chosen::policy(default).ok_or_else(|| PluginError::Settings {
                spec: SPEC.id,
                message: format!(
                    "default_policy is {default:?}, which has to be \"always\", \"never\" or \"roster\""
                ),
            })?,
            max_exceptions: usize::try_from(setup.settings.max_exceptions).unwrap_or_default(),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        registrar.host().extensions().insert(Arc::clone(self));
        Ok(())
    }

    async fn preferences(
        &self,
        cx: &IqContext,
        _: Preferences,
    ) -> Result<Preferences, StanzaError> {
        let account = cx.from.to_bare();
        let online = cx.host.account(&account);
        let chosen = self.of(online.as_deref(), &account).await?;
        Ok(chosen.to_preferences())
    }

    async fn set_preferences(
        &self,
        cx: &IqContext,
        request: Preferences,
    ) -> Result<Preferences, StanzaError> {
        let Some(policy) = request.default else {
            return Err(StanzaError::new(Condition::BadRequest).with_text(
                "what holds for everybody else is missing: default='always', 'never' or 'roster'",
            ));
        };
        let next = Chosen::new(policy, request.always, request.never);
        if next.len() > self.max_exceptions {
            return Err(
                StanzaError::new(Condition::ResourceConstraint).with_text(format!(
                    "no more than {} addresses can be named; leave some out",
                    self.max_exceptions
                )),
            );
        }
        let owner = cx.from.to_bare();
        let online = cx.host.account(&owner);
        let shared = online.as_deref().map(Shared::of);
        // One change at a time, in storage first.
        let _order = match &shared {
            Some(shared) => Some(shared.change().await),
            None => None,
        };
        let before = self.of(online.as_deref(), &owner).await?;
        self.store(&owner, &before, &next).await?;
        let next = Arc::new(next);
        if let Some(shared) = shared {
            shared.replace(Arc::clone(&next));
        }
        Ok(next.to_preferences())
    }
}

impl Server {
    /// What an account has chosen; of one that is online it is read once.
    async fn of(
        &self,
        online: Option<&Account>,
        account: &BareJid,
    ) -> Result<Arc<Chosen>, StorageError> {
        match online {
            Some(online) => Shared::of(online).load(|| self.read(account)).await,
            None => self.read(account).await.map(Arc::new),
        }
    }

    async fn read(&self, account: &BareJid) -> Result<Chosen, StorageError> {
        let policy = match self.policies.get(account).await? {
            Some(row) => chosen::policy(&row.policy).ok_or_else(|| {
                StorageError::Corrupt(format!("the policy {:?} of an archive", row.policy))
            })?,
            None => self.default,
        };
        let rows = self.exceptions.of_owner(account).await?;
        Ok(Chosen::from_rows(policy, rows))
    }

    async fn store(
        &self,
        owner: &BareJid,
        before: &Chosen,
        next: &Chosen,
    ) -> Result<(), StorageError> {
        let mut transaction = self.storage.transaction();
        for address in before.addresses() {
            if next.exception(address).is_none() {
                transaction.delete::<ArchiveExceptions>(&[owner.to_value(), address.to_value()]);
            }
        }
        for address in next.addresses() {
            let always = next.exception(address);
            if always != before.exception(address) {
                transaction.put::<ArchiveExceptions>(&ArchiveExceptionsRow {
                    owner: owner.clone(),
                    address: address.clone(),
                    always: always == Some(true),
                });
            }
        }
        transaction.put::<ArchivePreferences>(&ArchivePreferencesRow {
            owner: owner.clone(),
            policy: next.policy().as_str().to_owned(),
        });
        transaction.commit().await?;
        Ok(())
    }
}
