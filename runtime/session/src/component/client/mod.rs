//! A program that joins a server as a component.

mod config;
mod task;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use sestina_wire::{BareJid, Jid, Payload, Stanza, StanzaType, StreamError};
use thiserror::Error;
use tokio::sync::{mpsc, watch};

use crate::client::{Closed, RequestError, Response};
use crate::host::Host;
use crate::plugin::PluginError;
use crate::router::Channel;
use crate::transport::Transport;

use super::connect::Joining;

pub use config::ComponentConfig;

/// Stanzas that may wait to be written before [`Component::send`] waits.
const OUTBOUND: usize = 256;
/// Events that may wait to be read before the component reads no further.
const INBOUND: usize = 1024;

/// Why a component has not joined its server.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ComponentError {
    /// The server cannot be reached, or the connection broke.
    #[error("connection: {0}")]
    Io(#[from] io::Error),
    /// The server does not let it in: `not-authorized` for a wrong secret, `host-unknown` for a domain that it has no
    /// place for, `conflict` when the component is connected already.
    #[error("the server refused: {0}")]
    Refused(StreamError),
    /// The server sent what it may not.
    #[error("stream: {0}")]
    Fault(StreamError),
    /// The server closed the stream.
    #[error("the server closed the stream")]
    Closed,
    /// Joining took too long.
    #[error("joining took too long")]
    TimedOut,
    /// A plugin or handler cannot be used.
    #[error(transparent)]
    Plugin(#[from] PluginError),
}

/// What happens to a component.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// It has joined again after its connection was lost.
    Connected,
    /// A message that no handler took.
    Message(Stanza),
    /// A presence that no handler took.
    Presence(Stanza),
    /// The connection is lost, for the reason in words. The component joins again by itself.
    Disconnected(String),
    /// It is over; the last event. In words why, where it was not asked for.
    Closed(Option<String>),
}

/// What happens to a component, in order. Once it is dropped, what no handler takes is thrown away.
#[derive(Debug)]
pub struct Events(mpsc::Receiver<Event>);

impl Events {
    /// The next event; `None` after [`Event::Closed`]. Cancel-safe.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.recv().await
    }
}

/// A component that has joined a server. It stays until [`Component::close`], or until all its handles and its
/// [`Events`] are dropped; when its connection is lost, it joins again.
#[derive(Clone)]
pub struct Component {
    inner: Arc<Inner>,
}

struct Inner {
    host: Arc<Host>,
    out: mpsc::Sender<Stanza>,
    close: watch::Sender<bool>,
    ended: watch::Receiver<bool>,
    request_timeout: Duration,
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component")
            .field("domain", &self.inner.host.domain().as_str())
            .finish_non_exhaustive()
    }
}

impl Component {
    /// Connects to the server and joins it.
    ///
    /// # Errors
    /// [`ComponentError`]; only a connection that is lost later is made again by itself.
    pub async fn connect(config: ComponentConfig) -> Result<(Component, Events), ComponentError> {
        Component::start(None, config).await
    }

    /// Joins over a transport that is connected already. When that is lost, the address of the configuration is used.
    ///
    /// # Errors
    /// [`ComponentError`].
    pub async fn over(
        transport: Transport,
        config: ComponentConfig,
    ) -> Result<(Component, Events), ComponentError> {
        Component::start(Some(transport), config).await
    }

    async fn start(
        transport: Option<Transport>,
        mut config: ComponentConfig,
    ) -> Result<(Component, Events), ComponentError> {
        let (host, manager) = config.prepare()?;
        let joining = Joining {
            domain: config.domain.clone(),
            secret: config.secret.clone(),
            address: config.address.clone(),
            table: config.table.clone(),
            limits: config.limits,
            login: config.timeouts.login,
        };
        let link = match transport {
            Some(transport) => joining.over(transport).await?,
            None => joining.connect().await?,
        };
        let (out, outbound) = mpsc::channel(OUTBOUND);
        let (events, inbound) = mpsc::channel(INBOUND);
        let (close, closing) = watch::channel(false);
        let (end, ended) = watch::channel(false);
        host.connect(Arc::new(Channel(out.clone())));
        if let Err(error) = manager.start().await {
            link.close(None).await;
            return Err(error.into());
        }
        let task = task::Task::new(task::Parts {
            joining,
            host: Arc::clone(&host),
            manager,
            outbound,
            events,
            closing,
            end,
            reconnect: config.reconnect,
        });
        tokio::spawn(task.run(link));
        let inner = Inner {
            host,
            out,
            close,
            ended,
            request_timeout: config.request_timeout,
        };
        let component = Component {
            inner: Arc::new(inner),
        };
        Ok((component, Events(inbound)))
    }

    /// Its domain.
    pub fn domain(&self) -> &BareJid {
        self.inner.host.domain()
    }

    /// What its handlers and plugins belong to.
    pub fn host(&self) -> &Arc<Host> {
        &self.inner.host
    }

    /// Sends a stanza. Without `from` it comes from the component's domain; every address of that domain may be there
    /// instead. While the connection is lost it waits.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn send(&self, stanza: Stanza) -> Result<(), Closed> {
        self.inner.out.send(stanza).await.map_err(|_| Closed)
    }

    /// Sends a message with this payload.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn send_message(
        &self,
        to: &Jid,
        type_: StanzaType,
        payload: &impl Payload,
    ) -> Result<(), Closed> {
        let message = Stanza::message(type_)
            .with_to(to.clone())
            .with_id(self.inner.host.random().token());
        self.send(message.with(payload)).await
    }

    /// Sends a get request and waits for its answer.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn get<A: Response>(
        &self,
        to: &Jid,
        request: &impl Payload,
    ) -> Result<A, RequestError> {
        self.request(StanzaType::Get, to, request).await
    }

    /// Sends a set request and waits for its answer.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn set<A: Response>(
        &self,
        to: &Jid,
        request: &impl Payload,
    ) -> Result<A, RequestError> {
        self.request(StanzaType::Set, to, request).await
    }

    async fn request<A: Response>(
        &self,
        type_: StanzaType,
        to: &Jid,
        request: &impl Payload,
    ) -> Result<A, RequestError> {
        if *self.inner.ended.borrow() {
            return Err(RequestError::Closed);
        }
        let stanza = Stanza::iq(type_)
            .with_from(self.domain().clone())
            .with_to(to.clone())
            .with(request);
        let mut ended = self.inner.ended.clone();
        let answer = self.inner.host.request(stanza, self.inner.request_timeout);
        tokio::select! {
            answer = answer => A::read(&answer.map_err(RequestError::Refused)?),
            _ = ended.wait_for(|ended| *ended) => Err(RequestError::Closed),
        }
    }

    /// Writes what is queued, leaves the server and waits for that.
    pub async fn close(self) {
        let _ = self.inner.close.send(true);
        let mut ended = self.inner.ended.clone();
        let _ = ended.wait_for(|ended| *ended).await;
    }
}
