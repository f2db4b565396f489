//! XEP-0202, Entity Time: what time it is where an entity is.

use sestina_session::mux::IqContext;
use sestina_session::plugin::{PluginError, Setup};
use sestina_skeletons::xep_0202::{self as skeleton, Settings};
use sestina_types::xep_0202::EntityTime;
use sestina_wire::{DateTime, StanzaError, Text, Timestamp};

/// The answer, for every role the same (§2). All run on the time of the world: where a person is, their client may say.
fn now(cx: &IqContext) -> EntityTime {
    EntityTime {
        tzo: Some(Text::from_static("+00:00")),
        // Whole seconds: some read no more digits than six, and nobody needs them.
        utc: Timestamp::from_second(cx.host.clock().now().as_second())
            .ok()
            .map(DateTime::from_timestamp),
        ..EntityTime::default()
    }
}

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    async fn time(&self, cx: &IqContext, _: EntityTime) -> Result<EntityTime, StanzaError> {
        Ok(now(cx))
    }
}

/// The client's part.
pub struct Client;

impl skeleton::Client for Client {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    async fn time(&self, cx: &IqContext, _: EntityTime) -> Result<EntityTime, StanzaError> {
        Ok(now(cx))
    }
}

/// The component's part.
pub struct Component;

impl skeleton::Component for Component {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    async fn time(&self, cx: &IqContext, _: EntityTime) -> Result<EntityTime, StanzaError> {
        Ok(now(cx))
    }
}
