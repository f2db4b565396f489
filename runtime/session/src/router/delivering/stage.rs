//! At a stage: its functions in their order, and where the stanza goes after them.

use crate::mux::{Origin, Removal};
use crate::router::{Outcome, Source};
use crate::stages::{Flow, Stage};
use sestina_wire::dispatch::Scope;

use super::writes::Next;
use super::{Delivering, Phase, Step, Turn, Waiting, is_of, recipient};

impl Delivering {
    /// Takes out what the sender may not assert. What the server itself sends it may.
    pub(super) fn strip(&mut self, next: Stage) -> Step {
        let origin = match self.source {
            Source::Session(_) => Origin::Client,
            Source::Outside => Origin::Outside,
            Source::Server => return self.enter(Phase::Stage(next)),
        };
        let host = &self.cx.host;
        let stanza = &self.delivery.stanza;
        let removal = match stanza.to() {
            Some(_) => {
                let own = recipient(host, &self.source, stanza);
                host.mux().removal(host, stanza, origin, &own)
            }
            None => host
                .mux()
                .removal(host, stanza, origin, &self.delivery.account),
        };
        let step = self.enter(Phase::Stage(next));
        match removal {
            Removal::Nothing => step,
            Removal::Now(names) => {
                names.remove_from(&mut self.delivery.stanza);
                step
            }
            Removal::Later(names) => Step::Wait(Waiting::Removal(names)),
        }
    }

    /// Runs the functions of a stage that have not run yet.
    pub(super) fn run(&mut self, stage: Stage) -> Turn {
        loop {
            let functions = self.cx.host.stages().of(stage, self.delivery.stanza.kind());
            let Some(function) = functions.get(self.index) else {
                return Turn::Passed;
            };
            self.index += 1;
            let flow = function(&self.cx, &mut self.delivery);
            match self.settle(flow) {
                Turn::Passed => {}
                other => return other,
            }
        }
    }

    pub(super) fn settle(&mut self, mut flow: Flow) -> Turn {
        loop {
            match flow {
                Flow::Continue => return Turn::Passed,
                Flow::Done => return Turn::Done,
                Flow::Refuse(error) => return Turn::Refused(error),
                Flow::Wait(future) => return Turn::Wait(future),
                Flow::Then(change) => flow = change(&mut self.delivery),
                Flow::Until(done) => {
                    self.before.push(done);
                    return Turn::Passed;
                }
                Flow::Afterwards(change) if !self.waits() => {
                    flow = change(&mut self.delivery);
                }
                Flow::Afterwards(change) => return Turn::Afterwards(change),
            }
        }
    }

    /// Goes where the functions of the current stage, or the handlers, say.
    pub(super) fn turned(&mut self, turn: Turn) -> Step {
        let of_session = matches!(
            self.phase,
            Phase::Stage(Stage::Resource | Stage::BeforeWrite)
        );
        match turn {
            Turn::Wait(future) => Step::Wait(Waiting::Flow(future)),
            Turn::Afterwards(change) => self.once_written(Next::Change(change)),
            Turn::Passed => self.passed(),
            Turn::Done if of_session => {
                self.taken = true;
                self.enter(Phase::Fan)
            }
            Turn::Done => {
                let usual = match self.phase {
                    Phase::Stage(Stage::Undeliverable) => Outcome::Queued,
                    _ => Outcome::Delivered,
                };
                let outcome = self.delivery.outcome.take().unwrap_or(usual);
                self.once_written(Next::Finish(outcome))
            }
            Turn::Refused(error) if of_session => {
                self.failed = Some(error);
                self.enter(Phase::Fan)
            }
            Turn::Refused(error) => self.refuse(error),
        }
    }

    /// One function passed the stanza on: the next one, or what follows the last.
    pub(super) fn passed(&mut self) -> Step {
        let stage = match self.phase {
            Phase::Stage(stage) => stage,
            // The handlers of messages and presences all passed it on.
            Phase::Handlers(scope) => return self.unhandled(scope),
            Phase::Strip(_) | Phase::Target | Phase::Account | Phase::Fan | Phase::Push => {
                return Step::On;
            }
        };
        if self.index
            < self
                .cx
                .host
                .stages()
                .of(stage, self.delivery.stanza.kind())
                .len()
        {
            return Step::On;
        }
        match stage {
            Stage::Received => {
                self.delivery.account =
                    recipient(&self.cx.host, &self.source, &self.delivery.stanza);
                self.enter(Phase::Stage(Stage::BeforeRouting))
            }
            Stage::BeforeRouting => self.enter(Phase::Target),
            Stage::AccountDelivery => {
                let own = self
                    .delivery
                    .stanza
                    .from()
                    .is_some_and(|from| is_of(from, &self.delivery.account));
                self.once_written(Next::Enter(Phase::Handlers(if own {
                    Scope::OwnAccount
                } else {
                    Scope::OtherAccount
                })))
            }
            Stage::Resource => self.enter(Phase::Stage(Stage::BeforeWrite)),
            Stage::BeforeWrite => self.enter(Phase::Push),
            Stage::Undeliverable => self.last_resort(),
        }
    }
}
