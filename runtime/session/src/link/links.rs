//! The links of a server: how many there are, and their end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use crate::link::{SILENCE, keep_alive};
use crate::metrics;
use crate::server::is_of_one_connection;
use crate::transport::Transport;

/// How long to pause when the system has no more open files to give.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Counts links, bounds them, and ends them.
pub(crate) struct Links {
    open: AtomicUsize,
    cap: usize,
    idle: Notify,
    stop: watch::Sender<bool>,
}

/// Counts a link as long as it lives.
pub(crate) struct Counted(Arc<Links>);

impl Drop for Counted {
    fn drop(&mut self) {
        if self.0.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

impl Links {
    /// Room for so many.
    pub(crate) fn new(cap: usize) -> Arc<Links> {
        Arc::new(Links {
            open: AtomicUsize::new(0),
            cap,
            idle: Notify::new(),
            stop: watch::Sender::new(false),
        })
    }

    /// One more, if there is room.
    pub(crate) fn admit(self: &Arc<Self>) -> Option<Counted> {
        let before = self.open.fetch_add(1, Ordering::AcqRel);
        let counted = Counted(Arc::clone(self));
        (before < self.cap).then_some(counted)
    }

    /// How many there are.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// Whether they are to end.
    pub(crate) fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits until they are to end.
    pub(crate) async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        // The sender lives as long as this.
        let _ = stop.wait_for(|stop| *stop).await;
    }

    /// Ends them, and waits for that.
    pub(crate) async fn stop(&self, limit: Duration) {
        self.stop.send_replace(true);
        let idle = async {
            loop {
                let notified = self.idle.notified();
                tokio::pin!(notified);
                notified.as_mut().enable();
                if self.open() == 0 {
                    return;
                }
                notified.await;
            }
        };
        let _ = tokio::time::timeout(limit, idle).await;
    }

    /// Takes connections until `stopping`, and gives each its task.
    pub(crate) async fn accept<F, T>(
        self: Arc<Self>,
        socket: TcpListener,
        mut stopping: watch::Receiver<bool>,
        serve: F,
    ) where
        F: Fn(Transport) -> T + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        loop {
            let accepted = tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => return,
                accepted = socket.accept() => accepted,
            };
            match accepted.and_then(|(stream, _)| {
                keep_alive(&stream, SILENCE)?;
                Transport::tcp(stream)
            }) {
                Ok(transport) => match self.admit() {
                    Some(counted) => {
                        metrics::count(metrics::CONNECTIONS_ACCEPTED);
                        let served = serve(transport);
                        tokio::spawn(async move {
                            served.await;
                            drop(counted);
                        });
                    }
                    None => metrics::count(metrics::CONNECTIONS_REFUSED),
                },
                Err(error) if is_of_one_connection(&error) => {
                    tracing::debug!(%error, "a connection was gone before it was taken");
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot take connections; trying again");
                    tokio::time::sleep(EXHAUSTED).await;
                }
            }
        }
    }
}
