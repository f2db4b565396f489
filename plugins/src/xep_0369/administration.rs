//! How a channel is administered (XEP-0406): its configuration, and the lists of those who are let in and of those who are not.

use std::collections::BTreeSet;
use std::sync::Arc;

use sestina_session::mux::IqContext;
use sestina_types::xep_0060::pubsub::{Item, Publish, Pubsub, PubsubChoice, Retract};
use sestina_wire::{BareJid, Condition, StanzaError, Text};

use super::channel::{Channel, State};
use super::making::{configured, stamp};
use super::nodes::{done, published};
use super::{Mix, Role, joining, node, presence, refused};
use crate::xep_0060::{Edit, Step};

/// Changes the configuration (§3.2): what is not said stays as it is.
pub(super) async fn configure(
    mix: &Mix,
    cx: &IqContext,
    channel: &Arc<Channel>,
    publish: &Publish,
) -> Result<Pubsub, StanzaError> {
    let form = published(publish)?;
    let _changing = channel.change.lock().await;
    let by = cx.from.to_bare().detach();
    let next = {
        let state = channel.lock();
        if state.role(&cx.from) != Role::Owner {
            return Err(refused(
                Condition::Forbidden,
                "only owners of the channel may change its settings",
            ));
        }
        state.configuration.changed(&form, &by)?
    };
    let id = stamp(mix.clock.now());
    let step = Step {
        edits: configured(id.clone(), next.item()),
        ..Step::default()
    };
    let then = || channel.lock().configuration = next;
    joining::change(channel, cx, step, |_| {}, then).await?;
    Ok(done(node::CONFIG.into(), id))
}

/// Adds addresses and domains to a list (§3.3). Who is banned takes part no more.
pub(super) async fn add(
    mix: &Mix,
    cx: &IqContext,
    channel: &Arc<Channel>,
    publish: Publish,
) -> Result<Pubsub, StanzaError> {
    let _changing = channel.change.lock().await;
    let ids = publish.items.iter().map(|item| item.id.as_ref());
    let wanted = addresses(ids)?;
    let is_ban = publish.node == node::BANNED;
    let (next, step) = {
        let state = channel.lock();
        may_administer(&state, cx, &publish.node)?;
        let mut next = list_of(&state, is_ban).clone();
        next.extend(wanted.iter().cloned());
        if next.len() > mix.limits.listed {
            return Err(refused(
                Condition::ResourceConstraint,
                format!(
                    "the list has at most {} addresses (max_listed); take some off, or name their domain",
                    mix.limits.listed
                ),
            ));
        }
        let gone: Vec<(BareJid, Text)> = if is_ban {
            let all = state.participants.iter();
            let named = all.filter(|(who, _)| is_named(&wanted, who) && !state.is_in_charge(who));
            named
                .map(|(who, one)| (who.clone(), one.id.clone()))
                .collect()
        } else {
            Vec::new()
        };
        (next, step_of(&publish.node, &wanted, gone))
    };
    let unsubscribed = step.unsubscribe.iter();
    let named: Vec<BareJid> = unsubscribed.map(|(who, _)| who.clone()).collect();
    let mut gone = Vec::new();
    let then = || {
        let mut state = channel.lock();
        *list_mut(&mut state, is_ban) = next;
        for who in named {
            let known = state.remove(&who);
            gone.extend(known.map(|known| (who, known)));
        }
    };
    joining::change(channel, cx, step, |_| {}, then).await?;
    let _ = presence::left(&cx.host, channel, &gone).await;
    let items = wanted.iter().map(|address| Item {
        id: Some(address.as_str().into()),
        ..Item::default()
    });
    Ok(Pubsub {
        action: Some(PubsubChoice::Publish(Publish {
            items: items.collect(),
            ..Publish::new(publish.node)
        })),
        ..Pubsub::default()
    })
}

/// What is stored as addresses are put on a list, and participants go.
fn step_of(list: &str, wanted: &[BareJid], gone: Vec<(BareJid, Text)>) -> Step {
    let mut step = if gone.is_empty() {
        Step::default()
    } else {
        joining::leaving(&gone)
    };
    step.edits.push(Edit {
        node: list.to_owned(),
        ids: wanted
            .iter()
            .map(|address| address.as_str().into())
            .collect(),
        ..Edit::default()
    });
    step
}

/// Takes addresses off a list.
pub(super) async fn remove(
    cx: &IqContext,
    channel: &Arc<Channel>,
    retract: Retract,
) -> Result<(), StanzaError> {
    let _changing = channel.change.lock().await;
    let ids = retract.items.iter().map(|item| item.id.as_ref());
    let unwanted = addresses(ids)?;
    let is_ban = retract.node == node::BANNED;
    let next = {
        let state = channel.lock();
        may_administer(&state, cx, &retract.node)?;
        let mut next = list_of(&state, is_ban).clone();
        if let Some(other) = unwanted.iter().find(|address| !next.remove(*address)) {
            return Err(refused(
                Condition::ItemNotFound,
                format!("{other} is not on the list"),
            ));
        }
        next
    };
    let step = Step {
        edits: vec![Edit {
            node: retract.node.to_string(),
            retract: unwanted
                .iter()
                .map(|address| address.as_str().into())
                .collect(),
            ..Edit::default()
        }],
        ..Step::default()
    };
    let then = || *list_mut(&mut channel.lock(), is_ban) = next;
    joining::change(channel, cx, step, |_| {}, then).await
}

/// Refuses whoever may not change a list, and where there is none.
fn may_administer(state: &State, cx: &IqContext, list: &str) -> Result<(), StanzaError> {
    if !state.configuration.has(list) {
        return Err(refused(
            Condition::ItemNotFound,
            "the channel has no such list; its owners may give it one (Nodes Present)",
        ));
    }
    if state.role(&cx.from) < Role::Administrator {
        return Err(refused(
            Condition::Forbidden,
            "only administrators and owners of the channel change who may take part",
        ));
    }
    Ok(())
}

fn list_of(state: &State, is_ban: bool) -> &BTreeSet<BareJid> {
    if is_ban {
        &state.banned
    } else {
        &state.allowed
    }
}

fn list_mut(state: &mut State, is_ban: bool) -> &mut BTreeSet<BareJid> {
    if is_ban {
        &mut state.banned
    } else {
        &mut state.allowed
    }
}

/// Whether somebody is on a list, or their domain.
fn is_named(list: &[BareJid], who: &BareJid) -> bool {
    let mut all = list.iter();
    all.any(|one| one == who || one.as_str() == who.domain())
}

/// The items of a list: their ids are bare addresses or domains.
fn addresses<'a>(ids: impl Iterator<Item = Option<&'a Text>>) -> Result<Vec<BareJid>, StanzaError> {
    let read = |id: Option<&Text>| {
        let address = id.and_then(|id| BareJid::parse(id).ok());
        address.map(|address| address.detach()).ok_or_else(|| {
            refused(
                Condition::BadRequest,
                "an item of this list has the bare address of somebody as its id, or a domain",
            )
        })
    };
    let all = ids.map(read).collect::<Result<BTreeSet<_>, _>>()?;
    if all.is_empty() {
        return read(None).map(|_| Vec::new());
    }
    Ok(all.into_iter().collect())
}
