//! XEP-0424, Message Retraction, where a server has part in it: retractions are archived like anything else that is said,
//! and in a room they leave a tombstone where the message was, which newcomers are not given any more.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0424::{self as skeleton, Settings};
use sestina_storage::StorageError;
use sestina_types::xep_0421::{self, OccupantId};
use sestina_types::xep_0424::{NS, Retract, Retracted};
use sestina_wire::{BareJid, DateTime, Jid, Payload as _, Stanza, Text};

use crate::xep_0045::{Companion, Heard, Muc, Room, State};
use crate::xep_0313;

/// That an archive has tombstones (§5).
const TOMBSTONES: &str = "urn:xmpp:message-retract:1#tombstone";

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        Muc::accompany(registrar.host(), self);
        Ok(())
    }
}

impl Companion for Server {
    fn features(&self, _: &Room, state: &State) -> &'static [&'static str] {
        if state.is_stored() {
            &[NS, TOMBSTONES]
        } else {
            &[NS]
        }
    }

    /// An occupant takes back what the same one has said (§6).
    fn after(&self, heard: &mut Heard<'_>) -> Option<BoxFuture<'static, ()>> {
        let id = heard
            .said
            .child(Retract::NAME, NS)?
            .decode::<Retract>()
            .ok()?
            .id?;
        let author = author(heard.said)?;
        let is_own = move |stanza: &Stanza| self::author(stanza).as_ref() == Some(&author);
        heard.state.unsay(heard.room, &id, &is_own);
        let archive = heard
            .state
            .is_stored()
            .then(|| Muc::of(heard.host)?.archive_when_kept(heard.host))
            .flatten()?;
        let tombstone = Retracted {
            id: heard.said.id().map(Text::detach),
            stamp: Some(DateTime::from_timestamp(heard.now)),
            ..Retracted::default()
        };
        let (room, id) = (heard.room.jid().clone(), id.detach());
        Some(Box::pin(async move {
            if let Err(error) = bury(&archive, &room, &id, &tombstone, is_own).await {
                tracing::error!(%error, %room, "a message that was taken back is still in the archive");
            }
        }))
    }
}

/// Who said something, as the room tells people apart (XEP-0421).
fn author(stanza: &Stanza) -> Option<Text> {
    let id = stanza.decode::<OccupantId>()?.ok()?;
    Some(id.id)
}

/// Puts a tombstone in the place of a message of a room (§5), if `is_meant` says so; whether there is one now.
///
/// # Errors
/// What goes wrong with storage.
pub(crate) async fn bury(
    archive: &xep_0313::Server,
    room: &BareJid,
    id: &str,
    tombstone: &Retracted,
    is_meant: impl FnOnce(&Stanza) -> bool + Send,
) -> Result<bool, StorageError> {
    let change = |mut stanza: Stanza| {
        // What the room itself has said stays, and so does what is gone already.
        let is_said = stanza
            .from()
            .is_some_and(|from: &Jid| from.resource().is_some());
        let is_gone = stanza.child(Retracted::NAME, NS).is_some();
        if !is_said || is_gone || !is_meant(&stanza) {
            return None;
        }
        stanza.retain(|child| child.is(OccupantId::NAME, xep_0421::NS));
        Some(stanza.with(tombstone))
    };
    archive.replace_in_room(room, id, change).await
}
