//! What is below a service of the host, of which another specification knows.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::future::BoxFuture;
use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_types::xep_0030::{info, items};
use sestina_wire::StanzaError;

/// Who knows the rooms or nodes of a service. It decides who may know of which.
///
/// Where it says nothing, the service answers for itself with what is announced on
/// [`On::Service`](sestina_session::plugin::On::Service), and there is nothing else at its domain.
pub trait ServiceNodes: Send + Sync {
    /// What something at the service is.
    fn info<'a>(
        &'a self,
        cx: &'a IqContext,
        request: &'a info::Query,
    ) -> BoxFuture<'a, Result<Option<info::Query>, StanzaError>>;

    /// What belongs to the service, or to something at it.
    fn items<'a>(
        &'a self,
        cx: &'a IqContext,
        request: &'a items::Query,
    ) -> BoxFuture<'a, Result<Option<items::Query>, StanzaError>>;
}

/// Who answers for which service of a host. A host keeps one such list, empty unless a plugin adds to it.
#[derive(Default)]
pub struct Services(RwLock<HashMap<&'static str, Arc<dyn ServiceNodes>>>);

impl Services {
    /// The list of a host.
    #[must_use]
    pub fn of(host: &Host) -> Arc<Self> {
        host.extensions().get_or_insert_with(Self::default)
    }

    /// Names whom to ask about the service of this name.
    pub fn register(&self, service: &'static str, nodes: Arc<dyn ServiceNodes>) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(service, nodes);
    }

    pub(super) fn nodes(&self, service: &str) -> Option<Arc<dyn ServiceNodes>> {
        let services = self.0.read().unwrap_or_else(PoisonError::into_inner);
        services.get(service).cloned()
    }
}
