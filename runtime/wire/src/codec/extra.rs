//! What a typed element carried beyond its type.

use std::fmt;

use super::arrange::Arrangement;
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
///
/// It also remembers how an element was arranged that did not come in the order of its type's fields, so that it
/// is written back that way. The arrangement is no part of what is said: it counts neither for
/// [`Extra::is_empty`] nor when values are compared.
#[derive(Clone, Default)]
pub struct Extra(Option<Box<Inner>>);

#[derive(Clone, Default)]
struct Inner {
    attributes: Vec<ExtraAttribute>,
    children: Vec<AnyElement>,
    arrangement: Option<Arrangement>,
    spellings: Vec<Spelling>,
}

/// An attribute that the type writes otherwise than it came, though it says the same.
#[derive(Clone)]
struct Spelling {
    /// Name as it is written, `xml:lang` included.
    name: Text,
    written: Text,
    came: Text,
}

impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        self.attributes() == other.attributes() && self.children() == other.children()
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = (!self.is_empty()).then(|| (self.attributes(), self.children()));
        f.debug_tuple("Extra").field(&known).finish()
    }
}

impl Extra {
    /// Nothing beyond the type.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Whether there is nothing beyond the type.
    pub fn is_empty(&self) -> bool {
        self.attributes().is_empty() && self.children().is_empty()
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

    /// Keeps how the value of a known attribute was spelled.
    #[cold]
    pub(crate) fn keep_spelling(&mut self, attr: Attr<'_>, written: Text, came: Text) {
        let Some(name) = attr.key().map(Text::from) else {
            return;
        };
        self.0.get_or_insert_default().spellings.push(Spelling {
            name,
            written,
            came,
        });
    }

    /// Keeps how the element was arranged.
    pub(crate) fn keep(&mut self, arrange: impl FnOnce(&[AnyElement]) -> Arrangement) {
        let inner = self.0.get_or_insert_default();
        inner.arrangement = Some(arrange(&inner.children));
    }

    /// Writes the attributes; the start tag has to be open still, and the known attributes written.
    pub fn write_attributes(&self, w: &mut Writer<'_>) {
        let Some(inner) = &self.0 else { return };
        if !w.leaves_out_unknown() {
            for spelling in &inner.spellings {
                w.respell(&spelling.name, &spelling.written, &spelling.came);
            }
            for attribute in &inner.attributes {
                w.attr_ns(&attribute.name, &attribute.ns, &attribute.value);
            }
        }
    }

    /// Writes the children behind the known content, which was written from `content` ([`Writer::position`]) on,
    /// and puts all of it into the order in which it came.
    #[inline]
    pub fn write_children(&self, w: &mut Writer<'_>, content: usize) {
        if let Some(inner) = &self.0 {
            inner.write_children(w, content);
        }
    }
}

impl Inner {
    #[cold]
    fn write_children(&self, w: &mut Writer<'_>, content: usize) {
        if let Some(arrangement) = &self.arrangement
            && arrangement.write(w, content, &self.children)
        {
            return;
        }
        if !w.leaves_out_unknown() {
            for child in &self.children {
                w.any(child);
            }
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
