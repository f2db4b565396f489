//! Stanzas that wait for a stream, bounded in bytes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use futures_util::task::AtomicWaker;
use sestina_wire::Stanza;
use tokio::sync::Notify;

/// What a stanza costs beside its bytes.
const OVERHEAD: usize = 256;

/// What became of a stanza given to an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// It waits to be written.
    Queued,
    /// There is no room.
    Full,
    /// Nobody will write it.
    Closed,
}

/// Stanzas that wait for a stream.
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    capacity: usize,
    /// Wakes whoever writes.
    work: AtomicWaker,
    /// Wakes those who wait for room.
    space: Notify,
}

#[derive(Default)]
struct Queue {
    stanzas: VecDeque<(usize, Stanza)>,
    bytes: usize,
    /// How many stanzas were ever given.
    given: u64,
    closed: bool,
}

impl Outbox {
    /// One that takes stanzas until so many bytes wait; the last one may reach beyond.
    pub(crate) fn new(capacity: usize) -> Outbox {
        Outbox {
            queue: Mutex::default(),
            capacity,
            work: AtomicWaker::new(),
            space: Notify::new(),
        }
    }

    /// Takes a stanza in.
    pub(crate) fn give(&self, stanza: &Stanza) -> Given {
        self.push(stanza.clone(), self.capacity)
    }

    /// Takes a stanza in, whether there is room or not.
    pub(crate) fn keep(&self, stanza: Stanza) -> Given {
        self.push(stanza, usize::MAX)
    }

    fn push(&self, mut stanza: Stanza, capacity: usize) -> Given {
        // It may wait for long: it must not keep the buffer alive that it came in.
        stanza.compact();
        let size = stanza.pinned() + OVERHEAD;
        {
            let mut queue = self.lock();
            if queue.closed {
                return Given::Closed;
            }
            if queue.bytes >= capacity {
                return Given::Full;
            }
            queue.bytes += size;
            queue.given = queue.given.wrapping_add(1);
            queue.stanzas.push_back((size, stanza));
        }
        self.work.wake();
        Given::Queued
    }

    /// The next one to be written.
    pub(crate) fn take(&self) -> Option<Stanza> {
        let mut queue = self.lock();
        let (size, stanza) = queue.stanzas.pop_front()?;
        let was_full = queue.bytes >= self.capacity;
        queue.bytes = queue.bytes.saturating_sub(size);
        let has_room = queue.bytes < self.capacity;
        drop(queue);
        if was_full && has_room {
            self.space.notify_waiters();
        }
        Some(stanza)
    }

    /// How many stanzas it was ever given.
    pub(crate) fn given(&self) -> u64 {
        self.lock().given
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().stanzas.is_empty()
    }

    /// Whether nothing is taken in any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Says whom to wake when something is given.
    pub(crate) fn register(&self, waker: &Waker) {
        self.work.register(waker);
    }

    /// Waits until there is room, or nothing is taken in any more.
    pub(crate) async fn room(&self) {
        loop {
            let notified = self.space.notified();
            tokio::pin!(notified);
            // Enabled before the look, so that room made in between is not missed.
            notified.as_mut().enable();
            {
                let queue = self.lock();
                if queue.closed || queue.bytes < self.capacity {
                    return;
                }
            }
            notified.await;
        }
    }

    /// Takes nothing in any more; returns what was not written.
    pub(crate) fn close(&self) -> Vec<Stanza> {
        let mut queue = self.lock();
        queue.closed = true;
        queue.bytes = 0;
        let left = std::mem::take(&mut queue.stanzas);
        drop(queue);
        self.work.wake();
        self.space.notify_waiters();
        left.into_iter().map(|(_, stanza)| stanza).collect()
    }

    /// Closes it if nothing waits; true then.
    pub(crate) fn close_if_empty(&self) -> bool {
        let mut queue = self.lock();
        if !queue.stanzas.is_empty() {
            return false;
        }
        queue.closed = true;
        true
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stanza() -> Stanza {
        Stanza::parse("<message to='a@b.example'><body>hello</body></message>").unwrap()
    }

    #[test]
    fn an_outbox_is_bounded_and_gives_back_what_it_holds() {
        let outbox = Outbox::new(2 * OVERHEAD);
        assert_eq!(outbox.give(&stanza()), Given::Queued);
        assert_eq!(outbox.give(&stanza()), Given::Queued);
        assert_eq!(outbox.give(&stanza()), Given::Full);
        assert!(outbox.take().is_some());
        assert_eq!(outbox.give(&stanza()), Given::Queued);
        assert!(!outbox.close_if_empty());
        assert_eq!(outbox.close().len(), 2);
        assert_eq!(outbox.give(&stanza()), Given::Closed);
    }
}
