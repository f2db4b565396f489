//! Bytes in, elements out.

use super::Frame;
use crate::{Limits, StreamError, Text};

/// What the reader found.
#[derive(Debug, Clone)]
pub enum Event {
    /// The stream's start tag (RFC 6120 §4.2).
    Open(StreamHeader),
    /// One complete element inside the stream.
    Element(Frame),
    /// The stream's end tag (RFC 6120 §4.4).
    Close,
}

/// The attributes of a stream's start tag (RFC 6120 §4.7).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamHeader {
    /// Whom the peer wants to talk to.
    pub to: Option<Text>,
    /// Who the peer says it is.
    pub from: Option<Text>,
    /// The stream's id; set by the receiving side.
    pub id: Option<Text>,
    /// The version of XMPP; absent before XMPP 1.0.
    pub version: Option<Text>,
    /// The default language of text on the stream.
    pub lang: Option<Text>,
    /// The namespace of the stanzas on the stream.
    pub content_ns: Text,
    /// Whether the prefix `db` is declared for server dialback (XEP-0220).
    pub dialback: bool,
}

/// Why reading cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind:?}")]
pub struct ReadError {
    kind: ReadErrorKind,
}

/// What is wrong with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// Not well-formed XML.
    NotWellFormed,
}

impl ReadError {
    /// What is wrong.
    pub fn kind(&self) -> ReadErrorKind {
        self.kind
    }

    /// The stream error that says so to the peer (RFC 6120 §4.9.3, §11).
    pub fn stream_error(&self) -> StreamError {
        todo!()
    }
}

/// Reads one stream: bytes in, elements out.
#[derive(Debug)]
pub struct Reader {
    limits: Limits,
}

impl Reader {
    /// A reader that waits for a stream's start tag.
    pub fn new(limits: Limits) -> Self {
        Self { limits }
    }

    /// Changes the limits, from the next element on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Adds bytes that arrived.
    pub fn push(&mut self, _bytes: &[u8]) {
        todo!()
    }

    /// The next complete thing, or none until more bytes arrive.
    ///
    /// # Errors
    /// When the stream has to end. The reader stays in that state.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Event>, ReadError> {
        todo!()
    }

    /// Waits for a new start tag, as after STARTTLS and SASL (RFC 6120 §4.3.3). Bytes not yet read stay;
    /// after STARTTLS there must not be any: look at [`Reader::buffered`] first.
    pub fn restart(&mut self) {
        todo!()
    }

    /// Bytes that have arrived and not been read yet.
    pub fn buffered(&self) -> usize {
        todo!()
    }

    /// The content namespace of the stream; empty before its start tag.
    pub fn content_ns(&self) -> &str {
        todo!()
    }
}
