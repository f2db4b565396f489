//! What rooms are bounded by, and what somebody is told who goes beyond it.

use std::time::Duration;

use sestina_wire::{Condition, ErrorKind, StanzaError};

use super::{Heard, refused, seconds};

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
    let children = heard.said.children();
    let length: usize = children.map(|child| child.element().as_str().len()).sum();
    if length > limits.message {
        return Err(refused(
            Condition::PolicyViolation,
            format!(
                "a message to a room has at most {} octets (max_message), this one has {length}; say it in parts, or upload it",
                limits.message
            ),
        )
        .with_kind(ErrorKind::Modify));
    }
    // Chat states and the like hurt nobody who has been let in, and come of themselves.
    if limits.rate == 0 || heard.said.child("body", sestina_wire::ns::CLIENT).is_none() {
        return Ok(());
    }
    let between = SPAN / limits.rate;
    let who = heard.from.to_bare();
    let step = heard.state.pace.step(&who, heard.now, between, limits.rate);
    step.map_err(|wait| {
        refused(
            Condition::PolicyViolation,
            format!(
                "nobody says more than {} messages in {} seconds here (max_rate); wait {} and send it again",
                limits.rate,
                SPAN.as_secs(),
                seconds(wait)
            ),
        )
        .with_kind(ErrorKind::Wait)
    })
}
