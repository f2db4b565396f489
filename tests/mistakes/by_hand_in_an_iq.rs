//@ says: travel in an iq
//@ says: a request is declared with `[[iq]]` in the `spec.toml` of its specification
use sestina::session::mux::StanzaContext;
use sestina::session::plugin::{IqRow, On, Registrar, StanzaRow};
use sestina::session::stages::Flow;
use sestina::types::rfc_6121::client::Body;
use sestina::types::xep_0199::Ping;
use sestina::wire::StanzaError;

fn install(registrar: &mut Registrar<'_>, row: IqRow) {
    let _ = registrar.iq(row, |_, _: Body| async { Ok::<Body, StanzaError>(todo!()) }); // here
}
