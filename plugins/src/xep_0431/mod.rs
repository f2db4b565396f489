//! XEP-0431, Full Text Search in MAM: an archive is asked for messages with certain words.
//!
//! The archive does the searching; what it offers depends on its storage.

use std::sync::Arc;

use sestina_session::host::Host;
use sestina_session::plugin::{Handles, On, PluginError, Registrar, Setup};
use sestina_skeletons::xep_0431::{self as skeleton, Settings};

use crate::xep_0313;

/// The field of a query.
pub(crate) const FIELD: &str = "{urn:xmpp:fulltext:0}fulltext";
/// What service discovery says (§2).
const FEATURE: &str = "urn:xmpp:fulltext:0";

/// The server's part.
pub struct Server;

/// Kept with a host whose archive can be searched.
struct Offered;

/// Whether words can be asked for on a host.
pub(crate) fn is_offered(host: &Host) -> bool {
    host.extensions().get::<Offered>().is_some()
}

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let archive = xep_0313::Server::of(registrar.host());
        if archive.is_some_and(|archive| archive.can_search()) {
            registrar.host().extensions().insert(Arc::new(Offered));
            registrar.feature(&Handles::skeleton(), On::Account, FEATURE);
        } else {
            tracing::warn!("the storage cannot search texts: archives are not searched for words");
        }
        Ok(())
    }
}
