//! XEP-0045, Multi-User Chat: rooms at a domain of their own, in which many people talk.
//!
//! All rooms of a service are in memory, those that stay without their occupants in the storage as well, with configuration,
//! subject and affiliations; what was said is in the archive (XEP-0313) under the room's address. A room is one lock. Whatever
//! everybody in it is told is made once and given to each session with another addressee, in the order in which it happened.

mod admin;
mod affiliations;
mod asking;
mod companion;
mod configuration;
mod discovery;
mod entry;
mod history;
mod leaving;
mod limits;
mod mailbox;
mod message;
mod owner;
mod pace;
mod probing;
mod registration;
mod renaming;
mod requests;
mod room;
mod rooms;
mod standing;
mod telling;
mod versions;

use std::sync::{Arc, OnceLock, Weak};

use sestina_session::host::Host;
use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{IqRow, On, PluginError, Registrar, Setup};
use sestina_session::router::{Service, Source, Taken, Turn};
use sestina_skeletons::xep_0045::{self as skeleton, Settings};
use sestina_storage::Secret;
use sestina_types::xep_0045::{admin as admin_types, owner as owner_types, unique};
use sestina_types::{xep_0077, xep_0313 as archive_types};
use sestina_wire::clock::{Clock, Random};
use sestina_wire::dispatch::{Only, Scope, Sender};
use sestina_wire::{BareJid, Condition, Jid, Kind, Stanza, StanzaError, StanzaType, Text};

use crate::xep_0030::Services;
use crate::xep_0313;

use companion::Companions;
use configuration::Configuration;
use limits::Limits;
use room::Standing;
use rooms::Rooms;
use standing::Affiliation;

pub(crate) use companion::{Companion, Entering, Greeting, Heard};
pub(crate) use limits::Bounds;
pub(crate) use mailbox::{Mailbox, Sending};
pub(crate) use pace::{Pace, seconds};
pub(crate) use room::{Room, State};
pub(crate) use versions::{Listed, Seen};

/// What handlers and discovery know the service by.
pub(crate) const SERVICE: &str = "muc";

/// The server's part.
pub struct Server {
    muc: Arc<Muc>,
    domain: String,
    host: Weak<Host>,
}

/// The rooms of a host.
pub(crate) struct Muc {
    me: Weak<Muc>,
    rooms: Rooms,
    limits: Limits,
    companions: Companions,
    remote_creators: bool,
    archives: bool,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    service: OnceLock<BareJid>,
}

/// An error with what to do about it.
fn refused(condition: Condition, text: impl Into<Text>) -> StanzaError {
    StanzaError::new(condition).with_text(text)
}

impl Muc {
    /// The room that a request is for.
    pub(crate) fn room_of(&self, cx: &IqContext) -> Result<Arc<Room>, StanzaError> {
        let to = cx.to.as_ref().filter(|to| to.local().is_some());
        to.and_then(|to| self.rooms.find(&to.to_bare()))
            .ok_or_else(|| refused(Condition::ItemNotFound, "there is no such room"))
    }

    /// The archive of the rooms that stay.
    fn archive(&self, host: &Host) -> Option<Arc<xep_0313::Server>> {
        if self.archives {
            xep_0313::Server::of(host)
        } else {
            None
        }
    }

    /// Makes a room for who enters it first (§10.1), unless somebody was faster. It is locked until that one has configured it.
    fn create(&self, host: &Host, address: &BareJid, from: &Jid) -> Result<Arc<Room>, StanzaError> {
        if !self.remote_creators && !host.serves(from) {
            return Err(refused(
                Condition::NotAllowed,
                "people of other servers cannot make rooms here",
            ));
        }
        let account = from.to_bare().detach();
        if self.rooms.owned_by(&account) >= self.limits.rooms {
            return Err(refused(
                Condition::ResourceConstraint,
                format!(
                    "{account} owns {} rooms, as many as somebody may (max_rooms); destroy one first",
                    self.limits.rooms
                ),
            ));
        }
        let mut key = vec![0; 32];
        self.random.fill(&mut key);
        let history = u32::try_from(self.limits.history).unwrap_or(u32::MAX);
        let room = Room::new(
            address.detach(),
            Secret::new(key),
            self.clock.now(),
            Configuration::usual(history),
        );
        {
            let mut state = room.lock();
            state.locked = true;
            let owner = Standing {
                affiliation: Affiliation::Owner,
                turned: Some(0),
                ..Standing::default()
            };
            state.affiliations.insert(account, owner);
        }
        Ok(self.rooms.add(room))
    }

