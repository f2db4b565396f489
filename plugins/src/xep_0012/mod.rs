//! XEP-0012, Last Activity: how long somebody has been away, and how long the server has been running.
//!
//! Only those who may see the presence of an account are told (§7): anything else would be a leak of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sestina_session::errors;
use sestina_session::host::{Host, Resource};
use sestina_session::mux::IqContext;
use sestina_session::plugin::{PluginError, Setup};
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_skeletons::xep_0012::{self as skeleton, Settings};
use sestina_storage::{Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::rfc_6121::client::Status;
use sestina_types::xep_0012::tables::{LastActivityRow, LastActivityStore};
use sestina_types::xep_0012::{NS, Query};
use sestina_wire::{BareJid, Condition, Jid, StanzaError, StanzaType, Text};

use crate::rfc_6121;

/// The server's part.
pub struct Server {
    rows: LastActivityStore,
    /// When the server began, on the clock that never goes back.
    began: Duration,
}

/// An account that has sent presence.
#[derive(Default)]
struct Presence(Mutex<Said>);

#[derive(Default)]
struct Said {
    /// What it said when it took it back.
    status: Option<Text>,
    /// Whether that is stored, with its time: it has been away since.
    is_noted: bool,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let rows = setup.storage().last_activity().or_else(|| {
            tracing::warn!(
                "the storage keeps no last activities: they are lost when the server stops"
            );
            Storage::memory().last_activity()
        });
        Ok(Self {
            rows: rows.ok_or_else(|| StorageError::Unsupported("last activity".into()))?,
            began: setup.clock().monotonic(),
        })
    }

    /// How long the server has been running (§5).
    async fn uptime(&self, cx: &IqContext, _: Query) -> Result<Query, StanzaError> {
        let up = cx.host.clock().monotonic().saturating_sub(self.began);
        Ok(Query {
            seconds: Some(up.as_secs()),
            ..Query::default()
        })
    }

    /// How long the account has been away (§3).
    async fn last_activity(&self, cx: &IqContext, _: Query) -> Result<Query, StanzaError> {
        let account = cx.to.as_ref().unwrap_or(&cx.from).to_bare();
        if !may_know(&cx.host, &account, &cx.from).await? {
            return Err(StanzaError::new(Condition::Forbidden));
        }
        if cx
            .host
            .resources(&account)
            .iter()
            .any(|resource| resource.is_available())
        {
            return Ok(Query {
                seconds: Some(0),
                ..Query::default()
            });
        }
        let row = self.rows.get(&account).await?.ok_or_else(|| {
            StanzaError::new(Condition::ItemNotFound).with_text("nobody knows: it was never here")
        })?;
        let away = cx
            .host
            .clock()
            .now()
            .as_second()
            .saturating_sub(row.at.as_second());
        Ok(Query {
            seconds: Some(u64::try_from(away).unwrap_or_default()),
            status: row.status.map(Text::from).unwrap_or_default(),
            ..Query::default()
        })
    }

    fn note_status(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        let Some(session) = d.from_session.as_ref().filter(|_| d.stanza.to().is_none()) else {
            return Flow::Continue;
        };
        let status = match d.type_() {
            StanzaType::Available => None,
            StanzaType::Unavailable => d.stanza.decode::<Status>().and_then(Result::ok),
            _ => return Flow::Continue,
        };
        let presence = session
            .account()
            .extensions()
            .get_or_insert_with(Presence::default);
        let mut said = presence.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.status = status.map(|status| Text::from(&*status.text));
        // Away is who is not available any more, with a stream or without (§3).
        said.is_noted = d.type_() == StanzaType::Unavailable && is_last(session);
        if !said.is_noted || session.is_anonymous() {
            return Flow::Continue;
        }
        let row = self.row(&cx.host, session, &said);
        drop(said);
        self.store(&cx.host, row)
    }

    fn note_end(self: &Arc<Self>, cx: &StageContext, resource: &Arc<Resource>) -> Flow {
        let account = resource.account();
        // Whom nobody saw come, nobody has to see go.
        let presence = account.extensions().get::<Presence>();
        let Some(presence) = presence.filter(|_| is_last(resource) && !resource.is_anonymous())
        else {
            return Flow::Continue;
        };
        let said = presence.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_noted {
            return Flow::Continue;
        }
        let row = self.row(&cx.host, resource, &said);
        drop(said);
        self.store(&cx.host, row)
    }

    fn guard(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        let is_asked = d.type_() == StanzaType::Get
            && d.to_full().is_some()
            && d.stanza
                .payload()
                .is_some_and(|payload| payload.is("query", NS));
        let Some(from) = d.stanza.from().filter(|_| is_asked).cloned() else {
            return Flow::Continue;
        };
        let (host, account) = (Arc::clone(&cx.host), d.account.detach());
        Flow::wait(async move {
            match may_know(&host, &account, &from).await {
                Ok(true) => Flow::Continue,
                Ok(false) => Flow::Refuse(StanzaError::new(Condition::Forbidden)),
                Err(error) => Flow::Refuse(errors::storage(error)),
            }
        })
    }
}

impl Server {
    /// That an account is away from now on.
    fn row(&self, host: &Host, session: &Resource, said: &Said) -> LastActivityRow {
        LastActivityRow {
            owner: session.account().jid().clone(),
            at: host.clock().now(),
            status: said.status.clone().map(String::from),
        }
    }

    fn store(self: &Arc<Self>, host: &Arc<Host>, row: LastActivityRow) -> Flow {
        let (this, host) = (Arc::clone(self), Arc::clone(host));
        Flow::wait(async move {
            // An account that was removed, and its sessions with it, leaves nothing behind.
            let is_there = match host.accounts() {
                Some(accounts) => accounts.exists(&row.owner).await.unwrap_or_default(),
                None => false,
            };
            if is_there && let Err(error) = this.rows.put(&row).await {
                tracing::warn!(account = %row.owner, %error, "when it left is not stored");
            }
            Flow::Continue
        })
    }
}

/// Whether no other session of the account is available.
fn is_last(session: &Arc<Resource>) -> bool {
    let all = session.account().resources();
    all.iter()
        .all(|other| Arc::ptr_eq(other, session) || !other.is_available())
}

async fn may_know(host: &Host, account: &BareJid, who: &Jid) -> Result<bool, StorageError> {
    match rfc_6121::Server::of(host) {
        Some(rosters) => rosters.is_seen_by(account, who).await,
        None => Ok(who.bare_str() == account.as_str()),
    }
}
