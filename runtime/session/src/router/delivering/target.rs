//! Where a stanza goes: by domain, by account, to the handlers.

use std::sync::Arc;

use sestina_storage::StorageError;
use sestina_wire::dispatch::Scope;
use sestina_wire::{Condition, Jid, Kind, StanzaError, StanzaType};

use crate::errors;
use crate::host::Host;
use crate::mux::{IqContext, IqRequest};
use crate::router::{Domain, Outcome, Service, Source, Taken, Turn};
use crate::stages::Stage;

use super::writes::Next;
use super::{Behind, Delivering, Phase, Step, Waiting};

impl Delivering {
    /// By domain.
    pub(super) fn target(&mut self) -> Step {
        let Some(to) = self.delivery.stanza.to() else {
            // Without an address it is for the sender's account (RFC 6120 §10.3); presence without an address
            // was for the presence plugin, which has seen it.
            return match (&self.source, self.delivery.stanza.kind()) {
                (Source::Session(_), Kind::Message | Kind::Iq) => self.enter(Phase::Account),
                (Source::Session(_), Kind::Presence) => {
                    self.once_written(Next::Finish(Outcome::Delivered))
                }
                _ => self.once_written(Next::Finish(Outcome::NoSession)),
            };
        };
        let is_account = to.local().is_some();
        // What an account is sent may be written together with what it was sent as.
        let waits = self.waits();
        if !self.cx.host.serves(to) {
            match self.router.domain(to.domain()) {
                Some(Domain::Service(host, name, takes)) => {
                    return self.service(host, name, takes, waits);
                }
                Some(Domain::Host(host)) if is_account => self.cx.host = host,
                _ if waits => return self.once_written(Next::Enter(Phase::Target)),
                Some(Domain::Host(host)) => self.cx.host = host,
                Some(Domain::Other(destination)) => {
                    let routed = destination.route(self.delivery.stanza.clone(), &self.source);
                    return self.elsewhere(routed);
                }
                None => {
                    let stanza = self.delivery.stanza.clone();
                    let routed = self.router.elsewhere(stanza, &self.source);
                    return self.elsewhere(routed);
                }
            }
        }
        if is_account {
            self.enter(Phase::Account)
        } else if waits {
            self.once_written(Next::Enter(Phase::Target))
        } else {
            self.enter(Phase::Handlers(Scope::Host))
        }
    }

    /// For a service of a host. What it writes may be written together with what was sent before.
    fn service(
        &mut self,
        host: Arc<Host>,
        name: &'static str,
        takes: Option<Arc<dyn Service>>,
        waits: bool,
    ) -> Step {
        let stanza = &self.delivery.stanza;
        let taken = match takes {
            Some(takes) if !waits => takes.take(&host, stanza, &self.source, Turn::Come),
            // Others of whom nobody knows how long they wait would keep all of the service waiting with them.
            Some(takes) if stanza.kind() == Kind::Message && self.behind != Behind::Others => {
                takes.take(&host, stanza, &self.source, Turn::Ahead)
            }
            _ if waits => Taken::InTurn,
            _ => Taken::No,
        };
        match taken {
            Taken::InTurn => self.once_written(Next::Enter(Phase::Target)),
            Taken::No if waits => self.once_written(Next::Enter(Phase::Target)),
            Taken::No => {
                self.cx.host = host;
                self.enter(Phase::Handlers(Scope::Service(name)))
            }
            Taken::Once(write, then) => {
                self.cx.host = host;
                self.before.push(write);
                self.once_written(Next::Service(then))
            }
            Taken::Routed(routed) => {
                self.cx.host = host;
                self.elsewhere(routed)
            }
        }
    }

    /// For an account of this host: finds the candidates.
    pub(super) fn account(&mut self) -> Step {
        let stanza = &self.delivery.stanza;
        let to: &Jid = stanza.to().unwrap_or(&self.delivery.account);
        let online = self.cx.host.online(to);
        let Some(account) = online else {
            // A request to a session that is not there is answered the same for every account.
            if stanza.kind() == Kind::Iq && to.resource().is_some() {
                return self.enter(Phase::Stage(Stage::AccountDelivery));
            }
            // Nor can anybody see a presence, whether there is such an account or not.
            let is_seen = !matches!(
                stanza.type_(),
                StanzaType::Available | StanzaType::Unavailable | StanzaType::Probe
            );
            if stanza.kind() == Kind::Presence && !is_seen {
                return self.once_written(Next::Finish(Outcome::NoSession));
            }
            return Step::Wait(Waiting::Exists(
                self.cx.host.account_exists(&self.delivery.account),
            ));
        };
        self.delivery.resources = match to.resource() {
            Some(name) => account.resource(name).into_iter().collect(),
            None => account.resources(),
        };
        self.enter(Phase::Stage(Stage::AccountDelivery))
    }

    pub(super) fn existing(&mut self, exists: Result<bool, StorageError>) -> Step {
        match exists {
            Ok(true) => self.enter(Phase::Stage(Stage::AccountDelivery)),
            // To an account that does not exist (RFC 6121 §8.5.1).
            Ok(false) => match self.delivery.stanza.kind() {
                Kind::Presence => self.once_written(Next::Finish(Outcome::NoSession)),
                Kind::Message => self.refuse(StanzaError::new(Condition::ServiceUnavailable)),
                // Handlers tell strangers the same as of an account that exists: nothing, each in the words of
                // its specification.
                Kind::Iq => self.once_written(Next::Enter(Phase::Handlers(Scope::OtherAccount))),
            },
            Err(error) => self.refuse(errors::storage(error)),
        }
    }

    /// The mux, for what is addressed to the host, an account or a service; sessions for the rest.
    pub(super) fn handlers(&mut self, scope: Scope) -> Step {
        let stanza = &self.delivery.stanza;
        let account = matches!(scope, Scope::OwnAccount | Scope::OtherAccount);
        if account && stanza.to().is_some_and(|to| to.resource().is_some()) {
            return self.sessions();
        }
        let host = Arc::clone(&self.cx.host);
        let own = if account {
            &self.delivery.account
        } else {
            host.domain()
        };
        match (stanza.kind(), stanza.type_()) {
            (Kind::Iq, StanzaType::Get | StanzaType::Set) => {
                let (Some(from), Some(id)) = (stanza.from(), stanza.id()) else {
                    return Step::Finished(Outcome::NoSession);
                };
                let context = IqContext {
                    host: Arc::clone(&host),
                    from: from.clone(),
                    to: stanza.to().cloned(),
                    id: id.clone(),
                    lang: stanza.head().lang.clone(),
                    session: self.delivery.from_session.clone(),
                    scope,
                };
                let request = IqRequest {
                    context,
                    stanza: stanza.clone(),
                };
                Step::Wait(Waiting::Answer(host.mux().answer(request, own)))
            }
            (Kind::Iq, _) => {
                let answered = host.requests().answered(stanza);
                Step::Finished(if answered {
                    Outcome::Delivered
                } else {
                    Outcome::NoSession
                })
            }
            (Kind::Message | Kind::Presence, _) => {
                let session = self.delivery.from_session.as_ref();
                let flow = host.mux().handle_stanza(&host, stanza, session, scope, own);
                let turn = self.settle(flow);
                self.turned(turn)
            }
        }
    }

    /// No handler took a message or presence.
    pub(super) fn unhandled(&mut self, scope: Scope) -> Step {
        match scope {
            Scope::OwnAccount | Scope::OtherAccount => self.sessions(),
            Scope::Host | Scope::Service(_) | Scope::Client => self.last_resort(),
        }
    }
}
