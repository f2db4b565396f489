//! The nodes in use: those of an account are loaded once while it is online, changed one change at a time, in storage
//! first and then in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};

use sestina_session::host::Host;
use sestina_session::plugin::PluginError;
use sestina_storage::{Range, Storage, StorageError, Transaction};
use sestina_types::Stores as _;
use sestina_types::xep_0060::tables::{
    PubsubAffiliationsRow, PubsubAffiliationsStore, PubsubItemsRow, PubsubItemsStore,
    PubsubNodesRow, PubsubNodesStore, PubsubSubscriptionsRow, PubsubSubscriptionsStore,
};
use sestina_wire::{BareJid, Timestamp};
use tokio::sync::OnceCell;

use super::configuration::Configuration;
use super::is_service;
use super::standing::Affiliation;
use crate::held::Held;

/// Items read at a time, where all of a node have to be looked at.
const STEP: u32 = 100;
/// Nodes read at a time.
const NODES: u32 = 1000;
/// Octets of a payload up to which the last item of a node is kept in memory, for everybody who comes online.
const LONGEST_KEPT: usize = 8192;

/// Finds the nodes of an account.
pub(super) struct Book {
    storage: Storage,
    nodes: PubsubNodesStore,
    items: PubsubItemsStore,
    subscriptions: PubsubSubscriptionsStore,
    affiliations: PubsubAffiliationsStore,
    /// Pages somebody holds. An account that is online holds its own.
    open: Held<Page>,
    /// Those of services, which are always there, and of what another specification keeps.
    services: Mutex<BTreeMap<BareJid, Arc<Page>>>,
    /// Below which domain nodes are kept by another specification.
    kept: OnceLock<BareJid>,
}

/// The nodes of one account.
pub(super) struct Page {
    owner: BareJid,
    loaded: OnceCell<()>,
    nodes: RwLock<Nodes>,
    /// Held while a node is changed, over the wait for storage and until everybody is told.
    change: tokio::sync::Mutex<()>,
}

/// All nodes of somebody.
#[derive(Default)]
struct Nodes {
    by_name: BTreeMap<String, Arc<Node>>,
    /// Of a service, the nodes that accounts subscribed to: nobody looks through all when somebody comes online.
    subscribed: HashMap<BareJid, BTreeSet<String>>,
}

/// One node.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) configuration: Configuration,
    pub(super) created: Timestamp,
    /// The position of the item that was published last.
    pub(super) last_position: i64,
    pub(super) affiliations: BTreeMap<BareJid, Affiliation>,
    pub(super) subscriptions: Vec<PubsubSubscriptionsRow>,
    known: Arc<Mutex<KnownItems>>,
}

/// What is known of the items of a node without asking storage.
#[derive(Default)]
struct KnownItems {
    /// Ids by position, once all were looked at.
    order: Option<BTreeMap<i64, String>>,
    /// The last item or that there is none, once looked at.
    last: Option<Option<Arc<PubsubItemsRow>>>,
    /// Grows with every change: what was read before one is not kept after it.
    changes: u64,
    /// Accounts that were away at the last publication, for which the notification of this item is stored.
    waiting: Option<(String, BTreeSet<BareJid>)>,
}

impl Book {
    /// Nodes in this storage, or, where it has none, in memory.
    pub(super) fn new(storage: &Storage) -> Result<Self, PluginError> {
        let has = storage.pubsub_nodes().is_some()
            && storage.pubsub_items().is_some()
            && storage.pubsub_subscriptions().is_some()
            && storage.pubsub_affiliations().is_some();
        let storage = if has {
            storage.clone()
        } else {
            tracing::warn!("the storage keeps no nodes: they are lost when the server stops");
            Storage::memory()
        };
        let missing = || StorageError::Unsupported("nodes".into());
        Ok(Self {
            nodes: storage.pubsub_nodes().ok_or_else(missing)?,
            items: storage.pubsub_items().ok_or_else(missing)?,
            subscriptions: storage.pubsub_subscriptions().ok_or_else(missing)?,
            affiliations: storage.pubsub_affiliations().ok_or_else(missing)?,
            storage,
            open: Held::default(),
            kept: OnceLock::new(),
            services: Mutex::default(),
        })
    }

