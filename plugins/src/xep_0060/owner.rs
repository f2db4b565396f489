//! What the owner of a node does (§8): make, configure, empty, delete it, and say who stands how to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sestina_session::host::Host;
use sestina_storage::{ColumnValue as _, Range};
use sestina_types::xep_0004::{Form, FormType};
use sestina_types::xep_0060::errors::MaxNodesExceeded;
use sestina_types::xep_0060::event::{self, EventChoice};
use sestina_types::xep_0060::owner::{
    Affiliation as AffiliationItem, AffiliationKind, Affiliations, Configure, DefaultElement,
    NodeType, Pubsub, PubsubChoice, Subscription, SubscriptionState, Subscriptions,
};
use sestina_types::xep_0060::pubsub;
use sestina_types::xep_0060::tables::{
    PUBSUB_AFFILIATIONS_OF_NODE, PUBSUB_ITEMS_OF_NODE, PUBSUB_SUBSCRIPTIONS_OF_NODE,
    PubsubAffiliations, PubsubAffiliationsRow, PubsubItems, PubsubNodes, PubsubSubscriptions,
};
use sestina_wire::{BareJid, Condition, Jid, StanzaError, Text};

use super::book::{Node, Page};
use super::change::Changing;
use super::companion::Edit;
use super::notify::{self, News};
use super::standing::{self, Affiliation};
use super::{Configuration, Server, approval, check_name, is_service, options, subscription};

/// Makes a node (§8.1), under a name of our choice where none is said.
pub(super) async fn create(
    server: &Server,
    host: &Arc<Host>,
    account: &BareJid,
    who: &Jid,
    name: Option<Text>,
    form: Option<&Form>,
) -> Result<Option<pubsub::Pubsub>, StanzaError> {
    if !server.may_create(host, account, who) {
        return Err(StanzaError::new(Condition::Forbidden));
    }
    let page = server.book.open(host, account).await?;
    let _change = page.change().await;
    let is_chosen = name.is_none();
    let name = name.unwrap_or_else(|| host.random().token());
    if page.node(&name).is_some() {
        return Err(StanzaError::new(Condition::Conflict));
    }
    let changing = Changing {
        server,
        host,
        page: &page,
        who,
    };
    let mut configuration = changing.defaults(&name);
    if let Some(form) = form.filter(|form| form.type_ != FormType::Cancel) {
        configuration = configuration.changed(form, server.limits(account))?;
    }
    let node = changing.new_node(&name, configuration)?;
    let mut transaction = server.book.transaction();
    transaction.put::<PubsubNodes>(&node.row(account));
    for row in node.affiliation_rows(account) {
        transaction.put::<PubsubAffiliations>(&row);
    }
    transaction.commit().await?;
    page.put(node);
    Ok(is_chosen.then(|| pubsub::Pubsub {
        action: Some(pubsub::PubsubChoice::Create(pubsub::Create {
            node: Some(name),
            ..pubsub::Create::default()
        })),
        ..pubsub::Pubsub::default()
    }))
}

/// Refuses a name that no node can have, and one node too many.
pub(super) fn make_room(server: &Server, page: &Page, name: &str) -> Result<(), StanzaError> {
    check_name("a node", name)?;
    let most = server.limits(page.owner()).max_nodes;
    if page.len() >= most {
        return Err(StanzaError::new(Condition::Conflict)
            .with_application(&MaxNodesExceeded::default())
            .with_text(format!(
                "there are no more than {most} nodes here; delete others first"
            )));
    }
    Ok(())
}

