//! XEP-0379, Pre-Authenticated Roster Subscription: who shows a token of an account becomes its contact, and nobody asks.
//!
//! Tokens are given out by others (XEP-0401); here is what a request that comes with one does.

use std::sync::Arc;

use async_trait::async_trait;
use sestina_session::errors;
use sestina_session::host::Host;
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_skeletons::xep_0379::{self as skeleton, Settings};
use sestina_storage::StorageError;
use sestina_types::xep_0379::Preauth;
use sestina_wire::{BareJid, StanzaType};

use crate::rfc_6121;

/// Who gives out tokens.
#[async_trait]
pub trait Issuer: Send + Sync {
    /// Takes a token of an account that makes contacts, if it is one. It is good once.
    ///
    /// # Errors
    /// What storage reports.
    async fn redeem(
        &self,
        host: &Host,
        account: &BareJid,
        token: &str,
    ) -> Result<bool, StorageError>;
}

/// The place of a host where the one who gives out tokens is registered.
pub struct Issuing(Arc<dyn Issuer>);

impl Issuing {
    /// Names whom a host asks about tokens.
    pub fn register(host: &Host, issuer: Arc<dyn Issuer>) {
        host.extensions().insert(Arc::new(Self(issuer)));
    }
}

/// The server's part.
pub struct Server;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        // These are requests alone.
        registrar.passes(|_| true);
        Ok(())
    }

    /// The account has approved of whoever has the token: it does so now, and asks in return. What becomes of the request
    /// is decided as for any other. With a token that is good for nothing it is one like any other.
    fn redeem(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        if d.type_() != StanzaType::Subscribe {
            return Flow::Continue;
        }
        let Some(Ok(shown)) = d.stanza.decode::<Preauth>() else {
            return Flow::Continue;
        };
        let (Some(from), Some(issuing)) = (d.stanza.from(), cx.host.extensions().get::<Issuing>())
        else {
            return Flow::Continue;
        };
        let (host, account, contact) = (Arc::clone(&cx.host), d.account.detach(), from.to_bare());
        if contact == account {
            return Flow::Continue;
        }
        Flow::wait(async move {
            let Some(rosters) = rfc_6121::Server::of(&host) else {
                return Flow::Continue;
            };
            match issuing.0.redeem(&host, &account, &shown.token).await {
                Ok(true) => {}
                Ok(false) => return Flow::Continue,
                Err(error) => return Flow::Refuse(errors::storage(error)),
            }
            tracing::debug!(%account, %contact, "an invitation makes a contact");
            let approved = rosters.approve(&host, &account, &contact).await;
            let asked = match approved {
                Ok(()) => rosters.ask(&host, &account, &contact).await,
                refused => refused,
            };
            // A roster without room is no reason to keep the request from its owner.
            if let Err(error) = asked {
                tracing::info!(%account, %contact, %error, "an invitation made no contact");
            }
            Flow::Continue
        })
    }
}
