//! Coming back after a stream broke: with the same session, or with another.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sestina_wire::{FullJid, Kind, StreamError, Text};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::debug;

use super::{Task, closed};
use crate::client::delivery::{Progress, Undelivered};
use crate::client::{ConnectError, End, Event, reconnect};
use crate::session::{self, Session};

/// How long a stream must have lasted for the next one to be tried soon.
const LASTED: Duration = Duration::from_secs(60);

impl Task {
    /// Connects again until there is a session: the same one, or another.
    pub(super) async fn come_back(&mut self, reason: End) -> Result<(), End> {
        // What an unmanaged stream had in its buffer is of an unknown fate; a managed one keeps it.
        if self.managed.is_none() {
            for ticket in self.state.unwritten.drain(..) {
                ticket.is(Progress::Failed(Undelivered::Unknown));
            }
        }
        self.state.unwritten.clear();
        self.tell(Event::Disconnected(reason.clone()));
        let jid = self.session.jid().clone();
        // A session that did not last is no reason to begin with short pauses again.
        if self.state.since.elapsed() > LASTED {
            self.state.attempts = 0;
        }
        let mut last = reason;
        loop {
            let Some(link) = &self.link else {
                return Err(last);
            };
            let attempts = self.state.attempts;
            let Some(pause) = link.policy.pause(attempts, self.host.random().as_ref()) else {
                return Err(last);
            };
            self.state.attempts = attempts.saturating_add(1);
            let mut config = link.config.clone();
            config.earlier_resource = Some(Text::from(jid.resource()));
            config.resume = self
                .managed
                .as_ref()
                .and_then(|managed| managed.resume(&jid));
            let dial = Arc::clone(&link.dial);
            let trial = async move {
                tokio::time::sleep(pause).await;
                let transport = dial().await?;
                Ok::<Session, ConnectError>(Session::connect(transport, &config).await?)
            };
            let tried = tokio::select! {
                tried = trial => tried,
                () = hand_over(&mut self.state.events, &self.events) => continue,
                () = closed(&mut self.closing, &self.events) => return Err(End::Orderly),
            };
            match tried {
                Ok(session) => {
                    self.session = session;
                    self.state.since = Instant::now();
                    self.keep_alive.heard();
                    match self.renewed(&jid) {
                        Ok(()) => return Ok(()),
                        Err(error) => {
                            last = End::Broken(error.to_string());
                            self.managed = None;
                            self.session.finish(Some(error)).await;
                        }
                    }
                }
                Err(error) => {
                    debug!(%error, attempts, "no session yet");
                    last = End::Broken(error.to_string());
                    if reconnect::is_hopeless(&error) {
                        return Err(last);
                    }
                }
            }
        }
    }

    /// There is a stream again, after that of `old`.
    fn renewed(&mut self, old: &FullJid) -> Result<(), StreamError> {
        if let (session::Managed::Resumed { handled }, Some(managed)) =
            (self.session.managed(), &mut self.managed)
        {
            managed.resumed(&mut self.session, handled)?;
            self.activity.begin(&mut self.session);
            self.tell(Event::Resumed);
            return Ok(());
        }
        let mut lost = self.managed.take();
        if let (
            session::Managed::Offered {
                handled: Some(handled),
            }
            | session::Managed::Enabled {
                handled: Some(handled),
                ..
            },
            Some(lost),
        ) = (self.session.managed(), &mut lost)
        {
            // A server that has forgotten the session may still know how far it had come (XEP-0198 §5).
            let _ = lost.acknowledge(handled);
        }
        self.manage();
        self.activity.begin(&mut self.session);
        self.jid.send_replace(self.session.jid().clone());
        self.tell(Event::Renewed(self.session.jid().clone()));

        let mut backlog = VecDeque::new();
        if let Some(stanza) = self.state.presence.clone() {
            backlog.push_back(stanza.into());
        }
        let lost = lost.map(|lost| lost.into_lost(old)).unwrap_or_default();
        for outgoing in lost {
            let is_message = outgoing.stanza.kind() == Kind::Message;
            if let Some(ticket) = &outgoing.ticket {
                ticket.is(if is_message {
                    Progress::Waiting
                } else {
                    Progress::Failed(Undelivered::SessionGone)
                });
            }
            if is_message {
                backlog.push_back(outgoing);
            }
        }
        // The stream may have broken before all was sent that the one before it had left.
        backlog.append(&mut self.state.backlog);
        self.state.backlog = backlog;
        // Answers to what the old session asked come to nobody.
        self.host.requests().give_up_sent();
        Ok(())
    }

    /// Nothing will be sent any more.
    pub(super) fn give_up(&mut self) {
        if let Some(managed) = self.managed.take() {
            managed.give_up();
        }
        let mut never = std::mem::take(&mut self.state.backlog);
        while let Ok(outgoing) = self.outbound.try_recv() {
            never.push_back(outgoing);
        }
        for ticket in never.into_iter().filter_map(|outgoing| outgoing.ticket) {
            ticket.is(Progress::Failed(Undelivered::Closed));
        }
        self.host.requests().give_up();
    }
}

/// Hands waiting events to the program; never ready.
async fn hand_over(waiting: &mut VecDeque<Event>, events: &mpsc::Sender<Event>) {
    while !waiting.is_empty() {
        let Ok(room) = events.reserve().await else {
            waiting.clear();
            break;
        };
        if let Some(event) = waiting.pop_front() {
            room.send(event);
        }
    }
    std::future::pending().await
}
