//! One connection, one task: it reads its session's stanzas and writes what others queued for it.

use std::future::poll_fn;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sestina_types::xep_0199::Ping;
use sestina_wire::{
    Condition, Frame, FullJid, Head, Jid, Kind, Stanza, StanzaError, StanzaParseError, StanzaType,
    StreamCondition, StreamError, Text, ns,
};

use crate::host::{Host, Resource, Waited, Work};
use crate::metrics;
use crate::mux::NonzaContext;
use crate::router::{Line, Router};
use crate::server::ending::{Unfinished, call, clean_up};
use crate::server::keep_alive::{KeepAlive, Silence};
use crate::session::{Session, SessionError};

/// Stanzas handled before other tasks get their turn.
const BATCH: u64 = 64;
/// Bytes in the stream's buffer past which the queue is left alone, so that its bound means something.
const AHEAD: usize = 64 * 1024;
/// How long a session waits for the clean-up of the one whose address it takes.
const TAKEOVER: Duration = Duration::from_secs(10);

/// Why a session ends.
enum End {
    /// The peer closed the stream.
    Closed,
    /// The stream broke; where we found the fault, the peer's error is queued already.
    Failed(SessionError),
    /// The peer did what ends a stream.
    Fault(StreamError),
    /// The server wants it so; the queue has said with which error.
    Asked(Option<StreamError>),
    /// Another stream of the same client goes on with the session.
    Replaced,
}

/// A session and what its task knows of it.
pub(super) struct Connection {
    session: Session,
    host: Arc<Host>,
    router: Arc<Router>,
    resource: Arc<Resource>,
    /// The session's stanzas that are on their way, in order (RFC 6120 §10.1).
    line: Line,
    /// What else has to be waited for before the next stanza is read.
    pending: Option<BoxFuture<'static, ()>>,
    /// What was read and may not pass those on their way: an element, or how the session ends.
    next: Option<Box<Result<Frame, End>>>,
    /// Stanzas taken in, modulo 2^32; counted anew once the client wants them acknowledged (XEP-0198 §4).
    handled: u32,
    keep_alive: KeepAlive,
}

/// Begins to serve a negotiated session, or goes on with the one that the client came back for. Boxed, so that a task holds
/// the session itself and not also the places it was moved through.
pub(super) async fn begin(
    mut session: Session,
    host: Arc<Host>,
    router: Arc<Router>,
    keep_alive: KeepAlive,
) -> Option<Box<Connection>> {
    if let Some(resumption) = session.take_resumption() {
        let handled = resumption.handled();
        let Some(resource) = resumption.take_over() else {
            let gone = StreamError::new(StreamCondition::Reset)
                .with_text("the session has ended meanwhile");
            session.close(Some(gone)).await;
            return None;
        };
        tracing::debug!("session goes on");
        return Some(Box::new(Connection {
            session,
            host,
            router,
            resource,
            line: Line::default(),
            pending: None,
            next: None,
            handled,
            keep_alive,
        }));
    }
    let (resource, older) = match session.take_joined() {
        Some(mut joined) => {
            session.queue_bytes(joined.before.pending());
            joined.before.consume(joined.before.len());
            (joined.resource, joined.older)
        }
        None => host.join(session.jid()),
    };
    if let Some(login) = session.take_login() {
        resource.set_login(login);
    }
    metrics::raise(metrics::SESSIONS_READY);
    tracing::debug!("session starts");
    let start = start(Arc::clone(&host), Arc::clone(&resource), older);
    Some(Box::new(Connection {
        session,
        host,
        router,
        resource,
        line: Line::default(),
        pending: Some(Box::pin(start)),
        next: None,
        handled: 0,
        keep_alive,
    }))
}

/// Serves a session until it ends, its clean-up included, or until another stream goes on with it.
pub(super) async fn run(mut connection: Box<Connection>) {
    let end = poll_fn(|cx| {
        // A plugin that panics costs its session, and not the clean-up after it.
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| connection.poll(cx)));
        polled.unwrap_or_else(|_| {
            tracing::error!("a plugin panicked; its session ends");
            connection.pending = None;
            connection.line.clear();
            Poll::Ready(End::Fault(StreamError::new(
                StreamCondition::InternalServerError,
            )))
        })
    })
    .await;
    // A session lives long and ends once: what the end needs is not kept all the time.
    Box::pin(connection.ended(end)).await;
}

