//! Copies of what the other clients of an account receive and send (XEP-0280), as they are read.

use sestina_types::xep_0203::Delay;
use sestina_types::xep_0280::{Received, Sent};
use sestina_types::xep_0297::Forwarded;
use sestina_wire::{BareJid, Kind, Payload as _, Stanza};

/// Who of the account did what is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Another client was given the message (§7).
    Received,
    /// Another client has sent it (§8).
    Sent,
}

/// A copy of a message. It must not be answered by itself (§10.4).
#[derive(Clone, Debug)]
pub struct Carbon {
    /// Whether another client was given it or has sent it.
    pub direction: Direction,
    /// The message, with sender and addressee as they were.
    pub message: Stanza,
    /// When it was sent first, where that is some time ago.
    pub delay: Option<Delay>,
}

impl Carbon {
    /// The copy in a message to a client of this account; nothing where there is none, or where somebody else made it: the
    /// account's bare address is the only one that copies come from (§11).
    #[must_use]
    pub fn read(account: &BareJid, message: &Stanza) -> Option<Carbon> {
        if message.kind() != Kind::Message || message.from()?.as_str() != account.as_str() {
            return None;
        }
        let received = message.decode::<Received>().and_then(Result::ok);
        let sent = message.decode::<Sent>().and_then(Result::ok);
        match (received, sent) {
            (Some(received), None) => Self::of(Direction::Received, received.forwarded),
            (None, Some(sent)) => Self::of(Direction::Sent, sent.forwarded),
            _ => None,
        }
    }

    fn of(direction: Direction, forwarded: Forwarded) -> Option<Carbon> {
        let message = forwarded.any.first()?;
        Some(Carbon {
            direction,
            message: Stanza::from_element(message.root()).ok()?,
            delay: forwarded.delay,
        })
    }
}

/// Takes copies out of a message; whether there were any.
pub fn remove_carbons(message: &mut Stanza) -> bool {
    let mut found = false;
    message.retain(|child| {
        let is_copy = Received::matches(child.element()) || Sent::matches(child.element());
        found |= is_copy;
        !is_copy
    });
    found
}
