//! One session on the accepting side: which requests have come, which wait for an answer, which answers are kept.
//!
//! There is no I/O and no clock in it. Requests are taken in the order of their identifiers and answered in it
//! (XEP-0124 §14.2). An answer is kept until as many later ones are as a client may have under way, so that a request whose
//! answer was lost can be made again (§14.3).

use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use sestina_wire::{Limits, Text};
use tokio::sync::oneshot;

use super::body::{self, Body};
use crate::transport::Element;

/// The longest that a request waits for its answer (`wait`).
const LONGEST_WAIT: u64 = 60;
/// Requests that wait at most (`hold`); more of them would only cost connections.
const MOST_HELD: u64 = 1;
/// How long a session may have no request waiting (`inactivity`).
const INACTIVITY: Duration = Duration::from_secs(60);
/// The longest time for which a client may say that it will make none (`maxpause`).
const LONGEST_PAUSE: u64 = 120;
/// The shortest time between empty requests of a client that does not let any wait (`polling`).
pub(super) const POLLING: Duration = Duration::from_secs(2);
/// Bytes received and not handled past which requests are answered no more, and bytes to be sent past which the stream
/// waits.
const AHEAD: usize = 64 * 1024;

/// Why a session is over (XEP-0124 §17.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The stream ended as streams do.
    Orderly,
    /// With this condition.
    Condition(&'static str),
}

/// What a request gets.
#[derive(Debug)]
pub(super) enum Reply {
    /// This, at once.
    Now(Bytes),
    /// What comes here, or what [`Session::expired`] says when the time is over.
    Later(oneshot::Receiver<Bytes>),
}

#[derive(Debug)]
pub(super) struct Session {
    sid: Text,
    /// The type of HTTP answers.
    pub(super) content: Text,
    pub(super) wait: Duration,
    hold: usize,
    /// Limits on elements, which the stream sets.
    pub(super) limits: Limits,
    /// The identifier of the request that is to be taken next.
    next: u64,
    /// Requests that came before their turn.
    early: BTreeMap<u64, Body>,
    /// Who waits for answers. Those up to `next` have been taken.
    open: BTreeMap<u64, oneshot::Sender<Bytes>>,
    kept: VecDeque<(u64, Bytes)>,
    /// What the first answer says, until it is given.
    creating: bool,
    /// What the first request said, which those that restart the stream need not repeat.
    to: Option<Text>,
    version: Option<Text>,
    lang: Option<Text>,
    /// Attributes of the stream's header.
    id: String,
    from: String,
    inbox: VecDeque<Text>,
    inbox_bytes: usize,
    outbox: Vec<u8>,
    /// What the stream error was, where one is in the outbox.
    fault: Option<&'static str>,
    end: Option<End>,
    /// Whether the peer has ended it.
    peer_ended: bool,
    /// Counts the times at which no request waited any more.
    pub(super) idle: u64,
    /// How long the client may be without one now.
    pub(super) patience: Duration,
    last_poll: Option<Duration>,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
}

