//! What is asked of a room by message: to invite somebody (§7.8), to tell who invited that somebody declines, to be given
//! voice (§7.13, §8.6).

use std::sync::Arc;

use sestina_session::host::{Host, Spread};
use sestina_session::router::{Outcome, Routed};
use sestina_types::xep_0004::{Form, FormType};
use sestina_types::xep_0045::forms::{Role as AskedRole, VoiceRequest};
use sestina_types::xep_0045::user::{Decline, Invite, MucUser};
use sestina_types::xep_0249::Invitation;
use sestina_wire::{Condition, Jid, Stanza, StanzaType, Text};

use super::affiliations::{self, Change};
use super::mailbox::Sending;
use super::message::{not_in_it, refuse};
use super::room::{Room, Words};
use super::standing::{Affiliation, Role};
use super::{Muc, refused, registration};

/// How many people can be invited at once.
const MOST_INVITED: usize = 20;

/// Takes a message to the room itself that is for nobody in it.
pub(super) fn take(
    muc: &Arc<Muc>,
    host: &Arc<Host>,
    room: &Arc<Room>,
    stanza: &Stanza,
    from: &Jid,
) -> Routed {
    if let Some(Ok(user)) = stanza.decode::<MucUser>() {
        if let Some(decline) = user.decline {
            return declined(host, room, from, decline);
        }
        if !user.invites.is_empty() {
            return invite(muc, host, room, from, user.invites);
        }
    }
    if let Some(Ok(form)) = stanza.decode::<Form>() {
        if registration::is_meant(&form) {
            return registration::decide(muc, host, room, from, &form);
        }
        return match VoiceRequest::read(&form) {
            Ok(request) => voice(host, room, from, &request),
            Err(error) => refuse(error.into()),
        };
    }
    refuse(refused(
        Condition::BadRequest,
        "a message to the room has the type groupchat",
    ))
}

fn invite(
    muc: &Arc<Muc>,
    host: &Arc<Host>,
    room: &Arc<Room>,
    from: &Jid,
    invites: Vec<Invite>,
) -> Routed {
    if invites.len() > MOST_INVITED {
        return refuse(refused(
            Condition::PolicyViolation,
            format!("{MOST_INVITED} people can be invited at once"),
        ));
    }
    let mut new_members = Vec::new();
    let mut stanzas = Vec::new();
    {
        let state = room.lock();
        let Some((_, occupant)) = state.occupant_of(from) else {
            return refuse(not_in_it());
        };
        let configuration = &state.configuration;
        let affiliation = state.affiliation(&occupant.account);
        let is_open = !configuration.members_only || configuration.allow_invites;
        if occupant.role < Role::Participant || (!is_open && affiliation < Affiliation::Admin) {
            return refuse(refused(
                Condition::Forbidden,
                "only admins invite to this room",
            ));
        }
        let password = configuration.password.as_deref().map(Text::from);
        for invite in invites {
            let Some(to) = invite.to.clone() else {
                return refuse(refused(
                    Condition::BadRequest,
                    "an invitation is for somebody",
                ));
            };
            let account = to.to_bare();
            if state.affiliation(&account) == Affiliation::Outcast {
                return refuse(refused(
                    Condition::NotAllowed,
                    format!("{account} is banned from this room"),
                ));
            }
            if configuration.members_only && state.affiliation(&account) < Affiliation::Member {
                new_members.push(Change::of(account.detach(), Affiliation::Member));
            }
            let direct = Invitation {
                password: password.clone(),
                reason: invite.reason.clone(),
                ..Invitation::new(Jid::clone(&room.jid))
            };
            let user = MucUser {
                invites: vec![Invite {
                    from: Some(from.clone()),
                    to: None,
                    ..invite
                }],
                password: password.clone(),
                ..MucUser::default()
            };
            let message = Stanza::message(StanzaType::Normal)
                .with_from(Jid::clone(&room.jid))
                .with_to(to)
                .with(&user)
                .with(&direct);
            stanzas.push(message);
        }
    }
    if new_members.is_empty() {
        stanzas.into_iter().for_each(|stanza| host.send(stanza));
        return Routed::Now(Outcome::Delivered);
    }
    let (muc, host, room) = (Arc::clone(muc), Arc::clone(host), Arc::clone(room));
    Routed::Later(Box::pin(async move {
        let actor = None;
        match affiliations::apply(&muc, &host, &room, actor, new_members).await {
            Ok(()) => {
                stanzas.into_iter().for_each(|stanza| host.send(stanza));
                Outcome::Delivered
            }
            Err(error) => Outcome::Refused(error),
        }
    }))
}