/// What an owner may look at.
pub(super) async fn get(
    server: &Server,
    host: &Arc<Host>,
    account: &BareJid,
    who: &Jid,
    request: Pubsub,
) -> Result<Pubsub, StanzaError> {
    let owned = async |name: &str| {
        let node = server.node(host, account, name).await?;
        standing::must_own(host, account, &node, who)?;
        Ok::<_, StanzaError>(node)
    };
    let answer = match request.action {
        PubsubChoice::Configure(request) => {
            let name = request.node.ok_or_else(no_node)?;
            let node = owned(&name).await?;
            PubsubChoice::Configure(Configure {
                node: Some(name),
                form: Some(node.configuration.form(FormType::Form)),
                ..Configure::default()
            })
        }
        PubsubChoice::Default(request) if request.type_ == Some(NodeType::Collection) => {
            return Err(super::no_collections());
        }
        PubsubChoice::Default(_) if server.may_create(host, account, who) => {
            let defaults = Configuration::default_of(server.limits(account));
            PubsubChoice::Default(DefaultElement {
                form: Some(defaults.form(FormType::Form)),
                ..DefaultElement::default()
            })
        }
        PubsubChoice::Default(_) => return Err(StanzaError::new(Condition::Forbidden)),
        PubsubChoice::Affiliations(request) => {
            let node = owned(&request.node).await?;
            let all = node.affiliations.iter();
            let all = all.map(|(jid, affiliation)| standing_of(jid, Some(*affiliation)));
            let own =
                (!is_service(account)).then(|| standing_of(account, Some(Affiliation::Owner)));
            PubsubChoice::Affiliations(Affiliations {
                affiliations: own.into_iter().chain(all).collect(),
                ..Affiliations::new(request.node)
            })
        }
        PubsubChoice::Subscriptions(request) => {
            let node = owned(&request.node).await?;
            let now = host.clock().now();
            let live = node.subscriptions.iter();
            let all = live.filter(|row| options::is_live(row, now)).map(|row| {
                let state = if row.state == approval::PENDING {
                    SubscriptionState::Pending
                } else {
                    SubscriptionState::Subscribed
                };
                Subscription {
                    subid: Some(row.subid.as_str().into()),
                    subscription: Some(state),
                    ..Subscription::new(row.subscriber.clone())
                }
            });
            PubsubChoice::Subscriptions(Subscriptions {
                subscriptions: all.collect(),
                ..Subscriptions::new(request.node)
            })
        }
        PubsubChoice::Delete(_) | PubsubChoice::Purge(_) => {
            return Err(StanzaError::new(Condition::BadRequest));
        }
    };
    Ok(Pubsub::new(answer))
}

/// What an owner changes.
pub(super) async fn set(
    server: &Server,
    host: &Arc<Host>,
    account: &BareJid,
    who: &Jid,
    request: Pubsub,
) -> Result<(), StanzaError> {
    let page = server.book.open(host, account).await?;
    let _change = page.change().await;
    let owned = |name: &str| {
        let node = page
            .node(name)
            .ok_or_else(|| StanzaError::new(Condition::ItemNotFound))?;
        standing::must_own(host, account, &node, who)?;
        Ok::<_, StanzaError>(node)
    };
    match request.action {
        PubsubChoice::Configure(request) => {
            let node = owned(&request.node.ok_or_else(no_node)?)?;
            let form = request
                .form
                .ok_or_else(|| StanzaError::new(Condition::BadRequest))?;
            if form.type_ == FormType::Cancel {
                return Ok(());
            }
            let next = node.configuration.changed(&form, server.limits(account))?;
            configure(server, host, &page, &node, next).await
        }
        PubsubChoice::Affiliations(request) => {
            let node = owned(&request.node)?;
            affiliate(server, host, &page, &node, request.affiliations).await
        }
        PubsubChoice::Subscriptions(request) => {
            let node = owned(&request.node)?;
            subscription::set_by_owner(server, host, &page, &node, request.subscriptions).await
        }
        PubsubChoice::Purge(request) => {
            let node = owned(&request.node)?;
            if server.companion_of(account, &node.name).is_some() {
                return empty(server, host, &page, who, &node).await;
            }
            server
                .book
                .items()
                .delete_of_node(account, &node.name, Range::all())
                .await?;
            node.emptied();
            if node.configuration.tells_of_retraction() {
                notify::tell(server, host, &page, &node, News::Purged).await;
            }
            Ok(())
        }
        PubsubChoice::Delete(request) => {
            let node = owned(&request.node)?;
            let to = request.redirect.map(|redirect| redirect.uri);
            if server.companion_of(account, &node.name).is_some() {
                empty(server, host, &page, who, &node).await?;
            }
            delete(server, host, &page, &node, to).await
        }
        PubsubChoice::Default(_) => Err(super::unsupported("modify-default")),
    }
}

