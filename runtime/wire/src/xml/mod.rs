//! XML as XMPP uses it: reading it as it arrives, walking it, writing it.

mod any;
pub(crate) mod chars;
mod element;
mod frame;
mod reader;
mod writer;

pub use self::any::AnyElement;
pub use self::element::{Attr, Attrs, ElementRef, Elements, Node, Nodes};
pub use self::frame::Frame;
pub use self::reader::{Event, ReadError, ReadErrorKind, Reader, StreamHeader};
pub use self::writer::Writer;
