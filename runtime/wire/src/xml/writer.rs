//! Writing XML.

use super::{AnyElement, ElementRef};
use crate::ToText;

/// Writes elements to the end of a buffer. It declares namespaces where they change and closes empty elements at once.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Writes where the default namespace is `content_ns`. Where that is the content namespace of a
    /// stream (client, server or component), elements of `jabber:client` are written without a declaration.
    pub fn new(out: &'a mut Vec<u8>, _content_ns: &'a str) -> Self {
        Self { out }
    }

    /// Begins an element.
    pub fn start(&mut self, _name: &str, _ns: &str) {
        todo!()
    }

    /// Adds an attribute to the element just begun: one without a prefix, or one such as `xml:lang`.
    pub fn attr(&mut self, _name: &str, _value: impl ToText) {
        let _ = &self.out;
        todo!()
    }

    /// Adds an attribute if there is a value.
    pub fn attr_opt<T: ToText>(&mut self, name: &str, value: Option<T>) {
        if let Some(value) = value {
            self.attr(name, value);
        }
    }

    /// Adds an attribute in a namespace, with a declaration where it needs one.
    pub fn attr_ns(&mut self, _name: &str, _ns: &str, _value: impl ToText) {
        todo!()
    }

    /// Adds text.
    pub fn text(&mut self, _value: impl ToText) {
        todo!()
    }

    /// Ends the element begun last that is still open.
    pub fn end(&mut self, _name: &str) {
        todo!()
    }

    /// Writes `<name>text</name>`.
    pub fn text_element(&mut self, name: &str, ns: &str, value: impl ToText) {
        self.start(name, ns);
        self.text(value);
        self.end(name);
    }

    /// Writes `<name/>`.
    pub fn empty_element(&mut self, name: &str, ns: &str) {
        self.start(name, ns);
        self.end(name);
    }

    /// Writes an element that was read.
    pub fn any(&mut self, element: &AnyElement) {
        self.element(element.root());
    }

    /// Writes an element that was read.
    pub fn element(&mut self, _element: ElementRef<'_>) {
        todo!()
    }
}
