//! Elements without a type.

use std::fmt;

use super::{ElementRef, Frame, ReadError, Writer};
use crate::{DecodeError, Payload, Text};

/// One element kept as it came: a place in a frame. A clone copies nothing; comparing compares what is said, not the bytes.
#[derive(Clone)]
pub struct AnyElement {
    pub(crate) frame: Frame,
    pub(crate) at: u32,
}

impl AnyElement {
    /// Writes one element with the given function and keeps it.
    ///
    /// The function has to write exactly one element. What it writes otherwise is kept as the text of an element
    /// `<invalid/>` without a namespace.
    pub fn build(write: impl FnOnce(&mut Writer<'_>)) -> Self {
        let mut out = Vec::with_capacity(256);
        write(&mut Writer::new(&mut out, ""));
        // The writer takes strings only, so this is UTF-8.
        let text = Text::from(String::from_utf8(out).unwrap_or_default());
        match Frame::parse(text.clone()) {
            Ok(frame) => Self { frame, at: 0 },
            Err(error) => {
                debug_assert!(false, "not one element ({error}): {text}");
                Self::invalid(&text)
            }
        }
    }

    #[cold]
    fn invalid(text: &Text) -> Self {
        Self::build(|w| {
            w.start("invalid", "");
            w.text(text);
            w.end("invalid");
        })
    }

    /// Reads one element from text.
    ///
    /// # Errors
    /// When it is not well formed, or holds what RFC 6120 §11.1 forbids.
    pub fn parse(document: impl Into<Text>) -> Result<Self, ReadError> {
        Ok(Self {
            frame: Frame::parse(document)?,
            at: 0,
        })
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
        ElementRef {
            frame: &self.frame,
            at: self.at,
        }
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
        let mut out = Vec::with_capacity(self.root().as_str().len() + 64);
        Writer::new(&mut out, "").any(self);
        Text::from(String::from_utf8(out).unwrap_or_default())
    }

    /// Bytes of memory that it keeps alive.
    pub fn pinned(&self) -> usize {
        self.frame.pinned()
    }

    /// The same element in an allocation of its own.
    #[must_use]
    pub fn detach(&self) -> Self {
        if self.at == 0 {
            let mut frame = self.frame.clone();
            frame.compact();
            Self { frame, at: 0 }
        } else {
            Self::build(|w| w.any(self))
        }
    }
}

impl From<Frame> for AnyElement {
    fn from(frame: Frame) -> Self {
        Self { frame, at: 0 }
    }
}

impl PartialEq for AnyElement {
    fn eq(&self, other: &Self) -> bool {
        self.root().same_as(other.root())
    }
}

impl fmt::Debug for AnyElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_document())
    }
}
