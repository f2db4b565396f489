//! How fast people may talk: some messages at once, and then one each time so much has passed.
//!
//! For each person one point in time is remembered, that at which all would be forgotten (the generic cell rate algorithm);
//! who has been silent for long enough is not remembered at all.

use std::collections::HashMap;
use std::time::Duration;

use sestina_wire::{BareJid, Timestamp};

/// People swept out at once, so that those who are remembered do not outgrow those who talk.
const SWEEP: usize = 64;

/// When each person has last said what counts.
#[derive(Debug, Default)]
pub(crate) struct Pace(HashMap<BareJid, i64>);

impl Pace {
    /// Somebody wants to say something; how long to wait where it is too soon, and then it does not count.
    ///
    /// `between` is what has to pass for each message, `ahead` how many may come at once, at least one.
    pub(crate) fn step(
        &mut self,
        who: &BareJid,
        now: Timestamp,
        between: Duration,
        ahead: u32,
    ) -> Result<(), Duration> {
        let now = now.as_microsecond();
        let between = i64::try_from(between.as_micros()).unwrap_or(i64::MAX);
        let room = between.saturating_mul(i64::from(ahead.saturating_sub(1)));
        let free_at = self.0.get(who).copied().unwrap_or(now).max(now);
        let wait = free_at.saturating_sub(room).saturating_sub(now);
        if wait > 0 {
            return Err(Duration::from_micros(wait.unsigned_abs()));
        }
        let next = free_at.saturating_add(between);
        match self.0.get_mut(who) {
            Some(known) => *known = next,
            None => {
                if self.0.len() >= SWEEP && self.0.len().is_power_of_two() {
                    self.0.retain(|_, free_at| *free_at > now);
                }
                self.0.insert(who.detach(), next);
            }
        }
        Ok(())
    }
}

/// Seconds to wait, in words: never none.
pub(crate) fn seconds(wait: Duration) -> String {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    match seconds.max(1) {
        1 => "1 second".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_messages_come_at_once_and_then_one_at_a_time() {
        let who = BareJid::new(Some("juliet"), "a.example").unwrap();
        let other = BareJid::new(Some("romeo"), "a.example").unwrap();
        let at = |seconds: i64| Timestamp::from_second(1_000_000 + seconds).unwrap();
        let between = Duration::from_secs(10);
        let mut pace = Pace::default();
        for _ in 0..3 {
            assert_eq!(pace.step(&who, at(0), between, 3), Ok(()));
        }
        assert_eq!(pace.step(&who, at(0), between, 3), Err(between));
        assert_eq!(
            pace.step(&who, at(4), between, 3),
            Err(Duration::from_secs(6))
        );
        assert_eq!(pace.step(&other, at(4), between, 1), Ok(()));
        // What was refused has not counted.
        assert_eq!(pace.step(&who, at(10), between, 3), Ok(()));
        assert_eq!(pace.step(&who, at(10), between, 3), Err(between));
        assert_eq!(pace.step(&who, at(100), between, 3), Ok(()));
    }

    #[test]
    fn who_is_silent_is_forgotten() {
        let mut pace = Pace::default();
        let between = Duration::from_secs(1);
        for number in 0..1000 {
            let who = BareJid::new(Some(&format!("p{number}")), "a.example").unwrap();
            let now = Timestamp::from_second(2_000_000 + number * 10).unwrap();
            assert_eq!(pace.step(&who, now, between, 1), Ok(()));
        }
        assert!(pace.0.len() <= SWEEP, "{}", pace.0.len());
    }

    #[test]
    fn nobody_waits_for_no_time() {
        assert_eq!(seconds(Duration::from_millis(1)), "1 second");
        assert_eq!(seconds(Duration::from_millis(1001)), "2 seconds");
    }
}
