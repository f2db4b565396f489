//! XEP-0203, Delayed Delivery: when a stanza was sent that arrives late.
//!
//! There is nothing to answer here. Copies of the element that clients put into their own stanzas are taken
//! out by the rule in the specification; those who delay a stanza themselves mark it with [`mark`].

use sestina_types::xep_0203::Delay;
use sestina_wire::{DateTime, Extra, Jid, Stanza, Text, Timestamp};

/// Marks a stanza as delayed by `by` since `received`. A stanza that somebody delayed before us keeps the
/// earlier mark: there is one and only one (§2).
#[must_use]
pub fn mark(stanza: Stanza, by: &Jid, received: Timestamp, reason: &'static str) -> Stanza {
    if stanza.decode::<Delay>().is_some() {
        return stanza;
    }
    stanza.with(&Delay {
        from: Some(by.clone()),
        stamp: DateTime::from_timestamp(received),
        reason: Text::from_static(reason),
        extra: Extra::default(),
    })
}
