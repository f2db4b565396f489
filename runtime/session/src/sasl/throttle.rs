//! Failed logins are slowed: for the account they are tried on, and for the address they come from.
//!
//! Nobody is ever locked out. Attempts wait, longer after each failure up to a bound, and whoever has logged in to an
//! account from a network before does not wait for what others try on it. Memory is bounded: a fixed number of entries,
//! each a few words, keyed by a seeded hash.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::{BuildHasher as _, Hash};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sestina_wire::clock::Clock;

/// How failed logins are slowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttling {
    /// Failures on an account after which the next attempts wait.
    pub free_per_account: u32,
    /// Failures from an address after which the next attempts wait. One address may be many people's.
    pub free_per_address: u32,
    /// How long the first attempt waits that does; the next ones twice as long each.
    pub first: Duration,
    /// How long an attempt waits at most. Zero slows nothing.
    pub most: Duration,
    /// How long without a failure until they are forgotten.
    pub forget: Duration,
    /// Accounts and addresses remembered; past it those that failed longest ago are forgotten.
    pub entries: usize,
}

impl Default for Throttling {
    fn default() -> Throttling {
        Throttling {
            free_per_account: 5,
            free_per_address: 20,
            first: Duration::from_millis(500),
            most: Duration::from_secs(8),
            forget: Duration::from_secs(600),
            entries: 20_000,
        }
    }
}

impl Throttling {
    fn delay(&self, failures: u32, free: u32) -> Duration {
        match failures.checked_sub(free) {
            None => Duration::ZERO,
            Some(over) => self.first.saturating_mul(1 << over.min(16)).min(self.most),
        }
    }
}

/// Counts failures of one key.
#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Duration,
}

/// Remembers who failed.
pub struct Throttle {
    settings: Throttling,
    clock: Arc<dyn Clock>,
    hasher: RandomState,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: HashMap<u64, Failures>,
    /// Pairs of account and network that have logged in, and when last.
    known: HashMap<u64, Duration>,
}

/// An attempt under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    account: u64,
    address: Option<u64>,
    pair: u64,
}

impl Throttle {
    /// Remembers nobody yet.
    pub fn new(settings: Throttling, clock: Arc<dyn Clock>) -> Throttle {
        Throttle {
            settings,
            clock,
            hasher: RandomState::new(),
            state: Mutex::default(),
        }
    }

    /// Waits as long as an attempt on this account from this address has to. It counts as a failure until
    /// [`Throttle::succeeded`] says otherwise, so that attempts side by side wait for each other.
    pub(crate) async fn begin(&self, account: &str, domain: &str, peer: Option<IpAddr>) -> Attempt {
        let (attempt, delay) = self.count(account, domain, peer);
        if !delay.is_zero() {
            tracing::debug!(?delay, "a login is slowed");
            tokio::time::sleep(delay).await;
        }
        attempt
    }

    fn count(&self, account: &str, domain: &str, peer: Option<IpAddr>) -> (Attempt, Duration) {
        let peer = peer.map(network);
        let attempt = Attempt {
            account: self.key(("account", account, domain)),
            address: peer.map(|peer| self.key(("address", peer))),
            pair: self.key(("pair", account, domain, peer)),
        };
        let now = self.clock.monotonic();
        let mut state = self.lock();
        let on_account = state.failed(attempt.account, now, &self.settings);
        let from_address = attempt
            .address
            .map_or(0, |address| state.count(address, now, &self.settings));
        let settings = &self.settings;
        let own = if state.known.contains_key(&attempt.pair) {
            Duration::ZERO
        } else {
            settings.delay(on_account, settings.free_per_account)
        };
        let delay = own.max(settings.delay(from_address, settings.free_per_address));
        (attempt, delay)
    }

    /// The attempt was right.
    pub(crate) fn succeeded(&self, attempt: Attempt) {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        if let Some(failures) = state.failures.get_mut(&attempt.account) {
            failures.count = failures.count.saturating_sub(1);
        }
        if state.known.len() >= self.settings.entries && !state.known.contains_key(&attempt.pair) {
            let oldest = oldest(&state.known, |last| *last);
            oldest.map(|key| state.known.remove(&key));
        }
        state.known.insert(attempt.pair, now);
    }

    /// The attempt was wrong.
    pub(crate) fn failed(&self, attempt: Attempt) {
        let now = self.clock.monotonic();
        if let Some(address) = attempt.address {
            self.lock().failed(address, now, &self.settings);
        }
    }

