//! A session that began together with the login (XEP-0386), before its stream is ready.

use std::sync::Arc;

use crate::host::Resource;
use crate::transport::OutBuffer;

/// A session that others find already, on its way to the task that serves it.
pub struct Joined {
    pub(crate) resource: Arc<Resource>,
    /// The session whose address it takes.
    pub(crate) older: Option<Arc<Resource>>,
    /// What was queued before acknowledgement was asked for: it goes out first, and does not count.
    pub(crate) before: OutBuffer,
}

impl std::fmt::Debug for Joined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Joined")
            .field("resource", &self.resource)
            .finish_non_exhaustive()
    }
}
