//! An account that is online: its sessions and what plugins keep for it meanwhile.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sestina_wire::BareJid;
use smallvec::SmallVec;

use crate::host::{Extensions, Host, Resource, Resources};

/// An account with at least one session. It lives from the first session's start to the last one's
/// end, and so does what plugins keep in its [extensions](Account::extensions).
pub struct Account {
    jid: BareJid,
    host: Arc<Host>,
    resources: RwLock<SmallVec<[Arc<Resource>; 2]>>,
    extensions: Extensions,
    /// When what it has sent would have been sent at the rate it may keep up, in nanoseconds of the clock that never
    /// goes back.
    paced: AtomicU64,
}

/// For how long an account may send faster than it may keep up.
const BURST: u64 = 10_000_000_000;

impl Account {
    pub(crate) fn new(jid: BareJid, host: Arc<Host>) -> Self {
        Account {
            jid,
            host,
            resources: RwLock::default(),
            extensions: Extensions::default(),
            paced: AtomicU64::new(0),
        }
    }

    /// A stanza has come from one of its sessions that takes so many nanoseconds at the rate it may keep up: how long to wait
    /// before the next one is read.
    pub(crate) fn pace(&self, now: Duration, each: u64) -> Option<Duration> {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let next = |paced: u64| paced.max(now).saturating_add(each);
        let before = self
            .paced
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |paced| {
                Some(next(paced))
            });
        let ahead = next(before.unwrap_or_default()).saturating_sub(now);
        (ahead > BURST).then(|| Duration::from_nanos(ahead - BURST))
    }

    /// The account's address.
    pub fn jid(&self) -> &BareJid {
        &self.jid
    }

    /// The host the account lives on.
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// The sessions now.
    pub fn resources(&self) -> Resources {
        let resources = self
            .resources
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        resources.iter().cloned().collect()
    }

    /// The session with this resource part.
    pub fn resource(&self, name: &str) -> Option<Arc<Resource>> {
        let resources = self
            .resources
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        resources
            .iter()
            .find(|resource| resource.name() == name)
            .cloned()
    }

    /// Values that plugins keep with the account while it is online.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Adds a session and returns the one of the same name it takes the place of.
    pub(crate) fn add(&self, resource: Arc<Resource>) -> Option<Arc<Resource>> {
        let mut resources = self
            .resources
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        match resources
            .iter_mut()
            .find(|other| other.name() == resource.name())
        {
            Some(place) => Some(std::mem::replace(place, resource)),
            None => {
                resources.push(resource);
                None
            }
        }
    }

    /// Removes this very session, never one that took its place. True when none is left.
    pub(crate) fn remove(&self, resource: &Arc<Resource>) -> bool {
        let mut resources = self
            .resources
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        resources.retain(|other| !Arc::ptr_eq(other, resource));
        resources.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.resources
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("jid", &self.jid.as_str())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use sestina_storage::{Secret, Storage};
    use sestina_wire::clock::{SystemClock, SystemRandom};

    use super::*;
    use crate::host::{HostParts, SessionLimits};

    #[test]
    fn who_sends_too_fast_waits_and_is_forgiven() {
        let host = Host::new(HostParts {
            domain: BareJid::parse("a.example").unwrap(),
            storage: Storage::memory(),
            accounts: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            limits: SessionLimits::default(),
            secret: Secret::new([0; 32]),
        });
        let account = Account::new(BareJid::parse("laura@a.example").unwrap(), host);
        let rate = 100_000_000;
        let at = Duration::from_secs(1000);
        // Ten seconds' worth at once.
        for _ in 0..100 {
            assert_eq!(account.pace(at, rate), None);
        }
        assert_eq!(account.pace(at, rate), Some(Duration::from_millis(100)));
        assert_eq!(account.pace(at, rate), Some(Duration::from_millis(200)));
        // At the rate it may keep up nobody waits longer than for one stanza.
        let later = at + Duration::from_millis(200);
        assert_eq!(account.pace(later, rate), Some(Duration::from_millis(100)));
        let after = at + Duration::from_secs(60);
        for _ in 0..100 {
            assert_eq!(account.pace(after, rate), None);
        }
        assert!(account.pace(after, rate).is_some());
    }
}
