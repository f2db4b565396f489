//! What other specifications add to rooms: they hear what is said before everybody does, announce what they do, and keep
//! settings and things of their own with a room.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::future::BoxFuture;
use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_session::router::Routed;
use sestina_types::xep_0004::{Field, Form};
use sestina_types::xep_0045::muc::Join;
use sestina_types::xep_0045::user::{MucUser, Status};
use sestina_types::xep_0359::{self, StanzaId};
use sestina_wire::{
    AnyElement, BareJid, Condition, Jid, Stanza, StanzaError, StanzaType, Text, Timestamp,
};

use super::configuration::Configuration;
use super::mailbox::Sending;
use super::room::{Room, State, Words};
use super::standing::{Affiliation, Role};
use super::{Muc, refused};
use crate::xep_0313;

/// A specification that adds to rooms. What it does nothing about it leaves out.
pub(crate) trait Companion: Send + Sync {
    /// Features that a room announces.
    fn features(&self, _room: &Room, _state: &State) -> &'static [&'static str] {
        &[]
    }

    /// Adds to what a room says of itself (`muc#roominfo`, XEP-0045 §6.4).
    fn describe(&self, _room: &Room, _state: &State, _form: &mut Form) {}

    /// Adds to the form that an owner fills in, with what holds now (XEP-0045 §10.2).
    fn ask(&self, _state: &State, _form: &mut Form) {}

    /// Whether a field of that form is its own, and how the value is kept with the configuration; otherwise the answer to
    /// who sent it.
    fn takes(&self, _field: &str, _value: &str) -> Option<Result<String, StanzaError>> {
        None
    }

    /// Somebody is about to say something to everybody, who may do so; a refusal is the answer.
    fn before(&self, _heard: &mut Heard<'_>) -> Result<(), StanzaError> {
        Ok(())
    }

    /// What is about to be said, to take out of it what others are not to get.
    fn amend(&self, _state: &State, _from: &Jid, _said: &mut Stanza) {}

    /// Everybody is being told something, which is in the archive. What is returned is waited for before the sender's next
    /// stanza.
    fn after(&self, _heard: &mut Heard<'_>) -> Option<BoxFuture<'static, ()>> {
        None
    }

    /// Somebody has entered, and is about to be told who else is there.
    fn greet(&self, _entering: &Entering<'_>) -> Option<Greeting> {
        None
    }

    /// An affiliation has changed, so that all of them are of another version: what is told with it, in the element `x` of
    /// `muc#user`.
    fn changed(&self, _room: &Room, _from: i64, _to: i64) -> Option<AnyElement> {
        None
    }

    /// Whether a room outlasts its occupants has changed: what is kept with it comes into the storage, or goes out of it.
    fn lasts<'a>(
        &'a self,
        _host: &'a Arc<Host>,
        _room: &'a Room,
        _lasts: bool,
    ) -> BoxFuture<'a, Result<(), StanzaError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What somebody says to everybody.
pub(crate) struct Heard<'a> {
    pub(crate) host: &'a Arc<Host>,
    pub(crate) room: &'a Arc<Room>,
    pub(crate) state: &'a mut State,
    /// Whose words they are.
    pub(crate) from: &'a Jid,
    /// As others get it.
    pub(crate) said: &'a Stanza,
    pub(crate) now: Timestamp,
}

/// Somebody who enters a room, and is among its occupants.
pub(crate) struct Entering<'a> {
    pub(crate) room: &'a Room,
    pub(crate) state: &'a State,
    pub(crate) from: &'a Jid,
    pub(crate) join: &'a Join,
}

/// What is told to somebody who enters.
#[derive(Default)]
pub(crate) struct Greeting {
    /// Before the presences of others.
    pub(crate) before: Vec<Stanza>,
    /// In the `x` of `muc#user` of the own presence.
    pub(crate) with: Option<AnyElement>,
}

/// Those that add to the rooms of a host: they come while plugins are installed, and none after that.
#[derive(Default)]
pub(super) struct Companions {
    coming: Mutex<Vec<Arc<dyn Companion>>>,
    here: OnceLock<Vec<Arc<dyn Companion>>>,
}

impl Companions {
    /// All of them; without a lock, for every message asks.
    pub(super) fn all(&self) -> &[Arc<dyn Companion>] {
        self.here.get_or_init(|| {
            let mut coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut coming)
        })
    }
}

impl Muc {
    /// The rooms of a host, where it has some.
    pub(crate) fn of(host: &Host) -> Option<Arc<Muc>> {
        host.extensions().get()
    }

    /// For who answers a request that only reaches a service with rooms.
    pub(crate) fn answering(cx: &IqContext) -> Result<Arc<Muc>, StanzaError> {
        Self::of(&cx.host).ok_or_else(|| StanzaError::new(Condition::ServiceUnavailable))
    }

