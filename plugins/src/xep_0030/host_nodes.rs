//! Nodes of the host itself and of its services, of which another specification knows.

use std::sync::{Arc, PoisonError, RwLock};

use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_types::xep_0030::{info, items};
use sestina_wire::StanzaError;

/// Who keeps nodes of the host or of its services (XEP-0050 §2). It decides who may know of which.
pub trait HostNodes: Send + Sync {
    /// What a node is, its name mirrored; nothing where there is none of this name.
    fn info(&self, cx: &IqContext, node: &str) -> Option<Result<info::Query, StanzaError>>;

    /// What is in a node, its name mirrored; nothing where there is none of this name.
    fn items(&self, cx: &IqContext, node: &str) -> Option<Result<items::Query, StanzaError>>;
}

/// Those who answer for nodes of a host; the first who knows a node does. A host keeps one such list, empty unless a
/// plugin adds to it.
#[derive(Default)]
pub struct Answering(RwLock<Vec<Arc<dyn HostNodes>>>);

impl Answering {
    /// The list of a host.
    #[must_use]
    pub fn of(host: &Host) -> Arc<Self> {
        host.extensions().get_or_insert_with(Self::default)
    }

    /// Names another one to ask.
    pub fn add(&self, nodes: Arc<dyn HostNodes>) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(nodes);
    }

    pub(crate) fn info(
        &self,
        cx: &IqContext,
        node: &str,
    ) -> Option<Result<info::Query, StanzaError>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().find_map(|nodes| nodes.info(cx, node))
    }

    pub(crate) fn items(
        &self,
        cx: &IqContext,
        node: &str,
    ) -> Option<Result<items::Query, StanzaError>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().find_map(|nodes| nodes.items(cx, node))
    }
}
