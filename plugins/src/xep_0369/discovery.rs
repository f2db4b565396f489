//! What service discovery is told of channels (§6).

use futures_util::future::{BoxFuture, FutureExt as _};
use sestina_session::mux::IqContext;
use sestina_session::plugin::On;
use sestina_types::xep_0030::{info, items};
use sestina_types::xep_0059::{First, Set};
use sestina_wire::{Condition, Jid, Payload as _, StanzaError, Text};

use super::channel::{Channel, State};
use super::{Mix, Role, SERVICE, node, refused};
use crate::xep_0030::{self, ServiceNodes};

/// What a request for the nodes of a channel names (§6.4).
const NODES: &str = "mix";
/// Channels that one answer lists at most.
const PAGE: usize = 1000;

impl ServiceNodes for Mix {
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

impl Mix {
    fn describe(
        &self,
        cx: &IqContext,
        request: &info::Query,
    ) -> Result<Option<info::Query>, StanzaError> {
        if request.node.is_some() {
            return Err(StanzaError::new(Condition::ItemNotFound));
        }
        if cx.to.as_ref().is_none_or(|to| to.local().is_none()) {
            let mut about = xep_0030::describe(&cx.host, On::Service(SERVICE));
            if self.may_create(&cx.host, &cx.from) {
                let may = Text::from_static("urn:xmpp:mix:core:1#create-channel");
                about.features.push(info::Feature::new(may));
            }
            return Ok(Some(about));
        }
        let channel = self.channel_of(cx)?;
        let state = channel.lock();
        may_know(&state, &cx.from)?;
        let features = [
            info::NS,
            items::NS,
            sestina_types::xep_0369::NS,
            sestina_types::xep_0313::NS,
            "urn:xmpp:mam:2#extended",
            sestina_types::xep_0199::NS,
            sestina_types::xep_0359::NS,
        ];
        Ok(Some(info::Query {
            identities: vec![info::Identity {
                name: Some(name_of(&channel, &state)),
                ..info::Identity::new(Text::from_static("conference"), Text::from_static("mix"))
            }],
            features: features
                .into_iter()
                .map(|var| info::Feature::new(Text::from_static(var)))
                .collect(),
            ..info::Query::default()
        }))
    }

    fn list(
        &self,
        cx: &IqContext,
        request: &items::Query,
    ) -> Result<Option<items::Query>, StanzaError> {
        if cx.to.as_ref().is_none_or(|to| to.local().is_none()) {
            if request.node.is_some() {
                return Err(StanzaError::new(Condition::ItemNotFound));
            }
            return self.channels_for(cx, request).map(Some);
        }
        let channel = self.channel_of(cx)?;
        if request.node.as_deref() != Some(NODES) {
            return Err(refused(
                Condition::ItemNotFound,
                format!("a channel lists its nodes: ask with the node {NODES:?}"),
            ));
        }
        let state = channel.lock();
        let nodes = node::ALL
            .iter()
            .filter(|name| state.may_read(name, &cx.from).is_ok());
        let items = nodes.map(|name| items::Item {
            node: Some(Text::from_static(name)),
            ..items::Item::new(Jid::clone(&channel.jid))
        });
        Ok(Some(items::Query {
            node: request.node.clone(),
            items: items.collect(),
            ..items::Query::default()
        }))
    }

    /// The channels that whoever asks may join (§6.2), page by page where that is asked for (XEP-0059).
    fn channels_for(
        &self,
        cx: &IqContext,
        request: &items::Query,
    ) -> Result<items::Query, StanzaError> {
        let mut sets = request
            .any
            .iter()
            .filter_map(|any| any.decode::<Set>().ok());
        let asked = sets.next().unwrap_or_default();
        let channels = self.channels.all();
        let known = channels.iter().filter(|channel| channel.listed);
        let found = known.filter_map(|channel| {
            let state = channel.lock();
            may_know(&state, &cx.from).ok()?;
            Some(items::Item {
                name: Some(name_of(channel, &state)),
                ..items::Item::new(Jid::clone(&channel.jid))
            })
        });
        let found: Vec<items::Item> = found.collect();
        let max = asked
            .max
            .map_or(PAGE, |max| usize::try_from(max).unwrap_or(PAGE).min(PAGE));
        let place = |id: &Text| {
            let at = found
                .iter()
                .position(|item| item.jid.as_str() == id.as_str());
            at.ok_or_else(|| refused(Condition::ItemNotFound, "there is no such page"))
        };
        let (from, to) = match (&asked.after, &asked.before) {
            (Some(after), _) => {
                let from = place(after)?.saturating_add(1);
                (from, from.saturating_add(max))
            }
            (None, Some(before)) => {
                let to = if before.is_empty() {
                    found.len()
                } else {
                    place(before)?
                };
                (to.saturating_sub(max), to)
            }
            (None, None) => (0, max),
        };
        let (to, count) = (to.min(found.len()), found.len());
        let page: Vec<items::Item> = found.into_iter().take(to).skip(from).collect();
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        // Who does not ask for pages is told of them where there are several.
        let set = (asked != Set::default() || count > PAGE).then(|| Set {
            first: page.first().map(|item| First {
                index: Some(number(from)),
                ..First::new(item.jid.as_text().clone())
            }),
            last: page.last().map(|item| item.jid.as_text().clone()),
            count: Some(number(count)),
            ..Set::default()
        });
        Ok(items::Query {
            items: page,
            any: set.map(|set| set.to_any()).into_iter().collect(),
            ..items::Query::default()
        })
    }
}

/// Refuses whoever may not take part, as if there were no channel.
fn may_know(state: &State, who: &Jid) -> Result<(), StanzaError> {
    if state.role(who) >= Role::Allowed && !state.ended {
        Ok(())
    } else {
        Err(super::no_channel())
    }
}

fn name_of(channel: &Channel, state: &State) -> Text {
    let own = || channel.jid.local().unwrap_or_default().into();
    state.name.clone().unwrap_or_else(own)
}
