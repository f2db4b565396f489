//! XEP-0191, Blocking Command: whom an account wants to hear nothing from, and be seen by no more.
//!
//! To those it blocks an account looks offline. The list of an account that is online is in memory, so that a
//! stanza asks no storage.

mod list;

use std::sync::Arc;

use sestina_session::errors::Refusal as _;
use sestina_session::host::{Account, Host};
use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::router::Outcome;
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_skeletons::xep_0191::{self as skeleton, Settings};
use sestina_storage::StorageError;
use sestina_types::xep_0191::blocking::{Block, Blocklist, Item, Unblock};
use sestina_types::xep_0191::errors::Blocked;
use sestina_wire::{
    BareJid, Condition, ErrorKind, Jid, Kind, Payload, Stanza, StanzaError, StanzaType,
};

use crate::{rfc_6121, xep_0377};
use list::{Change, List, Lists};

/// The server's part.
pub struct Server {
    lists: Lists,
    max_blocked: usize,
}

/// A session that asked for the list, and so hears of its changes (§3.3).
struct Asked;

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self {
            lists: Lists::new(setup.storage())?,
            max_blocked: usize::try_from(setup.settings.max_blocked).unwrap_or_default(),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        registrar.host().extensions().insert(Arc::clone(self));
        let domain = registrar.host().domain().clone();
        registrar.passes(move |stanza| {
            let from = stanza.from();
            from.is_some_and(|from| from.domain() != domain.domain())
        });
        registrar.passes_to(|account, stanza| {
            let from = stanza.from();
            List::at_hand(account).is_some_and(|list| !from.is_some_and(|from| list.blocks(from)))
        });
        Ok(())
    }

    async fn blocklist(&self, cx: &IqContext, _: Blocklist) -> Result<Blocklist, StanzaError> {
        if let Some(session) = &cx.session {
            session.extensions().insert(Arc::new(Asked));
        }
        let list = self.lists.of(&cx.host, &cx.from.to_bare()).await?;
        Ok(Blocklist {
            items: list.addresses().into_iter().map(Item::new).collect(),
            ..Blocklist::default()
        })
    }

    async fn block(&self, cx: &IqContext, request: Block) -> Result<Empty, StanzaError> {
        if request.items.is_empty() {
            return Err(StanzaError::new(Condition::BadRequest)
                .with_text("whom to block is missing: an <item/> with its address"));
        }
        // Before anything is done: what cannot be read is refused, and nobody is blocked.
        let reports = xep_0377::reports(&cx.host, &request)?;
        let owner = cx.from.to_bare();
        let list = self.lists.of(&cx.host, &owner).await?;
        let addresses = request.items.iter().map(|item| item.jid.detach());
        let change = list.change().await.block(addresses);
        if change.len() > self.max_blocked {
            return Err(
                StanzaError::new(Condition::ResourceConstraint).with_text(format!(
                    "no more than {} addresses can be blocked; unblock others first",
                    self.max_blocked
                )),
            );
        }
        let stored = self.lists.store(&owner, change).await?;
        // While they may still be reached.
        for contact in affected(&cx.host, &owner, &stored) {
            rfc_6121::take_back(&cx.host, &owner, &contact).await;
        }
        rfc_6121::take_back_directed(&cx.host, &owner, |to| stored.concerns(to)).await;
        let _order = stored.apply();
        push(&cx.host, &owner, &pushed(&request)).await;
        reports.keep(&cx.host, &owner).await?;
        Ok(Empty)
    }

    async fn unblock(&self, cx: &IqContext, request: Unblock) -> Result<Empty, StanzaError> {
        let owner = cx.from.to_bare();
        let list = self.lists.of(&cx.host, &owner).await?;
        let change = list.change().await;
        let change = match request.items.as_slice() {
            [] => change.unblock_all(),
            items => change.unblock(items.iter().map(|item| &item.jid)),
        };
        let stored = self.lists.store(&owner, change).await?;
        let seen_again = affected(&cx.host, &owner, &stored);
        let _order = stored.apply();
        for contact in seen_again {
            rfc_6121::show(&cx.host, &owner, &contact).await;
        }
        push(&cx.host, &owner, &request).await;
        Ok(Empty)
    }

    fn outgoing(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        let Some(session) = &d.from_session else {
            return Flow::Continue;
        };
        // What goes to the server or to the account itself meets nobody who may be blocked.
        let meets_others = match d.stanza.to() {
            Some(to) => !is_home(&cx.host, to) && to.as_str() != session.account().jid().as_str(),
            None => d.kind() == Kind::Presence,
        };
        if !meets_others {
            return Flow::Continue;
        }
        if let Some(list) = List::at_hand(session.account()) {
            return refused(&list, &d.stanza);
        }
        let (this, session) = (Arc::clone(self), Arc::clone(session));
        Flow::wait(async move {
            match this.lists.load(session.account()).await {
                Ok(list) => Flow::Then(Box::new(move |d| refused(&list, &d.stanza))),
                // Better nothing than what those get whom it must not reach.
                Err(error) => Flow::Refuse(error.stanza_error()),
            }
        })
    }

    fn broadcast(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        let (Some(from), Some(to)) = (d.stanza.from(), d.stanza.to()) else {
            return Flow::Continue;
        };
        let is_kept_back = cx.host.serves(from)
            && cx
                .host
                .account(&from.to_bare())
                .is_some_and(|account| is_blocked(&account, to));
        if is_kept_back {
            d.outcome = Some(Outcome::NoSession);
            return Flow::Done;
        }
        Flow::Continue
    }

    fn incoming(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        let Some(from) = d.stanza.from() else {
            return Flow::Continue;
        };
        let online = match d.resources.first() {
            Some(resource) => Some(Arc::clone(resource.account())),
            None => cx.host.account(&d.account),
        };
        match online.as_deref().and_then(List::at_hand) {
            Some(list) if list.blocks(from) => kept_away(d),
            Some(_) => Flow::Continue,
            // To a session that is not there: the answer is the same for everybody.
            None if d.kind() == Kind::Iq && online.is_none() && d.to_full().is_some() => {
                Flow::Continue
            }
            None => self.look_up(cx, d),
        }
    }
}

