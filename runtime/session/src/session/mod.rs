//! A negotiated stream: one type for both sides, stanzas in and out.

#[cfg(feature = "server")]
mod accept;
mod bind;
mod config;
#[cfg(feature = "client")]
mod connect;
#[cfg(feature = "client")]
mod connect_config;
mod conversation;
mod error;
mod feature;
pub(crate) mod inline;
#[cfg(feature = "client")]
mod keychain;
mod management;
#[cfg(all(test, feature = "client", feature = "server"))]
mod tests;

use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use sestina_wire::negotiation::SessionState;
use sestina_wire::{Event, Frame, FullJid, Stanza, StreamError, Text};

use crate::host::{Joined, Resumption};
use crate::stream::XmlStream;
use crate::transport::Transport;

pub use config::{AcceptConfig, Binder, HostAccess, Hosts, Timeouts};
#[cfg(feature = "client")]
pub(crate) use connect::Connecting;
#[cfg(feature = "client")]
pub use connect_config::ConnectConfig;
pub use conversation::{Answering, Answers, Asking, Asks};
pub use error::SessionError;
pub use feature::{Exchange, Served, StreamFeature};
pub use inline::{
    BindRequest, Bound, HeldToken, Inline, InlineFeature, InlineParts, IssuedToken, Login,
    LoginWatcher, TokenAttempt, TokenKeeper, TokenOutcome, UserAgent,
};
#[cfg(feature = "client")]
pub use keychain::{KeptToken, Keychain, MemoryKeychain};
pub(crate) use management::Words;
pub use management::{Managed, Management, Resume, Said};

/// A stream on which negotiation is over.
///
/// Reading and writing are separate and cancel-safe, so that one task can wait for either: [`Session::poll_recv`]
/// yields stanzas, [`Session::queue`] gathers them into one buffer, [`Session::poll_flush`] writes it.
#[derive(Debug)]
pub struct Session {
    stream: XmlStream,
    jid: FullJid,
    state: SessionState,
    id: Text,
    lang: Option<Text>,
    peer_closed: bool,
    /// Whether the peer said so itself.
    closing_tag: bool,
    close_limit: Duration,
    /// The session that this stream goes on with.
    resumption: Option<Resumption>,
    /// What became of stream management, on the connecting side.
    managed: Managed,
    /// What the server announced last, on the connecting side.
    #[cfg(feature = "client")]
    features: Option<Frame>,
    /// The session that began with the login.
    joined: Option<Joined>,
    /// How the client logged in, on the accepting side.
    login: Option<Box<Login>>,
}

impl Session {
    /// Our own address on a client; the address of the client on a server.
    pub fn jid(&self) -> &FullJid {
        &self.jid
    }

    /// What the session has.
    pub fn state(&self) -> SessionState {
        self.state
    }

    /// The identifier of the stream, made by the receiving side.
    pub fn id(&self) -> &Text {
        &self.id
    }

    /// Language of the peer's text for people, where its stream header names one (`xml:lang`).
    pub fn lang(&self) -> Option<&Text> {
        self.lang.as_ref()
    }

    /// The carrier.
    pub fn transport(&self) -> &Transport {
        self.stream.transport()
    }

