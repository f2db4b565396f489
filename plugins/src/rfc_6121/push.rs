//! Roster pushes (RFC 6121 §2.1.6).

use std::sync::Arc;

use sestina_session::host::{Host, Resources};
use sestina_types::rfc_6121::roster::{Item, Query, Subscription};
use sestina_wire::{BareJid, Jid, Stanza, StanzaType};

use super::book::Page;
use super::roster::version_text;

/// The sessions of an account that asked for its roster.
pub(super) fn interested(host: &Host, account: &BareJid) -> Resources {
    let mut resources = host.resources(account);
    resources.retain(|resource| resource.is_interested());
    resources
}

/// Pushes what is in the roster now of a contact, or that it is gone.
pub(super) async fn push(host: &Arc<Host>, account: &BareJid, page: &Page, contact: &BareJid) {
    let sessions = interested(host, account);
    if sessions.is_empty() {
        return;
    }
    let query = {
        let roster = page.read();
        let item = match roster.contacts.get(contact) {
            Some(known) => known.item(contact),
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
    for session in sessions {
        let push = Stanza::iq(StanzaType::Set)
            .with_id(host.random().token())
            .with_from(Jid::clone(account))
            .with_to(Jid::clone(session.jid()))
            .with(&query);
        let _ = host.deliver_to(&session, push).await;
    }
}

/// Gives a stanza to every session that asked for the roster: answers to subscriptions are for those alone.
pub(super) async fn to_interested(host: &Arc<Host>, account: &BareJid, stanza: &Stanza) {
    for session in interested(host, account) {
        let _ = host.deliver_to(&session, stanza.clone()).await;
    }
}