/// Waits for the session whose address this one takes, then tells the plugins.
async fn start(host: Arc<Host>, resource: Arc<Resource>, older: Option<Arc<Resource>>) {
    if let Some(older) = older
        && tokio::time::timeout(TAKEOVER, older.gone()).await.is_err()
    {
        tracing::warn!(
            session = resource.jid().as_str(),
            "the session it takes the address of does not end"
        );
    }
    call(&host, &resource, host.stages().starts()).await;
}

impl Connection {
    /// The stream is over. A session that may be resumed waits for another stream; any other ends.
    async fn ended(self, end: End) {
        let resumable = match &end {
            End::Replaced => true,
            End::Closed => !self.session.was_closed(),
            End::Failed(error) => matches!(error, SessionError::Io(_)),
            End::Fault(_) | End::Asked(_) => false,
        };
        let terms = self.resource.terms().filter(|_| resumable);
        match terms.and_then(|terms| terms.resume) {
            Some(limit) => {
                self.wait_for_stream(limit, matches!(end, End::Replaced))
                    .await
            }
            None => self.finish(end).await,
        }
    }

    /// The session stays for a while without a stream (XEP-0198 §5).
    async fn wait_for_stream(mut self, limit: Duration, replaced: bool) {
        // A stanza that was taken in is counted, so it is followed to its end.
        self.unfinished().follow().await;
        let Connection {
            session,
            host,
            resource,
            handled,
            ..
        } = self;
        let taken_over = resource.set_broken(handled);
        tracing::debug!("the stream is gone; its session stays");
        call(&host, &resource, host.stages().breaks()).await;
        let goodbye = async move {
            // The client may have gone elsewhere before its old connection could break; a broken one is let go.
            if replaced {
                let reason = StreamError::new(StreamCondition::Conflict)
                    .with_text("another stream goes on with this session");
                session.close(Some(reason)).await;
            }
        };
        let waits = async {
            loop {
                let waited = resource.without_stream(taken_over);
                match tokio::time::timeout(limit, waited).await {
                    Ok(waited) => return waited,
                    // Somebody is just taking it over.
                    Err(_) if resource.is_wanted() => {}
                    Err(_) => return Waited::Ended,
                }
            }
        };
        let ((), waited) = tokio::join!(goodbye, waits);
        if waited == Waited::Ended {
            tracing::debug!("nobody came to go on with the session");
            clean_up(&host, &resource, Unfinished::default()).await;
        }
    }

    /// Cleans up; what remains to be written, to a peer that may be gone, comes last.
    async fn finish(mut self, end: End) {
        let unfinished = self.unfinished();
        let (mut rest, mut error) = clean_up(&self.host, &self.resource, unfinished).await;
        match end {
            End::Closed => tracing::debug!("session closed"),
            End::Failed(reason) => tracing::debug!(%reason, "session failed"),
            End::Fault(fault) => {
                tracing::debug!(condition = %fault.condition, "session ended for a fault");
                error = Some(fault);
            }
            End::Asked(reason) => {
                tracing::debug!("session ended by the server");
                error = reason;
            }
            End::Replaced => {}
        }
        self.session.queue_bytes(rest.pending());
        rest.consume(rest.len());
        drop(rest);
        self.session.close(error).await;
    }

    fn unfinished(&mut self) -> Unfinished {
        Unfinished::new(self.pending.take(), std::mem::take(&mut self.line))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if let Poll::Ready(end) = self.poll_read(cx) {
            return Poll::Ready(end);
        }
        if let Poll::Ready(end) = self.poll_silence(cx) {
            return Poll::Ready(end);
        }
        self.poll_write(cx)
    }

