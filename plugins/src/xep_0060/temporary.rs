//! Subscriptions that end with the presence of their subscriber (§12.4): `pubsub#expire` is `presence`.
//!
//! They are in memory alone, so none outlives the server. The account of the subscriber holds the pages on which they are
//! for as long as it is online.

use std::sync::{Arc, Mutex, PoisonError};

use sestina_session::host::{Host, Resource};
use sestina_storage::Transaction;
use sestina_types::xep_0060::errors::TooManySubscriptions;
use sestina_types::xep_0060::tables::{PubsubSubscriptions, PubsubSubscriptionsRow};
use sestina_wire::{Condition, Jid, StanzaError};

use super::book::{Node, Page};
use super::{notify, options, subscription};

/// How many an account may have at once.
const MOST: usize = 1000;

/// Those of an account.
#[derive(Default)]
struct Temporary(Mutex<Vec<Held>>);

struct Held {
    page: Arc<Page>,
    node: String,
    subscriber: Jid,
    subid: String,
}

/// Whether somebody is there whose presence this server knows.
pub(super) fn is_there(host: &Host, subscriber: &Jid) -> bool {
    if !host.serves(subscriber) {
        return false;
    }
    let sessions = host.resources(&subscriber.to_bare());
    sessions.iter().any(|session| {
        session.is_available()
            && subscriber
                .resource()
                .is_none_or(|name| name == session.name())
    })
}

/// Writes a subscription where it is kept.
pub(super) fn put(transaction: &mut Transaction, row: &PubsubSubscriptionsRow) {
    if options::is_temporary(row) {
        transaction.delete::<PubsubSubscriptions>(&subscription::key(row));
    } else {
        transaction.put::<PubsubSubscriptions>(row);
    }
}

/// Has a subscription end with a presence, once it is on its page.
///
/// # Errors
/// When the account has too many, or is gone.
pub(super) fn hold(
    host: &Host,
    page: &Arc<Page>,
    row: &PubsubSubscriptionsRow,
) -> Result<(), StanzaError> {
    if !options::is_temporary(row) {
        return Ok(());
    }
    let Some(account) = host.account(&row.account) else {
        return Err(StanzaError::new(Condition::UnexpectedRequest));
    };
    let held = account.extensions().get_or_insert_with(Temporary::default);
    let mut all = held.0.lock().unwrap_or_else(PoisonError::into_inner);
    if all
        .iter()
        .any(|one| one.is(row) && Arc::ptr_eq(&one.page, page))
    {
        return Ok(());
    }
    if all.len() >= MOST {
        return Err(StanzaError::new(Condition::NotAllowed)
            .with_application(&TooManySubscriptions::default())
            .with_text(format!(
                "an account has no more than {MOST} subscriptions that end with its presence; end others first"
            )));
    }
    all.push(Held {
        page: Arc::clone(page),
        node: row.node.clone(),
        subscriber: row.subscriber.clone(),
        subid: row.subid.clone(),
    });
    Ok(())
}

/// A session is not available any more: what was to end with it ends, of its account too when no other session is there.
pub(super) fn gone(host: &Arc<Host>, session: &Arc<Resource>) {
    let account = session.account();
    let Some(held) = account.extensions().get::<Temporary>() else {
        return;
    };
    let others = account.resources();
    let is_last = !others
        .iter()
        .any(|other| other.is_available() && !Arc::ptr_eq(other, session));
    let ended: Vec<Held> = {
        let mut all = held.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extract_if(.., |one| match one.subscriber.resource() {
            Some(name) => name == session.name(),
            None => is_last,
        })
        .collect()
    };
    if ended.is_empty() {
        return;
    }
    let host = Arc::clone(host);
    tokio::spawn(async move {
        for one in ended {
            one.end(&host).await;
        }
    });
}

impl Held {
    fn is(&self, row: &PubsubSubscriptionsRow) -> bool {
        self.node == row.node && self.subscriber == row.subscriber && self.subid == row.subid
    }

    async fn end(self, host: &Arc<Host>) {
        let _change = self.page.change().await;
        let Some(node) = self.page.node(&self.node) else {
            return;
        };
        // It may have become one that stays, or was ended.
        let is_it = |row: &PubsubSubscriptionsRow| self.is(row) && options::is_temporary(row);
        let Some(row) = node.subscriptions.iter().find(|row| is_it(row)) else {
            return;
        };
        let mut changed = Node::clone(&node);
        changed.subscriptions.retain(|row| !is_it(row));
        self.page.put(changed);
        notify::to_owners(host, self.page.owner(), &node, row, false);
    }
}
