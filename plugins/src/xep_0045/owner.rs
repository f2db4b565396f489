//! What owners do: configure a room (§10.1, §10.2) and destroy it (§10.9).

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_session::router::Routed;
use sestina_types::xep_0004::{Field, Form, FormType};
use sestina_types::xep_0045::forms::RoomConfig;
use sestina_types::xep_0045::owner::{Destroy, Query};
use sestina_types::xep_0045::user::{self, MucUser, Status};
use sestina_wire::{BareJid, Condition, Jid, Stanza, StanzaError, StanzaType, Text};

use super::affiliations::{self, Change};
use super::configuration::Configuration;
use super::leaving::{dismiss, expel, nobody};
use super::mailbox::Sending;
use super::room::{Room, State, Words};
use super::standing::Affiliation;
use super::{Muc, refused};

fn only_owners(room: &Room, from: &Jid) -> Result<(), StanzaError> {
    let actor = room.lock().actor(from);
    if actor.affiliation == Affiliation::Owner {
        return Ok(());
    }
    Err(refused(Condition::Forbidden, "only owners of the room may"))
}

/// The form.
pub(super) fn form(muc: &Muc, cx: &IqContext) -> Result<Query, StanzaError> {
    let room = muc.room_of(cx)?;
    only_owners(&room, &cx.from)?;
    let most = u32::try_from(muc.limits.occupants).unwrap_or(u32::MAX);
    let state = room.lock();
    let mut form = state.configuration.form(most);
    let with = |affiliation: Affiliation| {
        let all = state.affiliations.iter();
        let found = all.filter(move |(_, standing)| standing.affiliation == affiliation);
        let mut found: Vec<BareJid> = found.map(|(address, _)| address.clone()).collect();
        found.sort();
        found
    };
    let people = RoomConfig {
        owners: Some(with(Affiliation::Owner)),
        admins: Some(with(Affiliation::Admin)),
        ..RoomConfig::default()
    };
    let lists = people
        .write(FormType::Form)
        .fields
        .into_iter()
        .filter(|field| {
            matches!(
                field.var.as_deref(),
                Some("muc#roomconfig_roomowners" | "muc#roomconfig_roomadmins")
            )
        });
    form.fields.extend(lists);
    for companion in muc.companions.all() {
        companion.ask(&state, &mut form);
    }
    Ok(Query {
        form: Some(form),
        ..Query::default()
    })
}

/// The form filled in, or the end of the room.
pub(super) async fn set(muc: &Arc<Muc>, cx: &IqContext, request: Query) -> Result<(), StanzaError> {
    let room = muc.room_of(cx)?;
    only_owners(&room, &cx.from)?;
    if let Some(wish) = request.destroy {
        return destroy(muc, &cx.host, &room, &wish).await;
    }
    let Some(form) = request.form else {
        return Err(refused(
            Condition::BadRequest,
            "a form or the wish to destroy the room is missing",
        ));
    };
    match form.type_ {
        FormType::Submit => configure(muc, cx, &room, &form).await,
        // Whoever gives up a room that is new has none (§10.1.3).
        FormType::Cancel => {
            let is_new = room.lock().locked;
            if is_new {
                destroy(muc, &cx.host, &room, &Destroy::default()).await?;
            }
            Ok(())
        }
        _ => Err(refused(Condition::BadRequest, "the form has to be sent in")),
    }
}

fn is_password(field: &Field) -> bool {
    field.var.as_deref() == Some("muc#roomconfig_roomsecret")
}

