//! The hosts of a server as seen from its door: which there are, and who gets which resource.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use sestina_wire::{BareJid, Condition, FullJid, StanzaError, StreamCondition, StreamError, Text};

use crate::host::{Host, Joined, Resource};
use crate::metrics;
use crate::mux::BeginningContext;
use crate::server::ending::{self, Unfinished};
use crate::session::{BindRequest, Binder, Bound, HostAccess, Hosts, Login};
use crate::transport::OutBuffer;

/// The hosts of a server, by domain.
pub(super) struct Doors(pub(super) HashMap<Box<str>, Arc<HostAccess>>);

impl Hosts for Doors {
    fn host(&self, domain: &str) -> Option<Arc<HostAccess>> {
        self.0.get(domain).cloned()
    }
}

/// Hands out the resources of a host.
///
/// A resource in use goes to the newcomer: its holder gets `conflict` once the newcomer is ready
/// (RFC 6120 §7.7.2.2), since a client that asks for the same name is mostly the same one, back before
/// its dead connection was noticed.
pub(super) struct HostBinder(pub(super) Arc<Host>);

/// Characters of a resource that is made for a client.
const NAME: usize = 16;

/// A resource that is the same at every login of one installation, and says nothing about it (XEP-0386 §3.2.1).
fn stable(host: &Host, login: &Login, client: &str) -> String {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
    let account = login.account.as_str().as_bytes();
    let made = host.key("resource", &[account, b"\0", client.as_bytes()]);
    let mut name = BASE64_URL_SAFE_NO_PAD.encode(made.expose_secret());
    name.truncate(NAME);
    name
}

#[async_trait]
impl Binder for HostBinder {
    async fn bind(&self, account: &BareJid, wanted: Option<&str>) -> Result<FullJid, StanzaError> {
        let online = self.0.account(account);
        let replaces = |account: &crate::host::Account| {
            wanted.is_some_and(|name| account.resource(name).is_some())
        };
        if online.is_some_and(|account| {
            account.len() >= self.0.limits().per_account && !replaces(&account)
        }) {
            let most = self.0.limits().per_account;
            return Err(
                StanzaError::new(Condition::ResourceConstraint).with_text(format!(
                    "{most} sessions of this account are there, as many as may; end one first"
                )),
            );
        }
        let bound = match wanted {
            Some(name) => account.with_resource(name),
            None => account.with_resource(&self.0.random().token()),
        };
        bound.map_err(|_| StanzaError::new(Condition::BadRequest).with_text("not a resource"))
    }

    async fn bind_inline(&self, request: &BindRequest) -> Result<Bound, StanzaError> {
        let login = &request.login;
        let name = match &login.user_agent.id {
            Some(client) => stable(&self.0, login, client),
            None => self.0.random().token().to_string(),
        };
        let tagged = request
            .tag
            .as_ref()
            .map(|tag| format!("{tag}/{name}"))
            // One that no resource can begin with is left out.
            .filter(|tagged| login.account.with_resource(tagged).is_ok());
        let jid = self
            .bind(&login.account, Some(&tagged.unwrap_or(name)))
            .await?;
        let (resource, older) = self.0.join(&jid);
        resource.set_login(login.clone());
        if let Some(client) = &login.user_agent.id {
            self.end_others(&resource, client);
        }
        let mut cx = BeginningContext {
            host: &self.0,
            resource: &resource,
            login,
            reply: Vec::new(),
            before: OutBuffer::default(),
        };
        self.0.beginnings().apply(&mut cx, &request.features);
        let (reply, before) = (cx.reply, cx.before);
        Ok(Bound {
            jid,
            joined: Some(Joined {
                resource,
                older,
                before,
            }),
            reply,
        })
    }

    async fn abandon(&self, joined: Joined) {
        metrics::raise(metrics::SESSIONS_READY);
        ending::clean_up(&self.0, &joined.resource, Unfinished::default()).await;
    }
}

impl HostBinder {
    /// Ends the sessions that an earlier login of the client has left behind.
    fn end_others(&self, resource: &Arc<Resource>, client: &Text) {
        for other in self.0.resources(resource.account().jid()) {
            let known = other.login();
            let same = known.is_some_and(|known| known.user_agent.id.as_ref() == Some(client));
            if same && !Arc::ptr_eq(&other, resource) {
                other.end(Some(
                    StreamError::new(StreamCondition::Conflict)
                        .with_text("the same client has logged in again"),
                ));
            }
        }
    }
}
