//! A client: one session, typed requests and handlers, roster and presence.
//!
//! [`Client::connect`] returns a handle, which is cheap to clone, and the [`Events`] that the server sends. Behind them
//! one task owns the session. Requests from others go through the same [mux](crate::mux) that a server has, in
//! [`Scope::Client`](sestina_wire::dispatch::Scope::Client); what nobody handles is answered `service-unavailable`.
//!
//! [`login`] goes the same way step by step, with a type for what has been reached.

mod activity;
mod carbons;
mod config;
mod delivery;
mod eyeballs;
mod items;
mod keep_alive;
pub mod login;
mod managed;
mod presence;
mod reconnect;
mod resolve;
mod roster;
mod task;
#[cfg(all(test, feature = "server"))]
mod tests;
mod ways;
mod web;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use sestina_types::rfc_6121::client::Body;
use sestina_types::rfc_6121::roster::{Item, Query};
use sestina_wire::dispatch::{Only, Scope, Sender};
use sestina_wire::{
    BareJid, DecodeError, FullJid, Jid, Payload, Stanza, StanzaError, StanzaType, StreamError, Text,
};
use thiserror::Error;
use tokio::sync::{mpsc, watch};

use crate::carbon::Carbon;
use crate::client::activity::Activity;
use crate::client::delivery::{Outgoing, Ticket};
use crate::client::keep_alive::KeepAlive;
use crate::client::reconnect::{Dial, Link};
use crate::host::{Host, HostParts, SessionLimits};
use crate::mux::{Empty, OrEmpty};
use crate::plugin::{IqRow, PluginError, PluginManager, Registrar};
use crate::router::Channel;
use crate::session::{Session, SessionError};
use crate::transport::Transport;

pub use config::ClientConfig;
pub use delivery::{Delivery, Progress, Undelivered};
pub use presence::Presence;
pub use reconnect::Reconnect;
pub use roster::Roster;
pub(crate) use ways::Plan;
pub use ways::Way;
pub(crate) use web::Place;

/// Stanzas that may wait to be written before [`Client::send`] waits.
const OUTBOUND: usize = 256;
/// Events that may wait to be read before the client reads no further.
const INBOUND: usize = 1024;

/// Why a client is not connected.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// No server of the domain could be reached.
    #[error("no server of {domain} can be reached: {error}")]
    Unreachable {
        /// The domain.
        domain: String,
        /// What the last attempt met.
        error: io::Error,
    },
    /// The domain says in DNS that it has no XMPP server.
    #[error("{0} has no XMPP server")]
    NoService(String),
    /// The server was reached, and there is no session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A plugin or handler cannot be used.
    #[error(transparent)]
    Plugin(#[from] PluginError),
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> ConnectError {
        ConnectError::Session(SessionError::Io(error))
    }
}

/// Why a request has no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The answer is an error; also `remote-server-timeout` when none came in time.
    #[error("{0}")]
    Refused(StanzaError),
    /// The answer is not what it should be.
    #[error("the answer cannot be read: {0}")]
    Answer(#[from] DecodeError),
    /// The answer is empty and should not be.
    #[error("the answer is empty")]
    Empty,
    /// The session has ended.
    #[error("the session has ended")]
    Closed,
}

/// The session has ended, so nothing can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the session has ended")]
pub struct Closed;

/// What a request may be answered with.
pub trait Response: Sized {
    /// Reads it from the result.
    ///
    /// # Errors
    /// [`RequestError::Answer`] or [`RequestError::Empty`].
    fn read(result: &Stanza) -> Result<Self, RequestError>;
}

impl<T: Payload> Response for T {
    fn read(result: &Stanza) -> Result<T, RequestError> {
        match result.payload() {
            Some(payload) => Ok(T::read(payload.element())?),
            None => Err(RequestError::Empty),
        }
    }
}

impl Response for Empty {
    fn read(_result: &Stanza) -> Result<Empty, RequestError> {
        Ok(Empty)
    }
}

impl<T: Payload> Response for OrEmpty<T> {
    fn read(result: &Stanza) -> Result<OrEmpty<T>, RequestError> {
        match result.payload() {
            Some(payload) => Ok(OrEmpty::Payload(T::read(payload.element())?)),
            None => Ok(OrEmpty::Empty),
        }
    }
}

