//! What goes to one session of an occupant, in order, also while the session reads slowly.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sestina_session::host::Host;
use sestina_session::router::{Outcome, Routed};
use sestina_wire::Stanza;
use tokio::task::JoinHandle;

/// How many stanzas wait for a session at most. One that reads nothing is ended long before.
const MOST: usize = 50_000;

/// Where stanzas wait while one before them does.
#[derive(Default)]
pub(super) struct Mailbox(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    busy: bool,
    queue: VecDeque<Stanza>,
}

impl Mailbox {
    /// Routes a stanza after those before it. What waits is worth waiting for, so that senders are slowed.
    fn give(self: &Arc<Self>, host: &Arc<Host>, stanza: Stanza) -> Option<JoinHandle<()>> {
        let mut waiting = self.lock();
        if waiting.busy {
            if waiting.queue.len() < MOST {
                waiting.queue.push_back(stanza);
            }
            return None;
        }
        let Routed::Later(first) = host.route(stanza) else {
            return None;
        };
        waiting.busy = true;
        drop(waiting);
        let (this, host) = (Arc::clone(self), Arc::clone(host));
        Some(tokio::spawn(async move {
            first.await;
            while let Some(next) = this.next() {
                host.route(next).await;
            }
        }))
    }

    fn next(&self) -> Option<Stanza> {
        let mut waiting = self.lock();
        let next = waiting.queue.pop_front();
        waiting.busy = next.is_some();
        next
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends stanzas, and collects what has to be waited for.
pub(super) struct Sending<'a> {
    host: &'a Arc<Host>,
    later: Vec<JoinHandle<()>>,
}

impl<'a> Sending<'a> {
    pub(super) fn new(host: &'a Arc<Host>) -> Self {
        Self {
            host,
            later: Vec::new(),
        }
    }

    /// To a session of an occupant.
    pub(super) fn give(&mut self, mailbox: &Arc<Mailbox>, stanza: Stanza) {
        self.later.extend(mailbox.give(self.host, stanza));
    }

    /// The outcome of it all.
    pub(super) fn done(self) -> Routed {
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