/// Only to somebody who is in the room: it is no way to write to others in its name.
fn declined(host: &Arc<Host>, room: &Arc<Room>, from: &Jid, decline: Decline) -> Routed {
    let Some(to) = &decline.to else {
        return refuse(refused(
            Condition::BadRequest,
            "a refusal is for who invited",
        ));
    };
    let state = room.lock();
    let nick = if to.bare_str() == room.jid.as_str() {
        to.resource().map(Text::from)
    } else {
        let known = state.sessions.get(to).cloned();
        known.or_else(|| state.nicks_of(&to.to_bare()).into_iter().next())
    };
    let Some(occupant) = nick.and_then(|nick| state.occupants.get(&nick)) else {
        return Routed::Now(Outcome::NoSession);
    };
    let user = MucUser {
        decline: Some(Decline {
            from: Some(Jid::from(from.to_bare())),
            to: None,
            reason: decline.reason,
            extra: decline.extra,
        }),
        ..MucUser::default()
    };
    let message = Stanza::message(StanzaType::Normal)
        .with_from(Jid::clone(&room.jid))
        .with(&user);
    let mut sending = Sending::new(host);
    let message = Spread::new(message);
    for session in &occupant.sessions {
        sending.give(&session.mailbox, &message);
    }
    drop(state);
    sending.done()
}

/// A visitor asks moderators, or a moderator answers.
fn voice(host: &Arc<Host>, room: &Arc<Room>, from: &Jid, request: &VoiceRequest) -> Routed {
    let mut state = room.lock();
    let Some((nick, occupant)) = state.occupant_of(from) else {
        return refuse(not_in_it());
    };
    let mut sending = Sending::new(host);
    match (request.allow, occupant.role) {
        (None, Role::Visitor) => {
            let mut form = VoiceRequest {
                role: Some(AskedRole::Participant),
                jid: Some(Jid::clone(&occupant.account)),
                nickname: Some(nick.clone()),
                allow: Some(false),
                ..VoiceRequest::default()
            }
            .write(FormType::Form);
            form.title = Some(Text::from_static("Somebody asks to speak"));
            let message = Stanza::message(StanzaType::Normal)
                .with_from(Jid::clone(&room.jid))
                .with(&form);
            let moderators = state.occupants.values();
            let moderators = moderators.filter(|other| other.role == Role::Moderator);
            let message = Spread::new(message);
            for session in moderators.flat_map(|other| &other.sessions) {
                sending.give(&session.mailbox, &message);
            }
        }
        (None, _) => {}
        (Some(_), Role::Moderator) => {
            let nick = request
                .nickname
                .clone()
                .filter(|_| request.allow == Some(true));
            if let Some(nick) = nick
                && let Some(occupant) = state.occupants.get(&nick)
                && occupant.role == Role::Visitor
            {
                let (role, words) = (Role::Participant, Words::default());
                room.give_role(&mut state, &mut sending, &nick, role, &words);
            }
        }
        (Some(_), _) => {
            return refuse(refused(
                Condition::Forbidden,
                "only moderators let others speak",
            ));
        }
    }
    drop(state);
    sending.done()
}
