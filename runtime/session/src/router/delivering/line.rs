//! The stanzas of one session that are on their way at the same time.
//!
//! What a session sends is delivered in the order in which it was sent, and a stanza that waits for something keeps those behind it
//! waiting. With one exception: while messages wait only for the disk, the next ones may be prepared and written with them, so that they
//! share a commit. Nobody is given one of them, or told anything of it, before its turn has come.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use sestina_wire::StanzaError;

use crate::router::{Outcome, Routed};

use super::writes::{Next, Write};
use super::{Behind, Delivering, Step, Waiting};

/// How many stanzas of a session may be on their way.
const MOST: usize = 32;
/// For how many of them room is kept.
const FEW: usize = 4;
/// After how many bytes no other is taken in.
const MOST_BYTES: usize = 64 * 1024;

/// The stanzas of a session that are on their way, the first one first.
#[derive(Default)]
pub(crate) struct Line {
    places: VecDeque<Place>,
    /// What somebody who reads slowly has not taken yet of what services handed out: it keeps nobody behind it waiting, but nothing more
    /// is taken in.
    slowed: Vec<BoxFuture<'static, Outcome>>,
    /// How long they were as they came, with those that have come to their end since there was none.
    bytes: usize,
}

enum Place {
    /// Goes its way until it has come to its end.
    Goes(BoxFuture<'static, Outcome>),
    /// Waits for the disk, and then for its turn.
    Writes(Box<Written>),
    /// Waits for its turn, and then for something else.
    Waits(Box<(Delivering, Waiting)>),
}

struct Written {
    delivering: Delivering,
    writes: Write,
    done: Option<Result<(), StanzaError>>,
    next: Box<Next>,
}

impl Line {
    /// Whether nothing is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty() && self.slowed.is_empty()
    }

    /// Whether another message may be taken in.
    pub(crate) fn takes_another(&self) -> bool {
        let writes = |place: &Place| matches!(place, Place::Writes(_));
        self.places.len() < MOST
            && self.bytes < MOST_BYTES
            && self.slowed.is_empty()
            && self.places.iter().all(writes)
    }

    /// Says how long the stanza is that is taken next.
    pub(crate) fn count(&mut self, bytes: usize) {
        let before = if self.is_empty() { 0 } else { self.bytes };
        self.bytes = before.saturating_add(bytes);
    }

    /// Takes a stanza as far as it gets without waiting and without overtaking those before it.
    pub(in crate::router) fn take(&mut self, mut delivering: Delivering) {
        delivering.behind = match self.places.is_empty() {
            true => Behind::Nothing,
            false if self.places.iter().all(Place::is_of_service) => Behind::Services,
            false => Behind::Others,
        };
        match delivering.advance(Step::On) {
            Ok(_) => {}
            Err(Waiting::Writes(writes, next)) => {
                self.places.push_back(Place::Writes(Box::new(Written {
                    delivering,
                    writes,
                    done: None,
                    next,
                })))
            }
            Err(waiting) if delivering.behind != Behind::Nothing => {
                let waits = Box::new((delivering, waiting));
                self.places.push_back(Place::Waits(waits));
            }
            Err(waiting) => {
                let goes = Box::pin(delivering.wait(waiting));
                self.places.push_back(Place::Goes(goes));
            }
        }
    }

    /// Takes what was routed another way.
    pub(crate) fn push(&mut self, routed: Routed) {
        if let Routed::Later(future) = routed {
            self.places.push_back(Place::Goes(future));
        }
    }

    /// Forgets all of them.
    pub(crate) fn clear(&mut self) {
        self.places.clear();
        self.slowed.clear();
    }

    /// Follows them; ready when all have come to their end.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(first) = self.places.pop_front() {
            if let Some(first) = first.poll_first(cx, &mut self.slowed) {
                self.places.push_front(first);
                break;
            }
        }
        self.slowed
            .retain_mut(|one| one.as_mut().poll(cx).is_pending());
        for place in self.places.iter_mut().skip(1) {
            if let Place::Writes(written) = place {
                written.poll(cx);
            }
        }
        if !self.is_empty() {
            return Poll::Pending;
        }
        // A session that has nothing on its way keeps no room for it.
        if self.places.capacity() > FEW {
            self.places = VecDeque::new();
            self.slowed = Vec::new();
        }
        Poll::Ready(())
    }
}

impl Place {
    /// Whether a service hands it out as soon as it is written.
    fn is_of_service(&self) -> bool {
        matches!(self, Place::Writes(written) if matches!(*written.next, Next::Service(_)))
    }

    /// Follows the stanza whose turn it is; none is left when it has come to its end, or when nothing has to wait for that any more.
    fn poll_first(
        self,
        cx: &mut Context<'_>,
        slowed: &mut Vec<BoxFuture<'static, Outcome>>,
    ) -> Option<Place> {
        let mut goes = match self {
            Place::Goes(goes) => goes,
            Place::Waits(waits) => {
                let (mut delivering, waiting) = *waits;
                delivering.behind = Behind::Nothing;
                Box::pin(delivering.wait(waiting))
            }
            Place::Writes(mut written) => {
                written.poll(cx);
                let Some(done) = written.done.take() else {
                    return Some(Place::Writes(written));
                };
                let Written {
                    mut delivering,
                    next,
                    ..
                } = *written;
                delivering.behind = Behind::Nothing;
                let is_handed_out = done.is_ok() && matches!(*next, Next::Service(_));
                let step = delivering.written(done, *next);
                match delivering.advance(step) {
                    Ok(_) => return None,
                    Err(waiting @ Waiting::Routed(_)) if is_handed_out => {
                        slowed.push(Box::pin(delivering.wait(waiting)));
                        return None;
                    }
                    Err(waiting) => Box::pin(delivering.wait(waiting)),
                }
            }
        };
        match goes.as_mut().poll(cx) {
            Poll::Ready(_) => None,
            Poll::Pending => Some(Place::Goes(goes)),
        }
    }
}

impl Written {
    fn poll(&mut self, cx: &mut Context<'_>) {
        if self.done.is_none()
            && let Poll::Ready(done) = self.writes.as_mut().poll(cx)
        {
            self.done = Some(done);
        }
    }
}
