//! Sessions that another stream can go on with (XEP-0198 §5).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sestina_wire::{FullJid, Text};

use crate::host::{Resource, TooHigh};

/// The sessions of a host that can be resumed, by what their clients have to show.
///
/// The identifiers are unguessable and looked up by a seeded hash; the account is compared besides.
#[derive(Default)]
pub(super) struct Resumable(Mutex<HashMap<Text, Weak<Resource>>>);

/// Where a session keeps its identifier.
struct Id(Text);

impl Resumable {
    pub(super) fn add(&self, id: Text, resource: &Arc<Resource>) {
        resource.extensions().insert(Arc::new(Id(id.clone())));
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, Arc::downgrade(resource));
    }

    pub(super) fn find(&self, id: &str) -> Option<Arc<Resource>> {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(id)?.upgrade()
    }

    pub(super) fn remove(&self, resource: &Resource) {
        if let Some(id) = resource.extensions().get::<Id>() {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&id.0);
        }
    }
}

/// A session without a stream, reserved for the one that goes on with it. Dropped, it waits for another again.
#[derive(Debug)]
pub struct Resumption {
    resource: Arc<Resource>,
    acknowledged: u32,
    handled: u32,
    taken: bool,
}

impl Resumption {
    pub(super) async fn claim(
        resource: Arc<Resource>,
        acknowledged: u32,
    ) -> Option<Result<Self, TooHigh>> {
        // Made first: whoever stops waiting gives the session back.
        let mut claimed = Claimed(Some(resource));
        let handled = claimed.0.as_ref()?.claim(acknowledged).await;
        let resource = match handled {
            Some(Ok(_)) => claimed.0.take()?,
            Some(Err(error)) => {
                claimed.0 = None;
                return Some(Err(error));
            }
            None => {
                claimed.0 = None;
                return None;
            }
        };
        let handled = handled?.ok()?;
        Some(Ok(Self {
            resource,
            acknowledged,
            handled,
            taken: false,
        }))
    }

    /// The address of the session.
    pub fn jid(&self) -> &FullJid {
        self.resource.jid()
    }

    /// How many of the client's stanzas were handled, modulo 2^32.
    pub fn handled(&self) -> u32 {
        self.handled
    }

    /// Takes the session over; nothing when it has ended meanwhile.
    pub(crate) fn take_over(mut self) -> Option<Arc<Resource>> {
        self.taken = self.resource.take_over(self.acknowledged);
        self.taken.then(|| Arc::clone(&self.resource))
    }
}

impl Drop for Resumption {
    fn drop(&mut self) {
        if !self.taken {
            self.resource.release();
        }
    }
}

/// Releases a session when the wait for it is given up.
struct Claimed(Option<Arc<Resource>>);

impl Drop for Claimed {
    fn drop(&mut self) {
        if let Some(resource) = &self.0 {
            resource.release();
        }
    }
}
