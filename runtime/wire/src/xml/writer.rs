//! Writing XML.

use smallvec::SmallVec;

use super::index::flags;
use super::{AnyElement, ElementRef, Node};
use crate::{TextWriter, ToText, escape, ns};

/// Writes elements to the end of a buffer. It declares namespaces where they change and closes empty elements at once.
///
/// Names come from code or from what was read, never from a peer's text: they are written as they are.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// The default namespace where writing begins.
    base: &'a str,
    /// Whether the start tag written last lacks its `>`.
    tag_open: bool,
    /// For each open element where its default namespace stands.
    open: SmallVec<[Default; 8]>,
    /// Prefixes made up for attributes so far.
    prefixes: u32,
    /// What typed values keep beyond their types is left out.
    typed_only: bool,
}

/// Where a default namespace stands.
#[derive(Debug, Clone, Copy)]
enum Default {
    /// It is that where writing began.
    Base,
    /// In the output: place and length.
    Out(usize, usize),
    /// In the output, but escaped: never the same as another.
    Escaped,
}

impl<'a> Writer<'a> {
    /// Writes where the default namespace is `content_ns`. Where that is the content namespace of a
    /// stream (client, server or component), elements of `jabber:client` are written without a declaration.
    pub fn new(out: &'a mut Vec<u8>, content_ns: &'a str) -> Self {
        let base = if ns::is_content(content_ns) {
            ns::CLIENT
        } else {
            content_ns
        };
        Self {
            out,
            base,
            tag_open: false,
            open: SmallVec::new(),
            prefixes: 0,
            typed_only: false,
        }
    }

    /// Writes of typed values only what their types declare: the attributes, children and text that an
    /// [`Extra`](crate::Extra) keeps are left out. Tools ask this to see what a type covers.
    pub fn leave_out_unknown(&mut self) {
        self.typed_only = true;
    }

    /// Whether [`Writer::leave_out_unknown`] was asked for.
    pub(crate) fn leaves_out_unknown(&self) -> bool {
        self.typed_only
    }

    /// Where in the buffer writing goes on.
    #[inline]
    pub fn position(&self) -> usize {
        self.out.len()
    }

    /// What was written of the content of the element just begun, from a position on, and the namespace around
    /// it; nothing where that namespace is not known as it stands.
    pub(crate) fn content_from(&self, position: usize) -> Option<(&str, &str)> {
        let namespace = match self.open.last()? {
            Default::Base => self.base,
            Default::Out(start, len) => {
                std::str::from_utf8(self.out.get(*start..*start + *len)?).ok()?
            }
            Default::Escaped => return None,
        };
        let content = std::str::from_utf8(self.out.get(position..)?).ok()?;
        if self.tag_open {
            return Some((namespace, ""));
        }
        // Behind the position comes what ends the start tag.
        Some((namespace, content.strip_prefix('>')?))
    }

    /// Writes the value of an attribute of the element just begun otherwise, if it is still the one expected.
    pub(crate) fn respell(&mut self, name: &str, expected: &str, value: &str) {
        let attribute = |value: &str| {
            let mut text = format!(" {name}='").into_bytes();
            escape::attribute(&mut text, value);
            text.push(b'\'');
            text
        };
        let expected = attribute(expected);
        // It stands behind the last `<`, which no value holds as it is.
        let tag = self.out.iter().rposition(|&byte| byte == b'<').unwrap_or(0);
        let Some(at) = self.out.get(tag..).and_then(|tag| {
            tag.windows(expected.len())
                .position(|part| part == expected)
        }) else {
            return;
        };
        let at = tag + at;
        self.out.splice(at..at + expected.len(), attribute(value));
    }

    /// Takes back what was written of the content from a position on; the start tag is open again.
    pub(crate) fn take_back(&mut self, position: usize) {
        self.out.truncate(position);
        self.tag_open = true;
    }

    #[inline]
    fn finish_tag(&mut self) {
        if self.tag_open {
            self.tag_open = false;
            self.out.push(b'>');
        }
    }

    /// Whether `ns` is the default namespace here.
    pub(crate) fn is_default(&self, ns: &str) -> bool {
        match self.open.last() {
            None | Some(Default::Base) => ns == self.base,
            Some(Default::Out(start, len)) => {
                self.out.get(*start..*start + *len) == Some(ns.as_bytes())
            }
            Some(Default::Escaped) => false,
        }
    }

