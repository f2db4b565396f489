//! Names, JIDs, XML and stanzas of XMPP: everything that knows bytes and nothing that knows sockets.
//!
//! The path of a stanza runs through this crate twice. Inwards, [`Reader`] takes bytes as they arrive and yields
//! a [`Frame`] for each complete top-level element: the bytes and a flat index over them. [`Stanza`] adds the typed
//! head, and [`Payload::read`] turns a child into a typed value by walking the index. Outwards, [`Writer`] writes
//! typed values, and a [`Stanza`] that is only passed on copies the bytes of its children as they came.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod clock;
#[doc(hidden)]
pub mod derive;
pub mod dispatch;
pub mod form;
pub mod negotiation;
pub mod ns;
pub mod strict;
#[cfg(feature = "testing")]
pub mod testing;

mod codec;
mod error;
mod escape;
mod jid;
mod limits;
mod stanza;
mod text;
mod value;
mod xml;

pub use bytes::Bytes;
pub use jiff::Timestamp;

pub use self::codec::{
    Content, DecodeError, DecodeErrorKind, Extra, ExtraAttribute, List, Payload, Version,
};
pub use self::error::{Condition, ErrorKind, StanzaError, StreamCondition, StreamError};
pub use self::jid::{BareJid, FullJid, Jid, JidError};
pub use self::limits::Limits;
pub use self::stanza::{
    Child, Children, Head, Kind, Stanza, StanzaParseError, StanzaType, Template,
};
pub use self::text::Text;
pub use self::value::{
    Base64, Date, DateTime, Decimal, FromText, Hex, TextWriter, Time, ToText, ValueError,
};
pub use self::xml::{
    AnyElement, Attr, Attrs, ElementRef, Elements, Event, Frame, Node, Nodes, ReadError,
    ReadErrorKind, Reader, StreamHeader, Writer,
};
