//! Removes rows whose time is over, beside the work of the server.

use std::sync::Arc;
use std::time::Duration;

use sestina_storage::{Storage, StorageError, TableDescriptor};
use sestina_wire::clock::Clock;
use tokio::task::JoinHandle;

/// The shortest pause between two steps. A longer step is followed by a pause as long as itself, so
/// that the storage has half its time for everybody else at least.
const PAUSE: Duration = Duration::from_millis(10);
/// The longest pause, however long a step took: a clock that was set meanwhile is not believed.
const LONGEST: Duration = Duration::from_secs(5);
/// How often the clock is looked at while nothing is to be done: it may be one that others move.
const LOOK: Duration = Duration::from_millis(500);

/// Which tables of a storage keep their rows for how long, and how often the older ones are removed.
///
/// A server that is [given](super::ServerBuilder::sweeper) one begins with it at its start. Rows go in
/// bounded steps with pauses between them. What fails is logged and tried again the next time.
pub struct Sweeper {
    storage: Storage,
    every: Duration,
    tables: Vec<(&'static TableDescriptor, Duration)>,
}

impl Sweeper {
    /// One that removes nothing, every hour.
    pub fn new(storage: Storage) -> Self {
        Sweeper {
            storage,
            every: Duration::from_secs(3600),
            tables: Vec::new(),
        }
    }

    /// The time from the begin of one sweep to the begin of the next, which does not overtake it.
    #[must_use]
    pub fn every(mut self, time: Duration) -> Self {
        self.every = time;
        self
    }

    /// Removes the rows of a table this long after the time in the column of its
    /// [retention](TableDescriptor::retention); no time at all for tables whose column holds the time
    /// at which a row goes. A table without a retention keeps everything.
    #[must_use]
    pub fn table(mut self, table: &'static TableDescriptor, keep: Duration) -> Self {
        self.tables.push((table, keep));
        self
    }

    /// Goes through the tables once; how many rows went.
    async fn sweep(&self, clock: &dyn Clock) -> u64 {
        let mut total = 0;
        for (table, keep) in &self.tables {
            // Longer than time is old is for ever.
            let Ok(before) = clock.now().checked_sub(*keep) else {
                continue;
            };
            let mut removed = 0;
            let swept: Result<(), StorageError> = async {
                loop {
                    let begun = clock.monotonic();
                    match self.storage.sweep_step(table, before).await? {
                        Some(rows) => removed += rows,
                        None => return Ok(()),
                    }
                    let taken = clock.monotonic().saturating_sub(begun);
                    tokio::time::sleep(taken.clamp(PAUSE, LONGEST)).await;
                }
            }
            .await;
            if let Err(error) = swept {
                tracing::warn!(table = table.name, %error, "rows whose time is over stay until the next sweep");
            }
            if removed > 0 {
                tracing::info!(
                    table = table.name,
                    rows = removed,
                    "rows whose time was over are removed"
                );
            }
            total += removed;
        }
        total
    }

    /// Begins, in a task that ends with the value.
    pub(super) fn start(self, clock: Arc<dyn Clock>) -> Sweeping {
        Sweeping(tokio::spawn(async move {
            loop {
                let begun = clock.monotonic();
                let rows = self.sweep(&*clock).await;
                let took = clock.monotonic().saturating_sub(begun);
                tracing::debug!(rows, ?took, storage = self.storage.backend_name(), "swept");
                let next = begun.saturating_add(self.every);
                loop {
                    let left = next.saturating_sub(clock.monotonic());
                    if left.is_zero() {
                        break;
                    }
                    tokio::time::sleep(left.min(LOOK)).await;
                }
            }
        }))
    }
}

/// A sweeper at work.
pub(super) struct Sweeping(JoinHandle<()>);

impl Sweeping {
    /// Ends it and waits until it has ended, so that the storage can be closed.
    pub(super) async fn stop(mut self) {
        self.0.abort();
        // Cancelled, as it was told to be.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Sweeping {
    fn drop(&mut self) {
        self.0.abort();
    }
}
