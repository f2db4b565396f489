//! Presence of participants, passed on by their channel (XEP-0403): each client of a participant that shows itself is shown to the
//! accounts that subscribed to the node.
//!
//! What is shown is in memory alone: as the server starts, participants elsewhere are asked (§6), and those here come by themselves.

use std::sync::Arc;

use sestina_session::host::{Host, Spread};
use sestina_session::router::{Outcome, Routed};
use sestina_types::xep_0403::{self, Mix as MixElement};
use sestina_wire::{BareJid, Condition, Jid, Stanza, StanzaError, StanzaType};

use super::channel::{Channel, Participant, State};
use super::{Mix, joining, refused};
use crate::xep_0045::Sending;

/// How many clients of a participant are shown at most.
const MOST_SHOWN: usize = 20;
/// Participants asked at once as the server starts.
const PROBED: usize = 50;

/// Whether channels pass presence on.
pub(super) fn is_passed_on(host: &Host) -> bool {
    host.has_plugin("xep-0403")
}

/// Takes a presence for a channel.
pub(super) fn take(mix: &Arc<Mix>, host: &Arc<Host>, stanza: &Stanza) -> Routed {
    let ignored = Routed::Now(Outcome::Delivered);
    let (Some(from), Some(to)) = (stanza.from(), stanza.to()) else {
        return ignored;
    };
    let channel = mix.channels.find(&to.to_bare());
    let Some(channel) = channel.filter(|_| to.is_bare() && is_passed_on(host)) else {
        return ignored;
    };
    match (stanza.type_(), from.resource()) {
        (StanzaType::Available, Some(resource)) => {
            match show(mix, host, &channel, stanza, from, resource) {
                Ok(routed) => routed,
                Err(error) => Routed::Now(Outcome::Refused(error)),
            }
        }
        (StanzaType::Unavailable, Some(resource)) => hide(host, &channel, from, resource),
        // The user's server asks for all there is (XEP-0405 §2.8.3).
        (StanzaType::Available, None) => all_to(host, &channel, &from.to_bare()),
        _ => ignored,
    }
}

/// A client shows itself, or something else than before.
fn show(
    mix: &Mix,
    host: &Arc<Host>,
    channel: &Channel,
    stanza: &Stanza,
    from: &Jid,
    resource: &str,
) -> Result<Routed, StanzaError> {
    let children = stanza.children();
    let length: usize = children.map(|child| child.element().as_str().len()).sum();
    if length > mix.limits.message {
        return Err(refused(
            Condition::PolicyViolation,
            format!(
                "a presence in a channel has at most {} octets (max_message), this one has {length}",
                mix.limits.message
            ),
        ));
    }
    let mut shown = stanza.clone();
    shown.retain(|child| !child.is("mix", xep_0403::NS));
    shown.head_mut().to = None;
    shown.compact();
    let mut state = channel.lock();
    let account = from.to_bare();
    let Some(participant) = state.participants.get(&account).cloned() else {
        return Err(joining::not_in_it());
    };
    let clients = state.shown.entry(account.detach()).or_default();
    if !clients.contains_key(resource) && clients.len() >= MOST_SHOWN {
        return Err(refused(
            Condition::ResourceConstraint,
            format!("{MOST_SHOWN} clients of yours are shown in the channel, as many as may"),
        ));
    }
    let told = told(channel, &participant, &account, resource, &shown);
    clients.insert(resource.into(), shown);
    Ok(spread(&state, host, told))
}

/// A client is gone.
fn hide(host: &Arc<Host>, channel: &Channel, from: &Jid, resource: &str) -> Routed {
    let account = from.to_bare();
    let mut state = channel.lock();
    let known = state
        .shown
        .get_mut(&account)
        .and_then(|clients| clients.remove(resource));
    let participant = state.participants.get(&account).filter(|_| known.is_some());
    match participant {
        Some(participant) => {
            let gone = told(channel, participant, &account, resource, &absence());
            spread(&state, host, gone)
        }
        None => Routed::Now(Outcome::Delivered),
    }
}

