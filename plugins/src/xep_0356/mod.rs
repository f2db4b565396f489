//! XEP-0356, Privileged Entity: a component does in the name of accounts what the configuration lets it do.

mod contacts;
mod grants;

use std::sync::Arc;
use std::time::Duration;

use sestina_session::errors;
use sestina_session::host::{Host, Resource};
use sestina_session::mux::Received;
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::router::Outcome;
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_skeletons::xep_0356::{self as skeleton, Settings};
use sestina_types::rfc_6121::roster;
use sestina_types::xep_0297::Forwarded;
use sestina_types::xep_0356::{Privilege, PrivilegedIq};
use sestina_wire::{AnyElement, Condition, Frame, Jid, Kind, Stanza, StanzaError, StanzaType, ns};

use crate::rfc_6121;
use contacts::Contacts;
use grants::Grant;

/// How long an answer to a request in the name of an account may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server's part.
pub struct Server {
    grants: Arc<[Grant]>,
    /// Of contacts elsewhere, if a component may see them.
    contacts: Option<Contacts>,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        let grants = setup.settings.grants.iter().map(|line| Grant::parse(line));
        let grants =
            grants
                .collect::<Result<Vec<_>, _>>()
                .map_err(|message| PluginError::Settings {
                    spec: "xep-0356",
                    message,
                })?;
        let contacts = grants.iter().any(|grant| grant.contacts);
        Ok(Self {
            grants: grants.into(),
            contacts: contacts.then(Contacts::default),
        })
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        // What components are shown is presence to accounts, not to sessions.
        registrar.passes(|_| true);
        if self.grants.iter().any(|grant| grant.push) {
            let grants = Arc::clone(&self.grants);
            rfc_6121::watch_rosters(registrar.host(), move |host, account, query| {
                for grant in grants
                    .iter()
                    .filter(|grant| grant.push && is_there(host, grant))
                {
                    host.send(
                        Stanza::iq(StanzaType::Set)
                            .with_id(host.random().token())
                            .with_from(Jid::clone(account))
                            .with_to(Jid::clone(&grant.component))
                            .with(query),
                    );
                }
            });
        }
        let this = Arc::clone(self);
        registrar.component_connected(move |host, component| {
            if let Some(grant) = this
                .grants
                .iter()
                .find(|grant| grant.component == *component)
            {
                this.welcome(host, grant);
            }
        });
        Ok(())
    }

    /// A message in the name of the server or an account (§5.3).
    async fn outgoing(&self, cx: &Received, privilege: Privilege) -> Flow {
        let refuse = |text: &'static str| {
            Flow::Refuse(StanzaError::new(Condition::Forbidden).with_text(text))
        };
        let may = self.of(cx.stanza.from()).is_some_and(|grant| grant.message);
        if !may {
            return refuse("messages in the name of others are not granted");
        }
        let inner = privilege
            .forwarded
            .as_ref()
            .and_then(|forwarded| forwarded.any.first());
        let Some(message) = inner
            .and_then(inner_stanza)
            .filter(|inner| inner.kind() == Kind::Message)
        else {
            return Flow::Refuse(
                StanzaError::new(Condition::BadRequest).with_text("a forwarded message is missing"),
            );
        };
        let is_ours = message
            .from()
            .is_some_and(|from| cx.host.serves(from) && from.is_bare());
        if !is_ours {
            return refuse("it can be from the server or the bare address of an account alone");
        }
        if message.to().is_none() {
            return Flow::Refuse(
                StanzaError::new(Condition::BadRequest).with_text("the message is for nobody"),
            );
        }
        cx.host.send(message);
        Flow::Done
    }

    fn act(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        if self.grants.is_empty() || !matches!(d.type_(), StanzaType::Get | StanzaType::Set) {
            return Flow::Continue;
        }
        let (Some(grant), Some(to)) = (self.of(d.stanza.from()), d.stanza.to()) else {
            return Flow::Continue;
        };
        let Some(payload) = d.stanza.payload().filter(|_| cx.host.serves(to)) else {
            return Flow::Continue;
        };
        let forbidden = || Flow::Refuse(StanzaError::new(Condition::Forbidden));
        let is_roster = payload.is("query", roster::NS);
        if !is_roster && !payload.is("privileged_iq", sestina_types::xep_0356::NS) {
            return Flow::Continue;
        }
        let Some(account) = to.as_bare().filter(|account| account.local().is_some()) else {
            return forbidden();
        };
        let request = if is_roster {
            let granted = grant.roster.is_some_and(|reach| reach.allows(d.type_()));
            // As the account itself would ask (§4.3).
            granted.then(|| {
                let mut request = d.stanza.clone();
                request.head_mut().from = Some(Jid::clone(&account));
                request
            })
        } else {
            let inner = d.stanza.decode::<PrivilegedIq>().and_then(Result::ok);
            let inner = inner.and_then(|inner| inner.any.first().and_then(inner_stanza));
            inner.and_then(|inner| in_name_of(grant, &account, d.type_(), inner))
        };
        let Some(request) = request else {
            return forbidden();
        };
        let (host, asked) = (Arc::clone(&cx.host), d.stanza.clone());
        Flow::wait(async move {
            let id = request.id().cloned();
            let answer = match host.request(request.clone(), PATIENCE).await {
                Ok(mut answer) => {
                    answer.head_mut().id = id;
                    answer
                }
                Err(error) => request.error(&error),
            };
            host.send(if is_roster {
                as_asked(&asked, answer)
            } else {
                wrapped(&asked, &answer)
            });
            Flow::Then(Box::new(|d| {
                d.outcome = Some(Outcome::Delivered);
                Flow::Done
            }))
        })
    }

    fn show(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        if d.stanza.to().is_none()
            && matches!(d.type_(), StanzaType::Available | StanzaType::Unavailable)
        {
            self.tell(&cx.host, &d.stanza, |grant| grant.presence);
        }
        Flow::Continue
    }

    fn contact(self: &Arc<Self>, cx: &StageContext, d: &mut Delivery) -> Flow {
        let is_told = matches!(d.type_(), StanzaType::Available | StanzaType::Unavailable);
        if self.contacts.is_none() || !is_told {
            return Flow::Continue;
        }
        let (Some(from), Some(to)) = (d.stanza.from(), d.stanza.to()) else {
            return Flow::Continue;
        };
        // Those of our accounts are shown as they come.
        if cx.host.serves(from) || !cx.host.serves(to) || from.resource().is_none() {
            return Flow::Continue;
        }
        let (Some(account), Some(rosters)) = (
            to.as_bare().filter(|account| account.local().is_some()),
            rfc_6121::Server::of(&cx.host),
        ) else {
            return Flow::Continue;
        };
        let (this, host) = (Arc::clone(self), Arc::clone(&cx.host));
        let (account, presence) = (account.detach(), d.stanza.clone());
        Flow::wait(async move {
            let from = match presence.from() {
                Some(from) => rosters.sees(&account, from).await,
                None => Ok(false),
            };
            match from {
                Ok(true) => this.pass_on(&host, &presence),
                Ok(false) => {}
                Err(error) => return Flow::Refuse(errors::storage(error)),
            }
            Flow::Continue
        })
    }

    fn gone(self: &Arc<Self>, cx: &StageContext, resource: &Arc<Resource>) -> Flow {
        if resource.is_available() {
            let gone =
                Stanza::presence(StanzaType::Unavailable).with_from(Jid::clone(resource.jid()));
            self.tell(&cx.host, &gone, |grant| grant.presence);
        }
        Flow::Continue
    }
}

