//! What service discovery is told of rooms (§6).

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _};
use sestina_session::mux::IqContext;
use sestina_types::xep_0004::FormType;
use sestina_types::xep_0030::{info, items};
use sestina_types::xep_0045::forms::RoomInfo;
use sestina_types::xep_0059::{First, Set};
use sestina_wire::{Condition, Jid, Payload as _, StanzaError, Text};

use super::room::{Room, State};
use super::{Muc, refused};
use crate::xep_0030::{Answering, ServiceNodes};

/// The node for the nickname that is kept for whoever asks (§7.11).
const RESERVED: &str = "x-roomuser-item";
/// The node for what a room lets pass.
const TRAFFIC: &str = "http://jabber.org/protocol/muc#traffic";
/// Rooms that one answer lists at most, where fewer are not asked for.
const PAGE: usize = 100;

impl ServiceNodes for Muc {
    fn info<'a>(
        &'a self,
        cx: &'a IqContext,
        request: &'a info::Query,
    ) -> BoxFuture<'a, Result<Option<info::Query>, StanzaError>> {
        std::future::ready(self.describe(cx, request)).boxed()
    }

    fn items<'a>(
        &'a self,
        cx: &'a IqContext,
        request: &'a items::Query,
    ) -> BoxFuture<'a, Result<Option<items::Query>, StanzaError>> {
        std::future::ready(self.list(cx, request)).boxed()
    }
}

impl Muc {
    fn describe(
        &self,
        cx: &IqContext,
        request: &info::Query,
    ) -> Result<Option<info::Query>, StanzaError> {
        if cx.to.as_ref().is_none_or(|to| to.local().is_none()) {
            return Ok(None);
        }
        let room = self.room_of(cx)?;
        match request.node.as_deref() {
            None => Ok(Some(self.info_of(cx, &room, &room.lock()))),
            Some(RESERVED) => {
                let state = room.lock();
                let standing = state.affiliations.get(&cx.from.to_bare());
                let nick = standing.and_then(|standing| standing.nick.clone());
                let identity = nick.map(|nick| info::Identity {
                    name: Some(nick),
                    ..identity()
                });
                Ok(Some(info::Query {
                    node: request.node.clone(),
                    identities: identity.into_iter().collect(),
                    ..info::Query::default()
                }))
            }
            // Everything is passed on, and there is no list of everything (§17.6).
            Some(TRAFFIC) => Err(StanzaError::new(Condition::FeatureNotImplemented)),
            Some(node) => Answering::of(&cx.host)
                .info(cx, node)
                .unwrap_or_else(|| Err(StanzaError::new(Condition::ItemNotFound)))
                .map(Some),
        }
    }

    fn info_of(&self, cx: &IqContext, room: &Room, state: &State) -> info::Query {
        let configuration = &state.configuration;
        let name = match configuration.name.as_str() {
            "" => room.jid.local().unwrap_or_default(),
            name => name,
        };
        let either = |is: bool, yes: &'static str, no: &'static str| if is { yes } else { no };
        let mut features = vec![
            sestina_types::xep_0030::info::NS,
            sestina_types::xep_0030::items::NS,
            sestina_types::xep_0045::muc::NS,
            "http://jabber.org/protocol/muc#stable_id",
            "http://jabber.org/protocol/muc#self-ping-optimization",
            "http://jabber.org/protocol/muc#request",
            "http://jabber.org/protocol/muc#register",
            "jabber:iq:register",
            sestina_types::xep_0199::NS,
            sestina_types::xep_0359::NS,
            either(configuration.public, "muc_public", "muc_hidden"),
            either(configuration.members_only, "muc_membersonly", "muc_open"),
            either(configuration.moderated, "muc_moderated", "muc_unmoderated"),
            either(configuration.persistent, "muc_persistent", "muc_temporary"),
            either(
                configuration.password.is_some(),
                "muc_passwordprotected",
                "muc_unsecured",
            ),
            either(
                configuration.non_anonymous,
                "muc_nonanonymous",
                "muc_semianonymous",
            ),
        ];
        if cx.host.has_plugin("xep-0421") {
            features.push(sestina_types::xep_0421::NS);
        }
        if self.archive(&cx.host).is_some() && state.stored {
            features.extend([sestina_types::xep_0313::NS, "urn:xmpp:mam:2#extended"]);
        }
        let companions = self.companions.all();
        let more = companions.iter().flat_map(|one| one.features(room, state));
        features.extend(more);
        let about = RoomInfo {
            max_history_fetch: Some(configuration.history),
            description: Some(configuration.description.as_str().into()),
            lang: configuration.lang.as_deref().map(Text::from),
            occupants: Some(u32::try_from(state.occupants.len()).unwrap_or(u32::MAX)),
            subject: Some(state.subject.text.as_str().into()),
            may_change_subject: Some(configuration.change_subject),
            ..RoomInfo::default()
        };
        let mut form = about.write(FormType::Result);
        for companion in companions {
            companion.describe(room, state, &mut form);
        }
        info::Query {
            identities: vec![info::Identity {
                name: Some(name.into()),
                ..identity()
            }],
            features: features
                .into_iter()
                .map(|var| info::Feature::new(Text::from_static(var)))
                .collect(),
            any: vec![form.to_any()],
            ..info::Query::default()
        }
    }

