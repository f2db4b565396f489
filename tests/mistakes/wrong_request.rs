//@ says: Ping
//@ says: ping
use sestina::session::mux::{Empty, IqContext};
use sestina::session::plugin::{PluginError, Setup};
use sestina::skeletons::xep_0199::{self as skeleton, Settings};
use sestina::types::xep_0199::Ping;
use sestina::wire::StanzaError;

struct Mine;

impl skeleton::Server for Mine {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    async fn ping(&self, _: &IqContext, _: String) -> Result<Empty, StanzaError> { // here
        Ok(Empty)
    }
}
