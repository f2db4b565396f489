//! XEP-0388, Extensible SASL Profile: a login with what comes after it.
//!
//! The exchange is the session's, and what can be part of it is registered by other rooms. That it is offered is up to whether
//! this is installed.

use sestina_session::plugin::{PluginError, Setup};
use sestina_skeletons::xep_0388::{self as skeleton, Settings};

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }
}
