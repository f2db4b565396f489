//! Asking for the roster and changing it (RFC 6121 §2).

use std::collections::BTreeSet;

use sestina_session::errors;
use sestina_session::mux::{Empty, IqContext, OrEmpty};
use sestina_types::rfc_6121::roster::{Item, Query, Subscription};
use sestina_wire::{BareJid, Condition, Stanza, StanzaError, StanzaType, Text};

use super::book::Page;
use super::roster::version_text;
use super::{Server, channels, presence, push};

/// Bytes of a contact's name or a group's.
const LONGEST_NAME: usize = 1023;
/// Groups of one contact.
const MOST_GROUPS: usize = 100;

/// Answers with the roster, or with nothing where the client has it already (§2.6.3).
pub(super) async fn get(
    server: &Server,
    cx: &IqContext,
    request: Query,
) -> Result<OrEmpty<Query>, StanzaError> {
    let page = match &cx.session {
        Some(session) => server.book.open_for(session.account()).await,
        None => server.book.open(&cx.from.to_bare()).await,
    };
    let page = page.map_err(errors::storage)?;
    if let Some(session) = &cx.session {
        // Before the roster is read: a change in between is pushed.
        session.set_interested();
        channels::mark(&cx.host, session, &request).await;
    }
    let annotated = cx.session.as_deref().is_some_and(channels::marks);
    let roster = page.read();
    if request
        .ver
        .is_some_and(|ver| ver == version_text(roster.version))
    {
        return Ok(OrEmpty::Empty);
    }
    Ok(OrEmpty::Payload(roster.query(annotated)))
}

/// Adds, changes or removes one contact (§2.3 to §2.5).
pub(super) async fn set(
    server: &Server,
    cx: &IqContext,
    request: Query,
) -> Result<Empty, StanzaError> {
    let mut items = request.items.into_iter();
    let (Some(item), None) = (items.next(), items.next()) else {
        return Err(bad("a roster set has one item"));
    };
    let account = cx.from.to_bare();
    if item.jid == account {
        return Err(
            StanzaError::new(Condition::NotAllowed).with_text("nobody is their own contact")
        );
    }
    let page = server.book.open(&account).await.map_err(errors::storage)?;
    if item.subscription == Some(Subscription::Remove) {
        remove(server, cx, &account, &page, &item.jid).await?;
    } else {
        put(server, cx, &account, &page, item).await?;
    }
    Ok(Empty)
}

async fn put(
    server: &Server,
    cx: &IqContext,
    account: &BareJid,
    page: &Page,
    item: Item,
) -> Result<(), StanzaError> {
    check(&item)?;
    let mut change = server.book.change(page).await;
    let known = change.roster().contacts.get(&item.jid).cloned();
    if known.is_none() && change.roster().contacts.len() >= server.max_roster_items {
        return Err(full(server.max_roster_items));
    }
    // What the client says of the subscription counts only where it removes (§2.1.2.5).
    let mut contact = known.unwrap_or_default();
    contact.name = item
        .name
        .filter(|name| !name.is_empty())
        .map(|name| name.detach());
    contact.groups = item.groups.iter().map(Text::detach).collect();
    change.put(&item.jid, contact);
    let _changed = change.commit().await.map_err(errors::storage)?;
    push::push(&cx.host, account, page, &item.jid).await;
    Ok(())
}

/// Removes a contact, and with it both subscriptions (§2.5.2).
async fn remove(
    server: &Server,
    cx: &IqContext,
    account: &BareJid,
    page: &Page,
    jid: &BareJid,
) -> Result<(), StanzaError> {
    let mut change = server.book.change(page).await;
    let Some(contact) = change.roster().contacts.get(jid).cloned() else {
        return Err(StanzaError::new(Condition::ItemNotFound));
    };
    let requested = change.roster().requests.contains_key(jid);
    if contact.channel.is_some() {
        return Err(StanzaError::new(Condition::NotAllowed).with_text(
            "a channel goes from the roster as the account leaves it (client-leave, XEP-0405 §2.7)",
        ));
    }
    change.remove(jid);
    if requested {
        change.remove_request(jid);
    }
    let changed = change.commit().await.map_err(errors::storage)?;
    push::push(&cx.host, account, page, jid).await;
    drop(changed);
    let tell = |type_| {
        Stanza::presence(type_)
            .with_from(account.clone())
            .with_to(jid.clone())
    };
    if contact.state.to || contact.state.pending_out {
        let _ = cx.host.route(tell(StanzaType::Unsubscribe)).await;
    }
    if contact.state.from || requested {
        let _ = cx.host.route(tell(StanzaType::Unsubscribed)).await;
    }
    if contact.state.from {
        presence::take_back(&cx.host, account, jid).await;
    }
    Ok(())
}

/// Whether names and groups are acceptable (§2.3.3).
fn check(item: &Item) -> Result<(), StanzaError> {
    let unacceptable = |text| Err(StanzaError::new(Condition::NotAcceptable).with_text(text));
    if item
        .name
        .as_ref()
        .is_some_and(|name| name.len() > LONGEST_NAME)
    {
        return unacceptable("a name has at most 1023 bytes");
    }
    if item.groups.len() > MOST_GROUPS {
        return unacceptable("a contact is in at most 100 groups");
    }
    if item
        .groups
        .iter()
        .any(|group| group.is_empty() || group.len() > LONGEST_NAME)
    {
        return unacceptable("the name of a group has 1 to 1023 bytes");
    }
    let names: BTreeSet<&str> = item.groups.iter().map(|group| &**group).collect();
    if names.len() != item.groups.len() {
        return Err(bad("a group is named twice"));
    }
    Ok(())
}

/// The error for a roster without room.
pub(super) fn full(most: usize) -> StanzaError {
    StanzaError::new(Condition::NotAllowed).with_text(format!(
        "the roster holds {most} contacts, as many as it may; remove some first"
    ))
}

fn bad(text: &'static str) -> StanzaError {
    StanzaError::new(Condition::BadRequest).with_text(text)
}
