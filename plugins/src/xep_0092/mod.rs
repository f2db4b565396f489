//! XEP-0092, Software Version: what runs here, in which version.

use sestina_session::mux::IqContext;
use sestina_session::plugin::{PluginError, Setup};
use sestina_skeletons::xep_0092::{self as skeleton, Settings};
use sestina_types::xep_0092::Query;
use sestina_wire::{StanzaError, Text};

/// The answer, for every role the same (§2). The operating system is named only on request of the
/// configuration: it helps attackers more than anybody else (§5).
fn answer(show_os: bool) -> Query {
    Query {
        name: Some(Text::from_static("Sestina")),
        version: Some(Text::from_static(env!("CARGO_PKG_VERSION"))),
        os: show_os.then(|| Text::from_static(std::env::consts::OS)),
        ..Query::default()
    }
}

/// The server's part.
pub struct Server {
    answer: Query,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self {
            answer: answer(setup.settings.show_os),
        })
    }

    async fn version(&self, _: &IqContext, _: Query) -> Result<Query, StanzaError> {
        Ok(self.answer.clone())
    }
}

/// The client's part.
pub struct Client {
    answer: Query,
}

impl skeleton::Client for Client {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self {
            answer: answer(setup.settings.show_os),
        })
    }

    async fn version(&self, _: &IqContext, _: Query) -> Result<Query, StanzaError> {
        Ok(self.answer.clone())
    }
}

/// The component's part.
pub struct Component {
    answer: Query,
}

impl skeleton::Component for Component {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self {
            answer: answer(setup.settings.show_os),
        })
    }

    async fn version(&self, _: &IqContext, _: Query) -> Result<Query, StanzaError> {
        Ok(self.answer.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operating_system_is_a_secret_unless_it_is_not() {
        assert_eq!(answer(false).os, None);
        assert_eq!(answer(true).os.as_deref(), Some(std::env::consts::OS));
        assert_eq!(answer(false).name.as_deref(), Some("Sestina"));
    }
}
