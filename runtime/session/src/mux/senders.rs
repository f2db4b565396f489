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

impl Senders {
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
