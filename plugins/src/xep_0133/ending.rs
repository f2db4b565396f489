//! The end of the service, or a new beginning (§4.30, §4.31).
//!
//! Only the program that runs the server can end it. It says that it listens, and from then on the commands are offered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_types::xep_0133::forms::Administration;
use tokio::sync::watch;

use super::Server;
use crate::xep_0050::{Done, Trouble};

/// What an administrator wants of the program that runs the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It ends.
    Shutdown,
    /// It ends, and begins anew.
    Restart,
}

/// The wish of an administrator that the server ends. All hosts of a server share one.
#[derive(Debug, Default)]
pub struct Ending {
    listened: AtomicBool,
    wanted: watch::Sender<Option<End>>,
}

impl Ending {
    /// The one of a host.
    #[must_use]
    pub fn of(host: &Host) -> Arc<Self> {
        host.shared().get_or_insert_with(Self::default)
    }

    /// Says that somebody will do what is wished for; until then nobody may wish.
    pub fn listen(&self) {
        self.listened.store(true, Ordering::Release);
    }

    /// Waits for the wish.
    pub async fn wanted(&self) -> End {
        let mut wanted = self.wanted.subscribe();
        loop {
            if let Some(end) = *wanted.borrow_and_update() {
                return end;
            }
            // The sender is here: it does not go meanwhile.
            let _ = wanted.changed().await;
        }
    }

    pub(super) fn is_listened(&self) -> bool {
        self.listened.load(Ordering::Acquire)
    }
}

impl Server {
    /// Says so to everybody, and ends the service when the time has come.
    pub(super) fn end(
        &self,
        cx: &IqContext,
        filled: &Administration,
        end: End,
    ) -> Result<Done, Trouble> {
        let delay = filled.delay.unwrap_or_default();
        if filled
            .announcement
            .as_ref()
            .is_some_and(|lines| !lines.is_empty())
        {
            self.announce(cx, filled)?;
        }
        tracing::info!(by = %cx.from, ?end, delay, "an administrator ends the service");
        let ending = Ending::of(&cx.host);
        tokio::spawn(async move {
            // The answer goes out first.
            let delay = Duration::from_secs(delay.into()).max(Duration::from_millis(200));
            tokio::time::sleep(delay).await;
            ending.wanted.send_replace(Some(end));
        });
        Ok(Done::default().saying(format!("in {delay} seconds")))
    }
}
