//@ says: travel in a message
//@ says: it is declared with `[[message]]` in the `spec.toml` of its specification
use sestina::session::mux::StanzaContext;
use sestina::session::plugin::{IqRow, On, Registrar, StanzaRow};
use sestina::session::stages::Flow;
use sestina::types::rfc_6121::client::Body;
use sestina::types::xep_0199::Ping;
use sestina::wire::StanzaError;

fn install(registrar: &mut Registrar<'_>, row: StanzaRow) {
    registrar.message(row, |_: &StanzaContext<'_>, _: Ping| Flow::Continue); // here
}
