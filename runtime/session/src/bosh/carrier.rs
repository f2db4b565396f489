//! A session as the stream above sees it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use sestina_wire::{Limits, Text};
use tokio::io::ReadBuf;
use tokio::time::Sleep;

use super::handler::Registry;
use super::session::{End, Session};
use crate::stream::StreamFault;
use crate::transport::{Element, Messages};

/// A session that requests and the stream share.
pub(super) type Shared = Arc<Mutex<Session>>;

/// Both sides hold it for moments and none panics in them.
pub(super) fn lock(session: &Shared) -> MutexGuard<'_, Session> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The stream's end of a session; the session is over when it is dropped.
pub(super) struct Carrier {
    session: Shared,
    sid: Text,
    registry: Arc<Registry>,
    /// Runs while no request waits: for which of those times, and how long.
    patience: Option<(u64, Pin<Box<Sleep>>)>,
}

impl std::fmt::Debug for Carrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("bosh")
    }
}

impl Carrier {
    pub(super) fn new(session: Shared, sid: Text, registry: Arc<Registry>) -> Carrier {
        Carrier {
            session,
            sid,
            registry,
            patience: None,
        }
    }
}

impl Messages for Carrier {
    fn set_limits(&mut self, limits: &Limits) {
        lock(&self.session).limits = *limits;
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Text>, StreamFault>> {
        let idle = {
            let mut session = lock(&self.session);
            match session.message() {
                Ok(Some(message)) => return Poll::Ready(Ok(Some(message))),
                Err(()) => return Poll::Ready(Ok(None)),
                Ok(None) => {}
            }
            session.reader = Some(cx.waker().clone());
            session
                .is_idle()
                .then_some((session.idle, session.patience))
        };
        let Some((idle, longest)) = idle else {
            self.patience = None;
            return Poll::Pending;
        };
        let patience = match &mut self.patience {
            Some((since, patience)) if *since == idle => patience,
            other => {
                let patience = Box::pin(tokio::time::sleep(longest));
                &mut other.insert((idle, patience)).1
            }
        };
        match patience.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            // The client is gone, as when a connection breaks.
            Poll::Ready(()) => Poll::Ready(Err(io::Error::from(io::ErrorKind::TimedOut).into())),
        }
    }

    fn queue(&mut self, element: Element<'_>) {
        lock(&self.session).queue(element);
    }

    fn pending(&self) -> usize {
        lock(&self.session).congestion()
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut session = lock(&self.session);
        session.settle();
        if session.congestion() > 0 {
            session.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        lock(&self.session).finish(End::Orderly);
        Poll::Ready(Ok(()))
    }

    fn poll_rest(&mut self, _cx: &mut Context<'_>, _buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        lock(&self.session).finish(End::Condition("remote-connection-failed"));
        self.registry.forget(&self.sid);
    }
}
