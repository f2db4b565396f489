//! Requests that a host or a client sends, and the answers they wait for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sestina_wire::{Condition, Jid, Stanza, StanzaError, StanzaType, Text};
use tokio::sync::oneshot;

/// Requests not answered yet, by identifier.
///
/// An answer must come from whom the request went to; anything else with the same identifier is not
/// an answer (the class of CVE-2014-0364).
#[derive(Default)]
pub struct Requests {
    open: Mutex<HashMap<Text, Open>>,
}

struct Open {
    to: Jid,
    /// Known of a client's requests only.
    sent: bool,
    answer: oneshot::Sender<Stanza>,
}

/// Forgets a request whose caller has gone.
struct Guard {
    requests: Arc<Requests>,
    id: Text,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.requests.lock().remove(&self.id);
    }
}

impl Requests {
    /// Registers a request before it is sent; the future is the answer.
    ///
    /// # Errors
    ///
    /// The error that the peer answered, or `remote-server-timeout` when it did not within `limit`.
    pub fn expect(
        self: &Arc<Self>,
        id: Text,
        to: Jid,
        limit: Duration,
    ) -> impl Future<Output = Result<Stanza, StanzaError>> + Send + 'static {
        let (answer, answered) = oneshot::channel();
        self.lock().insert(
            id.clone(),
            Open {
                to,
                sent: false,
                answer,
            },
        );
        let guard = Guard {
            requests: Arc::clone(self),
            id,
        };
        async move {
            let answer = tokio::time::timeout(limit, answered).await;
            drop(guard);
            match answer {
                Ok(Ok(stanza)) if stanza.type_() == StanzaType::Error => Err(stanza
                    .stanza_error()
                    .unwrap_or_else(|| StanzaError::new(Condition::UndefinedCondition))),
                Ok(Ok(stanza)) => Ok(stanza),
                _ => Err(StanzaError::new(Condition::RemoteServerTimeout)),
            }
        }
    }

    /// Hands a result or error to the request it answers; false when it answers none.
    pub fn answered(&self, stanza: &Stanza) -> bool {
        let (Some(id), Some(from)) = (stanza.id(), stanza.from()) else {
            return false;
        };
        let mut open = self.lock();
        if open
            .get(id)
            .is_none_or(|request| request.to.as_str() != from.as_str())
        {
            return false;
        }
        let request = open.remove(id);
        drop(open);
        request.is_some_and(|request| request.answer.send(stanza.clone()).is_ok())
    }

    /// A request is on its way.
    #[cfg(feature = "client")]
    pub(crate) fn sent(&self, id: &Text) {
        if let Some(request) = self.lock().get_mut(id) {
            request.sent = true;
        }
    }

    /// Gives up the requests that are on their way; whoever waits for them is told that nothing came.
    #[cfg(feature = "client")]
    pub(crate) fn give_up_sent(&self) {
        self.lock().retain(|_, request| !request.sent);
    }

    /// Gives up all requests.
    #[cfg(feature = "client")]
    pub(crate) fn give_up(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Text, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
