//! The archive of an account or a room is bounded where a setting says so: the oldest messages go.
//!
//! Nobody counts rows. An archive is looked at when the server stores into it first, and then each time a tenth of what it
//! may keep has come; so it holds at most a tenth more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sestina_storage::{Range, StorageError};
use sestina_wire::BareJid;

use super::Server;

/// Messages read, or removed, at a time.
const STEP: u32 = 500;

/// When to look again.
#[derive(Default)]
pub(super) struct Quota {
    /// What was stored since an archive was looked at.
    since: Mutex<HashMap<BareJid, Amount>>,
}

/// So much of an archive; as a bound, 0 is none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Amount {
    pub(super) messages: u64,
    /// Octets of the messages as they are stored.
    pub(super) bytes: u64,
}

impl Amount {
    fn add(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// The bound that is passed, as the setting is called.
    fn passes(self, most: Self) -> Option<&'static str> {
        let passes = |so_much: u64, most: u64| most > 0 && so_much > most;
        match () {
            () if passes(self.messages, most.messages) => Some("max_messages"),
            () if passes(self.bytes, most.bytes) => Some("max_bytes"),
            () => None,
        }
    }

    fn tenth(self) -> Self {
        let tenth = |most: u64| if most > 0 { (most / 10).max(1) } else { 0 };
        Self {
            messages: tenth(self.messages),
            bytes: tenth(self.bytes),
        }
    }
}

impl Quota {
    /// A message of so many octets is stored: looks at its archive, beside everything else, where it is time.
    pub(super) fn stored(&self, server: &Arc<Server>, owner: &BareJid, bytes: usize, most: Amount) {
        if (most.messages == 0 && most.bytes == 0) || !self.is_due(owner, bytes, most) {
            return;
        }
        let (server, owner) = (Arc::clone(server), owner.detach());
        tokio::spawn(async move {
            if let Err(error) = trim(&server, &owner, most).await {
                tracing::warn!(%error, %owner, "an archive keeps more than it may until it is looked at again");
            }
        });
    }

    fn is_due(&self, owner: &BareJid, bytes: usize, most: Amount) -> bool {
        let mut since = self.since();
        match since.get_mut(owner) {
            Some(stored) => {
                stored.add(bytes);
                let step = most.tenth();
                let is_due = (step.messages > 0 && stored.messages >= step.messages)
                    || (step.bytes > 0 && stored.bytes >= step.bytes);
                if is_due {
                    *stored = Amount::default();
                }
                is_due
            }
            None => {
                since.insert(owner.detach(), Amount::default());
                true
            }
        }
    }

    fn since(&self) -> MutexGuard<'_, HashMap<BareJid, Amount>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Finds the newest message that is one too many, and removes it with all before it.
async fn trim(server: &Server, owner: &BareJid, most: Amount) -> Result<(), StorageError> {
    let mut kept = Amount::default();
    let mut range = Range::all();
    let last = 'found: loop {
        let rows = server
            .archive
            .of_owner_page(owner, range, STEP, true)
            .await?;
        for row in &rows {
            kept.add(row.stanza.len());
            if let Some(limit) = kept.passes(most) {
                tracing::info!(%owner, limit, "the oldest messages of an archive go");
                break 'found row.id.clone();
            }
        }
        match rows.last() {
            Some(row) if rows.len() == STEP as usize => {
                range = Range::before(row.id.as_str());
            }
            _ => return Ok(()),
        }
    };
    loop {
        let all = Range::up_to(last.as_str());
        let rows = server
            .archive
            .of_owner_page(owner, all, STEP, false)
            .await?;
        let Some(step) = rows.last().map(|row| row.id.clone()) else {
            return Ok(());
        };
        server
            .archive
            .delete_of_owner(owner, Range::up_to(step.as_str()))
            .await?;
    }
}
