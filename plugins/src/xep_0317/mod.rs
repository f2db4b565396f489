//! XEP-0317, Hats: what somebody is in a room besides role and affiliation, under names that the room gives.
//!
//! The hats of a room and who wears them are in memory, those of a room that stays in the storage as well. What somebody wears
//! the room adds to the presence as one ready-made element; admins and owners make hats and give them away by commands.

mod commands;
mod rack;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::future::BoxFuture;
use sestina_session::errors;
use sestina_session::host::Host;
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0317::{self as skeleton, Settings};
use sestina_storage::{Range, Storage, StorageError, Transaction};
use sestina_types::Stores as _;
use sestina_types::xep_0004::Form;
use sestina_types::xep_0050;
use sestina_types::xep_0317::NS;
use sestina_types::xep_0317::forms::RoomHats;
use sestina_types::xep_0317::tables::{
    MUC_HAT_WEARERS_OF_HAT, MUC_HAT_WEARERS_OF_ROOM, MUC_HATS_OF_ROOM, MucHatWearers,
    MucHatWearersRow, MucHats, MucHatsRow,
};
use sestina_wire::{BareJid, Decimal, FromText as _, StanzaError, Text};

use crate::xep_0045::{Companion, Muc, Room, State};
use crate::xep_0050::Commands;

use commands::{Managing, Task};
use rack::{Look, Rack};

/// The server's part.
pub struct Server {
    storage: Storage,
    muc: OnceLock<Arc<Muc>>,
    /// How many hats a room may have.
    most: usize,
    /// How often they may be worn, all together.
    most_worn: usize,
}

/// What a room has of hats.
#[derive(Default)]
struct Kept(Mutex<Rack>);

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Rack> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The hats of a room, where it has had some.
fn rack_of(room: &Room) -> Rack {
    let kept = room.extensions.get::<Kept>();
    kept.map(|kept| kept.lock().clone()).unwrap_or_default()
}

fn hat_row(room: &BareJid, uri: &str, look: &Look) -> MucHatsRow {
    MucHatsRow {
        room: room.clone(),
        uri: uri.to_owned(),
        title: look.title.to_string(),
        hue: look.hue.as_ref().map(|hue| hue.as_str().to_owned()),
    }
}

fn wearer_row(room: &BareJid, address: &BareJid, uri: &str) -> MucHatWearersRow {
    MucHatWearersRow {
        room: room.clone(),
        address: address.clone(),
        uri: uri.to_owned(),
    }
}

