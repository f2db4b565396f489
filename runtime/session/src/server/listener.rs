//! Takes connections and gives each its task.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tracing::Instrument as _;

use crate::metrics;
use crate::server::{Shared, connection};
use crate::session::Session;
use crate::transport::Transport;

/// How long to pause when the system has no more open files to give.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Accepts until the server stops.
pub(super) async fn run(socket: TcpListener, shared: Arc<Shared>) {
    let mut stopping = shared.stopping();
    loop {
        let accepted = tokio::select! {
            _ = stopping.changed() => return,
            accepted = socket.accept() => accepted,
        };
        match accepted.and_then(|(stream, _)| Transport::tcp(stream)) {
            Ok(transport) => shared.serve(transport),
            Err(error) if is_of_one_connection(&error) => {
                tracing::debug!(%error, "a connection was gone before it was taken");
            }
            Err(error) => {
                tracing::warn!(%error, "cannot take connections; trying again");
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted, InvalidInput,
        NotConnected,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | Interrupted
            | InvalidInput
            | NotConnected
    )
}

/// Negotiates on a connection and serves the session that comes of it.
pub(super) async fn serve(transport: Transport, shared: Arc<Shared>) {
    let mut stopping = shared.stopping();
    // What negotiation needs is freed with its future, before the session's long life begins.
    let negotiation = Box::pin(Session::accept(transport, Arc::clone(shared.accept())));
    let negotiated = tokio::select! {
        negotiated = negotiation => negotiated,
        _ = stopping.wait_for(|stop| *stop) => return,
    };
    let session = match negotiated {
        Ok(session) => session,
        Err(error) => {
            metrics::count(metrics::NEGOTIATIONS_FAILED);
            tracing::debug!(%error, "no session");
            return;
        }
    };
    let Some(host) = shared.router().host(session.jid().domain()) else {
        Box::pin(session.close(None)).await;
        return;
    };
    drop(stopping);
    let span = tracing::debug_span!("session", jid = session.jid().as_str());
    connection::run(session, host, Arc::clone(shared.router()))
        .instrument(span)
        .await;
}
