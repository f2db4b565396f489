//! Walking a frame.

use std::borrow::Cow;
use std::fmt;

use super::index::{Attribute, Element, NsId, flags};
use super::{AnyElement, Frame, decode};
use crate::{Content, DecodeError, FromText, Payload, Text};

/// One element of a frame.
#[derive(Clone, Copy)]
pub struct ElementRef<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) at: u32,
}

impl<'a> ElementRef<'a> {
    #[inline]
    pub(crate) fn entry(self) -> Element {
        self.frame.index().element(self.at)
    }

    /// The frame it belongs to.
    pub fn frame(self) -> &'a Frame {
        self.frame
    }

    /// Local name.
    #[inline]
    pub fn name(self) -> &'a str {
        let entry = self.entry();
        let start = entry.start + 1 + u32::from(entry.prefix_len);
        self.frame.part(start, start + u32::from(entry.name_len))
    }

    /// Namespace; empty where there is none. The content namespace of a stream is always `jabber:client`.
    #[inline]
    pub fn ns(self) -> &'a str {
        self.frame.namespace(self.entry().ns)
    }

    /// Whether it has that name and namespace.
    #[inline]
    pub fn is(self, name: &str, ns: &str) -> bool {
        self.name() == name && self.ns() == ns
    }

    /// Local name, sharing the buffer.
    pub fn name_text(self) -> Text {
        self.frame.share(self.name())
    }

    /// Namespace, sharing the buffer.
    pub fn ns_text(self) -> Text {
        self.frame.namespace_text(self.entry().ns)
    }

    /// The value of an attribute: of one without a prefix, or of one such as `xml:lang`.
    pub fn attr(self, name: &str) -> Option<Text> {
        self.find(name).map(Attr::value)
    }

    /// The same without a reference to the buffer.
    pub fn attr_str(self, name: &str) -> Option<Cow<'a, str>> {
        self.find(name).map(Attr::value_str)
    }

    /// The value of an attribute in a namespace.
    pub fn attr_ns(self, name: &str, ns: &str) -> Option<Text> {
        self.attrs()
            .find(|attr| attr.name() == name && attr.ns() == ns)
            .map(Attr::value)
    }

    fn find(self, key: &str) -> Option<Attr<'a>> {
        self.attrs().find(|attr| attr.key() == Some(key))
    }

    /// All attributes but namespace declarations.
    #[inline]
    pub fn attrs(self) -> Attrs<'a> {
        let entry = self.entry();
        Attrs {
            el: self,
            next: entry.attrs,
            end: entry.attrs + u32::from(entry.attr_count),
        }
    }

    /// The elements directly inside.
    #[inline]
    pub fn children(self) -> Elements<'a> {
        Elements {
            frame: self.frame,
            next: self.at + 1,
            end: self.entry().next,
        }
    }

    /// The first element directly inside that has this name and namespace.
    pub fn child(self, name: &str, ns: &str) -> Option<ElementRef<'a>> {
        self.children().find(|child| child.is(name, ns))
    }

    /// Elements and text directly inside, in order.
    pub fn nodes(self) -> Nodes<'a> {
        let entry = self.entry();
        Nodes {
            frame: self.frame,
            escaped: entry.has(flags::ESCAPED),
            text: entry.content_start,
            text_end: entry.content_end,
            child: self.at + 1,
            child_end: entry.next,
        }
    }

    /// The text directly inside, unescaped; no copy where nothing was escaped.
    pub fn text(self) -> Text {
        let entry = self.entry();
        if entry.next == self.at + 1 {
            let raw = self.frame.part(entry.content_start, entry.content_end);
            return if entry.has(flags::ESCAPED) {
                decode::owned(raw, decode::text)
            } else {
                self.frame.share(raw)
            };
        }
        match self.text_str() {
            Cow::Borrowed(text) => self.frame.share(text),
            Cow::Owned(text) => Text::from(text),
        }
    }

    /// The same without a reference to the buffer.
    pub fn text_str(self) -> Cow<'a, str> {
        let mut all = Cow::Borrowed("");
        for node in self.nodes() {
            if let Node::Text(text) = node {
                if all.is_empty() {
                    all = text;
                } else {
                    all.to_mut().push_str(&text);
                }
            }
        }
        all
    }

    /// Whether there is text other than white space directly inside.
    pub fn has_text(self) -> bool {
        self.entry().has(flags::HAS_TEXT)
    }

    /// Whether there are elements inside.
    #[inline]
    pub fn has_children(self) -> bool {
        self.entry().next != self.at + 1
    }

    /// Whether there is nothing inside, neither elements nor text.
    pub fn is_empty(self) -> bool {
        let entry = self.entry();
        entry.content_start == entry.content_end
    }

    /// The element's own `xml:lang` (XML §2.12).
    pub fn lang(self) -> Option<Text> {
        self.attr("xml:lang")
    }

    /// The element with its tags as it stands in the frame. Prefixes and the default namespace may be declared further up.
    pub fn as_str(self) -> &'a str {
        let entry = self.entry();
        self.frame.part(entry.start, entry.end)
    }

    /// The element on its own; shares the frame.
    pub fn to_any(self) -> AnyElement {
        AnyElement {
            frame: self.frame.clone(),
            at: self.at,
        }
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

    /// Whether both say the same: names, attributes in any order, children and text in order.
    pub fn same_as(self, other: ElementRef<'_>) -> bool {
        let (mine, others) = (self.attrs(), other.attrs());
        self.name() == other.name()
            && self.ns() == other.ns()
            && mine.len() == others.len()
            && mine.clone().all(|attr| {
                others.clone().any(|twin| {
                    attr.name() == twin.name()
                        && attr.ns() == twin.ns()
                        && attr.value_str() == twin.value_str()
                })
            })
            && self.nodes().eq(other.nodes())
    }
}

