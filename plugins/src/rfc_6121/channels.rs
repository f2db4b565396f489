//! Contacts that are channels (XEP-0405): put into the roster and taken out as their server joins and leaves them for the account,
//! marked for clients that ask for it, and heard by the clients that know what a channel is.

use std::sync::Arc;

use sestina_session::errors;
use sestina_session::host::{Account, Host, Resource};
use sestina_session::router::Outcome;
use sestina_session::stages::{Delivery, Flow};
use sestina_storage::StorageError;
use sestina_types::rfc_6121::roster::Query;
use sestina_types::{xep_0060, xep_0405};
use sestina_wire::{BareJid, Jid, Stanza, StanzaError, StanzaType, Text};

use super::book::Book;
use super::roster::Contact;
use super::subscription::State;
use super::{Server, delivery, presence, push, requests};
use crate::xep_0405 as membership;

/// What the names of the nodes of channels begin with (XEP-0369 §4.6).
const NODES: &str = "urn:xmpp:mix:nodes:";

/// A session that wants channels to be marked (XEP-0405 §2.8).
struct Marked;

/// Notes whether a request for the roster asks for channels to be marked; each says it anew.
pub(super) async fn mark(host: &Arc<Host>, session: &Arc<Resource>, request: &Query) {
    let asks = |any: &sestina_wire::AnyElement| any.root().is("annotate", xep_0405::roster::NS);
    if request.any.iter().any(asks) {
        session.extensions().insert(Arc::new(Marked));
        if membership::knows_channels(session) {
            turned_out(host, session).await;
        }
    } else if marks(session) {
        session.extensions().remove::<Marked>();
    }
}

/// Whether a session wants channels to be marked.
pub(super) fn marks(session: &Resource) -> bool {
    session.extensions().get::<Marked>().is_some()
}

/// Whether a message to an account may be one of a channel, as the message itself says.
pub(super) fn may_speak(stanza: &Stanza) -> bool {
    match stanza.type_() {
        StanzaType::Groupchat => true,
        StanzaType::Normal | StanzaType::Headline => {
            let event = stanza.child("event", xep_0060::event::NS);
            event.is_some_and(|event| {
                let change = event.element().children().next();
                let node = change.and_then(|change| change.attr("node"));
                node.is_some_and(|node| node.starts_with(NODES))
            })
        }
        _ => false,
    }
}

/// A session that knows channels is there from now on: channels are asked who is there (XEP-0405 §2.8.3).
pub(super) fn came(host: &Arc<Host>, session: &Arc<Resource>, sending: &mut presence::Sending) {
    let account = session.account();
    let Some(page) = Book::at_hand(account) else {
        return;
    };
    let channels: Vec<BareJid> = page.read().channels().cloned().collect();
    if channels.is_empty() {
        return;
    }
    if !membership::knows(session) {
        return membership::find_out(host, session);
    }
    for channel in channels {
        let request = Stanza::presence(StanzaType::Available);
        let request = request.with_from(Jid::clone(account.jid()));
        sending.add(host.route(request.with_to(Jid::clone(&channel))));
    }
}

/// It turns out that a session knows channels: they are shown what it said of itself before.
pub(crate) async fn turned_out(host: &Arc<Host>, session: &Arc<Resource>) {
    let Some(presence) = session.presence() else {
        return;
    };
    let mut sending = presence::Sending::default();
    if let Some(page) = Book::at_hand(session.account()) {
        let channels: Vec<BareJid> = page.read().channels().cloned().collect();
        for channel in channels {
            sending.add(host.route(presence.clone().with_to(Jid::clone(&channel))));
        }
    }
    came(host, session, &mut sending);
    sending.finish().await;
}

/// Whether a presence is that of a participant of a channel that an account takes part in (XEP-0403 §3.2).
pub(super) fn is_of_participant(account: &Account, from: &Jid) -> bool {
    let channel = from.local().and_then(|local| local.split_once('#'));
    let channel = channel.and_then(|(_, channel)| BareJid::new(Some(channel), from.domain()).ok());
    channel.is_some_and(|channel| is_channel(account, &channel) == Some(true))
}

