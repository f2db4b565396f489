//! Roster pushes (RFC 6121 §2.1.6).

use std::sync::{Arc, PoisonError, RwLock};

use sestina_session::host::{Host, Resources};
use sestina_types::rfc_6121::roster::{Item, Query, Subscription};
use sestina_wire::{BareJid, Jid, Stanza, StanzaType};

use super::book::Page;
use super::channels;
use super::roster::version_text;

/// The sessions of an account that asked for its roster.
pub(super) fn interested(host: &Host, account: &BareJid) -> Resources {
    let mut resources = host.resources(account);
    resources.retain(|resource| resource.is_interested());
    resources
}

/// Others that hear of every change of a roster, beside the sessions of its account.
#[derive(Default)]
struct Watchers(RwLock<Vec<Watcher>>);

/// What a watcher does: whose roster, and the push.
type Watcher = Arc<dyn Fn(&Arc<Host>, &BareJid, &Query) + Send + Sync>;

/// Calls a function with every roster push of a host, whether a session gets it or not.
pub fn watch_rosters<F>(host: &Host, function: F)
where
    F: Fn(&Arc<Host>, &BareJid, &Query) + Send + Sync + 'static,
{
    let watchers = host.extensions().get_or_insert_with(Watchers::default);
    let mut all = watchers.0.write().unwrap_or_else(PoisonError::into_inner);
    all.push(Arc::new(function));
}

/// Pushes what is in the roster now of a contact, or that it is gone.
pub(super) async fn push(host: &Arc<Host>, account: &BareJid, page: &Page, contact: &BareJid) {
    let sessions = interested(host, account);
    let watchers = host.extensions().get::<Watchers>();
    if sessions.is_empty() && watchers.is_none() {
        return;
    }
    let is_channel = {
        let roster = page.read();
        let known = roster.contacts.get(contact);
        known.is_some_and(|known| known.channel.is_some())
    };
    let change = |annotated| {
        let roster = page.read();
        let item = match roster.contacts.get(contact) {
            Some(known) => known.item(contact, annotated),
            None => Item {
                subscription: Some(Subscription::Remove),
                ..Item::new(contact.clone())
            },
        };
        Query {
            ver: Some(version_text(roster.version)),
            items: vec![item],
            ..Query::default()
        }
    };
    let query = change(false);
    let marked = is_channel.then(|| change(true));
    if let Some(watchers) = watchers {
        for watcher in &*watchers.0.read().unwrap_or_else(PoisonError::into_inner) {
            watcher(host, account, &query);
        }
    }
    for session in sessions {
        let push = Stanza::iq(StanzaType::Set)
            .with_id(host.random().token())
            .with_from(Jid::clone(account))
            .with_to(Jid::clone(session.jid()))
            .with(match &marked {
                Some(marked) if channels::marks(&session) => marked,
                _ => &query,
            });
        let _ = host.deliver_to(&session, push).await;
    }
}

/// Gives a stanza to every session that asked for the roster: answers to subscriptions are for those alone.
pub(super) async fn to_interested(host: &Arc<Host>, account: &BareJid, stanza: &Stanza) {
    for session in interested(host, account) {
        let _ = host.deliver_to(&session, stanza.clone()).await;
    }
}
