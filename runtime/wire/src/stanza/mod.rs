//! Stanzas (RFC 6120 §8).

mod children;
mod head;
mod parse;
mod template;

use std::fmt;

pub use self::children::{Child, Children};
use self::children::{Part, Removed};
pub use self::head::{Head, Kind, StanzaType};
pub use self::parse::StanzaParseError;
pub use self::template::Template;
use crate::{
    AnyElement, DecodeError, ElementRef, Frame, Jid, Payload, StanzaError, Text, Writer, ns,
};

/// A stanza as a rope: a head, the children kept of the frame it came in, and children added since. A clone copies no content.
#[derive(Clone)]
pub struct Stanza {
    head: Head,
    /// The element it came as.
    body: Option<AnyElement>,
    /// Which of that element's children are gone.
    removed: Removed,
    added: Vec<Part>,
}

impl Stanza {
    /// A stanza without children.
    pub fn new(head: Head) -> Self {
        Self {
            head,
            body: None,
            removed: Removed::default(),
            added: Vec::new(),
        }
    }

    /// A message without children.
    pub fn message(type_: StanzaType) -> Self {
        Self::new(Head::new(Kind::Message, type_))
    }

    /// A presence without children.
    pub fn presence(type_: StanzaType) -> Self {
        Self::new(Head::new(Kind::Presence, type_))
    }

    /// An IQ without children.
    pub fn iq(type_: StanzaType) -> Self {
        Self::new(Head::new(Kind::Iq, type_))
    }

    /// Reads the head of a stanza and takes over the frame.
    ///
    /// # Errors
    /// When the element is no stanza, or its head is not acceptable.
    pub fn from_frame(frame: Frame) -> Result<Self, StanzaParseError> {
        let head = parse::head(frame.root())?;
        Ok(Self {
            body: Some(frame.into()),
            ..Self::new(head)
        })
    }

    /// Reads a stanza that stands inside another element, such as a forwarded one.
    ///
    /// # Errors
    /// When the element is no stanza, or its head is not acceptable.
    pub fn from_element(el: ElementRef<'_>) -> Result<Self, StanzaParseError> {
        let head = parse::head(el)?;
        Ok(Self {
            body: Some(el.to_any()),
            ..Self::new(head)
        })
    }

    /// The error in answer to an element that [`Stanza::from_frame`] refused; none if it must not be answered.
    pub fn refusal(frame: &Frame, error: &StanzaError) -> Option<Self> {
        parse::refusal(frame.root(), error)
    }

    /// Reads a stanza from text, its namespace `jabber:client` unless it says otherwise. For tests and tools.
    ///
    /// # Errors
    /// A sentence for a person, when it is no stanza.
    pub fn parse(text: &str) -> Result<Self, String> {
        let frame = Frame::parse_in(text, ns::CLIENT).map_err(|error| error.to_string())?;
        Self::from_frame(frame).map_err(|error| error.to_string())
    }

    /// Sets the sender.
    #[must_use]
    pub fn with_from(mut self, from: impl Into<Jid>) -> Self {
        self.head.from = Some(from.into());
        self
    }

    /// Sets the addressee.
    #[must_use]
    pub fn with_to(mut self, to: impl Into<Jid>) -> Self {
        self.head.to = Some(to.into());
        self
    }