impl Server {
    /// The same for an account without a session.
    fn look_up(self: &Arc<Self>, cx: &StageContext, d: &Delivery) -> Flow {
        let (this, host) = (Arc::clone(self), Arc::clone(&cx.host));
        let (account, from) = (d.account.detach(), d.stanza.from().cloned());
        Flow::wait(async move {
            match (this.lists.of(&host, &account).await, from) {
                (Ok(list), Some(from)) if list.blocks(&from) => Flow::Then(Box::new(kept_away)),
                (Ok(_), _) => Flow::Continue,
                (Err(error), _) => Flow::Refuse(error.stanza_error()),
            }
        })
    }
}

/// What becomes of a stanza to somebody who is blocked (§3.3).
fn refused(list: &List, stanza: &Stanza) -> Flow {
    match stanza.to() {
        Some(to) if list.blocks(to) => Flow::Refuse(
            StanzaError::new(Condition::NotAcceptable)
                .with_kind(ErrorKind::Cancel)
                .with_application(&Blocked::default()),
        ),
        _ => Flow::Continue,
    }
}

/// What the other clients are told of a request: whom it blocks. Why is for the server.
fn pushed(request: &Block) -> Block {
    let addresses = request.items.iter().map(|item| item.jid.clone());
    Block {
        items: addresses.map(Item::new).collect(),
        ..Block::default()
    }
}

/// What becomes of a stanza of somebody who is blocked (§3.3).
fn kept_away(d: &mut Delivery) -> Flow {
    match (d.kind(), d.type_()) {
        (Kind::Message, _) | (Kind::Iq, StanzaType::Get | StanzaType::Set) => {
            Flow::Refuse(StanzaError::new(Condition::ServiceUnavailable))
        }
        (Kind::Presence | Kind::Iq, _) => {
            d.outcome = Some(Outcome::NoSession);
            Flow::Done
        }
    }
}

/// Whether an account, online or not, blocks somebody; nobody is blocked on a host without this plugin.
///
/// # Errors
/// What storage reports. Of an account that is online none is asked.
pub async fn blocks(host: &Host, account: &BareJid, other: &Jid) -> Result<bool, StorageError> {
    match host.extensions().get::<Server>() {
        Some(server) => Ok(server.lists.of(host, account).await?.blocks(other)),
        None => Ok(false),
    }
}

/// Whether an account that is online blocks somebody. No storage is asked: its list is at hand with its first presence.
pub(crate) fn is_blocked(account: &Account, other: &Jid) -> bool {
    List::at_hand(account).is_some_and(|list| list.blocks(other))
}

/// Whether an address is that of the account's own server: it stays within reach, whatever is blocked.
fn is_home(host: &Host, to: &Jid) -> bool {
    to.is_domain() && host.serves(to)
}

/// The contacts that a change brings out of sight or back into it.
fn affected(host: &Host, owner: &BareJid, change: &Change) -> Vec<BareJid> {
    let Some(account) = host.account(owner) else {
        return Vec::new();
    };
    let mut contacts = rfc_6121::subscribers(&account);
    contacts.retain(|contact| change.concerns(contact));
    contacts
}

/// Tells every session that asked for the list what has changed (§3.3 and following).
async fn push(host: &Arc<Host>, owner: &BareJid, change: &impl Payload) {
    for session in host.resources(owner) {
        if session.extensions().get::<Asked>().is_some() {
            let push = Stanza::iq(StanzaType::Set)
                .with_id(host.random().token())
                .with_from(Jid::clone(owner))
                .with_to(Jid::clone(session.jid()))
                .with(change);
            let _ = host.deliver_to(&session, push).await;
        }
    }
}

/// The client's part: what other clients of the account change reaches the application as an event.
pub struct Client;

impl skeleton::Client for Client {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    async fn block_push(&self, _: &IqContext, _: Block) -> Result<Empty, StanzaError> {
        Ok(Empty)
    }

    async fn unblock_push(&self, _: &IqContext, _: Unblock) -> Result<Empty, StanzaError> {
        Ok(Empty)
    }
}