    fn key(&self, of: impl Hash) -> u64 {
        self.hasher.hash_one(of)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Throttle")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl State {
    /// Failures before this one, which is counted.
    fn failed(&mut self, key: u64, now: Duration, settings: &Throttling) -> u32 {
        let before = self.count(key, now, settings);
        if self.failures.len() >= settings.entries && !self.failures.contains_key(&key) {
            let oldest = oldest(&self.failures, |failures| failures.last);
            oldest.map(|key| self.failures.remove(&key));
        }
        let failures = Failures {
            count: before.saturating_add(1),
            last: now,
        };
        match self.failures.entry(key) {
            Entry::Occupied(mut entry) => drop(entry.insert(failures)),
            Entry::Vacant(entry) => drop(entry.insert(failures)),
        }
        before
    }

    fn count(&self, key: u64, now: Duration, settings: &Throttling) -> u32 {
        match self.failures.get(&key) {
            Some(failures) if now.saturating_sub(failures.last) < settings.forget => failures.count,
            _ => 0,
        }
    }
}

/// The oldest of a few entries taken from anywhere: looking at all of them would make a flood dear.
fn oldest<T>(entries: &HashMap<u64, T>, last: impl Fn(&T) -> Duration) -> Option<u64> {
    let few = entries.iter().take(16);
    few.min_by_key(|(_, entry)| last(entry))
        .map(|(key, _)| *key)
}

/// What counts as one address: with IPv6, the network that one customer is given.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6([a, b, c, d, 0, 0, 0, 0].into())
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[derive(Default)]
    struct Hand(AtomicU64);

    impl Clock for Hand {
        fn now(&self) -> sestina_wire::Timestamp {
            sestina_wire::clock::SystemClock.now()
        }
        fn monotonic(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed))
        }
    }

    fn peer(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn fail(throttle: &Throttle, account: &str, from: Option<IpAddr>) -> Duration {
        let (attempt, delay) = throttle.count(account, "example.org", from);
        throttle.failed(attempt);
        delay
    }

    #[test]
    fn attempts_on_an_account_wait_longer_each_time_and_not_for_ever() {
        let clock = Arc::new(Hand::default());
        let throttle = Throttle::new(Throttling::default(), clock.clone());
        let mut delays = Vec::new();
        for n in 0..12 {
            // From another address each time.
            delays.push(fail(&throttle, "romeo", peer(&format!("192.0.2.{n}"))).as_millis());
        }
        assert_eq!(
            delays,
            [0, 0, 0, 0, 0, 500, 1000, 2000, 4000, 8000, 8000, 8000]
        );
        assert_eq!(fail(&throttle, "juliet", peer("192.0.2.1")), Duration::ZERO);
        clock.0.store(601, Ordering::Relaxed);
        assert_eq!(fail(&throttle, "romeo", peer("192.0.2.1")), Duration::ZERO);
    }

    #[test]
    fn the_owner_comes_in_where_he_came_in_before() {
        let throttle = Throttle::new(Throttling::default(), Arc::new(Hand::default()));
        let home = peer("2001:db8::1");
        let (attempt, _) = throttle.count("romeo", "example.org", home);
        throttle.succeeded(attempt);
        for _ in 0..50 {
            fail(&throttle, "romeo", peer("192.0.2.1"));
        }
        let (_, delay) = throttle.count("romeo", "example.org", peer("2001:db8::2"));
        assert_eq!(delay, Duration::ZERO);
        let (_, delay) = throttle.count("romeo", "example.org", peer("192.0.2.9"));
        assert_eq!(delay, Duration::from_secs(8));
    }

    #[test]
    fn attempts_from_an_address_wait_whatever_they_try() {
        let throttle = Throttle::new(Throttling::default(), Arc::new(Hand::default()));
        for n in 0..20 {
            assert_eq!(
                fail(&throttle, &format!("user{n}"), peer("192.0.2.1")),
                Duration::ZERO
            );
        }
        assert!(!fail(&throttle, "another", peer("192.0.2.1")).is_zero());
        assert!(fail(&throttle, "another", peer("192.0.2.2")).is_zero());
    }

    #[test]
    fn memory_is_bounded() {
        let settings = Throttling {
            entries: 100,
            ..Throttling::default()
        };
        let throttle = Throttle::new(settings, Arc::new(Hand::default()));
        for n in 0..1000u32 {
            let from = peer(&format!("10.0.{}.{}", n / 256, n % 256));
            let (attempt, _) = throttle.count(&format!("user{n}"), "example.org", from);
            throttle.failed(attempt);
            throttle.succeeded(attempt);
        }
        let state = throttle.lock();
        assert!(state.failures.len() <= 100 && state.known.len() <= 100);
    }
}
