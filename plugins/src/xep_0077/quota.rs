//! How many accounts one address, and all together, may try to make.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sestina_session::sasl::network;

const HOUR: Duration = Duration::from_secs(3600);

/// Attempts within the last hour, by address. One that fails counts as well: deriving the keys of a password
/// costs as much then.
pub(super) struct Quota {
    per_address: i64,
    in_all: i64,
    made: Mutex<Made>,
}

#[derive(Default)]
struct Made {
    by_address: HashMap<Option<IpAddr>, Window>,
    all: Option<Window>,
}

/// An hour that began with the first attempt in it.
struct Window {
    since: Duration,
    count: i64,
}

impl Window {
    fn new(since: Duration) -> Self {
        Window { since, count: 0 }
    }

    fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.since) >= HOUR
    }

    /// For how many minutes it goes on.
    fn minutes(&self, now: Duration) -> u64 {
        let left = HOUR.saturating_sub(now.saturating_sub(self.since));
        left.as_secs().div_ceil(60).max(1)
    }
}

impl Quota {
    pub(super) fn new(per_address: i64, in_all: i64) -> Self {
        Self {
            per_address,
            in_all,
            made: Mutex::default(),
        }
    }

    /// Counts an attempt. Connections without an address count as one.
    ///
    /// # Errors
    /// Which limit it is past, and when to try again, for a person.
    pub(super) fn take(&self, peer: Option<IpAddr>, now: Duration) -> Result<(), String> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody else tidies up, and this is not called often.
        made.by_address.retain(|_, window| !window.is_over(now));
        if made.all.as_ref().is_some_and(|window| window.is_over(now)) {
            made.all = None;
        }
        let window = made
            .by_address
            .entry(peer.map(network))
            .or_insert_with(|| Window::new(now));
        if window.count >= self.per_address {
            return Err(format!(
                "{} registrations in an hour are allowed from one address; try again in {} minutes",
                self.per_address,
                window.minutes(now)
            ));
        }
        window.count += 1;
        let all = made.all.get_or_insert_with(|| Window::new(now));
        if all.count >= self.in_all {
            return Err(format!(
                "{} registrations in an hour are allowed altogether; try again in {} minutes",
                self.in_all,
                all.minutes(now)
            ));
        }
        all.count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn an_hour_has_room_for_so_many() {
        let quota = Quota::new(2, 100);
        let (one, other) = (address("192.0.2.1"), address("192.0.2.2"));
        assert!(quota.take(one, Duration::ZERO).is_ok());
        assert!(quota.take(one, HOUR / 2).is_ok());
        let refused = quota.take(one, HOUR / 2).unwrap_err();
        assert!(
            refused.starts_with("2 registrations") && refused.ends_with("30 minutes"),
            "{refused}"
        );
        assert!(quota.take(other, HOUR / 2).is_ok());
        assert!(quota.take(one, HOUR).is_ok());
    }

    #[test]
    fn all_together_have_room_for_so_many() {
        let quota = Quota::new(2, 3);
        for host in 1..4 {
            let peer = address(&format!("192.0.2.{host}"));
            assert!(quota.take(peer, Duration::ZERO).is_ok());
        }
        let refused = quota.take(address("192.0.2.9"), Duration::ZERO);
        assert!(refused.unwrap_err().contains("altogether"));
        assert!(quota.take(address("192.0.2.9"), HOUR).is_ok());
    }

    #[test]
    fn one_customer_has_one_network() {
        let quota = Quota::new(1, 100);
        let take = |text| quota.take(address(text), Duration::ZERO).is_ok();
        assert!(take("2001:db8::1"));
        assert!(!take("2001:db8::ffff:2"));
        assert!(take("192.0.2.7"));
        assert!(!take("::ffff:192.0.2.7"));
    }
}