    /// The nodes of an account; kept with it while it is online.
    pub(super) async fn open(
        &self,
        host: &Host,
        owner: &BareJid,
    ) -> Result<Arc<Page>, StorageError> {
        if is_service(owner) || self.is_kept(owner) {
            let page = Arc::clone(
                lock(&self.services)
                    .entry(owner.detach())
                    .or_insert_with(|| self.page(owner)),
            );
            page.loaded.get_or_try_init(|| self.load(&page)).await?;
            return Ok(page);
        }
        let online = host.account(owner);
        if let Some(page) = online
            .as_ref()
            .and_then(|account| account.extensions().get::<Page>())
        {
            return Ok(page);
        }
        let page = self.page(owner);
        page.loaded.get_or_try_init(|| self.load(&page)).await?;
        if let Some(account) = online {
            account.extensions().insert(Arc::clone(&page));
        }
        Ok(page)
    }

    /// Nodes at the addresses of this domain are kept by another specification.
    pub(super) fn keep(&self, domain: BareJid) {
        let _ = self.kept.set(domain);
    }

    /// Whether another specification keeps the nodes of this address.
    pub(super) fn is_kept(&self, owner: &BareJid) -> bool {
        let domain = self.kept.get();
        owner.local().is_some() && domain.is_some_and(|kept| kept.domain() == owner.domain())
    }

    /// Nobody holds the nodes of an address any more that is gone.
    pub(super) fn close(&self, owner: &BareJid) {
        lock(&self.services).remove(owner);
    }

    fn page(&self, owner: &BareJid) -> Arc<Page> {
        self.open.get(owner, |owner| Page {
            owner,
            loaded: OnceCell::new(),
            nodes: RwLock::default(),
            change: tokio::sync::Mutex::default(),
        })
    }

    async fn load(&self, page: &Page) -> Result<(), StorageError> {
        let mut nodes: BTreeMap<String, Node> = BTreeMap::new();
        loop {
            let range = match nodes.last_key_value() {
                Some((last, _)) => Range::after(last.as_str()),
                None => Range::all(),
            };
            let rows = self
                .nodes
                .of_service_page(&page.owner, range, NODES, false)
                .await?;
            let is_last = rows.len() < NODES as usize;
            for row in rows {
                nodes.insert(row.node.clone(), Node::of_row(row)?);
            }
            if is_last {
                break;
            }
        }
        if is_service(&page.owner) {
            // All of a service are more than one answer holds.
            for node in nodes.values_mut() {
                self.load_relations(&page.owner, node).await?;
            }
        } else if !nodes.is_empty() {
            // Most accounts have nothing but nodes of their own, and many none.
            for row in self.affiliations.of_service(&page.owner).await? {
                if let (Some(node), Some(affiliation)) = (
                    nodes.get_mut(&row.node),
                    Affiliation::from_word(&row.affiliation),
                ) {
                    node.affiliations.insert(row.account, affiliation);
                }
            }
            for row in self.subscriptions.of_service(&page.owner).await? {
                if let Some(node) = nodes.get_mut(&row.node) {
                    node.subscriptions.push(row);
                }
            }
        }
        let mut all = page.write();
        for node in nodes.into_values() {
            all.put(&page.owner, node);
        }
        Ok(())
    }

    /// Who subscribed to one node, and who stands how to it.
    async fn load_relations(&self, owner: &BareJid, node: &mut Node) -> Result<(), StorageError> {
        let all = Range::all();
        for row in self
            .affiliations
            .of_node(owner, &node.name, all.clone())
            .await?
        {
            if let Some(affiliation) = Affiliation::from_word(&row.affiliation) {
                node.affiliations.insert(row.account, affiliation);
            }
        }
        node.subscriptions = self.subscriptions.of_node(owner, &node.name, all).await?;
        Ok(())
    }

    /// Changes that are done together.
    pub(super) fn transaction(&self) -> Transaction {
        self.storage.transaction()
    }

    /// The items of accounts in storage.
    pub(super) fn items(&self) -> &PubsubItemsStore {
        &self.items
    }

