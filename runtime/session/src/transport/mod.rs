//! What is below the XML stream: carriers of bytes (TCP, TLS over it, a pair of pipes in memory) and carriers of whole
//! elements (WebSocket, BOSH).
//!
//! A [`Transport`] owns no read buffer. [`Transport::poll_read_with`] reads into a scratch buffer that belongs to the
//! thread and lends it to the caller for the length of one call, so a connection on which nothing happens costs its
//! socket and nothing else. What is to be written lives in an [`OutBuffer`], which gives its memory back when it has
//! run empty.
//!
//! What carries elements implements [`Messages`]. The stream above writes the same bytes for either; here they are cut
//! into elements and each is made to stand on its own. Reading gives one element at a time.

mod buffer;
#[cfg(all(feature = "web", any(test, feature = "testing")))]
pub mod checks;
mod cut;
#[cfg(any(feature = "client", feature = "server"))]
pub mod memory;
mod messages;
#[cfg(feature = "server")]
pub(crate) mod proxy;
#[cfg(feature = "web")]
mod web_socket;

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;

use sestina_wire::BareJid;

use crate::sasl::{Bindings, ChannelBinding};
use crate::tls::{self, TlsServer};

pub use buffer::OutBuffer;
pub(crate) use cut::{Element, elements};
pub(crate) use messages::Messages;
#[cfg(feature = "web")]
pub(crate) use web_socket::accept_key;

/// Bytes of the thread's scratch buffer: one TLS record, so that a read never leaves a part of a record behind.
const SCRATCH: usize = 16 * 1024;

/// RFC 9266 §2.
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// Whether the version is one in which the exporter is bound to the whole handshake: in TLS 1.2 that takes an extension of
/// which nothing can be known here (RFC 9266 §4.2).
fn is_tls13<D>(connection: &rustls::ConnectionCommon<D>) -> bool {
    connection.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3)
}

thread_local! {
    /// Read scratch, shared by every connection that this thread polls.
    static SCRATCH_BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A carrier of bytes in both directions.
#[derive(Debug)]
pub struct Transport {
    carrier: Carrier,
    peer: Option<SocketAddr>,
    trusted: bool,
    /// On the side that was connected to, the channel binding of the certificate that it showed.
    end_point: Option<Arc<[u8]>>,
}

/// What carries the bytes.
enum Carrier {
    Plain(Plain),
    Tls(Box<tokio_rustls::TlsStream<Plain>>),
    /// Whole elements, over a carrier of its own.
    Messages(Box<dyn Messages>),
    /// Between two carriers: while TLS is being negotiated, or after that failed.
    Gone,
}

/// A carrier without encryption; TLS runs over either.
pub(crate) enum Plain {
    Tcp(TcpStream),
    Memory(DuplexStream),
}

impl std::fmt::Debug for Carrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Carrier::Plain(Plain::Tcp(_)) => "tcp",
            Carrier::Plain(Plain::Memory(_)) => "memory",
            Carrier::Tls(_) => "tls",
            Carrier::Messages(_) => "messages",
            Carrier::Gone => "gone",
        })
    }
}

impl Transport {
    /// A connected TCP socket. Nagle's algorithm is turned off: writes are gathered here, waiting for more would only
    /// add delay.
    ///
    /// # Errors
    /// What the operating system says when the option cannot be set, as for a socket that is already closed.
    pub fn tcp(socket: TcpStream) -> io::Result<Transport> {
        socket.set_nodelay(true)?;
        let peer = socket.peer_addr().ok();
        Ok(Transport {
            carrier: Carrier::Plain(Plain::Tcp(socket)),
            peer,
            trusted: false,
            end_point: None,
        })
    }

    pub(crate) fn memory(pipe: DuplexStream) -> Transport {
        Transport {
            carrier: Carrier::Plain(Plain::Memory(pipe)),
            peer: None,
            trusted: false,
            end_point: None,
        }
    }

    /// A carrier of whole elements. `secure` says whether nobody on the way can read along.
    #[cfg(feature = "web")]
    pub(crate) fn messages(
        messages: Box<dyn Messages>,
        peer: Option<SocketAddr>,
        secure: bool,
    ) -> Transport {
        Transport {
            carrier: Carrier::Messages(messages),
            peer,
            trusted: secure,
            end_point: None,
        }
    }

    /// The same with the address that a load balancer says the peer has.
    #[cfg(feature = "server")]
    pub(crate) fn with_peer(mut self, peer: SocketAddr) -> Transport {
        self.peer = Some(peer);
        self
    }

    /// What carries whole elements, if this does.
    pub(crate) fn as_messages(&mut self) -> Option<&mut dyn Messages> {
        match &mut self.carrier {
            Carrier::Messages(messages) => Some(messages.as_mut()),
            _ => None,
        }
    }

    /// Whether it carries whole elements: a stream on it has no tags of its own, and TLS cannot be negotiated inside
    /// (RFC 7395 §3.9).
    pub fn is_framed(&self) -> bool {
        matches!(self.carrier, Carrier::Messages(_))
    }

