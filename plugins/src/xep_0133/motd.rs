//! The message of the day (§4.24 to §4.26): told at once to those who are online, and once to others as they come.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_storage::{Storage, StorageError};
use sestina_types::rfc_6121::client::{Body, Subject};
use sestina_types::xep_0133::forms::Administration;
use sestina_wire::{BareJid, Jid, Stanza, StanzaType, Text};

use super::Server;
use super::kept::Kept;
use crate::xep_0050::{Done, Trouble};

/// The message of a host, which is kept, and those who have been told since the server started.
pub(super) struct Motd {
    kept: Kept,
    now: RwLock<Option<Arc<Said>>>,
}

struct Said {
    text: String,
    told: Mutex<BTreeSet<BareJid>>,
}

impl Motd {
    pub(super) fn new(storage: &Storage) -> Result<Self, StorageError> {
        Ok(Self {
            kept: Kept::new(storage, "motd")?,
            now: RwLock::default(),
        })
    }

    /// Reads that of a host.
    pub(super) async fn load(&self, host: &str) -> Result<(), StorageError> {
        self.say(self.kept.read(host).await?);
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

    async fn set(&self, host: &Host, text: String) -> Result<(), StorageError> {
        self.kept.put(host, text.clone()).await?;
        self.say(Some(text));
        Ok(())
    }

    async fn delete(&self, host: &Host) -> Result<bool, StorageError> {
        let was = self.kept.delete(host).await?;
        self.say(None);
        Ok(was)
    }
}

/// A text as a form has it.
///
/// # Errors
/// When it says nothing.
pub(super) fn lines(lines: Option<&[Text]>) -> Result<String, Trouble> {
    let lines: Vec<&str> = lines
        .iter()
        .flat_map(|lines| lines.iter())
        .map(|line| &**line)
        .collect();
    let text = lines.join("\n");
    if text.trim().is_empty() {
        return Err(Trouble::Payload("the message is empty".into()));
    }
    Ok(text)
}

impl Server {
    /// A new message, or another wording (§4.24, §4.25): everybody is told.
    pub(super) async fn set_motd(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        let text = lines(filled.message_of_the_day.as_deref())?;
        self.motd.set(&cx.host, text).await?;
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
