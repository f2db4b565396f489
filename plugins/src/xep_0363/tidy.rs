//! Removes the files whose rows are gone: their time is over, or their account was removed, whoever did it.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use sestina_storage::Range;
use sestina_wire::Timestamp;

use super::files::Files;

/// The time between two looks where nobody asks for one.
const EVERY: Duration = Duration::from_secs(600);
/// How many rows are read at a time.
const PAGE: u32 = 1000;

/// Looks for files to remove, at once, whenever asked to, and from time to time.
pub(super) async fn run(files: Weak<Files>) {
    loop {
        let Some(files) = files.upgrade() else {
            return;
        };
        match files.tidy().await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "files that nobody has any more are removed"),
            Err(error) => tracing::warn!(%error, "some files stay until the next look"),
        }
        let asked = Arc::clone(&files.tidying);
        drop(files);
        // Asked for or not, it is time.
        let _ = tokio::time::timeout(EVERY, asked.notified()).await;
    }
}

/// What keeps files from being tidied.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Storage(#[from] sestina_storage::StorageError),
    #[error(transparent)]
    File(#[from] std::io::Error),
}

impl Files {
    /// Looks soon for files to remove.
    pub fn tidy_soon(self: &Arc<Self>) {
        self.tidying.notify_one();
    }

    /// Goes through all folders once; how many files went.
    async fn tidy(&self) -> Result<u64, Trouble> {
        let Some(host) = self.host.upgrade() else {
            return Ok(0);
        };
        let mut removed = 0;
        for folder in self.shelf.folders().await? {
            // First the files: a row is there before its file is. What comes just now is left alone.
            let mut files = self.shelf.files(&folder).await?;
            let arriving = self.arriving();
            files.retain(|(id, _)| !arriving.contains(id));
            if files.is_empty() {
                continue;
            }
            let rows = self.rows_below(host.domain().as_str(), &folder).await?;
            let now = host.clock().now();
            for (id, complete) in files {
                let row = rows.get(&id);
                let there = row.is_some_and(|expires| expires.is_none_or(|expires| expires > now));
                if complete && !there {
                    self.shelf.remove(&id).await?;
                    removed += 1;
                } else if !complete {
                    self.shelf.remove_part(&id).await?;
                }
            }
            tokio::task::yield_now().await;
        }
        Ok(removed)
    }

    /// When each file goes whose identifier begins so.
    async fn rows_below(
        &self,
        host: &str,
        first: &str,
    ) -> Result<HashMap<String, Option<Timestamp>>, Trouble> {
        let mut all = HashMap::new();
        let mut after = first.to_owned();
        loop {
            // Behind the digits that there are.
            let range = Range::after(after.as_str()).and_before(format!("{first}g").as_str());
            let page = self.rows.of_host_page(host, range, PAGE, false).await?;
            let full = page.len() >= PAGE as usize;
            for row in page {
                after.clone_from(&row.id);
                all.insert(row.id, row.expires);
            }
            if !full {
                return Ok(all);
            }
        }
    }
}
