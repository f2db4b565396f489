//! Why there is no session, or no longer one.

use std::io;

use sestina_storage::StorageError;
use sestina_wire::{Content, Frame, Payload, StanzaError, StreamError, ns};
use thiserror::Error;

use crate::negotiation::Impasse;
use crate::sasl::LoginFailure;
use crate::stream::{StreamFault, XmlStream};

/// Why a session did not come about or ended.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The carrier broke.
    #[error("connection: {0}")]
    Io(#[from] io::Error),
    /// TLS could not be negotiated; for a client mostly a certificate that is not trusted.
    #[error("TLS: {0}")]
    Tls(io::Error),
    /// TLS could not be set up here.
    #[error(transparent)]
    TlsSettings(#[from] crate::tls::TlsError),
    /// We ended the stream with this error; the peer has been told.
    #[error("ended the stream: {0}")]
    Ended(StreamError),
    /// The peer ended the stream with this error.
    #[error("the peer ended the stream: {0}")]
    PeerEnded(StreamError),
    /// The peer closed the stream, or the carrier ended, before stanzas could flow.
    #[error("the peer closed the stream during negotiation")]
    Closed,
    /// Negotiation took longer than [`Timeouts::login`](crate::session::Timeouts::login).
    #[error("negotiation took too long")]
    TimedOut,
    /// The server does not let us in, or did not prove that it knows us.
    #[error("login: {0}")]
    Login(#[from] LoginFailure),
    /// The server does not give us a resource.
    #[error("binding a resource: {0}")]
    Bind(StanzaError),
    /// What the server offers leads to no session.
    #[error("negotiation: {0}")]
    Impasse(#[from] Impasse),
    /// The storage that knows the accounts did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The stream error in a top-level element, if it is one.
pub(super) fn peer_error(frame: &Frame) -> Option<StreamError> {
    let root = frame.root();
    StreamError::read(root).ok()
}

/// Queues a stream error and the closing tag after it (RFC 6120 §4.9.1.1).
pub(super) fn write_error(stream: &mut XmlStream, error: &StreamError) {
    if stream.is_open() {
        // With the prefix that the header declares: there are clients that look for it.
        error.encode(&mut stream.writer(), "stream:error", ns::CLIENT);
        stream.queue_close();
    }
}

/// [`write_error`], and the error to hand on.
pub(super) fn queue_error(stream: &mut XmlStream, error: StreamError) -> SessionError {
    write_error(stream, &error);
    SessionError::Ended(error)
}

/// Tells the peer what was wrong with its stream, if anything still reaches it.
pub(super) fn queue_fault(stream: &mut XmlStream, fault: StreamFault) -> SessionError {
    match fault {
        StreamFault::Io(error) => SessionError::Io(error),
        StreamFault::Read(error) => queue_error(stream, error.stream_error()),
    }
}
