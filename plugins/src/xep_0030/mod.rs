//! XEP-0030, Service Discovery: what an entity is, what it can do, and what belongs to it.
//!
//! What there is to tell is not decided here: each specification announces its own identities and features,
//! and the host keeps them. Decided here is who may know. The host tells everybody about itself; about an
//! account it tells those who may see the account's presence, and to anybody else there is no telling
//! whether the account exists (§8).

mod account_nodes;
mod forms;
mod host_nodes;
mod lent;
mod nodes;
mod services;

use sestina_session::errors;
use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_session::plugin::{On, PluginError, Setup};
use sestina_skeletons::xep_0030::{self as skeleton, Settings};
use sestina_types::Stores as _;
use sestina_types::rfc_6121::tables::RosterStore;
use sestina_types::xep_0030::{info, items};
use sestina_wire::dispatch::Scope;
use sestina_wire::{BareJid, Condition, Jid, StanzaError, Text};

pub use account_nodes::{AccountNodes, Holder};
pub use forms::Forms;
pub use host_nodes::{Answering, HostNodes};
pub use lent::Lent;
pub use nodes::Nodes;
pub use services::{ServiceNodes, Services};

/// What a host announces about itself, its accounts or its client (§3.1), in a fixed order.
#[must_use]
pub fn describe(host: &Host, on: On) -> info::Query {
    let disco = host.disco();
    // What every service does, this one does too.
    let every = match on {
        On::Service(name) if name != "*" => Some(On::Service("*")),
        _ => None,
    };
    let identities = disco.identities(on).map(|identity| info::Identity {
        name: identity.name.as_deref().map(Text::from),
        ..info::Identity::new(
            Text::from_static(identity.category),
            Text::from_static(identity.type_),
        )
    });
    let lent = Lent::of(host);
    let own = disco.features(on).filter(|var| !lent.replaces(on, var));
    let own = own.chain(every.into_iter().flat_map(|on| disco.features(on)));
    let features = own.map(Text::from_static).chain(lent.features(on));
    info::Query {
        identities: identities.collect(),
        features: features.map(info::Feature::new).collect(),
        any: Forms::of(host).all(on),
        ..info::Query::default()
    }
}

/// The answer to a request about `on`, its node mirrored (§3.2).
fn info_of(host: &Host, on: On, request: info::Query) -> Result<info::Query, StanzaError> {
    match request.node {
        Some(node) if !Nodes::of(host).contains(on, &node) => {
            Err(StanzaError::new(Condition::ItemNotFound))
        }
        node => Ok(info::Query {
            node,
            ..describe(host, on)
        }),
    }
}

/// The answer for something without items (§4.1); no node has any.
fn no_items(request: items::Query) -> Result<items::Query, StanzaError> {
    match request.node {
        Some(_) => Err(StanzaError::new(Condition::ItemNotFound)),
        None => Ok(items::Query::default()),
    }
}

/// The server's part.
pub struct Server {
    contacts: Option<RosterStore>,
}

impl Server {
    /// Whether whoever asks may know about the account that was asked: its owner, and those whom it lets
    /// see its presence (§8). Without rosters there are no such others.
    async fn may_know(&self, cx: &IqContext, account: &BareJid) -> Result<bool, StanzaError> {
        if cx.scope == Scope::OwnAccount {
            return Ok(true);
        }
        let Some(contacts) = &self.contacts else {
            return Ok(false);
        };
        let contact = contacts
            .get(account, &cx.from.to_bare())
            .await
            .map_err(errors::storage)?;
        Ok(contact.is_some_and(|contact| matches!(contact.subscription.as_str(), "from" | "both")))
    }
}

