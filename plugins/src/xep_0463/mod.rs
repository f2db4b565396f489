//! XEP-0463, MUC Affiliations Versioning: who enters a room is told what has changed of its affiliations since it knew them
//! last, and everybody from which version to which a change leads.
//!
//! What has changed in which version the room itself knows; here is what is told of it.

use std::sync::Arc;

use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0463::{self as skeleton, Settings};
use sestina_types::xep_0045::user::{Item, MucUser};
use sestina_types::xep_0334::NoStore;
use sestina_types::xep_0463::{Mav, NS};
use sestina_wire::dispatch::Extensible as _;
use sestina_wire::{AnyElement, Condition, Jid, Payload as _, Stanza, StanzaError, StanzaType};

use crate::xep_0045::{Companion, Entering, Greeting, Listed, Muc, Room, Seen, State};

/// How many affiliations one message tells, and those of the same version as the last.
const STEP: usize = 100;

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        Muc::accompany(registrar.host(), self);
        Ok(())
    }
}

impl Companion for Server {
    fn features(&self, _: &Room, _: &State) -> &'static [&'static str] {
        &[NS]
    }

    /// What has changed since the version that the client has, or all where the room does not know it (§5.2.1).
    fn greet(&self, entering: &Entering<'_>) -> Option<Greeting> {
        let asked = entering.join.extension::<Mav>()?.ok()?;
        let Entering {
            room, state, from, ..
        } = *entering;
        let current = state.version();
        let known = asked.since.and_then(|id| room.version_of(&id));
        let known = known.filter(|version| state.knows_since(*version));
        // What was before somebody belonged to the room is not told (§6).
        let begun = state.belongs_since(from);
        if known.is_some_and(|known| begun.is_some_and(|begun| known < begun)) {
            return Some(refusal(room));
        }
        let Seen::Lists(mut items) = state.affiliations_for(from, known) else {
            return Some(refusal(room));
        };
        let mut since = known;
        // Nothing of it may be seen, and a difference is never empty.
        if known.is_some_and(|known| known < current) && items.is_empty() {
            since = None;
            if let Seen::Lists(all) = state.affiliations_for(from, None) {
                items = all;
            }
        }
        let before = match since == Some(current) {
            true => Vec::new(),
            false => steps(room, since, current, items),
        };
        let until = Mav {
            until: Some(room.version_id(current)),
            ..Mav::default()
        };
        Some(Greeting {
            before,
            with: Some(until.to_any()),
        })
    }

    fn changed(&self, room: &Room, from: i64, to: i64) -> Option<AnyElement> {
        let step = Mav {
            since: Some(room.version_id(from)),
            until: Some(room.version_id(to)),
            ..Mav::default()
        };
        Some(step.to_any())
    }
}

/// For who may not see the affiliations (§5.2.3).
fn refusal(room: &Room) -> Greeting {
    let mut error = StanzaError::new(Condition::Forbidden)
        .with_text("the affiliations of this room, or those of the time before you belonged to it, are for others");
    error.by = Some(Jid::clone(room.jid()));
    let message = Stanza::message(StanzaType::Error).with_from(Jid::clone(room.jid()));
    Greeting {
        before: vec![message.with(&error)],
        with: None,
    }
}

/// All messages, each from the version at which the one before ends; the first one from `since`.
fn steps(room: &Room, since: Option<i64>, current: i64, items: Vec<Listed<'_>>) -> Vec<Stanza> {
    let message = |since: Option<i64>, until: i64, items: Vec<Item>| {
        let mut user = MucUser {
            items,
            ..MucUser::default()
        };
        user.extend(&Mav {
            since: since.map(|version| room.version_id(version)),
            until: Some(room.version_id(until)),
            ..Mav::default()
        });
        Stanza::message(StanzaType::Normal)
            .with_from(Jid::clone(room.jid()))
            .with(&user)
            .with(&NoStore::default())
    };
    let mut messages = Vec::new();
    let (mut since, mut step, mut newest) = (since, Vec::new(), 0);
    for item in items {
        if step.len() >= STEP && item.version > newest {
            messages.push(message(since, newest, std::mem::take(&mut step)));
            since = Some(newest);
        }
        newest = item.version;
        step.push(Item {
            affiliation: Some(item.affiliation),
            jid: Some(Jid::clone(item.address)),
            ..Item::default()
        });
    }
    messages.push(message(since, current, step));
    messages
}
