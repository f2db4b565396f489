//! Elements without a type.

use super::{ElementRef, Frame, ReadError, Writer};
use crate::{DecodeError, Payload, Text};

/// One element kept as it came: a place in a frame. Clone and comparison are cheap and deep, respectively.
#[derive(Clone)]
pub struct AnyElement {
    pub(crate) frame: Frame,
    pub(crate) at: u32,
}

impl AnyElement {
    /// Writes one element with the given function and keeps it.
    ///
    /// If the function writes anything else than one element, the result is an empty `<invalid/>` element.
    pub fn build(_write: impl FnOnce(&mut Writer<'_>)) -> Self {
        todo!()
    }

    /// Reads one element from text.
    ///
    /// # Errors
    /// When it is not well formed, or holds what RFC 6120 §11.1 forbids.
    pub fn parse(document: impl Into<Text>) -> Result<Self, ReadError> {
        Ok(Self { frame: Frame::parse(document)?, at: 0 })
    }

    /// Local name.
    pub fn name(&self) -> &str {
        self.root().name()
    }

    /// Namespace; empty where there is none.
    pub fn ns(&self) -> &str {
        self.root().ns()
    }

    /// Whether it has that name and namespace.
    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.root().is(name, ns)
    }

    /// The element, for walking.
    pub fn root(&self) -> ElementRef<'_> {
        ElementRef { frame: &self.frame, at: self.at }
    }

    /// Reads the element as a type.
    ///
    /// # Errors
    /// When it is not that element, or does not fit the type.
    pub fn decode<T: Payload>(&self) -> Result<T, DecodeError> {
        self.root().decode()
    }

    /// The element as a document of its own, namespaces declared.
    pub fn to_document(&self) -> Text {
        todo!()
    }

    /// Bytes of memory that it keeps alive.
    pub fn pinned(&self) -> usize {
        todo!()
    }

    /// The same element in an allocation of its own.
    #[must_use]
    pub fn detach(&self) -> Self {
        todo!()
    }
}

impl PartialEq for AnyElement {
    fn eq(&self, _other: &Self) -> bool {
        todo!()
    }
}

impl std::fmt::Debug for AnyElement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_document())
    }
}
