//! A session that outlives its stream (XEP-0198 §5): from the stream that breaks to the one that goes on with it.

use std::task::Poll;

use sestina_wire::{Stanza, Timestamp};

use super::unacknowledged::{Terms, TooHigh, Unacknowledged};
use super::{Resource, State};
use crate::transport::OutBuffer;

/// Whether a session has a stream, and whether another stream wants to go on with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stream {
    /// The stream broke.
    pub(super) broken: bool,
    /// A new stream of the same client wants the session.
    pub(super) wanted: bool,
    /// How often a new stream has taken the session over.
    taken_over: u32,
}

/// How the wait of a session without a stream ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// Another stream has taken it over.
    TakenOver,
    /// It is to end.
    Ended,
}

impl Resource {
    /// From here on stanzas wait for their acknowledgement. Returns what was queued before: it goes out first, and does
    /// not count. Nothing when they do so already.
    pub(crate) fn manage(&self, terms: Terms) -> Option<OutBuffer> {
        let mut queue = self.lock();
        if queue.unacknowledged.is_some() {
            return None;
        }
        queue.unacknowledged = Some(Box::new(Unacknowledged::new(terms)));
        Some(std::mem::take(&mut queue.out))
    }

    /// The terms of acknowledgement, where the client asked for it.
    pub(crate) fn terms(&self) -> Option<Terms> {
        Some(self.lock().unacknowledged.as_ref()?.terms)
    }

    /// The client has handled so many stanzas.
    pub(crate) fn acknowledge(&self, handled: u32) -> Result<(), TooHigh> {
        let mut queue = self.lock();
        let Some(unacknowledged) = &mut queue.unacknowledged else {
            return Ok(());
        };
        let was_full = unacknowledged.is_full();
        unacknowledged.acknowledge(handled)?;
        drop(queue);
        if was_full {
            self.space.notify_waiters();
        }
        Ok(())
    }

    /// For the connection's task: the stream is gone, the session stays. `handled` stanzas of the client were handled
    /// to their end. Returns how often the session was taken over, for [`Resource::without_stream`].
    pub(crate) fn set_broken(&self, handled: u32) -> u32 {
        let mut queue = self.lock();
        queue.stream.broken = true;
        queue.out = OutBuffer::default();
        if let Some(unacknowledged) = &mut queue.unacknowledged {
            unacknowledged.handled = handled;
            unacknowledged.forget_request();
        }
        let taken_over = queue.stream.taken_over;
        drop(queue);
        self.gone.notify_waiters();
        taken_over
    }

    /// For the task of a session without a stream: waits until another one takes it over or it is to end.
    pub(crate) async fn without_stream(&self, taken_over: u32) -> Waited {
        std::future::poll_fn(|cx| {
            let queue = self.lock();
            if queue.stream.taken_over != taken_over {
                Poll::Ready(Waited::TakenOver)
            } else if matches!(queue.state, State::Open) {
                // Under the lock, so that it never takes the place of the successor's.
                self.work.register(cx.waker());
                Poll::Pending
            } else {
                Poll::Ready(Waited::Ended)
            }
        })
        .await
    }

    /// Whether another stream is about to take the session over.
    pub(crate) fn is_wanted(&self) -> bool {
        self.lock().stream.wanted
    }

    /// For another stream: reserves the session for itself, and waits until the old stream has let go of it. Returns
    /// how many stanzas of the client were handled; nothing where the session has ended, or a third stream was quicker.
    ///
    /// # Errors
    /// [`TooHigh`] when the client claims to have handled more than it was sent.
    pub(crate) async fn claim(&self, acknowledged: u32) -> Option<Result<u32, TooHigh>> {
        {
            let mut queue = self.lock();
            if queue.stream.wanted || !matches!(queue.state, State::Open) {
                return None;
            }
            if let Err(error) = queue.unacknowledged.as_ref()?.check(acknowledged) {
                return Some(Err(error));
            }
            queue.stream.wanted = true;
        }
        self.work.wake();
        loop {
            let notified = self.gone.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            {
                let queue = self.lock();
                if !matches!(queue.state, State::Open) {
                    return None;
                }
                if queue.stream.broken {
                    return queue.unacknowledged.as_ref().map(|kept| Ok(kept.handled));
                }
            }
            notified.await;
        }
    }

    /// The stream that had reserved the session does not take it over.
    pub(crate) fn release(&self) {
        self.lock().stream.wanted = false;
    }

    /// For another stream: takes the session over. What is not acknowledged is queued again. False when the session has
    /// ended meanwhile.
    pub(crate) fn take_over(&self, acknowledged: u32) -> bool {
        let mut guard = self.lock();
        let queue = &mut *guard;
        let Some(unacknowledged) = &mut queue.unacknowledged else {
            return false;
        };
        if !matches!(queue.state, State::Open)
            || !queue.stream.broken
            || unacknowledged.acknowledge(acknowledged).is_err()
        {
            return false;
        }
        queue.out = OutBuffer::default();
        if !unacknowledged.pending().is_empty() {
            queue.out.vec().extend_from_slice(unacknowledged.pending());
        }
        queue.stream = Stream {
            broken: false,
            wanted: false,
            taken_over: queue.stream.taken_over.wrapping_add(1),
        };
        // A stream begins with somebody who looks (XEP-0352 §5.2).
        queue.let_go(self);
        queue.inactive = None;
        drop(guard);
        self.work.wake();
        self.space.notify_waiters();
        true
    }

    /// Whether the session is without a stream, and waits for its client to come back.
    pub fn is_broken(&self) -> bool {
        self.lock().stream.broken
    }

    /// What the client has not acknowledged and, as far as is known, no other session has.
    pub fn unacknowledged(&self) -> Vec<Stanza> {
        let queue = self.lock();
        let unacknowledged = queue.unacknowledged.as_ref();
        unacknowledged.map_or_else(Vec::new, |kept| kept.waiting())
    }

    /// What the client of a session that has ended has not acknowledged and no other session has: each stanza as it was
    /// written, and when. For functions of [the end](crate::plugin::Registrar::session_end); the first one to ask gets it.
    pub fn take_unacknowledged(&self) -> Vec<(Stanza, Timestamp)> {
        let unacknowledged = self.lock().unacknowledged.take();
        unacknowledged.map_or_else(Vec::new, |unacknowledged| unacknowledged.into_lost())
    }
}
