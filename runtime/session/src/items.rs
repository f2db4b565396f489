//! Items of nodes (XEP-0060) by the type of their payload: what notifications say of them.

use sestina_types::xep_0060::event::{Event, EventChoice, Item as EventItem};
use sestina_wire::dispatch::InItem;
use sestina_wire::{AnyElement, Text};

/// An item of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Item<P> {
    /// Its id, where it has one.
    pub id: Option<Text>,
    /// Who published it, where the service says so.
    pub publisher: Option<Text>,
    /// What was published.
    pub payload: P,
}

impl<P: InItem> Item<P> {
    /// An item from its parts; none where the payload is another one or cannot be read.
    pub(crate) fn of(
        id: Option<Text>,
        publisher: Option<Text>,
        payload: &[AnyElement],
    ) -> Option<Self> {
        let payload = payload.first()?;
        match payload.decode() {
            Ok(payload) => Some(Item {
                id,
                publisher,
                payload,
            }),
            Err(error) => {
                tracing::debug!(%error, node = P::NODE, "passed over an item");
                None
            }
        }
    }
}

/// What happened at a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Change<P> {
    /// An item was published, or published anew.
    Published(Item<P>),
    /// The item of this id was taken back.
    Retracted(Text),
    /// All items were taken back.
    Purged,
    /// The node is no more.
    Deleted,
}

/// What a notification says of the items of a type, in its order. Items that cannot be read are passed over; another
/// node says nothing.
pub fn changes<P: InItem>(event: &Event) -> Vec<Change<P>> {
    match &event.change {
        EventChoice::Items(items) if &*items.node == P::NODE => {
            let published = |item: &EventItem| {
                let (id, publisher) = (item.id.clone(), item.publisher.clone());
                Item::of(id, publisher, &item.payload)
            };
            let published = items.items.iter().filter_map(published);
            let retracted = items.retracts.iter().map(|retract| retract.id.clone());
            published
                .map(Change::Published)
                .chain(retracted.map(Change::Retracted))
                .collect()
        }
        EventChoice::Purge(purge) if &*purge.node == P::NODE => vec![Change::Purged],
        EventChoice::Delete(delete) if &*delete.node == P::NODE => vec![Change::Deleted],
        _ => Vec::new(),
    }
}
