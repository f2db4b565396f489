//! XEP-0440, SASL Channel-Binding Type Capability: which channel bindings a server can take.
//!
//! What can be bound is known where TLS and SASL are, in the session, and announced there; that it is announced is up to
//! whether this is installed.

use sestina_session::plugin::{PluginError, Setup};
use sestina_skeletons::xep_0440::{self as skeleton, Settings};

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }
}
