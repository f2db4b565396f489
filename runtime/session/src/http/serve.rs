//! One connection of HTTP/1.1.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::watch;

use super::{Peer, Routes, forwarded};
use crate::transport::Transport;

/// How long the head of a request may take, and how long a connection may wait for one.
const HEAD: Duration = Duration::from_secs(20);
/// Bytes that the head of a request may have.
const HEAD_BYTES: usize = 16 * 1024;
/// Header lines of a request.
const HEADERS: usize = 64;

/// Serves a connection until it ends, turns into something else, or the server stops. `believed` says that the peer is a
/// proxy that may speak of others.
pub(crate) async fn connection(
    transport: Transport,
    believed: bool,
    routes: Arc<Routes>,
    mut stopping: watch::Receiver<bool>,
) {
    let direct = Peer {
        address: transport.peer(),
        secure: transport.is_secure(),
    };
    let service = service_fn(move |request: super::Request| {
        let routes = Arc::clone(&routes);
        async move {
            let peer = if believed {
                forwarded::peer(request.headers(), direct)
            } else {
                direct
            };
            Ok::<_, Infallible>(routes.answer(request, peer).await)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(transport), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let stops = async move { drop(stopping.wait_for(|stop| *stop).await) };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stops => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection of HTTP ended");
    }
}
