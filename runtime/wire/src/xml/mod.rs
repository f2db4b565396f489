//! XML as XMPP uses it: reading it as it arrives, walking it, writing it.

mod any;
pub(crate) mod chars;
mod decode;
mod element;
mod fault;
mod frame;
mod index;
mod reader;
mod scan;
pub(crate) mod skip;
mod writer;

pub use self::any::AnyElement;
pub use self::element::{Attr, Attrs, ElementRef, Elements, Node, Nodes};
pub use self::fault::{ReadError, ReadErrorKind};
pub use self::frame::Frame;
pub use self::reader::{Event, Reader, StreamHeader};
pub use self::writer::Writer;
