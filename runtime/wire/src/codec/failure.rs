//! Why an element could not be read as the type that was asked for.

use std::fmt;

use crate::{Condition, ElementRef, StanzaError, Text, ValueError};

/// What is wrong with an element.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// It is another element than the one asked for.
    WrongElement,
    /// A required attribute is missing.
    MissingAttribute(Text),
    /// An attribute has a value that its type does not allow.
    InvalidAttribute(Text, ValueError),
    /// A required child is missing.
    MissingChild(Text),
    /// A child that may be there once is there more than once.
    RepeatedChild(Text),
    /// The text is not what its type allows.
    InvalidText(ValueError),
    /// None of the children between which there is a choice is there, or an element is none of the choices.
    NoChoice,
    /// Anything else.
    Other(Text),
}

/// An element could not be read as the type that was asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    element: Text,
    ns: Text,
    kind: DecodeErrorKind,
}

impl DecodeError {
    /// Something is wrong with `el`.
    #[cold]
    pub fn new(el: ElementRef<'_>, kind: DecodeErrorKind) -> Self {
        Self(Box::new(Inner {
            element: Text::from(el.name()),
            ns: Text::from(el.ns()),
            kind,
        }))
    }

    /// `el` should have been another element.
    #[cold]
    pub fn wrong_element(el: ElementRef<'_>, _name: &str, _ns: &str) -> Self {
        Self::new(el, DecodeErrorKind::WrongElement)
    }

    /// A required attribute is missing.
    #[cold]
    pub fn missing_attribute(el: ElementRef<'_>, name: &str) -> Self {
        Self::new(el, DecodeErrorKind::MissingAttribute(name.into()))
    }

    /// An attribute does not hold what its type requires.
    #[cold]
    pub fn invalid_attribute(el: ElementRef<'_>, name: &str, error: ValueError) -> Self {
        Self::new(el, DecodeErrorKind::InvalidAttribute(name.into(), error))
    }

    /// A required child is missing.
    #[cold]
    pub fn missing_child(el: ElementRef<'_>, name: &str) -> Self {
        Self::new(el, DecodeErrorKind::MissingChild(name.into()))
    }

    /// A child is there more often than allowed.
    #[cold]
    pub fn repeated_child(el: ElementRef<'_>, name: &str) -> Self {
        Self::new(el, DecodeErrorKind::RepeatedChild(name.into()))
    }

    /// The text does not hold what its type requires.
    #[cold]
    pub fn invalid_text(el: ElementRef<'_>, error: ValueError) -> Self {
        Self::new(el, DecodeErrorKind::InvalidText(error))
    }

    /// None of the possible elements is there.
    #[cold]
    pub fn no_choice(el: ElementRef<'_>) -> Self {
        Self::new(el, DecodeErrorKind::NoChoice)
    }

    /// Anything else, in words.
    #[cold]
    pub fn other(el: ElementRef<'_>, what: impl Into<Text>) -> Self {
        Self::new(el, DecodeErrorKind::Other(what.into()))
    }

    /// Local name of the element.
    pub fn element(&self) -> &str {
        &self.0.element
    }

    /// Namespace of the element.
    pub fn ns(&self) -> &str {
        &self.0.ns
    }

    /// What is wrong with it.
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.0.kind
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { element, ns, kind } = &*self.0;
        match kind {
            DecodeErrorKind::WrongElement => write!(
                f,
                "<{element}/> in {ns} is not the element that belongs here"
            ),
            DecodeErrorKind::MissingAttribute(name) => {
                write!(f, "<{element}/> lacks its attribute {name}")
            }
            DecodeErrorKind::InvalidAttribute(name, error) => {
                write!(f, "attribute {name} of <{element}/>: {error}")
            }
            DecodeErrorKind::MissingChild(name) => {
                write!(f, "<{element}/> lacks its child <{name}/>")
            }
            DecodeErrorKind::RepeatedChild(name) => {
                write!(f, "<{element}/> has more than one <{name}/>")
            }
            DecodeErrorKind::InvalidText(error) => write!(f, "text of <{element}/>: {error}"),
            DecodeErrorKind::NoChoice => write!(
                f,
                "<{element}/> in {ns} is or holds none of the possible elements"
            ),
            DecodeErrorKind::Other(what) => write!(f, "<{element}/>: {what}"),
        }
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecodeError({self})")
    }
}

impl std::error::Error for DecodeError {}

impl From<DecodeError> for StanzaError {
    /// `bad-request`, type `modify`, with the reason in words (RFC 6120 §8.3.3.1).
    fn from(error: DecodeError) -> Self {
        StanzaError::new(Condition::BadRequest).with_text(error.to_string())
    }
}
