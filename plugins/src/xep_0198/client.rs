//! What a client says and understands. The session counts, keeps, and sends again.

use std::sync::Arc;
use std::time::Duration;

use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::session::{Management, Said};
use sestina_skeletons::xep_0198::{self as skeleton, Settings};
use sestina_types::xep_0198::{
    Acknowledgement, Enable, Enabled, Failed, Request, Resume, Resumed, Sm,
};
use sestina_wire::{DecodeError, ElementRef, Jid, Payload, Stanza, Text, Timestamp, Writer};

use super::REQUEST;
use crate::xep_0203;

/// The client's part.
pub struct Client;

impl skeleton::Client for Client {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        registrar.management(Arc::new(Words));
        Ok(())
    }
}

/// The words of the protocol.
struct Words;

impl Management for Words {
    fn element(&self) -> (&'static str, &'static str) {
        (Sm::NAME, Sm::NS)
    }

    fn enable(&self, writer: &mut Writer<'_>) {
        let enable = Enable {
            resume: Some(true),
            ..Enable::default()
        };
        enable.write(writer);
    }

    fn resume(&self, writer: &mut Writer<'_>, previous: &str, handled: u32) {
        Resume::new(handled, Text::from(previous)).write(writer);
    }

    fn request(&self) -> &'static str {
        REQUEST
    }

    fn acknowledge(&self, writer: &mut Writer<'_>, handled: u32) {
        Acknowledgement::new(handled).write(writer);
    }

    fn late(&self, message: Stanza, by: &Jid, sent: Timestamp) -> Stanza {
        xep_0203::mark(message, by, sent, "")
    }

    fn read(&self, element: ElementRef<'_>) -> Option<Result<Said, DecodeError>> {
        if element.ns() != Sm::NS {
            return None;
        }
        let said = match element.name() {
            Request::NAME => Ok(Said::Request),
            Acknowledgement::NAME => {
                Acknowledgement::read(element).map(|answer| Said::Acknowledged(answer.h))
            }
            Enabled::NAME => Enabled::read(element).map(|enabled| Said::Enabled {
                id: enabled.id.filter(|_| enabled.resume == Some(true)),
                keeps: enabled.max.map(Duration::from_secs),
            }),
            Resumed::NAME => Resumed::read(element).map(|resumed| Said::Resumed(resumed.h)),
            Failed::NAME => Failed::read(element).map(|failed| Said::Failed(failed.h)),
            _ => return None,
        };
        Some(said)
    }
}
