//! XEP-0369, Mediated Information eXchange: channels at a domain of their own, in which people take part whether they are online or
//! not.
//!
//! What a channel has stands at nodes under its address (`xep_0060::Keeper`): who takes part, what it is about, how it is configured,
//! who is let in, and who subscribed to what. All channels are in memory as well, so that a message asks no storage for anything;
//! what was said is in the archive (XEP-0313) under the channel's address. A message is written there and then goes to the
//! account of each subscriber, in the order in which it was said.

mod administration;
mod channel;
mod channels;
mod configuration;
mod discovery;
mod joining;
mod making;
mod message;
mod nicks;
mod nodes;
mod presence;
mod rights;

use std::sync::{Arc, OnceLock, Weak};

use sestina_session::host::Host;
use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{IqRow, PluginError, Registrar, Setup};
use sestina_session::router::{Service, Source, Taken, Turn};
use sestina_skeletons::xep_0369::{self as skeleton, Settings};
use sestina_types::xep_0060::pubsub::Pubsub;
use sestina_types::xep_0313 as archive_types;
use sestina_types::xep_0369::{Create, Destroy, Join, Leave, Setnick, UpdateSubscription};
use sestina_wire::clock::{Clock, Random};
use sestina_wire::dispatch::{Only, Scope, Sender};
use sestina_wire::{BareJid, Condition, Jid, Kind, Stanza, StanzaError, StanzaType, Text};

use crate::xep_0030::Services;
use crate::{xep_0060, xep_0313};

use channel::Channel;
use channels::Channels;

use rights::Role;

/// What handlers and discovery know the service by.
const SERVICE: &str = "mix";

/// The names of the nodes that a channel has.
mod node {
    /// What is said (§4.6.2).
    pub(super) const MESSAGES: &str = "urn:xmpp:mix:nodes:messages";
    /// Who takes part (§4.6.3).
    pub(super) const PARTICIPANTS: &str = "urn:xmpp:mix:nodes:participants";
    /// What it is about (§4.6.4).
    pub(super) const INFO: &str = "urn:xmpp:mix:nodes:info";
    /// How it behaves (XEP-0406 §2.4).
    pub(super) const CONFIG: &str = "urn:xmpp:mix:nodes:config";
    /// Who may take part (XEP-0406 §2.2).
    pub(super) const ALLOWED: &str = "urn:xmpp:mix:nodes:allowed";
    /// Who may not (XEP-0406 §2.3).
    pub(super) const BANNED: &str = "urn:xmpp:mix:nodes:banned";
    /// Who is there just now (XEP-0403 §3.5).
    pub(super) const PRESENCE: &str = "urn:xmpp:mix:nodes:presence";
    /// All of them.
    pub(super) const ALL: &[&str] = &[
        MESSAGES,
        PARTICIPANTS,
        INFO,
        CONFIG,
        ALLOWED,
        BANNED,
        PRESENCE,
    ];
}

/// The server's part.
pub struct Server {
    mix: Arc<Mix>,
    domain: String,
    host: Weak<Host>,
}

/// What channels are bounded by.
struct Limits {
    channels: usize,
    participants: usize,
    /// Octets of a nick.
    nick: usize,
    /// Addresses in one list.
    listed: usize,
    /// Octets of a message.
    message: usize,
    /// Messages of one person in ten seconds; none where as many as come.
    rate: u32,
    /// Messages in the archive of a channel; 0 where all are kept.
    archived: u64,
}

/// The channels of a host.
struct Mix {
    me: Weak<Mix>,
    channels: Channels,
    limits: Limits,
    remote_creators: bool,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    service: OnceLock<BareJid>,
}

/// An error with what to do about it.
fn refused(condition: Condition, text: impl Into<Text>) -> StanzaError {
    StanzaError::new(condition).with_text(text)
}

impl Mix {
    /// The channel that a request is for.
    fn channel_of(&self, cx: &IqContext) -> Result<Arc<Channel>, StanzaError> {
        let to = cx.to.as_ref().filter(|to| to.local().is_some());
        to.filter(|to| to.resource().is_none())
            .and_then(|to| self.channels.find(&to.to_bare()))
            .ok_or_else(no_channel)
    }

    /// The nodes of the channels.
    fn nodes(host: &Host) -> Result<Arc<xep_0060::Server>, StanzaError> {
        xep_0060::Server::of(host).ok_or_else(|| StanzaError::new(Condition::ServiceUnavailable))
    }

    /// The channel of a request for its archive, if whoever asks may see it: who may subscribe to what is said (§7.2.2).
    fn archived(
        &self,
        cx: &IqContext,
    ) -> Result<(Arc<Channel>, Arc<xep_0313::Server>), StanzaError> {
        let channel = self.channel_of(cx)?;
        channel.lock().may_read(node::MESSAGES, &cx.from)?;
        let archive = xep_0313::Server::of(&cx.host);
        Ok((
            channel,
            archive.ok_or_else(|| StanzaError::new(Condition::ServiceUnavailable))?,
        ))
    }
}

fn no_channel() -> StanzaError {
    refused(Condition::ItemNotFound, "there is no such channel")
}

