//! Registration on a stream that has not logged in (§3.1.1), announced as a stream feature (§7).

use std::sync::Arc;

use sestina_session::session::{Exchange, Served, SessionError, StreamFeature};
use sestina_types::xep_0077::{feature, register};
use sestina_wire::clock::Clock;
use sestina_wire::{Condition, ElementRef, Frame, Payload, Stanza, StanzaError, StanzaType, ns};

use super::Server;
use super::quota::Quota;

/// Where accounts are made.
pub(super) struct Door {
    server: Arc<Server>,
    quota: Quota,
    clock: Arc<dyn Clock>,
}

impl Door {
    pub(super) fn new(server: Arc<Server>, clock: Arc<dyn Clock>) -> Self {
        let quota = Quota::new(server.settings.per_hour);
        Self {
            server,
            quota,
            clock,
        }
    }

    /// The answer to a request that has no sender yet.
    async fn answer(
        &self,
        exchange: &Exchange<'_>,
        request: &Stanza,
    ) -> Result<Stanza, StanzaError> {
        let query = match request.decode::<register::Query>() {
            Some(query) => query?,
            None => return Err(StanzaError::new(Condition::BadRequest)),
        };
        match request.head().type_ {
            StanzaType::Get => Ok(request.result().with(&self.server.form())),
            // There is no account yet that could be removed (§3.2).
            StanzaType::Set if query.remove => Err(StanzaError::new(Condition::UnexpectedRequest)),
            StanzaType::Set => {
                let (account, password) = self.server.filled_in(exchange.host(), &query)?;
                let peer = exchange.peer().map(|peer| peer.ip());
                if !self.quota.take(peer, self.clock.monotonic()) {
                    return Err(StanzaError::new(Condition::ResourceConstraint)
                        .with_text("too many registrations; try again later"));
                }
                self.server.create(&account, password).await?;
                tracing::info!(%account, ?peer, "registered");
                Ok(request.result())
            }
            _ => Err(StanzaError::new(Condition::BadRequest)),
        }
    }
}

#[async_trait::async_trait]
impl StreamFeature for Door {
    fn element(&self) -> (&'static str, &'static str) {
        (feature::Register::NAME, feature::Register::NS)
    }

    fn begins(&self, element: ElementRef<'_>) -> bool {
        element.is("iq", ns::CLIENT)
            && element
                .children()
                .any(|child| child.is(register::Query::NAME, register::Query::NS))
    }

    async fn serve(
        &self,
        exchange: &mut Exchange<'_>,
        first: Frame,
    ) -> Result<Served, SessionError> {
        // What is no stanza in the eyes of RFC 6120 is not answered; enough of it ends the stream.
        let Ok(request) = Stanza::from_frame(first) else {
            return Ok(Served::Failed);
        };
        match self.answer(exchange, &request).await {
            Ok(result) => {
                exchange.send(&result).await?;
                Ok(Served::Again)
            }
            Err(error) => {
                exchange.send(&request.error(&error)).await?;
                Ok(Served::Failed)
            }
        }
    }
}
