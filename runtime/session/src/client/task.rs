//! The task that owns a client's session.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use sestina_types::rfc_6121::roster::Query;
use sestina_types::xep_0199::Ping;
use sestina_types::xep_0203::Delay;
use sestina_wire::dispatch::Scope;
use sestina_wire::{
    BareJid, Condition, DateTime, Extra, Frame, FullJid, Kind, Payload, Stanza, StanzaError,
    StanzaParseError, StanzaType, StreamCondition, StreamError, Text, Timestamp,
};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;
use tracing::debug;

use crate::client::delivery::{Outgoing, Progress, Ticket, Undelivered};
use crate::client::keep_alive::KeepAlive;
use crate::client::managed::Managed;
use crate::client::reconnect::{self, Link};
use crate::client::{ConnectError, End, Event};
use crate::host::{Host, Resource};
use crate::mux::{IqContext, IqRequest, Origin, Removal};
use crate::plugin::PluginManager;
use crate::router::{Outcome, Outlet, Routed, Source};
use crate::session::{self, Session, SessionError};
use crate::stages::Flow;

/// Requests of others that are handled at a time; more are refused.
const HANDLED: usize = 64;
/// How long a client that closes waits for the acknowledgement of what it sent.
const SETTLE: Duration = Duration::from_secs(5);
/// How long a stream must have lasted for the next one to be tried soon.
const LASTED: Duration = Duration::from_secs(60);
/// Bytes queued for the server past which no further stanza is taken.
const QUEUED: usize = 64 * 1024;

/// The way out of a client's host: its session.
pub(super) struct Outbound(pub(super) mpsc::Sender<Outgoing>);

impl Outlet for Outbound {
    fn route(&self, _host: &Arc<Host>, stanza: Stanza, _source: Source) -> Routed {
        let outgoing = Outgoing {
            stanza,
            ticket: None,
        };
        match self.0.try_send(outgoing) {
            Ok(()) => Routed::Now(Outcome::Elsewhere),
            Err(mpsc::error::TrySendError::Closed(_)) => Routed::Now(Outcome::NoSession),
            Err(mpsc::error::TrySendError::Full(outgoing)) => {
                let out = self.0.clone();
                Routed::Later(Box::pin(async move {
                    match out.send(outgoing).await {
                        Ok(()) => Outcome::Elsewhere,
                        Err(_) => Outcome::NoSession,
                    }
                }))
            }
        }
    }

