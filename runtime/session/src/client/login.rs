//! Logging in step by step: the type says what the negotiation has reached.
//!
//! [`Client::connect`] goes the whole way at once, and is what most programs want. [`Login`] stops in between,
//! for programs that want to look at the connection before they send a password, or bind later. It is a thin
//! layer over the same session; what the negotiation has not reached cannot be called:
//!
//! ```no_run
//! # use sestina_session::client::{ClientConfig, ConnectError, login::Login};
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let config = ClientConfig::new("juliet@example.org/balcony", "secret")?;
//! let login = Login::connect(config).await?;      // Login<Connected>
//! let login = login.secure().await?;              // Login<Secure>
//! let login = login.authenticate().await?;        // Login<Authenticated>
//! let login = login.bind().await?;                // Login<Ready>
//! login.say(&"romeo@example.org".parse()?, "Art thou not Romeo?").await?;
//! let (client, events) = login.into_parts();
//! # drop((client, events)); Ok(())
//! # }
//! ```
//!
//! A message before the session is ready does not compile:
//!
//! ```compile_fail
//! # use sestina_session::client::{ClientConfig, login::Login};
//! # async fn run(config: ClientConfig) -> Result<(), Box<dyn std::error::Error>> {
//! let login = Login::connect(config).await?.secure().await?;
//! login.say(&"romeo@example.org".parse()?, "too early").await?;
//! # Ok(())
//! # }
//! ```

use std::fmt;

use sestina_wire::negotiation::SessionState;
use sestina_wire::{Jid, Payload, Stanza, StanzaType, Text};

use crate::client::reconnect::Dial;
use crate::client::{
    Client, ClientConfig, Closed, ConnectError, Events, Prepared, RequestError, Response,
};
use crate::negotiation::Impasse;
use crate::session::{Connecting, SessionError};
use crate::transport::Transport;

mod sealed {
    pub trait Sealed {
        type Inner: Send;
    }
}

use sealed::Sealed;

/// What a negotiation can have reached.
pub trait Reached: Sealed {}

/// A state in which stanzas may be sent.
#[diagnostic::on_unimplemented(
    message = "nothing can be sent before the session is ready, and this one is only `{Self}`",
    label = "the login has not come this far",
    note = "go on with `secure`, `authenticate` and `bind`, one after the other"
)]
pub trait Sends: Reached + Sealed<Inner = Live> {}

/// There is a connection; nobody has proved anything.
#[derive(Debug)]
pub enum Connected {}

/// The connection is encrypted, and the server has shown its certificate.
#[derive(Debug)]
pub enum Secure {}

/// The server knows who we are, and we know that it knew our password.
#[derive(Debug)]
pub enum Authenticated {}

/// The session has an address: stanzas flow.
#[derive(Debug)]
pub enum Ready {}

/// A stream on its way, and what the client will be made from.
#[doc(hidden)]
pub struct Underway {
    connecting: Connecting,
    prepared: Prepared,
    config: ClientConfig,
    dial: Option<Dial>,
}

/// A client at work.
#[doc(hidden)]
pub struct Live {
    client: Client,
    events: Events,
}

impl Sealed for Connected {
    type Inner = Underway;
}
impl Sealed for Secure {
    type Inner = Underway;
}
impl Sealed for Authenticated {
    type Inner = Underway;
}
impl Sealed for Ready {
    type Inner = Live;
}
impl Reached for Connected {}
impl Reached for Secure {}
impl Reached for Authenticated {}
impl Reached for Ready {}
impl Sends for Ready {}

/// A login that has come as far as `R`.
pub struct Login<R: Reached> {
    inner: R::Inner,
}

impl<R: Reached> fmt::Debug for Login<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

