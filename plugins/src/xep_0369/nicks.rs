//! What people are called in a channel (§7.1.4): by one nick each, compared as RFC 8266 says.

use precis_profiles::Nickname;
use precis_profiles::precis_core::profile::PrecisFastInvocation as _;
use sestina_session::mux::IqContext;
use sestina_types::xep_0369::Setnick;
use sestina_wire::{BareJid, Condition, StanzaError, Text};

use super::channel::{Participant, State};
use super::{Limits, Mix, joining, node, presence, refused};
use crate::xep_0060::{Edit, Step};

/// What two nicks have in common that are the same.
pub(super) fn key(nick: &str) -> String {
    nick.to_lowercase()
}

/// The nick that somebody gets who asks for one: an empty wish leaves it to the channel.
pub(super) fn choose(
    limits: &Limits,
    state: &State,
    account: &BareJid,
    wanted: &str,
) -> Result<Text, StanzaError> {
    let is_free = |nick: &str| {
        let holder = state.nicks.get(&key(nick));
        holder.is_none_or(|holder| holder == account)
    };
    if wanted.is_empty() {
        let name = account.local().unwrap_or(account.domain());
        let name = Nickname::enforce(name).map_err(|_| no_nick())?.into_owned();
        // One of so many is free.
        let numbered = (2..=limits.participants.saturating_add(2)).map(|n| format!("{name} {n}"));
        let mut all = std::iter::once(name.clone()).chain(numbered);
        let nick = all.find(|nick| is_free(nick)).ok_or_else(no_nick)?;
        return Ok(nick.into());
    }
    let nick = Nickname::enforce(wanted).map_err(|_| no_nick())?;
    if nick.len() > limits.nick {
        return Err(refused(
            Condition::NotAcceptable,
            format!("a nick has at most {} octets (max_nickname)", limits.nick),
        ));
    }
    if !is_free(&nick) {
        return Err(refused(
            Condition::Conflict,
            format!("somebody else in the channel is called {nick:?}; choose another nick"),
        ));
    }
    Ok(nick.as_ref().into())
}

fn no_nick() -> StanzaError {
    refused(
        Condition::NotAcceptable,
        "this is no nick: it may have letters, digits, symbols and single spaces",
    )
}

/// A participant is called otherwise from now on.
pub(super) async fn set(
    mix: &Mix,
    cx: &IqContext,
    request: &Setnick,
) -> Result<Setnick, StanzaError> {
    let channel = mix.channel_of(cx)?;
    let account = cx.from.to_bare().detach();
    let _changing = channel.change.lock().await;
    let (known, nick) = {
        let state = channel.lock();
        let known = state.participants.get(&account).cloned();
        let known = known.ok_or_else(joining::not_in_it)?;
        let nick = choose(&mix.limits, &state, &account, &request.nick)?;
        (known, nick)
    };
    if known.nick.as_ref() != Some(&nick) {
        let participant = Participant {
            nick: Some(nick.clone()),
            ..known
        };
        let step = Step {
            edits: vec![Edit {
                node: node::PARTICIPANTS.to_owned(),
                put: vec![participant.item(&account)],
                ..Edit::default()
            }],
            ..Step::default()
        };
        let then = || channel.lock().put(&account, participant);
        joining::change(&channel, cx, step, |_| {}, then).await?;
        let _ = presence::renamed(&cx.host, &channel, &account).await;
    }
    Ok(Setnick::new(nick))
}
