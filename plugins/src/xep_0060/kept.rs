//! Nodes at addresses that are neither accounts nor services of nodes: another specification keeps them, as the channels of
//! XEP-0369 do (§4.2 there). It says who may read, makes every change itself, and bounds what it makes.

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_session::plugin::PluginError;
use sestina_storage::{StorageError, Transaction};
use sestina_types::xep_0060::pubsub::{Pubsub, PubsubChoice};
use sestina_types::xep_0060::tables::{PubsubSubscriptions, PubsubSubscriptionsRow};
use sestina_wire::{AnyElement, BareJid, Condition, Jid, StanzaError, Text};

use super::book::Node;
use super::change::{Change, Changing};
use super::companion::{self, Edit};
use super::{Limits, Server, approval, items, owner, subscription};

/// What bounds nodes whose keeper has bounds of its own.
pub(super) const LIMITS: Limits = Limits {
    max_nodes: 100,
    max_items: 20_000,
    max_item_size: 1 << 16,
    max_subscriptions: 2_800,
    max_pending: 0,
    max_affiliations: 0,
    of_service: true,
};

/// Who keeps nodes.
pub(crate) trait Keeper: Send + Sync {
    /// Refuses whoever may not read a node, and so not subscribe to it either.
    ///
    /// # Errors
    /// What whoever asks is told instead.
    fn may_read(&self, owner: &BareJid, node: &str, who: &Jid) -> Result<(), StanzaError>;
}

/// What changes at the nodes of an address: all of it or nothing.
#[derive(Default)]
pub(crate) struct Step {
    /// Items that come and go.
    pub(crate) edits: Vec<Edit>,
    /// Who subscribes to nodes, and to which.
    pub(crate) subscribe: Option<(BareJid, Vec<Text>)>,
    /// Whose subscriptions end: those to these nodes, or all.
    pub(crate) unsubscribe: Vec<(BareJid, Option<Vec<Text>>)>,
}

/// Whether and by whom the nodes of an address are kept.
pub(super) fn keeper(host: &Host, owner: &BareJid) -> Option<Arc<dyn Keeper>> {
    Server::of(host)?.keeper(owner)
}

impl Server {
    /// Says who keeps the nodes of the addresses of a domain.
    ///
    /// # Errors
    /// [`PluginError::Settings`] where somebody does already.
    pub(crate) fn set_keeper(
        &self,
        domain: &BareJid,
        keeper: Arc<dyn Keeper>,
    ) -> Result<(), PluginError> {
        self.keeper.set(keeper).map_err(|_| PluginError::Settings {
            spec: "xep-0060",
            message: format!("the nodes below {domain} are kept by somebody already"),
        })?;
        self.book.keep(domain.clone());
        Ok(())
    }

    fn keeper(&self, owner: &BareJid) -> Option<Arc<dyn Keeper>> {
        let keeper = self.keeper.get().filter(|_| self.is_kept(owner));
        keeper.cloned()
    }

    /// Whether another specification keeps the nodes of this address.
    pub(super) fn is_kept(&self, owner: &BareJid) -> bool {
        self.book.is_kept(owner)
    }

    /// Whether the nodes are those of an account, with contacts and sessions.
    pub(super) fn is_account(&self, owner: &BareJid) -> bool {
        !super::is_service(owner) && !self.is_kept(owner)
    }

    /// Stores a step and whatever `also` adds to it, calls `then`, and tells the subscribers.
    ///
    /// # Errors
    /// What would be answered to somebody who publishes the same, and what storage reports: nothing has changed then.
    pub(crate) async fn change_kept(
        &self,
        host: &Arc<Host>,
        owner: &BareJid,
        step: Step,
        also: impl FnOnce(&mut Transaction) + Send,
        then: impl FnOnce() + Send,
    ) -> Result<(), StanzaError> {
        let page = self.book.open(host, owner).await?;
        let _change = page.change().await;
        let changing = Changing {
            server: self,
            host,
            page: &page,
            who: owner,
        };
        let mut changes = Vec::with_capacity(step.edits.len());
        for edit in step.edits {
            changes.push(changing.prepare(changing.node(&edit)?, edit).await?);
        }
        let mut transaction = self.book.transaction();
        let mut others: Vec<Node> = Vec::new();
        for (who, nodes) in &step.unsubscribe {
            for node in page.nodes() {
                let ends = nodes
                    .as_ref()
                    .is_none_or(|nodes| nodes.iter().any(|name| **name == *node.name));
                let is_theirs = |row: &PubsubSubscriptionsRow| row.account == *who;
                if !ends || !node.subscriptions.iter().any(is_theirs) {
                    continue;
                }
                with_node(&mut changes, &mut others, &node, |node| {
                    for row in node.subscriptions.iter().filter(|row| is_theirs(row)) {
                        transaction.delete::<PubsubSubscriptions>(&subscription::key(row));
                    }
                    node.subscriptions.retain(|row| !is_theirs(row));
                });
            }
        }
        for (who, name) in step
            .subscribe
            .iter()
            .flat_map(|(who, nodes)| nodes.iter().map(move |name| (who, name)))
        {
            let node = page
                .node(name)
                .ok_or_else(|| StanzaError::new(Condition::ItemNotFound))?;
            let row = with_node(&mut changes, &mut others, &node, |node| {
                let has = node.subscriptions.iter().any(|row| row.account == *who);
                let add = || subscription::add(self, host, &page, node, who, approval::SUBSCRIBED);
                (!has).then(add).transpose()
            })?;
            if let Some(row) = row {
                transaction.put::<PubsubSubscriptions>(&row);
            }
        }
        changing.write(&changes, &mut transaction);
        also(&mut transaction);
        if !transaction.is_empty() {
            transaction.commit().await?;
        }
        changing.settle(&changes);
        for node in others {
            page.put(node);
        }
        then();
        for change in &changes {
            changing.tell(change).await;
        }
        Ok(())
    }

