//! Takes connections and gives each its task.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tracing::Instrument as _;

use crate::http;
use crate::link;
use crate::metrics;
use crate::server::connection::Connection;
use crate::server::keep_alive::KeepAlive;
use crate::server::{Shared, connection};
use crate::session::Session;
use crate::transport::{Transport, proxy};

/// How long to pause when the system has no more open files to give.
const EXHAUSTED: Duration = Duration::from_millis(100);
/// Connections that the system takes before we do.
const BACKLOG: i32 = 1024;

/// How clients come in through a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entry {
    /// An XML stream in plain text, encrypted by STARTTLS (RFC 6120 §5).
    StartTls,
    /// TLS first, then an XML stream (XEP-0368).
    DirectTls,
    /// HTTP: WebSocket, BOSH and what else is [offered](crate::web::WebSettings). Where encryption is required, only what a
    /// trusted proxy brings over https is let in.
    Http,
    /// The same over TLS.
    Https,
}

/// Where a server listens, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Listener {
    pub(super) address: SocketAddr,
    pub(super) entry: Entry,
    pub(super) proxied: bool,
    pub(super) optional: bool,
}

impl Listener {
    /// One for clients that come in this way; port 0 takes a free one. An IPv6 address takes IPv6 alone, so that
    /// `0.0.0.0` and `[::]` stand beside each other on one port.
    pub fn new(address: SocketAddr, entry: Entry) -> Listener {
        Listener {
            address,
            entry,
            proxied: false,
            optional: false,
        }
    }

    /// Connections begin with a header of the PROXY protocol, version 1 or 2, which says whom they really come from. They are
    /// taken only from the [trusted proxies](crate::server::ServerBuilder::trusted_proxies).
    #[must_use]
    pub fn behind_proxy(mut self) -> Listener {
        self.proxied = true;
        self
    }

    /// Goes on without the listener where the machine has no such address, as without IPv6.
    #[must_use]
    pub fn if_possible(mut self) -> Listener {
        self.optional = true;
        self
    }

    /// Takes the address.
    pub(super) fn bind(&self) -> io::Result<TcpListener> {
        let socket = Socket::new(
            Domain::for_address(self.address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        if self.address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // A server that starts again does not wait for its own old connections.
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&self.address.into())?;
        socket.listen(BACKLOG)?;
        TcpListener::from_std(socket.into())
    }
}

/// Whether the machine just has no such address.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported
    ) || error.raw_os_error() == Some(EAFNOSUPPORT)
}

/// Address family not supported: a kernel without IPv6.
const EAFNOSUPPORT: i32 = 97;

/// Accepts until the server stops.
pub(super) async fn run(socket: TcpListener, listener: Listener, shared: Arc<Shared>) {
    let mut stopping = shared.stopping();
    loop {
        let accepted = tokio::select! {
            _ = stopping.changed() => return,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => {
                let taken = Arc::clone(&shared);
                shared.spawn(take(stream, from, listener, taken));
            }
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

pub(crate) fn is_of_one_connection(error: &io::Error) -> bool {
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

/// From a connection to what its listener is for.
async fn take(stream: TcpStream, from: SocketAddr, listener: Listener, shared: Arc<Shared>) {
    // What comes before the first header is over in the time of a login. Boxed: a session outlives it.
    let limit = shared.accept().timeouts.login;
    let prepared = Box::pin(prepare(stream, from, listener, &shared));
    let transport = match tokio::time::timeout(limit, prepared).await {
        Ok(Ok(transport)) => transport,
        Ok(Err(error)) => {
            metrics::count(metrics::NEGOTIATIONS_FAILED);
            return tracing::debug!(%error, %from, "no connection");
        }
        Err(_) => {
            metrics::count(metrics::NEGOTIATIONS_FAILED);
            return tracing::debug!(%from, "no connection in time");
        }
    };
    match listener.entry {
        // Its state is small: see there.
        Entry::StartTls | Entry::DirectTls => serve(transport, shared).await,
        Entry::Http | Entry::Https => {
            let believed = shared.trusts(from.ip());
            let Some(routes) = shared.routes() else {
                return;
            };
            let stopping = shared.stopping();
            drop(shared);
            // Boxed: what comes of the connection goes on elsewhere.
            Box::pin(http::connection(transport, believed, routes, stopping)).await;
        }
    }
}

/// Learns whom the connection is from, and encrypts it where that comes first.
async fn prepare(
    mut stream: TcpStream,
    from: SocketAddr,
    listener: Listener,
    shared: &Shared,
) -> io::Result<Transport> {
    let mut peer = from;
    let idle = shared.accept().timeouts.idle;
    if !idle.is_zero() {
        link::keep_alive(&stream, idle)?;
    }
    if listener.proxied {
        if !shared.trusts(from.ip()) {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "not from a trusted proxy",
            ));
        }
        peer = proxy::read(&mut stream).await?.unwrap_or(from);
    }
    let mut transport = Transport::tcp(stream)?.with_peer(peer);
    match listener.entry {
        Entry::StartTls | Entry::Http => {}
        Entry::Https => {
            transport
                .accept_named_tls(|name| shared.tls(name, "http/1.1"))
                .await?;
        }
        Entry::DirectTls => {
            transport
                .accept_named_tls(|name| shared.tls(name, "xmpp-client"))
                .await?;
        }
    }
    Ok(transport)
}

/// Negotiates on a connection and serves the session that comes of it.
pub(super) async fn serve(transport: Transport, shared: Arc<Shared>) {
    // What negotiation needs is freed with its future, before the session's long life begins.
    let Some((connection, span)) = Box::pin(negotiate(transport, shared)).await else {
        return;
    };
    connection::run(connection).instrument(span).await;
}

/// From a connection to its session.
async fn negotiate(
    transport: Transport,
    shared: Arc<Shared>,
) -> Option<(Box<Connection>, tracing::Span)> {
    let mut stopping = shared.stopping();
    let negotiated = tokio::select! {
        negotiated = Session::accept(transport, Arc::clone(shared.accept())) => negotiated,
        _ = stopping.wait_for(|stop| *stop) => return None,
    };
    let session = match negotiated {
        Ok(session) => session,
        Err(error) => {
            metrics::count(metrics::NEGOTIATIONS_FAILED);
            tracing::debug!(%error, "no session");
            return None;
        }
    };
    let Some(host) = shared.router().host(session.jid().domain()) else {
        session.close(None).await;
        return None;
    };
    let span = tracing::debug_span!("session", jid = session.jid().as_str());
    let keep_alive = KeepAlive::new(&shared.accept().timeouts);
    let begun = connection::begin(session, host, Arc::clone(shared.router()), keep_alive);
    let connection = begun.instrument(span.clone()).await?;
    Some((connection, span))
}
