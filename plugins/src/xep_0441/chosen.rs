//! What an account has chosen, and where it is kept while the account is online.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use sestina_session::host::Account;
use sestina_storage::StorageError;
use sestina_types::xep_0441::tables::ArchiveExceptionsRow;
use sestina_types::xep_0441::{Policy, Preferences};
use sestina_wire::{Jid, List};
use tokio::sync::{Mutex, OnceCell, OwnedMutexGuard};

/// A policy, and to whom it does not apply.
pub(super) struct Chosen {
    policy: Policy,
    /// By address whether it is always archived; otherwise never.
    exceptions: BTreeMap<Jid, bool>,
}

/// What the choice says of an address.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Decided(bool),
    /// It depends on whether it is in the roster.
    Roster,
}

/// The policy of this name.
pub(super) fn policy(name: &str) -> Option<Policy> {
    [Policy::Always, Policy::Never, Policy::Roster]
        .into_iter()
        .find(|policy| policy.as_str() == name)
}

impl Chosen {
    /// A choice; what stands in both lists is never archived.
    pub(super) fn new(policy: Policy, always: Option<List<Jid>>, never: Option<List<Jid>>) -> Self {
        let listed = |list: Option<List<Jid>>, always| {
            let list = list.unwrap_or_default().into_iter();
            list.map(move |address| (address.detach(), always))
        };
        let exceptions = listed(always, true).chain(listed(never, false)).collect();
        Self { policy, exceptions }
    }

    pub(super) fn from_rows(policy: Policy, rows: Vec<ArchiveExceptionsRow>) -> Self {
        let rows = rows.into_iter();
        Self {
            policy,
            exceptions: rows.map(|row| (row.address, row.always)).collect(),
        }
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// How many are named.
    pub(super) fn len(&self) -> usize {
        self.exceptions.len()
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = &Jid> {
        self.exceptions.keys()
    }

    /// What is said of exactly this address.
    pub(super) fn exception(&self, address: &Jid) -> Option<bool> {
        self.exceptions.get(address).copied()
    }

    /// What holds for an address (§2.3): a name with a resource stands for that alone, one without for all of them.
    pub(super) fn rule(&self, other: &Jid) -> Rule {
        let named = self.exceptions.get(other.as_str());
        match named.or_else(|| self.exceptions.get(other.bare_str())) {
            Some(always) => Rule::Decided(*always),
            None => match self.policy {
                Policy::Always => Rule::Decided(true),
                Policy::Never => Rule::Decided(false),
                Policy::Roster => Rule::Roster,
            },
        }
    }

    /// As it is told: both lists, also where they are empty (§2.1).
    pub(super) fn to_preferences(&self) -> Preferences {
        let listed = |wanted: bool| {
            let named = self.exceptions.iter();
            let these = named.filter(|(_, always)| **always == wanted);
            Some(these.map(|(address, _)| address.clone()).collect())
        };
        Preferences {
            default: Some(self.policy),
            always: listed(true),
            never: listed(false),
            ..Preferences::default()
        }
    }
}

/// Kept with an account that is online.
#[derive(Default)]
pub(super) struct Shared {
    chosen: OnceCell<RwLock<Arc<Chosen>>>,
    /// Held while the choice is changed, over the wait for storage.
    changing: Arc<Mutex<()>>,
}

impl Shared {
    pub(super) fn of(account: &Account) -> Arc<Self> {
        account.extensions().get_or_insert_with(Self::default)
    }

    /// The choice, where it has been read.
    pub(super) fn at_hand(account: &Account) -> Option<Arc<Chosen>> {
        let shared = account.extensions().get::<Self>()?;
        let chosen = shared.chosen.get()?;
        Some(Arc::clone(
            &chosen.read().unwrap_or_else(PoisonError::into_inner),
        ))
    }

    pub(super) async fn load<F>(
        &self,
        read: impl FnOnce() -> F,
    ) -> Result<Arc<Chosen>, StorageError>
    where
        F: Future<Output = Result<Chosen, StorageError>>,
    {
        let read = async || read().await.map(|chosen| RwLock::new(Arc::new(chosen)));
        let chosen = self.chosen.get_or_try_init(read).await?;
        Ok(Arc::clone(
            &chosen.read().unwrap_or_else(PoisonError::into_inner),
        ))
    }

    /// Waits until nobody else changes the choice.
    pub(super) async fn change(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.changing).lock_owned().await
    }

    pub(super) fn replace(&self, next: Arc<Chosen>) {
        if let Some(chosen) = self.chosen.get() {
            *chosen.write().unwrap_or_else(PoisonError::into_inner) = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrower_name_comes_first() {
        let list = |names: &[&str]| {
            let names = names.iter();
            Some(names.map(|name| Jid::parse(name).unwrap()).collect())
        };
        let chosen = Chosen::new(
            Policy::Roster,
            list(&["romeo@m.example/phone", "nurse@c.example"]),
            list(&["romeo@m.example", "nurse@c.example"]),
        );
        for (other, expected) in [
            ("romeo@m.example", Rule::Decided(false)),
            ("romeo@m.example/desk", Rule::Decided(false)),
            ("romeo@m.example/phone", Rule::Decided(true)),
            ("nurse@c.example/x", Rule::Decided(false)),
            ("paris@c.example/x", Rule::Roster),
        ] {
            assert_eq!(
                chosen.rule(&Jid::parse(other).unwrap()),
                expected,
                "{other}"
            );
        }
    }
}
