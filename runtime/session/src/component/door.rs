//! The place of a component in a server, whether it is connected or not.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sestina_storage::Secret;
use sestina_wire::{BareJid, Condition, JidError, Stanza, StanzaError};

use crate::host::Host;
use crate::link::{self, Outbox};
use crate::router::{Destination, Outcome, Routed, Source};

/// A component that may join the server.
#[derive(Clone)]
pub struct ComponentAccess {
    pub(crate) domain: BareJid,
    pub(crate) secret: Secret<String>,
}

impl ComponentAccess {
    /// The component of this domain, which knows the secret.
    ///
    /// # Errors
    /// [`JidError`] when this is no domain.
    pub fn new(domain: &str, secret: impl Into<String>) -> Result<ComponentAccess, JidError> {
        Ok(ComponentAccess {
            domain: BareJid::new(None, domain)?,
            secret: Secret::new(secret.into()),
        })
    }
}

impl fmt::Debug for ComponentAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ComponentAccess")
            .field("domain", &self.domain.as_str())
            .finish_non_exhaustive()
    }
}

/// Where the stanzas for a component go.
pub(crate) struct Door {
    pub(super) access: ComponentAccess,
    /// The hosts that list it among their services while it is there.
    hosts: Vec<Arc<Host>>,
    connected: Mutex<Option<Arc<Outbox>>>,
    /// How long a sender waits for a component that does not read.
    patience: Duration,
}

impl Door {
    /// A component that is listed at the hosts whose domain its own ends with, or at all where there is none such.
    pub(crate) fn new(
        access: ComponentAccess,
        hosts: &[Arc<Host>],
        patience: Duration,
    ) -> Arc<Door> {
        let parents = hosts.iter().filter(|host| {
            let own = access.domain.domain();
            let rest = own.strip_suffix(host.domain().domain());
            rest.is_some_and(|rest| rest.ends_with('.'))
        });
        let mut listed: Vec<Arc<Host>> = parents.cloned().collect();
        if listed.is_empty() {
            listed = hosts.to_vec();
        }
        Arc::new(Door {
            access,
            hosts: listed,
            connected: Mutex::default(),
            patience,
        })
    }

    /// The component's domain.
    pub(crate) fn domain(&self) -> &BareJid {
        &self.access.domain
    }

    /// The component is there. False when it is already, on another connection.
    pub(super) fn join(&self, outbox: &Arc<Outbox>) -> bool {
        let mut connected = self.lock();
        if connected.is_some() {
            return false;
        }
        *connected = Some(Arc::clone(outbox));
        drop(connected);
        for host in &self.hosts {
            host.add_service(self.access.domain.clone());
            host.component_connected(&self.access.domain);
        }
        true
    }

    /// The component is gone, if this is its connection.
    pub(super) fn leave(&self, outbox: &Arc<Outbox>) {
        let mut connected = self.lock();
        if !connected
            .as_ref()
            .is_some_and(|now| Arc::ptr_eq(now, outbox))
        {
            return;
        }
        *connected = None;
        // Under the lock, so that the successor's entry is not taken away.
        for host in &self.hosts {
            host.remove_service(&self.access.domain);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Outbox>>> {
        self.connected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Destination for Door {
    fn route(&self, stanza: Stanza, _source: &Source) -> Routed {
        let connected = self.lock().clone();
        match connected {
            Some(outbox) => link::give(
                &outbox,
                stanza,
                self.patience,
                Condition::RemoteServerTimeout,
            ),
            // It may come back: whoever asks is told to wait (RFC 6120 §8.3.3.17).
            None => Routed::Now(Outcome::Refused(
                StanzaError::new(Condition::RemoteServerTimeout)
                    .with_text("this service is not connected"),
            )),
        }
    }
}
