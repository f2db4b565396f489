//@ says: Handles
use sestina::session::plugin::{Handles, On, Registrar};

fn install(registrar: &mut Registrar<'_>) {
    registrar.feature(&Handles(()), On::Host, "urn:example:nothing"); // here
}
