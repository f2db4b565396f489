//! Which messages are copied (§6.1).

use sestina_wire::{ElementRef, Stanza, StanzaType, ns};

const CARBONS: &str = "urn:xmpp:carbons:2";
const HINTS: &str = "urn:xmpp:hints";
const MUC_USER: &str = "http://jabber.org/protocol/muc#user";
const INVITATION: &str = "jabber:x:conference";

/// Payloads of conversations: receipts (XEP-0184), chat states (XEP-0085), markers (XEP-0333).
const CONVERSATION: [&str; 3] = [
    "urn:xmpp:receipts",
    "http://jabber.org/protocol/chatstates",
    "urn:xmpp:chat-markers:0",
];

/// Whether the others see a message that one client sends.
pub(super) fn sent(message: &Stanza) -> bool {
    eligible(message, false)
}

/// Whether the others see a message that one client is given.
pub(super) fn received(message: &Stanza) -> bool {
    eligible(message, true)
}

fn eligible(message: &Stanza, received: bool) -> bool {
    let type_ = message.type_();
    if matches!(type_, StanzaType::Groupchat | StanzaType::Error) {
        return false;
    }
    let (mut of_conversation, mut invites, mut of_room) = (false, false, false);
    for child in message.children() {
        let child = child.element();
        // Neither what its sender keeps from it (§9), nor a copy.
        if child.ns() == CARBONS || child.is("no-copy", HINTS) {
            return false;
        }
        of_conversation |= CONVERSATION.contains(&child.ns())
            || (type_ == StanzaType::Normal && child.is("body", ns::CLIENT));
        invites |= child.ns() == INVITATION || is_invitation(child);
        of_room |= child.is("x", MUC_USER);
    }
    if invites {
        return true;
    }
    // A room gives what an occupant says in private to each client that is in it.
    let from_occupant = message.from().is_some_and(|from| from.resource().is_some());
    if received && of_room && from_occupant {
        return false;
    }
    type_ == StanzaType::Chat || of_conversation
}

/// An invitation that a room passes on (XEP-0045 §7.8.2).
fn is_invitation(child: ElementRef<'_>) -> bool {
    child.is("x", MUC_USER) && child.child("invite", MUC_USER).is_some()
}
