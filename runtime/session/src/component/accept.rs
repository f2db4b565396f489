//! The server's side of a component's stream.

use std::collections::HashMap;
use std::sync::Arc;

use sestina_types::xep_0114::Handshake;
use sestina_wire::clock::Random;
use sestina_wire::negotiation::{FeatureRow, SessionState};
use sestina_wire::{
    BareJid, Event, Frame, Kind, Limits, Payload as _, StreamCondition, StreamError, StreamHeader,
    Text, ns,
};
use subtle::ConstantTimeEq as _;

use super::{Door, handshake, read_handshake};
use crate::link::{self, Incoming, Link, Links, Outbox};
use crate::negotiation::{Action, Engine, Input, Policy, Side};
use crate::router::Router;
use crate::session::Timeouts;
use crate::stream::{Header, StreamFault, XmlStream, language};
use crate::transport::Transport;

/// The components of a server.
pub(crate) struct Components {
    pub(crate) router: Arc<Router>,
    pub(crate) doors: HashMap<Box<str>, Arc<Door>>,
    pub(crate) table: Arc<[FeatureRow]>,
    pub(crate) limits_before: Limits,
    pub(crate) limits: Limits,
    pub(crate) timeouts: Timeouts,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) queue_bytes: usize,
    pub(crate) links: Arc<Links>,
}

impl Components {
    /// Serves a connection to its end.
    pub(crate) async fn serve(self: Arc<Self>, transport: Transport) {
        let peer = transport.peer();
        let mut stream = XmlStream::new(transport, self.limits_before, ns::COMPONENT);
        let negotiated = {
            let negotiation = Box::pin(self.negotiate(&mut stream));
            tokio::select! {
                negotiated = tokio::time::timeout(self.timeouts.login, negotiation) => negotiated
                    .unwrap_or_else(|_| Err(Some(StreamCondition::ConnectionTimeout.into()))),
                () = self.links.stopped() => Err(Some(StreamCondition::SystemShutdown.into())),
            }
        };
        let (door, outbox) = match negotiated {
            Ok(joined) => joined,
            Err(error) => {
                tracing::debug!(?peer, ?error, "no component");
                link::goodbye(&mut stream, error.as_ref()).await;
                return;
            }
        };
        let domain = door.access.domain.clone();
        tracing::info!(component = domain.as_str(), "component connected");
        stream.set_limits(self.limits);
        let mut link = Link::new(stream);
        let ended = self.run(&mut link, &domain, &outbox).await;
        door.leave(&outbox);
        // What it was not given any more, somebody waits for.
        for stanza in outbox.close() {
            if self.links.is_stopped() {
                link.stream.queue(&stanza);
                continue;
            }
            let error =
                sestina_wire::StanzaError::new(sestina_wire::Condition::RemoteServerTimeout);
            self.router.return_to_sender(&stanza, error).detach();
        }
        tracing::info!(component = domain.as_str(), error = ?ended, "component disconnected");
        link.close(ended.as_ref()).await;
    }

