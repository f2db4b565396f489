//! The archive of an account is bounded where a setting says so: the oldest messages go.
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

/// What is bounded, and when to look again.
pub(super) struct Quota {
    /// Messages that are kept; none where all are.
    most: u64,
    /// Messages stored since an archive was looked at.
    since: Mutex<HashMap<BareJid, u64>>,
}

impl Quota {
    pub(super) fn new(most: u64) -> Self {
        Self {
            most,
            since: Mutex::default(),
        }
    }

    /// A message is stored: looks at its archive, beside everything else, where it is time.
    pub(super) fn stored(&self, server: &Arc<Server>, owner: &BareJid) {
        if self.most == 0 || !self.is_due(owner) {
            return;
        }
        let (server, owner) = (Arc::clone(server), owner.detach());
        tokio::spawn(async move {
            if let Err(error) = server.quota.trim(&server, &owner).await {
                tracing::warn!(%error, %owner, "an archive keeps more than it may until it is looked at again");
            }
        });
    }

    fn is_due(&self, owner: &BareJid) -> bool {
        let mut since = self.since();
        match since.get_mut(owner) {
            Some(stored) => {
                *stored += 1;
                let due = *stored >= (self.most / 10).max(1);
                if due {
                    *stored = 0;
                }
                due
            }
            None => {
                since.insert(owner.detach(), 0);
                true
            }
        }
    }

    /// Finds the newest message that is one too many, and removes it with all before it.
    async fn trim(&self, server: &Server, owner: &BareJid) -> Result<(), StorageError> {
        let mut left = self.most.saturating_add(1);
        let mut range = Range::all();
        let last = loop {
            let limit = u32::try_from(left).unwrap_or(STEP).min(STEP);
            let rows = server
                .archive
                .of_owner_page(owner, range, limit, true)
                .await?;
            left -= u64::try_from(rows.len()).unwrap_or(left).min(left);
            match rows.last() {
                Some(row) if left == 0 => break row.id.clone(),
                Some(row) if rows.len() == limit as usize => {
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

    fn since(&self) -> MutexGuard<'_, HashMap<BareJid, u64>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
