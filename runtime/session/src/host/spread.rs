//! What a service of the host tells many sessions at once: written once, and put into the queue of each with its own address.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use sestina_wire::{Jid, Kind, Stanza, StanzaType, Template};

use crate::host::{Given, Host, Resource, Sent};
use crate::router::{self, Outcome, Routed};
use crate::stages::Passing;

/// How many times longer the buffer may be that a stanza keeps alive than the stanza is.
const PINNED: usize = 4;

/// A stanza for many, which differs in nothing but the addressee.
pub struct Spread {
    stanza: Stanza,
    written: Template,
    /// For which host it was asked whether it passes, and the answer.
    passes: OnceLock<(usize, bool)>,
}

impl Spread {
    /// From a stanza whose sender is set.
    pub fn new(mut stanza: Stanza) -> Arc<Spread> {
        stanza.head_mut().to = None;
        let written = Template::new(&stanza);
        // It may wait for somebody who reads slowly.
        if stanza.pinned() > PINNED * written.bytes() {
            stanza.compact();
        }
        Arc::new(Spread {
            stanza,
            written,
            passes: OnceLock::new(),
        })
    }

    /// The stanza for one of them.
    pub fn to(&self, to: &Jid) -> Stanza {
        self.stanza.clone().with_to(to.clone())
    }

    /// The stanza, for nobody yet.
    pub fn stanza(&self) -> &Stanza {
        &self.stanza
    }

    /// Whether it is what [`Registrar::passes`](crate::plugin::Registrar::passes) is about.
    fn is_for_many(&self) -> bool {
        matches!(
            (self.stanza.kind(), self.stanza.type_()),
            (Kind::Message, StanzaType::Groupchat)
                | (
                    Kind::Presence,
                    StanzaType::Available | StanzaType::Unavailable
                )
        )
    }

    /// Whether the stage functions of a host let it pass, as far as they do not look at who is given it.
    fn passes(&self, host: &Host, passing: &Passing) -> bool {
        let asked = std::ptr::from_ref(host).addr();
        let passes = || self.is_for_many() && passing.to_all(&self.stanza);
        match self.passes.get_or_init(|| (asked, passes())) {
            (known, answer) if *known == asked => *answer,
            _ => passes(),
        }
    }
}

/// The stanza for one session.
struct Addressed<'a>(&'a Spread, &'a Jid);

impl Given for Addressed<'_> {
    fn write_into(&self, out: &mut Vec<u8>) {
        self.0.written.write(self.1, out);
    }

    fn as_stanza(&self) -> Cow<'_, Stanza> {
        Cow::Owned(self.0.to(self.1))
    }
}

impl Host {
    /// Gives a session of this host what a service of the host tells many of them, past stages whose functions let it pass. Nothing
    /// where that way is not open: one of them wants to see it, or the session has ended. Then it is to be
    /// [routed](Host::route) as any other.
    pub fn give(&self, resource: &Arc<Resource>, spread: &Arc<Spread>) -> Option<Routed> {
        let account = resource.account();
        if !std::ptr::eq(Arc::as_ptr(account.host()), self) {
            return None;
        }
        let passing = self.stages().passing(spread.stanza.kind())?;
        if !spread.passes(self, passing) || !passing.to(account, &spread.stanza) {
            return None;
        }
        match resource.push(&Addressed(spread, resource.jid()), None) {
            Sent::Queued => Some(Routed::Now(Outcome::Delivered)),
            Sent::Full => Some(Routed::Later(self.later(resource, spread))),
            Sent::Ended => None,
        }
    }

    /// Waits for a session that reads slowly.
    fn later(&self, resource: &Arc<Resource>, spread: &Arc<Spread>) -> BoxFuture<'static, Outcome> {
        let limit = self.limits().slow_reader;
        let (resource, spread) = (Arc::clone(resource), Arc::clone(spread));
        Box::pin(async move {
            loop {
                router::room(limit, &resource).await;
                match resource.push(&Addressed(&spread, resource.jid()), None) {
                    Sent::Queued => return Outcome::Delivered,
                    Sent::Full => {}
                    Sent::Ended => return Outcome::NoSession,
                }
            }
        })
    }

    /// Whether the functions of all plugins have said when they let pass what services tell many sessions: where one says nothing,
    /// each of them gets it the long way.
    pub fn spreads(&self, kind: Kind) -> bool {
        self.stages().passing(kind).is_some()
    }
}