    /// Until the component has joined. The error is for it.
    async fn negotiate(
        &self,
        stream: &mut XmlStream,
    ) -> Result<(Arc<Door>, Arc<Outbox>), Option<StreamError>> {
        let header = match stream.event().await {
            Ok(Some(Event::Open(header))) => header,
            Ok(_) => return Err(None),
            Err(fault) => {
                let id = self.random.token();
                self.answer(stream, None, &id, None);
                return Err(told(fault));
            }
        };
        let id = self.random.token();
        let door = match self.door(&header) {
            Ok(door) => door,
            Err(condition) => {
                self.answer(stream, header.to.as_ref(), &id, None);
                return Err(Some(condition.into()));
            }
        };
        let policy = Policy {
            required: SessionState::empty(),
            attempts: 1,
            ..Policy::default()
        };
        let state = SessionState::COMPONENT | SessionState::SERVER;
        let mut engine = Engine::new(self.table.clone(), Side::Receiver, policy, state);
        engine.step(Input::Connected);
        let mut actions = engine.step(Input::Opened);
        let mut first = None;
        loop {
            for action in std::mem::take(&mut actions) {
                match action {
                    // There are no features on such a stream: the one there is need not be offered.
                    Action::SendHeader => {
                        let to = Some(Text::from(door.access.domain.as_str()));
                        self.answer(stream, to.as_ref(), &id, header.lang.as_ref());
                    }
                    Action::SendFeatures(_) => {}
                    Action::Run(row) => {
                        let said = first
                            .take()
                            .and_then(|frame: Frame| read_handshake(frame.root()));
                        let wanted = handshake(&id, door.access.secret.expose_secret());
                        let is_right = said.is_some_and(|said| {
                            let said = said.trim().to_ascii_lowercase();
                            bool::from(said.as_bytes().ct_eq(wanted.as_bytes()))
                        });
                        if !is_right {
                            return Err(Some(StreamCondition::NotAuthorized.into()));
                        }
                        let more = engine.step(Input::Succeeded(row));
                        actions.extend(more);
                    }
                    Action::Ready => {
                        let outbox = Arc::new(Outbox::new(self.queue_bytes));
                        if !door.join(&outbox) {
                            let error = StreamError::new(StreamCondition::Conflict)
                                .with_text("this component is connected already");
                            return Err(Some(error));
                        }
                        Handshake::default().write(&mut stream.writer());
                        return Ok((door, outbox));
                    }
                    Action::Deny(_, denial) => return Err(Some(denial.condition().into())),
                    Action::Fail(condition) => return Err(Some(condition.into())),
                    Action::Close => return Err(None),
                    Action::Restart | Action::Impasse(_) => {
                        return Err(Some(StreamCondition::InternalServerError.into()));
                    }
                }
            }
            if !actions.is_empty() {
                continue;
            }
            if stream.flush().await.is_err() {
                return Err(None);
            }
            let input = match stream.event().await {
                Ok(Some(Event::Element(frame))) => {
                    let root = frame.root();
                    let row =
                        read_handshake(root).and_then(|_| engine.find("handshake", ns::COMPONENT));
                    let is_stanza = Kind::from_name(root.name()).is_some();
                    first = Some(frame);
                    match row {
                        Some(row) => Input::Begin(row),
                        None if is_stanza => Input::Stanza,
                        None => Input::Unknown,
                    }
                }
                Ok(_) => Input::Closed,
                Err(fault) => return Err(told(fault)),
            };
            actions = engine.step(input);
        }
    }

    fn door(&self, header: &StreamHeader) -> Result<Arc<Door>, StreamCondition> {
        if *header.content_ns != *ns::COMPONENT {
            return Err(StreamCondition::InvalidNamespace);
        }
        let to = header.to.as_deref();
        let domain = to.and_then(|to| BareJid::new(None, to).ok());
        let domain = domain.ok_or(StreamCondition::HostUnknown)?;
        let door = self.doors.get(domain.domain());
        door.cloned().ok_or(StreamCondition::HostUnknown)
    }

    fn answer(&self, stream: &mut XmlStream, from: Option<&Text>, id: &str, lang: Option<&Text>) {
        stream.queue_header(&Header {
            from: from.map(|from| &**from),
            id: Some(id),
            lang: language(lang).as_deref(),
            unversioned: true,
            ..Header::default()
        });
    }

    /// Passes stanzas on until the stream ends. The error is for the component.
    async fn run(
        &self,
        link: &mut Link,
        domain: &BareJid,
        outbox: &Arc<Outbox>,
    ) -> Option<StreamError> {
        loop {
            let event = tokio::select! {
                event = link.next(Some(outbox)) => event,
                () = self.links.stopped() => {
                    return Some(StreamCondition::SystemShutdown.into());
                }
            };
            let frame = match event {
                Ok(Some(Event::Element(frame))) => frame,
                Ok(Some(Event::Close) | None) => return None,
                Ok(Some(Event::Open(_))) => return Some(StreamCondition::BadFormat.into()),
                Err(fault) => return told(fault),
            };
            if frame.root().is("error", ns::STREAM) {
                return None;
            }
            match link::incoming(frame) {
                Incoming::Stanza(stanza) => {
                    // It speaks for every address of its domain and for no other (XEP-0114 §5).
                    let is_own = stanza
                        .from()
                        .is_some_and(|from| from.domain() == domain.domain());
                    if !is_own {
                        return Some(StreamCondition::InvalidFrom.into());
                    }
                    self.router.enter(stanza, link.line());
                }
                Incoming::Refused(answer) => {
                    if let Some(answer) = answer {
                        link.stream.queue(&answer);
                    }
                }
                Incoming::Other(error) => return Some(error),
            }
        }
    }
}

/// What the peer is told of a fault, if anything reaches it.
fn told(fault: StreamFault) -> Option<StreamError> {
    match fault {
        StreamFault::Io(_) => None,
        StreamFault::Read(error) => Some(error.stream_error()),
    }
}
