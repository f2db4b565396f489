//! One complete element: its bytes and an index over them.

use super::{ElementRef, ReadError};
use crate::Text;

/// One complete element: its bytes and a flat index over them. A clone costs two reference counts.
#[derive(Clone)]
pub struct Frame {
    text: Text,
}

impl Frame {
    /// Reads a whole document whose root element is in no namespace unless it declares one.
    ///
    /// # Errors
    /// When it is not well formed, or holds what RFC 6120 §11.1 forbids.
    pub fn parse(document: impl Into<Text>) -> Result<Self, ReadError> {
        Self::parse_in(document, "")
    }

    /// Reads a whole element as it would stand on a stream with that content namespace.
    ///
    /// # Errors
    /// When it is not well formed, or holds what RFC 6120 §11.1 forbids.
    pub fn parse_in(_element: impl Into<Text>, _content_ns: &str) -> Result<Self, ReadError> {
        todo!()
    }

    /// The element itself.
    pub fn root(&self) -> ElementRef<'_> {
        todo!()
    }

    /// The element as it came, or rewritten where it was outside the subset that is passed on as it came.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same as bytes.
    pub fn bytes(&self) -> &[u8] {
        self.as_str().as_bytes()
    }

    /// Bytes of memory that this frame keeps alive; more than its own where it shares a buffer with others.
    pub fn pinned(&self) -> usize {
        todo!()
    }

    /// Copies the bytes into an allocation of their own if they pin a larger buffer.
    pub fn compact(&mut self) {
        todo!()
    }
}
impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
