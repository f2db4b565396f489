//! Notices clients that have gone without a word (RFC 6120 §4.6).

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::session::Timeouts;

/// What has to be done about a client from which nothing comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// It is to be asked for a sign of life.
    Ask,
    /// It was asked and said nothing.
    Gone,
}

/// Looks at regular intervals whether something has come since the last look, so that what comes costs no timer and no
/// look at the clock. A client is asked after a silence of one interval at least and of two at most.
pub(super) struct KeepAlive {
    idle: Duration,
    answer: Duration,
    asked: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl KeepAlive {
    pub(super) fn new(timeouts: &Timeouts) -> KeepAlive {
        let Timeouts { idle, answer, .. } = *timeouts;
        KeepAlive {
            idle,
            answer,
            asked: false,
            timer: (!idle.is_zero()).then(|| Box::pin(tokio::time::sleep(idle))),
        }
    }

    /// Ready when something has to be done; to be called until it is not. `heard` says whether something has come since
    /// it was called before.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mut heard: impl FnMut() -> bool,
    ) -> Poll<Silence> {
        let Some(timer) = &mut self.timer else {
            return Poll::Pending;
        };
        loop {
            ready!(timer.as_mut().poll(cx));
            let silence = match (heard(), self.asked) {
                (true, _) => None,
                (false, false) => Some(Silence::Ask),
                (false, true) => Some(Silence::Gone),
            };
            self.asked = silence.is_some();
            let next = if self.asked { self.answer } else { self.idle };
            timer.as_mut().reset(Instant::now() + next);
            if let Some(silence) = silence {
                return Poll::Ready(silence);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn silence_is_asked_about_and_then_believed() {
        let timeouts = Timeouts {
            idle: Duration::from_millis(2),
            answer: Duration::from_millis(1),
            ..Timeouts::default()
        };
        let mut keep_alive = KeepAlive::new(&timeouts);
        // Heard at first, then asked; answered, asked again and nothing said.
        let mut heard = [true, false, true, false, false].into_iter();
        for wanted in [Silence::Ask, Silence::Ask, Silence::Gone] {
            let found = poll_fn(|cx| keep_alive.poll(cx, || heard.next().unwrap_or(false))).await;
            assert_eq!(found, wanted);
        }
    }

    #[tokio::test]
    async fn no_time_is_no_limit() {
        let timeouts = Timeouts {
            idle: Duration::ZERO,
            ..Timeouts::default()
        };
        let mut keep_alive = KeepAlive::new(&timeouts);
        let silence = poll_fn(|cx| keep_alive.poll(cx, || false));
        let waited = tokio::time::timeout(Duration::from_millis(20), silence).await;
        assert!(waited.is_err());
    }
}
