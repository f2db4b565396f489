//! XEP-0355, Namespace Delegation: a component answers in some namespaces in the place of the server and its accounts.
//!
//! Delegation by the configuration (§4); that of single accounts (§5) is not offered.

use std::sync::Arc;
use std::time::Duration;

use sestina_session::host::Host;
use sestina_session::plugin::{On, PluginError, Registrar, Setup};
use sestina_session::router::Outcome;
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_skeletons::xep_0355::{self as skeleton, Settings};
use sestina_types::xep_0030::info;
use sestina_types::xep_0297::Forwarded;
use sestina_types::xep_0355::{Attribute, Delegated, Delegation, NS};
use sestina_wire::{
    BareJid, Child, Condition, Jid, Kind, Stanza, StanzaError, StanzaType, Text, ns,
};

use crate::xep_0030;

/// How long the component may take for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server's part.
pub struct Server {
    delegated: Vec<Entry>,
}

/// One namespace that is delegated.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    component: BareJid,
    namespace: String,
    /// What a request has to have beside.
    attributes: Vec<String>,
}

impl Entry {
    fn parse(line: &str) -> Result<Entry, String> {
        let mut words = line.split_whitespace().map(str::to_owned);
        let (Some(domain), Some(namespace)) = (words.next(), words.next()) else {
            return Err(format!(
                "`{line}`: the domain of a component and a namespace are needed"
            ));
        };
        let component = BareJid::new(None, &domain)
            .map_err(|error| format!("`{domain}` is no domain of a component: {error}"))?;
        Ok(Entry {
            component,
            namespace,
            attributes: words.collect(),
        })
    }

    fn covers(&self, payload: &Child<'_>) -> bool {
        payload.ns() == self.namespace
            && self
                .attributes
                .iter()
                .all(|name| payload.element().attr(name).is_some())
    }
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let entries = setup
            .settings
            .delegated
            .iter()
            .map(|line| Entry::parse(line));
        let delegated =
            entries
                .collect::<Result<Vec<_>, _>>()
                .map_err(|message| PluginError::Settings {
                    spec: "xep-0355",
                    message,
                })?;
        Ok(Self { delegated })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let this = Arc::clone(self);
        registrar.component_connected(move |host, component| this.welcome(host, component));
        Ok(())
    }

    fn delegate(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        if self.delegated.is_empty() || !matches!(d.type_(), StanzaType::Get | StanzaType::Set) {
            return Flow::Continue;
        }
        // To the server, or to a bare address of an account (§4.2).
        let is_ours = match d.stanza.to() {
            Some(to) => cx.host.serves(to) && to.is_bare(),
            None => d.from_session.is_some(),
        };
        let entry = d
            .stanza
            .payload()
            .filter(|_| is_ours)
            .and_then(|payload| self.delegated.iter().find(|entry| entry.covers(&payload)));
        let (Some(entry), Some(from)) = (entry, d.stanza.from()) else {
            return Flow::Continue;
        };
        // What the component itself asks is answered as usual (§4.3).
        if from.domain() == entry.component.domain() {
            return Flow::Continue;
        }
        let unavailable = || StanzaError::new(Condition::ServiceUnavailable);
        if !cx.host.services().contains(&entry.component) {
            return Flow::Refuse(unavailable());
        }
        let (host, asked) = (Arc::clone(&cx.host), d.stanza.clone());
        let component = entry.component.clone();
        Flow::wait(async move {
            let request = Stanza::iq(StanzaType::Set)
                .with_from(host.domain().clone())
                .with_to(component)
                .with(&Delegation {
                    forwarded: Some(Forwarded {
                        any: vec![asked.to_any()],
                        ..Forwarded::default()
                    }),
                    ..Delegation::default()
                });
            let answer = host.request(request, PATIENCE).await.ok();
            match answer.and_then(|answer| unwrapped(&answer, &asked)) {
                Some(answer) => {
                    host.send(answer);
                    Flow::Then(Box::new(|d| {
                        d.outcome = Some(Outcome::Delivered);
                        Flow::Done
                    }))
                }
                None => Flow::Refuse(unavailable()),
            }
        })
    }
}