    /// The ids of a node's items by position; all are looked at the first time.
    pub(super) async fn order(
        &self,
        owner: &BareJid,
        node: &Node,
    ) -> Result<BTreeMap<i64, String>, StorageError> {
        if let Some(order) = &lock(&node.known).order {
            return Ok(order.clone());
        }
        let mut order = BTreeMap::new();
        loop {
            let range = match order.last_key_value() {
                Some((last, _)) => Range::after(*last),
                None => Range::all(),
            };
            let rows = self
                .items
                .of_node_page(owner, &node.name, range, STEP, false)
                .await?;
            let is_last = rows.len() < STEP as usize;
            order.extend(rows.into_iter().map(|row| (row.position, row.item)));
            if is_last {
                break;
            }
        }
        lock(&node.known).order = Some(order.clone());
        Ok(order)
    }

    /// The item that was published last and is still there.
    pub(super) async fn last(
        &self,
        host: &Host,
        owner: &BareJid,
        node: &Node,
    ) -> Result<Option<Arc<PubsubItemsRow>>, StorageError> {
        let now = host.clock().now();
        let before = {
            let known = lock(&node.known);
            match &known.last {
                Some(Some(last)) if !is_live(last, now) => {}
                Some(last) => return Ok(last.clone()),
                None => {}
            }
            known.changes
        };
        // Those whose time is over may not have been swept out yet.
        let mut range = Range::all();
        let last = loop {
            let rows = self
                .items
                .of_node_page(owner, &node.name, range, 1, true)
                .await?;
            match rows.into_iter().next() {
                Some(row) if !is_live(&row, now) => range = Range::before(row.position),
                found => break found.map(Arc::new),
            }
        };
        let mut known = lock(&node.known);
        if known.changes == before {
            known.keep_last(last.clone());
        }
        Ok(last)
    }
}

impl Page {
    /// Whose nodes they are.
    pub(super) fn owner(&self) -> &BareJid {
        &self.owner
    }

    fn read(&self) -> RwLockReadGuard<'_, Nodes> {
        self.nodes.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Nodes> {
        self.nodes.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The node of this name.
    pub(super) fn node(&self, name: &str) -> Option<Arc<Node>> {
        self.read().by_name.get(name).cloned()
    }

    /// All nodes now.
    pub(super) fn nodes(&self) -> Vec<Arc<Node>> {
        self.read().by_name.values().cloned().collect()
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.read().by_name.len()
    }

    /// Of a service, the names of the nodes that an account subscribed to.
    pub(super) fn subscribed(&self, account: &BareJid) -> Vec<String> {
        let nodes = self.read();
        let names = nodes.subscribed.get(account).into_iter().flatten();
        names.cloned().collect()
    }

    /// Waits until nobody else changes a node.
    pub(super) async fn change(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.change.lock().await
    }

    /// From now on the node is this one. Called by whoever holds the right to change it, once it is stored.
    pub(super) fn put(&self, node: Node) {
        self.write().put(&self.owner, node);
    }

    /// From now on there is no such node.
    pub(super) fn remove(&self, name: &str) {
        self.write().remove(name);
    }
}

impl Nodes {
    fn put(&mut self, owner: &BareJid, node: Node) {
        if is_service(owner) {
            let before = self.by_name.get(&node.name).cloned();
            let before = before
                .as_deref()
                .map_or(&[][..], |node| &node.subscriptions);
            // A publication changes none.
            if *before != *node.subscriptions {
                for row in before {
                    self.forget(&row.account, &node.name);
                }
                for row in &node.subscriptions {
                    let names = self.subscribed.entry(row.account.detach()).or_default();
                    names.insert(node.name.clone());
                }
            }
        }
        self.by_name.insert(node.name.clone(), Arc::new(node));
    }

    fn remove(&mut self, name: &str) {
        if let Some(node) = self.by_name.remove(name) {
            for row in &node.subscriptions {
                self.forget(&row.account, name);
            }
        }
    }

    fn forget(&mut self, account: &BareJid, node: &str) {
        if let Some(names) = self.subscribed.get_mut(account) {
            names.remove(node);
            if names.is_empty() {
                self.subscribed.remove(account);
            }
        }
    }
}

impl Node {
    /// A node that is not stored yet.
    pub(super) fn new(name: &str, configuration: Configuration, created: Timestamp) -> Self {
        let known = KnownItems {
            order: Some(BTreeMap::new()),
            last: Some(None),
            changes: 0,
            waiting: None,
        };
        Self {
            name: name.to_owned(),
            configuration,
            created,
            last_position: 0,
            affiliations: BTreeMap::new(),
            subscriptions: Vec::new(),
            known: Arc::new(Mutex::new(known)),
        }
    }