    /// Has a specification add to the rooms of a host, where it has some; to be called while it is installed.
    pub(crate) fn accompany<C>(host: &Host, companion: &Arc<C>) -> Option<Arc<Muc>>
    where
        C: Companion + 'static,
    {
        let muc = Self::of(host)?;
        let coming = &muc.companions.coming;
        coming
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(companion) as Arc<dyn Companion>);
        Some(muc)
    }

    /// All rooms, in the order of their addresses.
    pub(crate) fn rooms(&self) -> Vec<Arc<Room>> {
        self.rooms.all()
    }

    /// Tells everybody in a room something in its name.
    pub(crate) fn announce(
        host: &Arc<Host>,
        room: &Room,
        state: &State,
        stanza: &Stanza,
    ) -> Routed {
        let mut sending = Sending::new(host);
        room.announce(state, &mut sending, stanza.clone());
        sending.done()
    }

    /// Tells everybody in a room that it is configured differently (§10.2.1, status code 104).
    pub(crate) fn announce_change(host: &Arc<Host>, room: &Room) -> Routed {
        let user = MucUser {
            statuses: vec![Status::new(104)],
            ..MucUser::default()
        };
        let message = Stanza::message(StanzaType::Groupchat)
            .with_from(Jid::clone(&room.jid))
            .with(&user);
        Self::announce(host, room, &room.lock(), &message)
    }

    /// The archive of a room, if it has one.
    pub(crate) fn archive_of(&self, host: &Host, room: &Room) -> Option<Arc<xep_0313::Server>> {
        self.archive(host).filter(|_| room.lock().stored)
    }

    /// The archive for who holds the lock of a room, and has looked whether it has one.
    pub(crate) fn archive_when_kept(&self, host: &Host) -> Option<Arc<xep_0313::Server>> {
        self.archive(host)
    }

    /// How many messages the archive of a room keeps; 0 for all.
    pub(crate) fn most_archived(&self) -> u64 {
        self.limits.archived
    }

    /// From now on the presences of these accounts in a room hold an element, or none any more; those of them who are here are
    /// shown anew.
    pub(crate) fn adorn(
        host: &Arc<Host>,
        room: &Room,
        worn: Vec<(BareJid, Option<AnyElement>)>,
    ) -> Routed {
        let mut sending = Sending::new(host);
        let mut state = room.lock();
        for (account, element) in worn {
            state.wears(&account, element);
            for nick in state.nicks_of(&account) {
                if state.occupant_mut(&nick).is_some() {
                    room.show(&state, &mut sending, &nick, &Words::default(), &[]);
                }
            }
        }
        drop(state);
        sending.done()
    }

    /// Keeps settings of a companion with the room's configuration.
    pub(crate) async fn keep_settings(
        &self,
        room: &Room,
        settings: Vec<(String, String)>,
    ) -> Result<(), StanzaError> {
        let _held = room.changing().await?;
        let row = {
            let state = room.lock();
            let mut next = state.configuration.clone();
            next.more.extend(settings.iter().cloned());
            let mut row = self.rooms.row(room, &state);
            self.rooms.describe(&mut row, &next);
            Some(row).filter(|_| state.stored)
        };
        if let Some(row) = row {
            self.rooms.put(row).await?;
        }
        room.lock().configuration.more.extend(settings);
        Ok(())
    }

    /// What companions keep of an owner's form.
    pub(super) fn take_settings(
        &self,
        sent: &[Field],
        next: &mut Configuration,
    ) -> Result<(), StanzaError> {
        for field in sent {
            let Some(var) = field.var.as_deref() else {
                continue;
            };
            let value = field.values.first().map_or("", |value| &**value);
            let mut taken = self.companions.all().iter();
            if let Some(kept) = taken.find_map(|companion| companion.takes(var, value)) {
                next.more.insert(var.to_owned(), kept?);
            }
        }
        Ok(())
    }

    /// A room becomes one that outlasts its occupants, or is none any more.
    pub(super) async fn lasts(
        &self,
        host: &Arc<Host>,
        room: &Room,
        lasts: bool,
    ) -> Result<(), StanzaError> {
        for companion in self.companions.all() {
            companion.lasts(host, room, lasts).await?;
        }
        Ok(())
    }
}

impl Room {
    /// The address.
    pub(crate) fn jid(&self) -> &BareJid {
        &self.jid
    }

    /// When it was made.
    pub(crate) fn created(&self) -> Timestamp {
        self.created
    }

