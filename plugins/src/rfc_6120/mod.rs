//! RFC 6120, XMPP Core: what of it is a request like any other.
//!
//! Streams, SASL and resource binding happen before there is a resource, in the session itself. What is left
//! is a relic: RFC 3921 made clients establish a "session" after binding, and some still do.

use sestina_session::mux::{Empty, IqContext};
use sestina_session::plugin::{PluginError, Setup};
use sestina_skeletons::rfc_6120::{self as skeleton, Settings};
use sestina_types::rfc_6120::bind::Bind;
use sestina_types::rfc_6120::session::Session;
use sestina_wire::{Condition, StanzaError};

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    /// A session has one resource, and keeps it (§7.1).
    async fn bind_again(&self, _: &IqContext, _: Bind) -> Result<Bind, StanzaError> {
        Err(StanzaError::new(Condition::NotAllowed).with_text("this session has its resource"))
    }

    /// A bound resource is a session already.
    async fn establish_session(&self, _: &IqContext, _: Session) -> Result<Empty, StanzaError> {
        Ok(Empty)
    }
}
