//! Lists of those with a role or an affiliation, and changes of both by moderators and admins (§8, §9, §10.3 to §10.8).

use std::sync::Arc;

use sestina_session::mux::IqContext;
use sestina_types::xep_0045::admin::{Item, Query};
use sestina_wire::{Condition, Jid, StanzaError, Text};

use super::affiliations::{self, Change};
use super::leaving::expel;
use super::mailbox::Sending;
use super::room::{Room, State, Words};
use super::standing::{Affiliation, Role};
use super::{Muc, refused};

/// How many changes one request may hold.
const MOST: usize = 1000;

/// One list.
pub(super) fn list(muc: &Muc, cx: &IqContext, request: &Query) -> Result<Query, StanzaError> {
    let room = muc.room_of(cx)?;
    let state = room.lock();
    let actor = state.actor(&cx.from);
    let [asked] = request.items.as_slice() else {
        return Err(refused(
            Condition::BadRequest,
            "ask for one list, with an item that has a role or an affiliation",
        ));
    };
    let mut items: Vec<Item> = Vec::new();
    match (&asked.affiliation, &asked.role) {
        (Some(affiliation), _) => {
            let affiliation = Affiliation::from(affiliation);
            state.may_list(&cx.from, affiliation)?;
            let all = state.affiliations.iter();
            let found = all.filter(|(_, standing)| standing.affiliation == affiliation);
            items.extend(found.map(|(address, standing)| Item {
                affiliation: Some(affiliation.to_admin()),
                jid: Some(Jid::clone(address)),
                nick: standing.nick.clone(),
                reason: standing.reason.clone(),
                ..Item::default()
            }));
            items.sort_by(|a, b| {
                a.jid
                    .as_ref()
                    .map(Jid::as_str)
                    .cmp(&b.jid.as_ref().map(Jid::as_str))
            });
        }
        (None, Some(role)) => {
            let role = Role::from(role);
            actor.may_list_role(role)?;
            let all = state.occupants.iter();
            let found = all.filter(|(_, occupant)| occupant.role == role);
            items.extend(found.map(|(nick, occupant)| Item {
                affiliation: Some(state.affiliation(&occupant.account).to_admin()),
                role: Some(role.to_admin()),
                nick: Some(nick.clone()),
                jid: occupant.sessions.last().map(|session| session.jid.clone()),
                ..Item::default()
            }));
        }
        (None, None) => {
            return Err(refused(
                Condition::BadRequest,
                "the item says neither a role nor an affiliation",
            ));
        }
    }
    Ok(Query {
        items,
        ..Query::default()
    })
}

/// Changes, roles at once and affiliations once they are stored.
pub(super) async fn change(
    muc: &Arc<Muc>,
    cx: &IqContext,
    request: Query,
) -> Result<(), StanzaError> {
    let room = muc.room_of(cx)?;
    if request.items.len() > MOST {
        return Err(refused(
            Condition::PolicyViolation,
            format!("{MOST} changes can be made at once"),
        ));
    }
    let mut affiliations = Vec::new();
    let mut roles = Vec::new();
    {
        let state = room.lock();
        for item in request.items {
            match (&item.affiliation, &item.role) {
                (Some(_), _) => affiliations.push(affiliation(&state, &item)?),
                (None, Some(role)) => roles.push((role_of(&state, &item)?, Role::from(role), item)),
                (None, None) => {
                    return Err(refused(
                        Condition::BadRequest,
                        "an item says neither a role nor an affiliation",
                    ));
                }
            }
        }
    }
    if !roles.is_empty() {
        let routed = give_roles(muc, cx, &room, roles)?;
        routed.await;
    }
    if affiliations.is_empty() {
        return Ok(());
    }
    affiliations::apply(muc, &cx.host, &room, Some(&cx.from), affiliations).await
}

fn affiliation(state: &State, item: &Item) -> Result<Change, StanzaError> {
    let known = item
        .nick
        .as_ref()
        .and_then(|nick| state.occupants.get(nick));
    let address = match (&item.jid, known) {
        (Some(jid), _) => jid.to_bare().detach(),
        (None, Some(occupant)) => occupant.account.clone(),
        (None, None) => {
            return Err(refused(
                Condition::ItemNotFound,
                "an affiliation is somebody's: write the address, or the nickname of somebody who is here",
            ));
        }
    };
    let affiliation = item
        .affiliation
        .as_ref()
        .map_or(Affiliation::None, Affiliation::from);
    Ok(Change {
        address,
        affiliation,
        // With an address the nickname is one to reserve.
        nick: item
            .nick
            .clone()
            .filter(|_| item.jid.is_some() && affiliation > Affiliation::None),
        reason: item.reason.clone(),
    })
}

fn role_of(state: &State, item: &Item) -> Result<Text, StanzaError> {
    let nick = item
        .nick
        .clone()
        .filter(|nick| state.occupants.contains_key(nick));
    let by_address = || {
        let jid = item.jid.as_ref()?;
        let exact = state.sessions.get(jid).cloned();
        exact.or_else(|| state.nicks_of(&jid.to_bare()).into_iter().next())
    };
    nick.or_else(by_address).ok_or_else(|| {
        refused(
            Condition::ItemNotFound,
            "a role is somebody's who is in the room: write the nickname",
        )
    })
}

fn give_roles(
    muc: &Muc,
    cx: &IqContext,
    room: &Arc<Room>,
    roles: Vec<(Text, Role, Item)>,
) -> Result<sestina_session::router::Routed, StanzaError> {
    let mut state = room.lock();
    let actor = state.actor(&cx.from);
    // All or none.
    for (nick, to, _) in &roles {
        let Some(occupant) = state.occupants.get(nick) else {
            return Err(StanzaError::new(Condition::ItemNotFound));
        };
        let target = state.affiliation(&occupant.account);
        actor.may_give_role(target, occupant.role, *to)?;
    }
    let by = state.occupant_of(&cx.from).map(|(nick, _)| nick.clone());
    let mut sending = Sending::new(&cx.host);
    for (nick, to, item) in roles {
        let mut words = Words {
            actor: by.clone(),
            reason: item.reason,
            ..Words::default()
        };
        if to == Role::None {
            words.codes = vec![307];
            expel(room, &mut state, &mut sending, &nick, &words);
            continue;
        }
        room.give_role(&mut state, &mut sending, &nick, to, &words);
    }
    muc.tidy(room, &mut state);
    drop(state);
    Ok(sending.done())
}
