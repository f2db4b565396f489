//! The task that owns a client's session.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use sestina_types::rfc_6121::roster::Query;
use sestina_wire::dispatch::Scope;
use sestina_wire::{
    BareJid, Condition, Frame, Kind, Payload, Stanza, StanzaError, StanzaParseError, StanzaType,
    StreamError,
};
use tokio::sync::{Semaphore, mpsc, watch};
use tracing::debug;

use crate::client::{End, Event};
use crate::host::{Host, Resource};
use crate::mux::{IqContext, IqRequest, Origin, Removal};
use crate::plugin::PluginManager;
use crate::router::{Outcome, Outlet, Routed, Source};
use crate::session::{Session, SessionError};
use crate::stages::Flow;

/// Requests of others that are handled at a time; more are refused.
const HANDLED: usize = 64;
/// Bytes queued for the server past which no further stanza is taken.
const QUEUED: usize = 64 * 1024;

/// The way out of a client's host: its session.
pub(super) struct Outbound(pub(super) mpsc::Sender<Stanza>);

impl Outlet for Outbound {
    fn route(&self, _host: &Arc<Host>, stanza: Stanza, _source: Source) -> Routed {
        match self.0.try_send(stanza) {
            Ok(()) => Routed::Now(Outcome::Elsewhere),
            Err(mpsc::error::TrySendError::Closed(_)) => Routed::Now(Outcome::NoSession),
            Err(mpsc::error::TrySendError::Full(stanza)) => {
                let out = self.0.clone();
                Routed::Later(Box::pin(async move {
                    match out.send(stanza).await {
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
    pub(super) outbound: mpsc::Receiver<Stanza>,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) closing: watch::Receiver<bool>,
    pub(super) end: watch::Sender<bool>,
}

/// What woke the task.
enum Woken {
    Received(Result<Option<Frame>, SessionError>),
    Broken(SessionError),
    Send(Option<Stanza>),
    Closing,
}

impl Task {
    pub(super) async fn run(mut self) {
        let handled = Arc::new(Semaphore::new(HANDLED));
        let mut pending: Option<Event> = None;
        let (end, error) = loop {
            if let Some(event) = pending.take() {
                pending = match self.events.try_send(event) {
                    Err(mpsc::error::TrySendError::Full(event)) => Some(event),
                    // Nobody takes events.
                    Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => None,
                };
            }
            let woken = if pending.is_some() {
                // Nothing more is read before there is room for what was read.
                let events = self.events.clone();
                tokio::select! {
                    _ = events.reserve() => continue,
                    woken = self.wait(false) => woken,
                }
            } else {
                self.wait(true).await
            };
            match woken {
                Woken::Received(Ok(Some(frame))) => match self.received(frame, &handled) {
                    Ok(event) => pending = event,
                    Err(error) => break (End::Broken(error.to_string()), Some(error)),
                },
                Woken::Received(Ok(None)) => break (End::Orderly, None),
                Woken::Received(Err(SessionError::PeerEnded(error))) => {
                    break (End::Server(error), None);
                }
                Woken::Received(Err(error)) | Woken::Broken(error) => {
                    break (End::Broken(error.to_string()), None);
                }
                Woken::Send(Some(stanza)) => self.session.queue(&stanza),
                Woken::Send(None) | Woken::Closing => {
                    self.outbound.close();
                    while let Ok(stanza) = self.outbound.try_recv() {
                        self.session.queue(&stanza);
                    }
                    break (End::Orderly, None);
                }
            }
        };
        debug!(?end, "session ended");
        self.outbound.close();
        self.session.close(error).await;
        let _ = self.end.send(true);
        if let Some(event) = pending {
            let _ = self.events.send(event).await;
        }
        let _ = self.events.send(Event::Closed(end)).await;
        self.manager.stop().await;
    }

    /// Writes what is queued, and waits for something to do.
    async fn wait(&mut self, read: bool) -> Woken {
        let Task {
            session,
            outbound,
            closing,
            events,
            ..
        } = self;
        let work = poll_fn(|cx| {
            // Everything that waits to be sent is gathered before anything is written.
            if session.queued() < QUEUED
                && let Poll::Ready(stanza) = outbound.poll_recv(cx)
            {
                return Poll::Ready(Woken::Send(stanza));
            }
            if session.queued() > 0
                && let Poll::Ready(Err(error)) = session.poll_flush(cx)
            {
                return Poll::Ready(Woken::Broken(error));
            }
            if session.queued() < QUEUED
                && let Poll::Ready(stanza) = outbound.poll_recv(cx)
            {
                return Poll::Ready(Woken::Send(stanza));
            }
            if read {
                return session.poll_recv(cx).map(Woken::Received);
            }
            Poll::Pending
        });
        let closing = async {
            let abandoned = closing.wait_for(|closing| *closing).await.is_err();
            // A client without handles lives on for its events and handlers, until nobody takes those either.
            if abandoned {
                events.closed().await;
            }
        };
        tokio::select! {
            woken = work => woken,
            () = closing => Woken::Closing,
        }
    }

    fn received(
        &mut self,
        frame: Frame,
        handled: &Arc<Semaphore>,
    ) -> Result<Option<Event>, StreamError> {
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
            self.session.queue(&stanza.error(&error));
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

/// What a program is told of a stanza that no handler took.
fn event(stanza: Stanza) -> Event {
    match stanza.kind() {
        Kind::Message => Event::Message(stanza),
        _ => Event::Presence(stanza),
    }
}
