//! The invitations that are open.

use std::sync::Arc;
use std::time::Duration;

use sestina_session::host::Host;
use sestina_session::plugin::{PluginError, Setup};
use sestina_skeletons::xep_0401::Settings;
use sestina_storage::{Range, Secret, Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::xep_0401::tables::{InvitationsRow, InvitationsStore};
use sestina_wire::{BareJid, Text, Timestamp};

/// How many are read at a time.
const PAGE: u32 = 1000;

/// Keeps the invitations of a host.
pub struct Book {
    rows: InvitationsStore,
    lifetime: Duration,
}

/// An invitation that is good.
#[derive(Clone)]
pub struct Open(InvitationsRow);

/// What an invitation is for.
pub(super) struct Purpose {
    pub(super) inviter: BareJid,
    pub(super) subscribe: bool,
    pub(super) register: bool,
    pub(super) username: Option<String>,
}

impl Open {
    /// Whose contact the invited becomes.
    #[must_use]
    pub fn inviter(&self) -> &BareJid {
        &self.0.inviter
    }

    /// Whether the two become contacts.
    #[must_use]
    pub fn subscribe(&self) -> bool {
        self.0.subscribe
    }

    /// Whether an account may be made.
    #[must_use]
    pub fn register(&self) -> bool {
        self.0.register
    }

    /// The name that is kept for the account.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.0.username.as_deref()
    }
}

impl Book {
    pub(super) fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let rows = setup.storage().invitations().or_else(|| {
            tracing::warn!("the storage keeps no invitations: they are lost when the server stops");
            Storage::memory().invitations()
        });
        Ok(Self {
            rows: rows.ok_or_else(|| StorageError::Unsupported("invitations".into()))?,
            lifetime: setup.settings.lifetime.duration(),
        })
    }

    /// That of a host; none where nobody invites.
    #[must_use]
    pub fn of(host: &Host) -> Option<Arc<Self>> {
        host.extensions().get()
    }

    /// Makes an invitation; its token, and until when it is good.
    pub(super) async fn make(
        &self,
        host: &Host,
        purpose: Purpose,
    ) -> Result<(Text, Timestamp), StorageError> {
        let token = host.random().token();
        let now = host.clock().now();
        let expires = now.checked_add(self.lifetime).unwrap_or(Timestamp::MAX);
        self.rows
            .insert(&InvitationsRow {
                token: Secret::new(kept(host, &token)),
                host: host.domain().as_str().to_owned(),
                inviter: purpose.inviter,
                subscribe: purpose.subscribe,
                register: purpose.register,
                username: purpose.username,
                created: now,
                expires,
                uses_left: 1,
            })
            .await?;
        Ok((token, expires))
    }

    /// The invitation with this token, if it is good.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn find(&self, host: &Host, token: &str) -> Result<Option<Open>, StorageError> {
        let row = self.rows.get(&kept(host, token)).await?;
        let is_good = |row: &InvitationsRow| {
            row.host == host.domain().as_str()
                && row.uses_left > 0
                && row.expires > host.clock().now()
        };
        Ok(row.filter(is_good).map(Open))
    }

    /// Takes an invitation: it is good for nothing afterwards. False where somebody else has taken it.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn take(&self, open: &Open) -> Result<bool, StorageError> {
        self.rows.delete(open.0.token.expose_secret()).await
    }

    /// Puts an invitation back that was taken for nothing.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn put_back(&self, open: &Open) -> Result<(), StorageError> {
        self.rows.put(&open.0).await
    }

    /// How many of an account are open.
    pub(super) async fn count(
        &self,
        host: &Host,
        inviter: &BareJid,
    ) -> Result<usize, StorageError> {
        let now = host.clock().now();
        let rows = self.rows.of_inviter(inviter, Range::all()).await?;
        Ok(rows.iter().filter(|row| row.expires > now).count())
    }

    /// Whether a name is kept for somebody who is invited.
    ///
    /// # Errors
    /// What storage reports.
    pub async fn is_reserved(&self, host: &Host, name: &str) -> Result<bool, StorageError> {
        let now = host.clock().now();
        let domain = host.domain().as_str();
        let mut range = Range::all();
        loop {
            let page = self.rows.of_host_page(domain, range, PAGE, false).await?;
            let is_kept =
                |row: &InvitationsRow| row.username.as_deref() == Some(name) && row.expires > now;
            if page.iter().any(is_kept) {
                return Ok(true);
            }
            match page.last() {
                Some(last) if page.len() >= PAGE as usize => range = Range::after(last.created),
                _ => return Ok(false),
            }
        }
    }
}

/// What is kept of a token.
fn kept(host: &Host, token: &str) -> String {
    let key = host.key("invitation", &[token.as_bytes()]);
    let octets = key.expose_secret().iter();
    octets.map(|octet| format!("{octet:02x}")).collect()
}