    /// Asks a client of which nothing is heard for a sign of life, and lets go of one that gives none.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let Connection {
            session,
            keep_alive,
            pending,
            line,
            ..
        } = self;
        let waits = pending.is_some() || !line.is_empty();
        // A client that has to wait for what it sent may be waiting with what it has to say.
        while let Poll::Ready(silence) = keep_alive.poll(cx, || session.take_heard() || waits) {
            let terms = self.resource.terms();
            match (silence, terms) {
                (Silence::Ask, Some(terms)) => session.queue_bytes(terms.request.as_bytes()),
                (Silence::Ask, None) => {
                    let ping = Stanza::iq(StanzaType::Get)
                        .with_from(self.host.domain().clone())
                        .with_to(Jid::clone(self.resource.jid()))
                        .with_id(self.host.random().token())
                        .with(&Ping::default());
                    session.queue(&ping);
                }
                // As good as broken: it may come back for its session.
                (Silence::Gone, Some(terms)) if terms.resume.is_some() => {
                    let error = io::Error::from(io::ErrorKind::TimedOut);
                    return Poll::Ready(End::Failed(SessionError::Io(error)));
                }
                (Silence::Gone, _) => {
                    let gone = StreamError::new(StreamCondition::ConnectionTimeout);
                    return Poll::Ready(End::Fault(gone));
                }
            }
        }
        Poll::Pending
    }

    /// Reads and handles stanzas, one at a time, as long as none waits for more than the disk.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let mut handled = 0;
        let end = self.poll_stanzas(cx, &mut handled);
        if handled > 0 {
            metrics::add(metrics::STANZAS_RECEIVED, handled);
        }
        end
    }

    fn poll_stanzas(&mut self, cx: &mut Context<'_>, handled: &mut u64) -> Poll<End> {
        loop {
            let alone = self.line.is_empty() || self.line.poll(cx).is_ready();
            if let Some(pending) = &mut self.pending {
                if pending.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                self.pending = None;
            }
            if !alone && (self.next.is_some() || !self.line.takes_another()) {
                return Poll::Pending;
            }
            if *handled == BATCH {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let read = match self.next.take() {
                Some(read) => *read,
                None => match self.session.poll_recv(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(Some(frame))) => Ok(frame),
                    Poll::Ready(Ok(None)) => Err(End::Closed),
                    Poll::Ready(Err(error)) => Err(End::Failed(error)),
                },
            };
            let frame = match read {
                Ok(frame) if alone || frame.root().is("message", ns::CLIENT) => frame,
                Err(end) if alone => return Poll::Ready(end),
                read => {
                    self.next = Some(Box::new(read));
                    return Poll::Pending;
                }
            };
            *handled += 1;
            let bytes = frame.bytes().len();
            if let Err(fault) = self.handle(frame) {
                return Poll::Ready(End::Fault(fault));
            }
            self.keep_pace(bytes);
        }
    }

    /// Reads nothing for a while where the account sends faster than it may: its connection fills up, and it has to wait.
    fn keep_pace(&mut self, bytes: usize) {
        let Some(rate) = self.host.limits().pace_of(bytes) else {
            return;
        };
        let now = self.host.clock().monotonic();
        let Some(wait) = self.resource.account().pace(now, rate) else {
            return;
        };
        metrics::count(metrics::STANZAS_SLOWED);
        self.pending = Some(Box::pin(tokio::time::sleep(wait)));
    }

    /// Writes what is queued for the session, as far as the connection takes it.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let behind = self.session.queued() >= AHEAD;
            match self.resource.poll_work(cx, behind) {
                Poll::Ready(Work::Bytes(bytes)) => self.session.queue_bytes(bytes.pending()),
                Poll::Ready(Work::Wanted) => return Poll::Ready(End::Replaced),
                Poll::Ready(Work::End(bytes, error)) => {
                    self.session.queue_bytes(bytes.pending());
                    return Poll::Ready(End::Asked(error));
                }
                Poll::Pending if self.session.queued() == 0 => return Poll::Pending,
                Poll::Pending => {}
            }
            match self.session.poll_flush(cx) {
                // The queue may have filled meanwhile.
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(End::Failed(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Takes one stanza in: whose it is, whether it is one, and on its way.
    fn handle(&mut self, frame: Frame) -> Result<(), StreamError> {
        let mut stanza = match Stanza::from_frame(frame.clone()) {
            Ok(stanza) => stanza,
            Err(StanzaParseError::Stream(error)) => return self.nonza(&frame, *error),
            Err(StanzaParseError::Stanza(error)) => {
                self.handled = self.handled.wrapping_add(1);
                self.reject(&frame, &error);
                return Ok(());
            }
        };
        self.line.count(frame.bytes().len());
        drop(frame);
        self.handled = self.handled.wrapping_add(1);
        stamp(self.resource.jid(), &mut stanza)?;
        // What its stream says of its language goes along (RFC 6120 §4.7.4).
        if let Some(lang) = self.session.lang()
            && stanza.head().lang.is_none()
        {
            stanza.head_mut().lang = Some(lang.clone());
        }
        if let Err(error) = check_iq(&stanza) {
            let refused = self
                .router
                .refuse(&self.host, &self.resource, stanza, error);
            self.line.push(refused);
            return Ok(());
        }
        let Connection {
            router,
            host,
            resource,
            line,
            ..
        } = self;
        router.receive(host, resource, stanza, line);
        Ok(())
    }

    /// An element that is no stanza: whoever registered for it gets it.
    fn nonza(&mut self, frame: &Frame, otherwise: StreamError) -> Result<(), StreamError> {
        let host = Arc::clone(&self.host);
        let mut cx = NonzaContext {
            host: &self.host,
            resource: &self.resource,
            session: &mut self.session,
            handled: &mut self.handled,
        };
        match host.nonzas().handle(&mut cx, frame.root()) {
            Some(handled) => handled,
            None => Err(otherwise),
        }
    }

    /// Answers an element that is a stanza by name and cannot be taken as one.
    fn reject(&mut self, frame: &Frame, error: &StanzaError) {
        let root = frame.root();
        let kind = Kind::from_name(root.name()).unwrap_or(Kind::Message);
        let answered = root
            .attr("type")
            .is_some_and(|type_| matches!(&*type_, "error" | "result"));
        if answered {
            return;
        }
        let mut head = Head::new(kind, StanzaType::Error);
        head.id = root.attr("id");
        head.from = root
            .attr("to")
            .and_then(|to: Text| Jid::parse_text(to).ok());
        head.to = Some(Jid::clone(self.resource.jid()));
        let answer = Stanza::new(head).with(error);
        self.line.push(self.host.deliver_to(&self.resource, answer));
    }
}

/// Sets `from` to the session's address. A client may name its own, bare or full, and no other
/// (RFC 6120 §8.1.2.1).
fn stamp(own: &FullJid, stanza: &mut Stanza) -> Result<(), StreamError> {
    let head = stanza.head_mut();
    match &head.from {
        Some(from) if from.as_str() == own.as_str() => return Ok(()),
        Some(from) if from.as_str() != own.bare_str() => {
            return Err(StreamError::new(StreamCondition::InvalidFrom));
        }
        Some(_) | None => {}
    }
    head.from = Some(Jid::clone(own));
    Ok(())
}

/// What RFC 6120 §8.2.3 asks of every iq: an identifier, and one payload in a request.
fn check_iq(stanza: &Stanza) -> Result<(), StanzaError> {
    if stanza.kind() != Kind::Iq {
        return Ok(());
    }
    let bad = |text: &'static str| Err(StanzaError::new(Condition::BadRequest).with_text(text));
    if stanza.id().is_none_or(|id| id.is_empty()) {
        return bad("an iq needs an id");
    }
    let payloads = stanza.children().take(2).count();
    match stanza.type_() {
        StanzaType::Get | StanzaType::Set if payloads != 1 => bad("a request needs one payload"),
        StanzaType::Result if payloads > 1 => bad("a result has at most one payload"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever a client writes into `from`, the stanza goes on with the session's own address or not at all.
        #[test]
        fn no_stanza_goes_on_with_a_false_sender(
            local in "([rj]{1,2}@)?",
            domain in "[ab]\\.example",
            resource in "(/[xy]{1,2})?",
            absent in proptest::bool::weighted(0.1),
            kind in 0..3_u8,
        ) {
            let own = FullJid::parse("r@a.example/x").unwrap();
            let mut stanza = match kind {
                0 => Stanza::message(StanzaType::Chat),
                1 => Stanza::presence(StanzaType::Available),
                _ => Stanza::iq(StanzaType::Get),
            };
            let claimed = format!("{local}{domain}{resource}");
            stanza.head_mut().from = (!absent).then(|| Jid::parse(&claimed).unwrap());
            let its_own = absent || claimed == "r@a.example" || claimed == "r@a.example/x";
            prop_assert_eq!(stamp(&own, &mut stanza).is_ok(), its_own);
            if its_own {
                prop_assert_eq!(stanza.from().map(Jid::as_str), Some(own.as_str()));
            }
        }
    }
}
