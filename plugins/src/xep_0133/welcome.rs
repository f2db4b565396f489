//! The welcome of new accounts (§4.27, §4.28): a message to each as it is made, which waits for its first login.

use std::sync::{Arc, PoisonError, RwLock};

use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_storage::{Storage, StorageError};
use sestina_types::rfc_6121::client::{Body, Subject};
use sestina_types::xep_0133::forms::Administration;
use sestina_wire::{BareJid, Jid, Stanza, StanzaType, Text};

use super::Server;
use super::kept::Kept;
use super::motd::lines;
use crate::xep_0050::{Done, Trouble};

/// The welcome of a host.
pub(super) struct Welcome {
    kept: Kept,
    now: Arc<Now>,
}

/// What is said now. The host has it too, for those who make accounts.
#[derive(Default)]
struct Now(RwLock<Option<String>>);

impl Now {
    fn set(&self, text: Option<String>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = text;
    }
}

/// Welcomes an account that has just been made, where there is a welcome.
pub fn welcome(host: &Arc<Host>, account: &BareJid) {
    let Some(now) = host.extensions().get::<Now>() else {
        return;
    };
    let text = now.0.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(text) = text {
        // Kept until somebody is there to read it (XEP-0160).
        host.send(
            Stanza::message(StanzaType::Normal)
                .with_from(Jid::clone(host.domain()))
                .with_to(Jid::clone(account))
                .with_id(host.random().token())
                .with(&Subject::new(Text::from_static("Welcome")))
                .with(&Body::new(text.into())),
        );
    }
}

impl Welcome {
    pub(super) fn new(host: &Host, storage: &Storage) -> Result<Self, StorageError> {
        Ok(Self {
            kept: Kept::new(storage, "welcome")?,
            now: host.extensions().get_or_insert_with(Now::default),
        })
    }

    /// Reads that of a host.
    pub(super) async fn load(&self, host: &str) -> Result<(), StorageError> {
        self.now.set(self.kept.read(host).await?);
        Ok(())
    }

    /// Its lines, to be changed.
    pub(super) fn lines(&self) -> Vec<Text> {
        let now = self.now.0.read().unwrap_or_else(PoisonError::into_inner);
        now.iter()
            .flat_map(|text| text.lines())
            .map(Text::from)
            .collect()
    }
}

impl Server {
    /// What accounts are told that are made from now on (§4.27).
    pub(super) async fn set_welcome(
        &self,
        cx: &IqContext,
        filled: &Administration,
    ) -> Result<Done, Trouble> {
        let text = lines(filled.welcome.as_deref())?;
        self.welcome.kept.put(&cx.host, text.clone()).await?;
        self.welcome.now.set(Some(text));
        tracing::info!(by = %cx.from, "welcome set");
        Ok(Done::default().saying("accounts made from now on are welcomed so"))
    }

    /// No welcome any more (§4.28).
    pub(super) async fn delete_welcome(&self, cx: &IqContext) -> Result<Done, Trouble> {
        let done = Done::default();
        let was = self.welcome.kept.delete(&cx.host).await?;
        self.welcome.now.set(None);
        if was {
            tracing::info!(by = %cx.from, "welcome deleted");
            return Ok(done.saying("nobody is welcomed any more"));
        }
        Ok(done.failing("there was no welcome"))
    }
}