/// Takes all that a room has out of the storage.
fn forget(transaction: &mut Transaction, room: &BareJid) {
    use sestina_storage::ColumnValue as _;
    let key = [room.to_value()];
    transaction.delete_where::<MucHats>(&MUC_HATS_OF_ROOM, &key, Range::all());
    transaction.delete_where::<MucHatWearers>(&MUC_HAT_WEARERS_OF_ROOM, &key, Range::all());
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let settings = setup.settings;
        let number = |value: i64| usize::try_from(value).unwrap_or_default();
        let storage = setup.storage();
        let has = storage.muc_hats().is_some() && storage.muc_hat_wearers().is_some();
        let storage = if has {
            storage.clone()
        } else {
            tracing::warn!("the storage keeps no hats: they are lost when the server stops");
            Storage::memory()
        };
        Ok(Self {
            storage,
            muc: OnceLock::new(),
            most: number(settings.max_hats),
            most_worn: number(settings.max_wearers),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let host = registrar.host();
        let Some(muc) = Muc::accompany(host, self) else {
            return Ok(());
        };
        let _ = self.muc.set(muc);
        let commands = Commands::of(host);
        for task in Task::ALL {
            let command = Managing {
                task,
                server: Arc::clone(self),
            };
            commands.offer_below(crate::xep_0045::SERVICE, Arc::new(command));
        }
        Ok(())
    }

    /// The hats of the rooms that stay.
    async fn start(&self) -> Result<(), PluginError> {
        let Some(muc) = self.muc.get() else {
            return Ok(());
        };
        for room in muc.rooms() {
            let rack = self.load(room.jid()).await?;
            if rack.hats.is_empty() {
                continue;
            }
            let mut state = room.lock();
            for account in rack.wearers.keys() {
                state.wears(account, rack.shown_on(account));
            }
            drop(state);
            room.extensions.insert(Arc::new(Kept(Mutex::new(rack))));
        }
        Ok(())
    }
}

impl Server {
    /// Reads what a room has.
    async fn load(&self, room: &BareJid) -> Result<Rack, StorageError> {
        let (Some(hats), Some(wearers)) = (self.storage.muc_hats(), self.storage.muc_hat_wearers())
        else {
            return Ok(Rack::default());
        };
        let mut rack = Rack::default();
        for row in hats.of_room(room).await? {
            let hue = row.hue.and_then(|hue| Decimal::from_text(hue.into()).ok());
            let title = Text::from(row.title);
            rack.hats.insert(row.uri.into(), Look { title, hue });
        }
        if !rack.hats.is_empty() {
            for row in wearers.of_room(room, Range::all()).await? {
                let uri = Text::from(row.uri);
                if rack.hats.contains_key(&uri) {
                    rack.wearers.entry(row.address).or_default().insert(uri);
                }
            }
        }
        Ok(rack)
    }

    /// Changes what a room has: in the storage first where it stays, then in memory, then those are shown anew who wear
    /// something else now. The room is held for changes by the caller.
    async fn change(
        &self,
        host: &Arc<Host>,
        room: &Room,
        next: Rack,
        writes: impl FnOnce(&mut Transaction),
        whom: Vec<BareJid>,
    ) -> Result<(), StanzaError> {
        if room.lock().is_stored() {
            let mut transaction = self.storage.transaction();
            writes(&mut transaction);
            transaction.commit().await.map_err(errors::storage)?;
        }
        let worn = whom
            .into_iter()
            .map(|account| {
                let shown = next.shown_on(&account);
                (account, shown)
            })
            .collect();
        let kept = room.extensions.get_or_insert_with(Kept::default);
        *kept.lock() = next;
        Muc::adorn(host, room, worn).await;
        Ok(())
    }

    /// A new hat, or another look of one that is there (§3.2).
    async fn create(
        &self,
        host: &Arc<Host>,
        room: &Room,
        uri: Text,
        look: Look,
    ) -> Result<(), StanzaError> {
        let held = room.changing().await?;
        let mut next = rack_of(room);
        if !next.hats.contains_key(&uri) && next.hats.len() >= self.most {
            return Err(commands::too_many(format!(
                "a room has at most {} hats (max_hats); destroy one first",
                self.most
            )));
        }
        next.hats.insert(uri.clone(), look.clone());
        let whom = next.wearers_of(&uri);
        let row = hat_row(room.jid(), &uri, &look);
        let writes = |transaction: &mut Transaction| {
            transaction.put::<MucHats>(&row);
        };
        self.change(host, room, next, writes, whom).await?;
        drop(held);
        Muc::announce_change(host, room).await;
        Ok(())
    }

    /// No such hat any more, on nobody (§3.3).
    async fn destroy(&self, host: &Arc<Host>, room: &Room, uri: &Text) -> Result<(), StanzaError> {
        use sestina_storage::{ColumnValue as _, Value};
        let held = room.changing().await?;
        let mut next = rack_of(room);
        if next.hats.remove(uri).is_none() {
            return Err(commands::no_such_hat(uri));
        }
        let whom = next.wearers_of(uri);
        for account in &whom {
            next.take_off(account, uri);
        }
        let key = [room.jid().to_value(), Value::from(&**uri)];
        let writes = |transaction: &mut Transaction| {
            transaction.delete::<MucHats>(&key);
            transaction.delete_where::<MucHatWearers>(&MUC_HAT_WEARERS_OF_HAT, &key, Range::all());
        };
        self.change(host, room, next, writes, whom).await?;
        drop(held);
        Muc::announce_change(host, room).await;
        Ok(())
    }

    /// Somebody wears a hat from now on (§3.5).
    async fn assign(
        &self,
        host: &Arc<Host>,
        room: &Room,
        account: BareJid,
        uri: &Text,
    ) -> Result<(), StanzaError> {
        let _held = room.changing().await?;
        let mut next = rack_of(room);
        if !next.hats.contains_key(uri) {
            return Err(commands::no_such_hat(uri));
        }
        if next.wears(&account, uri) {
            return Ok(());
        }
        if next.worn() >= self.most_worn {
            return Err(commands::too_many(format!(
                "the hats of a room are worn {} times at most, all together (max_wearers)",
                self.most_worn
            )));
        }
        let worn = next.wearers.entry(account.clone()).or_default();
        worn.insert(uri.clone());
        let row = wearer_row(room.jid(), &account, uri);
        let writes = |transaction: &mut Transaction| {
            transaction.put::<MucHatWearers>(&row);
        };
        self.change(host, room, next, writes, vec![account]).await
    }

    /// Nor does somebody wear it any more (§3.6).
    async fn unassign(
        &self,
        host: &Arc<Host>,
        room: &Room,
        account: BareJid,
        uri: &Text,
    ) -> Result<(), StanzaError> {
        use sestina_storage::{ColumnValue as _, Value};
        let _held = room.changing().await?;
        let mut next = rack_of(room);
        if !next.wears(&account, uri) {
            return Err(commands::not_worn(&account, uri));
        }
        next.take_off(&account, uri);
        let key = [
            room.jid().to_value(),
            account.to_value(),
            Value::from(&**uri),
        ];
        let writes = |transaction: &mut Transaction| {
            transaction.delete::<MucHatWearers>(&key);
        };
        self.change(host, room, next, writes, vec![account]).await
    }
}

impl Companion for Server {
    fn features(&self, _: &Room, _: &State) -> &'static [&'static str] {
        &[NS, xep_0050::NS]
    }

    fn describe(&self, room: &Room, _: &State, form: &mut Form) {
        let kept = room.extensions.get::<Kept>();
        if let Some(hash) = kept.and_then(|kept| kept.lock().hash()) {
            let about = RoomHats {
                hash: Some(hash),
                ..RoomHats::default()
            };
            about.add_to(form);
        }
    }

    fn lasts<'a>(
        &'a self,
        _: &'a Arc<Host>,
        room: &'a Room,
        lasts: bool,
    ) -> BoxFuture<'a, Result<(), StanzaError>> {
        Box::pin(async move {
            let mut transaction = self.storage.transaction();
            // Also what a room of the same name left, whose end was interrupted.
            forget(&mut transaction, room.jid());
            if lasts {
                let rack = rack_of(room);
                for (uri, look) in &rack.hats {
                    transaction.put::<MucHats>(&hat_row(room.jid(), uri, look));
                }
                for (account, worn) in &rack.wearers {
                    for uri in worn {
                        let row = wearer_row(room.jid(), account, uri);
                        transaction.put::<MucHatWearers>(&row);
                    }
                }
            }
            transaction.commit().await.map_err(errors::storage)?;
            Ok(())
        })
    }
}
