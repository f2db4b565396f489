//! How many accounts one address may try to make.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sestina_session::sasl::network;

const HOUR: Duration = Duration::from_secs(3600);

/// Attempts within the last hour, by address. One that fails counts as well: deriving the keys of a password
/// costs as much then.
pub(super) struct Quota {
    per_hour: i64,
    made: Mutex<HashMap<Option<IpAddr>, Window>>,
}

/// An hour that began with the first attempt in it.
struct Window {
    since: Duration,
    count: i64,
}

impl Quota {
    pub(super) fn new(per_hour: i64) -> Self {
        Self {
            per_hour,
            made: Mutex::default(),
        }
    }

    /// Counts an attempt; false when it is one too many. Connections without an address count as one.
    pub(super) fn take(&self, peer: Option<IpAddr>, now: Duration) -> bool {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody else tidies up, and this is not called often.
        made.retain(|_, window| now.saturating_sub(window.since) < HOUR);
        let window = made.entry(peer.map(network)).or_insert(Window {
            since: now,
            count: 0,
        });
        window.count += 1;
        window.count <= self.per_hour
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_room_for_so_many() {
        let quota = Quota::new(2);
        let (one, other) = (
            Some("192.0.2.1".parse().unwrap()),
            Some("192.0.2.2".parse().unwrap()),
        );
        assert!(quota.take(one, Duration::ZERO));
        assert!(quota.take(one, HOUR / 2));
        assert!(!quota.take(one, HOUR / 2));
        assert!(quota.take(other, HOUR / 2));
        assert!(quota.take(one, HOUR));
    }

    #[test]
    fn one_customer_has_one_network() {
        let quota = Quota::new(1);
        assert!(quota.take(Some("2001:db8::1".parse().unwrap()), Duration::ZERO));
        assert!(!quota.take(Some("2001:db8::ffff:2".parse().unwrap()), Duration::ZERO));
        assert!(quota.take(Some("192.0.2.7".parse().unwrap()), Duration::ZERO));
        assert!(!quota.take(Some("::ffff:192.0.2.7".parse().unwrap()), Duration::ZERO));
    }
}
