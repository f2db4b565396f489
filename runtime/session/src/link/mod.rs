//! What streams to components and between servers have in common once stanzas flow: an [`Outbox`] that others fill,
//! and a [`Link`] that writes it and reads what comes.

#[cfg(feature = "server")]
mod links;
mod outbox;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use sestina_wire::{
    Condition, Content as _, Event, Frame, Kind, Stanza, StanzaError, StanzaParseError, StanzaType,
    StreamCondition, StreamError, ns,
};

use crate::router::{Line, Outcome, Routed};
use crate::stream::{StreamFault, XmlStream};

#[cfg(feature = "server")]
pub(crate) use links::Links;
pub(crate) use outbox::{Given, Outbox};

/// Bytes in the stream's buffer past which the outbox is left alone, so that its bound means something.
const AHEAD: usize = 64 * 1024;
/// How long we wait for the peer's closing tag after ours.
const GOODBYE: Duration = Duration::from_secs(5);

/// A stream on which stanzas flow, with what waits to be written.
pub(crate) struct Link {
    pub(crate) stream: XmlStream,
    /// The stanzas read that wait for something, in their order (RFC 6120 §10.1).
    line: Line,
    /// What was read and has to wait until the line is empty.
    held: Option<Box<Read>>,
}

/// What reading a stream comes to.
type Read = Result<Option<Event>, StreamFault>;

impl Link {
    pub(crate) fn new(stream: XmlStream) -> Link {
        Link {
            stream,
            line: Line::default(),
            held: None,
        }
    }

    /// The stanzas that came and are on their way. Messages that wait only for the disk let other messages be read meanwhile.
    pub(crate) fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    /// Writes what is queued and what the outbox holds, and returns the next event; `None` when the peer is gone.
    /// Cancel-safe.
    ///
    /// # Errors
    /// A broken connection, or XML that RFC 6120 forbids.
    pub(crate) async fn next(
        &mut self,
        outbox: Option<&Outbox>,
    ) -> Result<Option<Event>, StreamFault> {
        poll_fn(|cx| self.poll_next(cx, outbox)).await
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        outbox: Option<&Outbox>,
    ) -> Poll<Result<Option<Event>, StreamFault>> {
        if let Some(outbox) = outbox {
            outbox.register(cx.waker());
        }
        loop {
            if let Some(outbox) = outbox {
                while self.stream.queued() < AHEAD
                    && let Some(stanza) = outbox.take()
                {
                    self.stream.queue(&stanza);
                }
            }
            if self.stream.queued() == 0 {
                break;
            }
            match self.stream.poll_flush(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                Poll::Pending => break,
            }
        }
        let alone = self.line.is_empty() || self.line.poll(cx).is_ready();
        if !alone && (self.held.is_some() || !self.line.takes_another()) {
            return Poll::Pending;
        }
        let read = match self.held.take() {
            Some(held) => *held,
            None => match self.stream.poll_event(cx) {
                Poll::Ready(read) => read,
                Poll::Pending => return Poll::Pending,
            },
        };
        match &read {
            Ok(Some(Event::Element(frame))) if alone || frame.root().is("message", ns::CLIENT) => {
                self.line.count(frame.bytes().len());
                Poll::Ready(read)
            }
            _ if alone => Poll::Ready(read),
            _ => {
                self.held = Some(Box::new(read));
                Poll::Pending
            }
        }
    }

    /// Closes the stream, with an error if there is one, and does not wait long for the peer's answer.
    pub(crate) async fn close(mut self, error: Option<&StreamError>) {
        goodbye(&mut self.stream, error).await;
    }
}