    /// Who acts as a moderator in it; otherwise what to answer.
    pub(crate) fn moderator(&self, from: &Jid) -> Result<(Text, Text), StanzaError> {
        let state = self.lock();
        match state.occupant_of(from) {
            Some((nick, occupant)) if occupant.role == Role::Moderator => {
                Ok((nick.clone(), occupant.id.clone()))
            }
            Some(_) => Err(refused(
                Condition::Forbidden,
                "only moderators of the room may",
            )),
            None => Err(super::message::not_in_it()),
        }
    }

    /// Whether somebody owns it; otherwise what to answer.
    pub(crate) fn owner(&self, from: &Jid) -> Result<(), StanzaError> {
        if self.lock().affiliation(&from.to_bare()) == Affiliation::Owner {
            return Ok(());
        }
        Err(refused(Condition::Forbidden, "only owners of the room may"))
    }

    /// Whether somebody is an admin of it or owns it; otherwise what to answer.
    pub(crate) fn admin(&self, from: &Jid) -> Result<(), StanzaError> {
        if self.lock().is_admin(from) {
            return Ok(());
        }
        Err(refused(
            Condition::Forbidden,
            "only admins and owners of the room may",
        ))
    }

    /// Whether somebody may know what is going on in it: who is in it, who belongs to it, and everybody where all may enter.
    pub(crate) fn reader(&self, from: &Jid) -> Result<(), StanzaError> {
        Muc::may_read(self, from)
    }

    /// Holds off all other lasting changes of the room while one is stored.
    ///
    /// # Errors
    /// That it is gone.
    pub(crate) async fn changing(&self) -> Result<tokio::sync::MutexGuard<'_, ()>, StanzaError> {
        let held = self.change.lock().await;
        if self.lock().ended {
            return Err(StanzaError::new(Condition::ItemNotFound));
        }
        Ok(held)
    }
}

impl State {
    /// The presences of an account hold an element from now on, or none any more; for who tells it: see [`Muc::adorn`].
    pub(crate) fn wears(&mut self, account: &BareJid, element: Option<AnyElement>) {
        match element {
            Some(element) => self.worn.insert(account.clone(), element),
            None => self.worn.remove(account),
        };
    }

    /// Whether somebody is an admin or owner.
    pub(crate) fn is_admin(&self, from: &Jid) -> bool {
        self.affiliation(&from.to_bare()) >= Affiliation::Admin
    }

    /// Whether somebody is in the room as a moderator.
    pub(crate) fn is_moderator(&self, from: &Jid) -> bool {
        let occupant = self.occupant_of(from);
        occupant.is_some_and(|(_, occupant)| occupant.role == Role::Moderator)
    }

    /// A setting that a companion keeps.
    pub(crate) fn setting(&self, var: &str) -> Option<&str> {
        self.configuration.more.get(var).map(String::as_str)
    }

    /// Whether the room outlasts its occupants.
    pub(crate) fn is_stored(&self) -> bool {
        self.stored
    }

    /// Whether everybody may find the room and what is said in it: it is listed, and who enters needs no leave.
    pub(crate) fn is_open(&self) -> bool {
        self.is_listed() && self.needs_no_leave()
    }

    /// Whether the service lists it.
    pub(crate) fn is_listed(&self) -> bool {
        self.configuration.public && !self.locked && !self.ended
    }

    /// Whether everybody may enter who is not banned.
    pub(crate) fn needs_no_leave(&self) -> bool {
        !self.configuration.members_only && self.configuration.password.is_none()
    }

    /// What is told of it to those who look for rooms.
    pub(crate) fn about(&self) -> About<'_> {
        About {
            name: &self.configuration.name,
            description: &self.configuration.description,
            lang: self.configuration.lang.as_deref(),
            occupants: self.occupants.len(),
            non_anonymous: self.configuration.non_anonymous,
        }
    }

    /// Takes a message out of what newcomers get, if `is_meant` says so; whether it was there.
    pub(crate) fn unsay(
        &mut self,
        room: &Room,
        id: &str,
        is_meant: impl Fn(&Stanza) -> bool,
    ) -> bool {
        let before = self.history.len();
        self.history.retain(|said| {
            id_in(room, &said.stanza).as_deref() != Some(id) || !is_meant(&said.stanza)
        });
        self.history.len() < before
    }
}

/// What a room says of itself where rooms are looked for.
pub(crate) struct About<'a> {
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) lang: Option<&'a str>,
    pub(crate) occupants: usize,
    pub(crate) non_anonymous: bool,
}

/// The id that the room has given a message (XEP-0359 §3).
fn id_in(room: &Room, stanza: &Stanza) -> Option<Text> {
    let mut ids = stanza
        .children()
        .filter(|child| child.is("stanza-id", xep_0359::NS))
        .filter_map(|child| child.decode::<StanzaId>().ok());
    ids.find(|id| id.by.as_str() == room.jid.as_str())
        .map(|id| id.id)
}
