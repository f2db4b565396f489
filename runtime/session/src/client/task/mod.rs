//! The task that owns a client's session, over all its streams.

mod incoming;
mod returning;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use sestina_types::xep_0199::Ping;
use sestina_wire::{BareJid, Frame, FullJid, Kind, Stanza, StanzaType, StreamError};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;
use tracing::debug;

use crate::client::activity::Activity;
use crate::client::delivery::{Outgoing, Progress, Ticket};
use crate::client::keep_alive::KeepAlive;
use crate::client::managed::Managed;
use crate::client::reconnect::{self, Link};
use crate::client::{End, Event};
use crate::host::Host;
use crate::plugin::PluginManager;
use crate::session::{self, Session, SessionError};

/// Requests of others that are handled at a time; more are refused.
const HANDLED: usize = 64;
/// How long a client that closes waits for the acknowledgement of what it sent.
const SETTLE: Duration = Duration::from_secs(5);
/// Bytes queued for the server past which no further stanza is taken.
const QUEUED: usize = 64 * 1024;

/// A client's session and what is connected to it.
pub(super) struct Task {
    pub(super) session: Session,
    pub(super) host: Arc<Host>,
    pub(super) manager: PluginManager,
    pub(super) own: BareJid,
    pub(super) outbound: mpsc::Receiver<Outgoing>,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) closing: watch::Receiver<bool>,
    pub(super) end: watch::Sender<bool>,
    pub(super) jid: watch::Sender<FullJid>,
    /// How to come back, where that is wanted.
    pub(super) link: Option<Link>,
    pub(super) keep_alive: KeepAlive,
    pub(super) managed: Option<Managed>,
    pub(super) activity: Activity,
    pub(super) state: State,
}

/// What a client has under way.
pub(super) struct State {
    /// Read and not yet taken by the program.
    events: VecDeque<Event>,
    /// To be sent before anything else.
    backlog: VecDeque<Outgoing>,
    /// Written to the stream's buffer and perhaps not to the connection.
    unwritten: Vec<Ticket>,
    /// What others were told of us last (RFC 6121 §4.4).
    presence: Option<Stanza>,
    /// Since when there is a stream.
    since: Instant,
    /// Attempts to come back since a session lasted.
    attempts: u32,
}

impl State {
    pub(super) fn new() -> State {
        State {
            events: VecDeque::new(),
            backlog: VecDeque::new(),
            unwritten: Vec::new(),
            presence: None,
            since: Instant::now(),
            attempts: 0,
        }
    }
}

/// What woke the task.
enum Woken {
    Received(Result<Option<Frame>, SessionError>),
    Broken(SessionError),
    Send(Option<Outgoing>),
    Silent,
    /// The program says whether anybody looks.
    Activity,
    Closing,
}

/// How a stream ended.
struct Ended {
    end: End,
    /// What the server is told.
    error: Option<StreamError>,
    /// Whether the program wanted it so.
    wanted: bool,
}

impl Ended {
    fn with(end: End, error: Option<StreamError>) -> Ended {
        Ended {
            end,
            error,
            wanted: false,
        }
    }

    fn broken(reason: impl ToString) -> Ended {
        Ended::with(End::Broken(reason.to_string()), None)
    }
}

impl Task {
    pub(super) async fn run(mut self) {
        let handled = Arc::new(Semaphore::new(HANDLED));
        self.manage();
        self.activity.begin(&mut self.session);
        let end = loop {
            let ended = self.serve(&handled).await;
            debug!(end = ?ended.end, "the stream has ended");
            let comes_back =
                !ended.wanted && self.link.is_some() && reconnect::is_worth_it(&ended.end);
            if !comes_back {
                self.outbound.close();
            }
            // A stream that broke is not closed: the session is to be gone on with.
            if comes_back && ended.error.is_none() && matches!(ended.end, End::Broken(_)) {
                self.session.hang_up();
            } else {
                self.session.finish(ended.error).await;
            }
            if !comes_back {
                break ended.end;
            }
            if let Err(end) = self.come_back(ended.end).await {
                self.outbound.close();
                break end;
            }
        };
        self.give_up();
        let _ = self.end.send(true);
        for event in std::mem::take(&mut self.state.events) {
            let _ = self.events.send(event).await;
        }
        let _ = self.events.send(Event::Closed(end)).await;
        self.manager.stop().await;
    }

    /// Serves the session until its stream ends.
    async fn serve(&mut self, handled: &Arc<Semaphore>) -> Ended {
        loop {
            while let Some(event) = self.state.events.pop_front() {
                match self.events.try_send(event) {
                    Err(mpsc::error::TrySendError::Full(event)) => {
                        self.state.events.push_front(event);
                        break;
                    }
                    // Nobody takes events.
                    Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
                }
            }
            let woken = if self.state.events.is_empty() {
                self.wait(true).await
            } else {
                // Nothing more is read before there is room for what was read.
                let events = self.events.clone();
                tokio::select! {
                    _ = events.reserve() => continue,
                    woken = self.wait(false) => woken,
                }
            };
            match woken {
                Woken::Received(Ok(Some(frame))) => {
                    self.keep_alive.heard();
                    match self.received(frame, handled) {
                        Ok(event) => self.state.events.extend(event),
                        Err(error) => {
                            return Ended::with(End::Broken(error.to_string()), Some(error));
                        }
                    }
                }
                Woken::Received(Ok(None)) => {
                    return Ended::with(
                        if self.session.was_closed() {
                            End::Orderly
                        } else {
                            End::Broken("the connection ended".to_owned())
                        },
                        None,
                    );
                }
                Woken::Received(Err(SessionError::PeerEnded(error))) => {
                    return Ended::with(End::Server(error), None);
                }
                Woken::Received(Err(error)) | Woken::Broken(error) => {
                    return Ended::broken(error);
                }
                Woken::Send(Some(outgoing)) => self.send(outgoing),
                Woken::Activity => self.activity.tell(&mut self.session),
                Woken::Silent => {
                    if !self.probe() {
                        return Ended::broken("the server has not answered for too long");
                    }
                }
                Woken::Send(None) | Woken::Closing => {
                    self.outbound.close();
                    while let Some(outgoing) = self.state.backlog.pop_front() {
                        self.send(outgoing);
                    }
                    while let Ok(outgoing) = self.outbound.try_recv() {
                        self.send(outgoing);
                    }
                    self.settle(handled).await;
                    return Ended {
                        end: End::Orderly,
                        error: None,
                        wanted: true,
                    };
                }
            }
        }
    }

