//! When and how a client comes back after its connection broke.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sestina_wire::StreamCondition;
use sestina_wire::clock::Random;

use crate::client::{ConnectError, End};
use crate::session::{ConnectConfig, SessionError};
use crate::transport::Transport;

/// Makes a connection to the server.
pub(super) type Dial =
    Arc<dyn Fn() -> BoxFuture<'static, Result<Transport, ConnectError>> + Send + Sync>;

/// When to try again. Each pause is a random part of one that doubles with each attempt, so that the clients of a server
/// that restarts do not come back all at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconnect {
    /// The longest first pause.
    pub first: Duration,
    /// The longest pause.
    pub most: Duration,
    /// Attempts after which the client gives up; it never does where there is no number.
    pub attempts: Option<u32>,
}

impl Default for Reconnect {
    /// Two seconds at first, two minutes at most, for ever.
    fn default() -> Reconnect {
        Reconnect {
            first: Duration::from_secs(2),
            most: Duration::from_secs(120),
            attempts: None,
        }
    }
}

impl Reconnect {
    /// How long to wait before an attempt; the first is number 0. Nothing when there is to be none.
    pub(super) fn pause(&self, attempt: u32, random: &dyn Random) -> Option<Duration> {
        if self.attempts.is_some_and(|attempts| attempt >= attempts) {
            return None;
        }
        let longest = self
            .first
            .saturating_mul(1 << attempt.min(16))
            .min(self.most);
        let mut bits = [0; 4];
        random.fill(&mut bits);
        let part = f64::from(u32::from_le_bytes(bits)) / f64::from(u32::MAX);
        // Never at once: half of the pause is certain.
        Some(longest.mul_f64(0.5 + part / 2.0))
    }
}

/// How a client gets another stream.
pub(super) struct Link {
    pub(super) dial: Dial,
    pub(super) config: ConnectConfig,
    pub(super) policy: Reconnect,
}

/// Whether coming back makes sense after such an end.
pub(super) fn is_worth_it(end: &End) -> bool {
    match end {
        End::Orderly | End::Broken(_) => true,
        End::Server(error) => is_passing(error.condition),
    }
}

/// Whether trying once more can change anything after such a failure.
pub(super) fn is_hopeless(error: &ConnectError) -> bool {
    match error {
        ConnectError::Session(
            SessionError::Login(_) | SessionError::Impasse(_) | SessionError::TlsSettings(_),
        )
        | ConnectError::Plugin(_) => true,
        ConnectError::Session(SessionError::PeerEnded(error)) => !is_passing(error.condition),
        _ => false,
    }
}

/// Whether what a server ended a stream with passes by itself.
fn is_passing(condition: StreamCondition) -> bool {
    use StreamCondition::{
        Conflict, HostGone, HostUnknown, InvalidFrom, NotAuthorized, PolicyViolation,
        UnsupportedVersion,
    };
    !matches!(
        condition,
        Conflict
            | HostGone
            | HostUnknown
            | InvalidFrom
            | NotAuthorized
            | PolicyViolation
            | UnsupportedVersion
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sestina_wire::clock::SystemRandom;

    use super::*;

    proptest! {
        #[test]
        fn pauses_grow_and_stay_bounded(attempt in any::<u32>()) {
            let policy = Reconnect::default();
            let pause = policy.pause(attempt, &SystemRandom).unwrap();
            prop_assert!(pause >= policy.first / 2);
            prop_assert!(pause <= policy.most);
        }
    }

    #[test]
    fn it_gives_up_after_the_last_attempt() {
        let policy = Reconnect {
            attempts: Some(2),
            ..Reconnect::default()
        };
        assert!(policy.pause(1, &SystemRandom).is_some());
        assert_eq!(policy.pause(2, &SystemRandom), None);
    }
}
