//! Items come and go: at one node, and at those that are kept in step with it, together or not at all.

use std::sync::Arc;
use std::time::Duration;

use sestina_session::host::Host;
use sestina_storage::{ColumnValue as _, Transaction};
use sestina_types::xep_0060::errors::{
    InvalidPayload, ItemForbidden, ItemRequired, MaxItemsExceeded, PayloadRequired, PayloadTooBig,
};
use sestina_types::xep_0060::pubsub::Item;
use sestina_types::xep_0060::tables::{
    PubsubAffiliations, PubsubItems, PubsubItemsRow, PubsubNodes,
};
use sestina_wire::{AnyElement, BareJid, Condition, Jid, StanzaError, Text};

use super::book::{Node, Page};
use super::companion::{Edit, Nodes};
use super::configuration::Configuration;
use super::notify::{self, News};
use super::standing::Affiliation;
use super::{Limits, Server, check_name, is_service, owner};

/// Who changes something where, while nobody else does.
pub(super) struct Changing<'a> {
    pub(super) server: &'a Server,
    pub(super) host: &'a Arc<Host>,
    pub(super) page: &'a Page,
    pub(super) who: &'a Jid,
}

/// What is done to one node.
pub(super) struct Change {
    /// The node as it is then.
    node: Node,
    edit: Edit,
    rows: Vec<PubsubItemsRow>,
    /// The ids of what has to make room.
    displaced: Vec<String>,
    /// Whether it is told that items are taken back.
    tells_of_retraction: bool,
}

impl Change {
    /// The node as it will be.
    pub(super) fn node_mut(&mut self) -> &mut Node {
        &mut self.node
    }

    /// It is told that items are taken back, whatever the node says.
    pub(super) fn tell_of_retraction(&mut self) {
        self.tells_of_retraction = true;
    }
}