    /// A room that does not stay is gone with the last one in it (§7.14).
    fn tidy(&self, room: &Room, state: &mut State) {
        if state.occupants.is_empty() && !state.stored && !state.ended {
            state.ended = true;
            self.rooms.remove(room, state);
        }
    }

    /// Whether the archive of a room is for somebody: for those in it and for its members, and for nobody else unless all
    /// may enter.
    fn may_read(room: &Room, from: &Jid) -> Result<(), StanzaError> {
        let state = room.lock();
        let affiliation = state.affiliation(&from.to_bare());
        let configuration = &state.configuration;
        let is_inside = state.sessions.contains_key(from);
        let is_open = !configuration.members_only && configuration.password.is_none();
        let may = affiliation != Affiliation::Outcast
            && (is_inside || affiliation >= Affiliation::Member || is_open);
        if may {
            Ok(())
        } else {
            Err(refused(
                Condition::Forbidden,
                "this is for those who may enter the room",
            ))
        }
    }
}

impl Service for Muc {
    fn take(&self, host: &Arc<Host>, stanza: &Stanza, source: &Source, turn: Turn) -> Taken {
        let Some(muc) = self.me.upgrade() else {
            return Taken::No;
        };
        match stanza.kind() {
            Kind::Presence => Taken::Routed(entry::take(&muc, host, stanza, source)),
            Kind::Message => message::take(&muc, host, stanza, turn),
            Kind::Iq => requests::take(&muc, host, stanza).into(),
        }
    }
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let settings = setup.settings;
        let number = |value: i64| usize::try_from(value).unwrap_or_default();
        let rooms = Rooms::new(setup.storage())?;
        let muc = Arc::new_cyclic(|me| Muc {
            me: Weak::clone(me),
            rooms,
            limits: Limits {
                rooms: number(settings.max_rooms),
                occupants: number(settings.max_occupants),
                history: number(settings.max_history),
                affiliations: number(settings.max_affiliations),
                nick: number(settings.max_nickname),
                message: usize::try_from(settings.max_message.0).unwrap_or(usize::MAX),
                rate: u32::try_from(settings.max_rate).unwrap_or_default(),
                archived: u64::try_from(settings.max_archived).unwrap_or_default(),
            },
            companions: Companions::default(),
            remote_creators: settings.remote_creators,
            archives: settings.archive,
            clock: Arc::clone(setup.clock()),
            random: Arc::clone(setup.random()),
            service: OnceLock::new(),
        });
        Ok(Self {
            muc,
            domain: settings.domain.clone(),
            host: Arc::downgrade(setup.host),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let takes: Arc<dyn Service> = self.muc.clone();
        let Some(domain) = registrar.service_taking(SERVICE, &self.domain, takes)? else {
            return Ok(());
        };
        let _ = self.muc.service.set(domain);
        registrar.host().extensions().insert(Arc::clone(&self.muc));
        registrar.identity(On::Service(SERVICE), "conference", "text");
        let nodes = Arc::clone(&self.muc);
        Services::of(registrar.host()).register(SERVICE, nodes);
        let row = |type_| IqRow {
            type_,
            scopes: &[Scope::Service(SERVICE)],
            only: Only::ANY,
            senders: &[Sender::Anyone],
        };
        let muc = Arc::clone(&self.muc);
        registrar.iq(
            row(StanzaType::Get),
            move |cx: IqContext, _: xep_0077::register::Query| {
                std::future::ready(registration::fields(&muc, &cx))
            },
        )?;
        let muc = Arc::clone(&self.muc);
        registrar.iq(
            row(StanzaType::Set),
            move |cx: IqContext, request: xep_0077::register::Query| {
                let muc = Arc::clone(&muc);
                async move { registration::set(&muc, &cx, request).await.map(|()| Empty) }
            },
        )?;
        let muc = Arc::clone(&self.muc);
        registrar.iq(
            row(StanzaType::Set),
            move |cx: IqContext, request: archive_types::Query| {
                let muc = Arc::clone(&muc);
                async move {
                    let (room, archive) = muc.archived_room(&cx)?;
                    archive.query_room(&cx, &room.jid, request).await
                }
            },
        )?;
        let muc = Arc::clone(&self.muc);
        registrar.iq(
            row(StanzaType::Get),
            move |cx: IqContext, _: archive_types::Query| {
                let fields = muc
                    .archived_room(&cx)
                    .map(|_| xep_0313::Server::fields_of_room(&cx));
                std::future::ready(fields)
            },
        )?;
        let muc = Arc::clone(&self.muc);
        let handles = registrar.iq(
            row(StanzaType::Get),
            move |cx: IqContext, _: archive_types::Metadata| {
                let muc = Arc::clone(&muc);
                async move {
                    let (room, archive) = muc.archived_room(&cx)?;
                    archive.ends_of_room(&room.jid).await
                }
            },
        )?;
        for feature in [
            sestina_types::xep_0045::muc::NS,
            "http://jabber.org/protocol/muc#unique",
        ] {
            registrar.feature(&handles, On::Service(SERVICE), feature);
        }
        Ok(())
    }

    /// The rooms that stay are there before anybody enters.
    async fn start(&self) -> Result<(), PluginError> {
        let Some(service) = self.muc.service.get() else {
            return Ok(());
        };
        let most = u32::try_from(self.muc.limits.history).unwrap_or(u32::MAX);
        self.muc.rooms.load(service, most).await?;
        let Some(host) = self.host.upgrade() else {
            return Ok(());
        };
        let Some(archive) = self.muc.archive(&host).filter(|_| most > 0) else {
            return Ok(());
        };
        for room in self.muc.rooms.all() {
            let said = archive.recent_of_room(&room.jid, most).await?;
            let mut state = room.lock();
            for (at, stanza) in said {
                // Subjects are archived, and are no history (§7.2.13).
                let is_subject = stanza.child("body", sestina_wire::ns::CLIENT).is_none()
                    && stanza.child("subject", sestina_wire::ns::CLIENT).is_some();
                // Nor is what stands where a message was taken back (XEP-0424).
                let is_gone = stanza
                    .child("retracted", sestina_types::xep_0424::NS)
                    .is_some();
                if !is_subject && !is_gone {
                    history::keep(&mut state, at, &stanza, self.muc.limits.history);
                }
            }
        }
        Ok(())
    }

    async fn stop(&self) {
        if let Some(host) = self.host.upgrade() {
            leaving::close(&self.muc, &host).await;
        }
    }

    async fn admin_get(
        &self,
        cx: &IqContext,
        request: admin_types::Query,
    ) -> Result<admin_types::Query, StanzaError> {
        admin::list(&self.muc, cx, &request)
    }

    async fn admin_set(
        &self,
        cx: &IqContext,
        request: admin_types::Query,
    ) -> Result<Empty, StanzaError> {
        admin::change(&self.muc, cx, request).await.map(|()| Empty)
    }

    async fn owner_get(
        &self,
        cx: &IqContext,
        _: owner_types::Query,
    ) -> Result<owner_types::Query, StanzaError> {
        owner::form(&self.muc, cx)
    }

    async fn owner_set(
        &self,
        cx: &IqContext,
        request: owner_types::Query,
    ) -> Result<Empty, StanzaError> {
        owner::set(&self.muc, cx, request).await.map(|()| Empty)
    }

    /// A name that nobody guesses and no room has (§10.1.4).
    async fn unique_name(
        &self,
        _: &IqContext,
        _: unique::Unique,
    ) -> Result<unique::Unique, StanzaError> {
        Ok(unique::Unique::new(self.muc.random.token()))
    }
}

impl Muc {
    /// The room of a request for its archive, if whoever asks may see it.
    fn archived_room(
        &self,
        cx: &IqContext,
    ) -> Result<(Arc<Room>, Arc<xep_0313::Server>), StanzaError> {
        let room = self.room_of(cx)?;
        let archive = self.archive(&cx.host).filter(|_| room.lock().stored);
        let archive = archive.ok_or_else(|| {
            refused(
                Condition::ServiceUnavailable,
                "this room has no archive; rooms that stay have one",
            )
        })?;
        Self::may_read(&room, &cx.from)?;
        Ok((room, archive))
    }
}
