//! The contact list (RFC 6121 §2).

use sestina_types::rfc_6121::roster::{Item, Query, Subscription};
use sestina_wire::BareJid;

use crate::client::{Client, RequestError};
use crate::mux::{Empty, OrEmpty};

/// The contact list of a client's account. Changes, our own included, arrive as
/// [`Event::Roster`](crate::client::Event::Roster) once it has been asked for.
#[derive(Clone, Copy, Debug)]
pub struct Roster<'a>(pub(super) &'a Client);

impl Roster<'_> {
    /// All contacts.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn get(self) -> Result<Vec<Item>, RequestError> {
        match self.query(Query::default()).await? {
            OrEmpty::Payload(query) => Ok(query.items),
            OrEmpty::Empty => Ok(Vec::new()),
        }
    }

    /// All contacts and the version of the list, or nothing where `version` is still the current one
    /// (RFC 6121 §2.6). Changes since may also arrive as events. An empty version stands for none.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn get_newer_than(self, version: &str) -> Result<Option<Query>, RequestError> {
        let query = Query {
            ver: Some(version.into()),
            ..Query::default()
        };
        match self.query(query).await? {
            OrEmpty::Payload(query) => Ok(Some(query)),
            OrEmpty::Empty => Ok(None),
        }
    }

    async fn query(self, query: Query) -> Result<OrEmpty<Query>, RequestError> {
        self.0.get(self.0.account(), &query).await
    }

    /// Adds a contact or changes its name and groups. Subscriptions are not changed by this: see
    /// [`Presence`](crate::client::Presence).
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn set(self, item: Item) -> Result<(), RequestError> {
        // Only the server changes these (RFC 6121 §2.3.1).
        let item = Item {
            subscription: item
                .subscription
                .filter(|subscription| *subscription == Subscription::Remove),
            ask: None,
            approved: None,
            ..item
        };
        let query = Query {
            items: vec![item],
            ..Query::default()
        };
        let Empty = self.0.set(self.0.account(), &query).await?;
        Ok(())
    }

    /// Removes a contact, and with it the subscriptions in both directions.
    ///
    /// # Errors
    /// [`RequestError`], `item-not-found` among them.
    pub async fn remove(self, contact: &BareJid) -> Result<(), RequestError> {
        let mut item = Item::new(contact.clone());
        item.subscription = Some(Subscription::Remove);
        self.set(item).await
    }
}
