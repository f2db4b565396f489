//! What can wait until somebody looks.

use sestina_wire::{ElementRef, Kind, Stanza, StanzaType, ns};

const CHAT_STATES: &str = "http://jabber.org/protocol/chatstates";
const MUC_USER: &str = "http://jabber.org/protocol/muc#user";
const PUBSUB_EVENT: &str = "http://jabber.org/protocol/pubsub#event";
const CARBONS: &str = "urn:xmpp:carbons:2";
const FORWARD: &str = "urn:xmpp:forward:0";

/// Namespaces of what only goes along with something else: hints (XEP-0334), identifiers (XEP-0359, XEP-0421), delays
/// (XEP-0203).
const BESIDE: [&str; 4] = [
    "urn:xmpp:hints",
    "urn:xmpp:sid:0",
    "urn:xmpp:occupant-id:0",
    "urn:xmpp:delay",
];

/// Nothing where the stanza cannot wait. What can wait has a key where only the latest of it counts.
pub(super) fn key(stanza: &Stanza) -> Option<Option<String>> {
    let sender = stanza.from().map(|from| from.as_str()).unwrap_or_default();
    match (stanza.kind(), stanza.type_()) {
        (Kind::Presence, StanzaType::Available | StanzaType::Unavailable) => {
            (!is_about_us(stanza)).then(|| Some(format!("presence {sender}")))
        }
        (Kind::Message, StanzaType::Error) => None,
        (Kind::Message, type_) => {
            if is_chat_state(stanza.children().map(|child| child.element())) {
                return Some(Some(format!("state {sender}")));
            }
            if let Some(copied) = copied(stanza) {
                let of = copied.attr("from").unwrap_or_default();
                let to = copied.attr("to").unwrap_or_default();
                return is_chat_state(copied.children())
                    .then(|| Some(format!("copied state {of} {to}")));
            }
            // What happens at a node (XEP-0060 §7.1.2): each says something else.
            let is_notification = type_ == StanzaType::Headline
                && stanza.children().any(|child| child.ns() == PUBSUB_EVENT)
                && !stanza
                    .children()
                    .any(|child| child.element().is("body", ns::CLIENT));
            is_notification.then_some(None)
        }
        _ => None,
    }
}

/// Whether the client itself waits for a presence: for its own, or for that of its occupant in a room (XEP-0045 §7.2.2).
fn is_about_us(stanza: &Stanza) -> bool {
    let own = stanza.from().map(|from| from.as_str()) == stanza.to().map(|to| to.as_str());
    let mut rooms = stanza
        .children()
        .map(|child| child.element())
        .filter(|child| child.is("x", MUC_USER));
    own || rooms.any(|room| {
        let mut codes = room.children().filter(|child| child.is("status", MUC_USER));
        codes.any(|status| status.attr("code").as_deref() == Some("110"))
    })
}

/// Whether nothing is said but what somebody does just now (XEP-0085).
fn is_chat_state<'a>(children: impl Iterator<Item = ElementRef<'a>>) -> bool {
    let mut states = false;
    for child in children {
        if child.ns() == CHAT_STATES {
            states = true;
        } else if !BESIDE.contains(&child.ns()) && !child.is("thread", ns::CLIENT) {
            return false;
        }
    }
    states
}

/// The message that this one is a copy of (XEP-0280).
fn copied(stanza: &Stanza) -> Option<ElementRef<'_>> {
    let copy = stanza.children().find(|child| child.ns() == CARBONS)?;
    let forwarded = copy.element().child("forwarded", FORWARD)?;
    forwarded.child("message", ns::CLIENT)
}
