//! What is said in a channel (§7.1.6): archived, and passed on to the accounts of those who hear it.

use std::sync::Arc;

use sestina_session::host::{Host, Spread};
use sestina_session::router::{Outcome, Routed, Taken, Turn};
use sestina_types::xep_0359::{self, StanzaId};
use sestina_types::xep_0369::{self, Mix as MixElement};
use sestina_wire::{BareJid, Condition, Jid, Stanza, StanzaError, StanzaType, Timestamp};
use tokio::sync::oneshot;

use super::channel::{Channel, State};
use super::{Limits, Mix, joining, participant_address, refused};
use crate::xep_0045::{Bounds, Sending};
use crate::xep_0313;

/// Takes a message for a channel; nothing where it is for the service.
pub(super) fn take(mix: &Arc<Mix>, host: &Arc<Host>, stanza: &Stanza, turn: Turn) -> Taken {
    let (Some(from), Some(to)) = (stanza.from(), stanza.to()) else {
        return Taken::No;
    };
    let is_said = to.resource().is_none() && stanza.type_() == StanzaType::Groupchat;
    // What everybody hears is written with what was said before; all else has time until its turn comes.
    if turn == Turn::Ahead && !is_said {
        return Taken::InTurn;
    }
    if to.local().is_none() {
        return Taken::No;
    }
    if stanza.type_() == StanzaType::Error {
        // Somebody could not be told something; they take part until they leave.
        return Taken::Routed(Routed::Now(Outcome::Delivered));
    }
    let Some(channel) = mix.channels.find(&to.to_bare()) else {
        return refuse(super::no_channel());
    };
    if !is_said {
        return refuse(refused(
            Condition::BadRequest,
            "what is said in a channel is of type groupchat and goes to the address of the channel",
        ));
    }
    say(mix, host, &channel, stanza, from, turn)
}

fn refuse(error: StanzaError) -> Taken {
    Taken::Routed(Routed::Now(Outcome::Refused(error)))
}

fn say(
    mix: &Arc<Mix>,
    host: &Arc<Host>,
    channel: &Arc<Channel>,
    stanza: &Stanza,
    from: &Jid,
    turn: Turn,
) -> Taken {
    let mut state = channel.lock();
    let account = from.to_bare();
    let Some(participant) = state.participants.get(&account).filter(|_| !state.ended) else {
        return refuse(joining::not_in_it());
    };
    let sender = MixElement {
        nick: participant.nick.clone(),
        jid: Some(Jid::clone(&account)),
        ..MixElement::default()
    };
    let from = participant_address(&channel.jid, &participant.id);
    let mut said = reflected(channel, stanza, from).with(&sender);
    let archive = xep_0313::Server::of(host).filter(|_| xep_0313::is_kept_in_room(&said));
    // Those who wait for the disk to take what they say are in order; who has nothing to write has nothing to wait with.
    if turn == Turn::Ahead && archive.is_none() {
        return Taken::InTurn;
    }
    if let Err(error) = check(&mix.limits, &mut state, stanza, &account, mix.clock.now()) {
        return refuse(error);
    }
    let written = match archive {
        Some(archive) => {
            Some(archive.keep_in_channel(host, &channel.jid, &mut said, mix.limits.archived))
        }
        None => {
            let id = mix.random.token();
            said.head_mut().id = Some(id.clone());
            said.append(&StanzaId::new(id, Jid::clone(&channel.jid)));
            None
        }
    };
    let before = state.tail.take().and_then(still_waits);
    if written.is_none() && before.is_none() {
        let sending = spread(&state, host, said);
        drop(state);
        return Taken::Routed(sending.done());
    }
    // Written at the same time as what others say, and passed on in the order in which it was said.
    let (done, tail) = oneshot::channel();
    state.tail = Some(tail);
    drop(state);
    let (host, channel) = (Arc::clone(host), Arc::clone(channel));
    let written = async move {
        let written = match written {
            Some(written) => written.await,
            None => Ok(()),
        };
        if let Some(before) = before {
            let _ = before.await;
        }
        written
    };
    let then = move || {
        let sending = spread(&channel.lock(), &host, said);
        let _ = done.send(());
        sending.done()
    };
    Taken::Once(Box::pin(written), Box::new(then))
}

/// What was said before, unless it has been passed on by now.
fn still_waits(mut before: oneshot::Receiver<()>) -> Option<oneshot::Receiver<()>> {
    let waits = matches!(before.try_recv(), Err(oneshot::error::TryRecvError::Empty));
    waits.then_some(before)
}

/// The message as the channel passes it on, for nobody yet.
fn reflected(channel: &Channel, stanza: &Stanza, from: Jid) -> Stanza {
    let mut said = stanza.clone();
    let own = channel.jid.as_str();
    said.retain(|child| {
        let is_claimed = child.is("mix", xep_0369::NS)
            || (child.is("stanza-id", xep_0359::NS)
                && child
                    .decode::<StanzaId>()
                    .is_ok_and(|id| id.by.bare_str() == own));
        !is_claimed
    });
    let mut said = said.with_from(from);
    said.head_mut().to = None;
    said
}

/// To the account of everybody who hears it.
fn spread<'a>(state: &State, host: &'a Arc<Host>, said: Stanza) -> Sending<'a> {
    let mut sending = Sending::new(host);
    let said = Spread::new(said);
    for mailbox in state.hearers.values() {
        sending.give(mailbox, &said);
    }
    sending
}

/// Whether a message is short enough, and whoever says it slow enough.
fn check(
    limits: &Limits,
    state: &mut State,
    stanza: &Stanza,
    who: &BareJid,
    now: Timestamp,
) -> Result<(), StanzaError> {
    let bounds = Bounds {
        place: "channel",
        octets: limits.message,
        rate: limits.rate,
    };
    bounds.check(&mut state.pace, stanza, who, now)
}
