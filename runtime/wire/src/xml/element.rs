//! Walking a frame.

use std::borrow::Cow;

use super::{AnyElement, Frame};
use crate::{Content, DecodeError, FromText, Payload, Text};

/// One element of a frame.
#[derive(Clone, Copy)]
pub struct ElementRef<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) at: u32,
}

impl<'a> ElementRef<'a> {
    /// Local name.
    pub fn name(self) -> &'a str {
        todo!()
    }

    /// Namespace; empty where there is none.
    pub fn ns(self) -> &'a str {
        todo!()
    }

    /// Whether it has that name and namespace.
    pub fn is(self, name: &str, ns: &str) -> bool {
        self.name() == name && self.ns() == ns
    }

    /// The value of an attribute: of one without a prefix, or of one such as `xml:lang`.
    pub fn attr(self, _name: &str) -> Option<Text> {
        todo!()
    }

    /// The same without a reference to the buffer.
    pub fn attr_str(self, _name: &str) -> Option<Cow<'a, str>> {
        todo!()
    }

    /// The value of an attribute in a namespace.
    pub fn attr_ns(self, _name: &str, _ns: &str) -> Option<Text> {
        todo!()
    }

    /// All attributes but namespace declarations.
    pub fn attrs(self) -> Attrs<'a> {
        todo!()
    }

    /// The elements directly inside.
    pub fn children(self) -> Elements<'a> {
        todo!()
    }

    /// The first element directly inside that has this name and namespace.
    pub fn child(self, name: &str, ns: &str) -> Option<ElementRef<'a>> {
        self.children().find(|child| child.is(name, ns))
    }

    /// Elements and text directly inside, in order.
    pub fn nodes(self) -> Nodes<'a> {
        todo!()
    }

    /// The text directly inside, unescaped; no copy where nothing was escaped.
    pub fn text(self) -> Text {
        todo!()
    }

    /// Whether there is text other than white space directly inside.
    pub fn has_text(self) -> bool {
        todo!()
    }

    /// The `xml:lang` in scope, as far as this frame knows (XML §2.12).
    pub fn lang(self) -> Option<Text> {
        self.attr("xml:lang")
    }

    /// The element on its own; shares the frame.
    pub fn to_any(self) -> AnyElement {
        AnyElement { frame: self.frame.clone(), at: self.at }
    }

    /// Reads the element as a type.
    ///
    /// # Errors
    /// When it is not that element, or does not fit the type.
    pub fn decode<T: Payload>(self) -> Result<T, DecodeError> {
        T::read(self)
    }

    /// Reads the element's content as a type, whatever the element's name.
    ///
    /// # Errors
    /// When it does not fit the type.
    pub fn decode_content<T: Content>(self) -> Result<T, DecodeError> {
        T::decode(self)
    }

    /// Reads the text as a value.
    ///
    /// # Errors
    /// When the text is not such a value.
    pub fn decode_text<T: FromText>(self) -> Result<T, DecodeError> {
        T::from_text(self.text()).map_err(|error| DecodeError::invalid_text(self, error))
    }
}
impl std::fmt::Debug for ElementRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// One attribute.
#[derive(Clone, Copy)]
pub struct Attr<'a> {
    pub(crate) el: ElementRef<'a>,
}

impl<'a> Attr<'a> {
    /// Local name.
    pub fn name(self) -> &'a str {
        todo!()
    }

    /// Namespace; empty without a prefix.
    pub fn ns(self) -> &'a str {
        todo!()
    }

    /// What to match on: the local name without a prefix, `xml:lang` and the like, and nothing for other prefixes.
    pub fn key(self) -> Option<&'a str> {
        todo!()
    }

    /// Value, unescaped; no copy where nothing was escaped.
    pub fn value(self) -> Text {
        todo!()
    }

    /// Value, unescaped, without a reference to the buffer.
    pub fn value_str(self) -> Cow<'a, str> {
        todo!()
    }

    /// Local name, sharing the buffer.
    pub fn name_text(self) -> Text {
        todo!()
    }

    /// Namespace, sharing the buffer.
    pub fn ns_text(self) -> Text {
        todo!()
    }

    /// Reads the value.
    ///
    /// # Errors
    /// When it is not such a value; the error names element and attribute.
    pub fn decode<T: FromText>(self) -> Result<T, DecodeError> {
        T::from_text(self.value()).map_err(|error| DecodeError::invalid_attribute(self.el, self.name(), error))
    }
}

/// The attributes of an element.
#[derive(Clone)]
pub struct Attrs<'a> {
    pub(crate) el: ElementRef<'a>,
}

impl<'a> Iterator for Attrs<'a> {
    type Item = Attr<'a>;
    fn next(&mut self) -> Option<Attr<'a>> {
        todo!()
    }
}

/// The elements directly inside an element.
#[derive(Clone)]
pub struct Elements<'a> {
    pub(crate) el: ElementRef<'a>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = ElementRef<'a>;
    fn next(&mut self) -> Option<ElementRef<'a>> {
        todo!()
    }
}

/// What is directly inside an element.
#[derive(Clone)]
pub enum Node<'a> {
    /// An element.
    Element(ElementRef<'a>),
    /// Text, unescaped.
    Text(Cow<'a, str>),
}

/// Elements and text directly inside an element, in order.
#[derive(Clone)]
pub struct Nodes<'a> {
    pub(crate) el: ElementRef<'a>,
}

impl<'a> Iterator for Nodes<'a> {
    type Item = Node<'a>;
    fn next(&mut self) -> Option<Node<'a>> {
        todo!()
    }
}
