//! What becomes of a stanza after it was handed over.

use thiserror::Error;
use tokio::sync::watch;

/// How far a stanza has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// It waits to be written, or to be written again on a new stream.
    Waiting,
    /// It was written to the connection.
    Sent,
    /// The server says that it has handled it (XEP-0198 §4): it will not get lost any more.
    Acknowledged,
    /// It will not be sent.
    Failed(Undelivered),
}

/// Why a stanza was not delivered, or why nobody can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Undelivered {
    /// The client was closed before it was written.
    #[error("the client was closed before the stanza was written")]
    Closed,
    /// It was written, and nothing says whether it has arrived: the connection broke, or the server acknowledges nothing.
    #[error("nobody can tell whether the stanza has arrived")]
    Unknown,
    /// The session it belonged to is gone, and in another one it would make no sense.
    #[error("the stanza was of a session that is gone")]
    SessionGone,
}

/// Follows one stanza.
#[derive(Clone, Debug)]
pub struct Delivery(watch::Receiver<Progress>);

impl Delivery {
    /// How far it has come.
    pub fn progress(&self) -> Progress {
        *self.0.borrow()
    }

    /// Waits until it has come further; `None` when nothing more will be known.
    pub async fn changed(&mut self) -> Option<Progress> {
        self.0.changed().await.ok()?;
        Some(*self.0.borrow_and_update())
    }

    /// Waits for the acknowledgement of the server, over however many connections that takes.
    ///
    /// # Errors
    /// [`Undelivered`].
    pub async fn acknowledged(mut self) -> Result<(), Undelivered> {
        let settled = self
            .0
            .wait_for(|progress| matches!(progress, Progress::Acknowledged | Progress::Failed(_)));
        match settled.await.as_deref() {
            Ok(Progress::Acknowledged) => Ok(()),
            Ok(Progress::Failed(reason)) => Err(*reason),
            Ok(_) | Err(_) => Err(Undelivered::Unknown),
        }
    }
}

/// The other end of a [`Delivery`].
#[derive(Clone, Debug)]
pub(super) struct Ticket(watch::Sender<Progress>);

impl Ticket {
    pub(super) fn new() -> (Ticket, Delivery) {
        let (progress, following) = watch::channel(Progress::Waiting);
        (Ticket(progress), Delivery(following))
    }

    pub(super) fn is(&self, progress: Progress) {
        self.0.send_if_modified(|known| {
            // An acknowledgement may come before the buffer that the stanza was in has run empty.
            let later = *known != Progress::Acknowledged && *known != progress;
            if later {
                *known = progress;
            }
            later
        });
    }
}

/// A stanza on its way to the session.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) stanza: sestina_wire::Stanza,
    pub(super) ticket: Option<Ticket>,
}

impl From<sestina_wire::Stanza> for Outgoing {
    /// One whose way nobody follows.
    fn from(stanza: sestina_wire::Stanza) -> Outgoing {
        Outgoing {
            stanza,
            ticket: None,
        }
    }
}
