//! Why reading cannot go on.

use crate::{StreamCondition, StreamError};

/// Why reading cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", kind.as_str())]
pub struct ReadError {
    kind: ReadErrorKind,
}

/// What is wrong with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// A tag, name, attribute or end tag that XML does not allow.
    Syntax,
    /// A character that XML does not allow.
    Character,
    /// An attribute twice in one tag.
    RepeatedAttribute,
    /// A reference that is none.
    Reference,
    /// A comment, processing instruction or DTD (RFC 6120 §11.1).
    Restricted,
    /// A reference to an entity other than the five predefined (RFC 6120 §11.1).
    Entity,
    /// Not UTF-8 (RFC 6120 §11.6).
    Encoding,
    /// A prefix that is not declared, or declared as it must not be.
    Prefix,
    /// The stream or its content is in a namespace that does not belong there.
    Namespace,
    /// Text between stanzas, or a first element that is not a stream's.
    Format,
    /// A document that ends too early, or goes on behind its end.
    Incomplete,
    /// Too many bytes.
    Bytes,
    /// Too many elements inside each other.
    Depth,
    /// Too many attributes.
    Attributes,
    /// Too long a name.
    Name,
    /// Too many elements.
    Elements,
}

impl ReadErrorKind {
    /// What is wrong, in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "the XML is not well formed",
            Self::Character => "a character that XML does not allow",
            Self::RepeatedAttribute => "an attribute stands twice in one tag",
            Self::Reference => "a reference that is none",
            Self::Restricted => "comments, processing instructions and DTDs are not allowed",
            Self::Entity => "only the five predefined entities are allowed",
            Self::Encoding => "the encoding is not UTF-8",
            Self::Prefix => "a namespace prefix is not declared properly",
            Self::Namespace => "an element is in a namespace that does not belong there",
            Self::Format => "something that does not belong on a stream",
            Self::Incomplete => "the document ends too early or too late",
            Self::Bytes => "the element is too large",
            Self::Depth => "too many elements inside each other",
            Self::Attributes => "too many attributes on one element",
            Self::Name => "a name is too long",
            Self::Elements => "too many elements",
        }
    }

    const fn condition(self) -> StreamCondition {
        match self {
            Self::Syntax
            | Self::Character
            | Self::RepeatedAttribute
            | Self::Reference
            | Self::Incomplete => StreamCondition::NotWellFormed,
            Self::Restricted | Self::Entity => StreamCondition::RestrictedXml,
            Self::Encoding => StreamCondition::UnsupportedEncoding,
            Self::Prefix => StreamCondition::BadNamespacePrefix,
            Self::Namespace => StreamCondition::InvalidNamespace,
            Self::Format => StreamCondition::BadFormat,
            Self::Bytes | Self::Depth | Self::Attributes | Self::Name | Self::Elements => {
                StreamCondition::PolicyViolation
            }
        }
    }
}

impl ReadError {
    #[cold]
    pub(crate) fn new(kind: ReadErrorKind) -> Self {
        Self { kind }
    }

    /// What is wrong.
    pub fn kind(&self) -> ReadErrorKind {
        self.kind
    }

    /// The stream error that says so to the peer (RFC 6120 §4.9.3, §11).
    pub fn stream_error(&self) -> StreamError {
        StreamError::new(self.kind.condition()).with_text(self.kind.as_str())
    }
}

impl From<ReadErrorKind> for ReadError {
    fn from(kind: ReadErrorKind) -> Self {
        Self::new(kind)
    }
}

impl From<ReadError> for StreamError {
    fn from(error: ReadError) -> Self {
        error.stream_error()
    }
}
