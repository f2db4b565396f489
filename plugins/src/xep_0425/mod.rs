//! XEP-0425, Moderated Message Retraction: moderators of a room take back what others said.

use std::sync::Arc;

use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_skeletons::xep_0425::{self as skeleton, Settings};
use sestina_types::xep_0421::OccupantId;
use sestina_types::xep_0424::{Retract, Retracted};
use sestina_types::xep_0425::{Moderate, Moderated, NS};
use sestina_wire::{Condition, DateTime, Jid, Payload as _, Stanza, StanzaError, StanzaType, Text};

use crate::xep_0045::{Companion, Muc, Room, State};
use crate::xep_0424;

/// Octets that a reason may have.
const LONGEST: usize = 2048;

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

    /// What a moderator takes back is gone from archive and history first, then everybody is told (§3).
    async fn moderate(&self, cx: &IqContext, request: Moderate) -> Result<Empty, StanzaError> {
        let muc = Muc::answering(cx)?;
        let room = muc.room_of(cx)?;
        let (nick, occupant) = room.moderator(&cx.from)?;
        check(&request)?;
        let now = cx.host.clock().now();
        let moderated = Moderated {
            by: Some(room.occupant(&nick)),
            occupant_id: vec![OccupantId::new(occupant).to_any()],
            ..Moderated::default()
        };
        let tombstone = Retracted {
            stamp: Some(DateTime::from_timestamp(now)),
            moderated: vec![moderated.to_any()],
            reason: request.reason.clone(),
            ..Retracted::default()
        };
        let archive = muc.archive_of(&cx.host, &room);
        let buried = match &archive {
            Some(archive) => {
                xep_0424::bury(archive, room.jid(), &request.id, &tombstone, |_| true).await?
            }
            None => false,
        };
        let unsaid = room.lock().unsay(&room, &request.id, |stanza| {
            stanza.from().is_some_and(|from| from.resource().is_some())
        });
        if !buried && !unsaid {
            return Err(StanzaError::new(Condition::ItemNotFound).with_text(
                "no message of an occupant has this id here, or it is taken back already; \
                 the id is the one that the room gave it (stanza-id)",
            ));
        }
        let retract = Retract {
            id: Some(request.id),
            moderated: vec![moderated.to_any()],
            reason: request.reason,
            ..Retract::default()
        };
        let mut said = Stanza::message(StanzaType::Groupchat)
            .with_from(Jid::clone(room.jid()))
            .with_id(cx.host.random().token())
            .with(&retract);
        if let Some(archive) = archive {
            let most = muc.most_archived();
            archive
                .keep_in_room(&cx.host, room.jid(), None, &mut said, most)
                .await?;
        }
        let told = Muc::announce(&cx.host, &room, &room.lock(), &said);
        told.await;
        Ok(Empty)
    }
}

fn check(request: &Moderate) -> Result<(), StanzaError> {
    if request.retract.is_none() {
        return Err(StanzaError::new(Condition::FeatureNotImplemented)
            .with_text("all that moderators do to a message is to take it back"));
    }
    let length = request
        .reason
        .as_ref()
        .map_or(0, |reason: &Text| reason.len());
    if length > LONGEST {
        return Err(
            StanzaError::new(Condition::PolicyViolation).with_text(format!(
                "a reason has at most {LONGEST} octets, this one has {length}"
            )),
        );
    }
    Ok(())
}

impl Companion for Server {
    fn features(&self, _: &Room, _: &State) -> &'static [&'static str] {
        &[NS]
    }
}
