//! What the sender is told: answers, refusals, and nothing where nothing is due.

use std::sync::Arc;

use sestina_wire::{Condition, Kind, Stanza, StanzaError, StanzaType};

use crate::router::{Outcome, Routed, Source};
use crate::stages::Stage;

use super::writes::Next;
use super::{Delivering, Phase, Purpose, Step, Waiting};

impl Delivering {
    /// Nobody wants it: what RFC 6121 §8.5 says of each kind and type.
    pub(super) fn last_resort(&mut self) -> Step {
        match (self.delivery.stanza.kind(), self.delivery.stanza.type_()) {
            (Kind::Iq, StanzaType::Get | StanzaType::Set)
            | (Kind::Message, StanzaType::Normal | StanzaType::Chat | StanzaType::Groupchat) => {
                self.refuse(StanzaError::new(Condition::ServiceUnavailable))
            }
            _ => Step::Finished(Outcome::NoSession),
        }
    }

    /// Tells the sender, who gets no error in answer to an error or a result.
    pub(super) fn refuse(&mut self, error: StanzaError) -> Step {
        // What was begun to be written is written all the same.
        self.once_written(Next::Refuse(error))
    }

    pub(super) fn refuse_now(&mut self, error: StanzaError) -> Step {
        if matches!(
            self.delivery.stanza.type_(),
            StanzaType::Error | StanzaType::Result
        ) {
            return Step::Finished(Outcome::Refused(error));
        }
        let answer = self.delivery.stanza.error(&error);
        match self.source {
            Source::Server => Step::Finished(Outcome::Refused(error)),
            Source::Session(_) | Source::Outside => self.answer(answer, Outcome::Refused(error)),
        }
    }

    /// Sends an answer to where the stanza came from.
    pub(super) fn answer(&mut self, answer: Stanza, outcome: Outcome) -> Step {
        match &self.source {
            Source::Session(session) => {
                self.cx.host = Arc::clone(session.account().host());
                self.delivery.account = session.account().jid().clone();
                self.delivery.resource = Some(Arc::clone(session));
                self.delivery.stanza = answer;
                self.rest.clear();
                self.delivery.also.clear();
                self.purpose = Purpose::Answer(outcome);
                self.enter(Phase::Stage(Stage::BeforeWrite))
            }
            Source::Server | Source::Outside => {
                let (router, host) = (Arc::clone(&self.router), Arc::clone(&self.cx.host));
                let routed = Delivering::routed(router, host, Source::Server, answer).start();
                self.purpose = Purpose::Answer(outcome.clone());
                match routed {
                    Routed::Now(_) => Step::Finished(outcome),
                    Routed::Later(future) => Step::Wait(Waiting::Routed(future)),
                }
            }
        }
    }

    /// What another way made of the stanza, or of the answer to it.
    pub(super) fn elsewhere(&mut self, routed: Routed) -> Step {
        match (
            routed,
            std::mem::replace(&mut self.purpose, Purpose::Deliver),
        ) {
            (Routed::Later(future), purpose) => {
                self.purpose = purpose;
                Step::Wait(Waiting::Routed(future))
            }
            (Routed::Now(_), Purpose::Answer(outcome)) => Step::Finished(outcome),
            (Routed::Now(Outcome::Refused(error)), _) => self.refuse(error),
            (Routed::Now(outcome), _) => Step::Finished(outcome),
        }
    }
}
