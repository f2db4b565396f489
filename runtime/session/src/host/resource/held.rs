//! A session that nobody looks at: what it may be given later (XEP-0352).

use std::fmt;
use std::sync::Arc;

use sestina_wire::{Stanza, ns};

use super::{Queue, Resource};

/// Decides what a session that nobody looks at is given later.
pub trait Holding: Send + Sync {
    /// Whether a stanza can wait, and as what; nothing where it has to be given at once.
    ///
    /// Called while the session is locked: it must neither wait nor touch the session.
    fn hold(&self, stanza: &Stanza) -> Option<Held>;
}

/// A stanza that can wait. It is given to the session when somebody looks again, or before anything that cannot wait; it
/// goes with the session where that ends before.
#[derive(Debug)]
pub struct Held {
    /// What the session is given later.
    pub stanza: Stanza,
    /// Where later stanzas take the place of earlier ones, what they have in common.
    pub key: Option<String>,
}

/// What a session holds back.
pub(super) struct Inactive {
    holding: Arc<dyn Holding>,
    entries: Vec<Entry>,
    bytes: usize,
    most: usize,
}

struct Entry {
    key: Option<String>,
    written: Vec<u8>,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.written.len() + self.key.as_ref().map_or(0, String::len)
    }
}

impl fmt::Debug for Inactive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inactive")
            .field("entries", &self.entries.len())
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Inactive {
    /// Keeps the stanza where it can wait; false where it cannot.
    fn take(&mut self, stanza: &Stanza) -> bool {
        let Some(Held { stanza, key }) = self.holding.hold(stanza) else {
            return false;
        };
        if key.is_some()
            && let Some(earlier) = self.entries.iter().position(|entry| entry.key == key)
        {
            let earlier = self.entries.remove(earlier);
            self.bytes = self.bytes.saturating_sub(earlier.bytes());
        }
        let mut written = Vec::new();
        stanza.write(&mut written, ns::CLIENT);
        let entry = Entry { key, written };
        self.bytes = self.bytes.saturating_add(entry.bytes());
        self.entries.push(entry);
        true
    }
}

impl Queue {
    /// Whether the stanza was kept for later. What waits goes out where it cannot wait any longer.
    pub(super) fn hold(&mut self, stanza: &Stanza, resource: &Resource) -> bool {
        let Some(inactive) = &mut self.inactive else {
            return false;
        };
        let taken = inactive.take(stanza);
        if !taken || inactive.bytes > inactive.most {
            self.let_go(resource);
        }
        taken
    }

    /// Queues what waits, in its order.
    pub(super) fn let_go(&mut self, resource: &Resource) {
        let Some(inactive) = &mut self.inactive else {
            return;
        };
        inactive.bytes = 0;
        for entry in std::mem::take(&mut inactive.entries) {
            if let Some(unacknowledged) = &mut self.unacknowledged {
                let now = resource.account.host().clock().now();
                unacknowledged.record_written(&entry.written, now);
            }
            // Without a stream they wait for their acknowledgement, and are written when there is another one.
            if !self.stream.broken {
                self.out.vec().extend_from_slice(&entry.written);
            }
        }
    }
}

impl Resource {
    /// Nobody looks at the session: what [`Holding`] says can wait is kept, up to `most` bytes. Past them all of it goes
    /// out. Nothing changes where that is so already.
    pub fn set_inactive(&self, holding: Arc<dyn Holding>, most: usize) {
        self.lock().inactive.get_or_insert_with(|| {
            Box::new(Inactive {
                holding,
                entries: Vec::new(),
                bytes: 0,
                most,
            })
        });
    }

    /// Somebody looks: what was kept goes out, before anything else, and nothing is kept any more.
    pub fn set_active(&self) {
        let mut queue = self.lock();
        queue.let_go(self);
        queue.inactive = None;
        drop(queue);
        self.work.wake();
    }
}
