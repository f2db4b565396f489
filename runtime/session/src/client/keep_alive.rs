//! Notices that nothing comes any more.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// How long the server may be silent before it is asked whether it is there, and how long it has to answer.
pub(super) struct KeepAlive {
    interval: Duration,
    patience: Duration,
    heard: Instant,
    asked: Option<Instant>,
    /// Set anew only when it fires: hearing something costs no timer.
    timer: Pin<Box<Sleep>>,
}

impl KeepAlive {
    pub(super) fn new(interval: Duration, patience: Duration) -> KeepAlive {
        KeepAlive {
            interval,
            patience,
            heard: Instant::now(),
            asked: None,
            timer: Box::pin(tokio::time::sleep(interval)),
        }
    }

    /// The server has sent something.
    pub(super) fn heard(&mut self) {
        self.heard = Instant::now();
        self.asked = None;
    }

    /// The server is being asked; false when it was and has not answered.
    pub(super) fn ask(&mut self) -> bool {
        if self.asked.is_some() {
            return false;
        }
        self.asked = Some(Instant::now());
        true
    }

    /// Ready when something has to be done about the silence.
    pub(super) fn poll_silent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.interval.is_zero() {
            return Poll::Pending;
        }
        loop {
            let deadline = match self.asked {
                Some(asked) => asked + self.patience,
                None => self.heard + self.interval,
            };
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            if self.timer.deadline() < deadline && self.timer.is_elapsed() {
                self.timer.as_mut().reset(deadline);
            }
            // While an answer is waited for the time is shorter than what the timer was set for.
            if self.timer.deadline() > deadline {
                self.timer.as_mut().reset(deadline);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}
