//! XEP-0175, Best Practices for Use of SASL ANONYMOUS: whoever has no account gets one that goes when he goes.
//!
//! The mechanism is offered where this is installed. What rooms have kept for such an account goes with its last session.

use std::sync::Arc;

use sestina_session::host::Resource;
use sestina_session::plugin::{PluginError, Setup};
use sestina_session::stages::{Flow, StageContext};
use sestina_skeletons::xep_0175::{self as skeleton, Settings};
use sestina_types::TABLES;

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn throw_away(self: &Arc<Self>, cx: &StageContext, resource: &Arc<Resource>) -> Flow {
        let host = Arc::clone(&cx.host);
        let account = resource.account().jid().clone();
        if !resource.is_anonymous() {
            return Flow::Continue;
        }
        Flow::wait(async move {
            // Somebody may have registered a name that looks like one.
            let registered = match host.accounts() {
                Some(accounts) => accounts.exists(&account).await.unwrap_or(true),
                None => true,
            };
            if registered || !host.resources(&account).is_empty() {
                return Flow::Continue;
            }
            if let Err(error) = host.storage().erase(TABLES, account.as_str()).await {
                tracing::error!(%account, %error, "something that was kept for an account without a name stays");
            }
            Flow::Continue
        })
    }
}
