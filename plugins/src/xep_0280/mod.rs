//! XEP-0280, Message Carbons: every client of an account gets to see what the others receive and send.
//!
//! A copy of what is received goes the way of the message itself, beside it: what any of the clients has is not lost when
//! another one's session is, and is not delivered twice. A message that no client is given is not copied: it comes to
//! each of them later.

mod copied;
mod recent;

use std::sync::Arc;

use sestina_session::carbon::remove_carbons;
use sestina_session::host::{Account, Resource};
use sestina_session::mux::{BeginningContext, Empty, IqContext};
use sestina_session::plugin::{PluginError, Registrar, Setup};
use sestina_session::router::Routed;
use sestina_session::stages::{Delivery, Flow, StageContext};
use sestina_skeletons::xep_0280::{self as skeleton, Settings};
use sestina_types::xep_0280::{Disable, Enable, Received, Sent};
use sestina_types::xep_0297::Forwarded;
use sestina_wire::{BareJid, Condition, Payload as _, Stanza, StanzaError, StanzaType};

use recent::Recent;

/// The server's part.
pub struct Server;

/// Kept with a session that wants copies.
struct Wanted;

impl skeleton::Server for Server {
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        registrar.beginning(Enable::NS, |cx: &mut BeginningContext<'_>, _: Enable| {
            want(cx.resource());
        });
        // A room tells each client that is in it (§6.1).
        registrar.passes(|_| true);
        Ok(())
    }

    async fn enable(&self, cx: &IqContext, _: Enable) -> Result<Empty, StanzaError> {
        want(session(cx)?);
        Ok(Empty)
    }

    async fn disable(&self, cx: &IqContext, _: Disable) -> Result<Empty, StanzaError> {
        session(cx)?.extensions().remove::<Wanted>();
        Ok(Empty)
    }

    fn sent(self: &Arc<Self>, cx: &StageContext, delivery: &mut Delivery) -> Flow {
        let Some(session) = &delivery.from_session else {
            return Flow::Continue;
        };
        // A client makes no copies, not of what its own account receives either.
        remove_carbons(&mut delivery.stanza);
        let account = session.account();
        let Some(recent) = account.extensions().get::<Recent>() else {
            return Flow::Continue;
        };
        // What the account says to itself the others receive.
        let Some(to) = delivery.stanza.to() else {
            return Flow::Continue;
        };
        if to.bare_str() == account.jid().as_str() || !copied::sent(&delivery.stanza) {
            return Flow::Continue;
        }
        let others = others(account, |other| Arc::ptr_eq(other, session));
        if others.is_empty() {
            return Flow::Continue;
        }
        recent.add(&delivery.stanza);
        let (host, account) = (Arc::clone(&cx.host), account.jid().clone());
        // They are given nothing before its archive has it.
        Flow::Afterwards(Box::new(move |delivery| {
            let mut later = Vec::new();
            for other in others {
                let forwarded = forward(&delivery.stanza);
                let copy = wrap(&delivery.stanza, &account, &other).with(&Sent::new(forwarded));
                if let Routed::Later(routed) = host.deliver_to(&other, copy) {
                    later.push(routed);
                }
            }
            if later.is_empty() {
                return Flow::Continue;
            }
            // A client that reads slowly is waited for, as if it were the addressee.
            Flow::wait(async move {
                for routed in later {
                    routed.await;
                }
                Flow::Continue
            })
        }))
    }

    fn received(self: &Arc<Self>, _: &StageContext, delivery: &mut Delivery) -> Flow {
        let Some(first) = delivery.resources.first() else {
            return Flow::Continue;
        };
        let account = Arc::clone(first.account());
        let Some(recent) = account.extensions().get::<Recent>() else {
            return Flow::Continue;
        };
        let eligible = match delivery.type_() {
            StanzaType::Error => recent.has(&delivery.stanza),
            _ => copied::received(&delivery.stanza),
        };
        if !eligible {
            return Flow::Continue;
        }
        let others = others(&account, |other| {
            let mut has = delivery.resources.iter().chain(&delivery.from_session);
            has.any(|one| Arc::ptr_eq(one, other))
        });
        delivery.also = others
            .into_iter()
            .map(|other| {
                let forwarded = forward(&delivery.stanza);
                let copy = wrap(&delivery.stanza, account.jid(), &other);
                (other, copy.with(&Received::new(forwarded)))
            })
            .collect();
        Flow::Continue
    }
}

/// The session that asks, which is one of this server (§4.1).
fn session(cx: &IqContext) -> Result<&Arc<Resource>, StanzaError> {
    let session = cx.session.as_ref();
    session.ok_or_else(|| StanzaError::new(Condition::NotAllowed))
}

fn want(session: &Resource) {
    session.extensions().insert(Arc::new(Wanted));
    let account = session.account().extensions();
    account.get_or_insert_with(Recent::default);
}

/// The sessions that want copies, but for those that have the message.
fn others(account: &Account, mut has: impl FnMut(&Arc<Resource>) -> bool) -> Vec<Arc<Resource>> {
    let wants = |one: &Arc<Resource>| one.extensions().get::<Wanted>().is_some();
    let all = account.resources().into_iter();
    all.filter(|one| wants(one) && !has(one)).collect()
}

fn forward(message: &Stanza) -> Forwarded {
    Forwarded {
        any: vec![message.to_any()],
        ..Forwarded::default()
    }
}

/// The message around a copy (§7, §8).
fn wrap(message: &Stanza, account: &BareJid, to: &Resource) -> Stanza {
    Stanza::message(message.type_())
        .with_from(account.clone())
        .with_to(to.jid().clone())
}