    /// Bytes that were taken from the stream above and have not been passed on.
    pub(crate) fn pending(&self) -> usize {
        match &self.carrier {
            Carrier::Messages(messages) => messages.pending(),
            _ => 0,
        }
    }

    /// Declares the carrier as private as TLS would make it, for a link that never leaves the process or the machine.
    /// STARTTLS is then not offered and passwords may be sent.
    #[must_use]
    pub fn trusted(mut self) -> Transport {
        self.trusted = true;
        self
    }

    /// Whether nobody between the two ends can read along: TLS is established, or the carrier was declared
    /// [`trusted`](Transport::trusted).
    pub fn is_secure(&self) -> bool {
        self.trusted || matches!(self.carrier, Carrier::Tls(_))
    }

    /// The certificates that the other end has shown in TLS, its own first. Nothing is proved by them here.
    pub(crate) fn peer_certificates(
        &self,
    ) -> Option<&[rustls::pki_types::CertificateDer<'static>]> {
        match &self.carrier {
            Carrier::Tls(tls) => tls.get_ref().1.peer_certificates(),
            _ => None,
        }
    }

    /// The address at the other end, where there is one.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// What both ends know of the TLS channel and nobody between them does; nothing without TLS.
    pub fn channel_bindings(&self) -> Bindings {
        let mut bindings = Bindings::default();
        let Carrier::Tls(tls) = &self.carrier else {
            return bindings;
        };
        let (common, end_point) = match tls.as_ref() {
            tokio_rustls::TlsStream::Server(tls) => {
                let (_, connection) = tls.get_ref();
                let exported =
                    connection.export_keying_material([0; 32], EXPORTER_LABEL, Some(b""));
                let exported = exported.ok().filter(|_| is_tls13(connection));
                (exported, self.end_point.as_deref().map(<[u8]>::to_vec))
            }
            tokio_rustls::TlsStream::Client(tls) => {
                let (_, connection) = tls.get_ref();
                let exported =
                    connection.export_keying_material([0; 32], EXPORTER_LABEL, Some(b""));
                let exported = exported.ok().filter(|_| is_tls13(connection));
                let shown = connection.peer_certificates().and_then(<[_]>::first);
                (exported, shown.and_then(|shown| tls::end_point(shown)))
            }
        };
        if let Some(exported) = common {
            bindings.add(ChannelBinding::Exporter, exported.to_vec());
        }
        if let Some(end_point) = end_point {
            bindings.add(ChannelBinding::ServerEndPoint, end_point);
        }
        bindings
    }

    /// On the side that was connected to, the XMPP addresses in the certificate that the client has shown and TLS has
    /// found good.
    pub fn client_addresses(&self) -> Vec<BareJid> {
        match &self.carrier {
            Carrier::Tls(tls) => match tls.as_ref() {
                tokio_rustls::TlsStream::Server(tls) => {
                    let shown = tls.get_ref().1.peer_certificates();
                    let shown = shown.and_then(<[_]>::first);
                    shown
                        .map(|shown| tls::xmpp_addresses(shown))
                        .unwrap_or_default()
                }
                tokio_rustls::TlsStream::Client(_) => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Reads what has arrived and hands it to `consume`; zero bytes mean that the peer will send no more.
    ///
    /// # Errors
    /// What the socket or TLS reports.
    pub fn poll_read_with<R>(
        &mut self,
        cx: &mut Context<'_>,
        consume: impl FnOnce(&[u8]) -> R,
    ) -> Poll<io::Result<R>> {
        SCRATCH_BUFFER.with(|scratch| {
            // The closure may not read from another transport; if it ever does, it gets a buffer of its own.
            let mut own = Vec::new();
            let mut borrowed = scratch.try_borrow_mut();
            let bytes: &mut Vec<u8> = match &mut borrowed {
                Ok(bytes) => bytes,
                Err(_) => &mut own,
            };
            if bytes.is_empty() {
                bytes.resize(SCRATCH, 0);
            }
            let mut read = ReadBuf::new(bytes);
            match self.carrier.poll_read(cx, &mut read) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => Poll::Ready(Ok(consume(read.filled()))),
            }
        })
    }

    /// Writes as much of `out` as the carrier takes. Ready when `out` is empty and the carrier has passed it on.
    ///
    /// # Errors
    /// What the socket or TLS reports; a carrier that takes nothing is [`io::ErrorKind::WriteZero`].
    pub fn poll_write_out(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut OutBuffer,
    ) -> Poll<io::Result<()>> {
        if let Carrier::Messages(messages) = &mut self.carrier {
            elements(out.pending(), |element| messages.queue(element));
            out.consume(out.len());
            return messages.poll_flush(cx);
        }
        while !out.is_empty() {
            match self.carrier.poll_write(cx, out.pending()) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => out.consume(written),
            }
        }
        self.carrier.poll_flush(cx)
    }

    /// Tells the peer that nothing more will be written; with TLS that is a `close_notify` first.
    ///
    /// # Errors
    /// What the socket or TLS reports.
    pub fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.carrier.poll_shutdown(cx)
    }

