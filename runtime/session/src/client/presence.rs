//! Presence and its subscriptions (RFC 6121 §3, §4).

use sestina_types::rfc_6121::client::{Availability, Priority, Show, Status};
use sestina_wire::{BareJid, Jid, Stanza, StanzaType, Text};

use crate::client::{Client, Closed};

/// What others see of a client, and who may see it.
#[derive(Clone, Copy, Debug)]
pub struct Presence<'a>(pub(super) &'a Client);

impl Presence<'_> {
    /// Says that we are available. From now on messages to the account are delivered here.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn available(self) -> Result<(), Closed> {
        self.0.send(Stanza::presence(StanzaType::Available)).await
    }

    /// Says how we are available: with what, in which words, and with which priority among the account's sessions.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn show(
        self,
        availability: Option<Availability>,
        status: Option<Text>,
        priority: i8,
    ) -> Result<(), Closed> {
        let mut presence = Stanza::presence(StanzaType::Available);
        if let Some(availability) = availability {
            presence.append(&Show::new(availability));
        }
        if let Some(status) = status {
            presence.append(&Status::new(status));
        }
        if priority != 0 {
            presence.append(&Priority::new(priority));
        }
        self.0.send(presence).await
    }

    /// Says that we are not available any more.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn unavailable(self) -> Result<(), Closed> {
        self.0.send(Stanza::presence(StanzaType::Unavailable)).await
    }

    /// Says to one address only that we are available, as when joining a room.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn directed(self, to: &Jid) -> Result<(), Closed> {
        let presence = Stanza::presence(StanzaType::Available);
        self.0.send(presence.with_to(to.clone())).await
    }

    /// Asks to see somebody's presence.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn subscribe(self, to: &BareJid) -> Result<(), Closed> {
        self.subscription(StanzaType::Subscribe, to).await
    }

    /// Lets somebody see our presence: answers a request, or comes before one.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn subscribed(self, to: &BareJid) -> Result<(), Closed> {
        self.subscription(StanzaType::Subscribed, to).await
    }

    /// Does not want to see somebody's presence any more.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn unsubscribe(self, to: &BareJid) -> Result<(), Closed> {
        self.subscription(StanzaType::Unsubscribe, to).await
    }

    /// Does not let somebody see our presence, or not any more.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn unsubscribed(self, to: &BareJid) -> Result<(), Closed> {
        self.subscription(StanzaType::Unsubscribed, to).await
    }

    async fn subscription(self, type_: StanzaType, to: &BareJid) -> Result<(), Closed> {
        let presence = Stanza::presence(type_)
            .with_to(to.clone())
            .with_id(self.0.host().random().token());
        self.0.send(presence).await
    }
}