impl Session {
    /// A session that its first request begins.
    pub(super) fn new(sid: Text, first: &Body, rid: u64, limits: Limits) -> Session {
        let text = |value: &Option<Text>| value.as_ref().map(Text::detach);
        let content = text(&first.content).filter(|content| {
            content.len() <= 64 && content.bytes().all(|b| (0x20..0x7F).contains(&b))
        });
        Session {
            sid,
            content: content.unwrap_or_else(|| Text::from_static("text/xml; charset=utf-8")),
            wait: Duration::from_secs(first.wait.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)),
            hold: first.hold.unwrap_or(1).min(MOST_HELD) as usize,
            limits,
            next: rid,
            early: BTreeMap::new(),
            open: BTreeMap::new(),
            kept: VecDeque::new(),
            creating: true,
            to: text(&first.to),
            version: text(&first.version),
            lang: text(&first.lang),
            id: String::new(),
            from: String::new(),
            inbox: VecDeque::new(),
            inbox_bytes: 0,
            outbox: Vec::new(),
            fault: None,
            end: None,
            peer_ended: false,
            idle: 0,
            patience: INACTIVITY,
            last_poll: None,
            reader: None,
            writer: None,
        }
    }

    /// Requests that may be under way at a time (`requests`).
    fn requests(&self) -> usize {
        self.hold + 1
    }

    /// Takes a request. `now` is any clock's.
    pub(super) fn request(&mut self, body: Body, now: Duration) -> Reply {
        let Some(rid) = body.rid else {
            return self.refuse("bad-request");
        };
        if let Some((_, kept)) = self.kept.iter().find(|(kept, _)| *kept == rid) {
            return Reply::Now(kept.clone());
        }
        if rid < self.next && !self.open.contains_key(&rid) {
            // Answered so long ago that the answer is gone.
            return self.refuse("item-not-found");
        }
        // One more than that may be under way to end the session, or to pause it (XEP-0124 §11).
        let more = body.terminates() || body.pause.is_some();
        let window = self.requests() as u64 + u64::from(more);
        if rid >= self.next.saturating_add(window) {
            return self.refuse("item-not-found");
        }
        if self.end.is_some() {
            return Reply::Now(self.terminated());
        }
        let (sender, receiver) = oneshot::channel();
        if let Some(older) = self.open.insert(rid, sender) {
            // The client has made it again: whoever still waits for the first is to do so too (XEP-0124 §14.3).
            let _ = older.send(repeat());
        } else if self.open.len() > self.requests() + usize::from(more) {
            return self.refuse("policy-violation");
        }
        if rid >= self.next {
            self.early.insert(rid, body);
        }
        while let Some(body) = self.early.remove(&self.next) {
            if self.polls_too_often(&body, now) {
                return self.refuse("policy-violation");
            }
            let pause = body
                .pause
                .filter(|pause| *pause <= LONGEST_PAUSE && !self.creating);
            let turn = self.next;
            self.next += 1;
            self.take(body);
            self.patience = pause.map_or(INACTIVITY, Duration::from_secs);
            if pause.is_some() {
                self.release(turn);
            }
        }
        self.settle();
        Reply::Later(receiver)
    }

    /// Whether an empty request comes too soon after the last, from a client that lets none wait (XEP-0124 §12).
    fn polls_too_often(&mut self, body: &Body, now: Duration) -> bool {
        let empty = body.elements.is_empty()
            && body.kind.is_none()
            && body.pause.is_none()
            && !body.restart;
        if self.hold > 0 || !empty || self.creating {
            return false;
        }
        let last = self.last_poll.replace(now);
        // What it asked for is there: asking was right.
        self.outbox.is_empty() && last.is_some_and(|last| now.saturating_sub(last) < POLLING)
    }

    /// What a request says, in its turn.
    fn take(&mut self, mut body: Body) {
        if self.next_is_first(&body) || body.restart {
            body.to = body.to.or_else(|| self.to.clone());
            body.version = body.version.or_else(|| self.version.clone());
            body.lang = body.lang.or_else(|| self.lang.clone());
            self.push(body::open(&body));
        }
        let terminates = body.terminates();
        for element in body.elements {
            self.push(element);
        }
        if terminates {
            self.push(body::close());
            self.peer_ended = true;
        }
        wake(&mut self.reader);
    }

    /// Only the request that began the session has no session.
    fn next_is_first(&self, body: &Body) -> bool {
        body.sid.is_none()
    }

    fn push(&mut self, message: Text) {
        self.inbox_bytes += message.len();
        self.inbox.push_back(message);
    }

    /// The next message for the stream; `Err` when none will come.
    pub(super) fn message(&mut self) -> Result<Option<Text>, ()> {
        if let Some(message) = self.inbox.pop_front() {
            self.inbox_bytes = self.inbox_bytes.saturating_sub(message.len());
            self.settle();
            return Ok(Some(message));
        }
        if self.peer_ended || self.end.is_some() {
            Err(())
        } else {
            Ok(None)
        }
    }

    /// Takes what the stream sends.
    pub(super) fn queue(&mut self, element: Element<'_>) {
        if element.is_framing("open") {
            let attribute = |name| element.own_attribute(name).unwrap_or_default().to_owned();
            (self.id, self.from) = (attribute("id"), attribute("from"));
        } else if element.is_framing("close") {
            self.finish(self.fault.map_or(End::Orderly, End::Condition));
        } else {
            if element.name() == b"stream:error" {
                self.fault = Some(condition(&element));
            }
            element.write(&mut self.outbox);
        }
    }

    /// Bytes to be sent that are too many to take more.
    pub(super) fn congestion(&self) -> usize {
        if self.outbox.len() > AHEAD && self.end.is_none() {
            self.outbox.len()
        } else {
            0
        }
    }

    /// Ends it, if it has not ended.
    pub(super) fn finish(&mut self, end: End) {
        self.end.get_or_insert(end);
        self.settle();
        wake(&mut self.reader);
        wake(&mut self.writer);
    }

    /// Ends it for what a request did, which is told so.
    pub(super) fn refuse(&mut self, condition: &'static str) -> Reply {
        self.finish(End::Condition(condition));
        Reply::Now(body::write(&[("type", "terminate"), ("condition", condition)], b"").into())
    }

    /// Whether nobody waits for an answer. Whoever hung up does not.
    pub(super) fn is_idle(&self) -> bool {
        self.open.values().all(oneshot::Sender::is_closed)
    }

    /// Somebody who waited has an answer, or has hung up.
    pub(super) fn left(&mut self) {
        if self.is_idle() {
            self.idle += 1;
            wake(&mut self.reader);
        }
    }

    /// The time of a request is over: it is answered, and those before it. One whose turn has not come cannot be; it is to be
    /// made again.
    pub(super) fn expired(&mut self, rid: u64) {
        if rid >= self.next {
            self.early.remove(&rid);
            if let Some(sender) = self.open.remove(&rid) {
                let _ = sender.send(repeat());
            }
            return;
        }
        while let Some((&oldest, _)) = self.open.first_key_value() {
            if oldest > rid {
                return;
            }
            self.answer(oldest);
        }
    }

    /// Answers what is to be answered now.
    pub(super) fn settle(&mut self) {
        while let Some((&oldest, _)) = self.open.first_key_value() {
            if self.end.is_some() {
                self.answer(oldest);
                continue;
            }
            if oldest >= self.next {
                return;
            }
            let taken = self.open.range(..self.next).count();
            let surplus = taken > self.hold && !self.creating && self.inbox_bytes <= AHEAD;
            if self.outbox.is_empty() && !surplus {
                return;
            }
            self.answer(oldest);
        }
    }

    /// Answers the request that pauses the session, with nothing in it, and those before it (XEP-0124 §10).
    fn release(&mut self, rid: u64) {
        while let Some((&oldest, _)) = self.open.first_key_value() {
            if oldest >= rid {
                break;
            }
            self.answer(oldest);
        }
        let waiting = std::mem::take(&mut self.outbox);
        self.answer(rid);
        self.outbox = waiting;
    }

    /// Answers a request with all that is to be sent.
    fn answer(&mut self, rid: u64) {
        let Some(sender) = self.open.remove(&rid) else {
            return;
        };
        let elements = std::mem::take(&mut self.outbox);
        let answer: Bytes = if self.end.is_some() {
            self.outbox = elements;
            let last = self.terminated();
            self.outbox = Vec::new();
            last
        } else if std::mem::take(&mut self.creating) {
            self.created(&elements)
        } else {
            body::write(&[], &elements).into()
        };
        if self.kept.len() >= self.requests() {
            self.kept.pop_front();
        }
        self.kept.push_back((rid, answer.clone()));
        // Whoever asked may be gone; the answer is kept for when it comes back.
        let _ = sender.send(answer);
        self.left();
        wake(&mut self.writer);
    }

    /// The answer that begins the session (XEP-0124 §7.2, XEP-0206 §4).
    fn created(&self, elements: &[u8]) -> Bytes {
        let wait = self.wait.as_secs().to_string();
        let inactivity = INACTIVITY.as_secs().to_string();
        let pause = LONGEST_PAUSE.to_string();
        let polling = POLLING.as_secs().to_string();
        let requests = self.requests().to_string();
        let hold = self.hold.to_string();
        let mut attributes = vec![
            ("sid", self.sid.as_str()),
            ("wait", &wait),
            ("requests", &requests),
            ("inactivity", &inactivity),
            ("maxpause", &pause),
            ("hold", &hold),
            ("ver", "1.11"),
            ("xmpp:version", "1.0"),
            ("xmpp:restartlogic", "true"),
        ];
        if self.hold == 0 {
            attributes.push(("polling", &polling));
        }
        if !self.from.is_empty() {
            attributes.push(("from", &self.from));
        }
        if !self.id.is_empty() {
            attributes.push(("authid", &self.id));
        }
        body::write(&attributes, elements).into()
    }

    /// The answer that ends it, with what is still to be sent.
    fn terminated(&self) -> Bytes {
        let mut attributes = vec![("type", "terminate")];
        if let Some(End::Condition(condition)) = self.end {
            attributes.push(("condition", condition));
        }
        body::write(&attributes, &self.outbox).into()
    }
}

/// What tells a client to make a request again (XEP-0124 §17.3).
fn repeat() -> Bytes {
    body::write(&[("type", "error")], b"").into()
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// What a stream error is to a session: the same where BOSH has a word for it.
fn condition(error: &Element<'_>) -> &'static str {
    const SAME: [&str; 5] = [
        "host-gone",
        "host-unknown",
        "improper-addressing",
        "internal-server-error",
        "system-shutdown",
    ];
    SAME.into_iter()
        .find(|name| error.has_child(name))
        .unwrap_or("remote-stream-error")
}