    /// Negotiates TLS as the side that was connected to. The transport is unusable after an error.
    ///
    /// # Errors
    /// What TLS reports; [`io::ErrorKind::InvalidInput`] when TLS runs already.
    pub async fn accept_tls(&mut self, acceptor: &tokio_rustls::TlsAcceptor) -> io::Result<()> {
        let plain = self.take_plain()?;
        let stream = acceptor.accept(plain).await?;
        self.carrier = Carrier::Tls(Box::new(tokio_rustls::TlsStream::Server(stream)));
        Ok(())
    }

    /// The same with the certificate of a host, which can be bound to then (`tls-server-end-point`).
    ///
    /// # Errors
    /// As for [`Transport::accept_tls`].
    pub async fn accept_host_tls(&mut self, tls: &TlsServer) -> io::Result<()> {
        self.accept_tls(tls.acceptor()).await?;
        self.end_point = tls.end_point().cloned();
        Ok(())
    }

    /// Negotiates TLS as the side that was connected to, before anything else is said; `choose` finds the settings for
    /// the name that the client wants to reach (RFC 6066 §3). The transport is unusable after an error.
    ///
    /// # Errors
    /// What TLS reports; [`io::ErrorKind::NotFound`] when there are no settings for this client.
    #[cfg(feature = "server")]
    pub(crate) async fn accept_named_tls(
        &mut self,
        choose: impl FnOnce(Option<&str>) -> Option<TlsServer> + Send,
    ) -> io::Result<()> {
        let plain = self.take_plain()?;
        let acceptor = rustls::server::Acceptor::default();
        let handshake = tokio_rustls::LazyConfigAcceptor::new(acceptor, plain).await?;
        let tls = choose(handshake.client_hello().server_name());
        let tls = tls.ok_or(io::ErrorKind::NotFound)?;
        let config = Arc::clone(tls.acceptor().config());
        let stream = handshake.into_stream(config).await?;
        self.end_point = tls.end_point().cloned();
        self.carrier = Carrier::Tls(Box::new(tokio_rustls::TlsStream::Server(stream)));
        Ok(())
    }

    /// Negotiates TLS as the side that connects, and checks that the certificate is `name`'s. The transport is
    /// unusable after an error.
    ///
    /// # Errors
    /// What TLS reports, an untrusted certificate included; [`io::ErrorKind::InvalidInput`] when TLS runs already.
    pub async fn connect_tls(
        &mut self,
        connector: &tokio_rustls::TlsConnector,
        name: rustls::pki_types::ServerName<'static>,
    ) -> io::Result<()> {
        let plain = self.take_plain()?;
        let stream = connector.connect(name, plain).await?;
        self.carrier = Carrier::Tls(Box::new(tokio_rustls::TlsStream::Client(stream)));
        Ok(())
    }

    /// Lets the connection go without a word: the peer sees it break.
    #[cfg(feature = "client")]
    pub(crate) fn hang_up(&mut self) {
        self.carrier = Carrier::Gone;
    }

    fn take_plain(&mut self) -> io::Result<Plain> {
        match std::mem::replace(&mut self.carrier, Carrier::Gone) {
            Carrier::Plain(plain) => Ok(plain),
            other => {
                self.carrier = other;
                Err(io::ErrorKind::InvalidInput.into())
            }
        }
    }
}

impl Carrier {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Carrier::Plain(plain) => Pin::new(plain).poll_read(cx, buf),
            Carrier::Tls(tls) => Pin::new(tls.as_mut()).poll_read(cx, buf),
            Carrier::Messages(messages) => messages.poll_rest(cx, buf),
            Carrier::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Carrier::Plain(plain) => Pin::new(plain).poll_write(cx, bytes),
            Carrier::Tls(tls) => Pin::new(tls.as_mut()).poll_write(cx, bytes),
            Carrier::Messages(_) => Poll::Ready(Err(io::ErrorKind::Unsupported.into())),
            Carrier::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            // Neither keeps anything back, so there is nothing to ask them.
            Carrier::Plain(_) => Poll::Ready(Ok(())),
            Carrier::Tls(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
            Carrier::Messages(messages) => messages.poll_flush(cx),
            Carrier::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Carrier::Plain(plain) => Pin::new(plain).poll_shutdown(cx),
            Carrier::Tls(tls) => Pin::new(tls.as_mut()).poll_shutdown(cx),
            Carrier::Messages(messages) => messages.poll_shutdown(cx),
            Carrier::Gone => Poll::Ready(Ok(())),
        }
    }
}

/// For what speaks another protocol before or below an XML stream, such as HTTP.
impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.get_mut().carrier.poll_read(cx, buf)
    }
}

/// As for reading.
impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().carrier.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().carrier.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().carrier.poll_shutdown(cx)
    }
}

impl AsyncRead for Plain {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Plain::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Plain::Memory(pipe) => Pin::new(pipe).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Plain {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Plain::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Plain::Memory(pipe) => Pin::new(pipe).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Plain::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Plain::Memory(pipe) => Pin::new(pipe).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Plain::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Plain::Memory(pipe) => Pin::new(pipe).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}
