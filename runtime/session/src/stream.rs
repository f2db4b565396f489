//! An XML stream over a byte carrier: frames in, elements out.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use sestina_wire::{
    Event, Frame, Limits, ReadError, ReadErrorKind, Reader, Stanza, StreamHeader, Text, Writer, ns,
};
use thiserror::Error;

use crate::transport::{OutBuffer, Transport};

/// Why no further event can be read from a stream, or nothing be written to it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StreamFault {
    /// The carrier broke.
    #[error("connection: {0}")]
    Io(#[from] io::Error),
    /// The peer sent what RFC 6120 forbids; [`ReadError::stream_error`] names it.
    #[error("stream: {0}")]
    Read(#[from] ReadError),
}

/// What stands in a stream header that we send (RFC 6120 §4.7).
#[derive(Clone, Debug, Default)]
pub struct Header<'a> {
    /// Whom the stream is for.
    pub to: Option<&'a str>,
    /// Whom the stream is from.
    pub from: Option<&'a str>,
    /// The identifier that the receiving side makes.
    pub id: Option<&'a str>,
    /// Language of text meant for people.
    pub lang: Option<&'a str>,
    /// Whether to leave the version out, which only streams of XMPP 1.0 have.
    pub unversioned: bool,
}

/// One XML stream in both directions: a reader over the carrier's bytes, and a buffer that gathers what is written.
#[derive(Debug)]
pub struct XmlStream {
    transport: Transport,
    reader: Reader,
    out: OutBuffer,
    content: &'static str,
    ended: bool,
    opened: bool,
    /// Whether something has come since somebody asked.
    heard: bool,
    /// Where the carrier carries whole elements: what they have to be, in place of the reader.
    framed: Option<Box<Framed>>,
}

/// What is known of a stream whose elements come one by one (RFC 7395 §3.3).
#[derive(Debug)]
struct Framed {
    limits: Limits,
    /// Whether the peer's header has come, and no restart since.
    open: bool,
    /// What ended it.
    failed: Option<ReadError>,
}

impl XmlStream {
    /// A stream before its first header. `content` is the namespace that stanzas have on it, for example
    /// [`ns::CLIENT`].
    pub fn new(mut transport: Transport, limits: Limits, content: &'static str) -> XmlStream {
        let framed = transport.as_messages().map(|messages| {
            messages.set_limits(&limits);
            Box::new(Framed {
                limits,
                open: false,
                failed: None,
            })
        });
        XmlStream {
            framed,
            transport,
            reader: Reader::new(limits),
            out: OutBuffer::new(),
            content,
            ended: false,
            opened: false,
            heard: false,
        }
    }

