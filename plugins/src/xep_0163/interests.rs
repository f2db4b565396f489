//! What sessions want to hear of, here and elsewhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sestina_wire::{BareJid, Jid, Text};

use crate::xep_0115::Capabilities;

/// Sessions on other servers that are remembered; past that the oldest are forgotten until they speak again.
const MOST: usize = 20_000;

/// What one session announced, and what was found behind it.
#[derive(Default)]
pub(super) struct Interests(Mutex<Announced>);

#[derive(Default)]
struct Announced {
    ver: Option<Text>,
    found: Option<Arc<Capabilities>>,
}

impl Interests {
    /// Notes a hash; whether it is another one than before.
    pub(super) fn announce(&self, ver: &Text) -> bool {
        let mut announced = lock(&self.0);
        let is_new = announced.ver.as_ref() != Some(ver);
        if is_new {
            announced.ver = Some(ver.detach());
        }
        is_new
    }

    /// Notes what stands behind a hash, where it is still the one announced, and gives what was known before. Without it
    /// nothing is to be done: a later presence says something else.
    pub(super) fn find(
        &self,
        ver: &Text,
        found: Arc<Capabilities>,
    ) -> Option<Option<Arc<Capabilities>>> {
        let mut announced = lock(&self.0);
        (announced.ver.as_ref() == Some(ver)).then(|| announced.found.replace(found))
    }

    /// What is known.
    pub(super) fn known(&self) -> Option<Arc<Capabilities>> {
        lock(&self.0).found.clone()
    }
}

/// A session on another server.
#[derive(Default)]
pub(super) struct Remote {
    pub(super) interests: Interests,
    /// The accounts of this host whose last items it got.
    told: Mutex<BTreeSet<BareJid>>,
}

/// Sessions of contacts on other servers.
#[derive(Default)]
pub(super) struct Remotes(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    accounts: HashMap<BareJid, BTreeMap<Jid, (u64, Arc<Remote>)>>,
    order: BTreeMap<u64, Jid>,
    next: u64,
}

/// What is to be done about a presence from another server.
pub(super) struct Met {
    pub(super) remote: Arc<Remote>,
    /// Whether it got the account's last items before, of the nodes that it wanted to hear of then.
    pub(super) was_told: bool,
}

impl Remotes {
    /// A session showed its presence to an account; nothing where that is no news.
    pub(super) fn meet(&self, session: &Jid, ver: &Text, account: &BareJid) -> Option<Met> {
        let remote = lock(&self.0).remote(session);
        let is_new = remote.interests.announce(ver);
        let was_told = !lock(&remote.told).insert(account.detach());
        (is_new || !was_told).then_some(Met { remote, was_told })
    }

    /// A session is gone.
    pub(super) fn forget(&self, session: &Jid) {
        lock(&self.0).forget(session);
    }

    /// The sessions of somebody that are known.
    pub(super) fn of(&self, account: &BareJid) -> Vec<(Jid, Arc<Remote>)> {
        let kept = lock(&self.0);
        let sessions = kept.accounts.get(account).into_iter().flatten();
        sessions
            .map(|(jid, (_, remote))| (jid.clone(), Arc::clone(remote)))
            .collect()
    }

    /// What an account's contacts got of it counts no more: while it was away nobody heard who went.
    pub(super) fn forget_told(&self, account: &BareJid, contacts: &[BareJid]) {
        for contact in contacts {
            for (_, remote) in self.of(contact) {
                lock(&remote.told).remove(account);
            }
        }
    }
}

impl Kept {
    fn remote(&mut self, session: &Jid) -> Arc<Remote> {
        let sessions = self.accounts.get(session.bare_str());
        if let Some((_, remote)) = sessions.and_then(|sessions| sessions.get(session)) {
            return Arc::clone(remote);
        }
        if self.order.len() >= MOST
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.forget(&oldest);
        }
        let (number, session) = (self.next, session.detach());
        self.next = self.next.wrapping_add(1);
        self.order.insert(number, session.clone());
        let remote = Arc::<Remote>::default();
        let sessions = self.accounts.entry(session.to_bare()).or_default();
        sessions.insert(session, (number, Arc::clone(&remote)));
        remote
    }

    fn forget(&mut self, session: &Jid) {
        let Some(sessions) = self.accounts.get_mut(session.bare_str()) else {
            return;
        };
        if let Some((number, _)) = sessions.remove(session) {
            self.order.remove(&number);
        }
        if sessions.is_empty() {
            self.accounts.remove(session.bare_str());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_elsewhere_are_told_once_and_remembered_within_bounds() {
        let remotes = Remotes::default();
        let session = |number: usize| Jid::parse(&format!("a{number}@d.example/r")).unwrap();
        let account = BareJid::parse("juliet@a.example").unwrap();
        let (one, other) = (Text::from("one"), Text::from("other"));
        assert!(!remotes.meet(&session(0), &one, &account).unwrap().was_told);
        assert!(remotes.meet(&session(0), &one, &account).is_none());
        assert!(
            remotes
                .meet(&session(0), &other, &account)
                .unwrap()
                .was_told
        );
        remotes.forget_told(&account, &[session(0).to_bare()]);
        assert!(remotes.meet(&session(0), &other, &account).is_some());
        remotes.forget(&session(0));
        assert!(remotes.of(&session(0).to_bare()).is_empty());
        for number in 0..MOST + 2 {
            remotes.meet(&session(number), &one, &account);
        }
        assert!(remotes.of(&session(1).to_bare()).is_empty());
        assert_eq!(remotes.of(&session(2).to_bare()).len(), 1);
        assert_eq!(remotes.0.lock().unwrap().order.len(), MOST);
    }
}
