//! What has to be on the disk before anybody is given the stanza.
//!
//! The archives of sender and recipient are written by functions of different stages. Each lets the stanza go on, so that both
//! are written at the same time, and the stanza waits for both where it would leave the stages of its account.

use futures_util::future::{BoxFuture, join_all};
use sestina_wire::StanzaError;

use crate::router::{Outcome, Routed};
use crate::stages::{Delivery, Flow};

use super::{Behind, Delivering, Phase, Step, Waiting};

/// One of them.
pub(super) type Write = BoxFuture<'static, Result<(), StanzaError>>;

/// What follows.
pub(super) enum Next {
    /// A function of a stage goes on.
    Change(Box<dyn FnOnce(&mut Delivery) -> Flow + Send>),
    Enter(Phase),
    /// A service goes on.
    Service(Box<dyn FnOnce() -> Routed + Send>),
    Refuse(StanzaError),
    Finish(Outcome),
}

/// Waits for all of them, also when one fails.
pub(super) async fn all(writes: Vec<Write>) -> Result<(), StanzaError> {
    let done = join_all(writes).await;
    done.into_iter().collect()
}

impl Delivering {
    /// Whether something has to be written first, or others have their turn.
    pub(super) fn waits(&self) -> bool {
        self.behind != Behind::Nothing || !self.before.is_empty()
    }

    /// Goes on once all is written that was begun to be, and the stanza's turn has come.
    pub(super) fn once_written(&mut self, next: Next) -> Step {
        if !self.waits() {
            return self.follow(next);
        }
        let writes = std::mem::take(&mut self.before);
        Step::Wait(Waiting::Writes(Box::pin(all(writes)), Box::new(next)))
    }

    pub(super) fn written(&mut self, written: Result<(), StanzaError>, next: Next) -> Step {
        match (written, next) {
            (Err(error), Next::Enter(_) | Next::Change(_) | Next::Service(_)) => {
                self.refuse_now(error)
            }
            (_, next) => self.follow(next),
        }
    }

    fn follow(&mut self, next: Next) -> Step {
        match next {
            Next::Change(change) => {
                let flow = change(&mut self.delivery);
                let turn = self.settle(flow);
                self.turned(turn)
            }
            Next::Enter(phase) => self.enter(phase),
            Next::Service(then) => self.elsewhere(then()),
            Next::Refuse(error) => self.refuse_now(error),
            Next::Finish(outcome) => Step::Finished(outcome),
        }
    }
}
