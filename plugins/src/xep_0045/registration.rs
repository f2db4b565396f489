//! Registering with a room: a nickname that nobody else takes (§7.10).

use std::sync::Arc;

use sestina_session::mux::IqContext;
use sestina_types::xep_0004::{Form, FormType};
use sestina_types::xep_0045::forms::RoomRegistration;
use sestina_types::xep_0077::register::Query;
use sestina_wire::{Condition, Payload as _, StanzaError, Text};

use super::affiliations::{self, Change};
use super::standing::Affiliation;
use super::{Muc, refused};

/// The nickname on file, or the form for one.
pub(super) fn fields(muc: &Muc, cx: &IqContext) -> Result<Query, StanzaError> {
    let room = muc.room_of(cx)?;
    let state = room.lock();
    let known = state.affiliations.get(&cx.from.to_bare());
    if let Some(nick) = known.and_then(|standing| standing.nick.clone()) {
        return Ok(Query {
            registered: true,
            username: Some(nick),
            ..Query::default()
        });
    }
    may_register(&state, cx)?;
    let mut form = RoomRegistration::default().write(FormType::Form);
    form.fields.retain(|field| {
        matches!(
            field.var.as_deref(),
            Some("FORM_TYPE" | "muc#register_roomnick")
        )
    });
    form.title = Some(Text::from_static("Register with the room"));
    let mut query = Query {
        instructions: Some(Text::from_static(
            "Choose the nickname that is kept for you.",
        )),
        ..Query::default()
    };
    query.any.push(form.to_any());
    Ok(query)
}

/// In a room where membership means something, its admins give it.
fn may_register(state: &super::room::State, cx: &IqContext) -> Result<(), StanzaError> {
    let affiliation = state.affiliation(&cx.from.to_bare());
    let configuration = &state.configuration;
    match affiliation {
        Affiliation::Outcast => Err(refused(
            Condition::Forbidden,
            "you are banned from this room",
        )),
        Affiliation::None if configuration.members_only || configuration.moderated => Err(refused(
            Condition::NotAllowed,
            "the admins of this room say who is a member; ask one of them",
        )),
        _ => Ok(()),
    }
}

/// A nickname, or none any more.
pub(super) async fn set(muc: &Arc<Muc>, cx: &IqContext, request: Query) -> Result<(), StanzaError> {
    let room = muc.room_of(cx)?;
    let account = cx.from.to_bare().detach();
    let affiliation = room.lock().affiliation(&account);
    if request.remove {
        let change = Change::of(account, Affiliation::None);
        if affiliation != Affiliation::Member {
            return Err(refused(
                Condition::NotAllowed,
                "only who is a member can end that",
            ));
        }
        return affiliations::apply(muc, &cx.host, &room, None, vec![change]).await;
    }
    may_register(&room.lock(), cx)?;
    let form = request.any.iter().find_map(|any| any.decode::<Form>().ok());
    let nick = match form {
        Some(form) => RoomRegistration::read(&form)?.nickname,
        None => request.username,
    };
    let nick = nick
        .filter(|nick| !nick.is_empty())
        .ok_or_else(|| refused(Condition::NotAcceptable, "the nickname is missing"))?;
    // As it would be written in an address.
    let nick = room
        .jid
        .with_resource(&nick)
        .map(|jid| Text::from(jid.resource()))
        .map_err(|_| refused(Condition::NotAcceptable, "this is no nickname"))?;
    if nick.len() > muc.limits.nick {
        return Err(refused(
            Condition::NotAcceptable,
            format!(
                "a nickname has at most {} octets (max_nickname)",
                muc.limits.nick
            ),
        ));
    }
    let taken = {
        let state = room.lock();
        let there = state.occupants.get(&nick);
        there.is_some_and(|occupant| occupant.account != account)
    };
    if taken {
        return Err(refused(
            Condition::Conflict,
            "somebody else has this nickname; choose another",
        ));
    }
    let change = Change {
        nick: Some(nick),
        ..Change::of(account, affiliation.max(Affiliation::Member))
    };
    affiliations::apply(muc, &cx.host, &room, None, vec![change]).await
}