impl fmt::Debug for ElementRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One attribute.
#[derive(Clone, Copy)]
pub struct Attr<'a> {
    el: ElementRef<'a>,
    entry: Attribute,
}

impl<'a> Attr<'a> {
    /// Local name.
    #[inline]
    pub fn name(self) -> &'a str {
        self.el.frame.part(
            self.entry.name,
            self.entry.name + u32::from(self.entry.name_len),
        )
    }

    /// Namespace; empty without a prefix.
    #[inline]
    pub fn ns(self) -> &'a str {
        self.el.frame.namespace(self.entry.ns)
    }

    /// What to match on: the local name without a prefix, `xml:lang` and the like, and nothing for other prefixes.
    #[inline]
    pub fn key(self) -> Option<&'a str> {
        let prefix = match self.entry.ns {
            NsId::NONE => 0,
            // No other prefix may stand for it, so the bytes before the name are these four.
            NsId::XML => 4,
            _ => return None,
        };
        Some(self.el.frame.part(
            self.entry.name.saturating_sub(prefix),
            self.entry.name + u32::from(self.entry.name_len),
        ))
    }

    /// Whether it has that name and namespace; the namespace is empty without a prefix.
    pub fn is(self, name: &str, ns: &str) -> bool {
        self.name() == name && self.ns() == ns
    }

    /// Value, unescaped; no copy where nothing was escaped.
    #[inline]
    pub fn value(self) -> Text {
        let raw = self
            .el
            .frame
            .part(self.entry.value, self.entry.value + self.entry.value_len);
        if self.entry.escaped {
            decode::owned(raw, decode::attribute)
        } else {
            self.el.frame.share(raw)
        }
    }

    /// Value, unescaped, without a reference to the buffer.
    #[inline]
    pub fn value_str(self) -> Cow<'a, str> {
        let raw = self
            .el
            .frame
            .part(self.entry.value, self.entry.value + self.entry.value_len);
        if self.entry.escaped {
            let mut value = String::new();
            decode::attribute(raw, &mut value);
            Cow::Owned(value)
        } else {
            Cow::Borrowed(raw)
        }
    }

    /// Local name, sharing the buffer.
    pub fn name_text(self) -> Text {
        self.el.frame.share(self.name())
    }

    /// Namespace, sharing the buffer.
    pub fn ns_text(self) -> Text {
        self.el.frame.namespace_text(self.entry.ns)
    }

    /// Reads the value.
    ///
    /// # Errors
    /// When it is not such a value; the error names element and attribute.
    #[inline]
    pub fn decode<T: FromText>(self) -> Result<T, DecodeError> {
        T::from_text(self.value())
            .map_err(|error| DecodeError::invalid_attribute(self.el, self.name(), error))
    }
}

impl fmt::Debug for Attr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}{}={:?}", self.ns(), self.name(), self.value_str())
    }
}

/// The attributes of an element.
#[derive(Clone)]
pub struct Attrs<'a> {
    el: ElementRef<'a>,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Attrs<'a> {
    type Item = Attr<'a>;

    #[inline]
    fn next(&mut self) -> Option<Attr<'a>> {
        if self.next >= self.end {
            return None;
        }
        let entry = self.el.frame.index().attribute(self.next);
        self.next += 1;
        Some(Attr { el: self.el, entry })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.end - self.next) as usize;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Attrs<'_> {}

/// The elements directly inside an element.
#[derive(Clone)]
pub struct Elements<'a> {
    frame: &'a Frame,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Elements<'a> {
    type Item = ElementRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<ElementRef<'a>> {
        if self.next >= self.end {
            return None;
        }
        let el = ElementRef {
            frame: self.frame,
            at: self.next,
        };
        // An index never points back, but a loop must not hang on it.
        self.next = el.entry().next.max(self.next + 1);
        Some(el)
    }
}

/// What is directly inside an element.
#[derive(Debug, Clone)]
pub enum Node<'a> {
    /// An element.
    Element(ElementRef<'a>),
    /// Text, unescaped.
    Text(Cow<'a, str>),
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Element(a), Self::Element(b)) => a.same_as(*b),
            (Self::Text(a), Self::Text(b)) => a == b,
            _ => false,
        }
    }
}

/// Elements and text directly inside an element, in order. Empty text is left out.
#[derive(Clone)]
pub struct Nodes<'a> {
    frame: &'a Frame,
    escaped: bool,
    /// Where the text begins that has not been yielded.
    text: u32,
    text_end: u32,
    child: u32,
    child_end: u32,
}

impl<'a> Iterator for Nodes<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        let child = (self.child < self.child_end).then(|| self.frame.index().element(self.child));
        let end = child.map_or(self.text_end, |child| child.start);
        let raw = self.frame.part(self.text, end);
        self.text = end;
        if !raw.is_empty() {
            let text = if self.escaped {
                let mut text = String::new();
                decode::text(raw, &mut text);
                Cow::Owned(text)
            } else {
                Cow::Borrowed(raw)
            };
            if !text.is_empty() {
                return Some(Node::Text(text));
            }
        }
        let child = child?;
        let el = ElementRef {
            frame: self.frame,
            at: self.child,
        };
        self.text = child.end;
        self.child = child.next.max(self.child + 1);
        Some(Node::Element(el))
    }
}
