//@ says: travel in a presence
//@ says: it is declared with `[[presence]]` in the `spec.toml` of its specification
use sestina::session::mux::StanzaContext;
use sestina::session::plugin::{IqRow, On, Registrar, StanzaRow};
use sestina::session::stages::Flow;
use sestina::types::rfc_6121::client::Body;
use sestina::types::xep_0199::Ping;
use sestina::wire::StanzaError;

fn install(registrar: &mut Registrar<'_>, row: StanzaRow) {
    registrar.presence(row, |_: &StanzaContext<'_>, _: Body| Flow::Continue); // here
}
