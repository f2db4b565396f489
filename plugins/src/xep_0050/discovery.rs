//! Commands in service discovery: a list, and what each of them is (§2).

use sestina_session::mux::IqContext;
use sestina_types::xep_0004;
use sestina_types::xep_0030::{info, items};
use sestina_types::xep_0050::NS;
use sestina_wire::{Condition, ErrorKind, Jid, StanzaError, Text};

use super::Commands;
use crate::xep_0030::HostNodes;

impl HostNodes for Commands {
    fn info(&self, cx: &IqContext, node: &str) -> Option<Result<info::Query, StanzaError>> {
        if node == NS && super::place(cx).is_some() {
            return Some(Ok(described(node, "command-list", "Commands")));
        }
        let command = self.get(cx, node)?;
        if let Err(error) = command.permits(cx) {
            return Some(Err(error));
        }
        let mut info = described(node, "command-node", command.name());
        info.features = [NS, xep_0004::NS]
            .map(|var| info::Feature::new(Text::from_static(var)))
            .into();
        Some(Ok(info))
    }

    fn items(&self, cx: &IqContext, node: &str) -> Option<Result<items::Query, StanzaError>> {
        let items = if node == NS && super::place(cx).is_some() {
            let offered = self.all(cx).into_iter();
            let permitted = offered.filter(|command| command.permits(cx).is_ok());
            permitted
                .map(|command| items::Item {
                    node: Some(Text::from(command.node())),
                    name: Some(Text::from(command.name())),
                    ..items::Item::new(
                        cx.to
                            .clone()
                            .unwrap_or_else(|| Jid::clone(cx.host.domain())),
                    )
                })
                .collect()
        } else {
            // A command has nothing in it.
            self.get(cx, node)?;
            Vec::new()
        };
        Some(Ok(items::Query {
            node: Some(Text::from(node)),
            items,
            ..items::Query::default()
        }))
    }
}

fn described(node: &str, type_: &'static str, name: &str) -> info::Query {
    info::Query {
        node: Some(Text::from(node)),
        identities: vec![info::Identity {
            name: Some(Text::from(name)),
            ..info::Identity::new(Text::from_static("automation"), Text::from_static(type_))
        }],
        ..info::Query::default()
    }
}

/// For a command that only some may run.
///
/// # Errors
/// What the others are told (§4.4).
pub fn only_if(may: bool) -> Result<(), StanzaError> {
    if may {
        return Ok(());
    }
    Err(StanzaError::new(Condition::Forbidden)
        .with_kind(ErrorKind::Cancel)
        .with_text("this command is for others"))
}
