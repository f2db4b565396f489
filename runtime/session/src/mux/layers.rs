//! The layers every host puts around its request handlers: panics kept in, and a log line a request.

use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, FutureExt as _};
use sestina_wire::{Condition, Stanza, StanzaError};
use tower::{Layer, Service};
use tracing::Instrument as _;

use crate::metrics;
use crate::mux::IqRequest;

/// Turns a handler's panic into `internal-server-error`, so that one request fails and no session.
#[derive(Clone, Copy, Debug, Default)]
pub struct CatchPanicLayer;

/// The service of [`CatchPanicLayer`].
#[derive(Clone, Debug)]
pub struct CatchPanic<S>(S);

impl<S> Layer<S> for CatchPanicLayer {
    type Service = CatchPanic<S>;

    fn layer(&self, inner: S) -> CatchPanic<S> {
        CatchPanic(inner)
    }
}

impl<S> Service<IqRequest> for CatchPanic<S>
where
    S: Service<IqRequest, Response = Stanza, Error = StanzaError>,
    S::Future: Send + 'static,
{
    type Response = Stanza;
    type Error = StanzaError;
    type Future = BoxFuture<'static, Result<Stanza, StanzaError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StanzaError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: IqRequest) -> Self::Future {
        let failed = || {
            metrics::count(metrics::HANDLERS_PANICKED);
            tracing::error!("a request handler panicked");
            Err(StanzaError::new(Condition::InternalServerError))
        };
        // The synchronous part of a handler runs in `call`, the rest in the future.
        match std::panic::catch_unwind(AssertUnwindSafe(|| self.0.call(request))) {
            Ok(future) => {
                let guarded = AssertUnwindSafe(future).catch_unwind();
                async move { guarded.await.unwrap_or_else(|_| failed()) }.boxed()
            }
            Err(_) => std::future::ready(failed()).boxed(),
        }
    }
}

/// Runs a handler in a `tracing` span and notes how it ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogLayer;

/// The service of [`LogLayer`].
#[derive(Clone, Debug)]
pub struct Log<S>(S);

impl<S> Layer<S> for LogLayer {
    type Service = Log<S>;

    fn layer(&self, inner: S) -> Log<S> {
        Log(inner)
    }
}

impl<S> Service<IqRequest> for Log<S>
where
    S: Service<IqRequest, Response = Stanza, Error = StanzaError>,
    S::Future: Send + 'static,
{
    type Response = Stanza;
    type Error = StanzaError;
    type Future = BoxFuture<'static, Result<Stanza, StanzaError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StanzaError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: IqRequest) -> Self::Future {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return self.0.call(request).boxed();
        }
        let span = match request.stanza.payload() {
            Some(payload) => tracing::debug_span!(
                "request",
                payload = payload.name(),
                ns = payload.ns(),
                from = request.context.from.as_str(),
            ),
            None => tracing::debug_span!("request", from = request.context.from.as_str()),
        };
        let future = span.in_scope(|| self.0.call(request));
        async move {
            let answer = future.await;
            match &answer {
                Ok(_) => tracing::debug!("answered"),
                Err(error) => tracing::debug!(condition = ?error.condition, "refused"),
            }
            answer
        }
        .instrument(span)
        .boxed()
    }
}