/// The account that a request in an account's scope is about; without an address it is the sender's own.
fn account_of(cx: &IqContext) -> BareJid {
    cx.to.as_ref().unwrap_or(&cx.from).to_bare()
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self {
            contacts: setup.storage().roster(),
        })
    }

    async fn host_info(
        &self,
        cx: &IqContext,
        request: info::Query,
    ) -> Result<info::Query, StanzaError> {
        if let Some(node) = &request.node
            && let Some(answer) = Answering::of(&cx.host).info(cx, node)
        {
            return answer;
        }
        info_of(&cx.host, On::Host, request)
    }

    /// Refused to those who may not know just as for an account that does not exist (§8, rule 1).
    async fn account_info(
        &self,
        cx: &IqContext,
        request: info::Query,
    ) -> Result<info::Query, StanzaError> {
        let account = account_of(cx);
        if !self.may_know(cx, &account).await? {
            return Err(StanzaError::new(Condition::ServiceUnavailable));
        }
        if let (Some(node), Some(holder)) = (&request.node, Holder::of(&cx.host))
            && let Some(info) = holder.info(&cx.host, &account, &cx.from, node).await?
        {
            return Ok(info);
        }
        info_of(&cx.host, On::Account, request)
    }

    /// The services that belong to the host and are there now.
    async fn host_items(
        &self,
        cx: &IqContext,
        request: items::Query,
    ) -> Result<items::Query, StanzaError> {
        if let Some(node) = &request.node
            && let Some(answer) = Answering::of(&cx.host).items(cx, node)
        {
            return answer;
        }
        let mut answer = no_items(request)?;
        let services = cx.host.services().into_iter();
        answer.items = services
            .map(|service| items::Item::new(service.into_jid()))
            .collect();
        Ok(answer)
    }

    async fn service_info(
        &self,
        cx: &IqContext,
        request: info::Query,
    ) -> Result<info::Query, StanzaError> {
        let service = service_of(cx)?;
        // What stands below a service knows its nodes itself, and first whether it is there.
        if let Some(node) = &request.node
            && at_the_service(cx).is_ok()
            && let Some(answer) = Answering::of(&cx.host).info(cx, node)
        {
            return answer;
        }
        if let Some(nodes) = Services::of(&cx.host).nodes(service)
            && let Some(answer) = nodes.info(cx, &request).await?
        {
            return Ok(answer);
        }
        at_the_service(cx)?;
        info_of(&cx.host, On::Service(service), request)
    }

    async fn service_items(
        &self,
        cx: &IqContext,
        request: items::Query,
    ) -> Result<items::Query, StanzaError> {
        let service = service_of(cx)?;
        // What stands below a service knows its nodes itself, and first whether it is there.
        if let Some(node) = &request.node
            && at_the_service(cx).is_ok()
            && let Some(answer) = Answering::of(&cx.host).items(cx, node)
        {
            return answer;
        }
        if let Some(nodes) = Services::of(&cx.host).nodes(service)
            && let Some(answer) = nodes.items(cx, &request).await?
        {
            return Ok(answer);
        }
        at_the_service(cx)?;
        no_items(request)
    }

    /// The items of an account are its available resources (§4.1) and its nodes (XEP-0060 §5.2); to those who may not know, and for an
    /// account that does not exist, the list is empty (§8, rule 2).
    async fn account_items(
        &self,
        cx: &IqContext,
        request: items::Query,
    ) -> Result<items::Query, StanzaError> {
        let account = account_of(cx);
        if !self.may_know(cx, &account).await? {
            return Ok(items::Query {
                node: request.node,
                ..items::Query::default()
            });
        }
        let holder = Holder::of(&cx.host);
        if let (Some(node), Some(holder)) = (&request.node, &holder)
            && let Some(items) = holder.items(&cx.host, &account, &cx.from, node).await?
        {
            return Ok(items);
        }
        let mut answer = no_items(request)?;
        let resources = cx.host.resources(&account);
        let available = resources.iter().filter(|resource| resource.is_available());
        answer.items = available
            .map(|resource| items::Item::new(Jid::clone(resource.jid())))
            .collect();
        if let Some(holder) = holder {
            let nodes = holder.nodes(&cx.host, &account, &cx.from).await?;
            answer.items.extend(nodes);
        }
        Ok(answer)
    }
}

/// The service that a request speaks to.
fn service_of(cx: &IqContext) -> Result<&'static str, StanzaError> {
    match cx.scope {
        Scope::Service(name) => Ok(name),
        _ => Err(StanzaError::new(Condition::ItemNotFound)),
    }
}

/// What nobody knows below a service is not there.
fn at_the_service(cx: &IqContext) -> Result<(), StanzaError> {
    let below = |to: &Jid| to.local().is_some() || to.resource().is_some();
    if cx.to.as_ref().is_some_and(below) {
        return Err(StanzaError::new(Condition::ItemNotFound));
    }
    Ok(())
}

/// The client's part.
pub struct Client;

impl skeleton::Client for Client {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    async fn info(&self, cx: &IqContext, request: info::Query) -> Result<info::Query, StanzaError> {
        info_of(&cx.host, On::Client, request)
    }

    async fn items(
        &self,
        _: &IqContext,
        request: items::Query,
    ) -> Result<items::Query, StanzaError> {
        no_items(request)
    }
}

/// The component's part.
pub struct Component;

impl skeleton::Component for Component {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    async fn info(&self, cx: &IqContext, request: info::Query) -> Result<info::Query, StanzaError> {
        info_of(&cx.host, On::Host, request)
    }

    async fn items(
        &self,
        _: &IqContext,
        request: items::Query,
    ) -> Result<items::Query, StanzaError> {
        no_items(request)
    }
}