    fn deliver_to(&self, host: &Arc<Host>, _resource: &Arc<Resource>, stanza: Stanza) -> Routed {
        self.route(host, stanza, Source::Server)
    }
}

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
            self.send(Outgoing {
                stanza: ping,
                ticket: None,
            });
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

    /// Connects again until there is a session: the same one, or another.
    async fn come_back(&mut self, reason: End) -> Result<(), End> {
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
            config.resource = Some(Text::from(jid.resource()));
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
                    match self.renewed() {
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

    /// There is a stream again.
    fn renewed(&mut self) -> Result<(), StreamError> {
        if let (session::Managed::Resumed { handled }, Some(managed)) =
            (self.session.managed(), &mut self.managed)
        {
            managed.resumed(&mut self.session, handled)?;
            self.tell(Event::Resumed);
            return Ok(());
        }
        let mut lost = self.managed.take();
        if let (
            session::Managed::Offered {
                handled: Some(handled),
            },
            Some(lost),
        ) = (self.session.managed(), &mut lost)
        {
            // A server that has forgotten the session may still know how far it had come (XEP-0198 §5).
            let _ = lost.acknowledge(handled);
        }
        self.manage();
        self.jid.send_replace(self.session.jid().clone());
        self.tell(Event::Renewed(self.session.jid().clone()));

        let mut backlog = VecDeque::new();
        if let Some(stanza) = self.state.presence.clone() {
            backlog.push_back(Outgoing {
                stanza,
                ticket: None,
            });
        }
        for (stanza, sent, ticket) in lost.into_iter().flat_map(Managed::into_lost) {
            if stanza.kind() == Kind::Message {
                let stanza = late(stanza, sent);
                ticket
                    .iter()
                    .for_each(|ticket| ticket.is(Progress::Waiting));
                backlog.push_back(Outgoing { stanza, ticket });
            } else if let Some(ticket) = ticket {
                ticket.is(Progress::Failed(Undelivered::SessionGone));
            }
        }
        // The stream may have broken before all was sent that the one before it had left.
        backlog.append(&mut self.state.backlog);
        self.state.backlog = backlog;
        // Answers to what the old session asked come to nobody.
        self.host.requests().give_up_sent();
        Ok(())
    }

    /// Puts an event behind those that wait.
    fn tell(&mut self, event: Event) {
        self.state.events.push_back(event);
    }

    /// Nothing will be sent any more.
    fn give_up(&mut self) {
        let lost = self.managed.take().into_iter().flat_map(Managed::into_lost);
        for ticket in lost.filter_map(|(_, _, ticket)| ticket) {
            ticket.is(Progress::Failed(Undelivered::Unknown));
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

    /// Writes what is queued, and waits for something to do.
    async fn wait(&mut self, read: bool) -> Woken {
        let Task {
            session,
            outbound,
            closing,
            events,
            keep_alive,
            managed,
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
            () = closed(closing, events) => Woken::Closing,
        }
    }

    fn received(
        &mut self,
        frame: Frame,
        handled: &Arc<Semaphore>,
    ) -> Result<Option<Event>, StreamError> {
        if let Some(managed) = &mut self.managed {
            match self
                .host
                .management()
                .and_then(|words| words.read(frame.root()))
            {
                Some(Ok(said)) => {
                    if !managed.hear(said, &mut self.session)? {
                        self.managed = None;
                    }
                    return Ok(None);
                }
                Some(Err(error)) => {
                    return Err(
                        StreamError::new(StreamCondition::BadFormat).with_text(error.to_string())
                    );
                }
                None => managed.count(),
            }
        }
        let mut stanza = match Stanza::from_frame(frame) {
            Ok(stanza) => stanza,
            Err(StanzaParseError::Stream(error)) => return Err(*error),
            Err(StanzaParseError::Stanza(error)) => {
                debug!(%error, "passed over a stanza");
                return Ok(None);
            }
        };
        // What has no sender comes from the account itself (RFC 6120 §8.1.2.1).
        if stanza.from().is_none() {
            stanza.head_mut().from = Some(self.own.clone().into_jid());
        }
        match stanza.kind() {
            Kind::Iq => Ok(self.iq(stanza, handled)),
            Kind::Message | Kind::Presence => Ok(self.handed_on(stanza)),
        }
    }

    fn iq(&mut self, stanza: Stanza, handled: &Arc<Semaphore>) -> Option<Event> {
        if matches!(stanza.type_(), StanzaType::Result | StanzaType::Error) {
            if !self.host.requests().answered(&stanza) {
                debug!("passed over an answer that nobody waits for");
            }
            return None;
        }
        let (Some(from), Some(id)) = (stanza.from().cloned(), stanza.id().cloned()) else {
            return None;
        };
        // Whoever else sends one wants to forge our contact list.
        let push = stanza
            .payload()
            .filter(|payload| Query::matches(payload.element()))
            .filter(|_| stanza.type_() == StanzaType::Set && from.as_str() == self.own.as_str())
            .and_then(|payload| Query::read(payload.element()).ok());
        let Ok(permit) = handled.clone().try_acquire_owned() else {
            let error = StanzaError::new(Condition::ResourceConstraint);
            // As any other stanza: what is sent is counted.
            self.send(Outgoing {
                stanza: stanza.error(&error),
                ticket: None,
            });
            return None;
        };
        let context = IqContext {
            host: self.host.clone(),
            from,
            to: stanza.to().cloned(),
            id,
            lang: stanza.head().lang.clone(),
            session: None,
            scope: Scope::Client,
        };
        let answer = self
            .host
            .mux()
            .answer(IqRequest { context, stanza }, &self.own);
        let host = self.host.clone();
        tokio::spawn(async move {
            host.route(answer.await).await;
            drop(permit);
        });
        push.map(|query| Event::Roster(query.items))
    }

    fn handed_on(&mut self, mut stanza: Stanza) -> Option<Event> {
        // Our server took out what its own users may not say. That it passed something on does not make true
        // what is said of our own account, of a room or of a contact.
        let removal = self
            .host
            .mux()
            .removal(&self.host, &stanza, Origin::OwnServer, &self.own);
        let names = match removal {
            Removal::Nothing => None,
            Removal::Now(names) => {
                names.remove_from(&mut stanza);
                if stanza.kind() == Kind::Message && stanza.children().next().is_none() {
                    debug!("passed over a message with nothing left in it");
                    return None;
                }
                None
            }
            Removal::Later(names) => Some(names),
        };
        let flow = match names {
            None => {
                let mux = self.host.mux();
                mux.handle_stanza(&self.host, &stanza, None, Scope::Client, &self.own)
            }
            Some(names) => {
                let (host, own, events) =
                    (self.host.clone(), self.own.clone(), self.events.clone());
                tokio::spawn(async move {
                    names.await.remove_from(&mut stanza);
                    let mux = host.mux();
                    let flow = mux.handle_stanza(&host, &stanza, None, Scope::Client, &own);
                    if matches!(flow.settled().await, Flow::Continue) {
                        let _ = events.send(event(stanza)).await;
                    }
                });
                return None;
            }
        };
        match flow {
            Flow::Continue => Some(event(stanza)),
            Flow::Wait(future) => {
                // A handler that waits must not keep the answer it waits for from being read.
                let events = self.events.clone();
                tokio::spawn(async move {
                    if matches!(Flow::Wait(future).settled().await, Flow::Continue) {
                        let _ = events.send(event(stanza)).await;
                    }
                });
                None
            }
            Flow::Done | Flow::Refuse(_) | Flow::Then(_) => None,
        }
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

/// Ready when the program wants the client closed, or has dropped all of it.
async fn closed(closing: &mut watch::Receiver<bool>, events: &mpsc::Sender<Event>) {
    let abandoned = closing.wait_for(|closing| *closing).await.is_err();
    // A client without handles lives on for its events and handlers, until nobody takes those either.
    if abandoned {
        events.closed().await;
    }
}

/// Says of a message when it was sent first (XEP-0198 §5, XEP-0203).
fn late(message: Stanza, sent: Timestamp) -> Stanza {
    if message.decode::<Delay>().is_some() {
        return message;
    }
    message.with(&Delay {
        from: None,
        stamp: DateTime::from_timestamp(sent),
        reason: Text::default(),
        extra: Extra::default(),
    })
}

/// What a program is told of a stanza that no handler took.
fn event(stanza: Stanza) -> Event {
    match stanza.kind() {
        Kind::Message => Event::Message(stanza),
        _ => Event::Presence(stanza),
    }
}