    /// The carrier.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(crate) fn transport_mut(&mut self) -> &mut Transport {
        &mut self.transport
    }

    /// Whether our header is out and our closing tag is not.
    pub fn is_open(&self) -> bool {
        self.opened
    }

    /// Sets the limits for what the peer sends from now on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.reader.set_limits(limits);
        if let (Some(framed), Some(messages)) = (&mut self.framed, self.transport.as_messages()) {
            framed.limits = limits;
            messages.set_limits(&limits);
        }
    }

    /// Whether something has come, if only white space, since this was asked before.
    pub(crate) fn take_heard(&mut self) -> bool {
        std::mem::take(&mut self.heard)
    }

    /// Bytes that were received and have not become an event.
    pub fn buffered(&self) -> usize {
        self.reader.buffered()
    }

    /// Starts anew on the same carrier: the next event is a header, and so is the next thing to be sent.
    pub fn restart(&mut self) {
        self.reader.restart();
        self.opened = false;
        if let Some(framed) = &mut self.framed {
            framed.open = false;
        }
    }

    /// The next event; `None` when the carrier ended.
    ///
    /// Cancel-safe: what was read stays with the stream.
    ///
    /// # Errors
    /// A broken carrier, or XML that RFC 6120 forbids.
    pub fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, StreamFault>> {
        if let (Some(framed), Some(messages)) = (&mut self.framed, self.transport.as_messages()) {
            if self.ended {
                return Poll::Ready(Ok(None));
            }
            let message = ready!(messages.poll_message(cx));
            self.heard = true;
            return Poll::Ready(match message {
                Ok(Some(text)) => framed.event(text).map(Some).map_err(StreamFault::Read),
                Ok(None) => {
                    self.ended = true;
                    Ok(None)
                }
                Err(fault) => Err(fault),
            });
        }
        loop {
            if let Some(event) = self.reader.next()? {
                return Poll::Ready(Ok(Some(event)));
            }
            if self.ended {
                return Poll::Ready(Ok(None));
            }
            let reader = &mut self.reader;
            let read = self.transport.poll_read_with(cx, |bytes| {
                reader.push(bytes);
                bytes.len()
            });
            self.ended = ready!(read)? == 0;
            self.heard = true;
        }
    }

    /// [`XmlStream::poll_event`] as a future.
    ///
    /// # Errors
    /// As there.
    pub async fn event(&mut self) -> Result<Option<Event>, StreamFault> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// Writes as much as the carrier takes; ready when nothing is left.
    ///
    /// # Errors
    /// A broken carrier.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.transport.poll_write_out(cx, &mut self.out)
    }

    /// [`XmlStream::poll_flush`] as a future. Cancel-safe: what was not written stays queued.
    ///
    /// # Errors
    /// A broken carrier.
    pub async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Bytes queued and not yet written.
    pub fn queued(&self) -> usize {
        self.out.len() + self.transport.pending()
    }

    /// A writer into the queue, for elements that are no stanzas.
    pub fn writer(&mut self) -> Writer<'_> {
        Writer::new(self.out.vec(), self.content)
    }

    /// Queues a stanza.
    pub fn queue(&mut self, stanza: &Stanza) {
        stanza.write(self.out.vec(), self.content);
    }

    /// Queues bytes that are complete elements in the stream's content namespace already.
    pub fn queue_bytes(&mut self, bytes: &[u8]) {
        self.out.vec().extend_from_slice(bytes);
    }

    /// Queues our stream header.
    pub fn queue_header(&mut self, header: &Header<'_>) {
        let content = self.content;
        let framed = self.framed.is_some();
        let out = self.out.vec();
        if framed {
            out.extend_from_slice(b"<open xmlns='");
            out.extend_from_slice(ns::FRAMING.as_bytes());
        } else {
            out.extend_from_slice(b"<?xml version='1.0'?><stream:stream xmlns='");
            out.extend_from_slice(content.as_bytes());
            out.extend_from_slice(b"' xmlns:stream='");
            out.extend_from_slice(ns::STREAM.as_bytes());
        }
        out.push(b'\'');
        if content == ns::SERVER {
            // Whoever does dialback says so here (XEP-0220 §2.1.1).
            out.extend_from_slice(b" xmlns:db='");
            out.extend_from_slice(ns::DIALBACK.as_bytes());
            out.push(b'\'');
        }
        if !header.unversioned {
            out.extend_from_slice(b" version='1.0'");
        }
        for (name, value) in [
            ("to", header.to),
            ("from", header.from),
            ("id", header.id),
            ("xml:lang", header.lang),
        ] {
            if let Some(value) = value {
                out.push(b' ');
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b"='");
                escape_attribute(value, out);
                out.push(b'\'');
            }
        }
        out.extend_from_slice(if framed { b"/>" } else { b">" });
        self.opened = true;
    }

    /// Queues our closing tag, once.
    pub fn queue_close(&mut self) {
        if std::mem::take(&mut self.opened) {
            let out = self.out.vec();
            if self.framed.is_some() {
                out.extend_from_slice(b"<close xmlns='");
                out.extend_from_slice(ns::FRAMING.as_bytes());
                out.extend_from_slice(b"'/>");
            } else {
                out.extend_from_slice(b"</stream:stream>");
            }
        }
    }

    /// Ends the carrier's sending direction, after what is queued.
    ///
    /// # Errors
    /// A broken carrier.
    pub fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flush(cx))?;
        self.transport.poll_shutdown(cx)
    }

    /// Throws away what the peer still sends, until it stops or a megabyte has come.
    ///
    /// A socket closed over unread bytes is reset, and the reset overtakes the error that was written last. The caller
    /// bounds the time.
    pub(crate) async fn drain(&mut self) {
        let mut left: usize = 1024 * 1024;
        while let Ok(read) = poll_fn(|cx| self.transport.poll_read_with(cx, <[u8]>::len)).await {
            left = left.saturating_sub(read);
            if read == 0 || left == 0 {
                return;
            }
        }
    }

    /// The content namespace of the stream.
    pub fn content(&self) -> &'static str {
        self.content
    }
}

impl Framed {
    /// What one message says.
    fn event(&mut self, message: Text) -> Result<Event, ReadError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let event = self.read(message);
        self.failed = event.as_ref().err().copied();
        event
    }

    fn read(&mut self, message: Text) -> Result<Event, ReadError> {
        // Each message is a document of its own and begins with its element (RFC 7395 §3.3.3).
        if !message.starts_with('<') {
            return Err(ReadErrorKind::Format.into());
        }
        let frame = Frame::parse_limited(message, ns::CLIENT, &self.limits)?;
        let root = frame.root();
        match (root.name(), root.ns()) {
            ("open", ns::FRAMING) => {
                self.open = true;
                Ok(Event::Open(StreamHeader {
                    to: root.attr("to"),
                    from: root.attr("from"),
                    id: root.attr("id"),
                    version: root.attr("version"),
                    lang: root.attr("xml:lang"),
                    content_ns: Text::from_static(ns::CLIENT),
                    dialback: false,
                }))
            }
            ("close", ns::FRAMING) => Ok(Event::Close),
            // A header in another namespace (RFC 7395 §3.3.2).
            ("open" | "close", _) => Err(ReadErrorKind::Namespace.into()),
            _ if !self.open => Err(ReadErrorKind::Format.into()),
            _ => Ok(Event::Element(frame)),
        }
    }
}

/// Appends `value` so that it can stand between apostrophes.
pub(crate) fn escape_attribute(value: &str, out: &mut Vec<u8>) {
    for byte in value.bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'\'' => out.extend_from_slice(b"&apos;"),
            b'\t' => out.extend_from_slice(b"&#9;"),
            b'\n' => out.extend_from_slice(b"&#10;"),
            b'\r' => out.extend_from_slice(b"&#13;"),
            other => out.push(other),
        }
    }
}

/// The language of a header, where it is usable.
pub(crate) fn language(lang: Option<&Text>) -> Option<Text> {
    lang.filter(|lang| !lang.is_empty() && lang.len() <= 64)
        .cloned()
}
