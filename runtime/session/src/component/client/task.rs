//! The task that owns a component's connection, and makes it again when it is lost.

use std::sync::Arc;
use std::time::Duration;

use sestina_wire::dispatch::Scope;
use sestina_wire::{
    Condition, Event as StreamEvent, Jid, Kind, Stanza, StanzaError, StanzaType, StreamCondition,
    StreamError,
};
use tokio::sync::{Semaphore, mpsc, watch};
use tracing::debug;

use super::Event;
use crate::component::connect::Joining;
use crate::host::Host;
use crate::link::{self, Given, Incoming, Link, Outbox};
use crate::mux::{IqContext, IqRequest, Origin, Removal};
use crate::plugin::PluginManager;
use crate::router::{Outcome, Routed};
use crate::stages::Flow;
use crate::stream::StreamFault;

/// Requests of others that are handled at a time; more are refused.
const HANDLED: usize = 64;
/// Bytes that may wait for the server before no further stanza is taken.
const QUEUED: usize = 256 * 1024;
/// The wait before the first attempt to join again, and the longest one.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);

pub(super) struct Parts {
    pub(super) joining: Joining,
    pub(super) host: Arc<Host>,
    pub(super) manager: PluginManager,
    pub(super) outbound: mpsc::Receiver<Stanza>,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) closing: watch::Receiver<bool>,
    pub(super) end: watch::Sender<bool>,
    pub(super) reconnect: bool,
}

pub(super) struct Task {
    parts: Parts,
    handled: Arc<Semaphore>,
    /// What the next connection writes, where this one did not.
    outbox: Arc<Outbox>,
}

/// How a connection ended.
enum Ended {
    /// As the program wanted.
    Asked,
    /// Otherwise; in words.
    Lost(String),
}

impl Task {
    pub(super) fn new(parts: Parts) -> Task {
        Task {
            parts,
            handled: Arc::new(Semaphore::new(HANDLED)),
            outbox: Arc::new(Outbox::new(QUEUED)),
        }
    }

    pub(super) async fn run(mut self, link: Link) {
        let mut link = Some(link);
        let reason = loop {
            let Some(joined) = link.take() else {
                break None;
            };
            match self.serve(joined).await {
                Ended::Asked => break None,
                Ended::Lost(reason) if !self.parts.reconnect => break Some(reason),
                Ended::Lost(reason) => {
                    debug!(reason, "component disconnected");
                    self.tell(Event::Disconnected(reason)).await;
                    link = self.again().await;
                    if link.is_some() {
                        self.tell(Event::Connected).await;
                    }
                }
            }
        };
        let _ = self.parts.end.send(true);
        self.tell(Event::Closed(reason)).await;
        self.parts.manager.stop().await;
    }

    async fn tell(&self, event: Event) {
        let _ = self.parts.events.send(event).await;
    }