    fn list(
        &self,
        cx: &IqContext,
        request: &items::Query,
    ) -> Result<Option<items::Query>, StanzaError> {
        if cx.to.as_ref().is_none_or(|to| to.local().is_none()) {
            return match request.node {
                Some(_) => Err(StanzaError::new(Condition::ItemNotFound)),
                None => self.public_rooms(request).map(Some),
            };
        }
        let room = self.room_of(cx)?;
        if let Some(node) = &request.node {
            return Answering::of(&cx.host)
                .items(cx, node)
                .unwrap_or_else(|| Err(StanzaError::new(Condition::ItemNotFound)))
                .map(Some);
        }
        let state = room.lock();
        // Who is in the room is for those in it, and for everybody where everybody finds it and may enter (§6.5).
        let configuration = &state.configuration;
        let is_open =
            configuration.public && !configuration.members_only && configuration.password.is_none();
        let may_know = is_open || state.sessions.contains_key(&cx.from);
        let nicks = state.occupants.keys().filter(|_| may_know);
        Ok(Some(items::Query {
            items: nicks
                .map(|nick| items::Item::new(room.occupant(nick)))
                .collect(),
            ..items::Query::default()
        }))
    }

    /// The rooms that may be found, page by page (§6.3, XEP-0059).
    fn public_rooms(&self, request: &items::Query) -> Result<items::Query, StanzaError> {
        let mut sets = request
            .any
            .iter()
            .filter_map(|any| any.decode::<Set>().ok());
        let asked = sets.next();
        let rooms: Vec<Arc<Room>> = self.rooms.all();
        let public = rooms.into_iter().filter_map(|room| {
            let state = room.lock();
            let is_listed = state.configuration.public && !state.locked;
            let name = match state.configuration.name.as_str() {
                "" => room.jid.local().unwrap_or_default().into(),
                name => Text::from(name),
            };
            is_listed.then(|| items::Item {
                name: Some(name),
                ..items::Item::new(Jid::clone(&room.jid))
            })
        });
        let public: Vec<items::Item> = public.collect();
        let Some(asked) = asked else {
            if public.len() > PAGE * 10 {
                let set = set_of(&public, 0, PAGE);
                return Ok(answer(public.into_iter().take(PAGE).collect(), Some(set)));
            }
            return Ok(answer(public, None));
        };
        let max = asked.max.map_or(PAGE, |max| {
            usize::try_from(max).unwrap_or(PAGE).min(PAGE * 10)
        });
        let place = |id: &Text| {
            let found = public
                .iter()
                .position(|item| item.jid.as_str() == id.as_str());
            found.ok_or_else(|| refused(Condition::ItemNotFound, "there is no such page"))
        };
        let (from, to) = match (&asked.after, &asked.before) {
            (Some(after), _) => {
                let from = place(after)?.saturating_add(1);
                (from, from.saturating_add(max))
            }
            (None, Some(before)) if before.is_empty() => {
                (public.len().saturating_sub(max), public.len())
            }
            (None, Some(before)) => {
                let to = place(before)?;
                (to.saturating_sub(max), to)
            }
            (None, None) => (0, max),
        };
        let to = to.min(public.len());
        let set = set_of(&public, from, to);
        let page = public.into_iter().take(to).skip(from).collect();
        Ok(answer(page, Some(set)))
    }
}

fn set_of(public: &[items::Item], from: usize, to: usize) -> Set {
    let page = public.get(from..to.min(public.len())).unwrap_or_default();
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Set {
        first: page.first().map(|item| First {
            index: Some(number(from)),
            ..First::new(item.jid.as_text().clone())
        }),
        last: page.last().map(|item| item.jid.as_text().clone()),
        count: Some(number(public.len())),
        ..Set::default()
    }
}

fn answer(items: Vec<items::Item>, set: Option<Set>) -> items::Query {
    items::Query {
        items,
        any: set.map(|set| set.to_any()).into_iter().collect(),
        ..items::Query::default()
    }
}

fn identity() -> info::Identity {
    info::Identity::new(Text::from_static("conference"), Text::from_static("text"))
}
