//! Registration on a stream that has not logged in (§3.1.1), announced as a stream feature (§7).

use std::sync::{Arc, Weak};

use sestina_session::errors;
use sestina_session::host::Host;
use sestina_session::session::{Exchange, Served, SessionError, StreamFeature};
use sestina_types::xep_0077::{feature, register};
use sestina_wire::negotiation::FeatureRow;
use sestina_wire::{
    Condition, ElementRef, ErrorKind, Frame, Payload, Stanza, StanzaError, StanzaType, Writer, ns,
};

use super::invited::{Admission, Invitations};
use super::quota::Quota;
use super::{Server, form};
use crate::xep_0133::welcome;

/// Where accounts are made.
pub(super) struct Door {
    server: Arc<Server>,
    quota: Quota,
    host: Weak<Host>,
}

impl Door {
    pub(super) fn new(server: Arc<Server>, host: &Arc<Host>) -> Self {
        let quota = Quota::new(server.settings.per_hour, server.settings.per_hour_in_all);
        Self {
            server,
            quota,
            host: Arc::downgrade(host),
        }
    }

    /// Whether somebody may come in here at all.
    fn is_open(&self) -> bool {
        self.server.settings.new_accounts
            || self
                .host
                .upgrade()
                .is_some_and(|host| Invitations::of(&host).is_some())
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
        let admission = exchange.extensions().get::<Admission>();
        if admission.is_none() && !self.server.settings.new_accounts {
            return Err(StanzaError::new(Condition::NotAllowed)
                .with_text("accounts are for those who were invited; show the invitation first"));
        }
        let invited = admission.as_deref().map(|admission| &*admission.0);
        match request.head().type_ {
            StanzaType::Get => {
                let kept = invited.and_then(|invited| invited.username());
                let instructions = &self.server.settings.instructions;
                Ok(request.result().with(&form::asked(instructions, kept)))
            }
            // There is no account yet that could be removed (§3.2).
            StanzaType::Set if query.remove => Err(StanzaError::new(Condition::UnexpectedRequest)),
            StanzaType::Set => {
                self.register(exchange, &query, admission.as_deref())
                    .await?;
                Ok(request.result())
            }
            _ => Err(StanzaError::new(Condition::BadRequest)),
        }
    }

    /// Makes the account, if there may be one.
    async fn register(
        &self,
        exchange: &Exchange<'_>,
        query: &register::Query,
        admission: Option<&Admission>,
    ) -> Result<(), StanzaError> {
        let host = self
            .host
            .upgrade()
            .ok_or_else(|| StanzaError::new(Condition::ServiceUnavailable))?;
        let (account, password) = self.server.filled_in(exchange.host(), query)?;
        let name = account.local().unwrap_or_default();
        match admission.and_then(|admission| admission.0.username()) {
            Some(kept) if kept != name => {
                return Err(super::not_acceptable(format!(
                    "the invitation is for the name {kept}"
                )));
            }
            Some(_) => {}
            None => self.free(&host, name).await?,
        }
        let peer = exchange.peer().map(|peer| peer.ip());
        self.quota
            .take(peer, host.clock().monotonic())
            .map_err(|reason| {
                StanzaError::new(Condition::ResourceConstraint)
                    .with_kind(ErrorKind::Wait)
                    .with_text(reason)
            })?;
        if let Some(Admission(invited)) = admission {
            if !invited.claim().await.map_err(errors::storage)? {
                return Err(StanzaError::new(Condition::ItemNotFound)
                    .with_text("the invitation has been used meanwhile"));
            }
            if let Err(error) = self.server.create(&account, &password).await {
                invited.give_back().await;
                return Err(error);
            }
            exchange.extensions().remove::<Admission>();
            invited.registered(&host, &account).await;
        } else {
            self.server.create(&account, &password).await?;
        }
        welcome(&host, &account);
        tracing::info!(%account, ?peer, invited = admission.is_some(), "registered");
        Ok(())
    }

    /// Names that are kept for others are as good as taken.
    async fn free(&self, host: &Host, name: &str) -> Result<(), StanzaError> {
        let Some(invitations) = Invitations::of(host) else {
            return Ok(());
        };
        let reserved = invitations.is_reserved(host, name).await;
        match reserved.map_err(errors::storage)? {
            true => Err(StanzaError::new(Condition::Conflict)),
            false => Ok(()),
        }
    }
}

#[async_trait::async_trait]
impl StreamFeature for Door {
    fn element(&self) -> (&'static str, &'static str) {
        (feature::Register::NAME, feature::Register::NS)
    }

    fn advertise(&self, writer: &mut Writer<'_>, row: &FeatureRow, _: bool) {
        if self.server.settings.new_accounts {
            writer.start(row.element, row.ns);
            writer.end(row.element);
        }
    }

    fn begins(&self, element: ElementRef<'_>) -> bool {
        self.is_open()
            && element.is("iq", ns::CLIENT)
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
        let answer = self.answer(exchange, &request).await;
        exchange.answer(&request, answer).await
    }
}
