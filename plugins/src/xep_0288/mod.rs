//! XEP-0288, Bidirectional Server-to-Server Connections: a host with this plugin uses one connection for both directions
//! where the other server can do so too.
//!
//! It is part of negotiating a stream between servers, in `sestina_session::federation`.

use sestina_session::plugin::{PluginError, Setup};
use sestina_skeletons::xep_0288::{self as skeleton, Settings};

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }
}
