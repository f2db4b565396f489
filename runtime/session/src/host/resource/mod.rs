//! One session of an account, as the rest of the server sees it.

mod held;
mod management;
mod unacknowledged;

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use sestina_wire::{FullJid, Stanza, StreamError, ns};
use tokio::sync::Notify;

use crate::host::{Account, Extensions};
use crate::session::Login;
use crate::transport::OutBuffer;

use self::held::Inactive;
pub use self::held::{Held, Holding};
use self::management::Stream;
pub(crate) use self::management::Waited;
pub(crate) use self::unacknowledged::{Copies, Unacknowledged};
pub use self::unacknowledged::{Terms, TooHigh};

/// What became of a stanza given to a session's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It is in the queue.
    Queued,
    /// The session reads too slowly: its queue is full.
    Full,
    /// The session has ended.
    Ended,
}

/// No presence, kept in the same place as a priority.
const UNAVAILABLE: i16 = i16::MIN;

/// One session of an account: its address, its outbound queue, its presence.
///
/// The queue holds serialised bytes, so it pins no received buffer, and the connection's task writes
/// all that gathered there in one go. It is bounded: past its limit senders wait, and a session that
/// makes them wait too long is ended.
pub struct Resource {
    jid: FullJid,
    account: Arc<Account>,
    queue: Mutex<Queue>,
    capacity: usize,
    /// Wakes the connection's task when there is something to write, or the session is to end.
    work: AtomicWaker,
    /// Wakes senders when the queue was emptied, or the session ended.
    space: Notify,
    /// Wakes the session's successor when its clean-up is through.
    gone: Notify,
    priority: AtomicI16,
    presence: RwLock<Option<Stanza>>,
    interested: AtomicBool,
    extensions: Extensions,
}

#[derive(Default)]
struct Queue {
    out: OutBuffer,
    state: State,
    /// What waits for acknowledgement, where the client wants that (XEP-0198).
    unacknowledged: Option<Box<Unacknowledged>>,
    /// What waits until somebody looks, where nobody does (XEP-0352).
    inactive: Option<Box<Inactive>>,
    stream: Stream,
}

impl Queue {
    fn is_full(&self, capacity: usize) -> bool {
        self.out.len() >= capacity
            || self
                .unacknowledged
                .as_ref()
                .is_some_and(|unacknowledged| unacknowledged.is_full())
    }
}

#[derive(Default)]
enum State {
    #[default]
    Open,
    /// The session is to end with this error, or without one.
    Ending(Option<StreamError>),
    /// The connection's task has taken note of its end; nothing is queued any more.
    Ended,
    /// The clean-up is through.
    Gone,
}

/// What a session can be given.
pub(crate) trait Given {
    /// Adds it to what is written.
    fn write_into(&self, out: &mut Vec<u8>);
    /// For those who look at it.
    fn as_stanza(&self) -> Cow<'_, Stanza>;
}

impl Given for Stanza {
    fn write_into(&self, out: &mut Vec<u8>) {
        self.write(out, ns::CLIENT);
    }

    fn as_stanza(&self) -> Cow<'_, Stanza> {
        Cow::Borrowed(self)
    }
}

/// What the connection's task finds in the queue.
pub(crate) enum Work {
    /// Bytes to write.
    Bytes(OutBuffer),
    /// The session is to end: what is left to write, and why.
    End(OutBuffer, Option<StreamError>),
    /// Another stream goes on with the session.
    Wanted,
}

impl Resource {
    pub(crate) fn new(jid: FullJid, account: Arc<Account>, capacity: usize) -> Self {
        Resource {
            jid,
            account,
            queue: Mutex::default(),
            capacity,
            work: AtomicWaker::new(),
            space: Notify::new(),
            gone: Notify::new(),
            priority: AtomicI16::new(UNAVAILABLE),
            presence: RwLock::new(None),
            interested: AtomicBool::new(false),
            extensions: Extensions::default(),
        }
    }

    /// The full address.
    pub fn jid(&self) -> &FullJid {
        &self.jid
    }

    /// The resource part of the address.
    pub fn name(&self) -> &str {
        self.jid.resource()
    }

    /// The account the session belongs to.
    pub fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// The priority of its presence; none while it is not available (RFC 6121 §4.7.2.3).
    pub fn priority(&self) -> Option<i8> {
        i8::try_from(self.priority.load(Ordering::Acquire)).ok()
    }

    /// Whether it has sent presence and not taken it back.
    pub fn is_available(&self) -> bool {
        self.priority().is_some()
    }