/// What the server sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A message that no handler took.
    Message(Stanza),
    /// A presence that no handler took, subscription requests included.
    Presence(Stanza),
    /// A copy of what another client of the account was given or has sent (XEP-0280), and no handler took. What others than
    /// the account itself call copies is taken out of their messages.
    Carbon(Carbon),
    /// Contacts of our roster have changed (RFC 6121 §2.1.6).
    Roster(Vec<Item>),
    /// The connection is gone for this reason; the client tries to come back. What is sent meanwhile waits.
    Disconnected(End),
    /// The connection is back and the session goes on as if nothing had happened (XEP-0198 §5).
    Resumed,
    /// The client is back, with a new session of this address: rooms have to be joined again, and answers to earlier
    /// requests do not come. The last presence to everybody and the messages that were not acknowledged are sent again.
    Renewed(FullJid),
    /// The session has ended; the last event.
    Closed(End),
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum End {
    /// Orderly, by either side.
    Orderly,
    /// The server ended it with this error.
    Server(StreamError),
    /// The connection broke, or the server sent what it may not; in words.
    Broken(String),
}

/// What the server sends, in order. Once it is dropped, what no handler takes is thrown away.
#[derive(Debug)]
pub struct Events(mpsc::Receiver<Event>);

impl Events {
    /// The next event; `None` after [`Event::Closed`].
    ///
    /// Cancel-safe. A client whose events nobody takes stops reading after about a thousand of them, answers to its
    /// requests included: take them, or drop this.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.recv().await
    }
}

/// A connected client. It stays connected until [`Client::close`], or until all its handles and its [`Events`] are
/// dropped.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    host: Arc<Host>,
    jid: watch::Receiver<FullJid>,
    account: BareJid,
    out: mpsc::Sender<Outgoing>,
    close: watch::Sender<bool>,
    active: watch::Sender<bool>,
    ended: watch::Receiver<bool>,
    request_timeout: Duration,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("jid", &self.jid().as_str())
            .finish_non_exhaustive()
    }
}

/// What a client answers, installed before there is a session.
struct Prepared {
    host: Arc<Host>,
    manager: PluginManager,
}

impl Prepared {
    fn new(config: &mut ClientConfig) -> Result<Prepared, PluginError> {
        let host = Host::new(HostParts {
            domain: config.account.domain_jid(),
            storage: config.storage.clone(),
            accounts: None,
            clock: config.clock.clone(),
            random: config.random.clone(),
            limits: SessionLimits::default(),
            secret: sestina_storage::Secret::new([0; 32]),
        });
        config.application.register(answer_roster_pushes);
        let manager = config.application.install(&host)?;
        Ok(Prepared { host, manager })
    }
}

/// Roster pushes are answered (RFC 6121 §2.1.6) even where no plugin does it.
fn answer_roster_pushes(registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
    let row = IqRow {
        type_: StanzaType::Set,
        scopes: &[Scope::Client],
        only: Only::ANY,
        senders: &[Sender::OwnAccount],
    };
    match registrar.iq(row, |_cx, _push: Query| async { Ok(Empty) }) {
        Err(PluginError::Handled { .. }) => Ok(()),
        other => other.map(drop),
    }
}