    /// The next top-level element; `None` when the peer has closed the stream or its connection.
    ///
    /// Cancel-safe. After an error of our finding the peer has been told why in what is queued:
    /// [`close`](Session::close) writes it.
    ///
    /// # Errors
    /// A broken connection, XML that RFC 6120 forbids, or a stream error from the peer.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Frame>, SessionError>> {
        if self.peer_closed {
            return Poll::Ready(Ok(None));
        }
        let event = match ready!(self.stream.poll_event(cx)) {
            Ok(event) => event,
            Err(fault) => return Poll::Ready(Err(error::queue_fault(&mut self.stream, fault))),
        };
        Poll::Ready(match event {
            Some(Event::Element(frame)) => match error::peer_error(&frame) {
                Some(error) => {
                    self.peer_closed = true;
                    Err(SessionError::PeerEnded(error))
                }
                None => Ok(Some(frame)),
            },
            end @ (Some(Event::Close) | None) => {
                self.peer_closed = true;
                self.closing_tag = end.is_some();
                Ok(None)
            }
            Some(Event::Open(_)) => {
                let error = StreamError::new(sestina_wire::StreamCondition::BadFormat);
                Err(error::queue_error(&mut self.stream, error))
            }
        })
    }

    /// [`Session::poll_recv`] as a future.
    ///
    /// # Errors
    /// As there.
    pub async fn recv(&mut self) -> Result<Option<Frame>, SessionError> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Whether the stream was ended by the peer's closing tag; otherwise its connection just broke.
    pub fn was_closed(&self) -> bool {
        self.peer_closed && self.closing_tag
    }

    /// The session that this stream goes on with, where it does not begin one of its own.
    pub fn take_resumption(&mut self) -> Option<Resumption> {
        self.resumption.take()
    }

    /// What the negotiation of the connecting side found out about stream management.
    pub fn managed(&self) -> Managed {
        self.managed.clone()
    }

    /// How the client logged in, on the accepting side.
    #[cfg(feature = "server")]
    pub(crate) fn take_login(&mut self) -> Option<Login> {
        self.login.take().map(|login| *login)
    }

    /// Whether the server announced this feature of streams, on the connecting side.
    #[cfg(feature = "client")]
    pub fn offers<P: sestina_wire::Payload>(&self) -> bool {
        let features = self.features.as_ref();
        features.is_some_and(|features| features.root().child(P::NAME, P::NS).is_some())
    }

    /// The session that others find already, where it began with the login (XEP-0386).
    #[cfg(feature = "server")]
    pub(crate) fn take_joined(&mut self) -> Option<Joined> {
        self.joined.take()
    }

    /// Whether something has come, if only white space, since this was asked before.
    #[cfg(feature = "server")]
    pub(crate) fn take_heard(&mut self) -> bool {
        self.stream.take_heard()
    }

    pub(crate) fn writer(&mut self) -> sestina_wire::Writer<'_> {
        self.stream.writer()
    }

    /// Queues a stanza for the peer.
    pub fn queue(&mut self, stanza: &Stanza) {
        self.stream.queue(stanza);
    }

    /// Queues bytes that are complete stanzas in the stream's content namespace already.
    pub fn queue_bytes(&mut self, bytes: &[u8]) {
        self.stream.queue_bytes(bytes);
    }

    /// Bytes queued and not yet written.
    pub fn queued(&self) -> usize {
        self.stream.queued()
    }

    /// Writes what is queued, as far as the connection takes it; ready when nothing is left.
    ///
    /// # Errors
    /// A broken connection.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SessionError>> {
        self.stream.poll_flush(cx).map_err(SessionError::Io)
    }

    /// [`Session::poll_flush`] as a future. Cancel-safe: what was not written stays queued.
    ///
    /// # Errors
    /// As there.
    pub async fn flush(&mut self) -> Result<(), SessionError> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Sends a stanza and waits until it is written.
    ///
    /// # Errors
    /// A broken connection.
    pub async fn send(&mut self, stanza: &Stanza) -> Result<(), SessionError> {
        self.queue(stanza);
        self.flush().await
    }

    /// Closes the stream: what is queued is written, then the error if there is one, then the closing tag; the peer's
    /// closing tag is waited for, but not longer than [`Timeouts::close`].
    pub async fn close(mut self, error: Option<StreamError>) {
        self.finish(error).await;
    }

    /// Lets the connection go without a word, so that the session can be gone on with.
    #[cfg(feature = "client")]
    pub(crate) fn hang_up(&mut self) {
        self.stream.transport_mut().hang_up();
    }

    /// [`Session::close`], of which nothing is used afterwards.
    pub(crate) async fn finish(&mut self, error: Option<StreamError>) {
        if let Some(error) = error {
            error::write_error(&mut self.stream, &error);
        }
        let limit = self.close_limit;
        let closing = async {
            self.stream.queue_close();
            self.stream.flush().await?;
            if !self.peer_closed {
                // Stanzas that were under way are not wanted any more, an end of any kind will do.
                while let Ok(Some(Event::Element(_))) = self.stream.event().await {}
            }
            poll_fn(|cx| self.stream.poll_shutdown(cx)).await?;
            self.stream.drain().await;
            std::io::Result::Ok(())
        };
        // A peer that is gone or does not answer is as good as closed.
        let _ = tokio::time::timeout(limit, closing).await;
    }
}
