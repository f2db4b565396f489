//! What is said in a room: to everybody (§7.4), to one (§7.5), its subject (§8.1).

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_session::host::{Host, Spread};
use sestina_session::router::{Outcome, Routed, Taken, Turn};
use sestina_types::rfc_6121::client::Subject as SubjectElement;
use sestina_types::xep_0045::forms::PrivateMessages;
use sestina_types::xep_0045::user::{self, MucUser};
use sestina_types::xep_0359::{self, StanzaId};
use sestina_types::xep_0421::{self, OccupantId};
use sestina_wire::{Condition, Jid, Stanza, StanzaError, StanzaType, Text, ns};
use tokio::sync::oneshot;

use super::mailbox::Sending;
use super::room::{Room, Subject};
use super::standing::Role;
use super::{Heard, Muc, asking, history, leaving, limits, refused};
use crate::xep_0313;

/// Takes a message for a room or an occupant; nothing where it is for the service.
pub(super) fn take(muc: &Arc<Muc>, host: &Arc<Host>, stanza: &Stanza, turn: Turn) -> Taken {
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
        return Taken::Routed(leaving::unreachable(muc, host, stanza, from, to));
    }
    let Some(room) = muc.rooms.find(&to.to_bare()) else {
        return Taken::Routed(refuse(StanzaError::new(Condition::ItemNotFound)));
    };
    Taken::Routed(match (to.resource(), stanza.type_()) {
        (Some(_), StanzaType::Groupchat) => refuse(refused(
            Condition::BadRequest,
            "what is for everybody goes to the address of the room",
        )),
        (Some(nick), _) => private(host, &room, stanza, from, nick),
        (None, StanzaType::Groupchat) => return say(muc, host, &room, stanza, from, turn),
        (None, StanzaType::Normal) => asking::take(muc, host, &room, stanza, from),
        (None, _) => return Taken::No,
    })
}

pub(super) fn refuse(error: StanzaError) -> Routed {
    Routed::Now(Outcome::Refused(error))
}

pub(super) fn not_in_it() -> StanzaError {
    refused(
        Condition::NotAcceptable,
        "only who is in the room may say something in it; enter it first",
    )
}

/// The message of an occupant as others get it, but for the addressee.
fn from_occupant(room: &Room, stanza: &Stanza, nick: &str, id: &Text) -> Stanza {
    let mut stanza = stanza.clone();
    let is_of_room = |child: &sestina_wire::Child<'_>| {
        child.is("x", user::NS)
            || child.is("occupant-id", xep_0421::NS)
            || (child.is("stanza-id", xep_0359::NS)
                && child
                    .decode::<StanzaId>()
                    .is_ok_and(|id| id.by.bare_str() == room.jid.as_str()))
    };
    stanza.retain(|child| !is_of_room(child));
    let mut stanza = stanza.with_from(room.occupant(nick));
    stanza.head_mut().to = None;
    stanza.append(&OccupantId::new(id.clone()));
    stanza
}

