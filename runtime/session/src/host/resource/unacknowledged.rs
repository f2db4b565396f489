//! What a session keeps so that nothing is lost with its stream: what was sent and has not been acknowledged
//! (XEP-0198 §4, §5).

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sestina_wire::{Frame, Stanza, Timestamp, ns};

use super::Given;

/// Memory that an empty log may keep (bytes).
const IDLE_BYTES: usize = 4096;

/// On what terms the stanzas of a session are acknowledged.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// How long the session waits for its client when the stream breaks; it does not where there is nothing.
    pub resume: Option<Duration>,
    /// What asks the peer for an acknowledgement, as it is written on the stream.
    pub request: &'static str,
    /// Bytes that may wait for their acknowledgement. Past them senders wait, as for a slow reader; a session without
    /// a stream ends.
    pub bytes: usize,
}

/// More was acknowledged than was sent (XEP-0198 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{acknowledged} stanzas were acknowledged and only {sent} sent")]
pub struct TooHigh {
    /// What the peer says it has handled.
    pub acknowledged: u32,
    /// What was sent.
    pub sent: u32,
}

/// A stanza that several sessions are given: whether one of them certainly has it.
///
/// Only sessions that wait for acknowledgements share a mark; where there are none this costs nothing.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    taken: bool,
    mark: Option<Mark>,
}

impl Copies {
    /// A session has it that acknowledges nothing.
    pub(super) fn take(&mut self) {
        self.taken = true;
        if let Some(mark) = &self.mark {
            mark.set();
        }
    }

    fn mark(&mut self) -> Mark {
        let taken = self.taken;
        let mark = self
            .mark
            .get_or_insert_with(|| Mark(Arc::new(taken.into())));
        mark.clone()
    }
}

/// Whether somebody has it, shared by its copies.
#[derive(Debug, Clone)]
struct Mark(Arc<AtomicBool>);

impl Mark {
    fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether nobody has it and this was the last copy: then it has to go another way.
    fn into_lost(self) -> bool {
        Arc::into_inner(self.0).is_some_and(|taken| !taken.load(Ordering::Acquire))
    }
}

/// A stanza that waits for its acknowledgement.
#[derive(Debug)]
struct Entry {
    length: usize,
    sent: Timestamp,
    mark: Option<Mark>,
}

/// What was sent and has not been acknowledged, serialised once.
#[derive(Debug)]
pub(crate) struct Unacknowledged {
    pub(crate) terms: Terms,
    log: Vec<u8>,
    /// Where in the log the first entry begins.
    start: usize,
    entries: VecDeque<Entry>,
    /// How many the peer has acknowledged, modulo 2^32.
    acknowledged: u32,
    /// Whether an acknowledgement was asked for and has not come.
    requested: bool,
    /// How many the server had handled when the stream broke, modulo 2^32.
    pub(crate) handled: u32,
}

impl Unacknowledged {
    pub(crate) fn new(terms: Terms) -> Self {
        Self {
            terms,
            log: Vec::new(),
            start: 0,
            entries: VecDeque::new(),
            acknowledged: 0,
            requested: false,
            handled: 0,
        }
    }

    /// Serialises a stanza; returns it as it is written.
    pub(crate) fn record(
        &mut self,
        stanza: &impl Given,
        sent: Timestamp,
        copies: Option<&mut Copies>,
    ) -> &[u8] {
        let before = self.log.len();
        stanza.write_into(&mut self.log);
        self.entries.push_back(Entry {
            length: self.log.len() - before,
            sent,
            mark: copies.map(Copies::mark),
        });
        self.log.get(before..).unwrap_or_default()
    }

    /// Keeps a stanza that was serialised before, and of which no other session has a copy.
    pub(crate) fn record_written(&mut self, written: &[u8], sent: Timestamp) {
        self.log.extend_from_slice(written);
        self.entries.push_back(Entry {
            length: written.len(),
            sent,
            mark: None,
        });
    }

    /// Bytes that wait.
    fn len(&self) -> usize {
        self.log.len() - self.start
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.terms.bytes
    }

    /// Everything that waits, as it is written again on a new stream.
    pub(crate) fn pending(&self) -> &[u8] {
        self.log.get(self.start..).unwrap_or_default()
    }

