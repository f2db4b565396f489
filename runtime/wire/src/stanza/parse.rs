//! From an element to a stanza's head.

use std::fmt;

use super::{Head, Kind, Stanza, StanzaType};
use crate::{Condition, ElementRef, Jid, JidError, StanzaError, StreamCondition, StreamError, ns};

/// An element at the top of a stream that is no acceptable stanza.
#[derive(Debug, Clone, PartialEq)]
pub enum StanzaParseError {
    /// To be answered with an error stanza: see [`Stanza::refusal`].
    Stanza(Box<StanzaError>),
    /// Ends the stream.
    Stream(Box<StreamError>),
}

impl fmt::Display for StanzaParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stanza(error) => error.fmt(f),
            Self::Stream(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StanzaParseError {}

#[cold]
fn refuse(condition: Condition, text: &'static str) -> StanzaParseError {
    StanzaParseError::Stanza(Box::new(
        StanzaError::new(condition).with_text(crate::Text::from_static(text)),
    ))
}

#[cold]
fn malformed(attribute: &str, error: JidError) -> StanzaParseError {
    let text = format!("`{attribute}`: {error}");
    StanzaParseError::Stanza(Box::new(
        StanzaError::new(Condition::JidMalformed).with_text(text),
    ))
}

fn kind(el: ElementRef<'_>) -> Option<Kind> {
    Kind::from_name(el.name()).filter(|_| el.ns() == ns::CLIENT)
}

/// Reads the head of a stanza (RFC 6120 §8.1).
pub(super) fn head(el: ElementRef<'_>) -> Result<Head, StanzaParseError> {
    let Some(kind) = kind(el) else {
        return Err(StanzaParseError::Stream(Box::new(StreamError::new(
            StreamCondition::UnsupportedStanzaType,
        ))));
    };
    let mut head = Head::new(kind, StanzaType::Normal);
    let mut type_ = None;
    for attr in el.attrs() {
        match attr.key() {
            Some("type") => type_ = Some(attr.value_str()),
            Some("id") => head.id = Some(attr.value()),
            Some("from") => {
                head.from =
                    Some(Jid::parse_text(attr.value()).map_err(|error| malformed("from", error))?)
            }
            Some("to") => {
                head.to =
                    Some(Jid::parse_text(attr.value()).map_err(|error| malformed("to", error))?)
            }
            Some("xml:lang") => head.lang = Some(attr.value()),
            _ => {}
        }
    }
    head.type_ = StanzaType::read(kind, type_.as_deref())
        .ok_or_else(|| refuse(Condition::BadRequest, "the `type` is missing or unknown"))?;
    if kind == Kind::Iq {
        if head.id.is_none() {
            return Err(refuse(Condition::BadRequest, "an `iq` needs an `id`"));
        }
        if head.type_.is_request() && el.children().take(2).count() != 1 {
            return Err(refuse(
                Condition::BadRequest,
                "a request has exactly one child",
            ));
        }
    }
    Ok(head)
}

/// The answer to an element whose head could not be read: addressed as far as that is possible.
pub(super) fn refusal(el: ElementRef<'_>, error: &StanzaError) -> Option<Stanza> {
    let kind = kind(el)?;
    // An error is never answered with an error (RFC 6120 §8.3.1).
    if matches!(
        (kind, el.attr_str("type").as_deref()),
        (_, Some("error")) | (Kind::Iq, Some("result"))
    ) {
        return None;
    }
    let address = |name: &str| {
        el.attr(name)
            .and_then(|address| Jid::parse_text(address).ok())
    };
    let head = Head {
        id: el.attr("id"),
        from: address("to"),
        to: address("from"),
        ..Head::new(kind, StanzaType::Error)
    };
    Some(Stanza::new(head).with(error))
}
