//! The accepting side.

use std::sync::Arc;

use crate::session::{AcceptConfig, Session, SessionError};
use crate::transport::Transport;

impl Session {
    /// Negotiates as the side that was connected to, until stanzas may flow.
    ///
    /// # Errors
    /// Whatever ended the stream before that; the peer has been told where it could be.
    pub async fn accept(transport: Transport, config: Arc<AcceptConfig>) -> Result<Session, SessionError> {
        let _ = (transport, config);
        todo!()
    }
}
