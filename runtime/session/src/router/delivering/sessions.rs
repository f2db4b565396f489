//! To the sessions of an account: into the queue of each, past slow readers.

use std::sync::Arc;
use std::time::Duration;

use sestina_wire::{StreamCondition, StreamError};

use crate::host::{Copies, Resource, Sent};
use crate::metrics;
use crate::router::Outcome;
use crate::stages::Stage;

use super::{Delivering, Phase, Purpose, Step, Waiting};

impl Delivering {
    /// To the sessions chosen.
    pub(super) fn sessions(&mut self) -> Step {
        let resources = std::mem::take(&mut self.delivery.resources);
        if resources.is_empty() {
            return self.enter(Phase::Stage(Stage::Undeliverable));
        }
        let copies = resources.len() + self.delivery.also.len();
        self.copies = (copies > 1).then(Copies::default);
        self.rest = resources;
        self.rest.reverse();
        let kind = self.delivery.stanza.kind();
        let stages = self.cx.host.stages();
        if !(stages.of(Stage::Resource, kind).is_empty()
            && stages.of(Stage::BeforeWrite, kind).is_empty())
        {
            self.original = Some(self.delivery.stanza.clone());
        }
        self.enter(Phase::Fan)
    }

    pub(super) fn fan(&mut self) -> Step {
        if let Some(next) = self.rest.pop() {
            self.delivery.resource = Some(next);
            let Some(original) = &self.original else {
                return self.enter(Phase::Push);
            };
            self.delivery.stanza = original.clone();
            return self.enter(Phase::Stage(Stage::Resource));
        }
        if self.taken
            && let Some((next, stanza)) = self.delivery.also.pop()
        {
            self.delivery.resource = Some(next);
            self.delivery.stanza = stanza;
            return self.enter(Phase::Stage(Stage::BeforeWrite));
        }
        match std::mem::replace(&mut self.purpose, Purpose::Deliver) {
            Purpose::Answer(outcome) => return Step::Finished(outcome),
            Purpose::Direct if !self.taken => return Step::Finished(Outcome::NoSession),
            Purpose::Direct | Purpose::Deliver => {}
        }
        if self.taken {
            return Step::Finished(Outcome::Delivered);
        }
        if let Some(original) = self.original.take() {
            self.delivery.stanza = original;
        }
        self.delivery.resource = None;
        match self.failed.take() {
            Some(error) => self.refuse(error),
            // The sessions that were to get it have all ended meanwhile.
            None => self.enter(Phase::Stage(Stage::Undeliverable)),
        }
    }

    pub(super) fn push(&mut self) -> Step {
        let Some(resource) = &self.delivery.resource else {
            return self.enter(Phase::Fan);
        };
        match resource.push(&self.delivery.stanza, self.copies.as_mut()) {
            Sent::Queued => self.taken = true,
            Sent::Full => return Step::Wait(Waiting::Room(Arc::clone(resource))),
            Sent::Ended => {}
        }
        self.enter(Phase::Fan)
    }
}

/// Waits for a slow reader, and ends its session when that takes too long.
pub(crate) async fn room(limit: Duration, resource: &Arc<Resource>) {
    if tokio::time::timeout(limit, resource.room()).await.is_err() {
        metrics::count(metrics::SLOW_READERS_ENDED);
        tracing::info!(session = resource.jid().as_str(), "does not read; ended");
        let error = StreamError::new(StreamCondition::PolicyViolation);
        let text = "what was sent here was not read for too long; read it in time";
        resource.end(Some(error.with_text(text)));
    }
}