impl Client {
    /// Finds the server, connects, and logs in.
    ///
    /// Nothing is announced to others before [`Presence::available`] is sent.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(config: ClientConfig) -> Result<(Client, Events), ConnectError> {
        let dial = config.dial();
        let transport = dial().await?;
        Client::log_in(transport, config, Some(dial)).await
    }

    /// Logs in over a transport that is connected already. When that breaks the client comes back only if the
    /// configuration says [how](ClientConfig::dial_with).
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn over(
        transport: Transport,
        config: ClientConfig,
    ) -> Result<(Client, Events), ConnectError> {
        let dial = config.dial.clone();
        Client::log_in(transport, config, dial).await
    }

    async fn log_in(
        transport: Transport,
        mut config: ClientConfig,
        dial: Option<Dial>,
    ) -> Result<(Client, Events), ConnectError> {
        let prepared = Prepared::new(&mut config)?;
        let session = Session::connect(transport, &config.session(&prepared.host)).await?;
        Client::start(session, prepared, config, dial).await
    }

    /// Lets a session that is ready work.
    async fn start(
        session: Session,
        Prepared { host, manager }: Prepared,
        config: ClientConfig,
        dial: Option<Dial>,
    ) -> Result<(Client, Events), ConnectError> {
        let (jid, jids) = watch::channel(session.jid().clone());
        let link = dial.zip(config.reconnect).map(|(dial, policy)| Link {
            dial,
            config: config.session(&host),
            policy,
        });
        let (out, outbound) = mpsc::channel(OUTBOUND);
        let (events, inbound) = mpsc::channel(INBOUND);
        let (close, closing) = watch::channel(false);
        let (end, ended) = watch::channel(false);
        let (active, activity) = watch::channel(true);
        host.connect(Arc::new(Channel(out.clone())));
        if let Err(error) = manager.start().await {
            session.close(None).await;
            return Err(error.into());
        }
        let client = Client {
            inner: Arc::new(Inner {
                host: host.clone(),
                jid: jids,
                account: config.account.clone(),
                out,
                close,
                active,
                ended,
                request_timeout: config.request_timeout,
            }),
        };
        let task = task::Task {
            session,
            host,
            manager,
            own: config.account,
            outbound,
            events,
            closing,
            end,
            jid,
            link,
            keep_alive: KeepAlive::new(config.keep_alive.0, config.keep_alive.1),
            managed: None,
            activity: Activity::new(activity),
            state: task::State::new(),
        };
        tokio::spawn(task.run());
        Ok((client, Events(inbound)))
    }

    /// The address of this session. A client that had to come back with [another session](Event::Renewed) may have
    /// another one.
    pub fn jid(&self) -> FullJid {
        self.inner.jid.borrow().clone()
    }

    /// The address of the account.
    pub fn account(&self) -> &BareJid {
        &self.inner.account
    }

    /// What handlers and plugins of this client belong to.
    pub fn host(&self) -> &Arc<Host> {
        &self.inner.host
    }

    /// Sends a stanza. It is on its way when this returns, not at its goal.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn send(&self, stanza: Stanza) -> Result<(), Closed> {
        self.inner.out.send(stanza.into()).await.map_err(|_| Closed)
    }

    /// Sends a stanza whose way can be followed, over however many connections that takes.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn deliver(&self, stanza: Stanza) -> Result<Delivery, Closed> {
        let (ticket, delivery) = Ticket::new();
        let outgoing = Outgoing {
            stanza,
            ticket: Some(ticket),
        };
        self.inner.out.send(outgoing).await.map_err(|_| Closed)?;
        Ok(delivery)
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

    /// Sends a chat message of text.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn say(&self, to: &Jid, text: impl Into<Text>) -> Result<(), Closed> {
        let body = Body::new(text.into());
        self.send_message(to, StanzaType::Chat, &body).await
    }

    /// Asks `to` with an iq of type get and waits for the answer.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn get<Req: Payload, Ans: Response>(
        &self,
        to: &Jid,
        request: &Req,
    ) -> Result<Ans, RequestError> {
        self.request(StanzaType::Get, to, request).await
    }

    /// Asks `to` with an iq of type set and waits for the answer.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn set<Req: Payload, Ans: Response>(
        &self,
        to: &Jid,
        request: &Req,
    ) -> Result<Ans, RequestError> {
        self.request(StanzaType::Set, to, request).await
    }

    /// Sends a request and waits for its answer, which must have its identifier and come from whom it went to.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn request<Req: Payload, Ans: Response>(
        &self,
        type_: StanzaType,
        to: &Jid,
        request: &Req,
    ) -> Result<Ans, RequestError> {
        let inner = &self.inner;
        let stanza = Stanza::iq(type_).with_to(to.clone()).with(request);
        let mut ended = inner.ended.clone();
        let answer = tokio::select! {
            biased;
            answer = inner.host.request(stanza, inner.request_timeout) => answer,
            _ = ended.wait_for(|ended| *ended) => return Err(RequestError::Closed),
        };
        match answer {
            Ok(result) => Ans::read(&result),
            Err(_) if *inner.ended.borrow() => Err(RequestError::Closed),
            Err(error) => Err(RequestError::Refused(error)),
        }
    }

    /// The contact list.
    pub fn roster(&self) -> Roster<'_> {
        Roster(self)
    }

    /// What others see of this client, and who may see it.
    pub fn presence(&self) -> Presence<'_> {
        Presence(self)
    }

    /// Closes the session in order: what was sent before is written first. Returns when it has ended.
    pub async fn close(&self) {
        let _ = self.inner.close.send(true);
        let mut ended = self.inner.ended.clone();
        // Without its task the session has ended as well.
        let _ = ended.wait_for(|ended| *ended).await;
    }
}
