//! Going on with an earlier session (§5), in the place of binding a resource.

use std::sync::Weak;

use sestina_session::host::Host;
use sestina_session::session::{Exchange, InlineFeature, Served, SessionError, StreamFeature};
use sestina_types::xep_0198::{Enable, Resume, Resumed, Sm};
use sestina_wire::{AnyElement, Condition, ElementRef, Frame, Payload, StreamError};

use super::{failed, too_high};

/// The stream feature.
pub(super) struct Feature {
    host: Weak<Host>,
}

impl Feature {
    pub(super) fn new(host: Weak<Host>) -> Self {
        Self { host }
    }
}

#[async_trait::async_trait]
impl StreamFeature for Feature {
    fn element(&self) -> (&'static str, &'static str) {
        (Sm::NAME, Sm::NS)
    }

    /// What comes too early is answered here as well.
    fn begins(&self, element: ElementRef<'_>) -> bool {
        Resume::matches(element) || Enable::matches(element)
    }

    async fn serve(
        &self,
        exchange: &mut Exchange<'_>,
        first: Frame,
    ) -> Result<Served, SessionError> {
        let (Some(host), Some(account)) = (self.host.upgrade(), exchange.account().cloned()) else {
            return Ok(Served::Failed);
        };
        let refusal = match Resume::read(first.root()) {
            // Enabling comes after binding (§3).
            _ if Enable::matches(first.root()) => Condition::UnexpectedRequest,
            Err(_) => Condition::BadRequest,
            Ok(request) => match host.resume(&account, &request.previd, request.h).await {
                Some(Ok(resumption)) => {
                    let resumed = Resumed::new(resumption.handled(), request.previd.clone());
                    exchange.resume(resumption);
                    exchange.write(|writer| resumed.write(writer)).await?;
                    return Ok(Served::Done);
                }
                Some(Err(error)) => {
                    return Err(exchange.fail(too_high(error)));
                }
                None => Condition::ItemNotFound,
            },
        };
        let refusal = failed(refusal);
        exchange.write(|writer| refusal.write(writer)).await?;
        Ok(Served::Again)
    }
}

/// The same as part of a login (XEP-0388).
pub(super) struct Inline {
    host: Weak<Host>,
}

impl Inline {
    pub(super) fn new(host: Weak<Host>) -> Self {
        Self { host }
    }
}

#[async_trait::async_trait]
impl InlineFeature for Inline {
    fn element(&self) -> (&'static str, &'static str) {
        (Sm::NAME, Sm::NS)
    }

    fn wants(&self, child: ElementRef<'_>) -> bool {
        Resume::matches(child)
    }

    async fn serve(
        &self,
        inline: &mut sestina_session::session::Inline<'_>,
        child: AnyElement,
    ) -> Result<Served, StreamError> {
        let Some(host) = self.host.upgrade() else {
            return Ok(Served::Failed);
        };
        let refusal = match child.decode::<Resume>() {
            Err(_) => Condition::BadRequest,
            Ok(request) => {
                let account = &inline.login().account;
                match host.resume(account, &request.previd, request.h).await {
                    Some(Ok(resumption)) => {
                        inline.write(&Resumed::new(resumption.handled(), request.previd.clone()));
                        inline.resume(resumption);
                        return Ok(Served::Done);
                    }
                    Some(Err(error)) => return Err(too_high(error)),
                    None => Condition::ItemNotFound,
                }
            }
        };
        inline.write(&failed(refusal));
        Ok(Served::Again)
    }
}
