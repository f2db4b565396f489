//! Which messages an archive keeps: those that hold something for a person, now or later (§5.1.1).

use sestina_types::rfc_6121::client::Body;
use sestina_types::{xep_0060, xep_0280, xep_0334, xep_0359, xep_0421};
use sestina_wire::{Child, Stanza, StanzaType};

/// What says something about now, or about the message, and is nothing by itself.
const PASSING: &[&str] = &[
    "http://jabber.org/protocol/chatstates",
    "http://jabber.org/protocol/nick",
    "urn:xmpp:delay",
    xep_0334::NS,
    xep_0359::NS,
    xep_0060::event::NS,
    xep_0280::NS,
    xep_0421::NS,
];

/// Whether a message goes into the archives of its sender and its recipient.
pub(super) fn is_kept(stanza: &Stanza) -> bool {
    matches!(stanza.type_(), StanzaType::Chat | StanzaType::Normal) && is_for_keeping(stanza)
}

/// Whether a message that an account is sent goes into its archive: those of a channel that it takes part in do (XEP-0405 §2.9), the
/// only ones of the type that come for an account rather than for a session.
pub(super) fn is_kept_incoming(stanza: &Stanza) -> bool {
    let is_of_channel = || {
        stanza.type_() == StanzaType::Groupchat
            && stanza.to().is_none_or(|to| to.resource().is_none())
    };
    is_kept(stanza) || (is_of_channel() && is_for_keeping(stanza))
}

/// Whether a message to everybody in a room goes into the archive of the room, and its history.
pub(crate) fn is_kept_in_room(stanza: &Stanza) -> bool {
    is_for_keeping(stanza)
}

fn is_for_keeping(stanza: &Stanza) -> bool {
    // What the sender wants comes first (XEP-0334 §4).
    let hint = |name| stanza.child(name, xep_0334::NS).is_some();
    if hint("no-store") || hint("no-permanent-store") {
        return false;
    }
    hint("store") || stanza.children().any(|child| is_content(&child))
}

/// Whether a child of a message holds something for a person.
pub(crate) fn is_content(child: &Child<'_>) -> bool {
    match (child.name(), child.ns()) {
        ("thread" | "subject", sestina_wire::ns::CLIENT) => false,
        // The wish for an answer is none.
        ("request", "urn:xmpp:receipts") | ("markable", "urn:xmpp:chat-markers:0") => false,
        (_, ns) => !PASSING.contains(&ns),
    }
}

/// The text to search.
pub(super) fn body(stanza: &Stanza) -> Option<String> {
    let body = stanza.decode::<Body>()?.ok()?;
    Some(body.text.to_string())
}