impl Server {
    /// What is granted to somebody.
    fn of(&self, from: Option<&Jid>) -> Option<&Grant> {
        let from = from.filter(|from| from.is_domain())?;
        self.grants
            .iter()
            .find(|grant| grant.component.as_str() == from.as_str())
    }

    /// Passes presence on to those who may see it.
    fn tell(&self, host: &Host, presence: &Stanza, may: fn(&Grant) -> bool) {
        for grant in self
            .grants
            .iter()
            .filter(|grant| may(grant) && is_there(host, grant))
        {
            host.send(presence.clone().with_to(Jid::clone(&grant.component)));
        }
    }

    /// Passes the presence of a contact elsewhere on, unless that was done for another account.
    fn pass_on(&self, host: &Host, presence: &Stanza) {
        if self
            .contacts
            .as_ref()
            .is_some_and(|contacts| contacts.note(presence))
        {
            self.tell(host, presence, |grant| grant.contacts);
        }
    }

    /// A component that has connected learns what it may, and who is there (§7.2).
    fn welcome(&self, host: &Arc<Host>, grant: &Grant) {
        host.send(
            Stanza::message(StanzaType::Normal)
                .with_id(host.random().token())
                .with_from(host.domain().clone())
                .with_to(Jid::clone(&grant.component))
                .with(&grant.announcement()),
        );
        let mut there = Vec::new();
        if grant.presence {
            let accounts = host.online_accounts();
            let resources = accounts.iter().flat_map(|account| account.resources());
            there.extend(resources.filter_map(|resource| resource.presence()));
        }
        if let Some(contacts) = self.contacts.as_ref().filter(|_| grant.contacts) {
            there.extend(contacts.all());
        }
        for presence in there {
            host.send(presence.with_to(Jid::clone(&grant.component)));
        }
    }
}

fn is_there(host: &Host, grant: &Grant) -> bool {
    host.services().contains(&grant.component)
}

/// A stanza inside another. Beside `jabber:client` it may be of the namespace of the component's own stream, as some
/// libraries write it.
fn inner_stanza(element: &AnyElement) -> Option<Stanza> {
    match element.ns() {
        ns::CLIENT => Stanza::from_element(element.root()).ok(),
        ns::COMPONENT => {
            let frame = Frame::parse_in(element.to_document(), ns::COMPONENT).ok()?;
            Stanza::from_frame(frame).ok()
        }
        _ => None,
    }
}

/// The request that a component makes in the name of an account, if it may (§6.3).
fn in_name_of(grant: &Grant, account: &Jid, type_: StanzaType, inner: Stanza) -> Option<Stanza> {
    let payload = inner.payload()?;
    let granted = inner.kind() == Kind::Iq
        && inner.type_() == type_
        && grant
            .iq
            .get(payload.ns())
            .is_some_and(|reach| reach.allows(type_))
        && inner.from().is_none_or(|from| from == account);
    if !granted {
        return None;
    }
    // Without an address it is for the account itself, as it would be from a client.
    let to = inner.to().unwrap_or(account).clone();
    Some(inner.with_from(account.clone()).with_to(to))
}

/// The answer as one to the request of the component.
fn as_asked(asked: &Stanza, mut answer: Stanza) -> Stanza {
    let head = answer.head_mut();
    head.id = asked.id().cloned();
    head.from = asked.to().cloned();
    head.to = asked.from().cloned();
    answer
}

/// The answer, whatever it is, inside a result (§6.4).
fn wrapped(asked: &Stanza, answer: &Stanza) -> Stanza {
    asked.result().with(&Privilege {
        forwarded: Some(Forwarded {
            any: vec![answer.to_any()],
            ..Forwarded::default()
        }),
        ..Privilege::default()
    })
}
