//! XEP-0328, JID Preparation and Validation Service: how an address is written, for those who cannot work it out themselves.

use sestina_session::mux::IqContext;
use sestina_session::plugin::{PluginError, Setup};
use sestina_skeletons::xep_0328::{self as skeleton, Settings};
use sestina_types::xep_0328::{
    InvalidJid, JidValidateBase64Request, JidValidateRequest, JidValidateResult,
    JidValidateResultChoice, ValidJid,
};
use sestina_wire::{Jid, StanzaError, Text};

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    async fn validate(
        &self,
        _: &IqContext,
        request: JidValidateRequest,
    ) -> Result<JidValidateResult, StanzaError> {
        Ok(result(&request.maybe_jid))
    }

    async fn validate_base64(
        &self,
        _: &IqContext,
        request: JidValidateBase64Request,
    ) -> Result<JidValidateResult, StanzaError> {
        Ok(
            match std::str::from_utf8(request.base64_maybe_jid.as_ref()) {
                Ok(text) => result(text),
                Err(_) => invalid("it is not UTF-8"),
            },
        )
    }
}

/// The parts of an address, or why it is none (§3).
fn result(maybe: &str) -> JidValidateResult {
    match Jid::parse(maybe) {
        Ok(jid) => JidValidateResult::new(JidValidateResultChoice::ValidJid(ValidJid {
            localpart: jid.local().map(Text::from),
            resourcepart: jid.resource().map(Text::from),
            ..ValidJid::new(Text::from(jid.domain()))
        })),
        Err(error) => invalid(error.to_string()),
    }
}

fn invalid(reason: impl Into<Text>) -> JidValidateResult {
    JidValidateResult::new(JidValidateResultChoice::InvalidJid(InvalidJid {
        reason: Some(reason.into()),
        ..InvalidJid::default()
    }))
}
