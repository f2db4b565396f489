//! Resource binding (RFC 6120 §7) and the session of RFC 3921.

use sestina_wire::{
    BareJid, Condition, ElementRef, ErrorKind, FullJid, StanzaError, Text, Writer, ns,
};

/// The address that a bind request asks for; `None` when the server shall make the resource.
///
/// # Errors
/// `bad-request` when it is no request to bind, or its resource is none (RFC 6120 §7.7.2.1, RFC 7622 §3.4).
pub(super) fn wanted(
    account: &BareJid,
    iq: ElementRef<'_>,
) -> Result<Option<FullJid>, StanzaError> {
    let bad_request = || StanzaError::new(Condition::BadRequest);
    if iq.attr("type").as_deref() != Some("set") || iq.attr("id").is_none() {
        return Err(bad_request());
    }
    let resource = iq
        .child("bind", ns::BIND)
        .and_then(|bind| bind.child("resource", ns::BIND));
    let Some(resource) = resource
        .map(|resource| resource.text())
        .filter(|resource| !resource.is_empty())
    else {
        return Ok(None);
    };
    match account.with_resource(&resource) {
        Ok(jid) => Ok(Some(jid)),
        Err(error) => Err(bad_request()
            .with_kind(ErrorKind::Modify)
            .with_text(error.to_string())),
    }
}

/// Writes the request of a client.
pub(super) fn write_request(writer: &mut Writer<'_>, id: &str, resource: Option<&Text>) {
    writer.start("iq", ns::CLIENT);
    writer.attr("type", "set");
    writer.attr("id", id);
    writer.start("bind", ns::BIND);
    if let Some(resource) = resource {
        writer.text_element("resource", ns::BIND, resource);
    }
    writer.end("bind");
    writer.end("iq");
}

/// Writes the request of RFC 3921 §3.
pub(super) fn write_session_request(writer: &mut Writer<'_>, id: &str) {
    writer.start("iq", ns::CLIENT);
    writer.attr("type", "set");
    writer.attr("id", id);
    writer.empty_element("session", ns::SESSION);
    writer.end("iq");
}

/// Writes the result.
pub(super) fn write_result(writer: &mut Writer<'_>, id: Option<&Text>, jid: &FullJid) {
    writer.start("iq", ns::CLIENT);
    writer.attr("type", "result");
    writer.attr_opt("id", id);
    writer.start("bind", ns::BIND);
    writer.text_element("jid", ns::BIND, jid.as_str());
    writer.end("bind");
    writer.end("iq");
}

/// Writes an error in answer to a request.
pub(super) fn write_error(
    writer: &mut Writer<'_>,
    id: Option<&Text>,
    error: impl FnOnce(&mut Writer<'_>),
) {
    writer.start("iq", ns::CLIENT);
    writer.attr("type", "error");
    writer.attr_opt("id", id);
    error(writer);
    writer.end("iq");
}

/// The address in a result.
pub(super) fn bound(iq: ElementRef<'_>) -> Option<FullJid> {
    let jid = iq.child("bind", ns::BIND)?.child("jid", ns::BIND)?;
    FullJid::parse(&jid.text()).ok()
}
