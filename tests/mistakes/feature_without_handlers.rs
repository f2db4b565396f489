//@ says: Handles
use sestina::session::mux::StanzaContext;
use sestina::session::plugin::{IqRow, On, Registrar, StanzaRow};
use sestina::session::stages::Flow;
use sestina::types::rfc_6121::client::Body;
use sestina::types::xep_0199::Ping;
use sestina::wire::StanzaError;

fn install(registrar: &mut Registrar<'_>) {
    registrar.feature(On::Host, "urn:example:nothing"); // here
}
