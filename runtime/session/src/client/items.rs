//! Items of nodes, published and read by the type of their payload (XEP-0060, XEP-0163).

use sestina_types::xep_0004::{Field, FieldType, Form, FormType};
use sestina_types::xep_0060::pubsub::{
    self, Publish, PublishOptions, Pubsub, PubsubChoice, Retract,
};
use sestina_wire::dispatch::InItem;
use sestina_wire::{BareJid, Jid, List};

use crate::client::{Client, RequestError};
use crate::items::Item;
use crate::mux::OrEmpty;

/// `FORM_TYPE` of what is asked of a node while publishing (XEP-0060 §16.4.5).
const PUBLISH_OPTIONS: &str = "http://jabber.org/protocol/pubsub#publish-options";

/// The items of one type, at the node that its specification names.
impl Client {
    /// Publishes an item at the own account, under an id, and asks for the node to be as its specification says.
    ///
    /// # Errors
    /// [`RequestError`]; the condition is `conflict` with `precondition-not-met` where the node is otherwise.
    pub async fn publish<P: InItem>(&self, id: &str, payload: &P) -> Result<(), RequestError> {
        let mut publish = Publish::new(P::NODE.into());
        publish.items.push(pubsub::Item {
            id: Some(id.into()),
            payload: vec![payload.to_any()],
            ..pubsub::Item::default()
        });
        let options = (!P::OPTIONS.is_empty()).then(|| PublishOptions {
            form: Some(options::<P>()),
            ..PublishOptions::default()
        });
        self.change(Pubsub {
            action: Some(PubsubChoice::Publish(publish)),
            publish_options: options,
            ..Pubsub::default()
        })
        .await
    }

    /// Takes an item of the own account back, and lets everybody know who hears of the node.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn retract<P: InItem>(&self, id: &str) -> Result<(), RequestError> {
        let mut retract = Retract::new(P::NODE.into());
        retract.notify = Some(true);
        retract.items.push(pubsub::Item {
            id: Some(id.into()),
            ..pubsub::Item::default()
        });
        self.change(Pubsub {
            action: Some(PubsubChoice::Retract(retract)),
            ..Pubsub::default()
        })
        .await
    }

    /// The items at somebody's account. Those that cannot be read are passed over.
    ///
    /// # Errors
    /// [`RequestError`]; the condition is `item-not-found` where nothing was ever published.
    pub async fn items<P: InItem>(&self, of: &BareJid) -> Result<Vec<Item<P>>, RequestError> {
        let items = pubsub::Items::new(P::NODE.into());
        let request = Pubsub {
            action: Some(PubsubChoice::Items(items)),
            ..Pubsub::default()
        };
        let answer: Pubsub = self.get(&Jid::from(of.clone()), &request).await?;
        let Some(PubsubChoice::Items(items)) = answer.action else {
            return Ok(Vec::new());
        };
        let items = items.items.into_iter();
        Ok(items
            .filter_map(|item| Item::of(item.id, item.publisher, &item.payload))
            .collect())
    }

    async fn change(&self, request: Pubsub) -> Result<(), RequestError> {
        let own = Jid::from(self.account().clone());
        self.set::<_, OrEmpty<Pubsub>>(&own, &request).await?;
        Ok(())
    }
}

/// What a node has to be like.
fn options<P: InItem>() -> Form {
    let field = |var: &str, value: &str, type_| Field {
        var: Some(var.into()),
        type_,
        values: List::from_iter([value.into()]),
        ..Field::default()
    };
    let mut form = Form::new(FormType::Submit);
    let hidden = Some(FieldType::Hidden);
    form.fields
        .push(field("FORM_TYPE", PUBLISH_OPTIONS, hidden));
    let options = P::OPTIONS.iter();
    form.fields
        .extend(options.map(|(name, value)| field(&format!("pubsub#{name}"), value, None)));
    form
}
