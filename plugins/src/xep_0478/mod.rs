//! XEP-0478, Stream Limits Advertisement: how large a stanza may be.
//!
//! The bounds are those that the reader of the stream keeps, announced where they are known, in the session. That they are
//! is up to whether this is installed.

use sestina_session::plugin::{PluginError, Setup};
use sestina_skeletons::xep_0478::{self as skeleton, Settings};

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }
}
