//! The message of the day (§4.24 to §4.26): told at once to those who are online, and once to others as they come.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_storage::{Storage, StorageError};
use sestina_types::Stores as _;
use sestina_types::rfc_6121::client::{Body, Subject};
use sestina_types::xep_0133::forms::Administration;
use sestina_types::xep_0133::tables::{ServiceMessagesRow, ServiceMessagesStore};
use sestina_wire::{BareJid, Jid, Stanza, StanzaType, Text, Timestamp};

use super::Server;
use crate::xep_0050::{Done, Trouble};

/// What the message is called in its table.
const KIND: &str = "motd";

/// The message of a host, which is kept, and those who have been told since the server started.
pub(super) struct Motd {
    rows: ServiceMessagesStore,
    now: RwLock<Option<Arc<Said>>>,
}

struct Said {
    text: String,
    told: Mutex<BTreeSet<BareJid>>,
}

impl Motd {
    pub(super) fn new(storage: &Storage) -> Result<Self, StorageError> {
        let rows = storage.service_messages().or_else(|| {
            tracing::warn!(
                "the storage keeps no message of the day: it is lost when the server stops"
            );
            Storage::memory().service_messages()
        });
        Ok(Self {
            rows: rows.ok_or_else(|| StorageError::Unsupported("service messages".into()))?,
            now: RwLock::default(),
        })
    }

    /// Reads that of a host.
    pub(super) async fn load(&self, host: &str) -> Result<(), StorageError> {
        let row = self.rows.get(host, KIND).await?;
        self.say(row.map(|row| row.text));
        Ok(())
    }

    fn say(&self, text: Option<String>) {
        let said = text.map(|text| {
            Arc::new(Said {
                text,
                told: Mutex::default(),
            })
        });
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = said;
    }

    fn said(&self) -> Option<Arc<Said>> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        now.clone()
    }

    /// The message for an account that has not been told yet.
    pub(super) fn tell(&self, host: &Host, account: &BareJid) -> Option<Stanza> {
        let said = self.said()?;
        let mut told = said.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(account.detach()).then(|| {
            Stanza::message(StanzaType::Headline)
                .with_from(Jid::clone(host.domain()))
                .with_to(Jid::clone(account))
                .with(&Subject::new(Text::from_static("Message of the day")))
                .with(&Body::new(Text::from(said.text.as_str())))
        })
    }

    /// The lines of the message, to be changed.
    pub(super) fn lines(&self) -> Vec<Text> {
        let said = self.said();
        let lines = said.iter().flat_map(|said| said.text.lines());
        lines.map(Text::from).collect()
    }

    async fn set(&self, host: &Host, text: String, now: Timestamp) -> Result<(), StorageError> {
        self.rows
            .put(&ServiceMessagesRow {
                host: host.domain().as_str().to_owned(),
                kind: KIND.to_owned(),
                text: text.clone(),
                changed: now,
            })
            .await?;
        self.say(Some(text));
        Ok(())
    }

    async fn delete(&self, host: &Host) -> Result<bool, StorageError> {
        let was = self.rows.delete(host.domain().as_str(), KIND).await?;
        self.say(None);
        Ok(was)
    }
}

impl Server {
    /// A new message, or another wording (§4.24, §4.25): everybody is told.
    pub(super) async fn set_motd(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        let lines: Vec<&str> = filled
            .message_of_the_day
            .iter()
            .flatten()
            .map(|line| &**line)
            .collect();
        let text = lines.join("\n");
        if text.trim().is_empty() {
            return Err(Trouble::Payload("the message is empty".into()));
        }
        self.motd.set(&cx.host, text, cx.host.clock().now()).await?;
        let mut told = 0;
        for account in cx.host.online_accounts() {
            let is_there = account
                .resources()
                .iter()
                .any(|session| session.is_available());
            if is_there && let Some(message) = self.motd.tell(&cx.host, account.jid()) {
                cx.host.send(message);
                told += 1;
            }
        }
        tracing::info!(by = %cx.from, told, "message of the day set");
        Ok(Done::default().saying(format!("told {told} accounts that are online")))
    }

    /// No message any more (§4.26).
    pub(super) async fn delete_motd(&self, cx: &IqContext) -> Result<Done, Trouble> {
        let done = Done::default();
        if self.motd.delete(&cx.host).await? {
            tracing::info!(by = %cx.from, "message of the day deleted");
            return Ok(done.saying("there is no message of the day any more"));
        }
        Ok(done.failing("there was no message of the day"))
    }
}
