//! Nodes that stand for the entity itself.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use sestina_session::host::Host;
use sestina_session::plugin::On;

/// Nodes under which an entity gives the same answer as without a node, as it does for the node of its
/// capabilities (XEP-0115 §6.2). A host keeps one such list, empty unless a plugin adds to it.
#[derive(Debug, Default)]
pub struct Nodes(RwLock<HashSet<(On, String)>>);

impl Nodes {
    /// The list of a host.
    #[must_use]
    pub fn of(host: &Host) -> Arc<Self> {
        host.extensions().get_or_insert_with(Self::default)
    }

    /// Adds a node.
    pub fn add(&self, on: On, node: String) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((on, node));
    }

    /// Whether the node stands for the entity itself.
    #[must_use]
    pub fn contains(&self, on: On, node: &str) -> bool {
        let nodes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        nodes.iter().any(|(of, name)| *of == on && name == node)
    }
}