    /// The presence it last broadcast; none while it is not available.
    pub fn presence(&self) -> Option<Stanza> {
        self.presence
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Notes the presence just broadcast and its priority; returns the presence before.
    pub fn set_available(&self, presence: Stanza, priority: i8) -> Option<Stanza> {
        let before = self
            .presence
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(presence);
        self.priority.store(i16::from(priority), Ordering::Release);
        before
    }

    /// Notes that the session is not available; returns the presence before.
    pub fn set_unavailable(&self) -> Option<Stanza> {
        self.priority.store(UNAVAILABLE, Ordering::Release);
        self.presence
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Whether the session asked for the roster, and so gets roster pushes and subscription requests
    /// (RFC 6121 §2.2).
    pub fn is_interested(&self) -> bool {
        self.interested.load(Ordering::Acquire)
    }

    /// Notes that the session asked for the roster.
    pub fn set_interested(&self) {
        self.interested.store(true, Ordering::Release);
    }

    /// Whether the account is one that nobody had before (XEP-0175): made at the login, and never kept.
    pub fn is_anonymous(&self) -> bool {
        let local = self.account.jid().local();
        local.is_some_and(|local| local.starts_with(crate::sasl::ANONYMOUS))
    }

    /// How its client has logged in, and what that says it is.
    pub fn login(&self) -> Option<Arc<Login>> {
        self.extensions.get()
    }

    pub(crate) fn set_login(&self, login: Login) {
        let account = login.account.detach();
        self.extensions.insert(Arc::new(Login { account, ..login }));
    }

    /// Values that plugins keep with the session.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Ends the session: what is queued is written, then the error if there is one, and the stream is
    /// closed. A session that is ending keeps its first reason.
    pub fn end(&self, error: Option<StreamError>) {
        let mut queue = self.lock();
        if matches!(queue.state, State::Open) {
            queue.state = State::Ending(error);
            drop(queue);
            self.work.wake();
            self.space.notify_waiters();
        }
    }

    /// Serialises a stanza into the queue. `copies` says that other sessions are given it as well.
    pub(crate) fn push(&self, stanza: &impl Given, copies: Option<&mut Copies>) -> Sent {
        let mut guard = self.lock();
        let queue = &mut *guard;
        if !matches!(queue.state, State::Open) {
            return Sent::Ended;
        }
        if queue.is_full(self.capacity) {
            if !queue.stream.broken {
                return Sent::Full;
            }
            // Nobody reads: what was kept goes the way of stanzas for somebody who is not there.
            queue.state = State::Ending(None);
            drop(guard);
            self.work.wake();
            self.space.notify_waiters();
            return Sent::Ended;
        }
        let was_empty = queue.out.is_empty();
        if queue.inactive.is_some() && queue.hold(&stanza.as_stanza(), self) {
            let woken = was_empty && !queue.out.is_empty();
            drop(guard);
            if woken {
                self.work.wake();
            }
            return Sent::Queued;
        }
        match &mut queue.unacknowledged {
            Some(unacknowledged) => {
                let now = self.account.host().clock().now();
                let bytes = unacknowledged.record(stanza, now, copies);
                if queue.stream.broken {
                    return Sent::Queued;
                }
                queue.out.vec().extend_from_slice(bytes);
            }
            None => {
                stanza.write_into(queue.out.vec());
                if let Some(copies) = copies {
                    copies.take();
                }
            }
        }
        drop(guard);
        if was_empty {
            self.work.wake();
        }
        Sent::Queued
    }

    /// Waits until the queue has room or the session has ended.
    pub(crate) async fn room(&self) {
        loop {
            let notified = self.space.notified();
            tokio::pin!(notified);
            // Enabled before the look at the queue, so that room made in between is not missed.
            notified.as_mut().enable();
            {
                let queue = self.lock();
                if !matches!(queue.state, State::Open) || !queue.is_full(self.capacity) {
                    return;
                }
            }
            notified.await;
        }
    }

    /// For the connection's task: takes what there is to write, or registers to be woken. Where the
    /// peer is behind, the queue is left to fill, and only the session's end is looked for.
    pub(crate) fn poll_work(&self, cx: &mut Context<'_>, behind: bool) -> Poll<Work> {
        self.work.register(cx.waker());
        let mut queue = self.lock();
        if let State::Ending(error) = &mut queue.state {
            let error = error.take();
            queue.state = State::Ended;
            return Poll::Ready(Work::End(std::mem::take(&mut queue.out), error));
        }
        if queue.stream.wanted {
            return Poll::Ready(Work::Wanted);
        }
        if behind || queue.out.is_empty() {
            return Poll::Pending;
        }
        let was_full = queue.is_full(self.capacity);
        let mut out = std::mem::take(&mut queue.out);
        if let Some(unacknowledged) = &mut queue.unacknowledged
            && let Some(request) = unacknowledged.request()
        {
            out.vec().extend_from_slice(request.as_bytes());
        }
        drop(queue);
        if was_full {
            self.space.notify_waiters();
        }
        Poll::Ready(Work::Bytes(out))
    }

    /// For the connection's task: nothing is queued from here on. Returns what was queued last.
    pub(crate) fn close_queue(&self) -> (OutBuffer, Option<StreamError>) {
        let mut queue = self.lock();
        let error = match &mut queue.state {
            State::Ending(error) => error.take(),
            _ => None,
        };
        if !matches!(queue.state, State::Gone) {
            queue.state = State::Ended;
        }
        let out = std::mem::take(&mut queue.out);
        drop(queue);
        self.space.notify_waiters();
        (out, error)
    }

    /// For the connection's task: the clean-up is through, a successor may start.
    pub(crate) fn mark_gone(&self) {
        self.lock().state = State::Gone;
        self.gone.notify_waiters();
    }

    /// Waits until the session's clean-up is through.
    pub async fn gone(&self) {
        loop {
            let notified = self.gone.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if matches!(self.lock().state, State::Gone) {
                return;
            }
            notified.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("jid", &self.jid.as_str())
            .finish_non_exhaustive()
    }
}
