//! All channels of a service: in memory by address, and in the storage.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use sestina_session::host::Host;
use sestina_session::plugin::PluginError;
use sestina_storage::{Range, Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::xep_0004::Form;
use sestina_types::xep_0369::forms::ChannelInfo;
use sestina_types::xep_0369::tables::{MixChannelsRow, MixChannelsStore, MixIdsStore};
use sestina_wire::{BareJid, StanzaError};

use super::channel::{Channel, Participant};
use super::configuration::Configuration;
use super::{Mix, node};
use crate::xep_0060;

/// Channels read at a time.
const STEP: u32 = 500;

/// The channels.
pub(super) struct Channels {
    all: RwLock<BTreeMap<BareJid, Arc<Channel>>>,
    /// How many of them each creator has made.
    made: Mutex<HashMap<BareJid, usize>>,
    pub(super) rows: MixChannelsStore,
    pub(super) ids: MixIdsStore,
}

impl Channels {
    /// Channels in this storage, or, where it has none, in memory.
    pub(super) fn new(storage: &Storage) -> Result<Self, PluginError> {
        let has = storage.mix_channels().is_some() && storage.mix_ids().is_some();
        let storage = if has {
            storage.clone()
        } else {
            tracing::warn!("the storage keeps no channels: they are lost when the server stops");
            Storage::memory()
        };
        let missing = || StorageError::Unsupported("channels".into());
        Ok(Self {
            all: RwLock::default(),
            made: Mutex::default(),
            rows: storage.mix_channels().ok_or_else(missing)?,
            ids: storage.mix_ids().ok_or_else(missing)?,
        })
    }

    /// The channel at an address.
    pub(super) fn find(&self, address: &BareJid) -> Option<Arc<Channel>> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.get(address).cloned()
    }

    /// All of them, by address.
    pub(super) fn all(&self) -> Vec<Arc<Channel>> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.values().cloned().collect()
    }

    /// Adds a channel unless there is one at its address; whether it did.
    pub(super) fn add_new(&self, channel: &Arc<Channel>) -> bool {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        if all.contains_key(&channel.jid) {
            return false;
        }
        all.insert(channel.jid.clone(), Arc::clone(channel));
        drop(all);
        self.count(&channel.creator, true);
        true
    }

    /// Takes a channel out.
    pub(super) fn remove(&self, channel: &Channel) {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        if all.remove(&channel.jid).is_some() {
            drop(all);
            self.count(&channel.creator, false);
        }
    }

    /// How many channels somebody has made that are there.
    pub(super) fn made_by(&self, account: &BareJid) -> usize {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.get(account).copied().unwrap_or_default()
    }

    fn count(&self, creator: &BareJid, more: bool) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let count = made.entry(creator.clone()).or_default();
        *count = if more {
            count.saturating_add(1)
        } else {
            count.saturating_sub(1)
        };
        if *count == 0 {
            made.remove(creator);
        }
    }
}

/// Reads all channels of a service.
pub(super) async fn load(
    mix: &Mix,
    host: &Arc<Host>,
    service: &BareJid,
) -> Result<(), PluginError> {
    let mut range = Range::all();
    loop {
        let rows = mix
            .channels
            .rows
            .of_host_page(service.domain(), range, STEP, false)
            .await?;
        let Some(last) = rows.last().map(|row| row.channel.clone()) else {
            return Ok(());
        };
        range = Range::all().and_after(last.as_str());
        for row in rows {
            let address = row.channel.clone();
            if let Err(error) = restore(mix, host, row).await {
                tracing::error!(%error, channel = %address, "the channel cannot be read and is left out");
            }
        }
    }
}

async fn restore(mix: &Mix, host: &Arc<Host>, row: MixChannelsRow) -> Result<(), StanzaError> {
    let nodes = Mix::nodes(host)?;
    let items = async |node: &str| nodes.kept_items(host, &row.channel, node).await;
    let stored = items(node::CONFIG).await?;
    let stored = stored.into_iter().find_map(|(_, payload)| payload);
    let Some(stored) = stored else {
        // It was about to go when the server stopped.
        return forget(mix, host, &row.channel).await;
    };
    let configuration = Configuration::parse(&stored)?;
    let channel = Channel::new(
        row.channel.clone(),
        row.creator.clone(),
        row.listed,
        row.created,
        configuration,
    );
    let participants = items(node::PARTICIPANTS).await?;
    let (allowed, banned) = (items(node::ALLOWED).await?, items(node::BANNED).await?);
    let info = items(node::INFO).await?;
    let subscribers = async |name: &str| {
        let all = nodes.kept_subscribers(host, &row.channel, name).await;
        Ok::<_, StanzaError>(all?)
    };
    let hearers = subscribers(node::MESSAGES).await?;
    let watchers = subscribers(node::PRESENCE).await?;
    {
        let mut state = channel.lock();
        for (id, payload) in participants {
            let read = payload.and_then(|payload| Participant::of_item(id, &payload));
            if let Some((account, participant)) = read {
                state.put(&account, participant);
            }
        }
        let addresses = |items: Vec<(sestina_wire::Text, _)>| {
            let ids = items.into_iter();
            ids.filter_map(|(id, _)| BareJid::parse(&id).ok()).collect()
        };
        state.allowed = addresses(allowed);
        state.banned = addresses(banned);
        let info = info.into_iter().find_map(|(_, payload)| payload);
        let info = info.and_then(|info| info.decode::<Form>().ok());
        let info = info.and_then(|form| ChannelInfo::read(&form).ok());
        state.name = info.and_then(|info| info.name);
        state.set_subscribers(hearers, watchers);
    }
    mix.channels.add_new(&Arc::new(channel));
    Ok(())
}

/// A channel and all that belongs to it leave the storage: its row last, so that a server that stops in between knows of it.
pub(super) async fn forget(
    mix: &Mix,
    host: &Arc<Host>,
    address: &BareJid,
) -> Result<(), StanzaError> {
    let nodes: Arc<xep_0060::Server> = Mix::nodes(host)?;
    nodes.forget_kept(host, address).await?;
    if let Some(archive) = crate::xep_0313::Server::of(host) {
        archive.forget_room(address).await?;
    }
    mix.channels
        .ids
        .delete_of_channel(address, Range::all())
        .await?;
    mix.channels.rows.delete(address).await?;
    Ok(())
}
