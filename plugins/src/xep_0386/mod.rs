//! XEP-0386, Bind 2: a resource is bound together with the login.
//!
//! Binding is the session's; what other rooms turn on for a session as it is bound they register themselves. That it is offered
//! is up to whether this is installed.

use sestina_session::plugin::{PluginError, Setup};
use sestina_skeletons::xep_0386::{self as skeleton, Settings};

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }
}