impl Changing<'_> {
    /// The node that is edited, or a new one.
    pub(super) fn node(&self, edit: &Edit) -> Result<Node, StanzaError> {
        match self.page.node(&edit.node) {
            Some(node) => Ok(Node::clone(&node)),
            None => {
                let defaults = self.defaults(&edit.node);
                let configuration = defaults.with(&edit.options, self.limits())?;
                self.new_node(&edit.node, configuration)
            }
        }
    }

    /// How a new node of this name is configured where nothing is said.
    pub(super) fn defaults(&self, name: &str) -> Configuration {
        Configuration::default_for(self.server, self.page.owner(), name)
    }

    fn limits(&self) -> &Limits {
        self.server.limits(self.page.owner())
    }

    /// A node that is not there yet.
    pub(super) fn new_node(
        &self,
        name: &str,
        configuration: Configuration,
    ) -> Result<Node, StanzaError> {
        owner::make_room(self.server, self.page, name)?;
        let now = self.host.clock().now();
        let mut node = Node::new(name, configuration, now);
        if is_service(self.page.owner()) {
            // A service owns nothing: whoever makes a node does.
            let maker = self.who.to_bare().detach();
            node.affiliations.insert(maker, Affiliation::Owner);
        }
        Ok(node)
    }

    /// What an edit comes to.
    pub(super) async fn prepare(&self, mut node: Node, edit: Edit) -> Result<Change, StanzaError> {
        let limits = self.limits();
        if !edit.put.is_empty() && node.configuration.takes_no_items() {
            return Err(StanzaError::new(Condition::BadRequest)
                .with_application(&ItemForbidden::default())
                .with_text(
                    "the node keeps nothing and tells nothing but that something happened",
                ));
        }
        let rows = self.rows(&mut node, &edit)?;
        let kept = usize::try_from(node.configuration.kept(limits)).unwrap_or(usize::MAX);
        let mut displaced = Vec::new();
        if kept > 0 && !rows.is_empty() {
            if rows.len() > kept {
                return Err(StanzaError::new(Condition::NotAllowed)
                    .with_application(&MaxItemsExceeded::default())
                    .with_text(format!("the node keeps no more than {kept} items")));
            }
            let mut order = self.server.book.order(self.page.owner(), &node).await?;
            order.retain(|_, id| {
                !rows.iter().any(|row| row.item == *id)
                    && !edit.retract.iter().any(|gone| gone.as_str() == id)
            });
            // The oldest make room for the new ones.
            let more = (order.len() + rows.len()).saturating_sub(kept);
            displaced = order.into_values().take(more).collect();
        }
        Ok(Change {
            tells_of_retraction: node.configuration.tells_of_retraction(),
            rows,
            displaced,
            edit,
            node,
        })
    }

    /// The items as they are stored, each behind the last one of the node.
    fn rows(&self, node: &mut Node, edit: &Edit) -> Result<Vec<PubsubItemsRow>, StanzaError> {
        let now = self.host.clock().now();
        let expires = node.configuration.item_expire().and_then(|seconds| {
            now.checked_add(Duration::from_secs(seconds.unsigned_abs()))
                .ok()
        });
        let most = node.configuration.max_payload_size(self.limits());
        let mut rows: Vec<PubsubItemsRow> = Vec::with_capacity(edit.put.len());
        let bare = edit.ids.iter().map(|id| (id, None));
        let all = edit.put.iter().map(|(id, payload)| (id, Some(payload)));
        for (id, payload) in all.chain(bare) {
            let payload = payload.map(AnyElement::to_document);
            let length = payload.as_ref().map_or(0, |payload| payload.len());
            if length as u64 > most {
                return Err(StanzaError::new(Condition::NotAcceptable)
                    .with_application(&PayloadTooBig::default())
                    .with_text(format!(
                        "an item of this node has no more than {most} octets; this one has {length}"
                    )));
            }
            check_name("an item", id)?;
            if rows.iter().any(|row| row.item == id.as_str()) {
                return Err(
                    StanzaError::new(Condition::BadRequest).with_text("two items have the same id")
                );
            }
            node.last_position = node.last_position.saturating_add(1);
            rows.push(PubsubItemsRow {
                service: self.page.owner().clone(),
                node: node.name.clone(),
                item: id.to_string(),
                position: node.last_position,
                published: now,
                expires,
                publisher: Some(self.who.detach()),
                payload: payload.map(|payload| payload.to_string()),
            });
        }
        Ok(rows)
    }

    /// Stores a change and what follows from it, then tells everybody who may and wants to hear of it.
    pub(super) async fn apply(&self, change: Change) -> Result<(), StanzaError> {
        let companion = self
            .server
            .companion_of(self.page.owner(), &change.node.name);
        let mut changes = vec![change];
        if let (Some(companion), [change]) = (&companion, changes.as_slice()) {
            let nodes = Nodes {
                server: self.server,
                page: self.page,
            };
            for edit in companion.follow(&nodes, &change.edit).await? {
                if !edit.is_empty() {
                    changes.push(self.prepare(self.node(&edit)?, edit).await?);
                }
            }
        }
        let mut transaction = self.server.book.transaction();
        self.write(&changes, &mut transaction);
        transaction.commit().await?;
        self.settle(&changes);
        for change in &changes {
            self.tell(change).await;
        }
        if let (Some(companion), [change, ..]) = (&companion, changes.as_slice()) {
            companion
                .changed(self.host, self.page.owner(), &change.node.name)
                .await;
        }
        Ok(())
    }

    /// What is stored of changes.
    pub(super) fn write(&self, changes: &[Change], transaction: &mut Transaction) {
        let account = self.page.owner();
        for change in changes {
            let name = &change.node.name;
            let is_new = self.page.node(name).is_none();
            if !change.rows.is_empty() || is_new {
                transaction.put::<PubsubNodes>(&change.node.row(account));
            }
            if is_new {
                for row in change.node.affiliation_rows(account) {
                    transaction.put::<PubsubAffiliations>(&row);
                }
            }
            for id in &change.displaced {
                transaction.delete::<PubsubItems>(&key(account, name, id));
            }
            for id in &change.edit.retract {
                transaction.delete::<PubsubItems>(&key(account, name, id));
            }
            if self.keeps(change) {
                for row in &change.rows {
                    transaction.put::<PubsubItems>(row);
                }
            }
        }
    }

    /// From now on the nodes are as they are stored.
    pub(super) fn settle(&self, changes: &[Change]) {
        for change in changes {
            let retracted: Vec<String> = change
                .edit
                .retract
                .iter()
                .map(ToString::to_string)
                .collect();
            if !retracted.is_empty() {
                change.node.removed(&retracted);
            }
            if self.keeps(change) {
                for row in &change.rows {
                    change.node.added(row, &change.displaced);
                }
            }
            self.page.put(change.node.clone());
        }
    }

    fn keeps(&self, change: &Change) -> bool {
        change.node.configuration.kept(self.limits()) > 0
    }

    /// Tells everybody who may and wants to hear of a change.
    pub(super) async fn tell(&self, change: &Change) {
        let tell = async |news| {
            notify::tell(self.server, self.host, self.page, &change.node, news).await;
        };
        if !change.rows.is_empty() || change.edit.bare {
            tell(News::Published(&change.rows)).await;
        }
        if !change.edit.retract.is_empty() && change.tells_of_retraction {
            tell(News::Retracted(&change.edit.retract)).await;
        }
    }
}

/// What somebody wants to publish, each item with an id.
pub(super) fn items(host: &Host, node: &Node, items: Vec<Item>) -> Result<Edit, StanzaError> {
    let bad = || StanzaError::new(Condition::BadRequest);
    if items.is_empty() {
        if node.configuration.takes_no_items() {
            return Ok(Edit {
                bare: true,
                ..Edit::default()
            });
        }
        return Err(bad().with_application(&ItemRequired::default()));
    }
    let mut edit = Edit::default();
    for item in items {
        let mut payload = item.payload.into_iter();
        let payload = match (payload.next(), payload.next()) {
            (Some(payload), None) => payload,
            (None, _) => return Err(bad().with_application(&PayloadRequired::default())),
            _ => {
                return Err(bad()
                    .with_application(&InvalidPayload::default())
                    .with_text("an item holds one element"));
            }
        };
        let id: Text = match item.id.filter(|id| !id.is_empty()) {
            Some(id) => id,
            None => host.random().token(),
        };
        edit.put.push((id, payload));
    }
    Ok(edit)
}

fn key(account: &BareJid, node: &str, id: &str) -> [sestina_storage::Value; 3] {
    [account.to_value(), node.into(), id.into()]
}
