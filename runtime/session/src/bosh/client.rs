//! BOSH on the connecting side: a task that makes requests, and the stream's end of it.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use sestina_wire::{Frame, Limits, Text, Writer, ns};
use tokio::io::ReadBuf;
use tokio::sync::Notify;

use super::body::{self, Body};
use crate::client::{Place, Plan};
use crate::stream::StreamFault;
use crate::transport::{Element, Messages, Transport};

/// How long a request of ours may wait for its answer, in seconds (`wait`).
const WAIT: u64 = 60;
/// How much longer the answer may be under way.
const GRACE: Duration = Duration::from_secs(30);
/// How often a request is made when no answer comes.
const ATTEMPTS: u32 = 3;
/// The pause before a request is made again.
const PAUSE: Duration = Duration::from_millis(500);
/// How long an empty request waits for something to say. Requests travel on two connections, and what the stream answers at
/// once would race it: some servers take requests that overtake each other badly.
const BREATH: Duration = Duration::from_millis(20);
/// Bytes that wait for a request past which the stream waits.
const AHEAD: usize = 64 * 1024;

/// What the stream and the task share.
#[derive(Default)]
struct State {
    limits: Limits,
    /// The attributes of a header that is to be sent.
    open: Option<Header>,
    /// Whether the header that answers ours has not come yet.
    awaited: bool,
    outbox: Vec<u8>,
    /// Whether the stream ends the session.
    closing: bool,
    inbox: VecDeque<Text>,
    /// The session is over, orderly or not.
    over: Option<io::ErrorKind>,
    ended: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// The header of a stream.
#[derive(Clone, Debug, Default)]
struct Header {
    to: String,
    from: Option<String>,
    lang: Option<String>,
}

struct Shared {
    state: Mutex<State>,
    /// Something is to be sent.
    work: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the session for the stream.
    fn end(&self, error: Option<io::ErrorKind>) {
        let mut state = self.lock();
        state.ended = true;
        state.over = state.over.or(error);
        wake(&mut state.reader);
        wake(&mut state.writer);
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// The stream's end of a session.
pub(crate) struct BoshClient(Arc<Shared>);

impl std::fmt::Debug for BoshClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("bosh")
    }
}

impl BoshClient {
    /// Connects to where BOSH is spoken. The session begins with the stream's header.
    pub(crate) async fn connect(
        plan: &Plan,
        address: &str,
    ) -> Result<Transport, crate::client::ConnectError> {
        let place = Place::read(address, ["https", "http"])?;
        let first = place.connect(plan).await?;
        let (peer, secure) = (first.peer(), first.is_secure());
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            work: Notify::new(),
        });
        let first = handshake(first).await?;
        let mut random = [0; 8];
        plan.random.fill(&mut random);
        let task = Task {
            shared: Arc::clone(&shared),
            web: Arc::new(Web {
                plan: plan.clone(),
                place,
                idle: Mutex::new(vec![first]),
            }),
            // Far from where JavaScript stops counting (XEP-0124 §14.1).
            rid: u64::from_le_bytes(random) >> 13,
            sid: None,
        };
        tokio::spawn(task.run());
        Ok(Transport::messages(
            Box::new(BoshClient(shared)),
            peer,
            secure,
        ))
    }
}

