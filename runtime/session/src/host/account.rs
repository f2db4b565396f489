//! An account that is online: its sessions and what plugins keep for it meanwhile.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use sestina_wire::BareJid;
use smallvec::SmallVec;

use crate::host::{Extensions, Host, Resource, Resources};

/// An account with at least one session. It lives from the first session's start to the last one's
/// end, and so does what plugins keep in its [extensions](Account::extensions).
pub struct Account {
    jid: BareJid,
    host: Arc<Host>,
    resources: RwLock<SmallVec<[Arc<Resource>; 2]>>,
    extensions: Extensions,
}

impl Account {
    pub(crate) fn new(jid: BareJid, host: Arc<Host>) -> Self {
        Account {
            jid,
            host,
            resources: RwLock::default(),
            extensions: Extensions::default(),
        }
    }

    /// The account's address.
    pub fn jid(&self) -> &BareJid {
        &self.jid
    }

    /// The host the account lives on.
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// The sessions now.
    pub fn resources(&self) -> Resources {
        let resources = self
            .resources
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        resources.iter().cloned().collect()
    }

    /// The session with this resource part.
    pub fn resource(&self, name: &str) -> Option<Arc<Resource>> {
        let resources = self
            .resources
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        resources
            .iter()
            .find(|resource| resource.name() == name)
            .cloned()
    }

    /// Values that plugins keep with the account while it is online.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Adds a session and returns the one of the same name it takes the place of.
    pub(crate) fn add(&self, resource: Arc<Resource>) -> Option<Arc<Resource>> {
        let mut resources = self
            .resources
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        match resources
            .iter_mut()
            .find(|other| other.name() == resource.name())
        {
            Some(place) => Some(std::mem::replace(place, resource)),
            None => {
                resources.push(resource);
                None
            }
        }
    }

    /// Removes this very session, never one that took its place. True when none is left.
    pub(crate) fn remove(&self, resource: &Arc<Resource>) -> bool {
        let mut resources = self
            .resources
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        resources.retain(|other| !Arc::ptr_eq(other, resource));
        resources.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.resources
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("jid", &self.jid.as_str())
            .finish_non_exhaustive()
    }
}
