//! XEP-0160, offline messages: what is sent to somebody who is not there waits until they are.
//!
//! The server takes a message over only when it is stored: its sender's stream goes on after that (§2, step
//! 4). It lets go of it only when a resource has it in its queue.

mod shelf;

use std::sync::Arc;

use sestina_session::errors;
use sestina_session::host::{Host, Resource};
use sestina_session::plugin::{PluginError, Setup};
use sestina_session::router::Outcome;
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_skeletons::xep_0160::{self as skeleton, Settings};
use sestina_storage::{Range, Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::xep_0160::tables::{OfflineMessagesRow, OfflineStore};
use sestina_types::xep_0334;
use sestina_wire::{BareJid, Condition, Frame, Stanza, StanzaError, StanzaType, ns};

use crate::{xep_0203, xep_0313};
use shelf::Shelves;

/// Chat state notifications (XEP-0085), which nobody wants to read later.
const CHAT_STATES: &str = "http://jabber.org/protocol/chatstates";

/// How many messages are read from storage at a time.
const PAGE: u32 = 64;

/// The server's part.
pub struct Server {
    messages: OfflineStore,
    max_messages: i64,
    shelves: Shelves,
}

/// A resource that has been given what was stored, and needs not be asked about again while it stays
/// available.
struct Served;

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let messages = setup.storage().offline().or_else(|| {
            tracing::warn!(
                "the storage keeps no offline messages: they are lost when the server stops"
            );
            Storage::memory().offline()
        });
        Ok(Self {
            messages: messages
                .ok_or_else(|| StorageError::Unsupported("offline messages".into()))?,
            max_messages: setup.settings.max_messages,
            shelves: Shelves::default(),
        })
    }

    fn store(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        if !is_kept(&d.stanza) {
            return Flow::Continue;
        }
        let (this, host) = (Arc::clone(self), Arc::clone(&cx.host));
        let (account, stanza) = (d.account.detach(), d.stanza.clone());
        Flow::wait(async move { this.take(&host, account, stanza).await })
    }

    fn deliver_stored(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        let Some(resource) = d
            .from_session
            .as_ref()
            .filter(|_| d.stanza.head().to.is_none())
        else {
            return Flow::Continue;
        };
        // What the presence changed is noted by now: this function runs after RFC 6121's.
        if !takes_messages(resource) {
            resource.extensions().remove::<Served>();
        } else if resource.extensions().get::<Served>().is_none() {
            resource.extensions().insert(Arc::new(Served));
            let (this, host, resource) =
                (Arc::clone(self), Arc::clone(&cx.host), Arc::clone(resource));
            // The session goes on meanwhile: only it can empty the queue that the messages go into.
            tokio::spawn(async move {
                if let Err(error) = this.hand_over(&host, &resource).await {
                    tracing::warn!(account = %resource.account().jid(), %error, "stored messages stay stored");
                    // Its next presence tries again.
                    resource.extensions().remove::<Served>();
                }
            });
        }
        Flow::Continue
    }
}

impl Server {
    /// Stores a message, or passes it on if its recipient came online in the meantime.
    async fn take(&self, host: &Arc<Host>, account: BareJid, stanza: Stanza) -> Flow {
        let shelf = self.shelves.of(&account);
        let place = shelf.enter().await;
        // Whoever came online before we entered has been served already, or waits at the door.
        if host.resources(&account).iter().any(takes_messages) {
            drop(place);
            let outcome = host.route(stanza).await;
            return Flow::Then(Box::new(move |d| {
                d.outcome = Some(outcome);
                Flow::Done
            }));
        }
        match self.put(host, place, account, &stanza).await {
            Ok(true) => Flow::Then(Box::new(|d| {
                d.outcome = Some(Outcome::Queued);
                Flow::Done
            })),
            // §2, step 3.
            Ok(false) => Flow::Refuse(StanzaError::new(Condition::ServiceUnavailable).with_text(
                format!(
                    "{} messages wait there, as many as may; send it again once they are fetched",
                    self.max_messages
                ),
            )),
            Err(error) => Flow::Refuse(errors::storage(error)),
        }
    }

