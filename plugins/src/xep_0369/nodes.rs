//! The nodes of a channel, as far as they are looked at and changed by the words of nodes (§4.6).

use std::sync::{Arc, Weak};

use sestina_session::mux::{IqContext, OrEmpty};
use sestina_types::xep_0004::{Field, Form, FormType};
use sestina_types::xep_0060::pubsub::{Item, Publish, Pubsub, PubsubChoice};
use sestina_types::xep_0369::forms::ChannelInfo;
use sestina_wire::{BareJid, Condition, Jid, Payload as _, StanzaError, Text};

use super::channel::Channel;
use super::making::stamp;
use super::{Mix, administration, joining, node, refused};
use crate::xep_0060::{self, Edit, Step};

/// What is known of channels where somebody asks for their nodes.
pub(super) struct Keeper(pub(super) Weak<Mix>);

impl xep_0060::Keeper for Keeper {
    fn may_read(&self, owner: &BareJid, name: &str, who: &Jid) -> Result<(), StanzaError> {
        let mix = self.0.upgrade();
        let channel = mix.and_then(|mix| mix.channels.find(owner));
        let channel = channel.ok_or_else(super::no_channel)?;
        let state = channel.lock();
        state.may_read(name, who)
    }
}

/// What somebody looks at: items, and their own subscriptions.
pub(super) async fn get(mix: &Mix, cx: &IqContext, request: Pubsub) -> Result<Pubsub, StanzaError> {
    let channel = mix.channel_of(cx)?;
    if let Some(PubsubChoice::Items(items)) = &request.action
        && items.node.as_str() == node::PRESENCE
    {
        return Err(refused(
            Condition::NotAllowed,
            "who is there is told in presences alone: subscribe to the node for them (XEP-0403)",
        ));
    }
    let nodes = Mix::nodes(&cx.host)?;
    nodes
        .look_at_kept(&cx.host, &channel.jid, &cx.from, request)
        .await
}

/// What somebody changes. The list of participants is changed by those who come and go alone (§4.6.3).
pub(super) async fn set(
    mix: &Mix,
    cx: &IqContext,
    request: Pubsub,
) -> Result<OrEmpty<Pubsub>, StanzaError> {
    let channel = mix.channel_of(cx)?;
    let nodes = Mix::nodes(&cx.host)?;
    match request.action {
        Some(PubsubChoice::Subscribe(subscribe)) => {
            let _changing = channel.change.lock().await;
            let answer = nodes
                .subscribe_to_kept(&cx.host, &channel.jid, &cx.from, subscribe)
                .await?;
            joining::hear(&channel, cx).await?;
            Ok(OrEmpty::Payload(answer))
        }
        Some(PubsubChoice::Unsubscribe(unsubscribe)) => {
            let _changing = channel.change.lock().await;
            nodes
                .unsubscribe_from_kept(&cx.host, &channel.jid, &cx.from, unsubscribe)
                .await?;
            joining::hear(&channel, cx).await?;
            Ok(OrEmpty::Empty)
        }
        Some(PubsubChoice::Publish(publish)) => {
            let answer = match publish.node.as_str() {
                node::INFO => inform(mix, cx, &channel, &publish).await,
                node::CONFIG if is_administered(cx) => {
                    administration::configure(mix, cx, &channel, &publish).await
                }
                node::ALLOWED | node::BANNED if is_administered(cx) => {
                    administration::add(mix, cx, &channel, publish).await
                }
                other => Err(not_so(other)),
            };
            answer.map(OrEmpty::Payload)
        }
        Some(PubsubChoice::Retract(retract)) => match retract.node.as_str() {
            node::ALLOWED | node::BANNED if is_administered(cx) => {
                administration::remove(cx, &channel, retract).await?;
                Ok(OrEmpty::Empty)
            }
            other => Err(not_so(other)),
        },
        _ => Err(refused(
            Condition::FeatureNotImplemented,
            "nodes of channels are there from the start: they are read, subscribed to and published to",
        )),
    }
}

/// Whether channels are administered by their owners (XEP-0406).
fn is_administered(cx: &IqContext) -> bool {
    cx.host.has_plugin("xep-0406")
}

fn not_so(name: &str) -> StanzaError {
    refused(
        Condition::NotAllowed,
        format!("{name:?} is not changed by publishing"),
    )
}

/// The form that somebody publishes.
pub(super) fn published(publish: &Publish) -> Result<Form, StanzaError> {
    let form = publish.items.iter().find_map(|item| {
        let payload = item.payload.first()?;
        payload.decode::<Form>().ok()
    });
    form.ok_or_else(|| {
        refused(
            Condition::BadRequest,
            "what is published here is an item with a form of type submit",
        )
    })
}

/// That something was published, under which id.
pub(super) fn done(name: Text, id: Text) -> Pubsub {
    let item = Item {
        id: Some(id),
        ..Item::default()
    };
    let publish = Publish {
        items: vec![item],
        ..Publish::new(name)
    };
    Pubsub {
        action: Some(PubsubChoice::Publish(publish)),
        ..Pubsub::default()
    }
}

/// Changes what the channel is about (XEP-0406 §3.1): what is not said stays as it is.
async fn inform(
    mix: &Mix,
    cx: &IqContext,
    channel: &Arc<Channel>,
    publish: &Publish,
) -> Result<Pubsub, StanzaError> {
    {
        let state = channel.lock();
        if !state.configuration.has(node::INFO) {
            return Err(refused(
                Condition::ItemNotFound,
                "this channel says nothing of itself (Nodes Present)",
            ));
        }
        state.may_inform(&cx.from)?;
    }
    let form = published(publish)?;
    let wanted = ChannelInfo::read(&form)?;
    let _changing = channel.change.lock().await;
    let before = Mix::nodes(&cx.host)?
        .kept_items(&cx.host, &channel.jid, node::INFO)
        .await?;
    let known = before
        .into_iter()
        .find_map(|(_, payload)| payload?.decode::<Form>().ok());
    let known = known.map(|form| ChannelInfo::read(&form)).transpose()?;
    let mut info = known.unwrap_or_default();
    let said = |field: &Field, var: &str| field.var.as_deref() == Some(var);
    for field in &form.fields {
        if said(field, "Name") {
            info.name.clone_from(&wanted.name);
        } else if said(field, "Description") {
            info.description.clone_from(&wanted.description);
        } else if said(field, "Contact") {
            info.contact.clone_from(&wanted.contact);
        }
    }
    let id = stamp(mix.clock.now());
    let step = Step {
        edits: vec![Edit {
            node: node::INFO.to_owned(),
            put: vec![(id.clone(), info.write(FormType::Result).to_any())],
            ..Edit::default()
        }],
        ..Step::default()
    };
    let name = info.name.as_ref().map(Text::detach);
    let then = || channel.lock().name = name;
    joining::change(channel, cx, step, |_| {}, then).await?;
    Ok(done(node::INFO.into(), id))
}
