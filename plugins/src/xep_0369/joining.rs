//! Somebody joins a channel (§7.1.2), leaves it (§7.1.3), or subscribes to other nodes.

use std::sync::Arc;

use sestina_session::mux::IqContext;
use sestina_storage::Transaction;
use sestina_types::xep_0369::tables::{MixIds, MixIdsRow};
use sestina_types::xep_0369::{Join, Subscribe, Unsubscribe, UpdateSubscription};
use sestina_wire::{BareJid, Condition, StanzaError, Text};

use super::channel::{Channel, Participant};
use super::{Mix, account_of, nicks, node, presence, refused};
use crate::xep_0060::{Edit, Step};

/// How many nodes a request names at most.
const MOST_NODES: usize = 100;

/// Takes somebody in, with a nick and subscriptions. Who takes part already is called otherwise, if that is asked for, and
/// subscribes to more.
pub(super) async fn join(mix: &Mix, cx: &IqContext, request: Join) -> Result<Join, StanzaError> {
    let channel = mix.channel_of(cx)?;
    let account = account_of(cx)?;
    let _changing = channel.change.lock().await;
    let known = {
        let state = channel.lock();
        if state.ended {
            return Err(super::no_channel());
        }
        state.may_join(&account)?;
        let known = state.participants.get(&account).cloned();
        if known.is_none() && state.participants.len() >= mix.limits.participants {
            return Err(refused(
                Condition::ResourceConstraint,
                format!(
                    "{} people take part in this channel, as many as may (max_participants)",
                    mix.limits.participants
                ),
            ));
        }
        known
    };
    let id = match &known {
        Some(known) => known.id.clone(),
        // Who took part before is the same participant again (§4.5).
        None => match mix.channels.ids.get(&channel.jid, &account).await? {
            Some(row) => row.id.into(),
            None => mix.random.token(),
        },
    };
    let (participant, nodes) = {
        let state = channel.lock();
        let before = known.as_ref().and_then(|known| known.nick.clone());
        let nick = match request.nick.as_ref() {
            Some(wanted) => Some(nicks::choose(&mix.limits, &state, &account, wanted)?),
            None => before,
        };
        if nick.is_none() && state.configuration.mandatory_nicks() {
            return Err(refused(
                Condition::NotAcceptable,
                "who takes part in this channel has a nick: send one along",
            ));
        }
        let asked = request.subscribes.iter().map(|one| &one.node);
        // Who is let in now may read what participants may.
        let may = |name: &Text| state.may_read_joined(name, &account);
        (Participant { id, nick }, granted(asked, may)?)
    };
    let is_new = known.is_none();
    let mut step = Step {
        subscribe: Some((account.clone(), nodes.clone())),
        ..Step::default()
    };
    if known.as_ref() != Some(&participant) {
        step.edits.push(Edit {
            node: node::PARTICIPANTS.to_owned(),
            put: vec![participant.item(&account)],
            ..Edit::default()
        });
    }
    let row = MixIdsRow {
        channel: channel.jid.clone(),
        address: account.clone(),
        id: participant.id.to_string(),
    };
    let answer = Join {
        id: Some(participant.id.clone()),
        nick: participant.nick.clone(),
        subscribes: nodes.into_iter().map(Subscribe::new).collect(),
        ..Join::default()
    };
    let also = |transaction: &mut Transaction| {
        if is_new {
            transaction.put::<MixIds>(&row);
        }
    };
    let sees = sees_presence(&step);
    let then = || channel.lock().put(&account, participant);
    change(&channel, cx, step, also, then).await?;
    if sees {
        let _ = presence::all_to(&cx.host, &channel, &account).await;
    }
    Ok(answer)
}

/// Lets somebody go, with all subscriptions.
pub(super) async fn leave(mix: &Mix, cx: &IqContext) -> Result<(), StanzaError> {
    let channel = mix.channel_of(cx)?;
    let account = account_of(cx)?;
    let _changing = channel.change.lock().await;
    let known = channel.lock().participants.get(&account).cloned();
    let Some(known) = known else {
        return Err(not_in_it());
    };
    let step = leaving(&[(account.clone(), known.id.clone())]);
    let then = || {
        channel.lock().remove(&account);
    };
    change(&channel, cx, step, |_| {}, then).await?;
    let _ = presence::left(&cx.host, &channel, &[(account.clone(), known)]).await;
    Ok(())
}

