//! Cutting what was written for a stream into elements that stand on their own.

use memchr::{memchr, memchr3};
use sestina_wire::ns;

/// One element as it was written for a stream: what the stream's header would declare is not declared in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    bytes: &'a [u8],
    /// Where the name in its start tag ends.
    name_end: usize,
    /// Whether it declares a default namespace.
    has_namespace: bool,
}

impl Element<'_> {
    /// The name as it is written, prefix included.
    pub(crate) fn name(&self) -> &[u8] {
        self.bytes.get(1..self.name_end).unwrap_or_default()
    }

    /// The value of an attribute that one of our own elements was written with, as it stands there.
    #[cfg(feature = "web")]
    pub(crate) fn own_attribute(&self, name: &str) -> Option<&str> {
        let text = std::str::from_utf8(self.bytes).ok()?;
        let (_, value) = text.split_once(&format!(" {name}='"))?;
        Some(value.split_once('\'')?.0)
    }

    /// Whether an element with this name stands somewhere in it.
    #[cfg(feature = "server")]
    pub(crate) fn has_child(&self, name: &str) -> bool {
        let tag = format!("<{name} ");
        memchr::memmem::find(self.bytes, tag.as_bytes()).is_some()
    }

    /// Whether it is RFC 7395's with this name.
    pub(crate) fn is_framing(&self, name: &str) -> bool {
        const FRAMING: &[u8] = b" xmlns='urn:ietf:params:xml:ns:xmpp-framing'";
        self.name() == name.as_bytes()
            && self
                .bytes
                .get(self.name_end..)
                .is_some_and(|rest| rest.starts_with(FRAMING))
    }

    /// Whether it uses the prefix of the stream's namespace.
    pub(crate) fn is_of_stream(&self) -> bool {
        self.name().starts_with(b"stream:")
    }

    /// What it declares beyond what was written, as attributes.
    fn declarations(&self) -> [&'static str; 2] {
        [
            if self.has_namespace {
                ""
            } else {
                " xmlns='jabber:client'"
            },
            if self.is_of_stream() {
                " xmlns:stream='http://etherx.jabber.org/streams'"
            } else {
                ""
            },
        ]
    }

    /// Bytes that [`write`](Element::write) appends.
    pub(crate) fn len(&self) -> usize {
        let [content, stream] = self.declarations();
        self.bytes.len() + content.len() + stream.len()
    }

    /// Appends it as a document of its own, with its namespaces declared.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let (name, rest) = self.bytes.split_at(self.name_end);
        out.extend_from_slice(name);
        for declaration in self.declarations() {
            out.extend_from_slice(declaration.as_bytes());
        }
        out.extend_from_slice(rest);
    }
}

/// Hands on each element of what was written for a stream, which is well formed and holds whole elements only. White
/// space between them, which keeps a connection of bytes alive, is left out.
pub(crate) fn elements<'a>(mut bytes: &'a [u8], mut take: impl FnMut(Element<'a>)) {
    debug_assert!(
        ns::CLIENT == "jabber:client" && ns::STREAM == "http://etherx.jabber.org/streams"
    );
    while let Some(start) = memchr(b'<', bytes) {
        bytes = bytes.get(start..).unwrap_or_default();
        let Some((element, length)) = first(bytes) else {
            debug_assert!(false, "half an element was written");
            return;
        };
        take(element);
        bytes = bytes.get(length..).unwrap_or_default();
    }
}

/// The element that the bytes begin with, and its length.
fn first(bytes: &[u8]) -> Option<(Element<'_>, usize)> {
    let mut top = None;
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        at += memchr(b'<', bytes.get(at..)?)?;
        let tag = Tag::read(bytes.get(at..)?)?;
        let (name_end, has_namespace) = *top.get_or_insert((tag.name_end, tag.declares_namespace));
        at += tag.length;
        match tag.kind {
            TagKind::Start => depth += 1,
            TagKind::End => depth = depth.checked_sub(1)?,
            TagKind::Empty => {}
        }
        if depth == 0 {
            let element = Element {
                bytes: bytes.get(..at)?,
                name_end,
                has_namespace,
            };
            return Some((element, at));
        }
    }
}

enum TagKind {
    Start,
    End,
    Empty,
}

struct Tag {
    kind: TagKind,
    length: usize,
    name_end: usize,
    declares_namespace: bool,
}

impl Tag {
    fn read(bytes: &[u8]) -> Option<Tag> {
        let name_end = 1 + bytes.get(1..)?.iter().position(|byte| {
            matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'>') || *byte == b'/'
        })?;
        let mut declares_namespace = false;
        let mut at = name_end;
        loop {
            let rest = bytes.get(at..)?;
            let found = memchr3(b'\'', b'"', b'>', rest)?;
            let mark = *rest.get(found)?;
            if mark == b'>' {
                let length = at + found + 1;
                let kind = if bytes.get(1) == Some(&b'/') {
                    TagKind::End
                } else if bytes.get(length.checked_sub(2)?) == Some(&b'/') {
                    TagKind::Empty
                } else {
                    TagKind::Start
                };
                return Some(Tag {
                    kind,
                    // An end tag has its slash where a name would begin.
                    name_end,
                    length,
                    declares_namespace,
                });
            }
            declares_namespace |= is_xmlns(rest.get(..found)?);
            at += found + 1;
            at += memchr(mark, bytes.get(at..)?)? + 1;
        }
    }
}

/// Whether the attribute whose value begins behind these bytes is `xmlns`.
fn is_xmlns(before: &[u8]) -> bool {
    let before = before.trim_ascii_end();
    let Some(name) = before.strip_suffix(b"=") else {
        return false;
    };
    name.trim_ascii() == b"xmlns"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(written: &str) -> Vec<String> {
        let mut found = Vec::new();
        elements(written.as_bytes(), |element| {
            let mut out = Vec::new();
            element.write(&mut out);
            assert_eq!(out.len(), element.len());
            found.push(String::from_utf8(out).unwrap());
        });
        found
    }

    #[test]
    fn every_element_stands_on_its_own() {
        let written = "<message to='a>b' x=\"'\"><body>1 > 0</body><e/></message> \n<r xmlns='urn:xmpp:sm:3'/>\
                       <stream:features><bind xmlns='urn:b'/></stream:features><iq a = '<'  xmlns = \"u\" />";
        // An attribute cannot hold a "<", but what can be in one is none of the cutter's business.
        assert_eq!(
            cut(written),
            [
                "<message xmlns='jabber:client' to='a>b' x=\"'\"><body>1 > 0</body><e/></message>",
                "<r xmlns='urn:xmpp:sm:3'/>",
                "<stream:features xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>\
                 <bind xmlns='urn:b'/></stream:features>",
                "<iq a = '<'  xmlns = \"u\" />",
            ]
        );
        assert!(cut(" ").is_empty());
    }

    #[test]
    fn our_own_headers_are_known() {
        let open =
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' version='1.0' id='a&apos;b'/>";
        elements(open.as_bytes(), |element| {
            assert!(element.is_framing("open") && !element.is_framing("close"));
            assert_eq!(element.own_attribute("id"), Some("a&apos;b"));
        });
        elements(b"<open xmlns='urn:x'/>", |element| {
            assert!(!element.is_framing("open"));
        });
    }
}
