//! What a typed element carried beyond its type.

use crate::Text;
use crate::xml::{AnyElement, Attr, ElementRef, Writer};

/// An attribute that the type of its element does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraAttribute {
    /// Local name.
    pub name: Text,
    /// Namespace; empty without a prefix.
    pub ns: Text,
    /// Value, unescaped.
    pub value: Text,
}

/// Attributes and children that the type of their element does not know, kept so that a round trip loses nothing.
/// Eight bytes while there are none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extra(Option<Box<Inner>>);

#[derive(Debug, Clone, Default, PartialEq)]
struct Inner {
    attributes: Vec<ExtraAttribute>,
    children: Vec<AnyElement>,
}

impl Extra {
    /// Nothing beyond the type.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Whether there is nothing beyond the type.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The unknown attributes, in the order they came.
    pub fn attributes(&self) -> &[ExtraAttribute] {
        self.0.as_deref().map_or(&[], |inner| &inner.attributes)
    }

    /// The unknown children, in the order they came.
    pub fn children(&self) -> &[AnyElement] {
        self.0.as_deref().map_or(&[], |inner| &inner.children)
    }

    /// Keeps an attribute that was read.
    pub fn push_attr(&mut self, attr: Attr<'_>) {
        self.push_attribute(ExtraAttribute {
            name: attr.name_text(),
            ns: attr.ns_text(),
            value: attr.value(),
        });
    }

    /// Keeps a child that was read.
    pub fn push_element(&mut self, el: ElementRef<'_>) {
        self.push_child(el.to_any());
    }

    /// Adds an attribute.
    pub fn push_attribute(&mut self, attribute: ExtraAttribute) {
        self.0.get_or_insert_default().attributes.push(attribute);
    }

    /// Adds a child.
    pub fn push_child(&mut self, child: AnyElement) {
        self.0.get_or_insert_default().children.push(child);
    }

    /// Writes the attributes; the start tag has to be open still.
    pub fn write_attributes(&self, w: &mut Writer<'_>) {
        for attribute in self.attributes() {
            w.attr_ns(&attribute.name, &attribute.ns, &attribute.value);
        }
    }

    /// Writes the children.
    pub fn write_children(&self, w: &mut Writer<'_>) {
        for child in self.children() {
            w.any(child);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_small_while_empty() {
        assert_eq!(size_of::<Extra>(), size_of::<usize>());
        assert!(Extra::default().is_empty());
    }
}