    /// Begins an element.
    pub fn start(&mut self, name: &str, ns: &str) {
        self.finish_tag();
        self.out.push(b'<');
        self.out.extend_from_slice(name.as_bytes());
        let default = if self.is_default(ns) {
            self.open.last().copied().unwrap_or(Default::Base)
        } else {
            self.declare(ns)
        };
        self.open.push(default);
        self.tag_open = true;
    }

    fn declare(&mut self, ns: &str) -> Default {
        self.out.extend_from_slice(b" xmlns='");
        let start = self.out.len();
        escape::attribute(self.out, ns);
        let len = self.out.len() - start;
        self.out.push(b'\'');
        if self.out.get(start..start + len) == Some(ns.as_bytes()) {
            Default::Out(start, len)
        } else {
            Default::Escaped
        }
    }

    /// Adds an attribute to the element just begun: one without a prefix, or one such as `xml:lang`.
    pub fn attr(&mut self, name: &str, value: impl ToText) {
        debug_assert!(self.tag_open, "an attribute {name} behind the start tag");
        self.out.push(b' ');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"='");
        value.to_text(&mut TextWriter::attribute(self.out));
        self.out.push(b'\'');
    }

    /// Adds an attribute if there is a value.
    pub fn attr_opt<T: ToText>(&mut self, name: &str, value: Option<T>) {
        if let Some(value) = value {
            self.attr(name, value);
        }
    }

    /// Adds an attribute in a namespace, with a declaration where it needs one.
    pub fn attr_ns(&mut self, name: &str, ns: &str, value: impl ToText) {
        debug_assert!(self.tag_open, "an attribute {name} behind the start tag");
        let mut number = [0; 10];
        match ns {
            "" => return self.attr(name, value),
            ns::XML => self.out.extend_from_slice(b" xml:"),
            _ => {
                self.prefixes += 1;
                let number = decimal(self.prefixes, &mut number);
                self.out.extend_from_slice(b" xmlns:a");
                self.out.extend_from_slice(number);
                self.out.extend_from_slice(b"='");
                escape::attribute(self.out, ns);
                self.out.extend_from_slice(b"' a");
                self.out.extend_from_slice(number);
                self.out.push(b':');
            }
        }
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"='");
        value.to_text(&mut TextWriter::attribute(self.out));
        self.out.push(b'\'');
    }

    /// Adds text.
    pub fn text(&mut self, value: impl ToText) {
        let open = self.tag_open;
        self.finish_tag();
        let before = self.out.len();
        value.to_text(&mut TextWriter::element(self.out));
        if open && self.out.len() == before {
            // No text after all: the element may still turn out empty.
            self.out.pop();
            self.tag_open = true;
        }
    }

    /// Ends the element begun last that is still open.
    pub fn end(&mut self, name: &str) {
        self.open.pop();
        if self.tag_open {
            self.tag_open = false;
            self.out.extend_from_slice(b"/>");
        } else {
            self.out.extend_from_slice(b"</");
            self.out.extend_from_slice(name.as_bytes());
            self.out.push(b'>');
        }
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

    /// Writes an element that was read; as it came, wherever its namespaces do not hang on what was around it.
    pub fn element(&mut self, element: ElementRef<'_>) {
        let entry = element.entry();
        let ns = element.ns();
        let same = self.is_default(ns);
        let own_default = entry.has(flags::OWN_DEFAULT);
        if entry.has(flags::FOREIGN) {
            self.rewrite(element);
        } else if own_default {
            // An explicit `jabber:client` would be wrong where the content namespace has another name.
            if same && ns == ns::CLIENT {
                self.rewrite(element)
            } else {
                self.verbatim(element.as_str())
            }
        } else if entry.prefix_len != 0 {
            // Without elements inside, the default namespace around it does not matter.
            if entry.next == element.at + 1 {
                self.verbatim(element.as_str())
            } else {
                self.rewrite(element)
            }
        } else if same {
            self.verbatim(element.as_str());
        } else {
            let name = element.name();
            self.finish_tag();
            self.out.push(b'<');
            self.out.extend_from_slice(name.as_bytes());
            self.declare(ns);
            self.verbatim(element.as_str().get(1 + name.len()..).unwrap_or_default());
        }
    }

    /// Adds XML as it is.
    pub(crate) fn verbatim(&mut self, xml: &str) {
        self.finish_tag();
        self.out.extend_from_slice(xml.as_bytes());
    }

    /// Writes an element from its parsed form.
    pub(crate) fn rewrite(&mut self, element: ElementRef<'_>) {
        let name = element.name();
        self.start(name, element.ns());
        for attr in element.attrs() {
            self.attr_ns(attr.name(), attr.ns(), attr.value_str());
        }
        for node in element.nodes() {
            match node {
                Node::Element(child) => self.rewrite(child),
                Node::Text(text) => self.text(text),
            }
        }
        self.end(name);
    }
}