async fn configure(
    muc: &Arc<Muc>,
    cx: &IqContext,
    room: &Arc<Room>,
    form: &Form,
) -> Result<(), StanzaError> {
    // An empty form takes everything as it is (§10.1.2).
    let mut wanted = if form.fields.is_empty() {
        RoomConfig::default()
    } else {
        RoomConfig::read(form)?
    };
    // A password that was taken out comes without a value, or with an empty one.
    if wanted.secret.is_none() && form.fields.iter().any(is_password) {
        wanted.secret = Some("".into());
    }
    let most = u32::try_from(muc.limits.history).unwrap_or(u32::MAX);
    let people = named(room, &wanted);
    {
        let _changing = room.change.lock().await;
        let (next, row, rows) = {
            let state = room.lock();
            let mut next = state.configuration.changed(&wanted, most)?;
            muc.take_settings(&wanted.other, &mut next)?;
            let mut row = muc.rooms.row(room, &state);
            muc.rooms.describe(&mut row, &next);
            let is_new = next.persistent && !state.stored;
            let rows: Vec<_> = state
                .affiliations
                .iter()
                .filter(|_| is_new)
                .map(|(address, standing)| affiliations::affiliation_row(room, address, standing))
                .collect();
            (next, row, rows)
        };
        let stored = next.persistent;
        if stored != room.lock().stored {
            muc.lasts(&cx.host, room, stored).await?;
        }
        if stored {
            muc.rooms.put_with(&row, &rows, &[]).await?;
        } else if room.lock().stored {
            muc.rooms.delete(&room.jid).await?;
        }
        let mut sending = Sending::new(&cx.host);
        {
            let mut state = room.lock();
            let was_locked = std::mem::replace(&mut state.locked, false);
            let before = std::mem::replace(&mut state.configuration, next);
            state.stored = stored;
            let codes = state.configuration.codes_since(&before);
            let most = usize::try_from(state.configuration.history).unwrap_or(usize::MAX);
            let most = most.max(muc.limits.history);
            while state.history.len() > most {
                state.history.pop_front();
            }
            if state.configuration.members_only && !before.members_only {
                let words = Words {
                    codes: vec![322],
                    ..Words::default()
                };
                let strangers: Vec<Text> = state
                    .occupants
                    .iter()
                    .filter(|(_, occupant)| {
                        state.affiliation(&occupant.account) < Affiliation::Member
                    })
                    .map(|(nick, _)| nick.clone())
                    .collect();
                for nick in strangers {
                    expel(room, &mut state, &mut sending, &nick, &words);
                }
            }
            if !was_locked && !codes.is_empty() {
                let user = MucUser {
                    statuses: codes.into_iter().map(Status::new).collect(),
                    ..MucUser::default()
                };
                let message = Stanza::message(StanzaType::Groupchat)
                    .with_from(Jid::clone(&room.jid))
                    .with(&user);
                room.announce(&state, &mut sending, message);
            }
            if !was_locked {
                show_anew(room, &state, &mut sending, &before);
            }
            muc.tidy(room, &mut state);
        }
        sending.done().await;
    }
    if people.is_empty() {
        return Ok(());
    }
    affiliations::apply(muc, &cx.host, room, Some(&cx.from), people).await
}

/// How many people may be in a room in which all are shown anew to all.
const MOST_SHOWN: usize = 100;

/// Who is shown in another way than before: with the address that was hidden, or not at all any more, or at last (§10.2). In a large
/// room one form would have everybody told of everybody; there each is told of with its next change.
fn show_anew(room: &Room, state: &State, sending: &mut Sending<'_>, before: &Configuration) {
    let now = &state.configuration;
    let revealed = now.non_anonymous && !before.non_anonymous;
    let is_same = !revealed && now.shown == before.shown;
    if is_same || state.occupants.len() > MOST_SHOWN {
        return;
    }
    for (nick, occupant) in &state.occupants {
        let (was, is) = (
            before.shown.has(occupant.role),
            now.shown.has(occupant.role),
        );
        if was && !is {
            room.hide(state, sending, nick);
        } else if revealed || was != is {
            room.show(state, sending, nick, &Words::default(), &[]);
        }
    }
}

/// Whom the form makes owners and admins, and who is none of these any more.
fn named(room: &Room, wanted: &RoomConfig) -> Vec<Change> {
    let state = room.lock();
    let mut changes: Vec<Change> = Vec::new();
    let lists = [
        (&wanted.owners, Affiliation::Owner),
        (&wanted.admins, Affiliation::Admin),
    ];
    for (list, affiliation) in lists {
        let Some(list) = list else {
            continue;
        };
        for address in list {
            if state.affiliation(address) != affiliation {
                changes.push(Change::of(address.detach(), affiliation));
            }
        }
        for (address, standing) in &state.affiliations {
            let is_named = |change: &Change| {
                change.affiliation >= Affiliation::Admin && change.address == *address
            };
            if standing.affiliation == affiliation
                && !list.contains(address)
                && !changes.iter().any(is_named)
            {
                let other = wanted.admins.iter().flatten().any(|admin| admin == address);
                if !other {
                    changes.push(Change::of(address.clone(), Affiliation::Member));
                }
            }
        }
    }
    changes
}

/// The end of a room, told to everybody in it.
pub(super) async fn destroy(
    muc: &Arc<Muc>,
    host: &Arc<Host>,
    room: &Arc<Room>,
    wish: &Destroy,
) -> Result<(), StanzaError> {
    let _changing = room.change.lock().await;
    let stored = room.lock().stored;
    if stored {
        muc.lasts(host, room, false).await?;
        muc.rooms.delete(&room.jid).await?;
    }
    if let Some(archive) = muc.archive(host).filter(|_| stored) {
        archive.forget_room(&room.jid).await?;
    }
    end(muc, host, room, wish).await;
    Ok(())
}

fn end(muc: &Muc, host: &Arc<Host>, room: &Arc<Room>, wish: &Destroy) -> Routed {
    let mut sending = Sending::new(host);
    let mut state = room.lock();
    state.ended = true;
    state.stored = false;
    muc.rooms.remove(room, &state);
    let user = MucUser {
        items: vec![nobody()],
        destroy: Some(user::Destroy {
            jid: wish.jid.clone(),
            reason: wish.reason.clone(),
            ..user::Destroy::default()
        }),
        statuses: vec![Status::new(110)],
        ..MucUser::default()
    };
    dismiss(room, &mut state, &mut sending, &user);
    drop(state);
    sending.done()
}