impl Service for Mix {
    fn take(&self, host: &Arc<Host>, stanza: &Stanza, _: &Source, turn: Turn) -> Taken {
        let Some(mix) = self.me.upgrade() else {
            return Taken::No;
        };
        match stanza.kind() {
            Kind::Message => message::take(&mix, host, stanza, turn),
            Kind::Presence => Taken::Routed(presence::take(&mix, host, stanza)),
            Kind::Iq => Taken::No,
        }
    }
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let settings = setup.settings;
        let number = |value: i64| usize::try_from(value).unwrap_or_default();
        let channels = Channels::new(setup.storage())?;
        let mix = Arc::new_cyclic(|me| Mix {
            me: Weak::clone(me),
            channels,
            limits: Limits {
                channels: number(settings.max_channels),
                participants: number(settings.max_participants),
                nick: number(settings.max_nickname),
                listed: number(settings.max_listed),
                message: usize::try_from(settings.max_message.0).unwrap_or(usize::MAX),
                rate: u32::try_from(settings.max_rate).unwrap_or_default(),
                archived: u64::try_from(settings.max_archived).unwrap_or_default(),
            },
            remote_creators: settings.remote_creators,
            clock: Arc::clone(setup.clock()),
            random: Arc::clone(setup.random()),
            service: OnceLock::new(),
        });
        Ok(Self {
            mix,
            domain: settings.domain.clone(),
            host: Arc::downgrade(setup.host),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let takes: Arc<dyn Service> = self.mix.clone();
        let Some(domain) = registrar.service_taking(SERVICE, &self.domain, takes)? else {
            return Ok(());
        };
        let Some(nodes) = xep_0060::Server::of(registrar.host()) else {
            return Err(PluginError::Settings {
                spec: "xep-0369",
                message: "channels are made of nodes: they need xep-0060".to_owned(),
            });
        };
        nodes.set_keeper(&domain, Arc::new(nodes::Keeper(Arc::downgrade(&self.mix))))?;
        let _ = self.mix.service.set(domain);
        registrar.host().extensions().insert(Arc::clone(&self.mix));
        Services::of(registrar.host()).register(SERVICE, self.mix.clone());
        let row = |type_| IqRow {
            type_,
            scopes: &[Scope::Service(SERVICE)],
            only: Only::ANY,
            senders: &[Sender::Anyone],
        };
        let mix = Arc::clone(&self.mix);
        registrar.iq(
            row(StanzaType::Get),
            move |cx: IqContext, request: Pubsub| {
                let mix = Arc::clone(&mix);
                async move { nodes::get(&mix, &cx, request).await }
            },
        )?;
        let mix = Arc::clone(&self.mix);
        registrar.iq(
            row(StanzaType::Set),
            move |cx: IqContext, request: Pubsub| {
                let mix = Arc::clone(&mix);
                async move { nodes::set(&mix, &cx, request).await }
            },
        )?;
        let mix = Arc::clone(&self.mix);
        registrar.iq(
            row(StanzaType::Set),
            move |cx: IqContext, request: archive_types::Query| {
                let mix = Arc::clone(&mix);
                async move {
                    let (channel, archive) = mix.archived(&cx)?;
                    archive.query_room(&cx, &channel.jid, request).await
                }
            },
        )?;
        let mix = Arc::clone(&self.mix);
        registrar.iq(
            row(StanzaType::Get),
            move |cx: IqContext, _: archive_types::Query| {
                let fields = mix
                    .archived(&cx)
                    .map(|_| xep_0313::Server::fields_of_room(&cx));
                std::future::ready(fields)
            },
        )?;
        let mix = Arc::clone(&self.mix);
        registrar.iq(
            row(StanzaType::Get),
            move |cx: IqContext, _: archive_types::Metadata| {
                let mix = Arc::clone(&mix);
                async move {
                    let (channel, archive) = mix.archived(&cx)?;
                    archive.ends_of_room(&channel.jid).await
                }
            },
        )?;
        Ok(())
    }

    /// The channels are there before anybody asks for one.
    async fn start(&self) -> Result<(), PluginError> {
        let (Some(service), Some(host)) = (self.mix.service.get(), self.host.upgrade()) else {
            return Ok(());
        };
        channels::load(&self.mix, &host, service).await?;
        presence::ask_all(&self.mix, &host);
        Ok(())
    }

    async fn join(&self, cx: &IqContext, request: Join) -> Result<Join, StanzaError> {
        joining::join(&self.mix, cx, request).await
    }

    async fn leave(&self, cx: &IqContext, _: Leave) -> Result<Leave, StanzaError> {
        joining::leave(&self.mix, cx)
            .await
            .map(|()| Leave::default())
    }

    async fn update_subscription(
        &self,
        cx: &IqContext,
        request: UpdateSubscription,
    ) -> Result<UpdateSubscription, StanzaError> {
        joining::update(&self.mix, cx, request).await
    }

    async fn set_nick(&self, cx: &IqContext, request: Setnick) -> Result<Setnick, StanzaError> {
        nicks::set(&self.mix, cx, &request).await
    }

    async fn create(&self, cx: &IqContext, request: Create) -> Result<Create, StanzaError> {
        making::create(&self.mix, cx, request).await
    }

    async fn destroy(&self, cx: &IqContext, request: Destroy) -> Result<Empty, StanzaError> {
        making::destroy(&self.mix, cx, &request)
            .await
            .map(|()| Empty)
    }
}

/// Who asks, where it is no session but the account itself: what its server asks in its name (§7.1.1).
fn account_of(cx: &IqContext) -> Result<BareJid, StanzaError> {
    if cx.from.resource().is_some() {
        return Err(refused(
            Condition::NotAllowed,
            "channels are joined and left by the user's server: ask that for it (client-join, client-leave, XEP-0405)",
        ));
    }
    Ok(cx.from.to_bare().detach())
}

/// The address of a participant in what it says (§7.1.6).
fn participant_address(channel: &BareJid, id: &str) -> Jid {
    channel
        .with_resource(id)
        .map_or_else(|_| Jid::clone(channel), sestina_wire::FullJid::into_jid)
}