impl Server {
    /// A component that has connected learns what is delegated to it, and is asked for the features that it brings
    /// (§4.1, §7).
    fn welcome(&self, host: &Arc<Host>, component: &BareJid) {
        let mine = || {
            self.delegated
                .iter()
                .filter(|entry| entry.component == *component)
        };
        let delegateds: Vec<Delegated> = mine()
            .map(|entry| Delegated {
                attributes: entry
                    .attributes
                    .iter()
                    .map(|name| Attribute::new(Text::from(name)))
                    .collect(),
                ..Delegated::new(Text::from(&entry.namespace))
            })
            .collect();
        if delegateds.is_empty() {
            return;
        }
        host.send(
            Stanza::message(StanzaType::Normal)
                .with_id(host.random().token())
                .with_from(host.domain().clone())
                .with_to(Jid::clone(component))
                .with(&Delegation {
                    delegateds,
                    ..Delegation::default()
                }),
        );
        for entry in mine() {
            for (on, separator) in [(On::Host, "::"), (On::Account, ":bare:")] {
                let node = format!("{NS}{separator}{}", entry.namespace);
                let (host, component, namespace) =
                    (Arc::clone(host), component.clone(), entry.namespace.clone());
                tokio::spawn(async move {
                    let request = Stanza::iq(StanzaType::Get)
                        .with_from(host.domain().clone())
                        .with_to(component)
                        .with(&info::Query {
                            node: Some(Text::from(node)),
                            ..info::Query::default()
                        });
                    let answer = host.request(request, PATIENCE).await.ok();
                    if let Some(Ok(found)) =
                        answer.and_then(|answer| answer.decode::<info::Query>())
                    {
                        let features = found
                            .features
                            .into_iter()
                            .map(|feature| feature.var)
                            .collect();
                        xep_0030::Lent::of(&host).put(on, namespace, features);
                    }
                });
            }
        }
    }
}

/// The answer inside the component's, if it is one to the request (§4.2).
fn unwrapped(answer: &Stanza, asked: &Stanza) -> Option<Stanza> {
    let delegation = answer.decode::<Delegation>()?.ok()?;
    let inner = delegation.forwarded?.any.into_iter().next()?;
    if inner.ns() != ns::CLIENT {
        return None;
    }
    let inner = Stanza::from_element(inner.root()).ok()?;
    let is_from = match (inner.from(), asked.to()) {
        (Some(from), Some(to)) => from == to,
        // Without an address it was for the account of the sender, or for its server.
        (Some(from), None) => asked.from().is_some_and(|asker| {
            from.as_str() == asker.bare_str() || from.as_str() == asker.domain()
        }),
        (None, to) => to.is_none(),
    };
    let fits = inner.kind() == Kind::Iq
        && inner.type_() == StanzaType::Result
        && inner.id() == asked.id()
        && inner.to() == asked.from()
        && is_from;
    let from = asked.to().or(asked.from())?.to_bare();
    fits.then(|| inner.with_from(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_goes_where() {
        let entry = Entry::parse("pubsub.example urn:xmpp:mam:2 node").unwrap();
        assert_eq!(
            (entry.component.as_str(), entry.namespace.as_str()),
            ("pubsub.example", "urn:xmpp:mam:2")
        );
        let covers = |text: &str| entry.covers(&Stanza::parse(text).unwrap().payload().unwrap());
        assert!(covers(
            "<iq type='get' id='1'><query xmlns='urn:xmpp:mam:2' node='a'/></iq>"
        ));
        assert!(!covers(
            "<iq type='get' id='1'><query xmlns='urn:xmpp:mam:2'/></iq>"
        ));
        assert!(!covers(
            "<iq type='get' id='1'><query xmlns='urn:xmpp:mam:1' node='a'/></iq>"
        ));
        for wrong in ["", "pubsub.example", "a@b urn:x"] {
            assert!(Entry::parse(wrong).is_err(), "{wrong}");
        }
    }
}