impl Messages for BoshClient {
    fn set_limits(&mut self, limits: &Limits) {
        self.0.lock().limits = *limits;
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Text>, StreamFault>> {
        let mut state = self.0.lock();
        if let Some(message) = state.inbox.pop_front() {
            return Poll::Ready(Ok(Some(message)));
        }
        match (state.ended, state.over) {
            (true, Some(error)) => Poll::Ready(Err(io::Error::from(error).into())),
            (true, None) => Poll::Ready(Ok(None)),
            (false, _) => {
                state.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn queue(&mut self, element: Element<'_>) {
        let mut state = self.0.lock();
        if element.is_framing("open") {
            let attribute = |name| element.own_attribute(name).map(unescaped);
            state.awaited = true;
            state.open = Some(Header {
                to: attribute("to").unwrap_or_default(),
                from: attribute("from"),
                lang: attribute("xml:lang"),
            });
        } else if element.is_framing("close") {
            state.closing = true;
        } else {
            element.write(&mut state.outbox);
        }
    }

    fn pending(&self) -> usize {
        let state = self.0.lock();
        if state.outbox.len() > AHEAD && !state.ended {
            state.outbox.len()
        } else {
            0
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.work.notify_one();
        let mut state = self.0.lock();
        if state.ended {
            state.outbox = Vec::new();
        }
        if state.outbox.len() > AHEAD {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.lock().closing = true;
        self.0.work.notify_one();
        Poll::Ready(Ok(()))
    }

    fn poll_rest(&mut self, _cx: &mut Context<'_>, _buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for BoshClient {
    fn drop(&mut self) {
        self.0.lock().closing = true;
        self.0.work.notify_one();
    }
}

/// A value that our own header was written with.
fn unescaped(value: &str) -> String {
    value
        .replace("&lt;", "<")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

/// The connections of a session.
struct Web {
    plan: Plan,
    place: Place,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

async fn handshake(transport: Transport) -> io::Result<SendRequest<Full<Bytes>>> {
    let (sender, connection) = http1::handshake(TokioIo::new(transport))
        .await
        .map_err(io::Error::other)?;
    tokio::spawn(connection);
    Ok(sender)
}

impl Web {
    /// Makes a request, again when its answer is lost: it is the same to the server then (XEP-0124 §14.3).
    async fn post(
        self: Arc<Self>,
        rid: u64,
        request: Bytes,
        limits: Limits,
    ) -> (u64, io::Result<Body>) {
        let limit = limits.stanza_bytes.saturating_add(WRAPPER);
        let mut last = io::Error::from(io::ErrorKind::NotConnected);
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(PAUSE * attempt).await;
            }
            let once = self.post_once(request.clone(), limit);
            match tokio::time::timeout(Duration::from_secs(WAIT) + GRACE, once).await {
                Ok(Ok(answer)) => {
                    let answer = Body::read(&answer, &limits).map_err(|error| {
                        io::Error::new(io::ErrorKind::InvalidData, error.to_string())
                    });
                    // The server asks for the request once more (XEP-0124 §17.3).
                    if !matches!(&answer, Ok(answer) if answer.kind.as_deref() == Some("error")) {
                        return (rid, answer);
                    }
                    last = io::ErrorKind::ConnectionReset.into();
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                    return (rid, Err(error));
                }
                Ok(Err(error)) => last = error,
                Err(_) => last = io::ErrorKind::TimedOut.into(),
            }
        }
        (rid, Err(last))
    }

    async fn post_once(&self, request: Bytes, limit: usize) -> io::Result<Bytes> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut sender = match idle.filter(|sender| !sender.is_closed()) {
            Some(sender) => sender,
            None => {
                let connected = self.place.connect(&self.plan).await;
                handshake(connected.map_err(io::Error::other)?).await?
            }
        };
        sender.ready().await.map_err(io::Error::other)?;
        let request = Request::post(&self.place.path)
            .header(HOST, &self.place.authority)
            .header(CONTENT_TYPE, "text/xml; charset=utf-8")
            .body(Full::new(request))
            .map_err(io::Error::other)?;
        let response = sender
            .send_request(request)
            .await
            .map_err(io::Error::other)?;
        if response.status() != StatusCode::OK {
            let said = format!("the server answers {}", response.status());
            return Err(io::Error::new(io::ErrorKind::InvalidData, said));
        }
        let body = Limited::new(response.into_body(), limit).collect().await;
        let body = body.map_err(io::Error::other)?.to_bytes();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < 2 {
            idle.push(sender);
        }
        Ok(body)
    }
}

/// Makes the requests of a session.
struct Task {
    shared: Arc<Shared>,
    web: Arc<Web>,
    rid: u64,
    sid: Option<Text>,
}

/// Bytes of the wrapper beside what is wrapped.
const WRAPPER: usize = 16 * 1024;

impl Task {
    async fn run(mut self) {
        let ended = self.session().await;
        if let Err(error) = &ended {
            tracing::debug!(%error, "BOSH ended");
        }
        self.shared.end(ended.err().map(|error| error.kind()));
    }

    async fn session(&mut self) -> io::Result<()> {
        let mut allowed = 1;
        let mut under_way = FuturesUnordered::new();
        // Answers that came before their turn, and whose turn it is.
        let mut early: BTreeMap<u64, Body> = BTreeMap::new();
        let mut turn = self.rid;
        let mut terminated = false;
        let mut may_be_empty = false;
        loop {
            // One more than is allowed may end the session.
            while !terminated && under_way.len() <= allowed {
                let next = self.next(under_way.len(), allowed, may_be_empty);
                let Some((request, last)) = next else {
                    break;
                };
                may_be_empty = false;
                terminated = last;
                let limits = self.shared.lock().limits;
                under_way.push(Arc::clone(&self.web).post(self.rid, request.into(), limits));
                self.rid += 1;
            }
            let given_up = self.sid.is_none() && self.shared.lock().closing;
            if under_way.is_empty() && (terminated || given_up) {
                return Ok(());
            }
            let (rid, answer) = tokio::select! {
                Some(answered) = under_way.next() => answered,
                () = self.shared.work.notified() => continue,
                () = tokio::time::sleep(BREATH), if under_way.is_empty() && self.sid.is_some() => {
                    may_be_empty = true;
                    continue;
                }
            };
            early.insert(rid, answer?);
            while let Some(answer) = early.remove(&turn) {
                turn += 1;
                if self.sid.is_none() {
                    self.sid = answer.sid.clone();
                    if self.sid.is_none() && !answer.terminates() {
                        return Err(io::ErrorKind::InvalidData.into());
                    }
                    allowed = answer.requests.unwrap_or(2).clamp(1, 8) as usize;
                }
                if self.take(answer) {
                    return Ok(());
                }
            }
        }
    }

    /// The next request that is to be made, and whether it is the last.
    fn next(
        &self,
        under_way: usize,
        allowed: usize,
        may_be_empty: bool,
    ) -> Option<(Vec<u8>, bool)> {
        let mut state = self.shared.lock();
        let rid = self.rid.to_string();
        let Some(sid) = &self.sid else {
            // Nothing else can be said before the session is there.
            if under_way > 0 {
                return None;
            }
            let header = state.open.take()?;
            let wait = WAIT.to_string();
            let mut attributes = vec![
                ("rid", rid.as_str()),
                ("to", &header.to),
                ("wait", &wait),
                ("hold", "1"),
                ("ver", "1.11"),
                ("content", "text/xml; charset=utf-8"),
                ("xmpp:version", "1.0"),
            ];
            if let Some(from) = &header.from {
                attributes.push(("from", from));
            }
            if let Some(lang) = &header.lang {
                attributes.push(("xml:lang", lang));
            }
            return Some((body::write(&attributes, b""), false));
        };
        let mut attributes = vec![("rid", rid.as_str()), ("sid", sid.as_str())];
        if state.closing {
            let elements = std::mem::take(&mut state.outbox);
            attributes.push(("type", "terminate"));
            return Some((body::write(&attributes, &elements), true));
        }
        if under_way >= allowed {
            return None;
        }
        if let Some(header) = state.open.take() {
            let mut restart = attributes;
            restart.extend([("to", header.to.as_str()), ("xmpp:restart", "true")]);
            if let Some(lang) = &header.lang {
                restart.push(("xml:lang", lang));
            }
            return Some((body::write(&restart, b""), false));
        }
        if state.outbox.is_empty() && (under_way > 0 || !may_be_empty) {
            return None;
        }
        let elements = std::mem::take(&mut state.outbox);
        wake(&mut state.writer);
        Some((body::write(&attributes, &elements), false))
    }

    /// Hands on what an answer says; whether the session is over.
    fn take(&self, answer: Body) -> bool {
        let mut state = self.shared.lock();
        // The header of the stream, or the one after a restart, comes before its features.
        for element in answer.elements.iter() {
            if state.awaited && begins(element) {
                state.awaited = false;
                state.inbox.push_back(open(&answer));
            }
            state.inbox.push_back(element.clone());
        }
        let over = answer.terminates();
        if over {
            if let Some(condition) = &answer.condition {
                tracing::debug!(condition = condition.as_str(), "the server ended BOSH");
            }
            state.inbox.push_back(body::close());
        }
        wake(&mut state.reader);
        over
    }
}

/// Whether a stream begins with it, or fails with it before it has.
fn begins(element: &Text) -> bool {
    let frame = Frame::parse_in(element.clone(), ns::CLIENT);
    frame.is_ok_and(|frame| {
        let root = frame.root();
        root.ns() == ns::STREAM && matches!(root.name(), "features" | "error")
    })
}

/// The `<open/>` that an answer stands for.
fn open(answer: &Body) -> Text {
    let mut out = Vec::new();
    let w = &mut Writer::new(&mut out, "");
    w.start("open", ns::FRAMING);
    w.attr_opt("from", answer.from.as_deref());
    w.attr_opt("id", answer.authid.as_deref());
    w.attr("version", "1.0");
    w.attr_opt("xml:lang", answer.lang.as_deref());
    w.end("open");
    Text::from(String::from_utf8(out).unwrap_or_default())
}
