//! The commands that wait for a form.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sestina_session::host::Host;
use sestina_types::xep_0004::Form;
use sestina_wire::{Jid, Text};

use super::command::Question;

/// A command that has asked.
pub(super) struct Open {
    /// Who runs it, from which session.
    pub(super) who: Jid,
    /// The command.
    pub(super) node: Text,
    /// The forms before.
    pub(super) answers: Vec<Form>,
    /// What it has asked.
    pub(super) asked: Question,
    /// When, on the clock that never goes back.
    pub(super) since: Duration,
}

/// Too many commands of all together wait for a form.
pub(super) struct Full;

/// All of a host, bounded for each account and altogether, and in time.
pub(super) struct Sessions {
    open: Mutex<HashMap<Text, Open>>,
    timeout: Duration,
    per_requester: usize,
    most: usize,
}

impl Sessions {
    pub(super) fn new(timeout: Duration, per_requester: usize, most: usize) -> Self {
        Self {
            open: Mutex::default(),
            timeout,
            per_requester,
            most,
        }
    }

    /// Takes a command out of those that wait: a form that is sent twice does its work once. Nothing where there is none
    /// of this name, or it is another's.
    pub(super) fn take(&self, host: &Host, id: &str, who: &Jid, node: &str) -> Option<Open> {
        let mut open = self.current(host);
        let is_theirs = |open: &Open| open.who == *who && *open.node == *node;
        if !open.get(id).is_some_and(is_theirs) {
            return None;
        }
        open.remove(id)
    }

    /// Lets a command wait, for the first time or again.
    ///
    /// # Errors
    /// [`Full`] when too many do.
    pub(super) fn put(&self, host: &Host, id: Text, session: Open) -> Result<(), Full> {
        let mut open = self.current(host);
        let bare = session.who.bare_str();
        let theirs = open
            .iter()
            .filter(|(_, other)| other.who.bare_str() == bare);
        if theirs.clone().count() >= self.per_requester {
            let oldest = theirs.min_by_key(|(_, other)| other.since);
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                open.remove(&oldest);
            }
        } else if open.len() >= self.most {
            return Err(Full);
        }
        open.insert(id, session);
        Ok(())
    }

    /// How many may wait.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Those that have not waited too long.
    fn current(&self, host: &Host) -> MutexGuard<'_, HashMap<Text, Open>> {
        let now = host.clock().monotonic();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| now.saturating_sub(session.since) < self.timeout);
        open
    }
}

/// The name of a new session (§3.3): unguessable, and later known to be ours although nothing is kept of it.
pub(super) fn new_id(host: &Host, who: &Jid, node: &str) -> Text {
    let token = host.random().token();
    let mark = mark(host, &token, who, node);
    Text::from(format!("{token}-{mark}"))
}

/// Whether a session had this name: it is over then, or it would be there.
pub(super) fn was_ours(host: &Host, id: &str, who: &Jid, node: &str) -> bool {
    id.split_once('-')
        .is_some_and(|(token, said)| mark(host, token, who, node) == said)
}

fn mark(host: &Host, token: &str, who: &Jid, node: &str) -> String {
    let parts: [&[u8]; 5] = [
        who.as_str().as_bytes(),
        b"\0",
        node.as_bytes(),
        b"\0",
        token.as_bytes(),
    ];
    let key = host.key("command session", &parts);
    let octets = key.expose_secret().iter().take(8);
    octets.map(|octet| format!("{octet:02x}")).collect()
}
