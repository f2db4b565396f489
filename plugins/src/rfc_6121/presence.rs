//! What a session says of itself: broadcast, directed presence, and its end (RFC 6121 §4).

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use sestina_session::host::{Host, Resource};
use sestina_session::router::{Outcome, Routed};
use sestina_session::stages::Flow;
use sestina_types::rfc_6121::client::Priority;
use sestina_wire::{BareJid, Condition, Frame, Jid, Kind, Stanza, StanzaError, StanzaType, ns};

use super::book::{Book, Page};
use super::channels;
use super::roster::Contact;
use crate::{xep_0191, xep_0405};

/// To how many a session may direct presence at a time; it is remembered for each.
const MOST_DIRECTED: usize = 1000;

/// Whom a session directed presence to, and who must learn when it goes (§4.6).
#[derive(Default)]
struct Directed(Mutex<BTreeSet<Jid>>);

impl Directed {
    fn with<R>(&self, work: impl FnOnce(&mut BTreeSet<Jid>) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Stanzas on their way. Most arrive at once; what waits for a slow reader is waited for together.
#[derive(Default)]
pub(super) struct Sending(Vec<BoxFuture<'static, Outcome>>);

impl Sending {
    pub(super) fn add(&mut self, routed: Routed) {
        if let Routed::Later(future) = routed {
            self.0.push(future);
        }
    }

    /// Goes on with a decision once everything is sent.
    fn then(self, flow: Flow) -> Flow {
        if self.0.is_empty() {
            return flow;
        }
        Flow::wait(async move {
            self.finish().await;
            flow
        })
    }

    pub(super) async fn finish(self) {
        futures_util::future::join_all(self.0).await;
    }
}

/// A session sent presence that is not about subscriptions.
pub(super) fn sent(host: &Arc<Host>, resource: &Arc<Resource>, stanza: &Stanza) -> Flow {
    let mut sending = Sending::default();
    match (stanza.type_(), stanza.to()) {
        (StanzaType::Available, None) => {
            available(host, resource, stanza, &mut sending);
            sending.then(Flow::Continue)
        }
        (StanzaType::Unavailable, None) => {
            unavailable(host, resource, stanza, &mut sending);
            sending.then(Flow::Continue)
        }
        (StanzaType::Available, Some(to)) => {
            let directed = resource.extensions().get_or_insert_with(Directed::default);
            let has_room = directed.with(|directed| {
                let has_room = directed.len() < MOST_DIRECTED || directed.contains(to);
                if has_room {
                    directed.insert(to.detach());
                }
                has_room
            });
            if has_room {
                Flow::Continue
            } else {
                let text = format!(
                    "presence is directed to {MOST_DIRECTED} already, as many as may; take some back first"
                );
                Flow::Refuse(StanzaError::new(Condition::ResourceConstraint).with_text(text))
            }
        }
        (StanzaType::Unavailable, Some(to)) => {
            if let Some(directed) = resource.extensions().get::<Directed>() {
                directed.with(|directed| directed.remove(to));
            }
            Flow::Continue
        }
        (_, Some(_)) => Flow::Continue,
        // A probe or an error for nobody.
        (_, None) => Flow::Done,
    }
}

/// A session ended without taking its presence back: the server does (§4.5.2).
pub(super) fn ended(host: &Arc<Host>, resource: &Arc<Resource>) -> Flow {
    let mut sending = Sending::default();
    let gone = Stanza::presence(StanzaType::Unavailable).with_from(Jid::clone(resource.jid()));
    unavailable(host, resource, &gone, &mut sending);
    sending.then(Flow::Continue)
}

/// Initial presence (§4.2) or an update (§4.4).
fn available(host: &Arc<Host>, resource: &Arc<Resource>, stanza: &Stanza, sending: &mut Sending) {
    // What is no number counts as none.
    let priority = stanza
        .decode::<Priority>()
        .and_then(Result::ok)
        .map_or(0, |priority| priority.text);
    let mut kept = stanza.clone();
    kept.compact();
    let initial = resource.set_available(kept, priority).is_none();
    let account = resource.account();
    let page = Book::at_hand(account);
    if let Some(page) = &page {
        broadcast(host, resource, stanza, page, |_| true, sending);
    }
    // Every available session of the account, this one included.
    for other in account.resources() {
        if !other.is_available() {
            continue;
        }
        sending.add(host.deliver_to(&other, to(stanza, Jid::clone(account.jid()))));
        if initial
            && !Arc::ptr_eq(&other, resource)
            && let Some(presence) = other.presence()
        {
            sending.add(host.deliver_to(resource, to(&presence, Jid::clone(resource.jid()))));
        }
    }
    let Some(page) = page.filter(|_| initial) else {
        return;
    };
    // The roster is not held while stanzas are routed: what they meet may look into it as well.
    let (contacts, requests) = {
        let roster = page.read();
        (
            reachable(host, roster.subscriptions()),
            roster.requests.values().cloned().collect::<Vec<_>>(),
        )
    };
    for contact in contacts {
        let probe = Stanza::presence(StanzaType::Probe).with_from(Jid::clone(resource.jid()));
        sending.add(host.route(probe.with_to(contact)));
    }
    for request in requests.iter().filter_map(|request| restore(request)) {
        // It waits until its sender is not blocked any more (XEP-0191 §3.3).
        let from = request.from();
        if from.is_some_and(|from| xep_0191::is_blocked(account, from)) {
            continue;
        }
        sending.add(host.deliver_to(resource, request));
    }
    channels::came(host, resource, sending);
}

/// The session is not available any more: everybody learns it who thought it was.
fn unavailable(host: &Arc<Host>, resource: &Arc<Resource>, stanza: &Stanza, sending: &mut Sending) {
    let was_available = resource.set_unavailable().is_some();
    let account = resource.account();
    let directed = resource.extensions().remove::<Directed>();
    let directed = directed
        .map(|directed| directed.with(std::mem::take))
        .unwrap_or_default();
    let page = Book::at_hand(account);
    // With its last session the account is gone for whoever would keep this from those whom it blocks.
    let is_last = host.account(account.jid()).is_none();
    let may_know = |other: &Jid| !is_last || !xep_0191::is_blocked(account, other);
    if was_available {
        if let Some(page) = &page {
            broadcast(host, resource, stanza, page, may_know, sending);
        }
        for other in account.resources() {
            if other.is_available() || Arc::ptr_eq(&other, resource) {
                sending.add(host.deliver_to(&other, to(stanza, Jid::clone(account.jid()))));
            }
        }
    }
    for other in directed {
        let told = was_available
            && page
                .as_ref()
                .is_some_and(|page| page.read().sees(other.bare_str()));
        if !told && may_know(&other) {
            sending.add(host.route(to(stanza, other)));
        }
    }
}

/// To every contact that sees the account's presence; to channels only of a session that knows them (XEP-0405 §2.8).
fn broadcast(
    host: &Arc<Host>,
    resource: &Resource,
    stanza: &Stanza,
    page: &Page,
    may_know: impl Fn(&Jid) -> bool,
    sending: &mut Sending,
) {
    let knows = OnceCell::new();
    let is_to_see = |contact: &Contact| {
        contact.channel.is_none() || *knows.get_or_init(|| xep_0405::knows(resource))
    };
    let contacts = {
        let roster = page.read();
        let all = roster.contacts.iter();
        let seeing = all.filter(|(_, contact)| contact.state.from && is_to_see(contact));
        reachable(host, seeing.map(|(jid, _)| jid))
    };
    for contact in contacts.into_iter().filter(|contact| may_know(contact)) {
        sending.add(host.route(to(stanza, contact)));
    }
}

/// Those contacts at which presence can arrive: an account of this host without a session has nobody to see it.
fn reachable<'a>(host: &Host, contacts: impl Iterator<Item = &'a BareJid>) -> Vec<Jid> {
    let is_there = |contact: &&BareJid| {
        !host.serves(contact) || contact.local().is_none() || host.account(contact).is_some()
    };
    contacts
        .filter(is_there)
        .map(|contact| Jid::clone(contact))
        .collect()
}

/// Says anew what a session is, in its place: to its contacts and to the other sessions of its account.
pub async fn renew(host: &Arc<Host>, resource: &Arc<Resource>, presence: &Stanza) {
    let mut sending = Sending::default();
    available(host, resource, presence, &mut sending);
    sending.finish().await;
}

/// Shows a contact that was let in what every available session last said (§3.1.5).
pub async fn show(host: &Arc<Host>, account: &BareJid, contact: &BareJid) {
    for resource in host.resources(account) {
        if let Some(presence) = resource.presence() {
            let _ = host.route(to(&presence, Jid::clone(contact))).await;
        }
    }
}

/// Tells a contact that may not see the account any more that every session is gone (§3.2.2).
pub async fn take_back(host: &Arc<Host>, account: &BareJid, contact: &BareJid) {
    for resource in host.resources(account) {
        if resource.is_available() {
            let gone =
                Stanza::presence(StanzaType::Unavailable).with_from(Jid::clone(resource.jid()));
            let _ = host.route(gone.with_to(Jid::clone(contact))).await;
        }
    }
}

/// The same for those to whom sessions directed presence, as far as they are concerned: what is directed to them later, and the
/// end of the session, does not reach them (§4.6, XEP-0191 §3.3).
pub async fn take_back_directed(
    host: &Arc<Host>,
    account: &BareJid,
    concerns: impl Fn(&Jid) -> bool,
) {
    for resource in host.resources(account) {
        let Some(directed) = resource.extensions().get::<Directed>() else {
            continue;
        };
        let mut gone = directed.with(|all| {
            let those = all.extract_if(.., |to| concerns(to));
            those.collect::<Vec<_>>()
        });
        // Contacts are told as such.
        if let Some(page) = Book::at_hand(resource.account()).filter(|_| resource.is_available()) {
            gone.retain(|to| !page.read().sees(to.bare_str()));
        }
        for to in gone {
            let from = Jid::clone(resource.jid());
            let stanza = Stanza::presence(StanzaType::Unavailable).with_from(from);
            let _ = host.route(stanza.with_to(to)).await;
        }
    }
}

/// Answers a probe of somebody who may see the account (§4.3.2): the last presence of each available session.
pub(super) fn answer_probe(host: &Arc<Host>, resources: &[Arc<Resource>], prober: &Jid) -> Flow {
    let mut sending = Sending::default();
    for resource in resources {
        if let Some(presence) = resource.presence() {
            sending.add(host.route(to(&presence, prober.clone())));
        }
    }
    sending.then(Flow::Done)
}

/// The same stanza to somebody else.
fn to(stanza: &Stanza, to: Jid) -> Stanza {
    let mut stanza = stanza.clone();
    stanza.head_mut().to = Some(to);
    stanza
}

/// A stored request as a stanza.
fn restore(text: &str) -> Option<Stanza> {
    let frame = Frame::parse_in(text.to_owned(), ns::CLIENT).ok()?;
    Stanza::from_frame(frame)
        .ok()
        .filter(|stanza| stanza.kind() == Kind::Presence)
}
