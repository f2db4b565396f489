//! XEP-0455, Service Outage Status: where to look while the server is away. Clients ask beforehand and remember.

use std::sync::Arc;

use sestina_session::plugin::{On, PluginError, Registrar, Setup};
use sestina_skeletons::xep_0455::{self as skeleton, Settings};
use sestina_types::xep_0004::FormType;
use sestina_types::xep_0455::forms::ExternalStatus;

use crate::xep_0030::Forms;
use crate::xep_0157;

/// The server's part.
pub struct Server {
    told: ExternalStatus,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self {
            told: ExternalStatus {
                addresses: xep_0157::addresses("xep-0455", &setup.settings.addresses)?,
                ..ExternalStatus::default()
            },
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        if self.told.addresses.is_some() {
            Forms::of(registrar.host()).add(On::Host, &self.told.write(FormType::Result));
        }
        Ok(())
    }
}