    fn of_row(row: PubsubNodesRow) -> Result<Self, StorageError> {
        Ok(Self {
            configuration: Configuration::parse(row.configuration).ok_or_else(|| {
                StorageError::Corrupt("the configuration of a node cannot be read".into())
            })?,
            name: row.node,
            created: row.created,
            last_position: row.last_position,
            affiliations: BTreeMap::new(),
            subscriptions: Vec::new(),
            known: Arc::default(),
        })
    }

    /// The node as it is stored.
    pub(super) fn row(&self, owner: &BareJid) -> PubsubNodesRow {
        PubsubNodesRow {
            service: owner.clone(),
            node: self.name.clone(),
            collection: false,
            parent: None,
            access: self.configuration.access().as_str().to_owned(),
            kind: self.configuration.kind().map(str::to_owned),
            configuration: self.configuration.to_document(),
            last_position: self.last_position,
            created: self.created,
        }
    }

    /// How others stand to it, as it is stored.
    pub(super) fn affiliation_rows(
        &self,
        owner: &BareJid,
    ) -> impl Iterator<Item = PubsubAffiliationsRow> {
        self.affiliations
            .iter()
            .map(|(account, affiliation)| PubsubAffiliationsRow {
                service: owner.clone(),
                node: self.name.clone(),
                account: account.clone(),
                affiliation: affiliation.word().to_owned(),
            })
    }

    /// An item is stored, and the older ones with these ids are not any more.
    pub(super) fn added(&self, row: &PubsubItemsRow, gone: &[String]) {
        let mut known = lock(&self.known);
        if let Some(order) = &mut known.order {
            order.retain(|_, id| *id != row.item && !gone.contains(id));
            order.insert(row.position, row.item.clone());
        }
        known.changes = known.changes.wrapping_add(1);
        known.waiting = None;
        known.keep_last(Some(Arc::new(row.clone())));
    }

    /// For these accounts the notification of the item is stored until they are there.
    pub(super) fn waits_for(&self, item: &str, accounts: impl Iterator<Item = BareJid>) {
        let accounts = accounts.collect();
        lock(&self.known).waiting = Some((item.to_owned(), accounts));
    }

    /// Whether the notification of the last item has waited for an account, which takes it now.
    pub(super) fn has_waited(&self, account: &BareJid) -> bool {
        let mut known = lock(&self.known);
        let waiting = known.waiting.as_mut();
        waiting.is_some_and(|(_, accounts)| accounts.remove(account))
    }

    /// Items are not stored any more.
    pub(super) fn removed(&self, gone: &[String]) {
        let mut known = lock(&self.known);
        if let Some(order) = &mut known.order {
            order.retain(|_, id| !gone.contains(id));
        }
        known.changes = known.changes.wrapping_add(1);
        let lost = matches!(&known.last, Some(Some(last)) if gone.contains(&last.item));
        if lost {
            known.last = None;
        }
        if matches!(&known.waiting, Some((item, _)) if gone.contains(item)) {
            known.waiting = None;
        }
    }

    /// No item is stored any more.
    pub(super) fn emptied(&self) {
        let mut known = lock(&self.known);
        known.order = Some(BTreeMap::new());
        known.last = Some(None);
        known.changes = known.changes.wrapping_add(1);
        known.waiting = None;
    }
}

impl KnownItems {
    fn keep_last(&mut self, last: Option<Arc<PubsubItemsRow>>) {
        let is_short =
            |row: &Arc<PubsubItemsRow>| row.payload.as_ref().map_or(0, String::len) <= LONGEST_KEPT;
        self.last = last.as_ref().is_none_or(is_short).then_some(last);
    }
}

/// Whether the time of an item is not over.
pub(super) fn is_live(row: &PubsubItemsRow, now: Timestamp) -> bool {
    row.expires.is_none_or(|end| end > now)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
