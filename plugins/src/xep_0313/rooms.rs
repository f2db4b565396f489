//! The archives of rooms (§5.1.2): kept under the address of the room, handed out to whom the room lets see it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_session::errors;
use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_storage::{Range, StorageError};
use sestina_types::xep_0313::tables::ArchiveRow;
use sestina_types::xep_0313::{Fin, Metadata, Query};
use sestina_types::xep_0359::StanzaId;
use sestina_wire::{BareJid, Frame, Jid, Stanza, StanzaError, Timestamp, ns};

use super::quota::Amount;
use super::{Server, query};

impl Server {
    /// Stores what an occupant says, or without a nickname the room, and has the message say under which id; to be awaited
    /// before anybody is given it. Where there are more than `most`, the oldest go; 0 keeps all.
    pub(crate) fn keep_in_room(
        self: &Arc<Self>,
        host: &Host,
        room: &BareJid,
        nick: Option<&str>,
        stanza: &mut Stanza,
        most: u64,
    ) -> BoxFuture<'static, Result<(), StanzaError>> {
        let mut row = self.row(host, room, room, stanza, true);
        row.resource = nick.map(str::to_owned);
        self.keep_as(row, stanza, most)
    }

    /// The same for what a participant says in a channel, which has in its archive the id that all see it with
    /// (XEP-0369 §7.1.6).
    pub(crate) fn keep_in_channel(
        self: &Arc<Self>,
        host: &Host,
        channel: &BareJid,
        stanza: &mut Stanza,
        most: u64,
    ) -> BoxFuture<'static, Result<(), StanzaError>> {
        let stamp = self.next_id(host);
        stanza.head_mut().id = Some(stamp.1.as_str().into());
        let from = stanza.from().cloned();
        let mut row = Self::row_at(stamp, channel, channel, stanza, true);
        row.resource = from.and_then(|from| from.resource().map(str::to_owned));
        self.keep_as(row, stanza, most)
    }

    fn keep_as(
        self: &Arc<Self>,
        row: ArchiveRow,
        stanza: &mut Stanza,
        most: u64,
    ) -> BoxFuture<'static, Result<(), StanzaError>> {
        let id = StanzaId::new(row.id.as_str().into(), Jid::clone(&row.owner));
        stanza.append(&id);
        let this = Arc::clone(self);
        Box::pin(async move {
            this.archive.insert(&row).await.map_err(errors::storage)?;
            let most = Amount {
                messages: most,
                bytes: 0,
            };
            this.quota.stored(&this, &row.owner, row.stanza.len(), most);
            Ok(())
        })
    }

    /// Puts another stanza in the place of a message, which `change` makes of it, or leaves it where that makes none;
    /// whether it did.
    pub(crate) async fn replace_in_room(
        &self,
        room: &BareJid,
        id: &str,
        change: impl FnOnce(Stanza) -> Option<Stanza> + Send,
    ) -> Result<bool, StorageError> {
        let Some(mut row) = self.archive.get(room, id).await? else {
            return Ok(false);
        };
        let frame = Frame::parse_in(row.stanza.clone(), ns::CLIENT).ok();
        let stanza = frame.and_then(|frame| Stanza::from_frame(frame).ok());
        let Some(stanza) = stanza.and_then(change) else {
            return Ok(false);
        };
        row.body = super::keeping::body(&stanza);
        row.stanza = super::written(&stanza);
        self.archive.put(&row).await?;
        Ok(true)
    }

    /// What was said last in a room, oldest first.
    pub(crate) async fn recent_of_room(
        &self,
        room: &BareJid,
        most: u32,
    ) -> Result<Vec<(Timestamp, Stanza)>, StorageError> {
        let rows = self
            .archive
            .of_owner_page(room, Range::all(), most, true)
            .await?;
        let read = |row: ArchiveRow| {
            let frame = Frame::parse_in(row.stanza, ns::CLIENT).ok()?;
            let stanza = Stanza::from_frame(frame).ok()?;
            let id = StanzaId::new(row.id.into(), Jid::clone(room));
            Some((row.received, stanza.with(&id)))
        };
        Ok(rows.into_iter().rev().filter_map(read).collect())
    }

    /// The messages of a room are gone with it.
    pub(crate) async fn forget_room(&self, room: &BareJid) -> Result<(), StorageError> {
        self.archive.delete_of_owner(room, Range::all()).await?;
        Ok(())
    }

    /// A page of a room's archive; whether whoever asks may see it the room has decided.
    pub(crate) async fn query_room(
        &self,
        cx: &IqContext,
        room: &BareJid,
        request: Query,
    ) -> Result<Fin, StanzaError> {
        query::answer(self, cx, room, request).await
    }

    /// Which fields a form for it has.
    pub(crate) fn fields_of_room(cx: &IqContext) -> Query {
        query::fields(&cx.host)
    }

    /// Where it begins and ends.
    pub(crate) async fn ends_of_room(&self, room: &BareJid) -> Result<Metadata, StanzaError> {
        self.ends(room).await
    }
}
