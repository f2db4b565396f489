//! All rooms of a service: in memory by address, and those that last in the storage as well.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, hash_map};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use futures_util::future::BoxFuture;
use sestina_session::errors;
use sestina_session::plugin::PluginError;
use sestina_storage::{ColumnValue as _, Range, Secret, Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::xep_0045::tables::{
    AffiliationsStore, MUC_AFFILIATIONS_OF_ROOM, MucAffiliations, MucAffiliationsRow, MucRooms,
    MucRoomsRow, RoomsStore,
};
use sestina_wire::{BareJid, StanzaError, Text};

use super::configuration::Configuration;
use super::room::{Room, Standing, State, Subject};
use super::standing::Affiliation;

/// Rooms read at a time.
const STEP: u32 = 500;

/// The rooms.
pub(super) struct Rooms {
    all: RwLock<BTreeMap<BareJid, Arc<Room>>>,
    /// How many of them each owner has.
    owned: Mutex<HashMap<BareJid, usize>>,
    stores: Arc<Tables>,
}

struct Tables {
    storage: Storage,
    rooms: RoomsStore,
    affiliations: AffiliationsStore,
}

/// Who owns a room.
fn owners(state: &State) -> impl Iterator<Item = &BareJid> {
    let all = state.affiliations.iter();
    all.filter(|(_, standing)| standing.affiliation == Affiliation::Owner)
        .map(|(address, _)| address)
}

impl Rooms {
    /// Rooms in this storage, or, where it has none, in memory.
    pub(super) fn new(storage: &Storage) -> Result<Self, PluginError> {
        let has = storage.rooms().is_some() && storage.affiliations().is_some();
        let storage = if has {
            storage.clone()
        } else {
            tracing::warn!("the storage keeps no rooms: they are lost when the server stops");
            Storage::memory()
        };
        let missing = || StorageError::Unsupported("rooms".into());
        Ok(Self {
            all: RwLock::default(),
            owned: Mutex::default(),
            stores: Arc::new(Tables {
                rooms: storage.rooms().ok_or_else(missing)?,
                affiliations: storage.affiliations().ok_or_else(missing)?,
                storage,
            }),
        })
    }

    /// The room at an address.
    pub(super) fn find(&self, address: &BareJid) -> Option<Arc<Room>> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.get(address).cloned()
    }

    /// All of them, by address.
    pub(super) fn all(&self) -> Vec<Arc<Room>> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.values().cloned().collect()
    }

    /// Adds a room that nobody else knows yet; the one that is there where somebody was faster.
    pub(super) fn add(&self, room: Room) -> Arc<Room> {
        let owners: Vec<BareJid> = owners(&room.lock()).cloned().collect();
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        match all.entry(room.jid.clone()) {
            Entry::Occupied(there) => Arc::clone(there.get()),
            Entry::Vacant(place) => {
                let room = Arc::clone(place.insert(Arc::new(room)));
                drop(all);
                for owner in owners {
                    self.count(owner, true);
                }
                room
            }
        }
    }

    /// Takes this very room out.
    pub(super) fn remove(&self, room: &Room, state: &State) {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        if all
            .get(&room.jid)
            .is_some_and(|known| std::ptr::eq(Arc::as_ptr(known), room))
        {
            all.remove(&room.jid);
            drop(all);
            for owner in owners(state) {
                self.count(owner.clone(), false);
            }
        }
    }

    /// How many rooms somebody owns.
    pub(super) fn owned_by(&self, account: &BareJid) -> usize {
        self.owned().get(account).copied().unwrap_or_default()
    }

    /// Notes what somebody is to a room from now on.
    pub(super) fn set_standing(&self, state: &mut State, address: &BareJid, standing: Standing) {
        let is = standing.affiliation == Affiliation::Owner;
        let before = state.affiliations.insert(address.clone(), standing);
        let was = before.is_some_and(|before| before.affiliation == Affiliation::Owner);
        // A room that is gone has been taken out with all its owners.
        if was != is && !state.ended {
            self.count(address.clone(), is);
        }
    }

    /// Somebody owns one room more, or less.
    fn count(&self, owner: BareJid, more: bool) {
        let mut owned = self.owned();
        match owned.entry(owner) {
            hash_map::Entry::Occupied(mut count) if more => *count.get_mut() += 1,
            hash_map::Entry::Occupied(mut count) if *count.get() > 1 => *count.get_mut() -= 1,
            hash_map::Entry::Occupied(count) => {
                count.remove();
            }
            hash_map::Entry::Vacant(place) if more => {
                place.insert(1);
            }
            hash_map::Entry::Vacant(_) => {}
        }
    }

    fn owned(&self) -> MutexGuard<'_, HashMap<BareJid, usize>> {
        self.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A room as it is stored.
    pub(super) fn row(&self, room: &Room, state: &State) -> MucRoomsRow {
        let mut row = MucRoomsRow {
            room: room.jid.clone(),
            host: room.jid.domain().to_owned(),
            public: false,
            name: String::new(),
            words: String::new(),
            configuration: String::new(),
            password: None,
            subject: state.subject.at.map(|_| state.subject.text.clone()),
            subject_by: state.subject.by.as_ref().map(ToString::to_string),
            subject_at: state.subject.at,
            occupant_key: room.key.clone(),
            affiliations_version: state.version,
            changes_since: Some(state.changes_since),
            created: room.created,
        };
        self.describe(&mut row, &state.configuration);
        row
    }

    /// Another configuration for a row.
    pub(super) fn describe(&self, row: &mut MucRoomsRow, configuration: &Configuration) {
        row.public = configuration.public;
        row.name.clone_from(&configuration.name);
        row.words = format!(
            "{} {} {}",
            row.room.local().unwrap_or_default(),
            configuration.name,
            configuration.description
        );
        row.configuration = configuration.to_document();
        row.password = configuration.password.clone().map(Secret::new);
    }

    /// Stores a room.
    pub(super) fn put(&self, row: MucRoomsRow) -> BoxFuture<'static, Result<(), StanzaError>> {
        let stores = Arc::clone(&self.stores);
        Box::pin(async move { stores.rooms.put(&row).await.map_err(errors::storage) })
    }

    /// Stores a room with what some are to it, and removes what others were, together.
    pub(super) async fn put_with(
        &self,
        row: &MucRoomsRow,
        people: &[MucAffiliationsRow],
        forgotten: &[BareJid],
    ) -> Result<(), StanzaError> {
        let mut transaction = self.stores.storage.transaction();
        transaction.put::<MucRooms>(row);
        for row in people {
            transaction.put::<MucAffiliations>(row);
        }
        for address in forgotten {
            transaction.delete::<MucAffiliations>(&[row.room.to_value(), address.to_value()]);
        }
        transaction.commit().await.map_err(errors::storage)?;
        Ok(())
    }

    /// Removes a room from the storage.
    pub(super) async fn delete(&self, room: &BareJid) -> Result<(), StorageError> {
        let mut transaction = self.stores.storage.transaction();
        let key = [room.to_value()];
        transaction.delete::<MucRooms>(&key);
        transaction.delete_where::<MucAffiliations>(&MUC_AFFILIATIONS_OF_ROOM, &key, Range::all());
        transaction.commit().await?;
        Ok(())
    }

    /// Reads the rooms of a service.
    pub(super) async fn load(&self, service: &BareJid, most: u32) -> Result<(), StorageError> {
        let mut range = Range::all();
        loop {
            let rows = self
                .stores
                .rooms
                .of_host_page(service.domain(), range.clone(), STEP, false)
                .await?;
            let Some(last) = rows.last().map(|row| row.room.clone()) else {
                return Ok(());
            };
            range = Range::all().and_after(last.as_str());
            for row in rows {
                self.restore(row, most).await?;
            }
        }
    }

    async fn restore(&self, row: MucRoomsRow, most: u32) -> Result<(), StorageError> {
        let password = row.password.map(|secret| secret.expose_secret().clone());
        let Some(configuration) = Configuration::parse(&row.configuration, password, most) else {
            tracing::error!(room = %row.room, "the stored configuration cannot be read: the room is left out");
            return Ok(());
        };
        let room = Room::new(row.room, row.occupant_key, row.created, configuration);
        let mut people = Vec::new();
        let mut range = Range::all();
        loop {
            let rows = self.stores.affiliations.of_room(&room.jid, range).await?;
            let Some(last) = rows.last().map(|row| row.address.clone()) else {
                break;
            };
            people.extend(rows);
            range = Range::all().and_after(last.as_str());
        }
        {
            let mut state = room.lock();
            state.stored = true;
            // The subject may have been stored while a change was, with the version before it.
            let newest = people.iter().map(|row| row.version).max();
            state.version = row.affiliations_version.max(newest.unwrap_or_default());
            state.changes_since = row.changes_since.unwrap_or_default();
            state.subject = Subject {
                text: row.subject.unwrap_or_default(),
                by: row.subject_by.map(Text::from),
                at: row.subject_at,
            };
            for row in people {
                let standing = Standing {
                    affiliation: Affiliation::parse(&row.affiliation).unwrap_or_default(),
                    nick: row.nickname.map(Text::from),
                    reason: row.reason.map(Text::from),
                    version: row.version,
                    turned: row.turned,
                };
                state.affiliations.insert(row.address, standing);
            }
        }
        self.add(room);
        Ok(())
    }
}
