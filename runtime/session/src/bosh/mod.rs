//! BOSH: an XML stream over requests of HTTP (XEP-0124, XEP-0206).
//!
//! [`body`] reads and writes the wrapper of each request and answer. On the accepting side [`session`] is what is known of a
//! session between requests, without any I/O; [`handler`] brings requests to it, and [`carrier`] is what the stream above
//! sees of it: messages, as over WebSocket.

mod body;
#[cfg(feature = "server")]
mod carrier;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "server")]
mod handler;
#[cfg(feature = "server")]
mod session;

/// The namespace of the wrapper.
const BIND: &str = "http://jabber.org/protocol/httpbind";
/// The namespace of what XMPP adds to it (XEP-0206).
const XBOSH: &str = "urn:xmpp:xbosh";

#[cfg(any(test, feature = "testing"))]
pub use body::checks;
#[cfg(feature = "client")]
pub(crate) use client::BoshClient;
#[cfg(feature = "server")]
pub(crate) use handler::BoshHandler;
