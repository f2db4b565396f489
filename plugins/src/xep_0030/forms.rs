//! What an address says of itself beyond features.

use std::sync::{Arc, PoisonError, RwLock};

use sestina_session::host::Host;
use sestina_session::plugin::On;
use sestina_types::xep_0004::Form;
use sestina_wire::{AnyElement, Payload as _};

/// Forms in the answers of service discovery (XEP-0128), each of another type. A host keeps one such list, empty unless a
/// plugin adds to it; it does so while it is installed, since capabilities are hashed afterwards.
#[derive(Debug, Default)]
pub struct Forms(RwLock<Vec<(On, AnyElement)>>);

impl Forms {
    /// The list of a host.
    #[must_use]
    pub fn of(host: &Host) -> Arc<Self> {
        host.extensions().get_or_insert_with(Self::default)
    }

    /// Adds a form.
    pub fn add(&self, on: On, form: &Form) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.push((on, form.to_any()));
    }

    pub(super) fn all(&self, on: On) -> Vec<AnyElement> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let of = all.iter().filter(|(of, _)| *of == on);
        of.map(|(_, form)| form.clone()).collect()
    }
}
