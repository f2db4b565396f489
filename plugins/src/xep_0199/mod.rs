//! XEP-0199, XMPP Ping: whoever asks is told that we are here.
//!
//! The server answers for itself and, to their owners, for accounts (§4.2). A ping to somebody else's full
//! address is passed on like any request (§4.4); one to their bare address is refused like any request that
//! nobody handles, and tells nothing (§7).

use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{PluginError, Setup};
use sestina_skeletons::xep_0199::{self as skeleton, Settings};
use sestina_types::xep_0199::Ping;
use sestina_wire::StanzaError;

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    async fn ping(&self, _: &IqContext, _: Ping) -> Result<Empty, StanzaError> {
        Ok(Empty)
    }
}

/// The client's part.
pub struct Client;

impl skeleton::Client for Client {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    async fn ping(&self, _: &IqContext, _: Ping) -> Result<Empty, StanzaError> {
        Ok(Empty)
    }
}

/// The component's part.
pub struct Component;

impl skeleton::Component for Component {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    async fn ping(&self, _: &IqContext, _: Ping) -> Result<Empty, StanzaError> {
        Ok(Empty)
    }
}
