//! The elements of a SASL exchange (RFC 6120 §6.4).

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sestina_wire::{ElementRef, Writer, ns};
use zeroize::Zeroizing;

use crate::sasl::{LoginFailure, SaslCondition};

/// Data of one message. It may hold a password, so it does not outlive its use.
pub(crate) type Data = Zeroizing<Vec<u8>>;

/// The data in an element: `None` where there is none, empty where there is a lone `=` (RFC 6120 §6.4.2).
///
/// # Errors
/// `incorrect-encoding` when it is no base64; white space and missing padding count as wrong (RFC 6120 §13.9.1).
pub(crate) fn data(element: ElementRef<'_>) -> Result<Option<Data>, SaslCondition> {
    let text = element.text();
    match text.as_bytes() {
        b"" => Ok(None),
        b"=" => Ok(Some(Data::default())),
        encoded => match BASE64_STANDARD.decode(encoded) {
            Ok(data) => Ok(Some(Zeroizing::new(data))),
            Err(_) => Err(SaslCondition::IncorrectEncoding),
        },
    }
}

/// Writes one of the elements that carry data. `None` and no data are different in `auth` and `success` only.
pub(crate) fn write(
    writer: &mut Writer<'_>,
    name: &str,
    mechanism: Option<&str>,
    data: Option<&[u8]>,
) {
    writer.start(name, ns::SASL);
    writer.attr_opt("mechanism", mechanism);
    match data {
        None => {}
        Some([]) if name == "auth" || name == "success" => writer.text("="),
        Some([]) => {}
        Some(data) => writer.text(Zeroizing::new(BASE64_STANDARD.encode(data)).as_str()),
    }
    writer.end(name);
}

/// Writes a failure.
pub(crate) fn write_failure(writer: &mut Writer<'_>, condition: SaslCondition) {
    writer.start("failure", ns::SASL);
    writer.empty_element(condition.name(), ns::SASL);
    writer.end("failure");
}

/// Reads a failure.
pub(crate) fn failure(element: ElementRef<'_>) -> LoginFailure {
    let mut condition = SaslCondition::NotAuthorized;
    let mut text = None;
    for child in element.children() {
        if child.is("text", ns::SASL) {
            text = Some(child.text().detach());
        } else if let Some(known) = SaslCondition::from_name(child.name()) {
            condition = known;
        }
    }
    LoginFailure::Refused { condition, text }
}
