//! XEP-0060, Publish-Subscribe: nodes to which somebody publishes, and of which those who are interested get to hear.
//!
//! Every account is a service for what it publishes of itself (XEP-0163). Its nodes are in memory while it is online, so
//! that neither a presence nor a publication asks storage for them. A host may have a service beside: its address is a
//! domain, it owns nothing itself, and what differs follows from that.

mod approval;
mod book;
mod change;
mod coming;
mod companion;
mod configuration;
mod discovery;
mod items;
mod kept;
mod notify;
mod options;
mod owner;
mod pending;
mod publish;
mod standing;
mod subscription;
mod temporary;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use sestina_session::host::{Host, Resource};
use sestina_session::mux::{IqContext, OrEmpty};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_skeletons::xep_0060::{self as skeleton, Settings};
use sestina_types::xep_0060::errors::Unsupported;
use sestina_types::xep_0060::owner::Pubsub as OwnerPubsub;
use sestina_types::xep_0060::pubsub::{NodeType, Pubsub, PubsubChoice};
use sestina_wire::{BareJid, Condition, Jid, Stanza, StanzaError, Text};

use crate::xep_0030::{Holder, Services};
use crate::xep_0050::Commands;
use crate::xep_0133;
use book::{Book, Node};
use configuration::Configuration;

pub use companion::{Companion, Edit, Nodes};
pub(crate) use kept::{Keeper, Step};
pub use notify::Audience;

/// Octets that the name of a node and the id of an item may have.
const LONGEST_NAME: usize = 1023;
/// What the host's own service is called in scopes.
const SERVICE: &str = "pubsub";

/// The server's part.
pub struct Server {
    book: Book,
    limits: Limits,
    service_limits: Limits,
    creators: Creators,
    /// The address of the host's own service, where it has one.
    service: OnceLock<BareJid>,
    /// As it is written in the settings.
    domain: String,
    audience: OnceLock<Arc<dyn Audience>>,
    /// Who keeps nodes at addresses that are neither accounts nor services of nodes.
    keeper: OnceLock<Arc<dyn Keeper>>,
    /// By the names of their nodes.
    companions: Mutex<HashMap<String, Arc<dyn Companion>>>,
}

/// What nodes are bounded by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    max_nodes: usize,
    max_items: u64,
    /// In octets.
    max_item_size: u64,
    max_subscriptions: usize,
    max_pending: usize,
    max_affiliations: usize,
    /// Whether they are those of a service, which has no contacts, rather than of an account.
    of_service: bool,
}

/// Who may make nodes at a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Creators {
    Accounts,
    Administrators,
    Anyone,
}

/// Whether it is a service of its own rather than an account.
pub(crate) fn is_service(owner: &BareJid) -> bool {
    owner.local().is_none()
}

impl Server {
    /// The plugin of a host, for others that notify.
    #[must_use]
    pub fn of(host: &Host) -> Option<Arc<Self>> {
        host.extensions().get()
    }

    /// Says who knows which sessions want to hear of a node without having subscribed to it. The first to do so is it.
    pub fn set_audience(&self, audience: Arc<dyn Audience>) {
        let _ = self.audience.set(audience);
    }

