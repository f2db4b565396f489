//! RFC 6121, instant messaging and presence: rosters, subscriptions, presence, and where a message goes.
//!
//! A presence broadcast asks no storage: the roster of an account that is online is in memory.

mod book;
mod channels;
mod delivery;
mod farewell;
mod inbound;
mod outbound;
mod presence;
mod push;
mod requests;
mod roster;
mod subscription;

use std::sync::Arc;

use sestina_session::errors::Refusal as _;
use sestina_session::host::{Account, Host, Resource};
use sestina_session::mux::{Empty, IqContext, OrEmpty};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::session::StreamFeature;
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_skeletons::rfc_6121::{self as skeleton, Settings};
use sestina_storage::StorageError;
use sestina_types::rfc_6121::{pre_approval, roster::Query, versioning};
use sestina_wire::dispatch::Sender;
use sestina_wire::{BareJid, Jid, StanzaError, StanzaType, Text};

use book::Book;

pub(crate) use channels::turned_out;
pub use farewell::farewells;
pub use presence::{renew, show, take_back, take_back_directed};
pub use push::watch_rosters;

/// The contacts that may see the presence of an account that is online (§4.2.2). No storage is asked.
pub fn subscribers(account: &Account) -> Vec<BareJid> {
    Book::at_hand(account).map_or_else(Vec::new, |page| {
        page.read().subscribers().cloned().collect()
    })
}

/// Whether somebody may see the presence of an account that is online. No storage is asked.
pub fn is_seen_by(account: &Account, other: &Jid) -> bool {
    Book::at_hand(account).is_some_and(|page| page.read().sees(other.bare_str()))
}

/// The contacts whose presence an account that is online sees. No storage is asked.
pub fn subscriptions(account: &Account) -> Vec<BareJid> {
    Book::at_hand(account).map_or_else(Vec::new, |page| {
        page.read().subscriptions().cloned().collect()
    })
}

/// Whether somebody is in the roster of an account that is online, where that is at hand. No storage is asked.
pub fn is_contact(account: &Account, other: &Jid) -> Option<bool> {
    let page = Book::at_hand(account)?;
    let is_contact = page.read().find(other.bare_str()).is_some();
    Some(is_contact)
}

/// The server's part.
pub struct Server {
    book: Book,
    max_roster_items: usize,
    max_subscription_requests: usize,
}

impl Server {
    /// The plugin of a host, for others that have to know who sees whom.
    pub fn of(host: &Host) -> Option<Arc<Server>> {
        host.extensions().get()
    }

    /// Whether somebody may see the presence of an account: a contact that it let in, or itself.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn is_seen_by(&self, account: &BareJid, other: &Jid) -> Result<bool, StorageError> {
        if other.bare_str() == account.as_str() {
            return Ok(true);
        }
        let page = self.book.open(account).await?;
        let sees = page.read().sees(other.bare_str());
        Ok(sees)
    }

    /// Whether an account, online or not, sees the presence of somebody.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn sees(&self, account: &BareJid, other: &Jid) -> Result<bool, StorageError> {
        let page = self.book.open(account).await?;
        let roster = page.read();
        let contact = roster.find(other.bare_str());
        Ok(contact.is_some_and(|contact| contact.state.to))
    }

    /// The contacts that may see the presence of an account, online or not.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn subscribers(&self, account: &BareJid) -> Result<Vec<BareJid>, StorageError> {
        let page = self.book.open(account).await?;
        let subscribers = page.read().subscribers().cloned().collect();
        Ok(subscribers)
    }

    /// The roster of an account as its owner would see it.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn contacts(&self, account: &BareJid) -> Result<Query, StorageError> {
        let page = self.book.open(account).await?;
        let query = page.read().query(false);
        Ok(query)
    }

    /// An account lets a contact see its presence, now or as soon as that asks (§3.4).
    ///
    /// # Errors
    /// What its owner would be told.
    pub async fn approve(
        &self,
        host: &Arc<Host>,
        account: &BareJid,
        contact: &BareJid,
    ) -> Result<(), StanzaError> {
        outbound::of_account(self, host, account, contact, StanzaType::Subscribed).await
    }

    /// An account asks to see the presence of a contact (§3.1).
    ///
    /// # Errors
    /// What its owner would be told.
    pub async fn ask(
        &self,
        host: &Arc<Host>,
        account: &BareJid,
        contact: &BareJid,
    ) -> Result<(), StanzaError> {
        outbound::of_account(self, host, account, contact, StanzaType::Subscribe).await
    }

    /// The groups that an account put a contact into; none where it is not in the roster.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn groups(
        &self,
        account: &BareJid,
        contact: &Jid,
    ) -> Result<Option<Vec<Text>>, StorageError> {
        let page = self.book.open(account).await?;
        let roster = page.read();
        Ok(roster
            .find(contact.bare_str())
            .map(|contact| contact.groups.clone()))
    }
}

