//! Resource binding (RFC 6120 §7) and the session of RFC 3921.

use sestina_types::rfc_6120::bind::Bind;
use sestina_types::rfc_6120::session;
use sestina_wire::{
    BareJid, Condition, ElementRef, FullJid, Payload, Stanza, StanzaError, StanzaType, Text, ns,
};

fn payload(iq: ElementRef<'_>) -> Option<Bind> {
    Bind::read(iq.child(Bind::NAME, Bind::NS)?).ok()
}

/// The address that a request asks for; `None` when the server shall make the resource.
///
/// # Errors
/// `bad-request` when it is no request to bind, or its resource is none (RFC 6120 §7.7.2.1,
/// RFC 7622 §3.4).
pub(super) fn wanted(
    account: &BareJid,
    iq: ElementRef<'_>,
) -> Result<Option<FullJid>, StanzaError> {
    let bad_request = StanzaError::new(Condition::BadRequest);
    if iq.attr("type").as_deref() != Some("set") || iq.attr("id").is_none() {
        return Err(bad_request);
    }
    let bind = payload(iq).ok_or(bad_request)?;
    match bind.resource.filter(|resource| !resource.is_empty()) {
        None => Ok(None),
        Some(resource) => account
            .with_resource(&resource)
            .map(Some)
            .map_err(|error| StanzaError::new(Condition::BadRequest).with_text(error.to_string())),
    }
}

/// What a request is answered with.
pub(super) fn answer(request: ElementRef<'_>, bound: Result<FullJid, StanzaError>) -> Stanza {
    let answer = match bound {
        Ok(jid) => Stanza::iq(StanzaType::Result).with(&Bind {
            jid: Some(jid),
            ..Bind::default()
        }),
        Err(error) => Stanza::iq(StanzaType::Error).with(&error),
    };
    match request.attr("id") {
        Some(id) => answer.with_id(id),
        None => answer,
    }
}

/// The request of a client.
pub(super) fn request(id: &Text, resource: Option<&Text>) -> Stanza {
    Stanza::iq(StanzaType::Set).with_id(id.clone()).with(&Bind {
        resource: resource.cloned(),
        ..Bind::default()
    })
}

/// The request of RFC 3921 §3.
pub(super) fn session_request(id: &Text) -> Stanza {
    Stanza::iq(StanzaType::Set)
        .with_id(id.clone())
        .with(&session::Session::default())
}

/// The address in a result.
pub(super) fn bound(iq: ElementRef<'_>) -> Option<FullJid> {
    payload(iq)?.jid.map(|jid| jid.detach())
}

/// The error in an answer.
pub(super) fn error(iq: ElementRef<'_>) -> StanzaError {
    iq.child("error", ns::CLIENT)
        .and_then(|error| StanzaError::read(error).ok())
        .unwrap_or_else(|| StanzaError::new(Condition::UndefinedCondition))
}