/// Takes all items back, so that what is kept in step with them follows.
async fn empty(
    server: &Server,
    host: &Arc<Host>,
    page: &Page,
    who: &Jid,
    node: &Node,
) -> Result<(), StanzaError> {
    let ids = server.book.order(page.owner(), node).await?.into_values();
    let edit = Edit {
        node: node.name.clone(),
        retract: ids.map(Text::from).collect(),
        ..Edit::default()
    };
    if edit.is_empty() {
        return Ok(());
    }
    let changing = Changing {
        server,
        host,
        page,
        who,
    };
    let change = changing.prepare(node.clone(), edit).await?;
    changing.apply(change).await
}

fn no_node() -> StanzaError {
    StanzaError::new(Condition::BadRequest)
        .with_application(&sestina_types::xep_0060::errors::NodeidRequired::default())
}

async fn configure(
    server: &Server,
    host: &Arc<Host>,
    page: &Page,
    node: &Node,
    next: Configuration,
) -> Result<(), StanzaError> {
    let mut changed = node.clone();
    changed.configuration = next;
    let kept = usize::try_from(changed.configuration.kept(server.limits(page.owner())))
        .unwrap_or(usize::MAX);
    let mut transaction = server.book.transaction();
    transaction.put::<PubsubNodes>(&changed.row(page.owner()));
    // A node that is to keep fewer items lets go of the oldest.
    let order = server.book.order(page.owner(), node).await?;
    let more = order.len().saturating_sub(kept);
    let gone: Vec<String> = order.into_values().take(more).collect();
    for id in &gone {
        transaction.delete::<PubsubItems>(&[
            page.owner().to_value(),
            node.name.as_str().into(),
            id.as_str().into(),
        ]);
    }
    transaction.commit().await?;
    changed.removed(&gone);
    page.put(changed.clone());
    if changed.configuration.tells_of_changes() {
        let with_form = changed.configuration.delivers_payloads();
        let news = Box::new(EventChoice::Configuration(event::Configuration {
            node: Some(node.name.as_str().into()),
            form: with_form.then(|| changed.configuration.form(FormType::Result)),
            ..event::Configuration::default()
        }));
        notify::tell(server, host, page, &changed, News::Configured(news)).await;
    }
    Ok(())
}

/// Says how others stand to the node. What cannot be changed stays as it is and comes back, the rest is changed (§8.9.2.5).
async fn affiliate(
    server: &Server,
    host: &Arc<Host>,
    page: &Page,
    node: &Node,
    wanted: Vec<AffiliationItem>,
) -> Result<(), StanzaError> {
    let mut asked = BTreeMap::new();
    for wanted in wanted {
        let account = wanted.jid.to_bare().detach();
        // What says nothing changes nothing.
        let Some(kind) = wanted.affiliation else {
            continue;
        };
        if asked.insert(account, Affiliation::asked(kind)).is_some() {
            return Err(StanzaError::new(Condition::BadRequest)
                .with_text(format!("{} is named twice", wanted.jid)));
        }
    }
    let mut refused = BTreeMap::new();
    if asked.remove(page.owner()).is_some() {
        refused.insert(
            page.owner().clone(),
            StanzaError::new(Condition::NotAcceptable)
                .with_text("an account owns its nodes, whatever happens"),
        );
    }
    let owned = |account: &BareJid| node.affiliations.get(account) == Some(&Affiliation::Owner);
    let mut changed = node.clone();
    let change = |changed: &mut Node, account: &BareJid, to| match to {
        Some(affiliation) => changed.affiliations.insert(account.clone(), affiliation),
        None => changed.affiliations.remove(account),
    };
    for (account, to) in &asked {
        change(&mut changed, account, *to);
    }
    if standing::owners(page.owner(), &changed).is_empty() {
        for (account, _) in asked.extract_if(.., |account, _| owned(account)) {
            change(&mut changed, &account, Some(Affiliation::Owner));
            let error = StanzaError::new(Condition::NotAcceptable)
                .with_text("a node has one owner at least: name another first");
            refused.insert(account, error);
        }
    }
    let most = server.limits(page.owner()).max_affiliations;
    while changed.affiliations.len() > most {
        let new = |account: &&BareJid| {
            !node.affiliations.contains_key(*account) && changed.affiliations.contains_key(*account)
        };
        let Some(account) = asked.keys().rev().find(new).cloned() else {
            break;
        };
        change(&mut changed, &account, None);
        asked.remove(&account);
        let error = StanzaError::new(Condition::NotAllowed).with_text(format!(
            "a node has no more than {most} affiliations; end others first"
        ));
        refused.insert(account, error);
    }
    let mut transaction = server.book.transaction();
    for (account, to) in &asked {
        match to {
            Some(affiliation) => {
                transaction.put::<PubsubAffiliations>(&PubsubAffiliationsRow {
                    service: page.owner().clone(),
                    node: node.name.clone(),
                    account: account.clone(),
                    affiliation: affiliation.word().to_owned(),
                });
            }
            None => {
                transaction.delete::<PubsubAffiliations>(&[
                    page.owner().to_value(),
                    node.name.as_str().into(),
                    account.to_value(),
                ]);
            }
        }
    }
    if !asked.is_empty() {
        transaction.commit().await?;
        page.put(changed.clone());
        let accounts = asked.into_keys().collect();
        settle_pending(server, host, page, changed, &accounts).await?;
    }
    let entries = refused.keys().map(|account| {
        let affiliation = standing::of(page.owner(), node, account);
        standing_of(account, affiliation)
    });
    let about = Affiliations {
        affiliations: entries.collect(),
        ..Affiliations::new(node.name.as_str().into())
    };
    match refused.into_values().next() {
        Some(error) => Err(error.with_about(&Pubsub::new(PubsubChoice::Affiliations(about)))),
        None => Ok(()),
    }
}