/// A feature that is only announced: whoever wants it uses it.
struct Announced(&'static str, &'static str);

impl StreamFeature for Announced {
    fn element(&self) -> (&'static str, &'static str) {
        (self.0, self.1)
    }
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let bound = |setting: i64| usize::try_from(setting).unwrap_or_default();
        Ok(Self {
            book: Book::new(setup.storage(), setup.clock())?,
            max_roster_items: bound(setup.settings.max_roster_items),
            max_subscription_requests: bound(setup.settings.max_subscription_requests),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        registrar.host().extensions().insert(Arc::clone(self));
        registrar.stream_feature(Arc::new(Announced("ver", versioning::NS)));
        registrar.stream_feature(Arc::new(Announced("sub", pre_approval::NS)));
        // To a session that is there: for that one.
        registrar.passes(|_| true);
        let this = Arc::clone(self);
        registrar.check_sender(
            Sender::Contact,
            Arc::new(move |_, from, own| {
                let (this, own) = (Arc::clone(&this), own.clone());
                let from = from.bare_str().to_owned();
                Box::pin(async move {
                    let page = this.book.open(&own).await;
                    page.is_ok_and(|page| page.read().sees(&from))
                })
            }),
        );
        Ok(())
    }

    async fn roster_get(
        &self,
        cx: &IqContext,
        request: Query,
    ) -> Result<OrEmpty<Query>, StanzaError> {
        requests::get(self, cx, request).await
    }

    async fn roster_set(&self, cx: &IqContext, request: Query) -> Result<Empty, StanzaError> {
        requests::set(self, cx, request).await
    }

    fn session_ended(self: &Arc<Self>, cx: &StageContext, resource: &Arc<Resource>) -> Flow {
        presence::ended(&cx.host, resource)
    }

    fn outbound_subscription(self: &Arc<Self>, cx: &StageContext, delivery: &mut Delivery) -> Flow {
        outbound::subscription(self, cx, delivery)
    }

    fn outbound_presence(self: &Arc<Self>, cx: &StageContext, delivery: &mut Delivery) -> Flow {
        let Some(resource) = delivery.from_session.clone() else {
            return Flow::Continue;
        };
        let is_broadcast =
            delivery.type_() == StanzaType::Available && delivery.stanza.to().is_none();
        if !is_broadcast || Book::at_hand(resource.account()).is_some() {
            return presence::sent(&cx.host, &resource, &delivery.stanza);
        }
        // The first presence of the account needs its roster; from now on it is in memory.
        let (this, host) = (Arc::clone(self), Arc::clone(&cx.host));
        Flow::wait(async move {
            if let Err(error) = this.book.open_for(resource.account()).await {
                tracing::warn!(%error, session = %resource.jid(), "no roster, no session");
                resource.end(Some(error.stream_error()));
                return Flow::Done;
            }
            Flow::Then(Box::new(move |delivery| {
                presence::sent(&host, &resource, &delivery.stanza)
            }))
        })
    }

    fn inbound_presence(self: &Arc<Self>, cx: &StageContext, delivery: &mut Delivery) -> Flow {
        inbound::presence(self, cx, delivery)
    }

    fn deliver_message(self: &Arc<Self>, cx: &StageContext, delivery: &mut Delivery) -> Flow {
        delivery::message(self, &cx.host, delivery)
    }

    fn deliver_iq(self: &Arc<Self>, _cx: &StageContext, _delivery: &mut Delivery) -> Flow {
        // To a session, present or not, the router itself does what §8.5.3 says; to an account, the mux.
        Flow::Continue
    }
}

/// The client's part.
pub struct Client;

impl skeleton::Client for Client {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    /// A push is acknowledged (§2.1.6). What it says reaches the application as an event; that it comes from
    /// the own account, dispatch has looked at.
    async fn roster_push(&self, _: &IqContext, _: Query) -> Result<Empty, StanzaError> {
        Ok(Empty)
    }
}