impl Login<Connected> {
    /// Finds the server and connects to it; nothing is sent yet.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(config: ClientConfig) -> Result<Login<Connected>, ConnectError> {
        let dial = config.dial();
        let transport = dial().await?;
        Login::begin(transport, config, Some(dial))
    }

    /// Begins over a transport that is connected already.
    ///
    /// # Errors
    /// [`ConnectError::Plugin`].
    pub fn over(
        transport: Transport,
        config: ClientConfig,
    ) -> Result<Login<Connected>, ConnectError> {
        let dial = config.dial.clone();
        Login::begin(transport, config, dial)
    }

    fn begin(
        transport: Transport,
        mut config: ClientConfig,
        dial: Option<Dial>,
    ) -> Result<Login<Connected>, ConnectError> {
        let prepared = Prepared::new(&mut config)?;
        // What the type promises holds whatever the configuration allows: no password without encryption.
        config.require_tls = true;
        let mut session = config.session(&prepared.host);
        // Step by step: binding does not come with the login.
        session.sasl2 = false;
        let connecting = Connecting::new(transport, session);
        Ok(Login {
            inner: Underway {
                connecting,
                prepared,
                config,
                dial,
            },
        })
    }

    /// Encrypts the connection (RFC 6120 §5). One that is secure by itself is already.
    ///
    /// # Errors
    /// [`SessionError`]; also where the server offers no encryption, whatever the configuration allows: a client
    /// that wants to go on without uses [`Client::connect`].
    pub async fn secure(mut self) -> Result<Login<Secure>, SessionError> {
        self.inner.reach(SessionState::SECURE).await?;
        Ok(Login { inner: self.inner })
    }
}

impl Login<Secure> {
    /// Logs in (RFC 6120 §6).
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn authenticate(mut self) -> Result<Login<Authenticated>, SessionError> {
        self.inner.reach(SessionState::AUTHENTICATED).await?;
        Ok(Login { inner: self.inner })
    }
}

impl Login<Authenticated> {
    /// Binds a resource (RFC 6120 §7), and lets the client work.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn bind(mut self) -> Result<Login<Ready>, ConnectError> {
        self.inner.reach(SessionState::READY).await?;
        let Underway {
            connecting,
            prepared,
            config,
            dial,
        } = self.inner;
        let session = connecting.session().await?;
        let (client, events) = Client::start(session, prepared, config, dial).await?;
        Ok(Login {
            inner: Live { client, events },
        })
    }
}

impl<R: Reached<Inner = Underway>> Login<R> {
    /// Gives up: the stream is closed.
    pub async fn abandon(self) {
        self.inner.connecting.close().await;
    }
}

impl Underway {
    async fn reach(&mut self, flags: SessionState) -> Result<(), SessionError> {
        self.connecting.reach(flags).await?;
        if self.connecting.state().contains(flags) {
            return Ok(());
        }
        // Stanzas may flow, and what was asked for was passed over.
        Err(SessionError::Impasse(Impasse::NoWay))
    }
}

/// What only a session that is ready can do; all of it is [`Client`]'s.
impl<R: Reached> Login<R> {
    /// The client and what the server sends it.
    pub fn into_parts(self) -> (Client, Events)
    where
        R: Sends,
    {
        (self.inner.client, self.inner.events)
    }

    /// The client.
    pub fn client(&self) -> &Client
    where
        R: Sends,
    {
        &self.inner.client
    }

    /// [`Client::send`].
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn send(&self, stanza: Stanza) -> Result<(), Closed>
    where
        R: Sends,
    {
        self.inner.client.send(stanza).await
    }

    /// [`Client::send_message`].
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn send_message(
        &self,
        to: &Jid,
        type_: StanzaType,
        payload: &impl Payload,
    ) -> Result<(), Closed>
    where
        R: Sends,
    {
        self.inner.client.send_message(to, type_, payload).await
    }

    /// [`Client::say`].
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn say(&self, to: &Jid, text: impl Into<Text>) -> Result<(), Closed>
    where
        R: Sends,
    {
        self.inner.client.say(to, text).await
    }

    /// [`Client::get`].
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn get<Req: Payload, Ans: Response>(
        &self,
        to: &Jid,
        request: &Req,
    ) -> Result<Ans, RequestError>
    where
        R: Sends,
    {
        self.inner.client.get(to, request).await
    }

    /// [`Client::set`].
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn set<Req: Payload, Ans: Response>(
        &self,
        to: &Jid,
        request: &Req,
    ) -> Result<Ans, RequestError>
    where
        R: Sends,
    {
        self.inner.client.set(to, request).await
    }
}
