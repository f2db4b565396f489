//! XEP-0313, Message Archive Management: what an account was sent and has sent, kept and handed out page by page.
//!
//! A message is stored before it goes on: whoever gets it can rely on finding it again.

mod fetched;
mod keeping;
mod query;
mod quota;
mod rooms;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sestina_session::errors;
use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_skeletons::xep_0313::{self as skeleton, Settings};
use sestina_storage::{Range, Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::xep_0313::tables::{ArchiveRow, ArchiveStore};
use sestina_types::xep_0313::{End, Fin, Metadata, Query, Start};
use sestina_types::xep_0359::StanzaId;
use sestina_wire::{BareJid, DateTime, Jid, Stanza, StanzaError, StanzaType, Text, Timestamp, ns};

use crate::xep_0441::{self, Wish};

pub(crate) use fetched::{forget_fetched, has_fetched};
pub(crate) use keeping::{is_content, is_kept_in_room};

/// The server's part.
pub struct Server {
    archive: ArchiveStore,
    max_page: u32,
    quota: quota::Quota,
    /// What is kept of an account.
    most: quota::Amount,
    /// When the last message was stored, in microseconds: ids of one archive grow, however fast messages come.
    last: AtomicI64,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let archive = setup.storage().archive().or_else(|| {
            tracing::warn!("the storage keeps no archive: it is lost when the server stops");
            Storage::memory().archive()
        });
        Ok(Self {
            archive: archive.ok_or_else(|| StorageError::Unsupported("archive".into()))?,
            max_page: u32::try_from(setup.settings.max_page).unwrap_or_default(),
            quota: quota::Quota::default(),
            most: quota::Amount {
                messages: u64::try_from(setup.settings.max_messages).unwrap_or_default(),
                bytes: setup.settings.max_bytes.0,
            },
            last: AtomicI64::new(0),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        registrar.host().extensions().insert(Arc::clone(self));
        // What is said in a room is in its own archive, and says under which id it is there; what it says of others is looked at.
        registrar.passes(|stanza| {
            let room = stanza.from().map(Jid::bare_str);
            let mut ids = stanza
                .children()
                .filter(|child| child.is("stanza-id", sestina_types::xep_0359::NS));
            ids.all(|id| id.element().attr("by").as_deref() == room)
        });
        Ok(())
    }

    async fn archive_query(&self, cx: &IqContext, request: Query) -> Result<Fin, StanzaError> {
        query::answer(self, cx, &cx.from.to_bare(), request).await
    }

    async fn archive_fields(&self, cx: &IqContext, _: Query) -> Result<Query, StanzaError> {
        Ok(query::fields(&cx.host))
    }

    /// Where the archive begins and ends (§4.3).
    async fn archive_metadata(&self, cx: &IqContext, _: Metadata) -> Result<Metadata, StanzaError> {
        self.ends(&cx.from.to_bare()).await
    }

    fn archive_sent(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        let to = d.stanza.to().unwrap_or(&d.account);
        // What an account sends to itself is stored once, as it arrives.
        if to.bare_str() == d.account.as_str() || !keeping::is_kept(&d.stanza) {
            return Flow::Continue;
        }
        let wish = xep_0441::wish(&cx.host, &d.account, to);
        self.as_wished(wish, &cx.host, d, Self::keep_sent)
    }

    fn archive_received(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        if d.stanza
            .child("stanza-id", sestina_types::xep_0359::NS)
            .is_none()
        {
            return self.receive(&cx.host, d);
        }
        // Nobody else can say what is in this archive (XEP-0359 §5).
        let account = d.account.as_str();
        let mut said = None;
        d.stanza.retain(|child| {
            let id = child
                .is("stanza-id", sestina_types::xep_0359::NS)
                .then(|| child.decode::<StanzaId>().ok())
                .flatten()
                .filter(|id| id.by.as_str() == account);
            let is_ours = id.is_some();
            said = id.map(|id| id.id).or(said.take());
            !is_ours
        });
        let Some(id) = said else {
            return self.receive(&cx.host, d);
        };
        // Unless it was on its way before, and its recipient came back meanwhile (XEP-0160): then it is there already.
        let (this, host) = (Arc::clone(self), Arc::clone(&cx.host));
        let owner = d.account.detach();
        Flow::wait(async move {
            match this.archive.get(&owner, &id).await {
                Ok(row) => Flow::Then(Box::new(move |d| match row {
                    Some(row) if is_of(&row, &d.stanza) => {
                        d.stanza.append(&StanzaId::new(id, Jid::clone(&row.owner)));
                        Flow::Continue
                    }
                    _ => this.receive(&host, d),
                })),
                Err(error) => Flow::Refuse(errors::storage(error)),
            }
        })
    }
}

/// Whether a row is about this very message.
fn is_of(row: &ArchiveRow, message: &Stanza) -> bool {
    let from = message.from().map(Jid::bare_str);
    row.incoming && from == Some(row.correspondent.as_str()) && row.body == keeping::body(message)
}

/// A message as it is stored.
fn written(stanza: &Stanza) -> String {
    let mut xml = Vec::with_capacity(512);
    stanza.write(&mut xml, ns::CLIENT);
    // What was read as text is written as text.
    String::from_utf8(xml).unwrap_or_default()
}

/// Stores a message of a delivery.
type Keep = fn(&Arc<Server>, &Host, &mut Delivery) -> Flow;

impl Server {
    /// The plugin of a host.
    pub(crate) fn of(host: &Host) -> Option<Arc<Server>> {
        host.extensions().get()
    }

    /// Where an archive begins and ends.
    async fn ends(&self, owner: &BareJid) -> Result<Metadata, StanzaError> {
        let end = async |reverse| {
            let rows = self
                .archive
                .of_owner_page(owner, Range::all(), 1, reverse)
                .await?;
            let found = rows.into_iter().next();
            Ok::<_, StorageError>(
                found.map(|row| (Text::from(row.id), DateTime::from(row.received))),
            )
        };
        Ok(Metadata {
            start: end(false).await?.map(|(id, time)| Start::new(id, time)),
            end: end(true).await?.map(|(id, time)| End::new(id, time)),
            ..Metadata::default()
        })
    }

    /// Whether words can be searched for.
    pub(crate) fn can_search(&self) -> bool {
        self.archive.can_search_of_owner() && self.archive.can_search_with()
    }

    /// Stores what an account receives, if it is of a kind that is kept.
    fn receive(self: &Arc<Self>, host: &Arc<Host>, d: &mut Delivery) -> Flow {
        let Some(from) = d
            .stanza
            .from()
            .filter(|_| keeping::is_kept_incoming(&d.stanza))
        else {
            return Flow::Continue;
        };
        let wish = xep_0441::wish(host, &d.account, from);
        self.as_wished(wish, host, d, Self::keep_received)
    }

    /// Stores a message if its account wants it kept (XEP-0441).
    fn as_wished(
        self: &Arc<Self>,
        wish: Wish,
        host: &Arc<Host>,
        d: &mut Delivery,
        keep: Keep,
    ) -> Flow {
        match wish {
            Wish::Known(false) => Flow::Continue,
            Wish::Known(true) => keep(self, host, d),
            Wish::Asked(asked) => {
                let (this, host) = (Arc::clone(self), Arc::clone(host));
                Flow::wait(async move {
                    match asked.await {
                        Ok(true) => Flow::Then(Box::new(move |d| keep(&this, &host, d))),
                        Ok(false) => Flow::Continue,
                        Err(error) => Flow::Refuse(errors::storage(error)),
                    }
                })
            }
        }
    }

    fn keep_sent(self: &Arc<Self>, host: &Host, d: &mut Delivery) -> Flow {
        let to = d.stanza.to().unwrap_or(&d.account);
        let row = self.row(host, &d.account, to, &d.stanza, false);
        self.store(row)
    }

    fn keep_received(self: &Arc<Self>, host: &Host, d: &mut Delivery) -> Flow {
        let Some(from) = d.stanza.from() else {
            return Flow::Continue;
        };
        let row = self.row(host, &d.account, from, &d.stanza, true);
        let id = StanzaId::new(row.id.as_str().into(), Jid::clone(&row.owner));
        d.stanza.append(&id);
        self.store(row)
    }

    /// Stores a message before anybody is given it, at the same time as the other archive does.
    fn store(self: &Arc<Self>, row: ArchiveRow) -> Flow {
        let this = Arc::clone(self);
        Flow::until(async move {
            this.archive.insert(&row).await.map_err(errors::storage)?;
            let most = this.most;
            this.quota.stored(&this, &row.owner, row.stanza.len(), most);
            Ok(())
        })
    }

    /// A message as it is stored.
    fn row(
        &self,
        host: &Host,
        owner: &BareJid,
        other: &Jid,
        stanza: &Stanza,
        incoming: bool,
    ) -> ArchiveRow {
        let stamp = self.next_id(host);
        Self::row_at(stamp, owner, other, stanza, incoming)
    }

    /// The same under an id that was taken before.
    fn row_at(
        (received, id): (Timestamp, String),
        owner: &BareJid,
        other: &Jid,
        stanza: &Stanza,
        incoming: bool,
    ) -> ArchiveRow {
        ArchiveRow {
            owner: owner.detach(),
            id,
            received,
            correspondent: other.to_bare().detach(),
            resource: other.resource().map(str::to_owned),
            incoming,
            groupchat: stanza.type_() == StanzaType::Groupchat,
            stanza: written(stanza),
            body: keeping::body(stanza),
        }
    }

    /// The time, and an id that is greater than all before it and that nobody guesses.
    fn next_id(&self, host: &Host) -> (Timestamp, String) {
        let now = host.clock().now().as_microsecond();
        let before = self
            .last
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| {
                Some(now.max(last.saturating_add(1)))
            })
            .unwrap_or(now);
        let micros = now.max(before.saturating_add(1));
        let received = Timestamp::from_microsecond(micros).unwrap_or(host.clock().now());
        (
            received,
            format!("{}{}", query::id_of(micros), host.random().token()),
        )
    }
}
