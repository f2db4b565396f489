//! What rooms are bounded by, and what somebody is told who goes beyond it.

use std::time::Duration;

use sestina_wire::{Condition, ErrorKind, Jid, Stanza, StanzaError, Timestamp, ns};

use super::{Heard, Pace, refused, seconds};

/// The time that [`Limits::rate`] is about.
const SPAN: Duration = Duration::from_secs(10);

/// What rooms are bounded by.
pub(super) struct Limits {
    pub(super) rooms: usize,
    pub(super) occupants: usize,
    pub(super) history: usize,
    pub(super) affiliations: usize,
    /// Octets of a nickname.
    pub(super) nick: usize,
    /// Octets of what somebody says.
    pub(super) message: usize,
    /// Messages of one person in ten seconds; none where as many as come.
    pub(super) rate: u32,
    /// Messages in the archive of a room; 0 where all are kept.
    pub(super) archived: u64,
}

/// Whether a message is short enough, and whoever says it slow enough.
pub(super) fn check(limits: &Limits, heard: &mut Heard<'_>) -> Result<(), StanzaError> {
    let bounds = Bounds {
        place: "room",
        octets: limits.message,
        rate: limits.rate,
    };
    bounds.check(&mut heard.state.pace, heard.said, heard.from, heard.now)
}

/// What is bounded of a message that many hear.
pub(crate) struct Bounds {
    /// Where it is said, in a word.
    pub(crate) place: &'static str,
    pub(crate) octets: usize,
    /// Messages of one person in ten seconds; none where as many as come.
    pub(crate) rate: u32,
}

impl Bounds {
    /// Whether a message keeps to them; it says which it does not, and what to do.
    pub(crate) fn check(
        &self,
        pace: &mut Pace,
        said: &Stanza,
        from: &Jid,
        now: Timestamp,
    ) -> Result<(), StanzaError> {
        let children = said.children();
        let length: usize = children.map(|child| child.element().as_str().len()).sum();
        if length > self.octets {
            return Err(refused(
                Condition::PolicyViolation,
                format!(
                    "a message to a {} has at most {} octets (max_message), this one has {length}; say it in parts, or upload it",
                    self.place, self.octets
                ),
            )
            .with_kind(ErrorKind::Modify));
        }
        // Chat states and the like hurt nobody who has been let in, and come of themselves.
        if self.rate == 0 || said.child("body", ns::CLIENT).is_none() {
            return Ok(());
        }
        let step = pace.step(&from.to_bare(), now, SPAN / self.rate, self.rate);
        step.map_err(|wait| {
            refused(
                Condition::PolicyViolation,
                format!(
                    "nobody says more than {} messages in {} seconds here (max_rate); wait {} and send it again",
                    self.rate,
                    SPAN.as_secs(),
                    seconds(wait)
                ),
            )
            .with_kind(ErrorKind::Wait)
        })
    }
}