    /// Sets the id.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<Text>) -> Self {
        self.head.id = Some(id.into());
        self
    }

    /// Adds a child.
    #[must_use]
    pub fn with(mut self, payload: &impl Payload) -> Self {
        self.append(payload);
        self
    }

    /// Adds an untyped child.
    #[must_use]
    pub fn with_any(mut self, element: &AnyElement) -> Self {
        self.append_any(element);
        self
    }

    /// The attributes.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The attributes, to change them.
    pub fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    /// Message, presence or IQ.
    pub fn kind(&self) -> Kind {
        self.head.kind
    }

    /// Its type.
    pub fn type_(&self) -> StanzaType {
        self.head.type_
    }

    /// The sender.
    pub fn from(&self) -> Option<&Jid> {
        self.head.from.as_ref()
    }

    /// The addressee.
    pub fn to(&self) -> Option<&Jid> {
        self.head.to.as_ref()
    }

    /// The id.
    pub fn id(&self) -> Option<&Text> {
        self.head.id.as_ref()
    }

    /// The children, kept and added.
    pub fn children(&self) -> Children<'_> {
        Children::new(self)
    }

    /// The first child with that name and namespace.
    pub fn child(&self, name: &str, ns: &str) -> Option<Child<'_>> {
        self.children().find(|child| child.is(name, ns))
    }

    /// The first child: what an IQ request is about.
    pub fn payload(&self) -> Option<Child<'_>> {
        self.children().next()
    }

    /// Reads the first child that is of this type.
    pub fn decode<T: Payload>(&self) -> Option<Result<T, DecodeError>> {
        self.children()
            .map(|child| child.element())
            .find(|el| T::matches(*el))
            .map(T::read)
    }

    /// The error inside a stanza of type `error`.
    pub fn stanza_error(&self) -> Option<StanzaError> {
        self.decode().and_then(Result::ok)
    }

    /// Keeps only the children for which the function says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&Child<'_>) -> bool) {
        let Self {
            body,
            removed,
            added,
            ..
        } = self;
        let kept = body.as_ref().map(|body| body.root().children());
        for (place, el) in kept.into_iter().flatten().enumerate() {
            if !removed.contains(place) && !keep(&Child::kept(el)) {
                removed.insert(place);
            }
        }
        added.retain(|part| keep(&part.child()));
    }

    /// Adds a child at the end.
    pub fn append(&mut self, payload: &impl Payload) {
        self.added.push(Part::new(payload));
    }

    /// Adds an untyped child at the end.
    pub fn append_any(&mut self, element: &AnyElement) {
        self.added.push(Part::Any(element.clone()));
    }

    /// Writes the stanza to the end of `out`, for a stream whose content namespace is `content_ns`.
    pub fn write(&self, out: &mut Vec<u8>, content_ns: &str) {
        self.write_to(&mut Writer::new(out, content_ns));
    }

    /// Writes the stanza as an element of `jabber:client` among others.
    pub fn write_to(&self, w: &mut Writer<'_>) {
        let name = self.head.kind.as_str();
        w.start(name, ns::CLIENT);
        self.write_rest(w, name);
    }

    /// Attributes, children, end.
    fn write_rest(&self, w: &mut Writer<'_>, name: &str) {
        self.head.write_attributes(w);
        self.write_content(w, name);
    }

    /// Children, end.
    fn write_content(&self, w: &mut Writer<'_>, name: &str) {
        if let Some(body) = &self.body {
            for (place, el) in body.root().children().enumerate() {
                if !self.removed.contains(place) {
                    w.element(el);
                }
            }
        }
        for part in &self.added {
            part.write(w);
        }
        w.end(name);
    }

    /// Writes the stanza with its namespace declared, as framings without a stream element need it (RFC 7395 §3.3.3, XEP-0206).
    pub fn write_framed(&self, out: &mut Vec<u8>, content_ns: &str) {
        let name = self.head.kind.as_str();
        let w = &mut Writer::new(out, ns::CLIENT);
        w.start(name, ns::CLIENT);
        w.attr("xmlns", content_ns);
        self.write_rest(w, name);
    }

    /// The stanza as an element of `jabber:client`, e.g. to forward it.
    pub fn to_any(&self) -> AnyElement {
        AnyElement::build(|w| self.write_to(w))
    }

    /// Bytes of memory that it keeps alive.
    pub fn pinned(&self) -> usize {
        self.body.as_ref().map_or(0, AnyElement::pinned)
            + self.added.iter().map(Part::pinned).sum::<usize>()
    }

    /// Copies what pins a larger buffer into allocations of its own. For what waits longer than a flush.
    pub fn compact(&mut self) {
        if let Some(body) = &mut self.body {
            let compact = body.detach();
            let Head {
                id, from, to, lang, ..
            } = &mut self.head;
            let (old, new) = (body.frame.text(), compact.frame.text());
            for text in [id, lang].into_iter().flatten() {
                *text = text.moved(old, new);
            }
            for jid in [from, to].into_iter().flatten() {
                *jid = jid.moved(old, new);
            }
            if body.at != 0 {
                // The copy is a document of its own with the same children in the same order.
                debug_assert_eq!(
                    body.root().children().count(),
                    compact.root().children().count()
                );
            }
            *body = compact;
        }
        for part in &mut self.added {
            part.compact();
        }
    }

    /// The empty result of this IQ request, addressed back to the sender (RFC 6120 §8.2.3).
    #[must_use]
    pub fn result(&self) -> Stanza {
        self.answer(StanzaType::Result)
    }

    /// The error in answer to this stanza, addressed back to the sender (RFC 6120 §8.3.1).
    #[must_use]
    pub fn error(&self, error: &StanzaError) -> Stanza {
        let answer = self.answer(StanzaType::Error);
        match &error.about {
            Some(about) => answer.with_any(about).with(error),
            None => answer.with(error),
        }
    }

    /// A stanza without children that goes back to the sender.
    fn answer(&self, type_: StanzaType) -> Stanza {
        let Head {
            kind, id, from, to, ..
        } = &self.head;
        Stanza::new(Head {
            id: id.clone(),
            from: to.clone(),
            to: from.clone(),
            ..Head::new(*kind, type_)
        })
    }
}
impl PartialEq for Stanza {
    /// Whether both say the same.
    fn eq(&self, other: &Self) -> bool {
        self.head == other.head
            && self.children().count() == other.children().count()
            && self
                .children()
                .zip(other.children())
                .all(|(mine, other)| mine.element().same_as(other.element()))
    }
}

impl fmt::Display for Stanza {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        self.write(&mut out, ns::CLIENT);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

impl fmt::Debug for Stanza {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
