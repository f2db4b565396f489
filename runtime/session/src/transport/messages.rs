//! Carriers of whole elements.

use std::fmt;
use std::io;
use std::task::{Context, Poll};

use sestina_wire::{Limits, Text};
use tokio::io::ReadBuf;

use crate::stream::StreamFault;
use crate::transport::Element;

/// What carries elements one by one, as WebSocket (RFC 7395) and BOSH (XEP-0206) do.
///
/// A stream begins with `<open/>` and ends with `<close/>`, both of RFC 7395, whatever stands for them on the wire.
/// There are no restarts: where one is due, another `<open/>` follows.
pub(crate) trait Messages: Send + Sync + fmt::Debug {
    /// Bounds what one message may hold.
    fn set_limits(&mut self, limits: &Limits);

    /// The next message, a document of its own; `None` when none will come. Cancel-safe.
    ///
    /// # Errors
    /// A broken carrier, or a message that cannot be.
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Text>, StreamFault>>;

    /// Takes an element to be sent.
    fn queue(&mut self, element: Element<'_>);

    /// Bytes taken and not passed on.
    fn pending(&self) -> usize;

    /// Passes on what was taken; ready when nothing is left.
    ///
    /// # Errors
    /// A broken carrier.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Tells the peer that nothing more will come, after what was taken.
    ///
    /// # Errors
    /// A broken carrier.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads what the peer still sends after the stream is over, whatever it is; nothing read means that it stopped.
    ///
    /// # Errors
    /// A broken carrier.
    fn poll_rest(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>>;
}
