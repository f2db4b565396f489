//! The end of a session, in order: nobody finds it any more, what it began is ended, plugins tell the world.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _};
use sestina_wire::StreamError;

use crate::host::{Host, Resource};
use crate::metrics;
use crate::router::Line;
use crate::stages::{SessionFunction, StageContext};
use crate::transport::OutBuffer;

/// Calls functions one after another, waiting for each.
pub(super) async fn call(
    host: &Arc<Host>,
    resource: &Arc<Resource>,
    functions: &[SessionFunction],
) {
    let cx = StageContext {
        host: Arc::clone(host),
    };
    for function in functions {
        function(&cx, resource).settled().await;
    }
}

/// First nobody finds the session any more, then plugins tell the world, then a successor may start. Returns what was queued last.
pub(super) async fn clean_up(
    host: &Arc<Host>,
    resource: &Arc<Resource>,
    unfinished: Unfinished,
) -> (OutBuffer, Option<StreamError>) {
    // From here on nobody empties the queue: nobody is to wait for it.
    resource.end(None);
    host.leave(resource);
    unfinished.follow().await;
    let ends = call(host, resource, host.stages().ends());
    if AssertUnwindSafe(ends).catch_unwind().await.is_err() {
        tracing::error!("a plugin panicked at the end of a session");
    }
    let left = resource.close_queue();
    resource.mark_gone();
    metrics::lower(metrics::SESSIONS_READY);
    left
}

/// What a session has begun and not ended.
#[derive(Default)]
pub(super) struct Unfinished {
    pending: Option<BoxFuture<'static, ()>>,
    line: Line,
}

impl Unfinished {
    pub(super) fn new(pending: Option<BoxFuture<'static, ()>>, line: Line) -> Self {
        Unfinished { pending, line }
    }

    /// A stanza that was taken in is followed to its end.
    pub(super) async fn follow(self) {
        let Unfinished { pending, mut line } = self;
        let follow = async {
            if let Some(pending) = pending {
                pending.await;
            }
            poll_fn(|cx| line.poll(cx)).await;
        };
        if AssertUnwindSafe(follow).catch_unwind().await.is_err() {
            tracing::error!("a plugin panicked while its session ended");
        }
    }
}