/// Gives a stanza to an outbox, and waits for room there, but not longer than `limit`. `gone` is the answer when nobody
/// writes any more.
pub(crate) fn give(
    outbox: &Arc<Outbox>,
    stanza: Stanza,
    limit: Duration,
    gone: Condition,
) -> Routed {
    let outcome = move |given| match given {
        Given::Queued => Some(Outcome::Elsewhere),
        Given::Closed => Some(Outcome::Refused(StanzaError::new(gone))),
        Given::Full => None,
    };
    if let Some(outcome) = outcome(outbox.give(&stanza)) {
        return Routed::Now(outcome);
    }
    let outbox = Arc::clone(outbox);
    Routed::Later(Box::pin(async move {
        let waiting = async {
            loop {
                outbox.room().await;
                if let Some(outcome) = outcome(outbox.give(&stanza)) {
                    return outcome;
                }
            }
        };
        let waited = tokio::time::timeout(limit, waiting).await;
        waited.unwrap_or_else(|_| {
            let error = StanzaError::new(Condition::ResourceConstraint);
            Outcome::Refused(error.with_text("too much waits for it already; send it again later"))
        })
    }))
}

/// Writes the error, if there is one, and the closing tag, and ends the connection.
pub(crate) async fn goodbye(stream: &mut XmlStream, error: Option<&StreamError>) {
    if let Some(error) = error
        && stream.is_open()
    {
        error.encode(&mut stream.writer(), "stream:error", ns::CLIENT);
    }
    stream.queue_close();
    let closing = async {
        stream.flush().await?;
        poll_fn(|cx| stream.poll_shutdown(cx)).await?;
        stream.drain().await;
        std::io::Result::Ok(())
    };
    let _ = tokio::time::timeout(GOODBYE, closing).await;
}

/// How long streams between servers and to components may be silent before the system asks whether there is somebody.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);

/// Lets the system notice a peer that has vanished: such streams live long and are often silent.
pub(crate) fn keep_alive(socket: &tokio::net::TcpStream, silence: Duration) -> std::io::Result<()> {
    let keep = socket2::TcpKeepalive::new()
        .with_time(silence)
        .with_interval(Duration::from_secs(20));
    socket2::SockRef::from(socket).set_tcp_keepalive(&keep)
}

/// What a top-level element is as a stanza.
pub(crate) enum Incoming {
    Stanza(Stanza),
    /// By name a stanza, and not acceptable: the answer, where one is due.
    Refused(Option<Stanza>),
    /// No stanza.
    Other(StreamError),
}

/// Reads an element as a stanza that is fit to be passed on.
pub(crate) fn incoming(frame: Frame) -> Incoming {
    let stanza = match Stanza::from_frame(frame.clone()) {
        Ok(stanza) => stanza,
        Err(StanzaParseError::Stream(error)) => return Incoming::Other(*error),
        Err(StanzaParseError::Stanza(error)) => {
            return Incoming::Refused(Stanza::refusal(&frame, &error));
        }
    };
    // Between servers nothing goes without sender and addressee (RFC 6120 §8.1.1.2, §8.1.2.2).
    if stanza.from().is_none() || stanza.to().is_none() {
        return Incoming::Other(StreamCondition::ImproperAddressing.into());
    }
    match unfit(&stanza) {
        Some(text) => {
            let error = StanzaError::new(Condition::BadRequest).with_text(text);
            let asked = !matches!(stanza.type_(), StanzaType::Error | StanzaType::Result);
            Incoming::Refused(asked.then(|| stanza.error(&error)))
        }
        None => Incoming::Stanza(stanza),
    }
}

/// What RFC 6120 §8.2.3 asks of every iq and this one lacks.
fn unfit(stanza: &Stanza) -> Option<&'static str> {
    if stanza.kind() != Kind::Iq {
        return None;
    }
    if stanza.id().is_none_or(|id| id.is_empty()) {
        return Some("an iq needs an id");
    }
    let payloads = stanza.children().take(2).count();
    match stanza.type_() {
        StanzaType::Get | StanzaType::Set if payloads != 1 => Some("a request needs one payload"),
        StanzaType::Result if payloads > 1 => Some("a result has at most one payload"),
        _ => None,
    }
}
