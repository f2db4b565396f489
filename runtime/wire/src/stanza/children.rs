//! The children of a stanza: those kept of the frame it came in, and those added since.

use std::sync::OnceLock;

use smallvec::SmallVec;

use super::Stanza;
use crate::xml::Elements;
use crate::{AnyElement, DecodeError, ElementRef, Frame, Payload, Text, Writer, ns};

/// Which children of a frame are no longer part of the stanza, by their place among the children.
#[derive(Debug, Clone, Default)]
pub(super) struct Removed(SmallVec<[u64; 2]>);

impl Removed {
    pub(super) fn contains(&self, place: usize) -> bool {
        self.0
            .get(place / 64)
            .is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    pub(super) fn insert(&mut self, place: usize) {
        if self.0.len() <= place / 64 {
            self.0.resize(place / 64 + 1, 0);
        }
        if let Some(word) = self.0.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }
}

/// A child that was added.
#[derive(Clone)]
pub(super) enum Part {
    /// Written already.
    Written(Written),
    /// Taken from elsewhere.
    Any(AnyElement),
}

/// A child in the form in which it goes out on any stream.
#[derive(Clone)]
pub(super) struct Written {
    xml: Text,
    /// Bytes of the name, which follows the first `<`.
    name: usize,
    /// Place and length of the namespace; zero where it is the content namespace.
    ns: (usize, usize),
    /// For those who look inside.
    frame: OnceLock<Frame>,
}

impl Part {
    /// Writes a typed child. It is not parsed until somebody looks inside.
    pub(super) fn new(payload: &impl Payload) -> Self {
        let mut out = Vec::with_capacity(256);
        payload.write(&mut Writer::new(&mut out, ns::CLIENT));
        // The writer takes strings only, so this is UTF-8.
        Self::from_xml(Text::from(String::from_utf8(out).unwrap_or_default()))
    }

    /// The writer begins an element in one way only: name, then the namespace if it is another.
    fn from_xml(xml: Text) -> Self {
        let name = xml
            .bytes()
            .skip(1)
            .position(|byte| matches!(byte, b' ' | b'>' | b'/'))
            .unwrap_or(0);
        let ns = match xml
            .get(1 + name..)
            .and_then(|rest| rest.strip_prefix(" xmlns='"))
        {
            Some(rest) => (name + 9, rest.find('\'').unwrap_or(0)),
            None => (0, 0),
        };
        let written = Written {
            xml,
            name,
            ns,
            frame: OnceLock::new(),
        };
        if written.ns().contains('&') {
            return Self::Any(AnyElement::from(written.frame().clone()));
        }
        Self::Written(written)
    }

    pub(super) fn child(&self) -> Child<'_> {
        Child(match self {
            Self::Written(written) => Inner::Written(written),
            Self::Any(any) => Inner::Element(any.root()),
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        match self {
            // What it leaves undeclared is in `jabber:client`, so it only stands where that is the default.
            Self::Written(written) if w.is_default(ns::CLIENT) => w.verbatim(&written.xml),
            Self::Written(written) => w.element(written.frame().root()),
            Self::Any(any) => w.any(any),
        }
    }

    pub(super) fn pinned(&self) -> usize {
        match self {
            Self::Written(written) => {
                written.xml.len() + written.frame.get().map_or(0, |frame| frame.pinned())
            }
            Self::Any(any) => any.pinned(),
        }
    }

    pub(super) fn compact(&mut self) {
        match self {
            // Its buffer is its own anyway.
            Self::Written(_) => {}
            Self::Any(any) => *any = any.detach(),
        }
    }
}

impl Written {
    fn name(&self) -> &str {
        self.xml.get(1..1 + self.name).unwrap_or_default()
    }

    fn ns(&self) -> &str {
        match self.ns {
            (0, _) => ns::CLIENT,
            (start, len) => self.xml.get(start..start + len).unwrap_or_default(),
        }
    }

    fn frame(&self) -> &Frame {
        self.frame
            .get_or_init(|| match Frame::parse_in(self.xml.clone(), ns::CLIENT) {
                Ok(frame) => frame,
                Err(error) => {
                    debug_assert!(false, "not one element ({error}): {}", self.xml);
                    AnyElement::build(|w| w.empty_element("invalid", "")).frame
                }
            })
    }
}

/// One child of a stanza.
#[derive(Clone, Copy)]
pub struct Child<'a>(Inner<'a>);

#[derive(Clone, Copy)]
enum Inner<'a> {
    Element(ElementRef<'a>),
    Written(&'a Written),
}

impl<'a> Child<'a> {
    pub(super) fn kept(el: ElementRef<'a>) -> Self {
        Self(Inner::Element(el))
    }

    /// Local name.
    pub fn name(&self) -> &'a str {
        match self.0 {
            Inner::Element(el) => el.name(),
            Inner::Written(written) => written.name(),
        }
    }

    /// Namespace; `jabber:client` where it is the stream's content namespace.
    pub fn ns(&self) -> &'a str {
        match self.0 {
            Inner::Element(el) => el.ns(),
            Inner::Written(written) => written.ns(),
        }
    }

    /// Whether it has that name and namespace.
    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.name() == name && self.ns() == ns
    }

    /// The child as an element.
    pub fn element(&self) -> ElementRef<'a> {
        match self.0 {
            Inner::Element(el) => el,
            Inner::Written(written) => written.frame().root(),
        }
    }

    /// The child as an element of its own.
    pub fn to_any(&self) -> AnyElement {
        self.element().to_any()
    }

    /// Reads the child as a type.
    ///
    /// # Errors
    /// When it is not that element, or does not fit the type.
    pub fn decode<T: Payload>(&self) -> Result<T, DecodeError> {
        self.element().decode()
    }
}

impl std::fmt::Debug for Child<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.element().fmt(f)
    }
}

/// The children of a stanza: kept ones first, then those added.
#[derive(Clone)]
pub struct Children<'a> {
    kept: Option<Elements<'a>>,
    removed: &'a Removed,
    place: usize,
    added: std::slice::Iter<'a, Part>,
}

impl<'a> Children<'a> {
    pub(super) fn new(stanza: &'a Stanza) -> Self {
        Self {
            kept: stanza.body.as_ref().map(|body| body.root().children()),
            removed: &stanza.removed,
            place: 0,
            added: stanza.added.iter(),
        }
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Child<'a>;

    fn next(&mut self) -> Option<Child<'a>> {
        if let Some(kept) = &mut self.kept {
            for el in kept {
                let place = self.place;
                self.place += 1;
                if !self.removed.contains(place) {
                    return Some(Child::kept(el));
                }
            }
            self.kept = None;
        }
        self.added.next().map(Part::child)
    }
}
