//! XEP-0502, MUC Activity Indicator: how many messages an hour are said in a room that anybody may find and enter.
//!
//! Each room counts the messages of the last day, an hour a number; what is told is their mean over the hours that have been
//! counted in full, so nothing is told in the first hour after a start.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0502::{self as skeleton, Settings};
use sestina_types::xep_0004::Form;
use sestina_types::xep_0502::forms::RoomActivity;
use sestina_wire::clock::Clock;
use sestina_wire::{Decimal, FromText as _, Timestamp, ns};

use crate::xep_0045::{Companion, Heard, Muc, Room, State};

/// How many hours are looked at, before the present one.
const HOURS: usize = 24;

/// The server's part.
pub struct Server {
    clock: Arc<dyn Clock>,
    /// The hour in which counting has begun.
    since: i64,
}

/// What has been said in a room.
#[derive(Default)]
struct Counted(Mutex<Hours>);

/// Messages of the present hour and of those before it.
#[derive(Debug, Default, PartialEq)]
struct Hours {
    /// The present one, since 1970.
    hour: i64,
    counts: [u32; HOURS + 1],
}

fn hour(at: Timestamp) -> i64 {
    at.as_second().div_euclid(3600)
}

impl Hours {
    /// Makes this hour the present one.
    fn go_on(&mut self, hour: i64) {
        let passed = usize::try_from(hour.saturating_sub(self.hour)).unwrap_or(0);
        if passed > HOURS {
            self.counts = [0; HOURS + 1];
        } else if passed > 0 {
            self.counts.rotate_right(passed);
            for count in self.counts.iter_mut().take(passed) {
                *count = 0;
            }
        }
        self.hour = self.hour.max(hour);
    }

    /// Messages an hour, over as many full hours, with two digits behind the point.
    fn mean(&self, hours: usize) -> String {
        let counted = self.counts.iter().skip(1).take(hours);
        let sum: u64 = counted.map(|count| u64::from(*count)).sum();
        let hundredths = sum.saturating_mul(100) / u64::try_from(hours).unwrap_or(u64::MAX).max(1);
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    }
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let clock = Arc::clone(setup.clock());
        Ok(Self {
            since: hour(clock.now()),
            clock,
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        Muc::accompany(registrar.host(), self);
        Ok(())
    }
}

impl Companion for Server {
    /// Only of rooms that stay and are for everybody, and only what is known (§4.1, §9).
    fn describe(&self, room: &Room, state: &State, form: &mut Form) {
        let now = hour(self.clock.now());
        let began = self.since.max(hour(room.created()));
        // The hour in which it began has not been counted in full.
        let full = now.saturating_sub(began).saturating_sub(1);
        let full = usize::try_from(full).unwrap_or(0).min(HOURS);
        if full == 0 || !state.is_stored() || !state.is_open() {
            return;
        }
        let counted = room.extensions.get_or_insert_with(Counted::default);
        let mut hours = counted.0.lock().unwrap_or_else(PoisonError::into_inner);
        hours.go_on(now);
        let activity = RoomActivity {
            messages_per_hour: Decimal::from_text(hours.mean(full).into()).ok(),
            ..RoomActivity::default()
        };
        drop(hours);
        activity.add_to(form);
    }

    /// What has a body counts, unless it corrects something (§5).
    fn after(&self, heard: &mut Heard<'_>) -> Option<BoxFuture<'static, ()>> {
        let is_new = heard.said.child("body", ns::CLIENT).is_some()
            && heard
                .said
                .child("replace", sestina_types::xep_0308::NS)
                .is_none();
        if is_new {
            let counted = heard.room.extensions.get_or_insert_with(Counted::default);
            let mut hours = counted.0.lock().unwrap_or_else(PoisonError::into_inner);
            hours.go_on(hour(heard.now));
            if let Some(count) = hours.counts.first_mut() {
                *count = count.saturating_add(1);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_pass_and_their_messages_with_them() {
        let mut hours = Hours::default();
        hours.go_on(1000);
        hours.counts[0] = 6;
        assert_eq!(hours.mean(2), "0.00");
        hours.go_on(1001);
        hours.counts[0] = 4;
        hours.go_on(1002);
        assert_eq!(hours.mean(2), "5.00");
        assert_eq!(hours.mean(3), "3.33");
        hours.go_on(1001);
        assert_eq!(hours.hour, 1002);
        hours.go_on(1003 + 24);
        assert_eq!(hours.mean(24), "0.00");
    }
}
