//! How an element was arranged whose content did not come in the order of its type's fields.
//!
//! A codec writes field by field. For the rare element that came otherwise, the names of its children and its
//! pieces of text are kept in order, and what the codec has written is put into that order afterwards. The
//! ordinary element pays a comparison for each child and no memory.

use crate::xml::{AnyElement, ElementRef, Frame, Node, Writer};
use crate::{Text, escape};

/// The content of an element in the order it came.
#[derive(Clone)]
pub(crate) struct Arrangement {
    parts: Vec<Part>,
    /// The type has a field for the text; otherwise nobody declared that there is any.
    typed_text: bool,
    /// What the type makes of the text where it writes it otherwise than it came.
    canonical: Option<Text>,
}

#[derive(Clone)]
enum Part {
    /// Text as it stood.
    Text(Text),
    /// A child that the type knows.
    Known {
        name: Text,
        ns: Text,
        /// The child as it came, where the type keeps less of it.
        original: Option<Original>,
    },
    /// A child that only `Extra` keeps.
    Unknown,
}

/// The text of a wrapper's children; none of them has the octet that parts them.
pub(crate) fn spelled<'a>(children: impl Iterator<Item = ElementRef<'a>>) -> Text {
    let mut all = String::new();
    for child in children {
        all.push('\0');
        all.push_str(&child.text());
    }
    all.into()
}

/// Whether this is what a child says: its text, or in a wrapper that of its children.
fn is_spelled(child: ElementRef<'_>, written: &Text) -> bool {
    if child.has_children() {
        spelled(child.children()) == *written
    } else {
        child.text() == *written
    }
}

/// A child of which the type keeps less than there was.
#[derive(Clone)]
pub(crate) struct Original {
    /// Which child it is.
    pub(crate) element: AnyElement,
    /// The text that the type writes for it.
    pub(crate) written: Text,
}

impl Arrangement {
    /// Notes the content of an element; `unknown` are the children that no field took.
    pub(crate) fn of(
        el: ElementRef<'_>,
        unknown: &[AnyElement],
        originals: &mut Vec<Original>,
        typed_text: bool,
        canonical: Option<Text>,
    ) -> Self {
        // White space between elements means nothing; alone it may.
        let keeps_text = el.has_text() || !el.has_children();
        let parts = el.nodes().filter_map(|node| match node {
            Node::Text(text) => keeps_text.then(|| Part::Text(Text::from(&*text))),
            Node::Element(child) if unknown.iter().any(|one| one.at == child.at) => {
                Some(Part::Unknown)
            }
            Node::Element(child) => {
                let at = originals.iter().position(|one| one.element.at == child.at);
                Some(Part::Known {
                    name: child.name_text(),
                    ns: child.ns_text(),
                    original: at.map(|at| originals.swap_remove(at)),
                })
            }
        });
        Self {
            parts: parts.collect(),
            typed_text,
            canonical,
        }
    }

    /// Arranges what was written from `content` on. Where that is not possible, nothing is changed and the answer
    /// is `false`; the unknown children are then still to be written.
    pub(crate) fn write(&self, w: &mut Writer<'_>, content: usize, unknown: &[AnyElement]) -> bool {
        let Some((namespace, written)) = w.content_from(content) else {
            return false;
        };
        let mut document = Vec::with_capacity(namespace.len() + written.len() + 16);
        document.extend_from_slice(b"<r xmlns='");
        escape::attribute(&mut document, namespace);
        document.extend_from_slice(b"'>");
        document.extend_from_slice(written.as_bytes());
        document.extend_from_slice(b"</r>");
        let Some(frame) = String::from_utf8(document)
            .ok()
            .and_then(|document| Frame::parse(document).ok())
        else {
            return false;
        };
        let typed_only = w.leaves_out_unknown();
        let text = frame.root().text();
        let mut left: Vec<ElementRef<'_>> = frame.root().children().collect();
        let mut unknown = unknown.iter();
        w.take_back(content);
        let as_it_came = self.is_text(&text);
        let own_text = self.typed_text && !text.is_empty();
        if own_text && !as_it_came {
            w.text(&text);
        }
        for part in &self.parts {
            match part {
                Part::Text(piece) if self.typed_text => {
                    if own_text && as_it_came && !(typed_only && self.canonical.is_some()) {
                        w.text(piece);
                    }
                }
                Part::Text(piece) if !typed_only => w.text(piece),
                Part::Text(_) => {}
                Part::Unknown => {
                    if let Some(child) = unknown.next().filter(|_| !typed_only) {
                        w.any(child);
                    }
                }
                Part::Known { name, ns, original } => {
                    let Some(at) = left.iter().position(|child| child.is(name, ns)) else {
                        continue;
                    };
                    let child = left.remove(at);
                    match original {
                        Some(original) if !typed_only && is_spelled(child, &original.written) => {
                            w.any(&original.element);
                        }
                        _ => w.element(child),
                    }
                }
            }
        }
        if own_text && as_it_came && typed_only && self.canonical.is_some() {
            w.text(&text);
        }
        for child in left {
            w.element(child);
        }
        if !typed_only {
            for child in unknown {
                w.any(child);
            }
        }
        true
    }

    /// Whether this is what a type writes for the text that came.
    fn is_text(&self, written: &str) -> bool {
        if let Some(canonical) = &self.canonical {
            return *canonical == *written;
        }
        let mut rest = written;
        for part in &self.parts {
            if let Part::Text(piece) = part {
                match rest.strip_prefix(&**piece) {
                    Some(after) => rest = after,
                    None => return false,
                }
            }
        }
        rest.is_empty()
    }
}