    /// Asks for acknowledgements on a new session, where the server knows how.
    fn manage(&mut self) {
        let words = self.host.management().cloned();
        self.managed = match (words, self.session.managed()) {
            (Some(words), session::Managed::Offered { .. }) => {
                Some(Managed::enable(words, &mut self.session))
            }
            (Some(words), session::Managed::Enabled { id, .. }) => {
                Some(Managed::enabled(words, id))
            }
            _ => None,
        };
    }

    /// Puts a stanza into the stream's buffer.
    fn send(&mut self, Outgoing { stanza, ticket }: Outgoing) {
        if stanza.kind() == Kind::Presence && stanza.to().is_none() {
            match stanza.type_() {
                StanzaType::Available => {
                    let mut presence = stanza.clone();
                    presence.compact();
                    self.state.presence = Some(presence);
                }
                StanzaType::Unavailable => self.state.presence = None,
                _ => {}
            }
        }
        if stanza.kind() == Kind::Iq
            && matches!(stanza.type_(), StanzaType::Get | StanzaType::Set)
            && let Some(id) = stanza.id()
        {
            self.host.requests().sent(id);
        }
        self.state.unwritten.extend(ticket.clone());
        match &mut self.managed {
            Some(managed) => {
                let now = self.host.clock().now();
                managed.send(&mut self.session, &stanza, ticket, now);
            }
            None => self.session.queue(&stanza),
        }
    }

    /// Asks a server that was silent for long for a sign of life; false when it was asked before.
    fn probe(&mut self) -> bool {
        if !self.keep_alive.ask() {
            return false;
        }
        let asked = match &self.managed {
            Some(managed) => managed.probe(&mut self.session),
            None => false,
        };
        if !asked {
            let ping = Stanza::iq(StanzaType::Get)
                .with_to(self.own.domain_jid().into_jid())
                .with_id(self.host.random().token())
                .with(&Ping::default());
            self.send(ping.into());
        }
        true
    }

    /// Before the stream is closed: waits a while until the server has acknowledged what it was sent.
    async fn settle(&mut self, handled: &Arc<Semaphore>) {
        let settled = async {
            while let Some(managed) = self
                .managed
                .as_mut()
                .filter(|managed| !managed.is_settled())
            {
                managed.request(&mut self.session);
                if self.session.flush().await.is_err() {
                    return;
                }
                let Ok(Some(frame)) = self.session.recv().await else {
                    return;
                };
                let Ok(event) = self.received(frame, handled) else {
                    return;
                };
                self.state.events.extend(event);
            }
        };
        let _ = tokio::time::timeout(SETTLE, settled).await;
    }

    /// Puts an event behind those that wait.
    fn tell(&mut self, event: Event) {
        self.state.events.push_back(event);
    }

    /// Writes what is queued, and waits for something to do.
    async fn wait(&mut self, read: bool) -> Woken {
        let Task {
            session,
            outbound,
            closing,
            events,
            keep_alive,
            managed,
            activity,
            state,
            ..
        } = self;
        let work = poll_fn(|cx| {
            // Everything that waits to be sent is gathered before anything is written.
            for _ in 0..2 {
                let room = session.queued() < QUEUED
                    && managed.as_ref().is_none_or(|managed| !managed.is_full());
                if room {
                    if let Some(outgoing) = state.backlog.pop_front() {
                        return Poll::Ready(Woken::Send(Some(outgoing)));
                    }
                    if let Poll::Ready(outgoing) = outbound.poll_recv(cx) {
                        return Poll::Ready(Woken::Send(outgoing));
                    }
                }
                if let Some(managed) = managed {
                    managed.request(session);
                }
                if session.queued() > 0
                    && let Poll::Ready(Err(error)) = session.poll_flush(cx)
                {
                    return Poll::Ready(Woken::Broken(error));
                }
                if session.queued() > 0 {
                    break;
                }
                for ticket in state.unwritten.drain(..) {
                    ticket.is(Progress::Sent);
                }
            }
            if !read {
                return Poll::Pending;
            }
            if let Poll::Ready(received) = session.poll_recv(cx) {
                return Poll::Ready(Woken::Received(received));
            }
            keep_alive.poll_silent(cx).map(|()| Woken::Silent)
        });
        tokio::select! {
            woken = work => woken,
            Some(()) = activity.changed() => Woken::Activity,
            () = closed(closing, events) => Woken::Closing,
        }
    }
}

/// Ready when the program wants the client closed, or has dropped all of it.
async fn closed(closing: &mut watch::Receiver<bool>, events: &mpsc::Sender<Event>) {
    let abandoned = closing.wait_for(|closing| *closing).await.is_err();
    // A client without handles lives on for its events and handlers, until nobody takes those either.
    if abandoned {
        events.closed().await;
    }
}
