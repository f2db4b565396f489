//! Stream management of a client: what was sent and not acknowledged, and what was handled (XEP-0198).

use std::collections::VecDeque;
use std::sync::Arc;

use sestina_wire::{FullJid, Kind, Stanza, StreamCondition, StreamError, Text, Timestamp};

use crate::client::delivery::{Outgoing, Progress, Ticket, Undelivered};
use crate::host::{Terms, Unacknowledged};
use crate::session::{Management, Resume, Said, Session};

/// Bytes that may wait for their acknowledgement before no further stanza is taken.
const UNACKNOWLEDGED: usize = 1024 * 1024;

/// The acknowledgements of one session, over however many streams.
pub(super) struct Managed {
    words: Arc<dyn Management>,
    unacknowledged: Unacknowledged,
    /// For each stanza that waits, who wants to know of it.
    tickets: VecDeque<Option<Ticket>>,
    /// Whether the server has agreed: what it sends is counted.
    enabled: bool,
    handled: u32,
    id: Option<Text>,
}

impl Managed {
    /// Asks for acknowledgements. From here on what is sent is kept.
    pub(super) fn enable(words: Arc<dyn Management>, session: &mut Session) -> Managed {
        words.enable(&mut session.writer());
        Managed::new(words)
    }

    /// The server has agreed as the session was bound; it may be gone on with by this identifier.
    pub(super) fn enabled(words: Arc<dyn Management>, id: Option<Text>) -> Managed {
        Managed {
            enabled: true,
            id,
            ..Managed::new(words)
        }
    }

    fn new(words: Arc<dyn Management>) -> Managed {
        let terms = Terms {
            resume: None,
            request: words.request(),
            bytes: UNACKNOWLEDGED,
        };
        Managed {
            words,
            unacknowledged: Unacknowledged::new(terms),
            tickets: VecDeque::new(),
            enabled: false,
            handled: 0,
            id: None,
        }
    }

    /// Whether no more may be sent before something is acknowledged.
    pub(super) fn is_full(&self) -> bool {
        self.unacknowledged.is_full()
    }

    /// Whether everything that was sent is acknowledged.
    pub(super) fn is_settled(&self) -> bool {
        self.tickets.is_empty()
    }

    /// Sends a stanza and keeps it.
    pub(super) fn send(
        &mut self,
        session: &mut Session,
        stanza: &Stanza,
        ticket: Option<Ticket>,
        now: Timestamp,
    ) {
        session.queue_bytes(self.unacknowledged.record(stanza, now, None));
        self.tickets.push_back(ticket);
    }

    /// Asks for an acknowledgement where one is due.
    pub(super) fn request(&mut self, session: &mut Session) {
        if let Some(request) = self.unacknowledged.request() {
            session.queue_bytes(request.as_bytes());
        }
    }

    /// Asks for a sign of life; false where the server has not agreed to answer.
    pub(super) fn probe(&self, session: &mut Session) -> bool {
        if self.enabled {
            session.queue_bytes(self.words.request().as_bytes());
        }
        self.enabled
    }

    /// A stanza of the server was handled.
    pub(super) fn count(&mut self) {
        if self.enabled {
            self.handled = self.handled.wrapping_add(1);
        }
    }

    /// What the server says about stream management; false when it wants none of it.
    pub(super) fn hear(&mut self, said: Said, session: &mut Session) -> Result<bool, StreamError> {
        match said {
            Said::Enabled { id, .. } => {
                self.enabled = true;
                self.handled = 0;
                self.id = id.map(|id| id.detach());
            }
            Said::Request => {
                let handled = self.handled;
                self.words.acknowledge(&mut session.writer(), handled);
            }
            Said::Acknowledged(handled) => self.acknowledge(handled)?,
            Said::Failed(_) => return Ok(false),
            // Comes while negotiating only.
            Said::Resumed(_) => {
                return Err(StreamError::new(StreamCondition::UnsupportedStanzaType)
                    .with_text("nothing was to be resumed"));
            }
        }
        Ok(true)
    }

    /// The server has handled so many.
    pub(super) fn acknowledge(&mut self, handled: u32) -> Result<(), StreamError> {
        let newly = self.unacknowledged.acknowledge(handled).map_err(|error| {
            StreamError::new(StreamCondition::UndefinedCondition).with_text(error.to_string())
        })?;
        for ticket in self
            .tickets
            .drain(..newly.min(self.tickets.len()))
            .flatten()
        {
            ticket.is(Progress::Acknowledged);
        }
        Ok(())
    }

    /// What another stream has to show to go on with this session; nothing where the server did not promise to keep it.
    pub(super) fn resume(&self, jid: &FullJid) -> Option<Resume> {
        Some(Resume {
            id: self.id.clone()?,
            handled: self.handled,
            jid: jid.clone(),
        })
    }

    /// The session goes on with another stream: what the server has not handled is sent again.
    pub(super) fn resumed(
        &mut self,
        session: &mut Session,
        handled: u32,
    ) -> Result<(), StreamError> {
        self.acknowledge(handled)?;
        self.unacknowledged.forget_request();
        session.queue_bytes(self.unacknowledged.pending());
        Ok(())
    }

    /// The session of this address is gone: what was not acknowledged, messages with the time at which they were sent, and
    /// who wants to know of it.
    pub(super) fn into_lost(self, by: &FullJid) -> Vec<Outgoing> {
        let lost = self.unacknowledged.into_lost().into_iter();
        let lost = lost.zip(self.tickets);
        lost.map(|((stanza, sent), ticket)| Outgoing {
            stanza: match stanza.kind() {
                Kind::Message => self.words.late(stanza, by, sent),
                _ => stanza,
            },
            ticket,
        })
        .collect()
    }

    /// Nobody will ever know of what was not acknowledged.
    pub(super) fn give_up(self) {
        for ticket in self.tickets.into_iter().flatten() {
            ticket.is(Progress::Failed(Undelivered::Unknown));
        }
    }
}
