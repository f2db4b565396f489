//! Changes of affiliations (§9, §10): stored first where the room lasts, then told.

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_types::xep_0045::tables::MucAffiliationsRow;
use sestina_wire::{BareJid, Condition, Jid, StanzaError, Text};

use super::leaving::expel;
use super::mailbox::Sending;
use super::room::{Room, Standing, State, Words};
use super::standing::Affiliation;
use super::{Muc, refused};

/// What somebody is to become.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) address: BareJid,
    pub(super) affiliation: Affiliation,
    /// A nickname to reserve; none leaves it as it is.
    pub(super) nick: Option<Text>,
    pub(super) reason: Option<Text>,
}

impl Change {
    pub(super) fn of(address: BareJid, affiliation: Affiliation) -> Self {
        Self {
            address,
            affiliation,
            nick: None,
            reason: None,
        }
    }
}

/// Makes changes, all or none. With `by`, only those that this one may make.
///
/// # Errors
/// What is not allowed, and what goes wrong with storage.
pub(super) async fn apply(
    muc: &Arc<Muc>,
    host: &Arc<Host>,
    room: &Arc<Room>,
    by: Option<&Jid>,
    changes: Vec<Change>,
) -> Result<(), StanzaError> {
    let _changing = room.change.lock().await;
    let (next, forgotten, row, actor) = {
        let state = room.lock();
        if state.ended {
            return Err(StanzaError::new(Condition::ItemNotFound));
        }
        check(muc, &state, by, &changes)?;
        let next = state.next_standings(&changes);
        let forgotten = state.to_forget(&next);
        let mut row = muc.rooms.row(room, &state);
        row.affiliations_version = next.last().map_or(state.version, |(_, last)| last.version);
        row.changes_since = Some(forgotten.changes_since);
        let actor = by
            .and_then(|by| state.occupant_of(by))
            .map(|(nick, _)| nick.clone());
        (next, forgotten, Some(row).filter(|_| state.stored), actor)
    };
    if let Some(row) = row {
        let people: Vec<_> = next
            .iter()
            .map(|(address, standing)| affiliation_row(room, address, standing))
            .collect();
        muc.rooms.put_with(&row, &people, &forgotten.people).await?;
    }
    let mut sending = Sending::new(host);
    {
        let mut state = room.lock();
        for ((address, standing), change) in next.into_iter().zip(changes) {
            let before = std::mem::replace(&mut state.version, standing.version);
            let was = state.affiliation(&address);
            muc.rooms.set_standing(&mut state, &address, standing);
            let mut companions = muc.companions.all().iter();
            let any = companions.find_map(|one| one.changed(room, before, state.version));
            let words = Words {
                actor: actor.clone(),
                reason: change.reason,
                any,
                ..Words::default()
            };
            show(room, &mut state, &mut sending, &address, was, words);
            if let Some(nick) = change.nick {
                make_room_for(room, &mut state, &mut sending, &address, &nick);
            }
        }
        for address in &forgotten.people {
            state.affiliations.remove(address);
        }
        state.changes_since = forgotten.changes_since;
        muc.tidy(room, &mut state);
    }
    sending.done().await;
    Ok(())
}

