//! A stream that we open, from the first stanza for it to its end.

use std::sync::Arc;
use std::time::Duration;

use sestina_types::xep_0220::dialback::Verify;
use sestina_wire::{Event, Payload as _, StreamCondition, StreamError, ns};

use super::connections::Direction;
use super::negotiate::{self, Made};
use super::{Failure, Federation, Local, Pair, incoming};
use crate::link::{self, Incoming, Link, Outbox};
use crate::stream::StreamFault;

/// The first pause between two attempts.
const PAUSE: Duration = Duration::from_millis(500);
/// How often in a row a stream may end with stanzas unwritten before they come back.
const ENDS: u32 = 5;

/// Makes the stream of a pair, and makes it anew as long as stanzas wait for it. `failures` is how often in a row it
/// could not be made before.
pub(super) async fn run(
    federation: Arc<Federation>,
    pair: Pair,
    outbox: Arc<Outbox>,
    failures: u32,
) {
    let Some(local) = federation.local(&pair.local).cloned() else {
        return federation.bounce(&outbox, sestina_wire::Condition::RemoteServerNotFound);
    };
    let mut ends = 0;
    loop {
        let limit = federation.limits().connect;
        let made = tokio::select! {
            made = tokio::time::timeout(limit, make(&federation, &local, &pair)) => {
                made.unwrap_or(Err(Failure::TimedOut))
            }
            () = federation.parts.links.stopped() => {
                federation.forget(&pair, &outbox);
                outbox.close();
                return;
            }
        };
        let Made { stream, bidi } = match made {
            Ok(made) => made,
            Err(failure) => {
                return federation.give_up(pair, &outbox, &failure, failures).await;
            }
        };
        // A stream that may live long is counted.
        let Some(counted) = federation.parts.links.admit() else {
            drop(stream);
            let failure = Failure::TimedOut;
            return federation.give_up(pair, &outbox, &failure, failures).await;
        };
        tracing::debug!(
            local = &*pair.local,
            remote = &*pair.remote,
            bidi,
            "stream made"
        );
        let direction = if bidi {
            Direction::Both
        } else {
            Direction::Outgoing
        };
        let connected = federation.connections.enter(pair.clone(), direction);
        let mut link = Link::new(stream);
        let error = serve(&federation, &local, &pair, &mut link, &outbox, bidi).await;
        if federation.parts.links.is_stopped() {
            // The last words of our own users.
            for stanza in outbox.close() {
                link.stream.queue(&stanza);
            }
        }
        let is_over = outbox.close_if_empty();
        if is_over {
            federation.forget(&pair, &outbox);
        }
        drop(connected);
        link.close(error.as_ref()).await;
        drop(counted);
        if is_over {
            return;
        }
        ends += 1;
        if ends >= ENDS {
            return federation
                .give_up(pair, &outbox, &Failure::Closed, failures)
                .await;
        }
        tokio::time::sleep(PAUSE * ends).await;
    }
}

/// Tries until it is made or there is no hope.
async fn make(federation: &Federation, local: &Arc<Local>, pair: &Pair) -> Result<Made, Failure> {
    let mut pause = PAUSE;
    loop {
        match negotiate::stanzas(federation, local, &pair.remote).await {
            Ok(made) => return Ok(made),
            Err(failure) if failure.is_final() => return Err(failure),
            // Whoever listens and ends the stream has a reason, which does not pass in seconds.
            Err(failure @ (Failure::Ended(_) | Failure::Fault(_))) => return Err(failure),
            Err(failure) => {
                tracing::debug!(remote = &*pair.remote, %failure, "trying again");
                let last = failure;
                if pause > federation.limits().connect / 2 {
                    return Err(last);
                }
            }
        }
        let mut byte = [0];
        federation.parts.random.fill(&mut byte);
        tokio::time::sleep(pause / 2 + pause * u32::from(byte[0]) / 256).await;
        pause *= 2;
    }
}

/// Writes what waits until the stream ends, or nothing has waited for long. The error is for the other side.
async fn serve(
    federation: &Arc<Federation>,
    local: &Local,
    pair: &Pair,
    link: &mut Link,
    outbox: &Arc<Outbox>,
    bidi: bool,
) -> Option<StreamError> {
    let mut idle = Idle::new(federation.limits().idle);
    loop {
        let given = outbox.given();
        let event = tokio::select! {
            event = link.next(Some(outbox)) => event,
            () = federation.parts.links.stopped() => {
                return Some(StreamCondition::SystemShutdown.into());
            }
            () = idle.over() => {
                if idle.is_still(given, outbox) {
                    return None;
                }
                continue;
            }
        };
        let frame = match event {
            Ok(Some(Event::Element(frame))) => frame,
            Ok(Some(Event::Close) | None) => return None,
            Ok(Some(Event::Open(_))) => return Some(StreamCondition::BadFormat.into()),
            Err(StreamFault::Io(_)) => return None,
            Err(StreamFault::Read(error)) => return Some(error.stream_error()),
        };
        idle.stir();
        let root = frame.root();
        if root.is("error", ns::STREAM) {
            return None;
        }
        if let Ok(question) = Verify::read(root)
            && question.type_.is_none()
        {
            incoming::answer(federation, &mut link.stream, question);
            continue;
        }
        // A stream that is ours alone brings nothing else.
        if !bidi {
            return Some(StreamCondition::NotAuthorized.into());
        }
        match link::incoming(frame) {
            Incoming::Stanza(stanza) => {
                let from = stanza.from().map(|from| from.domain());
                let to = stanza.to().map(|to| to.domain());
                if from != Some(&*pair.remote) {
                    return Some(StreamCondition::InvalidFrom.into());
                }
                if to != Some(local.domain.domain()) {
                    return Some(StreamCondition::ImproperAddressing.into());
                }
                federation.parts.router.enter(stanza, link.line());
            }
            Incoming::Refused(answer) => {
                if let Some(answer) = answer {
                    link.stream.queue(&answer);
                }
            }
            Incoming::Other(error) => return Some(error),
        }
    }
}

/// Notices a stream on which nothing happens.
pub(super) struct Idle {
    limit: Duration,
    timer: std::pin::Pin<Box<tokio::time::Sleep>>,
    stirred: bool,
    given: u64,
}

impl Idle {
    pub(super) fn new(limit: Duration) -> Idle {
        Idle {
            limit,
            timer: Box::pin(tokio::time::sleep(limit)),
            stirred: false,
            given: 0,
        }
    }

    /// Something came.
    pub(super) fn stir(&mut self) {
        self.stirred = true;
    }

    /// Waits for the time to look.
    pub(super) async fn over(&mut self) {
        self.timer.as_mut().await;
    }

    /// Whether nothing has happened since the last look, in either direction.
    pub(super) fn is_still(&mut self, given: u64, outbox: &Outbox) -> bool {
        let is_still = !self.stirred && given == self.given && outbox.is_empty();
        self.stirred = false;
        self.given = given;
        self.timer = Box::pin(tokio::time::sleep(self.limit));
        is_still
    }
}
