//! Features that others bring who answer in the place of the host.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use sestina_session::host::Host;
use sestina_session::plugin::On;
use sestina_wire::Text;

/// The features of namespaces that somebody else answers for (XEP-0355 §7), announced in the place of the host's own. A
/// host keeps one such list, empty unless a plugin adds to it.
#[derive(Debug, Default)]
pub struct Lent(RwLock<BTreeMap<(On, String), Vec<Text>>>);

impl Lent {
    /// The list of a host.
    #[must_use]
    pub fn of(host: &Host) -> Arc<Self> {
        host.extensions().get_or_insert_with(Self::default)
    }

    /// Notes the features of a namespace, in place of those before.
    pub fn put(&self, on: On, namespace: String, features: Vec<Text>) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((on, namespace), features);
    }

    /// Whether a feature of the host's own belongs to one of the namespaces.
    pub(super) fn replaces(&self, on: On, feature: &str) -> bool {
        let lent = self.0.read().unwrap_or_else(PoisonError::into_inner);
        lent.keys().any(|(of, namespace)| {
            *of == on
                && feature
                    .strip_prefix(namespace.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
        })
    }

    /// All features, each once.
    pub(super) fn features(&self, on: On) -> Vec<Text> {
        let lent = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let of = lent.iter().filter(|((of, _), _)| *of == on);
        let mut all: Vec<Text> = of.flat_map(|(_, features)| features.clone()).collect();
        all.sort();
        all.dedup();
        all
    }
}
