//! What goes to one session of an occupant, in order, also while the session reads slowly.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use sestina_session::host::{Host, Resource, Spread};
use sestina_session::router::{Outcome, Routed};
use sestina_wire::{Jid, Stanza, StreamCondition, StreamError};
use tokio::task::JoinHandle;

/// How many stanzas wait for a session at most. One that reads nothing is ended long before.
const MOST: usize = 50_000;

/// Where stanzas wait while one before them does.
pub(crate) struct Mailbox {
    to: Jid,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    busy: bool,
    queue: VecDeque<Arc<Spread>>,
    /// The session, where it is one of this server.
    session: Weak<Resource>,
}

impl Mailbox {
    pub(crate) fn new(to: Jid) -> Arc<Self> {
        Arc::new(Self {
            to,
            waiting: Mutex::default(),
        })
    }

    /// Where it goes.
    pub(super) fn to(&self) -> &Jid {
        &self.to
    }

    /// From now on this session is behind the address.
    pub(super) fn connect(&self, session: &Arc<Resource>) {
        self.lock().session = Arc::downgrade(session);
    }

    /// Hands over a stanza after those before it. What waits is worth waiting for, so that senders are slowed.
    fn give(self: &Arc<Self>, host: &Arc<Host>, spread: &Arc<Spread>) -> Option<JoinHandle<()>> {
        let mut waiting = self.lock();
        if waiting.busy {
            if waiting.queue.len() < MOST {
                waiting.queue.push_back(Arc::clone(spread));
            } else if let Some(session) = waiting.session.upgrade() {
                // With a gap in what it is told it would believe what is not so.
                session.end(Some(StreamError::new(StreamCondition::PolicyViolation)));
            }
            return None;
        }
        let Routed::Later(first) = self.hand(host, &waiting.session, spread) else {
            return None;
        };
        waiting.busy = true;
        drop(waiting);
        let (this, host) = (Arc::clone(self), Arc::clone(host));
        Some(tokio::spawn(async move {
            first.await;
            while let Some((next, session)) = this.next() {
                this.hand(&host, &session, &next).await;
            }
        }))
    }

    /// Straight into the queue of the session where that is open, and else as any other stanza.
    fn hand(&self, host: &Arc<Host>, session: &Weak<Resource>, spread: &Arc<Spread>) -> Routed {
        let session = session.upgrade();
        let given = session.and_then(|session| host.give(&session, spread));
        given.unwrap_or_else(|| host.route(spread.to(&self.to)))
    }

    fn next(&self) -> Option<(Arc<Spread>, Weak<Resource>)> {
        let mut waiting = self.lock();
        let next = waiting.queue.pop_front();
        waiting.busy = next.is_some();
        Some((next?, Weak::clone(&waiting.session)))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends stanzas, and collects what has to be waited for.
pub(crate) struct Sending<'a> {
    host: &'a Arc<Host>,
    later: Vec<JoinHandle<()>>,
}

impl<'a> Sending<'a> {
    pub(crate) fn new(host: &'a Arc<Host>) -> Self {
        Self {
            host,
            later: Vec::new(),
        }
    }

    /// To a session of an occupant.
    pub(crate) fn give(&mut self, mailbox: &Arc<Mailbox>, spread: &Arc<Spread>) {
        self.later.extend(mailbox.give(self.host, spread));
    }

    /// To one session alone.
    pub(super) fn send(&mut self, mailbox: &Arc<Mailbox>, stanza: Stanza) {
        self.give(mailbox, &Spread::new(stanza));
    }

    /// Waits for something else as well.
    pub(super) fn also(&mut self, handle: JoinHandle<()>) {
        self.later.push(handle);
    }

    /// The outcome of it all.
    pub(crate) fn done(self) -> Routed {
        if self.later.is_empty() {
            return Routed::Now(Outcome::Delivered);
        }
        Routed::Later(Box::pin(async move {
            for one in self.later {
                let _ = one.await;
            }
            Outcome::Delivered
        }))
    }
}
