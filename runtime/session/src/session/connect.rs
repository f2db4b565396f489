//! The connecting side.

use crate::session::{ConnectConfig, Session, SessionError};
use crate::transport::Transport;

impl Session {
    /// Negotiates as the side that connected, until stanzas may flow.
    ///
    /// # Errors
    /// Whatever ended the stream before that.
    pub async fn connect(transport: Transport, config: &ConnectConfig) -> Result<Session, SessionError> {
        let _ = (transport, config);
        todo!()
    }
}
