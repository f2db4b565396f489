//! An owner asks again for the subscriptions that wait for its word (§8.7), by a command at the service (XEP-0050).

use std::sync::{Arc, Weak};

use futures_util::future::BoxFuture;
use sestina_session::mux::IqContext;
use sestina_types::xep_0004::{Field, FieldType, Form, FormType};
use sestina_types::xep_0060::forms::SubscribeAuthorization;
use sestina_wire::{BareJid, Condition, Jid, StanzaError, Text};

use super::approval::{self, PENDING};
use super::book::Node;
use super::{Server, standing};
use crate::xep_0050::{Answers, Command, Done, Question, Step, Trouble, called};
use crate::xep_0122;

/// The field that says which node.
const NODE: &str = "pubsub#node";

/// The command.
pub(super) struct GetPending {
    pub(super) server: Weak<Server>,
    pub(super) service: BareJid,
}

impl GetPending {
    /// The nodes at which whoever asks may let others subscribe.
    async fn owned(&self, cx: &IqContext) -> Result<Vec<Arc<Node>>, Trouble> {
        let Some(server) = self.server.upgrade() else {
            return Ok(Vec::new());
        };
        let page = server.book.open(&cx.host, &self.service).await?;
        let mut nodes = page.nodes();
        nodes.retain(|node| standing::must_own(&cx.host, &self.service, node, &cx.from).is_ok());
        Ok(nodes)
    }
}

impl Command for GetPending {
    called!(
        "http://jabber.org/protocol/pubsub#get-pending",
        "Show who waits to subscribe"
    );

    /// Who owns a node is not known without storage: whoever owns none is refused at the first step.
    fn permits(&self, _: &IqContext) -> Result<(), StanzaError> {
        Ok(())
    }

    fn step<'a>(
        &'a self,
        cx: &'a IqContext,
        answers: Answers<'a>,
    ) -> BoxFuture<'a, Result<Step, Trouble>> {
        Box::pin(async move {
            let mut nodes = self.owned(cx).await?;
            let Some(form) = answers.first() else {
                if nodes.is_empty() {
                    return Err(StanzaError::new(Condition::Forbidden)
                        .with_text("you own no node here")
                        .into());
                }
                nodes.retain(|node| node.subscriptions.iter().any(|row| row.state == PENDING));
                if nodes.is_empty() {
                    let done = Done::default();
                    return Ok(Step::Done(done.saying("nobody waits at a node of yours")));
                }
                return Ok(Step::Ask(Question::last(question(&nodes))));
            };
            let field = form.fields.iter();
            let chosen = field
                .filter(|field| field.var.as_deref() == Some(NODE))
                .find_map(|field| field.values.first());
            nodes.retain(|node| chosen.is_some_and(|chosen| **chosen == *node.name));
            let Some(node) = nodes.first() else {
                return Err(StanzaError::new(Condition::ItemNotFound).into());
            };
            for row in &node.subscriptions {
                if row.state == PENDING {
                    approval::ask_one(&cx.host, &self.service, row, Jid::clone(&cx.from));
                }
            }
            Ok(Step::Done(Done::default()))
        })
    }
}

/// Which node (§8.7.2).
fn question(nodes: &[Arc<Node>]) -> Form {
    let options = nodes
        .iter()
        .map(|node| xep_0122::choice(Text::from(node.name.as_str())));
    let mut form = Form {
        title: Some(Text::from_static("Who waits to subscribe")),
        ..Form::new(FormType::Form)
    };
    form.fields = vec![
        Field {
            var: Some(Text::from_static("FORM_TYPE")),
            type_: Some(FieldType::Hidden),
            values: std::iter::once(Text::from_static(SubscribeAuthorization::FORM_TYPE)).collect(),
            ..Field::default()
        },
        Field {
            var: Some(Text::from_static(NODE)),
            type_: Some(FieldType::ListSingle),
            label: Some(Text::from_static("Node")),
            required: true,
            options: options.collect(),
            ..Field::default()
        },
    ];
    form
}