    /// The ids and payloads of what a node holds.
    ///
    /// # Errors
    /// What storage reports.
    pub(crate) async fn kept_items(
        &self,
        host: &Host,
        owner: &BareJid,
        node: &str,
    ) -> Result<Vec<(Text, Option<AnyElement>)>, StorageError> {
        let page = self.book.open(host, owner).await?;
        match page.node(node) {
            Some(node) => companion::all(self, owner, &node).await,
            None => Ok(Vec::new()),
        }
    }

    /// Who subscribed to a node.
    ///
    /// # Errors
    /// What storage reports.
    pub(crate) async fn kept_subscribers(
        &self,
        host: &Host,
        owner: &BareJid,
        node: &str,
    ) -> Result<Vec<BareJid>, StorageError> {
        let page = self.book.open(host, owner).await?;
        let node = page.node(node);
        let rows = node.iter().flat_map(|node| &node.subscriptions);
        Ok(rows.map(|row| row.account.clone()).collect())
    }

    /// The nodes of an address go, and who subscribed to them is told.
    ///
    /// # Errors
    /// What storage reports.
    pub(crate) async fn forget_kept(
        &self,
        host: &Arc<Host>,
        owner: &BareJid,
    ) -> Result<(), StanzaError> {
        let page = self.book.open(host, owner).await?;
        let _change = page.change().await;
        for node in page.nodes() {
            owner::delete(self, host, &page, &node, None).await?;
        }
        self.book.close(owner);
        Ok(())
    }

    /// Answers what somebody asks of a kept node: items, and their own subscriptions.
    ///
    /// # Errors
    /// What whoever asks is told instead.
    pub(crate) async fn look_at_kept(
        &self,
        host: &Arc<Host>,
        owner: &BareJid,
        who: &Jid,
        request: Pubsub,
    ) -> Result<Pubsub, StanzaError> {
        match request.action {
            Some(PubsubChoice::Items(items)) => {
                items::answer(self, host, owner, who, items, request.page).await
            }
            Some(PubsubChoice::Subscriptions(request)) => {
                subscription::list(self, host, owner, who, request.node).await
            }
            _ => Err(StanzaError::new(Condition::FeatureNotImplemented)),
        }
    }

    /// Somebody subscribes to a kept node by itself.
    ///
    /// # Errors
    /// What whoever asks is told instead.
    pub(crate) async fn subscribe_to_kept(
        &self,
        host: &Arc<Host>,
        owner: &BareJid,
        who: &Jid,
        request: sestina_types::xep_0060::pubsub::Subscribe,
    ) -> Result<Pubsub, StanzaError> {
        subscription::subscribe(self, host, owner, who, request, None).await
    }

    /// Somebody ends such a subscription.
    ///
    /// # Errors
    /// What whoever asks is told instead.
    pub(crate) async fn unsubscribe_from_kept(
        &self,
        host: &Arc<Host>,
        owner: &BareJid,
        who: &Jid,
        request: sestina_types::xep_0060::pubsub::Unsubscribe,
    ) -> Result<(), StanzaError> {
        subscription::unsubscribe(self, host, owner, who, request).await
    }
}

/// Changes a node as it will be: among those whose items change, or beside them.
fn with_node<R>(
    changes: &mut [Change],
    others: &mut Vec<Node>,
    node: &Node,
    work: impl FnOnce(&mut Node) -> R,
) -> R {
    let mut all = changes
        .iter_mut()
        .map(Change::node_mut)
        .chain(others.iter_mut());
    if let Some(known) = all.find(|known| known.name == node.name) {
        return work(known);
    }
    let mut changed = node.clone();
    let done = work(&mut changed);
    others.push(changed);
    done
}
