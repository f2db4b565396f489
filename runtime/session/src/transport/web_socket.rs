//! WebSocket as a carrier (RFC 6455, RFC 7395): one element a message.
//!
//! The protocol is tungstenite's, without its ready-made streams: those keep 128 KiB for reading at each connection, cannot
//! change their bounds when a client has logged in, and never give back what they wrote from. Here what is to be written
//! gathers in an [`OutBuffer`] as for every other carrier.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sestina_wire::{Limits, ReadErrorKind, Text};
use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncRead as _, ReadBuf};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Message};

use crate::stream::StreamFault;
use crate::transport::{Element, Messages, OutBuffer, Transport};

/// Bytes read at once, and kept for reading while nothing comes.
const READ_BUFFER: usize = 2 * 1024;
/// Bytes waiting to be written past which nothing more is read: what is read may be pings, which have to be answered.
const AHEAD: usize = 64 * 1024;

/// A connection after its handshake.
#[derive(Debug)]
struct WebSocket {
    inner: Transport,
    protocol: WebSocketContext,
    out: OutBuffer,
    role: Role,
    /// How reading has ended: with a mistake, or without. tungstenite would read on behind a frame that it has refused.
    ended: Option<Option<ReadErrorKind>>,
}

impl Transport {
    /// WebSocket over a connection whose handshake is over. `ahead` has come behind the handshake already; `secure` says
    /// that nobody on the way can read along, where the connection itself does not.
    pub(crate) fn web_socket(
        inner: Transport,
        ahead: Vec<u8>,
        role: Role,
        secure: bool,
    ) -> Transport {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0);
        let protocol = WebSocketContext::from_partially_read(ahead, role, Some(config));
        let (peer, secure) = (inner.peer(), secure || inner.is_secure());
        let socket = WebSocket {
            inner,
            protocol,
            out: OutBuffer::new(),
            role,
            ended: None,
        };
        Transport::messages(Box::new(socket), peer, secure)
    }
}

/// The connection as tungstenite sees it: reading may have to wait, writing never has to.
struct Io<'a, 'b> {
    inner: &'a mut Transport,
    out: &'a mut OutBuffer,
    cx: Option<&'a mut Context<'b>>,
}

impl Read for Io<'_, '_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let Some(cx) = &mut self.cx else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
        let mut read = ReadBuf::new(bytes);
        match Pin::new(&mut *self.inner).poll_read(cx, &mut read) {
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) => Ok(read.filled().len()),
        }
    }
}

impl Write for Io<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.vec().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl WebSocket {
    /// Writes what has gathered, as far as the connection takes it.
    fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_write_out(cx, &mut self.out)
    }
}

impl Messages for WebSocket {
    fn set_limits(&mut self, limits: &Limits) {
        let bytes = limits.stanza_bytes;
        self.protocol.set_config(|config| {
            config.max_message_size = Some(bytes);
            config.max_frame_size = Some(bytes);
        });
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Text>, StreamFault>> {
        loop {
            if let Some(ended) = self.ended {
                return Poll::Ready(match ended {
                    None => Ok(None),
                    Some(kind) => Err(StreamFault::Read(kind.into())),
                });
            }
            if self.out.len() > AHEAD {
                ready!(self.poll_out(cx))?;
            }
            let read = self.protocol.read(&mut Io {
                inner: &mut self.inner,
                out: &mut self.out,
                cx: Some(&mut *cx),
            });
            // Pings are answered whether or not anybody writes something.
            if !self.out.is_empty()
                && let Poll::Ready(Err(error)) = self.poll_out(cx)
            {
                return Poll::Ready(Err(error.into()));
            }
            match read {
                // A copy: the message shares the buffer that the next one is read into.
                Ok(Message::Text(text)) => {
                    return Poll::Ready(Ok(Some(Text::from(text.as_str()))));
                }
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Ok(Message::Close(_)) => return Poll::Ready(Ok(None)),
                Ok(Message::Binary(_)) => self.ended = Some(Some(ReadErrorKind::Format)),
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Poll::Pending;
                }
                Err(Error::Io(error)) => return Poll::Ready(Err(error.into())),
                Err(error) => self.ended = Some(mistake(&error)),
            }
        }
    }

    fn queue(&mut self, element: Element<'_>) {
        if self.role == Role::Server {
            let header = FrameHeader {
                opcode: OpCode::Data(Data::Text),
                ..FrameHeader::default()
            };
            let out = self.out.vec();
            // Into memory, so it cannot fail.
            let _ = header.format(element.len() as u64, out);
            element.write(out);
            return;
        }
        let mut bytes = Vec::with_capacity(element.len());
        element.write(&mut bytes);
        let Ok(text) = String::from_utf8(bytes) else {
            debug_assert!(false, "what was written is no UTF-8");
            return;
        };
        let mut io = Io {
            inner: &mut self.inner,
            out: &mut self.out,
            cx: None,
        };
        // The only fault there can be is that the peer has said goodbye, and then it does not listen.
        let _ = self.protocol.write(&mut io, Message::text(text));
    }

    fn pending(&self) -> usize {
        self.out.len()
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_out(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut io = Io {
            inner: &mut self.inner,
            out: &mut self.out,
            cx: None,
        };
        // Says goodbye once; a peer that has done so was answered.
        let _ = self.protocol.close(&mut io, None);
        ready!(self.poll_out(cx))?;
        self.inner.poll_shutdown(cx)
    }

    fn poll_rest(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

/// What proves that the handshake was understood (RFC 6455 §4.2.2).
pub(crate) fn accept_key(key: &[u8]) -> String {
    const SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let digest = Sha1::new()
        .chain_update(key)
        .chain_update(SUFFIX)
        .finalize();
    STANDARD.encode(digest)
}

/// What an error of the protocol is to the stream; `None` where the connection broke, with or without a goodbye.
fn mistake(error: &Error) -> Option<ReadErrorKind> {
    use tungstenite::error::ProtocolError;
    match error {
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Capacity(_) => Some(ReadErrorKind::Bytes),
        Error::Utf8(_) => Some(ReadErrorKind::Encoding),
        _ => Some(ReadErrorKind::Format),
    }
}