/// Everybody who is shown, to one account that may see it.
pub(super) fn all_to(host: &Arc<Host>, channel: &Channel, account: &BareJid) -> Routed {
    let mut sending = Sending::new(host);
    let state = channel.lock();
    if let Some(mailbox) = state.watchers.get(account) {
        for (who, clients) in &state.shown {
            let Some(participant) = state.participants.get(who) else {
                continue;
            };
            for (resource, shown) in clients {
                let told = told(channel, participant, who, resource, shown);
                sending.give(mailbox, &Spread::new(told));
            }
        }
    }
    sending.done()
}

/// A participant is called otherwise: its clients are shown anew.
pub(super) fn renamed(host: &Arc<Host>, channel: &Channel, account: &BareJid) -> Routed {
    let mut sending = Sending::new(host);
    let state = channel.lock();
    let clients = state.shown.get(account).into_iter().flatten();
    if let Some(participant) = state.participants.get(account) {
        for (resource, shown) in clients {
            let told = told(channel, participant, account, resource, shown);
            give(&state, &mut sending, told);
        }
    }
    sending.done()
}

/// Participants have left: their clients are gone (§5.4).
pub(super) fn left(host: &Arc<Host>, channel: &Channel, gone: &[(BareJid, Participant)]) -> Routed {
    let mut sending = Sending::new(host);
    let mut state = channel.lock();
    for (account, participant) in gone {
        for resource in state.shown.remove(account).unwrap_or_default().keys() {
            let told = told(channel, participant, account, resource, &absence());
            give(&state, &mut sending, told);
        }
    }
    sending.done()
}

fn absence() -> Stanza {
    Stanza::presence(StanzaType::Unavailable)
}

/// What others are told of a client, for nobody yet: from the participant, with the client's address and the nick (§3.5).
fn told(
    channel: &Channel,
    participant: &Participant,
    account: &BareJid,
    resource: &str,
    shown: &Stanza,
) -> Stanza {
    let client = account.with_resource(resource).ok();
    let element = MixElement {
        jid: client.map(sestina_wire::FullJid::into_jid),
        nick: participant.nick.clone(),
        ..MixElement::default()
    };
    let local = format!(
        "{}#{}",
        participant.id,
        channel.jid.local().unwrap_or_default()
    );
    let address = BareJid::new(Some(&local), channel.jid.domain());
    let address = address.and_then(|address| address.with_resource(resource));
    let from = address.map_or_else(
        |_| Jid::clone(&channel.jid),
        sestina_wire::FullJid::into_jid,
    );
    shown.clone().with_from(from).with(&element)
}

/// To everybody who subscribed.
fn spread(state: &State, host: &Arc<Host>, told: Stanza) -> Routed {
    let mut sending = Sending::new(host);
    give(state, &mut sending, told);
    sending.done()
}

fn give(state: &State, sending: &mut Sending<'_>, told: Stanza) {
    if state.watchers.is_empty() {
        return;
    }
    let told = Spread::new(told);
    for mailbox in state.watchers.values() {
        sending.give(mailbox, &told);
    }
}

/// Asks the participants elsewhere what they are, some at a time.
pub(super) fn ask_all(mix: &Arc<Mix>, host: &Arc<Host>) {
    if !is_passed_on(host) {
        return;
    }
    let (mix, host) = (Arc::clone(mix), Arc::clone(host));
    tokio::spawn(async move {
        for channel in mix.channels.all() {
            let elsewhere: Vec<BareJid> = {
                let state = channel.lock();
                let all = state.participants.keys();
                all.filter(|who| !host.serves(who)).cloned().collect()
            };
            for some in elsewhere.chunks(PROBED) {
                let probes = some.iter().map(|who| {
                    let probe = Stanza::presence(StanzaType::Probe);
                    let probe = probe.with_from(Jid::clone(&channel.jid));
                    host.route(probe.with_to(Jid::clone(who)))
                });
                for probe in probes.collect::<Vec<_>>() {
                    let _ = probe.await;
                }
            }
        }
    });
}
