//! The way out of a host whose stanzas all go to one task: a client's, or a component's.

use std::sync::Arc;

use sestina_wire::Stanza;
use tokio::sync::mpsc;

use crate::host::{Host, Resource};
use crate::router::{Outcome, Outlet, Routed, Source};

/// Hands stanzas to the task at the other end, as what that takes.
pub(crate) struct Channel<T>(pub(crate) mpsc::Sender<T>);

impl<T: From<Stanza> + Send + 'static> Outlet for Channel<T> {
    fn route(&self, _host: &Arc<Host>, stanza: Stanza, _source: Source) -> Routed {
        match self.0.try_send(stanza.into()) {
            Ok(()) => Routed::Now(Outcome::Elsewhere),
            Err(mpsc::error::TrySendError::Closed(_)) => Routed::Now(Outcome::NoSession),
            Err(mpsc::error::TrySendError::Full(waiting)) => {
                let out = self.0.clone();
                Routed::Later(Box::pin(async move {
                    match out.send(waiting).await {
                        Ok(()) => Outcome::Elsewhere,
                        Err(_) => Outcome::NoSession,
                    }
                }))
            }
        }
    }

    fn deliver_to(&self, host: &Arc<Host>, _resource: &Arc<Resource>, stanza: Stanza) -> Routed {
        self.route(host, stanza, Source::Server)
    }
}
