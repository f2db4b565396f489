//! Stages: the places on a stanza's way where a plugin may look at every stanza.
//!
//! A handler of the [mux](crate::mux) answers one payload. Archives, carbons, blocking and offline
//! storage handle no payload: they meet every stanza. They join a stage instead. A stage function
//! is synchronous and looks at the head and the index of children; what must wait for storage
//! returns [`Flow::Wait`].

mod order;
mod passing;
mod table;

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_wire::{BareJid, FullJid, Kind, Stanza, StanzaError, StanzaType};
use smallvec::SmallVec;

use crate::host::{Host, Resource};
use crate::router::Outcome;

pub use order::OrderError;
pub(crate) use passing::Passing;
pub(crate) use table::{Stages, StagesBuilder};

/// A place on a stanza's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// A local session sent the stanza; its `from` is stamped. [`Delivery::account`] is the
    /// sender's account.
    Received,
    /// The stanza is about to be routed, wherever it comes from and goes to. `account` is the bare
    /// address it goes to.
    BeforeRouting,
    /// The stanza is for an account of this host. [`Delivery::resources`] holds the candidates: for
    /// a full address that session, for a bare one every bound session; functions choose.
    AccountDelivery,
    /// The stanza goes to one session of an account, [`Delivery::resource`]; each session has its
    /// own copy of the delivery.
    Resource,
    /// No session took the stanza (RFC 6121 §8.5.2.2). The last resort is the answer of RFC 6121.
    Undeliverable,
    /// The stanza is about to be written to [`Delivery::resource`], routed or made by the server.
    BeforeWrite,
}

impl Stage {
    /// Every stage that stanzas pass, in the order they pass them.
    pub const ALL: [Stage; 6] = [
        Stage::Received,
        Stage::BeforeRouting,
        Stage::AccountDelivery,
        Stage::Resource,
        Stage::Undeliverable,
        Stage::BeforeWrite,
    ];

    /// The name used in specifications.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Received => "received",
            Stage::BeforeRouting => "before-routing",
            Stage::AccountDelivery => "account-delivery",
            Stage::Resource => "resource",
            Stage::Undeliverable => "undeliverable",
            Stage::BeforeWrite => "before-write",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a function stands in its stage: who brought it, and before and after whom it runs.
///
/// Names of specifications that are not installed are passed over.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Identifier of the specification that brings the function (`xep-0160`).
    pub spec: &'static str,
    /// Name of the function, for messages.
    pub name: &'static str,
    /// Specifications whose functions run earlier.
    pub after: &'static [&'static str],
    /// Specifications whose functions run later.
    pub before: &'static [&'static str],
}

/// What a stage function or a message handler decides.
pub enum Flow {
    /// The stanza goes on.
    Continue,
    /// The function took the stanza; it goes no further.
    Done,
    /// The stanza is refused; its sender gets this error, unless it is an error itself.
    Refuse(StanzaError),
    /// The decision needs storage or a peer: the stanza waits for it, and so does what its sender
    /// sent after it.
    Wait(BoxFuture<'static, Flow>),
    /// Changes the delivery, then decides. This is how a future of [`Flow::Wait`], which cannot
    /// borrow the delivery, comes back to it.
    Then(Box<dyn FnOnce(&mut Delivery) -> Flow + Send>),
    /// The stanza goes on to the next functions, but nobody is given it before this is done: a write that has to be on the
    /// disk, and that others of the same stanza may join. With an error the stanza is refused.
    Until(BoxFuture<'static, Result<(), StanzaError>>),
    /// As [`Flow::Then`], once everything is done that [`Flow::Until`] was said for.
    Afterwards(Box<dyn FnOnce(&mut Delivery) -> Flow + Send>),
}

impl Flow {
    /// [`Flow::Wait`] over a future.
    pub fn wait<F>(future: F) -> Flow
    where
        F: Future<Output = Flow> + Send + 'static,
    {
        Flow::Wait(Box::pin(future))
    }

    /// [`Flow::Until`] over a future.
    pub fn until<F>(future: F) -> Flow
    where
        F: Future<Output = Result<(), StanzaError>> + Send + 'static,
    {
        Flow::Until(Box::pin(future))
    }

    /// What is decided once nothing has to be waited for any more.
    pub(crate) async fn settled(mut self) -> Flow {
        loop {
            self = match self {
                Flow::Wait(future) => future.await,
                Flow::Until(future) => match future.await {
                    Ok(()) => Flow::Continue,
                    Err(error) => Flow::Refuse(error),
                },
                settled => return settled,
            }
        }
    }
}

impl<E: Into<StanzaError>> From<Result<(), E>> for Flow {
    /// The stanza goes on, or is refused with what went wrong.
    fn from(done: Result<(), E>) -> Flow {
        match done {
            Ok(()) => Flow::Continue,
            Err(error) => Flow::Refuse(error.into()),
        }
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flow::Continue => f.write_str("Continue"),
            Flow::Done => f.write_str("Done"),
            Flow::Refuse(error) => f.debug_tuple("Refuse").field(error).finish(),
            Flow::Wait(_) => f.write_str("Wait(..)"),
            Flow::Then(_) => f.write_str("Then(..)"),
            Flow::Until(_) => f.write_str("Until(..)"),
            Flow::Afterwards(_) => f.write_str("Afterwards(..)"),
        }
    }
}

/// What a stage function knows of its surroundings.
#[derive(Clone)]
pub struct StageContext {
    /// The host whose stage this is.
    pub host: Arc<Host>,
}

/// A stanza on its way, as stage functions see and change it.
#[derive(Clone)]
pub struct Delivery {
    /// The stanza. Changing it is cheap and changes this copy only.
    pub stanza: Stanza,
    /// At [`Stage::Received`] the sender's account, later the bare address of the recipient.
    pub account: BareJid,
    /// The sessions that are to get the stanza, from [`Stage::AccountDelivery`] on.
    pub resources: SmallVec<[Arc<Resource>; 4]>,
    /// Sessions that are given the stanza in other words, each in its own, once one of [`Delivery::resources`] has it: set
    /// at [`Stage::AccountDelivery`]. They count as copies: what one of them has is not lost with another session.
    pub also: Vec<(Arc<Resource>, Stanza)>,
    /// The session in question at [`Stage::Resource`] and [`Stage::BeforeWrite`].
    pub resource: Option<Arc<Resource>>,
    /// The local session that sent the stanza, if one did.
    pub from_session: Option<Arc<Resource>>,
    /// What the last function in charge says became of the stanza; read when it returns
    /// [`Flow::Done`]. Without it, `Done` counts as [`Outcome::Delivered`], at
    /// [`Stage::Undeliverable`] as [`Outcome::Queued`].
    pub outcome: Option<Outcome>,
}

impl Delivery {
    /// The kind of the stanza.
    pub fn kind(&self) -> Kind {
        self.stanza.head().kind
    }

    /// The type of the stanza.
    pub fn type_(&self) -> StanzaType {
        self.stanza.head().type_
    }

    /// The full address the stanza is sent to, if it is a full one.
    pub fn to_full(&self) -> Option<FullJid> {
        self.stanza.head().to.as_ref().and_then(|to| to.as_full())
    }
}

/// A stage function.
pub type StageFunction = Arc<dyn Fn(&StageContext, &mut Delivery) -> Flow + Send + Sync>;

/// A function called when a session starts or ends.
pub type SessionFunction = Arc<dyn Fn(&StageContext, &Arc<Resource>) -> Flow + Send + Sync>;
