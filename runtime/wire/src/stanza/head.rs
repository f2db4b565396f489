//! What every stanza says of itself (RFC 6120 §8.1).

use crate::{Jid, Text, Writer};

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

    /// Writes the attributes of a stanza whose start tag is open: for whoever writes payloads straight into a stream's
    /// buffer, without a [`Stanza`](crate::Stanza) between.
    pub fn write_attributes(&self, w: &mut Writer<'_>) {
        self.write_before_addressee(w);
        w.attr_opt("to", self.to.as_ref());
        self.write_after_addressee(w);
    }

    pub(super) fn write_before_addressee(&self, w: &mut Writer<'_>) {
        w.attr_opt("id", self.id.as_ref());
        w.attr_opt("from", self.from.as_ref());
    }

    pub(super) fn write_after_addressee(&self, w: &mut Writer<'_>) {
        if !self.type_.as_str().is_empty() {
            w.attr("type", self.type_.as_str());
        }
        w.attr_opt("xml:lang", self.lang.as_ref());
    }
}

impl StanzaType {
    /// Reads the attribute of a stanza of that kind; none where the kind has no such type.
    ///
    /// A message with an unknown type counts as normal (RFC 6121 §5.2.2).
    pub fn read(kind: Kind, value: Option<&str>) -> Option<Self> {
        Some(match (kind, value) {
            (_, Some("error")) => Self::Error,
            (Kind::Iq, Some("get")) => Self::Get,
            (Kind::Iq, Some("set")) => Self::Set,
            (Kind::Iq, Some("result")) => Self::Result,
            (Kind::Iq, _) => return None,
            (Kind::Message, Some("chat")) => Self::Chat,
            (Kind::Message, Some("groupchat")) => Self::Groupchat,
            (Kind::Message, Some("headline")) => Self::Headline,
            (Kind::Message, _) => Self::Normal,
            // Some clients write out what the RFC leaves out.
            (Kind::Presence, None | Some("available")) => Self::Available,
            (Kind::Presence, Some("unavailable")) => Self::Unavailable,
            (Kind::Presence, Some("subscribe")) => Self::Subscribe,
            (Kind::Presence, Some("subscribed")) => Self::Subscribed,
            (Kind::Presence, Some("unsubscribe")) => Self::Unsubscribe,
            (Kind::Presence, Some("unsubscribed")) => Self::Unsubscribed,
            (Kind::Presence, Some("probe")) => Self::Probe,
            (Kind::Presence, _) => return None,
        })
    }

    /// Whether it asks for an answer: IQ get and set.
    pub const fn is_request(self) -> bool {
        matches!(self, Self::Get | Self::Set)
    }
}