fn check(
    muc: &Muc,
    state: &State,
    by: Option<&Jid>,
    changes: &[Change],
) -> Result<(), StanzaError> {
    for change in changes {
        let before = state.affiliation(&change.address);
        if let Some(by) = by {
            let actor = state.actor(by);
            actor.may_give_affiliation(before, change.affiliation)?;
            let own = by.bare_str() == change.address.as_str();
            if own && change.affiliation == Affiliation::Outcast {
                return Err(refused(Condition::Conflict, "nobody bans himself"));
            }
        }
        if change.nick.as_ref().is_some_and(|nick| {
            let owner = state.reserved_for(nick);
            owner.is_some_and(|owner| *owner != change.address)
        }) {
            return Err(refused(
                Condition::Conflict,
                "somebody else has reserved this nickname",
            ));
        }
    }
    let is_known = |standing: &Standing| standing.affiliation != Affiliation::None;
    let is_new = |change: &&Change| {
        let before = state.affiliations.get(&change.address);
        change.affiliation != Affiliation::None && !before.is_some_and(is_known)
    };
    let known = state.affiliations.values().filter(|one| is_known(one));
    let known = known.count() + changes.iter().filter(is_new).count();
    if known > muc.limits.affiliations {
        return Err(refused(
            Condition::ResourceConstraint,
            format!(
                "a room knows {} people at most (max_affiliations)",
                muc.limits.affiliations
            ),
        ));
    }
    // A room has an owner (§10.4).
    let owners = state.affiliations.iter().filter(|(address, standing)| {
        let changed = changes.iter().rfind(|change| change.address == **address);
        let affiliation = changed.map_or(standing.affiliation, |change| change.affiliation);
        affiliation == Affiliation::Owner
    });
    let is_owner = |change: &Change| change.affiliation == Affiliation::Owner;
    if owners.count() == 0 && !changes.iter().any(is_owner) {
        return Err(refused(
            Condition::Conflict,
            "a room has at least one owner; name another first",
        ));
    }
    Ok(())
}

/// Tells of those who are in the room what they are now, and takes out who may not be there any more. Where nobody's presence
/// can say it, those who may know are told by message (§9, §10.3).
fn show(
    room: &Room,
    state: &mut State,
    sending: &mut Sending<'_>,
    address: &BareJid,
    was: Affiliation,
    mut words: Words,
) {
    let affiliation = state.affiliation(address);
    let nicks = state.nicks_of(address);
    let is_out = affiliation == Affiliation::Outcast
        || (state.configuration.members_only && affiliation < Affiliation::Member);
    let shown = state.configuration.shown;
    let is_shown = |nick: &Text| {
        let occupant = state.occupants.get(nick);
        occupant.is_some_and(|occupant| {
            let next = state.role_of(&occupant.account);
            shown.has(occupant.role) && (is_out || shown.has(next))
        })
    };
    if address.is_domain() || !nicks.first().is_some_and(is_shown) {
        let any = words.any.take();
        room.tell_standing(state, sending, address, was, &words, any);
    }
    for nick in nicks {
        if affiliation == Affiliation::Outcast {
            words.codes = vec![301];
            expel(room, state, sending, &nick, &words);
            words.any = None;
            continue;
        }
        if state.configuration.members_only && affiliation < Affiliation::Member {
            words.codes = vec![321];
            expel(room, state, sending, &nick, &words);
            words.any = None;
            continue;
        }
        let account = state.occupants.get(&nick).map(|one| &one.account);
        if let Some(role) = account.map(|account| state.role_of(account)) {
            room.give_role(state, sending, &nick, role, &words);
        }
        // From one version to the next it goes once.
        words.any = None;
    }
}

/// A nickname is kept for somebody: a stranger who has it goes, so that whoever it is kept for can come.
fn make_room_for(
    room: &Room,
    state: &mut State,
    sending: &mut Sending<'_>,
    address: &BareJid,
    nick: &Text,
) {
    let is_stranger = state.occupants.get(nick).is_some_and(|occupant| {
        occupant.account != *address && state.affiliation(&occupant.account) == Affiliation::None
    });
    if is_stranger {
        let words = Words {
            codes: vec![307],
            reason: Some(Text::from_static("This nickname is reserved")),
            ..Words::default()
        };
        expel(room, state, sending, nick, &words);
    }
}

/// As it is stored.
pub(super) fn affiliation_row(
    room: &Room,
    address: &BareJid,
    standing: &Standing,
) -> MucAffiliationsRow {
    MucAffiliationsRow {
        room: room.jid.clone(),
        address: address.clone(),
        affiliation: standing.affiliation.as_str().to_owned(),
        nickname: standing.nick.as_ref().map(ToString::to_string),
        reason: standing.reason.as_ref().map(ToString::to_string),
        version: standing.version,
        turned: standing.turned,
    }
}
