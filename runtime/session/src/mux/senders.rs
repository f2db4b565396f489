//! Who may send what: checked before a handler runs.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _};
use sestina_wire::dispatch::Sender;
use sestina_wire::{BareJid, Jid};

use crate::host::Host;

/// Tells whether `from` stands to an account as a [`Sender`] says.
pub type SenderCheck =
    Arc<dyn Fn(&Arc<Host>, &Jid, &BareJid) -> BoxFuture<'static, bool> + Send + Sync>;

/// The checks that plugins brought.
#[derive(Default)]
pub(crate) struct Senders {
    checks: HashMap<Sender, SenderCheck>,
}

/// Whether a sender may.
pub(crate) enum Permit {
    Yes,
    No,
    /// A plugin has to look it up.
    Ask(BoxFuture<'static, bool>),
}

/// Where a stanza comes from, for what its sender may claim in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// One of our own clients: never a server, never a room.
    Client,
    /// Another server, or a service. What a server puts into stanzas that it passes on is its own
    /// affair: it stands in for its users.
    Outside,
    /// Our own server: it stands in for what it hands over to us, a client.
    OwnServer,
}

impl Senders {
    /// Whether somebody may assert something in a stanza. Where a request or a payload must come from a
    /// server itself, [`Senders::permit`] looks at the address; a claim may also be added on the way, by
    /// any server that passes the stanza on.
    pub(crate) fn may_assert(
        &self,
        senders: &[Sender],
        origin: Origin,
        host: &Arc<Host>,
        from: Option<&Jid>,
        own: &BareJid,
    ) -> Permit {
        if origin != Origin::Client && senders.contains(&Sender::Server) {
            return Permit::Yes;
        }
        // Which rooms an account is in its client knows.
        if origin == Origin::Outside
            && senders.contains(&Sender::Room)
            && !self.checks.contains_key(&Sender::Room)
        {
            return Permit::Yes;
        }
        let is_client = origin == Origin::Client;
        let possible: smallvec::SmallVec<[Sender; 4]> = senders
            .iter()
            .copied()
            .filter(|sender| !(is_client && matches!(sender, Sender::Server | Sender::Room)))
            .collect();
        self.permit(&possible, host, from, own)
    }

    pub(crate) fn add(&mut self, sender: Sender, check: SenderCheck) {
        self.checks.insert(sender, check);
    }

    /// Whether `from` is one of `senders` to the account `own`. A stanza without `from` comes from the
    /// client's own account (RFC 6120 §8.1.2.1).
    pub(crate) fn permit(
        &self,
        senders: &[Sender],
        host: &Arc<Host>,
        from: Option<&Jid>,
        own: &BareJid,
    ) -> Permit {
        let mut asked: Vec<BoxFuture<'static, bool>> = Vec::new();
        for sender in senders {
            let known = match sender {
                Sender::Anyone => true,
                Sender::OwnAccount => from.is_none_or(|from| from.bare_str() == own.as_str()),
                Sender::Server => from.is_none_or(|from| from.as_str() == host.domain().as_str()),
                Sender::Contact | Sender::Room | Sender::NodeOwner => {
                    if let (Some(check), Some(from)) = (self.checks.get(sender), from) {
                        asked.push(check(host, from, own));
                    }
                    false
                }
            };
            if known {
                return Permit::Yes;
            }
        }
        if asked.is_empty() {
            return Permit::No;
        }
        Permit::Ask(
            async move {
                for answer in asked {
                    if answer.await {
                        return true;
                    }
                }
                false
            }
            .boxed(),
        )
    }
}