/// How somebody stands to a node, as its owner is told.
fn standing_of(who: &BareJid, affiliation: Option<Affiliation>) -> AffiliationItem {
    AffiliationItem {
        affiliation: Some(affiliation.map_or(AffiliationKind::None, Affiliation::to_owner)),
        ..AffiliationItem::new(Jid::clone(who))
    }
}

/// Those who wait need wait no more once an owner has said how they stand to the node (§8.7).
async fn settle_pending(
    server: &Server,
    host: &Arc<Host>,
    page: &Page,
    mut node: Node,
    accounts: &BTreeSet<BareJid>,
) -> Result<(), StanzaError> {
    let waiting: Vec<(Jid, bool)> = node
        .subscriptions
        .iter()
        .filter(|row| row.state == approval::PENDING && accounts.contains(&row.account))
        .filter_map(|row| {
            let affiliation = node.affiliations.get(&row.account)?;
            let allowed = !matches!(affiliation, Affiliation::Outcast | Affiliation::PublishOnly);
            Some((row.subscriber.clone(), allowed))
        })
        .collect();
    for (subscriber, allowed) in waiting {
        approval::settle(server, host, page, &node, &subscriber, allowed).await?;
        if let Some(now) = page.node(&node.name) {
            node = Node::clone(&now);
        }
    }
    Ok(())
}

pub(super) async fn delete(
    server: &Server,
    host: &Arc<Host>,
    page: &Page,
    node: &Node,
    redirect: Option<Text>,
) -> Result<(), StanzaError> {
    let key = [page.owner().to_value(), node.name.as_str().into()];
    let mut transaction = server.book.transaction();
    transaction.delete::<PubsubNodes>(&key);
    transaction.delete_where::<PubsubItems>(&PUBSUB_ITEMS_OF_NODE, &key, Range::all());
    transaction.delete_where::<PubsubSubscriptions>(
        &PUBSUB_SUBSCRIPTIONS_OF_NODE,
        &key,
        Range::all(),
    );
    transaction.delete_where::<PubsubAffiliations>(
        &PUBSUB_AFFILIATIONS_OF_NODE,
        &key,
        Range::all(),
    );
    transaction.commit().await?;
    page.remove(&node.name);
    if node.configuration.tells_of_deletion() {
        notify::tell(server, host, page, node, News::Deleted(redirect)).await;
    }
    Ok(())
}
