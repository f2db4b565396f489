//! XEP-0220, Server Dialback: a host with this plugin believes other servers by dialback, and proves itself so.
//!
//! The exchange itself is part of negotiating a stream between servers, in `sestina_session::federation`, and whether a
//! domain may be believed this way is a policy there. Without the plugin certificates alone count.

use sestina_session::plugin::{PluginError, Setup};
use sestina_skeletons::xep_0220::{self as skeleton, Settings};

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }
}