    /// Puts a message behind the others; false when there is no room.
    async fn put(
        &self,
        host: &Host,
        place: shelf::Place<'_>,
        account: BareJid,
        stanza: &Stanza,
    ) -> Result<bool, StorageError> {
        let Some(seq) = place
            .next(&self.messages, &account, self.max_messages)
            .await?
        else {
            return Ok(false);
        };
        let mut bytes = Vec::new();
        stanza.write(&mut bytes, ns::CLIENT);
        let stanza = String::from_utf8(bytes).map_err(StorageError::corrupt)?;
        self.messages
            .insert(&OfflineMessagesRow {
                owner: account,
                seq,
                received: host.clock().now(),
                stanza,
            })
            .await?;
        Ok(true)
    }

    /// Gives a resource what is stored for its account, oldest first (§2, step 5).
    async fn hand_over(
        &self,
        host: &Arc<Host>,
        resource: &Arc<Resource>,
    ) -> Result<(), StorageError> {
        let account = resource.account().jid();
        let shelf = self.shelves.of(account);
        // Nobody stores in the meantime, and no other resource is served.
        let mut all = shelf.close().await;
        loop {
            let page = self
                .messages
                .of_owner_page(account, Range::all(), PAGE, false)
                .await?;
            let Some(last) = page.last().map(|row| row.seq) else {
                break;
            };
            for row in page {
                let Some(stanza) = restore(host, &row) else {
                    continue;
                };
                // What it has been handed from the archive it has (XEP-0313 §5.1.1).
                if xep_0313::has_fetched(resource, &stanza) {
                    continue;
                }
                // A resource that takes its presence back meanwhile gets no more: it may be about to leave.
                if !takes_messages(resource)
                    || host.deliver_to(resource, stanza).await != Outcome::Delivered
                {
                    // It has what came before, the next one gets the rest.
                    all.forget();
                    self.messages
                        .delete_of_owner(account, Range::before(row.seq))
                        .await?;
                    return Ok(());
                }
            }
            all.forget();
            self.messages
                .delete_of_owner(account, Range::up_to(last))
                .await?;
        }
        drop(all);
        xep_0313::forget_fetched(resource);
        self.shelves.tidy(account, shelf);
        Ok(())
    }
}

/// The message of a row with the mark of its delay; none, and a word in the log, if it cannot be read.
fn restore(host: &Host, row: &OfflineMessagesRow) -> Option<Stanza> {
    let stanza = Frame::parse_in(row.stanza.clone(), ns::CLIENT)
        .ok()
        .and_then(|frame| Stanza::from_frame(frame).ok());
    if stanza.is_none() {
        tracing::error!(account = %row.owner, seq = row.seq, "a stored message cannot be read and is dropped");
    }
    Some(xep_0203::mark(
        stanza?,
        host.domain(),
        row.received,
        "Offline Storage",
    ))
}

/// Whether a resource gets messages that are sent to the account (RFC 6121 §8.5.2).
fn takes_messages(resource: &Arc<Resource>) -> bool {
    resource.priority().is_some_and(|priority| priority >= 0)
}

/// Whether a message is stored (§3). What is not is left to RFC 6121 §8.5.2.2.
fn is_kept(stanza: &Stanza) -> bool {
    // What its sender does not want stored anywhere is not (XEP-0334 §4.2).
    if stanza.child("no-store", xep_0334::NS).is_some() {
        return false;
    }
    match stanza.head().type_ {
        StanzaType::Normal => true,
        // The thread says only which conversation it is that somebody is composing in.
        StanzaType::Chat => stanza
            .children()
            .any(|child| child.ns() != CHAT_STATES && child.name() != "thread"),
        _ => false,
    }
}