    /// Joins again, ever more slowly; nothing when the program wants it no more.
    async fn again(&mut self) -> Option<Link> {
        let mut wait = FIRST;
        loop {
            let mut byte = [0];
            self.parts.host.random().fill(&mut byte);
            // Half to one and a half of it, so that many components do not come back in one moment.
            let pause = wait / 2 + wait * u32::from(byte[0]) / 256;
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = wanted_no_more(&mut self.parts.closing, &self.parts.events) => return None,
            }
            let joined = tokio::select! {
                joined = self.parts.joining.connect() => joined,
                () = wanted_no_more(&mut self.parts.closing, &self.parts.events) => return None,
            };
            match joined {
                Ok(link) => return Some(link),
                Err(error) => debug!(%error, "cannot join again"),
            }
            wait = (wait * 2).min(LONGEST);
        }
    }

    async fn serve(&mut self, mut link: Link) -> Ended {
        let outbox = Arc::clone(&self.outbox);
        let mut waiting: Option<Stanza> = None;
        let (ended, error) = loop {
            if let Some(stanza) = waiting.take()
                && outbox.give(&stanza) == Given::Full
            {
                waiting = Some(stanza);
            }
            let full = waiting.is_some();
            let Parts {
                outbound,
                closing,
                events,
                ..
            } = &mut self.parts;
            let event = tokio::select! {
                biased;
                event = link.next(Some(&outbox)) => event,
                stanza = outbound.recv(), if !full => match stanza {
                    Some(stanza) => {
                        waiting = Some(stamped(stanza, &self.parts.host));
                        continue;
                    }
                    None => break (Ended::Asked, None),
                },
                () = outbox.room(), if full => continue,
                () = wanted_no_more(closing, events) => {
                    break (Ended::Asked, None);
                }
            };
            let frame = match event {
                Ok(Some(StreamEvent::Element(frame))) => frame,
                Ok(Some(StreamEvent::Close) | None) => {
                    break (Ended::Lost("the server closed the stream".to_owned()), None);
                }
                Ok(Some(StreamEvent::Open(_))) => {
                    let error = StreamError::from(StreamCondition::BadFormat);
                    break (Ended::Lost(error.to_string()), Some(error));
                }
                Err(StreamFault::Io(error)) => break (Ended::Lost(error.to_string()), None),
                Err(StreamFault::Read(error)) => {
                    break (Ended::Lost(error.to_string()), Some(error.stream_error()));
                }
            };
            if let Ok(error) = <StreamError as sestina_wire::Payload>::read(frame.root()) {
                break (Ended::Lost(error.to_string()), None);
            }
            match link::incoming(frame) {
                Incoming::Stanza(stanza) => {
                    if let Some(event) = self.received(stanza, &mut link) {
                        let events = self.parts.events.clone();
                        // Nothing more is read before there is room for it.
                        link.line().push(Routed::Later(Box::pin(async move {
                            let _ = events.send(event).await;
                            Outcome::Delivered
                        })));
                    }
                }
                Incoming::Refused(answer) => {
                    if let Some(answer) = answer {
                        link.stream.queue(&answer);
                    }
                }
                Incoming::Other(error) => break (Ended::Lost(error.to_string()), Some(error)),
            }
        };
        if let Some(stanza) = waiting {
            // It was taken in, and so it is kept, past the bound.
            outbox.keep(stanza);
        }
        if matches!(ended, Ended::Asked) {
            self.parts.outbound.close();
            for stanza in outbox.close() {
                link.stream.queue(&stanza);
            }
            while let Ok(stanza) = self.parts.outbound.try_recv() {
                link.stream.queue(&stamped(stanza, &self.parts.host));
            }
        }
        link.close(error.as_ref()).await;
        ended
    }

    /// Hands a stanza to who handles it; the event, where that is the program.
    fn received(&mut self, mut stanza: Stanza, link: &mut Link) -> Option<Event> {
        let host = &self.parts.host;
        let own = host.domain();
        let scope = match stanza.to().and_then(Jid::local) {
            None => Scope::Host,
            Some(_) => Scope::OtherAccount,
        };
        if stanza.kind() == Kind::Iq {
            if matches!(stanza.type_(), StanzaType::Result | StanzaType::Error) {
                if !host.requests().answered(&stanza) {
                    debug!("passed over an answer that nobody waits for");
                }
                return None;
            }
            let (Some(from), Some(id)) = (stanza.from().cloned(), stanza.id().cloned()) else {
                return None;
            };
            let Ok(permit) = Arc::clone(&self.handled).try_acquire_owned() else {
                let error = StanzaError::new(Condition::ResourceConstraint)
                    .with_text("too many requests are being answered; ask again later");
                link.stream.queue(&stanza.error(&error));
                return None;
            };
            let context = IqContext {
                host: Arc::clone(host),
                from,
                to: stanza.to().cloned(),
                id,
                lang: stanza.head().lang.clone(),
                session: None,
                scope,
            };
            let answer = host.mux().answer(IqRequest { context, stanza }, own);
            let host = Arc::clone(host);
            tokio::spawn(async move {
                host.route(answer.await).await;
                drop(permit);
            });
            return None;
        }
        let removal = host.mux().removal(host, &stanza, Origin::OwnServer, own);
        let names = match removal {
            Removal::Nothing => None,
            Removal::Now(names) => {
                names.remove_from(&mut stanza);
                None
            }
            Removal::Later(names) => Some(names),
        };
        let (host, events) = (Arc::clone(host), self.parts.events.clone());
        let handled = async move {
            if let Some(names) = names {
                names.await.remove_from(&mut stanza);
            }
            let own = host.domain().clone();
            let flow = host.mux().handle_stanza(&host, &stanza, None, scope, &own);
            match flow.settled().await {
                Flow::Continue => Some(event(stanza)),
                _ => None,
            }
        };
        // What need not wait is told in order; what must is not waited for.
        let mut handled = Box::pin(handled);
        match futures_util::FutureExt::now_or_never(&mut handled) {
            Some(event) => event,
            None => {
                tokio::spawn(async move {
                    if let Some(event) = handled.await {
                        let _ = events.send(event).await;
                    }
                });
                None
            }
        }
    }
}

fn event(stanza: Stanza) -> Event {
    match stanza.kind() {
        Kind::Message => Event::Message(stanza),
        _ => Event::Presence(stanza),
    }
}

/// Every stanza of a component has a sender (XEP-0114 §5).
fn stamped(mut stanza: Stanza, host: &Host) -> Stanza {
    if stanza.from().is_none() {
        stanza.head_mut().from = Some(host.domain().clone().into_jid());
    }
    stanza
}

/// The program has closed the component, or dropped all that it had of it.
async fn wanted_no_more(closing: &mut watch::Receiver<bool>, events: &mpsc::Sender<Event>) {
    if closing.wait_for(|closing| *closing).await.is_err() {
        events.closed().await;
    }
}