/// A number as text without an allocation.
fn decimal(mut number: u32, into: &mut [u8; 10]) -> &[u8] {
    let mut start = into.len();
    for (at, digit) in into.iter_mut().enumerate().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        start = at;
        if number == 0 {
            break;
        }
    }
    into.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AnyElement;

    fn written(content_ns: &str, write: impl FnOnce(&mut Writer<'_>)) -> String {
        let mut out = Vec::new();
        write(&mut Writer::new(&mut out, content_ns));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn namespaces_are_declared_where_they_change() {
        let text = written(ns::SERVER, |w| {
            w.start("message", ns::CLIENT);
            w.attr("xml:lang", "en");
            w.start("x", "urn:x");
            w.empty_element("y", "urn:x");
            w.empty_element("body", ns::CLIENT);
            w.text_element("n", "", 7u8);
            w.end("x");
            w.empty_element("body", ns::CLIENT);
            w.end("message");
        });
        assert_eq!(
            text,
            "<message xml:lang='en'><x xmlns='urn:x'><y/><body xmlns='jabber:client'/><n xmlns=''>7</n></x><body/></message>"
        );
    }

    #[test]
    fn an_escaped_namespace_is_never_taken_for_another() {
        let text = written("", |w| {
            w.start("a", "u&v");
            w.empty_element("b", "u&amp;v");
            w.end("a");
        });
        assert_eq!(text, "<a xmlns='u&amp;v'><b xmlns='u&amp;amp;v'/></a>");
    }

    #[test]
    fn attributes_get_prefixes_and_empty_text_leaves_an_empty_element() {
        let text = written("", |w| {
            w.start("a", "");
            w.attr_ns("b", "urn:b", "1");
            w.attr_ns("c", "urn:c", true);
            w.attr_ns("lang", ns::XML, "en");
            w.attr_opt("d", None::<u8>);
            w.text("");
            w.end("a");
        });
        assert_eq!(
            text,
            "<a xmlns:a1='urn:b' a1:b='1' xmlns:a2='urn:c' a2:c='true' xml:lang='en'/>"
        );
        let mut digits = [0; 10];
        assert_eq!(decimal(0, &mut digits), b"0");
        assert_eq!(decimal(u32::MAX, &mut digits), b"4294967295");
    }

    #[test]
    fn elements_that_were_read_go_out_as_they_came() {
        let read = |text: &str| AnyElement::parse(text.to_owned()).unwrap();
        let any = read("<a  xmlns = \"urn:a\" ><b c=\"'\"/> </a>");
        assert_eq!(written(ns::CLIENT, |w| w.any(&any)), any.frame.as_str());
        // Inherited from further up.
        let inner = any.root().children().next().unwrap().to_any();
        assert_eq!(
            written(ns::CLIENT, |w| w.any(&inner)),
            "<b xmlns='urn:a' c=\"'\"/>"
        );
        assert_eq!(written("urn:a", |w| w.any(&inner)), "<b c=\"'\"/>");
        // An explicit `jabber:client` becomes the content namespace of whatever stream it goes to.
        let message = read("<message xmlns='jabber:client'><body/></message>");
        assert_eq!(
            written(ns::SERVER, |w| w.any(&message)),
            "<message><body/></message>"
        );
        assert_eq!(
            written("", |w| w.any(&message)),
            "<message xmlns='jabber:client'><body/></message>"
        );
    }
}