/// A message of a channel goes to all clients that know channels, whatever they say of themselves (XEP-0405 §2.2).
pub(super) fn deliver(server: &Arc<Server>, host: &Arc<Host>, d: &mut Delivery) -> Flow {
    let Some(from) = d.stanza.from() else {
        return delivery::usual(host, d);
    };
    let account = host.account(&d.account);
    match account.and_then(|account| is_channel(&account, from)) {
        Some(true) => to_those_who_know(d),
        Some(false) => delivery::usual(host, d),
        None => {
            let (server, host) = (Arc::clone(server), Arc::clone(host));
            let (account, from) = (d.account.detach(), from.detach());
            Flow::wait(async move {
                match server.book.is_channel(&account, &from.to_bare()).await {
                    Ok(true) => Flow::Then(Box::new(to_those_who_know)),
                    Ok(false) => Flow::Then(Box::new(move |d| delivery::usual(&host, d))),
                    Err(error) => Flow::Refuse(errors::storage(error)),
                }
            })
        }
    }
}

fn to_those_who_know(d: &mut Delivery) -> Flow {
    d.resources
        .retain(|resource| resource.is_available() && membership::knows(resource));
    if d.resources.is_empty() && d.type_() != StanzaType::Groupchat {
        // Nobody wants to hear later what is asked for then.
        d.outcome = Some(Outcome::Delivered);
        return Flow::Done;
    }
    Flow::Continue
}

/// Whether somebody is a channel that an account takes part in, or is about to, where its roster is at hand. No storage is
/// asked.
pub(crate) fn is_channel(account: &Account, from: &Jid) -> Option<bool> {
    if membership::is_joining(account, from) {
        return Some(true);
    }
    let page = Book::at_hand(account)?;
    let roster = page.read();
    let contact = roster.find(from.bare_str());
    Some(contact.is_some_and(|contact| contact.channel.is_some()))
}

impl Server {
    /// Refuses one contact too many, before a channel is joined.
    ///
    /// # Errors
    /// What the owner of the roster is told.
    pub(crate) async fn has_room(
        &self,
        account: &BareJid,
        channel: &BareJid,
    ) -> Result<(), StanzaError> {
        let page = self.book.open(account).await?;
        let roster = page.read();
        if roster.contacts.len() >= self.max_roster_items && roster.find(channel.as_str()).is_none()
        {
            return Err(requests::full(self.max_roster_items));
        }
        Ok(())
    }

    /// An account takes part in a channel from now on, and shows it its presence (XEP-0405 §2.8).
    ///
    /// # Errors
    /// What storage reports.
    pub(crate) async fn put_channel(
        &self,
        host: &Arc<Host>,
        account: &BareJid,
        channel: &BareJid,
        participant: &Text,
    ) -> Result<(), StorageError> {
        let page = self.book.open(account).await?;
        let mut change = self.book.change(&page).await;
        let known = change.roster().contacts.get(channel).cloned();
        let before = known.clone().unwrap_or_default();
        let contact = Contact {
            channel: Some(participant.detach()),
            state: State {
                from: true,
                ..before.state
            },
            ..before
        };
        if known.as_ref() == Some(&contact) {
            return Ok(());
        }
        change.put(channel, contact);
        let _changed = change.commit().await?;
        push::push(host, account, &page, channel).await;
        for session in host.resources(account) {
            if let Some(presence) = session.presence().filter(|_| membership::knows(&session)) {
                let _ = host.route(presence.with_to(Jid::clone(channel))).await;
            }
        }
        Ok(())
    }

    /// An account takes part in a channel no more; whether it did.
    ///
    /// # Errors
    /// What storage reports.
    pub(crate) async fn remove_channel(
        &self,
        host: &Arc<Host>,
        account: &BareJid,
        channel: &BareJid,
    ) -> Result<bool, StorageError> {
        let page = self.book.open(account).await?;
        let mut change = self.book.change(&page).await;
        let is_channel = change
            .roster()
            .find(channel.as_str())
            .is_some_and(|contact| contact.channel.is_some());
        if is_channel {
            change.remove(channel);
            let _changed = change.commit().await?;
            push::push(host, account, &page, channel).await;
        }
        Ok(is_channel)
    }
}
