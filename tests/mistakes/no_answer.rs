//@ says: `u8` cannot answer a request
//@ says: a request is answered with a payload (`#[derive(Stanza)]`), with `Empty`, or with `OrEmpty<..>`
use sestina::session::mux::StanzaContext;
use sestina::session::plugin::{IqRow, On, Registrar, StanzaRow};
use sestina::session::stages::Flow;
use sestina::types::rfc_6121::client::Body;
use sestina::types::xep_0199::Ping;
use sestina::wire::StanzaError;

fn install(registrar: &mut Registrar<'_>, row: IqRow) {
    let _ = registrar.iq(row, |_, _: Ping| async { Ok::<u8, StanzaError>(7) }); // here
}
