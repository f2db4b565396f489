//! Stanzas (RFC 6120 §8).

use crate::{
    AnyElement, DecodeError, ElementRef, Frame, Jid, Payload, StanzaError, StreamError, Text,
};

/// The three kinds of stanza.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Pushed to somebody (RFC 6121 §5).
    Message,
    /// Published to whoever subscribed (RFC 6121 §4).
    Presence,
    /// A request or its answer (RFC 6120 §8.2.3).
    Iq,
}

impl Kind {
    /// The element's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Presence => "presence",
            Self::Iq => "iq",
        }
    }

    /// The kind with that element name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "message" => Some(Self::Message),
            "presence" => Some(Self::Presence),
            "iq" => Some(Self::Iq),
            _ => None,
        }
    }
}

/// The `type` of a stanza of any kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StanzaType {
    /// IQ: asks for something.
    Get,
    /// IQ: changes something.
    Set,
    /// IQ: the answer.
    Result,
    /// Any kind: an error in answer to a stanza.
    Error,
    /// Message: on its own. Written by leaving the attribute out.
    Normal,
    /// Message: part of a conversation of two.
    Chat,
    /// Message: from or to a room.
    Groupchat,
    /// Message: news that expects no answer.
    Headline,
    /// Presence: there. Written by leaving the attribute out.
    Available,
    /// Presence: gone.
    Unavailable,
    /// Presence: wants to subscribe.
    Subscribe,
    /// Presence: grants a subscription.
    Subscribed,
    /// Presence: ends its own subscription.
    Unsubscribe,
    /// Presence: refuses or ends the other's subscription.
    Unsubscribed,
    /// Presence: asks for the current presence.
    Probe,
}

impl StanzaType {
    /// The value of the attribute; empty for the two that are written by leaving it out.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Set => "set",
            Self::Result => "result",
            Self::Error => "error",
            Self::Normal | Self::Available => "",
            Self::Chat => "chat",
            Self::Groupchat => "groupchat",
            Self::Headline => "headline",
            Self::Unavailable => "unavailable",
            Self::Subscribe => "subscribe",
            Self::Subscribed => "subscribed",
            Self::Unsubscribe => "unsubscribe",
            Self::Unsubscribed => "unsubscribed",
            Self::Probe => "probe",
        }
    }
}

/// The attributes that every stanza has (RFC 6120 §8.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Message, presence or IQ.
    pub kind: Kind,
    /// Its type.
    pub type_: StanzaType,
    /// What an answer has to repeat.
    pub id: Option<Text>,
    /// The sender.
    pub from: Option<Jid>,
    /// The addressee.
    pub to: Option<Jid>,
    /// The default language of the text inside.
    pub lang: Option<Text>,
}

impl Head {
    /// A head with nothing but kind and type.
    pub const fn new(kind: Kind, type_: StanzaType) -> Self {
        Self {
            kind,
            type_,
            id: None,
            from: None,
            to: None,
            lang: None,
        }
    }
}

/// An element at the top of a stream that is no acceptable stanza.
#[derive(Debug, Clone, PartialEq)]
pub enum StanzaParseError {
    /// To be answered with an error stanza.
    Stanza(Box<StanzaError>),
    /// Ends the stream.
    Stream(Box<StreamError>),
}

/// A stanza as a rope: a head, the children kept of the frame it came in, and children added since. A clone copies no content.
#[derive(Clone)]
pub struct Stanza {
    head: Head,
}

impl Stanza {
    /// A stanza without children.
    pub fn new(head: Head) -> Self {
        Self { head }
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
    pub fn from_frame(_frame: Frame) -> Result<Self, StanzaParseError> {
        todo!()
    }

    /// Reads a stanza from text, its namespace `jabber:client` unless it says otherwise. For tests and tools.
    ///
    /// # Errors
    /// A sentence for a person, when it is no stanza.
    pub fn parse(_text: &str) -> Result<Self, String> {
        todo!()
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
        todo!()
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
        todo!()
    }

    /// The error inside a stanza of type `error`.
    pub fn stanza_error(&self) -> Option<StanzaError> {
        self.decode().and_then(Result::ok)
    }

    /// Keeps only the children for which the function says so.
    pub fn retain(&mut self, _keep: impl FnMut(&Child<'_>) -> bool) {
        todo!()
    }

    /// Adds a child at the end.
    pub fn append(&mut self, _payload: &impl Payload) {
        todo!()
    }

    /// Adds an untyped child at the end.
    pub fn append_any(&mut self, _element: &AnyElement) {
        todo!()
    }

    /// Writes the stanza to the end of `out`, for a stream whose content namespace is `content_ns`.
    pub fn write(&self, _out: &mut Vec<u8>, _content_ns: &str) {
        todo!()
    }

    /// Writes the stanza with its namespace declared, as framings without a stream element need it (RFC 7395 §3.3.3, XEP-0206).
    pub fn write_framed(&self, _out: &mut Vec<u8>, _content_ns: &str) {
        todo!()
    }

    /// The stanza as an element of `jabber:client`, e.g. to forward it.
    pub fn to_any(&self) -> AnyElement {
        todo!()
    }

    /// Bytes of memory that it keeps alive.
    pub fn pinned(&self) -> usize {
        todo!()
    }

    /// Copies what pins a larger buffer into allocations of its own. For what waits longer than a flush.
    pub fn compact(&mut self) {
        todo!()
    }

    /// The empty result of this IQ request, addressed back to the sender (RFC 6120 §8.2.3).
    #[must_use]
    pub fn result(&self) -> Stanza {
        todo!()
    }

    /// The error in answer to this stanza, addressed back to the sender (RFC 6120 §8.3.1).
    #[must_use]
    pub fn error(&self, _error: &StanzaError) -> Stanza {
        todo!()
    }
}
impl std::fmt::Debug for Stanza {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stanza").finish_non_exhaustive()
    }
}

/// One child of a stanza.
#[derive(Clone, Copy)]
pub struct Child<'a> {
    el: ElementRef<'a>,
}

impl<'a> Child<'a> {
    /// Local name.
    pub fn name(&self) -> &'a str {
        todo!()
    }

    /// Namespace.
    pub fn ns(&self) -> &'a str {
        todo!()
    }

    /// Whether it has that name and namespace.
    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.name() == name && self.ns() == ns
    }

    /// The child as an element.
    pub fn element(&self) -> ElementRef<'a> {
        self.el
    }

    /// Reads the child as a type.
    ///
    /// # Errors
    /// When it is not that element, or does not fit the type.
    pub fn decode<T: Payload>(&self) -> Result<T, DecodeError> {
        self.element().decode()
    }
}

/// The children of a stanza.
#[derive(Clone)]
pub struct Children<'a> {
    stanza: &'a Stanza,
}

impl<'a> Iterator for Children<'a> {
    type Item = Child<'a>;
    fn next(&mut self) -> Option<Child<'a>> {
        let _ = self.stanza;
        todo!()
    }
}