/// To everybody.
fn say(
    muc: &Arc<Muc>,
    host: &Arc<Host>,
    room: &Arc<Room>,
    stanza: &Stanza,
    from: &Jid,
    turn: Turn,
) -> Taken {
    let refuse = |error| Taken::Routed(refuse(error));
    let mut state = room.lock();
    let Some((nick, occupant)) = state.occupant_of(from) else {
        return refuse(not_in_it());
    };
    let nick = nick.clone();
    let has = |name| stanza.child(name, ns::CLIENT).is_some();
    let subject = (has("subject") && !has("body") && !has("thread"))
        .then(|| stanza.decode::<SubjectElement>().and_then(Result::ok))
        .flatten();
    if occupant.role < Role::Participant {
        return refuse(refused(
            Condition::Forbidden,
            "visitors have no voice in this room; ask its moderators for it",
        ));
    }
    let may_change = occupant.role == Role::Moderator || state.configuration.change_subject;
    if subject.is_some() && !may_change {
        return refuse(refused(
            Condition::Forbidden,
            "only moderators change the subject of this room",
        ));
    }
    let mut said = from_occupant(room, stanza, &nick, &occupant.id);
    let is_archived = subject.is_some() || xep_0313::is_kept_in_room(&said);
    let archive = muc.archive(host).filter(|_| state.stored && is_archived);
    // Those who wait for the disk to take what they say are in order; who has nothing to write has nothing to wait with.
    if turn == Turn::Ahead && archive.is_none() {
        return Taken::InTurn;
    }
    let now = muc.clock.now();
    let mut heard = Heard {
        host,
        room,
        state: &mut state,
        from,
        said: &said,
        now,
    };
    if let Err(error) = limits::check(&muc.limits, &mut heard).and_then(|()| {
        muc.companions
            .all()
            .iter()
            .try_for_each(|one| one.before(&mut heard))
    }) {
        return refuse(error);
    }
    for companion in muc.companions.all() {
        companion.amend(&state, from, &mut said);
    }
    let mut writes: Vec<BoxFuture<'static, Result<(), StanzaError>>> = Vec::new();
    match archive {
        Some(archive) => writes.push({
            let most = muc.limits.archived;
            archive.keep_in_room(host, &room.jid, Some(&nick), &mut said, most)
        }),
        None => {
            let id = StanzaId::new(muc.random.token(), Jid::clone(&room.jid));
            said.append(&id);
        }
    }
    let subject = subject.map(|subject| Subject {
        text: subject.text.to_string(),
        by: Some(nick),
        at: Some(now),
    });
    let kept = subject.clone().filter(|_| state.stored);
    let before = state.tail.take().and_then(still_waits);
    if writes.is_empty() && before.is_none() && kept.is_none() {
        let mut sending = Sending::new(host);
        let mut heard = Heard {
            host,
            room,
            state: &mut state,
            from,
            said: &said,
            now,
        };
        spread(muc, &mut heard, &mut sending, subject);
        drop(state);
        return Taken::Routed(sending.done());
    }
    // Written at the same time as what others say, and passed on in the order in which it was said.
    let (done, tail) = oneshot::channel();
    state.tail = Some(tail);
    drop(state);
    let (muc, host, room) = (Arc::clone(muc), Arc::clone(host), Arc::clone(room));
    let from = from.detach();
    let (keeper, place) = (Arc::clone(&muc), Arc::clone(&room));
    let written = async move {
        let mut written = futures_util::future::join_all(writes).await;
        if let Some(before) = before {
            let _ = before.await;
        }
        if let Some(subject) = kept {
            written.push(keep_subject(&keeper, &place, subject).await);
        }
        written.into_iter().collect()
    };
    let then = move || {
        let mut state = room.lock();
        let mut sending = Sending::new(&host);
        let mut heard = Heard {
            host: &host,
            room: &room,
            state: &mut state,
            from: &from,
            said: &said,
            now,
        };
        spread(&muc, &mut heard, &mut sending, subject);
        drop(state);
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

/// Stores a subject with the room, after those before it: neither another change of the room nor it is stored over the other.
async fn keep_subject(muc: &Muc, room: &Room, subject: Subject) -> Result<(), StanzaError> {
    let _held = room.changing().await?;
    let row = {
        let state = room.lock();
        let mut row = muc.rooms.row(room, &state);
        row.subject = Some(subject.text.clone());
        row.subject_by = subject.by.as_ref().map(ToString::to_string);
        row.subject_at = subject.at;
        Some(row).filter(|_| state.stored)
    };
    if let Some(row) = row {
        muc.rooms.put(row).await?;
    }
    room.lock().subject = subject;
    Ok(())
}

/// Hands a message to everybody, and keeps it.
fn spread(muc: &Muc, heard: &mut Heard<'_>, sending: &mut Sending<'_>, subject: Option<Subject>) {
    heard
        .room
        .announce(heard.state, sending, heard.said.clone());
    match subject {
        Some(subject) => heard.state.subject = subject,
        None if xep_0313::is_kept_in_room(heard.said) => {
            history::keep(heard.state, heard.now, heard.said, muc.limits.history);
        }
        None => {}
    }
    for companion in muc.companions.all() {
        if let Some(later) = companion.after(heard) {
            sending.also(tokio::spawn(later));
        }
    }
}

/// To one occupant, with all sessions.
fn private(host: &Arc<Host>, room: &Arc<Room>, stanza: &Stanza, from: &Jid, nick: &str) -> Routed {
    let state = room.lock();
    let Some((own, sender)) = state.occupant_of(from) else {
        return refuse(not_in_it());
    };
    let Some(recipient) = state.occupants.get(nick) else {
        return refuse(refused(
            Condition::ItemNotFound,
            format!("nobody in the room is called {nick:?}"),
        ));
    };
    let (least, who) = match &state.configuration.private_messages {
        PrivateMessages::Anyone => (Role::Visitor, "anyone"),
        PrivateMessages::Participants => (Role::Participant, "participants"),
        PrivateMessages::Moderators => (Role::Moderator, "moderators"),
        PrivateMessages::None | PrivateMessages::Other(_) => {
            return refuse(refused(
                Condition::NotAcceptable,
                "this room has no private messages",
            ));
        }
    };
    // Moderators are always reached, and may always answer.
    let is_with_moderator = sender.role == Role::Moderator || recipient.role == Role::Moderator;
    if sender.role < least && !is_with_moderator {
        return refuse(refused(
            Condition::Forbidden,
            format!("only {who} send private messages in this room"),
        ));
    }
    let said = from_occupant(room, stanza, own, &sender.id).with(&MucUser::default());
    let mut sending = Sending::new(host);
    let said = Spread::new(said);
    for session in &recipient.sessions {
        sending.give(&session.mailbox, &said);
    }
    drop(state);
    sending.done()
}
