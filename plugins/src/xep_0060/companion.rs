//! What other plugins do with the nodes of accounts: look at them, change them, keep nodes in step with each other.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_session::host::Host;
use sestina_storage::{Range, StorageError};
use sestina_types::xep_0060::forms::{AccessModel, NodeConfig};
use sestina_wire::{AnyElement, BareJid, Jid, StanzaError, Text};

use super::book::{self, Node, Page};
use super::{Server, change, notify, standing};

/// Items read at a time.
const STEP: u32 = 100;

/// Items that come and go at one node.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// The node; it is made where the account has none of this name.
    pub node: String,
    /// What is published: ids and payloads.
    pub put: Vec<(Text, AnyElement)>,
    /// What is published without a payload: ids that say all there is to say.
    pub ids: Vec<Text>,
    /// The ids of what is taken back. Those that are not there are passed over.
    pub retract: Vec<Text>,
    /// How the node is configured where it is not there yet, over its defaults.
    pub options: NodeConfig,
    /// It is told that something happened although nothing is published, at a node that takes no items (XEP-0060 §7.1.3).
    pub bare: bool,
}

impl Edit {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.put.is_empty() && self.ids.is_empty() && self.retract.is_empty() && !self.bare
    }
}

/// Whoever knows more of certain nodes than that they are nodes.
pub trait Companion: Send + Sync {
    /// The names of the nodes.
    fn nodes(&self) -> &[&str];

    /// How a node is configured that somebody publishes to before it is there, and says nothing of it: what is set here
    /// stands in the place of the usual defaults.
    fn defaults(&self, _node: &str) -> NodeConfig {
        NodeConfig::default()
    }

    /// What else changes with what somebody changes at one of the nodes. All of it is stored together or not at all; no
    /// other change of the account's nodes comes between.
    ///
    /// # Errors
    /// What the one who changes something is told instead.
    fn follow<'a>(
        &'a self,
        _nodes: &'a Nodes<'a>,
        _edit: &'a Edit,
    ) -> BoxFuture<'a, Result<Vec<Edit>, StanzaError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Something is changed and stored; those who listen have been told.
    fn changed<'a>(
        &'a self,
        _host: &'a Arc<Host>,
        _account: &'a BareJid,
        _node: &'a str,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

/// The nodes of an account, while something is changed.
pub struct Nodes<'a> {
    pub(super) server: &'a Server,
    pub(super) page: &'a Page,
}

impl Nodes<'_> {
    /// All items of a node in the order of their publication; none where there is no such node.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn items(&self, node: &str) -> Result<Vec<(Text, AnyElement)>, StorageError> {
        match self.page.node(node) {
            Some(node) => {
                let all = all(self.server, self.page.owner(), &node).await?;
                let with_payload = |(id, payload): (Text, Option<AnyElement>)| Some((id, payload?));
                Ok(all.into_iter().filter_map(with_payload).collect())
            }
            None => Ok(Vec::new()),
        }
    }
}

impl Server {
    /// Says who knows more of certain nodes. Of two for the same node the later one counts.
    pub fn set_companion(&self, companion: &Arc<dyn Companion>) {
        let mut companions = self.companions();
        for node in companion.nodes() {
            companions.insert((*node).to_owned(), Arc::clone(companion));
        }
    }

    /// Who knows more of a node of an account; of those of a service nobody does.
    pub(super) fn companion_of(&self, owner: &BareJid, node: &str) -> Option<Arc<dyn Companion>> {
        if !self.is_account(owner) {
            return None;
        }
        self.companions().get(node).cloned()
    }

    /// One item of a node that somebody may read: the one of this id, or the last.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn item_for(
        &self,
        host: &Host,
        account: &BareJid,
        node: &str,
        id: Option<&str>,
        reader: &Jid,
    ) -> Result<Option<(Text, AnyElement)>, StorageError> {
        let Some(node) = self.readable(host, account, node, reader).await? else {
            return Ok(None);
        };
        let row = match id {
            Some(id) => self
                .book
                .items()
                .get(account, &node.name, id)
                .await?
                .filter(|row| book::is_live(row, host.clock().now()))
                .map(Arc::new),
            None => self.book.last(host, account, &node).await?,
        };
        Ok(row.and_then(|row| Some((row.item.as_str().into(), notify::payload(&row)?))))
    }

    /// Whether everybody may read a node of an account; not where there is no such node.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn is_open(
        &self,
        host: &Host,
        account: &BareJid,
        node: &str,
    ) -> Result<bool, StorageError> {
        let page = self.book.open(host, account).await?;
        let node = page.node(node);
        Ok(node.is_some_and(|node| node.configuration.access() == AccessModel::Open))
    }

    /// Whether a node is owned by somebody; nothing where there is no such node.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn is_owned_by(
        &self,
        host: &Host,
        account: &BareJid,
        node: &str,
        who: &BareJid,
    ) -> Result<Option<bool>, StorageError> {
        let page = self.book.open(host, account).await?;
        let node = page.node(node);
        Ok(node.map(|node| standing::owners(account, &node).contains(who)))
    }

    async fn readable(
        &self,
        host: &Host,
        account: &BareJid,
        node: &str,
        reader: &Jid,
    ) -> Result<Option<Arc<Node>>, StorageError> {
        let page = self.book.open(host, account).await?;
        let Some(node) = page.node(node) else {
            return Ok(None);
        };
        let may = standing::may_read(host, account, &node, reader).await;
        Ok(may.is_ok().then_some(node))
    }

    /// Changes a node of an account in its name. What its companion adds is changed too, and whoever listens is told.
    ///
    /// # Errors
    /// What would be answered to somebody who publishes the same.
    pub async fn edit(
        &self,
        host: &Arc<Host>,
        account: &BareJid,
        who: &Jid,
        edit: Edit,
    ) -> Result<(), StanzaError> {
        let page = self.book.open(host, account).await?;
        let _change = page.change().await;
        let changing = change::Changing {
            server: self,
            host,
            page: &page,
            who,
        };
        let node = changing.node(&edit)?;
        let change = changing.prepare(node, edit).await?;
        changing.apply(change).await
    }
}

/// All items of a node, each with its payload where it has one.
pub(super) async fn all(
    server: &Server,
    account: &BareJid,
    node: &Node,
) -> Result<Vec<(Text, Option<AnyElement>)>, StorageError> {
    let mut found = Vec::new();
    let mut range = Range::all();
    loop {
        let rows = server
            .book
            .items()
            .of_node_page(account, &node.name, range, STEP, false)
            .await?;
        let last = rows.last().map(|row| row.position);
        let is_last = rows.len() < STEP as usize;
        found.extend(
            rows.iter()
                .map(|row| (row.item.as_str().into(), notify::payload(row))),
        );
        match last {
            Some(last) if !is_last => range = Range::after(last),
            _ => return Ok(found),
        }
    }
}