    /// The last items of an account that somebody may read who comes online, of the nodes that it wants to hear of; the
    /// messages lack their `to`.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn last_items(
        &self,
        host: &Arc<Host>,
        account: &BareJid,
        reader: &Jid,
        wants: impl Fn(&str) -> bool,
    ) -> Result<Vec<Stanza>, StanzaError> {
        let page = self.book.open(host, account).await?;
        let mut last = Vec::new();
        for node in page.nodes() {
            if wants(&node.name)
                && node.configuration.notifies()
                && node.configuration.sends_last_on_presence()
                && standing::may_read(host, account, &node, reader)
                    .await
                    .is_ok()
            {
                last.extend(notify::last(self, host, account, &node).await?);
            }
        }
        Ok(last)
    }

    /// A session of this host shows its presence: as it comes online, it gets the last items of what it subscribed to at the
    /// host's own service.
    pub fn comes_online(self: &Arc<Self>, host: &Arc<Host>, session: &Arc<Resource>) {
        if let Some(service) = self.service() {
            coming::online(self, host, service, session);
        }
    }

    /// It does so no more.
    pub fn goes_offline(&self, host: &Arc<Host>, session: &Arc<Resource>) {
        coming::offline(session);
        temporary::gone(host, session);
    }

    /// What the nodes of an account, or of a service, are bounded by.
    fn limits(&self, owner: &BareJid) -> &Limits {
        if self.is_kept(owner) {
            &kept::LIMITS
        } else if is_service(owner) {
            &self.service_limits
        } else {
            &self.limits
        }
    }

    /// The address of the host's own service, where it has one.
    #[must_use]
    pub fn service(&self) -> Option<&BareJid> {
        self.service.get()
    }

    /// Whether somebody may make nodes: an account at itself, at a service whoever its settings name.
    fn may_create(&self, host: &Host, owner: &BareJid, who: &Jid) -> bool {
        if !is_service(owner) {
            return who.bare_str() == owner.as_str();
        }
        match self.creators {
            Creators::Anyone => true,
            Creators::Accounts => host.serves(who) && who.local().is_some(),
            Creators::Administrators => xep_0133::is_administrator(host, who),
        }
    }

    fn companions(&self) -> MutexGuard<'_, HashMap<String, Arc<dyn Companion>>> {
        self.companions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn node(
        &self,
        host: &Host,
        account: &BareJid,
        name: &str,
    ) -> Result<Arc<Node>, StanzaError> {
        let page = self.book.open(host, account).await?;
        page.node(name)
            .ok_or_else(|| StanzaError::new(Condition::ItemNotFound))
    }
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let settings = setup.settings;
        let bound = |setting: i64| usize::try_from(setting).unwrap_or_default();
        let limits = Limits {
            max_nodes: bound(settings.max_nodes),
            max_items: u64::try_from(settings.max_items).unwrap_or(1),
            max_item_size: settings.max_item_size.0,
            max_subscriptions: bound(settings.max_subscriptions),
            max_pending: bound(settings.max_pending),
            max_affiliations: bound(settings.max_affiliations),
            of_service: false,
        };
        let creators = match settings.service_creators.as_str() {
            "accounts" => Creators::Accounts,
            "administrators" => Creators::Administrators,
            "anyone" => Creators::Anyone,
            other => {
                return Err(PluginError::Settings {
                    spec: "xep-0060",
                    message: format!(
                        "service_creators: `{other}` is not accounts, administrators or anyone"
                    ),
                });
            }
        };
        Ok(Self {
            book: Book::new(setup.storage())?,
            limits,
            service_limits: Limits {
                max_nodes: bound(settings.service_max_nodes),
                of_service: true,
                ..limits
            },
            creators,
            service: OnceLock::new(),
            domain: settings.domain.clone(),
            audience: OnceLock::new(),
            keeper: OnceLock::new(),
            companions: Mutex::default(),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        registrar.host().extensions().insert(Arc::clone(self));
        if let Some(service) = registrar.service(SERVICE, &self.domain)? {
            let command = pending::GetPending {
                server: Arc::downgrade(self),
                service: service.clone(),
            };
            Commands::of(registrar.host()).offer_at(SERVICE, Arc::new(command));
            let _ = self.service.set(service);
            let nodes = discovery::Discovery(Arc::clone(self));
            Services::of(registrar.host()).register(SERVICE, Arc::new(nodes));
        }
        Holder::register(
            registrar.host(),
            Arc::new(discovery::Discovery(Arc::clone(self))),
        );
        Ok(())
    }

    fn session_ended(self: &Arc<Self>, cx: &StageContext, session: &Arc<Resource>) -> Flow {
        self.goes_offline(&cx.host, session);
        Flow::Continue
    }

    fn answer_request(self: &Arc<Self>, cx: &StageContext, delivery: &mut Delivery) -> Flow {
        approval::answer(self, &cx.host, delivery).unwrap_or(Flow::Continue)
    }

    async fn account_get(&self, cx: &IqContext, request: Pubsub) -> Result<Pubsub, StanzaError> {
        let account = account_of(cx);
        match request.action {
            Some(PubsubChoice::Items(items)) => {
                items::answer(self, &cx.host, &account, &cx.from, items, request.page).await
            }
            Some(PubsubChoice::Subscriptions(request)) => {
                subscription::list(self, &cx.host, &account, &cx.from, request.node).await
            }
            Some(PubsubChoice::Affiliations(request)) => {
                subscription::affiliations(self, &cx.host, &account, &cx.from, request.node).await
            }
            Some(PubsubChoice::Default(request)) if request.type_ == Some(NodeType::Collection) => {
                Err(no_collections())
            }
            Some(PubsubChoice::Default(request)) => {
                options::defaults(self, &cx.host, &account, &cx.from, request.node).await
            }
            None => match request.options {
                Some(options) => options::get(self, &cx.host, &account, &cx.from, options).await,
                None => Err(StanzaError::new(Condition::BadRequest)),
            },
            _ => Err(StanzaError::new(Condition::BadRequest)),
        }
    }

    async fn account_set(
        &self,
        cx: &IqContext,
        request: Pubsub,
    ) -> Result<OrEmpty<Pubsub>, StanzaError> {
        let (account, host, who) = (account_of(cx), &cx.host, &cx.from);
        match request.action {
            Some(PubsubChoice::Publish(publish)) => {
                let options = request.publish_options.and_then(|options| options.form);
                publish::publish(self, host, &account, who, publish, options.as_ref())
                    .await
                    .map(OrEmpty::Payload)
            }
            Some(PubsubChoice::Retract(retract)) => {
                publish::retract(self, host, &account, who, retract).await?;
                Ok(OrEmpty::Empty)
            }
            Some(PubsubChoice::Create(create)) => {
                let form = request.configure.and_then(|configure| configure.form);
                let made =
                    owner::create(self, host, &account, who, create.node, form.as_ref()).await?;
                Ok(made.map_or(OrEmpty::Empty, OrEmpty::Payload))
            }
            Some(PubsubChoice::Subscribe(subscribe)) => {
                let options = request.options;
                subscription::subscribe(self, host, &account, who, subscribe, options)
                    .await
                    .map(OrEmpty::Payload)
            }
            Some(PubsubChoice::Unsubscribe(unsubscribe)) => {
                subscription::unsubscribe(self, host, &account, who, unsubscribe).await?;
                Ok(OrEmpty::Empty)
            }
            None => match request.options {
                Some(options) => {
                    options::set(self, host, &account, who, options).await?;
                    Ok(OrEmpty::Empty)
                }
                None => Err(StanzaError::new(Condition::BadRequest)),
            },
            _ => Err(StanzaError::new(Condition::BadRequest)),
        }
    }

    async fn account_owner_get(
        &self,
        cx: &IqContext,
        request: OwnerPubsub,
    ) -> Result<OwnerPubsub, StanzaError> {
        owner::get(self, &cx.host, &account_of(cx), &cx.from, request).await
    }

    async fn account_owner_set(
        &self,
        cx: &IqContext,
        request: OwnerPubsub,
    ) -> Result<OrEmpty<OwnerPubsub>, StanzaError> {
        owner::set(self, &cx.host, &account_of(cx), &cx.from, request).await?;
        Ok(OrEmpty::Empty)
    }
}

/// The account or service that a request is about; without an address it is the sender's own.
fn account_of(cx: &IqContext) -> BareJid {
    cx.to.as_ref().unwrap_or(&cx.from).to_bare()
}

/// What is asked for is defined, and not done here.
fn unsupported(feature: &'static str) -> StanzaError {
    StanzaError::new(Condition::FeatureNotImplemented)
        .with_application(&Unsupported::new(Text::from_static(feature)))
}

/// Nodes hold items here, not other nodes (XEP-0248).
fn no_collections() -> StanzaError {
    unsupported("collections").with_text("the nodes here hold items, not other nodes")
}

/// Refuses a name that is empty or too long.
fn check_name(of: &str, name: &str) -> Result<(), StanzaError> {
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Err(
            StanzaError::new(Condition::NotAcceptable).with_text(format!(
                "the name of {of} has from 1 to {LONGEST_NAME} octets"
            )),
        );
    }
    Ok(())
}
