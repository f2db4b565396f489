//! The component's side of its stream.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use sestina_types::xep_0114::Handshake;
use sestina_wire::negotiation::{FeatureRow, SessionState};
use sestina_wire::{BareJid, Event, Limits, Payload, StreamCondition, StreamError, Text, ns};
use tokio::net::TcpStream;

use super::ComponentError;
use super::{handshake, read_handshake};
use crate::link::{Link, SILENCE, goodbye, keep_alive};
use crate::negotiation::{Action, Demand, Engine, Input, Offer, Policy, Side};
use crate::stream::{Header, StreamFault, XmlStream};
use crate::transport::Transport;

/// How long one address may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a component needs to join.
pub(super) struct Joining {
    pub(super) domain: BareJid,
    pub(super) secret: sestina_storage::Secret<String>,
    pub(super) address: (String, u16),
    pub(super) table: Arc<[FeatureRow]>,
    pub(super) limits: Limits,
    pub(super) login: Duration,
}

impl Joining {
    /// Connects and joins.
    pub(super) async fn connect(&self) -> Result<Link, ComponentError> {
        let transport = reach(&self.address).await?;
        self.over(transport).await
    }

    /// Joins over a transport that is connected already.
    pub(super) async fn over(&self, transport: Transport) -> Result<Link, ComponentError> {
        let mut stream = XmlStream::new(transport, self.limits, ns::COMPONENT);
        let joined = tokio::time::timeout(self.login, Box::pin(self.negotiate(&mut stream)));
        match joined.await.unwrap_or(Err(ComponentError::TimedOut)) {
            Ok(()) => Ok(Link::new(stream)),
            Err(error) => {
                goodbye(&mut stream, None).await;
                Err(error)
            }
        }
    }

    async fn negotiate(&self, stream: &mut XmlStream) -> Result<(), ComponentError> {
        let policy = Policy {
            required: SessionState::empty(),
            ..Policy::default()
        };
        let state = SessionState::COMPONENT;
        let mut engine = Engine::new(self.table.clone(), Side::Initiator, policy, state);
        let mut actions = engine.step(Input::Connected);
        let mut id = Text::default();
        loop {
            for action in std::mem::take(&mut actions) {
                match action {
                    Action::SendHeader => stream.queue_header(&Header {
                        to: Some(self.domain.domain()),
                        unversioned: true,
                        ..Header::default()
                    }),
                    Action::Run(row) => {
                        let proof = handshake(&id, self.secret.expose_secret());
                        Handshake::new(Text::from(proof)).write(&mut stream.writer());
                        stream.flush().await?;
                        match stream.event().await? {
                            Some(Event::Element(frame))
                                if read_handshake(frame.root()).is_some() =>
                            {
                                actions.extend(engine.step(Input::Succeeded(row)));
                            }
                            event => return Err(refused(event)),
                        }
                    }
                    Action::Ready => return Ok(()),
                    Action::Close => return Err(ComponentError::Closed),
                    Action::Fail(condition) => {
                        return Err(ComponentError::Fault(condition.into()));
                    }
                    _ => {
                        let condition = StreamCondition::InternalServerError;
                        return Err(ComponentError::Fault(condition.into()));
                    }
                }
            }
            if !actions.is_empty() {
                continue;
            }
            stream.flush().await?;
            match stream.event().await? {
                Some(Event::Open(header)) => {
                    id = header.id.map(|id| id.detach()).unwrap_or_default();
                    engine.step(Input::Opened);
                    // On such a stream the one feature there is need not be offered.
                    let offers: Vec<Offer> = engine
                        .find("handshake", ns::COMPONENT)
                        .map(|row| Offer {
                            row,
                            demand: Demand::Required,
                        })
                        .into_iter()
                        .collect();
                    actions = engine.step(Input::Features(&offers));
                }
                event => return Err(refused(event)),
            }
        }
    }
}

fn refused(event: Option<Event>) -> ComponentError {
    match event {
        Some(Event::Element(frame)) => match StreamError::read(frame.root()) {
            Ok(error) => ComponentError::Refused(error),
            Err(_) => ComponentError::Fault(StreamCondition::UnsupportedStanzaType.into()),
        },
        _ => ComponentError::Closed,
    }
}

impl From<StreamFault> for ComponentError {
    fn from(fault: StreamFault) -> ComponentError {
        match fault {
            StreamFault::Io(error) => ComponentError::Io(error),
            StreamFault::Read(error) => ComponentError::Fault(error.stream_error()),
        }
    }
}

async fn reach((host, port): &(String, u16)) -> io::Result<Transport> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in tokio::net::lookup_host((host.as_str(), *port)).await? {
        match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => {
                keep_alive(&socket, SILENCE)?;
                return Transport::tcp(socket);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}