    /// What asks for an acknowledgement, where that is due.
    pub(crate) fn request(&mut self) -> Option<&'static str> {
        if self.requested || self.entries.is_empty() {
            return None;
        }
        self.requested = true;
        Some(self.terms.request)
    }

    /// The stream is another one: whatever was asked on the old one is not answered.
    pub(crate) fn forget_request(&mut self) {
        self.requested = false;
    }

    /// Whether the peer may say that it has handled so many.
    pub(crate) fn check(&self, handled: u32) -> Result<usize, TooHigh> {
        let newly = handled.wrapping_sub(self.acknowledged);
        let waiting = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        if newly <= waiting {
            return Ok(newly as usize);
        }
        if newly > u32::MAX / 2 {
            // Less than before. Clients do that, and there is nothing to let go of.
            return Ok(0);
        }
        Err(TooHigh {
            acknowledged: handled,
            sent: self.acknowledged.wrapping_add(waiting),
        })
    }

    /// Lets go of what the peer has handled; returns how many those are.
    pub(crate) fn acknowledge(&mut self, handled: u32) -> Result<usize, TooHigh> {
        let newly = self.check(handled)?;
        self.requested = false;
        for entry in self.entries.drain(..newly) {
            self.start += entry.length;
            if let Some(mark) = entry.mark {
                mark.set();
            }
        }
        if newly > 0 {
            self.acknowledged = handled;
        }
        if self.entries.is_empty() {
            self.log.clear();
            self.log.shrink_to(IDLE_BYTES);
            self.start = 0;
        } else if self.start > self.log.len() / 2 {
            self.log.drain(..self.start);
            self.start = 0;
        }
        Ok(newly)
    }

    /// What waits and has not been taken by another session.
    pub(crate) fn waiting(&self) -> Vec<Stanza> {
        let mut at = self.start;
        let mut waiting = Vec::new();
        for entry in &self.entries {
            let end = at + entry.length;
            let is_taken = |mark: &Mark| mark.0.load(Ordering::Acquire);
            if !entry.mark.as_ref().is_some_and(is_taken) {
                waiting.extend(read(self.log.get(at..end).unwrap_or_default()));
            }
            at = end;
        }
        waiting
    }

    /// What has to go another way when the session is over: each stanza, and when it was written. What another
    /// session has is left out.
    pub(crate) fn into_lost(self) -> Vec<(Stanza, Timestamp)> {
        let mut at = self.start;
        let mut lost = Vec::new();
        for entry in self.entries {
            let end = at + entry.length;
            if entry.mark.is_none_or(Mark::into_lost) {
                let written = self.log.get(at..end).unwrap_or_default();
                lost.extend(read(written).map(|stanza| (stanza, entry.sent)));
            }
            at = end;
        }
        lost
    }
}

/// What we have written ourselves.
fn read(written: &[u8]) -> Option<Stanza> {
    let text = String::from_utf8(written.to_vec()).ok()?;
    Stanza::from_frame(Frame::parse_in(text, ns::CLIENT).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sestina_wire::StanzaType;

    use super::*;

    fn unacknowledged() -> Unacknowledged {
        Unacknowledged::new(Terms {
            resume: None,
            request: "<r/>",
            bytes: 1000,
        })
    }

    fn message(number: usize) -> Stanza {
        Stanza::message(StanzaType::Chat).with_id(format!("m{number}"))
    }

    /// Two sessions with a copy each.
    fn two() -> (Unacknowledged, Unacknowledged) {
        let mut copies = Copies::default();
        let (mut one, mut other) = (unacknowledged(), unacknowledged());
        for kept in [&mut one, &mut other] {
            kept.record(&message(1), Timestamp::UNIX_EPOCH, Some(&mut copies));
        }
        (one, other)
    }

    #[test]
    fn what_a_session_without_acknowledgements_has_is_not_lost() {
        for before in [true, false] {
            let (mut copies, mut kept) = (Copies::default(), unacknowledged());
            if before {
                copies.take();
            }
            kept.record(&message(1), Timestamp::UNIX_EPOCH, Some(&mut copies));
            if !before {
                copies.take();
            }
            drop(copies);
            assert!(kept.into_lost().is_empty());
        }
    }

    #[test]
    fn an_acknowledgement_lets_go_of_the_oldest() {
        let mut kept = unacknowledged();
        for number in 0..3 {
            kept.record(&message(number), Timestamp::UNIX_EPOCH, None);
        }
        assert_eq!(kept.request(), Some("<r/>"));
        assert_eq!(kept.request(), None, "one at a time");
        kept.acknowledge(2).unwrap();
        assert_eq!(kept.request(), Some("<r/>"));
        assert_eq!(
            kept.acknowledge(4),
            Err(TooHigh {
                acknowledged: 4,
                sent: 3
            })
        );
        // A lower count than before changes nothing.
        kept.acknowledge(1).unwrap();
        let lost = kept.into_lost();
        assert_eq!(lost.len(), 1);
        assert_eq!(lost[0].0.id().map(|id| &**id), Some("m2"));
    }

    #[test]
    fn the_last_copy_that_nobody_has_is_lost() {
        let (one, other) = two();
        assert!(one.into_lost().is_empty(), "the other may still have it");
        assert_eq!(other.into_lost().len(), 1);
    }

    #[test]
    fn what_one_session_acknowledges_is_not_lost_with_another() {
        let (mut one, other) = two();
        one.acknowledge(1).unwrap();
        assert!(other.into_lost().is_empty());
    }

    proptest! {
        /// Over any run of sending and acknowledging, around the end of the counter too, what waits is what was sent
        /// and not acknowledged.
        #[test]
        fn nothing_is_lost_or_kept_twice(
            first in prop_oneof![Just(0_u32), Just(u32::MAX - 3)],
            steps in proptest::collection::vec((0..4_usize, 0..4_u32), 0..20),
        ) {
            let mut kept = unacknowledged();
            kept.acknowledged = first;
            let (mut sent, mut acknowledged) = (0, 0);
            for (more, acknowledge) in steps {
                for _ in 0..more {
                    kept.record(&message(sent), Timestamp::UNIX_EPOCH, None);
                    sent += 1;
                }
                let newly = (acknowledge as usize).min(sent - acknowledged);
                acknowledged += newly;
                kept.acknowledge(first.wrapping_add(acknowledged as u32)).unwrap();
                let mut expected = Vec::new();
                for number in acknowledged..sent {
                    message(number).write(&mut expected, ns::CLIENT);
                }
                prop_assert_eq!(kept.pending(), expected.as_slice());
            }
            prop_assert_eq!(kept.into_lost().len(), sent - acknowledged);
        }
    }
}
