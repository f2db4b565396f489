//! Registering with a room: a nickname that nobody else takes (§7.10), and, where admins say who belongs to the room, their word
//! (§9.9).

use std::sync::Arc;

use sestina_session::host::{Host, Spread};
use sestina_session::mux::IqContext;
use sestina_session::router::{Outcome, Routed};
use sestina_types::xep_0004::{Form, FormType};
use sestina_types::xep_0045::forms::RoomRegistration;
use sestina_types::xep_0077::register::Query;
use sestina_wire::{BareJid, Condition, Jid, Payload as _, Stanza, StanzaError, StanzaType, Text};

use super::affiliations::{self, Change};
use super::mailbox::{Mailbox, Sending};
use super::message::refuse;
use super::room::{Room, State};
use super::standing::Affiliation;
use super::{Muc, refused};

/// How many people may wait for an admin's word.
const MOST_WAITING: usize = 100;

/// The nickname on file, or the form for one.
pub(super) fn fields(muc: &Muc, cx: &IqContext) -> Result<Query, StanzaError> {
    let room = muc.room_of(cx)?;
    let state = room.lock();
    let known = state.affiliations.get(&cx.from.to_bare());
    let known = known.filter(|standing| standing.affiliation > Affiliation::None);
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

fn may_register(state: &State, cx: &IqContext) -> Result<(), StanzaError> {
    match state.affiliation(&cx.from.to_bare()) {
        Affiliation::Outcast => Err(refused(
            Condition::Forbidden,
            "you are banned from this room",
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
        let waits = room.lock().waiting().any(|(one, _)| *one == change.address);
        if affiliation != Affiliation::Member && !waits {
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
    // In a room where membership means something, its admins give it.
    let asks = {
        let state = room.lock();
        let configuration = &state.configuration;
        let means = configuration.members_only || configuration.moderated;
        if means && affiliation == Affiliation::None && state.waiting().count() >= MOST_WAITING {
            return Err(refused(
                Condition::ResourceConstraint,
                format!("{MOST_WAITING} people wait for an admin's word already; try again later"),
            ));
        }
        means && affiliation == Affiliation::None
    };
    let becomes = match asks {
        true => Affiliation::None,
        false => affiliation.max(Affiliation::Member),
    };
    let change = Change {
        nick: Some(nick.clone()),
        ..Change::of(account.clone(), becomes)
    };
    affiliations::apply(muc, &cx.host, &room, None, vec![change]).await?;
    if asks {
        let mut sending = Sending::new(&cx.host);
        {
            let state = room.lock();
            let question = Spread::new(question(&room, &account, &nick));
            let people = state.occupants.values();
            let admins = people.filter(|one| state.affiliation(&one.account) >= Affiliation::Admin);
            for session in admins.flat_map(|one| &one.sessions) {
                sending.give(&session.mailbox, &question);
            }
        }
        sending.done().await;
    }
    Ok(())
}

/// What admins are asked.
fn question(room: &Room, account: &BareJid, nick: &Text) -> Stanza {
    let mut form = RoomRegistration {
        nickname: Some(nick.clone()),
        jid: Some(account.clone()),
        allow: Some(false),
        ..RoomRegistration::default()
    }
    .write(FormType::Form);
    form.fields.retain(|field| {
        matches!(
            field.var.as_deref(),
            Some("FORM_TYPE" | "muc#register_roomnick" | "x-jid" | "muc#register_allow")
        )
    });
    form.title = Some(Text::from_static(
        "Somebody wants to register with the room",
    ));
    Stanza::message(StanzaType::Normal)
        .with_from(Jid::clone(&room.jid))
        .with(&form)
}

/// An admin who enters is asked what others have asked for meanwhile.
pub(super) fn remind(
    room: &Room,
    state: &State,
    sending: &mut Sending<'_>,
    mailbox: &Arc<Mailbox>,
) {
    if state.affiliation(&mailbox.to().to_bare()) < Affiliation::Admin {
        return;
    }
    let mut waiting: Vec<_> = state.waiting().collect();
    waiting.sort();
    for (account, nick) in waiting {
        sending.send(mailbox, question(room, account, nick));
    }
}

/// Whether a form is an answer to that question.
pub(super) fn is_meant(form: &Form) -> bool {
    let mut fields = form.fields.iter();
    let type_ = fields.find(|field| field.var.as_deref() == Some("FORM_TYPE"));
    let type_ = type_.and_then(|field| field.values.first());
    type_.is_some_and(|type_| &**type_ == RoomRegistration::FORM_TYPE)
}

/// The answer of an admin. One that is called off decides nothing.
pub(super) fn decide(
    muc: &Arc<Muc>,
    host: &Arc<Host>,
    room: &Arc<Room>,
    from: &Jid,
    form: &Form,
) -> Routed {
    if form.type_ == FormType::Cancel {
        return Routed::Now(Outcome::Delivered);
    }
    let answer = match RoomRegistration::read(form) {
        Ok(answer) => answer,
        Err(error) => return refuse(error.into()),
    };
    if let Err(error) = room.admin(from) {
        return refuse(error);
    }
    let found = {
        let state = room.lock();
        let mut waiting = state.waiting();
        let meant = |account: &BareJid, nick: &Text| match &answer.jid {
            Some(jid) => jid == account,
            None => answer.nickname.as_ref() == Some(nick),
        };
        let found = waiting.find(|(account, nick)| meant(account, nick));
        found.map(|(account, nick)| (account.clone(), nick.clone()))
    };
    let Some((account, nick)) = found else {
        return refuse(refused(
            Condition::ItemNotFound,
            "nobody waits for this any more; another admin may have answered",
        ));
    };
    let change = match answer.allow {
        Some(true) => Change {
            nick: Some(nick),
            ..Change::of(account, Affiliation::Member)
        },
        _ => Change::of(account, Affiliation::None),
    };
    let (muc, host, room) = (Arc::clone(muc), Arc::clone(host), Arc::clone(room));
    let from = from.detach();
    Routed::Later(Box::pin(async move {
        match affiliations::apply(&muc, &host, &room, Some(&from), vec![change]).await {
            Ok(()) => Outcome::Delivered,
            Err(error) => Outcome::Refused(error),
        }
    }))
}
