//! Channels are made (§7.3.2), also for the occasion (§7.3.3), and destroyed (§7.3.4).

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_storage::Transaction;
use sestina_types::xep_0060::forms::{NodeConfig, SendLastPublishedItem};
use sestina_types::xep_0369::tables::{MixChannels, MixChannelsRow};
use sestina_types::xep_0369::{Create, Destroy};
use sestina_wire::{AnyElement, BareJid, Condition, Jid, StanzaError, Text, Timestamp};

use super::channel::Channel;
use super::configuration::Configuration;
use super::{Mix, Role, channels, node, presence, refused};
use crate::xep_0060::{Edit, Step};
use crate::xep_0133;

/// Octets that the name of a channel may have: with the id of a participant it is the first part of an address.
const LONGEST_NAME: usize = 900;

/// The id of an item that is named for the time at which it was made (§4.6.4).
pub(super) fn stamp(now: Timestamp) -> Text {
    sestina_wire::DateTime::from(now).to_string().into()
}

impl Mix {
    /// Whether somebody may make channels at all.
    pub(super) fn may_create(&self, host: &Host, who: &Jid) -> bool {
        self.remote_creators || (host.serves(who) && who.local().is_some())
    }
}

/// Makes a channel, under a name of our choice where none is said.
pub(super) async fn create(
    mix: &Mix,
    cx: &IqContext,
    request: Create,
) -> Result<Create, StanzaError> {
    let service = service_of(mix, cx)?;
    if !mix.may_create(&cx.host, &cx.from) {
        return Err(refused(
            Condition::NotAllowed,
            "people of other servers cannot make channels here",
        ));
    }
    let creator = cx.from.to_bare().detach();
    if mix.channels.made_by(&creator) >= mix.limits.channels {
        return Err(refused(
            Condition::ResourceConstraint,
            format!(
                "{creator} has made {} channels, as many as somebody may (max_channels); destroy one first",
                mix.limits.channels
            ),
        ));
    }
    let listed = request.channel.is_some();
    let name = request.channel.unwrap_or_else(|| mix.random.token());
    let jid = address(service, &name)?;
    let channel = Arc::new(Channel::new(
        jid,
        creator.clone(),
        listed,
        mix.clock.now(),
        Configuration::usual(&creator, presence::is_passed_on(&cx.host)),
    ));
    // Whoever asks for the same name now finds it taken.
    if !mix.channels.add_new(&channel) {
        return Err(refused(
            Condition::Conflict,
            format!("there is a channel {name:?} already; choose another name"),
        ));
    }
    let _changing = channel.change.lock().await;
    let row = MixChannelsRow {
        channel: channel.jid.clone(),
        host: service.domain().to_owned(),
        creator,
        listed,
        created: channel.created,
    };
    let also = |transaction: &mut Transaction| {
        transaction.put::<MixChannels>(&row);
    };
    let nodes = Mix::nodes(&cx.host)?;
    let step = first_step(mix, &channel);
    let made = nodes
        .change_kept(&cx.host, &channel.jid, step, also, || {})
        .await;
    if let Err(error) = made {
        channel.lock().ended = true;
        mix.channels.remove(&channel);
        return Err(error);
    }
    Ok(Create {
        channel: Some(channel.jid.local().unwrap_or_default().into()),
        ..Create::default()
    })
}

/// All nodes of a channel: those that are not there are made.
fn nodes() -> Vec<Edit> {
    let edit = |name: &str| Edit {
        node: name.to_owned(),
        options: options(name),
        ..Edit::default()
    };
    node::ALL.iter().map(|name| edit(name)).collect()
}

/// The nodes of a new channel, with its configuration.
fn first_step(mix: &Mix, channel: &Channel) -> Step {
    let configuration = channel.lock().configuration.item();
    Step {
        edits: configured(stamp(mix.clock.now()), configuration),
        ..Step::default()
    }
}

/// All nodes of a channel, with its configuration.
pub(super) fn configured(id: Text, configuration: AnyElement) -> Vec<Edit> {
    let mut edits = nodes();
    let config = edits.iter_mut().find(|edit| edit.node == node::CONFIG);
    if let Some(edit) = config {
        edit.put.push((id, configuration));
    }
    edits
}

/// What nodes of channels are, in the words of nodes (§4.6).
fn options(name: &str) -> NodeConfig {
    let one = [node::INFO, node::CONFIG].contains(&name);
    NodeConfig {
        persist_items: Some(![node::MESSAGES, node::PRESENCE].contains(&name)),
        max_items: Some(Text::from_static(if one { "1" } else { "max" })),
        send_last_published_item: Some(SendLastPublishedItem::Never),
        ..NodeConfig::default()
    }
}

/// Ends a channel: its owners may, and whoever administers the server.
pub(super) async fn destroy(
    mix: &Mix,
    cx: &IqContext,
    request: &Destroy,
) -> Result<(), StanzaError> {
    let service = service_of(mix, cx)?;
    let address = address(service, &request.channel)?;
    let channel = mix.channels.find(&address).ok_or_else(super::no_channel)?;
    let _changing = channel.change.lock().await;
    {
        let mut state = channel.lock();
        if state.ended {
            return Err(super::no_channel());
        }
        let may =
            state.role(&cx.from) == Role::Owner || xep_0133::is_administrator(&cx.host, &cx.from);
        if !may {
            return Err(refused(
                Condition::Forbidden,
                "only owners of the channel may destroy it",
            ));
        }
        state.ended = true;
    }
    // What cannot be done now is gone on with at the next try, or when the server starts.
    if let Err(error) = channels::forget(mix, &cx.host, &address).await {
        channel.lock().ended = false;
        return Err(error);
    }
    mix.channels.remove(&channel);
    Ok(())
}

/// The service, to which such requests go.
fn service_of<'a>(mix: &'a Mix, cx: &IqContext) -> Result<&'a BareJid, StanzaError> {
    let service = mix.service.get();
    let is_to_it = cx.to.as_ref().is_some_and(|to| to.local().is_none());
    service.filter(|_| is_to_it).ok_or_else(|| {
        refused(
            Condition::BadRequest,
            "channels are made and destroyed by the service: ask its domain",
        )
    })
}

/// The address of a channel of this name. A `#` stands between a participant and a channel (XEP-0403 §3.2).
fn address(service: &BareJid, name: &str) -> Result<BareJid, StanzaError> {
    let address = BareJid::new(Some(name), service.domain());
    let address = address.ok().filter(|address| {
        address
            .local()
            .is_some_and(|local| (1..=LONGEST_NAME).contains(&local.len()) && !local.contains('#'))
    });
    address.map(|address| address.detach()).ok_or_else(|| {
        refused(
            Condition::NotAcceptable,
            format!("{name:?} cannot be the name of a channel: it becomes the first part of an address, and has no `#`"),
        )
    })
}
