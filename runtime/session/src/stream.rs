//! An XML stream over a byte carrier: frames in, elements out.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use sestina_wire::{Event, Limits, ReadError, Reader, Stanza, Text, Writer, ns};
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
}

impl XmlStream {
    /// A stream before its first header. `content` is the namespace that stanzas have on it, for example
    /// [`ns::CLIENT`].
    pub fn new(transport: Transport, limits: Limits, content: &'static str) -> XmlStream {
        XmlStream {
            transport,
            reader: Reader::new(limits),
            out: OutBuffer::new(),
            content,
            ended: false,
            opened: false,
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
    }

    /// Bytes that were received and have not become an event.
    pub fn buffered(&self) -> usize {
        self.reader.buffered()
    }

    /// Starts anew on the same carrier: the next event is a header, and so is the next thing to be sent.
    pub fn restart(&mut self) {
        self.reader.restart();
        self.opened = false;
    }

    /// The next event; `None` when the carrier ended.
    ///
    /// Cancel-safe: what was read stays with the stream.
    ///
    /// # Errors
    /// A broken carrier, or XML that RFC 6120 forbids.
    pub fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, StreamFault>> {
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
        self.out.len()
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
        let out = self.out.vec();
        out.extend_from_slice(b"<?xml version='1.0'?><stream:stream xmlns='");
        out.extend_from_slice(content.as_bytes());
        out.extend_from_slice(b"' xmlns:stream='");
        out.extend_from_slice(ns::STREAM.as_bytes());
        out.extend_from_slice(b"' version='1.0'");
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
        out.push(b'>');
        self.opened = true;
    }

    /// Queues our closing tag, once.
    pub fn queue_close(&mut self) {
        if std::mem::take(&mut self.opened) {
            self.out.vec().extend_from_slice(b"</stream:stream>");
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

/// Appends `value` so that it can stand between apostrophes.
fn escape_attribute(value: &str, out: &mut Vec<u8>) {
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