/// Whether somebody subscribes to presence.
fn sees_presence(step: &Step) -> bool {
    let nodes = step.subscribe.iter().flat_map(|(_, nodes)| nodes);
    nodes
        .into_iter()
        .any(|name| name.as_str() == node::PRESENCE)
}

/// What changes at the nodes as people go.
pub(super) fn leaving(gone: &[(BareJid, Text)]) -> Step {
    let retract = gone.iter().map(|(_, id)| id.clone()).collect();
    Step {
        edits: vec![Edit {
            node: node::PARTICIPANTS.to_owned(),
            retract,
            ..Edit::default()
        }],
        unsubscribe: gone.iter().map(|(who, _)| (who.clone(), None)).collect(),
        ..Step::default()
    }
}

/// Subscribes a participant to more nodes, and to fewer.
pub(super) async fn update(
    mix: &Mix,
    cx: &IqContext,
    request: UpdateSubscription,
) -> Result<UpdateSubscription, StanzaError> {
    let channel = mix.channel_of(cx)?;
    let account = cx.from.to_bare().detach();
    let _changing = channel.change.lock().await;
    let (nodes, less) = {
        let state = channel.lock();
        if !state.participants.contains_key(&account) {
            return Err(not_in_it());
        }
        let asked = request.subscribes.iter().map(|one| &one.node);
        let nodes = granted(asked, |name| state.may_read(name, &account))?;
        let less = request.unsubscribes.iter().map(|one| one.node.clone());
        (nodes, less.take(MOST_NODES).collect::<Vec<Text>>())
    };
    let step = Step {
        unsubscribe: vec![(account.clone(), Some(less.clone()))],
        subscribe: Some((account.clone(), nodes.clone())),
        ..Step::default()
    };
    let sees = sees_presence(&step);
    change(&channel, cx, step, |_| {}, || {}).await?;
    if sees {
        let _ = presence::all_to(&cx.host, &channel, &account).await;
    }
    Ok(UpdateSubscription {
        jid: Some(account),
        subscribes: nodes.into_iter().map(Subscribe::new).collect(),
        unsubscribes: less.into_iter().map(Unsubscribe::new).collect(),
        ..UpdateSubscription::default()
    })
}

/// Those of the nodes that may be subscribed to. Where none may, the reason is that of the first (§7.1.2).
fn granted<'a>(
    asked: impl Iterator<Item = &'a Text>,
    may: impl Fn(&Text) -> Result<(), StanzaError>,
) -> Result<Vec<Text>, StanzaError> {
    let (mut granted, mut failed) = (Vec::new(), None);
    for name in asked.take(MOST_NODES) {
        match may(name) {
            Ok(()) if !granted.contains(name) => granted.push(name.detach()),
            Ok(()) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        Some(error) if granted.is_empty() => Err(error),
        _ => Ok(granted),
    }
}

/// Changes the nodes of a channel, and who hears what is said in it.
pub(super) async fn change(
    channel: &Arc<Channel>,
    cx: &IqContext,
    step: Step,
    also: impl FnOnce(&mut Transaction) + Send,
    then: impl FnOnce() + Send,
) -> Result<(), StanzaError> {
    let nodes = Mix::nodes(&cx.host)?;
    nodes
        .change_kept(&cx.host, &channel.jid, step, also, then)
        .await?;
    hear(channel, cx).await
}

/// From now on what is said, and presence, goes to those who are subscribed now.
pub(super) async fn hear(channel: &Channel, cx: &IqContext) -> Result<(), StanzaError> {
    let nodes = Mix::nodes(&cx.host)?;
    let subscribers = async |name: &str| {
        let all = nodes.kept_subscribers(&cx.host, &channel.jid, name).await;
        Ok::<_, StanzaError>(all?)
    };
    let mut hearers = subscribers(node::MESSAGES).await?;
    let mut watchers = subscribers(node::PRESENCE).await?;
    let mut state = channel.lock();
    // A later change may have taken the right that a subscriber once had.
    hearers.retain(|who| state.may_read(node::MESSAGES, who).is_ok());
    watchers.retain(|who| state.may_read(node::PRESENCE, who).is_ok());
    state.set_subscribers(hearers, watchers);
    Ok(())
}

pub(super) fn not_in_it() -> StanzaError {
    refused(
        Condition::Forbidden,
        "only who takes part in the channel may do that; join it first",
    )
}
